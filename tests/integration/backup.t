#!/usr/bin/perl
# nmr backup while the spooler works, the loss of the whole data folder, nmr restore:
# every job ends exactly once. What is there is never overwritten, and a restore that
# was broken off is repeated.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use File::Path qw(remove_tree make_path);
use File::Temp qw(tempdir);
use JSON::PP;
use Replay;
use Upkeep;

my $to = tempdir('nmr-backup-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $s = Replay->new(env => { REPLAY_DELAY_MS => '600-900', NMR_CORES => 2 });
my ($st, $out, $err) = nmr($s, 'backup', "$to/none");
is($st, 3, 'no queue: status 3');
$s->start;
my @names = map { "m$_" } 1 .. 60;
$s->drop("$_.smi", "C $_\n") for @names;
$s->drop("bad.smi.conf", "solvent = nonsense\n");
$s->drop("bad.smi", "C bad\n");
# Some done, some running, some waiting; one held.
ok(wait_until(60, sub { sql($s, 'SELECT count(*) FROM job WHERE state=3') >= 4 }), 'some are done');
nmr($s, 'hold', 'm60');

# Several backups while it works: each is whole.
for my $n (1 .. 4) {
	($st, $out, $err) = nmr($s, 'backup', "$to/$n", $n % 2 ? '--steps' : ());
	is("$st$err", '0', "backup $n in mid-work") or diag $out;
}
ok(sql($s, 'SELECT count(*) FROM job WHERE state IN (0,1)') > 0, 'it is still in mid-work');
($st, $out, $err) = nmr($s, 'backup', "$to/1");
is($st, 2, 'a folder that is there is not overwritten');
like($err, qr/is there already/, 'with the reason');
my $doc = decode_json(Spool::slurp("$to/1/backup.json"));
ok($doc->{unfinished} > 0 && $doc->{steps_copied} > 0, 'backup.json counts') or diag explain $doc;
ok(!-e "$to/1/queue.db-wal", 'the copy of the queue is one file');
($st, $out, $err) = nmr($s, 'restore', "$to/1");
is($st, 1, 'no restore into a spool at work');
$s->signal('KILL');
waitpid $s->{pid}, 0;
$s->{pid} = 0;
wait_until(20, sub { !$s->processes });
($st, $out, $err) = nmr($s, 'restore', "$to/1");
is($st, 1, 'nor over a spool that is there');
like($err, qr/there is a spool in .* already/, 'with the reason');
my %id = map { split /\|/ } sql($s, 'SELECT name,id FROM job');

for my $n (1, 4) {
	remove_tree($s->{data});
	mkdir $s->{data} or die;
	my $r = Replay->new(data => $s->{data});
	($st, $out, $err) = nmr($r, 'restore', "$to/$n");
	is("$st$err", '0', "restore $n");
	($st, $out) = spooler($r, '--check');
	is($st, 0, "restore $n: in order") or diag $out;
	my %done = map { $_ => 1 } sql($r, 'SELECT name FROM job WHERE state=3');
	ok(keys(%done) >= 4, scalar(keys %done) . ' were done');
	$r->start;
	is($r->wait_for($_, 60), 'done', "$_ is done") for grep { !$done{$_} && $_ ne 'm60' } @names;
	nmr($r, 'release', 'm60') if sql($r, "SELECT state FROM job WHERE name='m60'") == 6;
	is($r->wait_for('m60', 60), 'done', 'the held one, too, when it is released');
	ok(wait_until(20, sub { sql($r, 'SELECT count(*) FROM job WHERE state=3') == @names }), 'all are done');
	is(sql($r, 'SELECT count(*) FROM job'), @names + 1, 'there are no others');
	my %now = map { split /\|/ } sql($r, 'SELECT name,id FROM job');
	is_deeply(\%now, \%id, 'they are the same jobs');
	my $changes = $r->log_text;
	is(scalar(() = $changes =~ /to=done/g), @names - keys %done, 'each was done once');
	is(scalar(grep { $done{$_} } $changes =~ /name=(\S+).* to=done/g), 0, 'those that were done stay done');
	my ($one) = sort keys %done;
	($st, $out, $err) = nmr($r, 'republish', $one);
	if ($n == 1) {
		is($st, 0, 'and can be published again') or diag $err;
		is($r->wait_for($one, 60), 'done', "$one is back");
	} else {
		like($err, qr/steps are not kept/, 'but not published again without their steps');
	}
	is($r->stop, 0, 'it ends');
	($st, $out) = spooler($r, '--check');
	is($st, 0, 'in order') or diag $out;
}

# Broken off: before the queue is in its place nothing starts, and it can be repeated.
remove_tree($s->{data});
make_path("$s->{data}/spool/intake/0123456789ab", "$s->{data}/spool/db");
write_file("$s->{data}/spool/restoring", '');
write_file("$s->{data}/spool/intake/0123456789ab/structure", 'half');
($st, $out, $err) = spooler($s, '--once');
is($st, 2, 'a spooler does not start on half a restore');
like($err, qr/restore .* was broken off/, 'and says why');
($st, $out, $err) = nmr($s, 'restore', "$to/1");
is("$st$err", '0', 'the restore is repeated');
ok(!-e "$s->{data}/spool/restoring" && !-e "$s->{data}/spool/intake/0123456789ab", 'nothing of the first is left');
($st, $out) = spooler($s, '--check');
is($st, 0, 'in order') or diag $out;

# What is no backup, or a damaged one, is not restored.
remove_tree($s->{data});
mkdir $s->{data} or die;
($st, $out, $err) = nmr($s, 'restore', "$to/none");
like($err, qr/no whole backup/, 'no backup');
my $db = Spool::slurp("$to/2/queue.db");
substr $db, 4096, 4096, "\xff" x 4096;
write_file("$to/2/queue.db", $db);
($st, $out, $err) = nmr($s, 'restore', "$to/2");
is($st, 1, 'a damaged backup is not restored');
like($err, qr/is damaged/, 'with the reason');
ok(!-e "$s->{data}/spool/db/queue.db", 'and nothing was put in place');
done_testing;
