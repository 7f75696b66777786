#!/usr/bin/perl
# nmr-spooler --check and --repair: in order, beside a spooler, each kind of finding,
# and a damaged queue, after which every file still ends in exactly one result.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use File::Path qw(remove_tree);
use Replay;
use Upkeep;

sub killed { my ($s) = @_; $s->signal('KILL'); waitpid $s->{pid}, 0; $s->{pid} = 0; }
sub settle { my ($s) = @_; wait_until(20, sub { !$s->processes }) or diag join "\n", $s->processes; }
# ids of results, each as often as it is there
sub result_ids { my ($s) = @_; my $t = tree("$s->{data}/outbox"); return sort map { $t->{$_} =~ /(\w+)/ } grep { m{/\.nmr-id$} } keys %$t; }

my $empty = Replay->new;
my ($st, $out, $err) = spooler($empty, '--check');
is($st, 2, 'no queue: status 2');
like($err, qr/there is no queue/, 'and the reason');
ok(!-e "$empty->{data}/spool", 'and nothing is made');

my $s = Replay->new;
$s->start;
$s->drop("$_.smi", "C $_\n") for qw(kept deleted moved);
is($s->wait_for($_, 60), 'done', "$_ is done") for qw(kept deleted moved);
$s->drop('bad.smi.conf', "solvent = nonsense\n");
$s->drop('bad.smi', "C bad\n");
is($s->wait_for('bad', 60), 'failed', 'one fails');
ok(wait_until(20, sub { sql($s, "SELECT count(*) FROM job WHERE state IN (3,4)") == 4 }), 'the queue knows');

($st, $out, $err) = spooler($s, '--check');
is("$st$err", '0', 'beside a spooler: status 0') or diag $out;
like($out, qr/works on .*nothing is changed/, 'it says so');
like($out, qr/Everything is in order/, 'and all is in order');
($st, $out, $err) = spooler($s, '--repair');
is($st, 2, 'no repair beside a spooler');
like($err, qr/stop it first/, 'with the reason');
is($s->stop, 0, 'it ends');
remove_tree($s->out('deleted'));
rename $s->out('moved'), $s->out('elsewhere') or die;
($st, $out, $err) = spooler($s, '--check');
is("$st$err", '0', 'results deleted and moved by people are no problem') or diag $out;
like($out, qr/2 results, 1 failures; 1 results of done jobs were deleted, 1 moved/, 'but counted');

# Stopped in the middle of its work, it is in order, too.
my $slow = Replay->new(data => $s->{data}, env => { REPLAY_DELAY_MS => 60000, NMR_CORES => 4 });
$slow->start;
$slow->drop("live$_.smi", "C live$_\n") for 1 .. 4;
ok(wait_until(30, sub { sql($s, "SELECT count(*) FROM step WHERE state=1") == 4 }), 'four steps run');
$slow->stop;
($st, $out) = spooler($s, '--check');
is($st, 0, 'stopped in mid-work: in order') or diag $out;

# Every kind of disorder.
my %key = map { ($_ => $_ x 64) } qw(a b c d);
my $steps = "$s->{data}/spool/steps";
my $done = sql($s, "SELECT key FROM step WHERE state=2 AND kind='xtb' LIMIT 1");
my $torn = sql($s, "SELECT key FROM step WHERE state=2 AND kind='shield' LIMIT 1");
my $stray = sql($s, "SELECT js.key FROM job_step js JOIN job j ON j.row=js.job_row JOIN step s ON s.key=js.key WHERE j.name='deleted' AND s.kind='render'");
my ($gone) = sql($s, "SELECT id FROM job WHERE name='live1'");
sub in_steps { my ($k) = @_; return "$steps/" . substr($k, 0, 2) . "/$k"; }
remove_tree(in_steps($done));
write_file(in_steps($torn) . '/result.json', '{"sigma');
unlink "$s->{data}/spool/intake/$gone/structure" or die;
sql($s, "DELETE FROM step WHERE key='$stray'; DELETE FROM job_step WHERE key='$stray';"
	. "INSERT INTO job_step(job_row,key,stage,ord) VALUES(9999,'$done','rank',1); INSERT INTO job_step(job_row,key,stage,ord) VALUES(1,'$key{b}','rank',1);"
	. "INSERT INTO batch(row,id,name,outname,total,created) VALUES(50,'00000000000b','none','none',2,1);"
	. "INSERT INTO claim(key,job_id,created) VALUES('k','0123456789ab',1); UPDATE job SET batch_row=77 WHERE name='live2';"
	. "INSERT INTO step(key,kind,label,state,created) VALUES('$key{d}','xtb','x',17,1);"
	. "UPDATE job SET state=12 WHERE name='live3'");
write_file(in_steps($key{a}) . '.run/step.json', '{}');
write_file("$s->{data}/spool/intake/ffffffffffff/structure", "C orphan\n");
write_file("$s->{data}/spool/staging/x/y", 'x');
write_file("$s->{data}/scratch/$key{c}/movecs", 'x');
write_file("$s->{data}/scratch/other/x", 'x');
write_file($s->out('group/dead.running') . '/STATUS.txt', 'x');
write_file($s->out('.tmp-0123456789ab') . '/x', 'x');
my $failed = Spool::slurp($s->out('bad.failed') . '/FAILED.txt');
my ($bad) = sql($s, "SELECT id FROM job WHERE name='bad'");
my ($kept) = sql($s, "SELECT id FROM job WHERE name='kept'");
$failed =~ s/$bad/$kept/;
write_file($s->out('old.failed') . '/FAILED.txt', $failed);
my @expected = (
	qr/step $done: the queue calls it done, but its folder is missing/, qr/step $torn: .* its result.json cannot be read/,
	qr/step $stray: a folder without a row/, qr/step $key{a}: a .run folder that nobody wants/,
	qr{intake/ffffffffffff: a stored file without a job}, qr{staging/x: left over}, qr{scratch/$key{c}: left over},
	qr{outbox/group/dead.running: its job is not at work}, qr{outbox/.tmp-0123456789ab: left over},
	qr{outbox/old.failed: its job is done}, qr/job $gone \(live1\): its file .* is gone/,
	qr/the step ${\ substr $done, 0, 12 }.* held by a job that has no row \(9999\)/, qr/rests on the step bbbbbbbbbbbb.*which has no row/,
	qr/the batch 00000000000b \(none\) has no jobs/, qr/noted as taken for the job 0123456789ab/,
	qr/part of a batch that has no row \(77\)/, qr/the state 17, which is none/, qr/the state 12, which is none/);
my $before = tree($s->{data});
($st, $out, $err) = spooler($s, '--check');
is("$st$err", '1', 'disorder: status 1');
like($out, qr/^problem: .*$_/m, "found: $_") for @expected;
is(scalar(() = $out =~ /^problem: /mg), scalar(@expected), 'and nothing else') or diag $out;
my $after = tree($s->{data});
delete @{$_}{grep { m{/queue.db-|/lock$} } keys %$_} for $before, $after;
is_deeply($after, $before, 'looking changes nothing');
($st, $out, $err) = spooler($s, '--repair');
is("$st$err", '0', 'all is mended') or diag $out;
like($out, qr/^mended: .*$_/m, "mended: $_") for @expected;
($st, $out, $err) = spooler($s, '--check');
is("$st$err", '0', 'and in order afterwards') or diag $out;
ok(-e in_steps($stray) . '/result.json', 'a finished step without a row was kept');
is(sql($s, "SELECT kind||state FROM step WHERE key='$stray'"), 'render2', 'and has one now');
ok(-e "$s->{data}/scratch/other/x", "somebody else's folder in scratch stays");
my $go = Replay->new(data => $s->{data});
$go->start;
is($go->wait_for("live$_", 60), 'done', "live$_ is done") for 2, 4;
is($go->wait_for($_, 60), 'failed', "$_ is set aside") for qw(live1 live3);
like($go->failed_text('live1'), qr/gone from the spool/, 'with words');
is($go->stop, 0, 'it ends');

# ---- a damaged queue

# Forty jobs, half of them done, the rest at work; then the spooler is killed.
sub busy_spool {
	my $d = Replay->new(env => { NMR_CORES => 2, REPLAY_DELAY_MS => 5 });
	$d->start;
	$d->drop("m$_.smi", "C m$_\n") for 1 .. 20;
	wait_until(120, sub { (sql($d, 'SELECT count(*) FROM job WHERE state=3') // 0) == 20 }) or die 'not done';
	$d->stop;
	my $w = Replay->new(data => $d->{data}, env => { NMR_CORES => 2, REPLAY_DELAY_MS => 60000 });
	$w->start;
	$w->drop("m$_.smi", "C m$_\n") for 21 .. 40;
	wait_until(60, sub { sql($w, 'SELECT count(*) FROM job') == 40 }) or die 'not taken';
	wait_until(20, sub { !(glob "$w->{data}/inbox/*.smi") }) or die 'not taken away';
	killed($w);
	settle($w);
	$d->{ids} = [ sort(sql($d, 'SELECT id FROM job')) ];
	sql($d, 'PRAGMA wal_checkpoint(TRUNCATE)');
	return $d;
}

sub damage {
	my ($d, $how) = @_;
	my $db = Spool::slurp("$d->{data}/spool/db/queue.db");
	$how->(\$db);
	write_file("$d->{data}/spool/db/queue.db", $db);
	unlink glob "$d->{data}/spool/db/queue.db-*";
	return $db;
}

sub comes_back {
	my ($d, $what) = @_;
	my ($cst, $cout) = spooler($d, '--check');
	is($cst, 1, "$what: found") or diag $cout;
	my $bad_db = Spool::slurp("$d->{data}/spool/db/queue.db");
	my ($rst, $rout, $rerr) = spooler($d, '--repair');
	is($rerr, '', "$what: repair does not complain");
	is($rst, 1, "$what: repair says that something was lost") or diag $rout;
	my ($aside) = grep { !/-(wal|shm)$/ } glob "$d->{data}/spool/db/queue.db.damaged-*";
	is(Spool::slurp($aside // ''), $bad_db, "$what: the damaged file lies aside, as it was");
	($cst, $cout) = spooler($d, '--check');
	# Results whose jobs are lost stay, and are told of.
	$cout =~ s/^problem: outbox.*: a result of no job that the queue knows.*\n//mg;
	unlike($cout, qr/^problem/m, "$what: in order afterwards") or diag $cout;
	my $n = Replay->new(data => $d->{data});
	$n->start;
	ok(wait_until(60, sub { 40 <= (() = result_ids($n)) }), "$what: forty results");
	is($n->stop, 0, "$what: it ends");
	is_deeply([ result_ids($n) ], $d->{ids}, "$what: each file has exactly one result");
	return $rout;
}

my $d = busy_spool();
my ($middle) = sql($d, "SELECT name FROM job WHERE row=30");
damage($d, sub {
	my ($db) = @_;
	my $size = unpack 'n', substr $$db, 16, 2;
	for (my $at = $size; $at < length $$db; $at += $size) {
		# A leaf of the table of jobs.
		next unless ord(substr $$db, $at, 1) == 13 && index(substr($$db, $at, $size), "$middle.smi") > 0;
		substr $$db, $at, $size, "\xff" x $size;
		return;
	}
	die 'no such page';
});
my $said = comes_back($d, 'one page');
like($said, qr/table job: (\d+) rows saved; of rows \d+ to \d+ not all could be read/, 'it says how many rows were lost');
like($said, qr/table batch, all 0 rows/, 'and what was not');
like($said, qr/handed in again, through the door/, 'and that their files are handed in again');

$d = busy_spool();
damage($d, sub { my ($db) = @_; substr $$db, 0, 100, 'x' x 100; });
$said = comes_back($d, 'no header');
like($said, qr/table job: 0 rows saved/, 'nothing could be read of it');

# A start says what to do.
damage($s, sub { my ($db) = @_; substr $$db, 0, 100, 'x' x 100; });
($st, $out, $err) = spooler($s, '--once');
is($st, 2, 'a spooler does not start on a damaged queue');
like($err, qr/--repair/, 'and says what to do');
done_testing;
