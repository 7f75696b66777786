#!/usr/bin/perl
# Priority and republish, from the command line and through the door; damaged rows
# are set aside and the rest goes on; what a dead spooler left is swept at start.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use File::Path qw(make_path remove_tree);
use JSON::PP;
use Replay;
use Upkeep;

my $s = Replay->new(env => { REPLAY_DELAY_MS => 500, NMR_CORES => 1, NMR_STATUS_S => 1 });
make_path("$s->{data}/inbox");
$s->drop("m$_.smi", "C m$_\n") for 1 .. 2;
$s->start;
ok(wait_until(30, sub { -e "$s->{data}/spool/db/queue.db" && (sql($s, 'SELECT count(*) FROM job') // 0) == 2 }), 'two jobs are there');

# priority
my ($st, $out, $err) = nmr($s, 'priority', '-7', 'm2');
is("$st $out", "0 m2 has priority -7.\n", 'priority below zero') or diag($err);
is(sql($s, "SELECT priority||' '||json_extract(options,'\$.priority.value')||' '||json_extract(options,'\$.priority.origin')"
	. " FROM job WHERE name='m2'"), '-7 -7 request', 'the row and the options have it');
($st, $out, $err) = nmr($s, 'priority', 'high', 'm2');
like($out, qr/^m2 has priority \d+\.$/, 'a word for a priority');
($st, $out, $err) = nmr($s, 'priority', '11', 'm2');
is($st, 1, 'a priority that there is not: status 1');
like($err, qr/priority/, 'and the reason');
($st, $out, $err) = nmr($s, 'priority', '1', 'nobody');
like($err, qr/There is no job "nobody"/, 'no such job');
is($s->wait_for("m$_", 60), 'done', "m$_ is done") for 1 .. 2;
ok(wait_until(60, sub { sql($s, "SELECT count(*) FROM job WHERE state=3") == 2 }), 'the queue knows');
($st, $out, $err) = nmr($s, 'priority', '1', 'm1');
like($err, qr/m1 is done: it cannot be moved/, 'not when it is done');

# republish
my $before = tree($s->out('m1'));
remove_tree($s->out('m1'));
my $started = () = $s->started;
($st, $out, $err) = nmr($s, 'republish', 'm1');
is("$st $out", "0 m1 is published again.\n", 'republish') or diag($err);
is($s->wait_for('m1', 30), 'done', 'the result is back');
is_deeply(tree($s->out('m1')), $before, 'the same, byte for byte');
is(scalar(my @x = $s->started), $started, 'and no step was run for it');
# Through the door, with the outcome in a row.
ok(wait_until(60, sub { sql($s, "SELECT state FROM job WHERE name='m2'") == 3 }), 'm2 is done');
remove_tree($s->out('m2'));
my $uuid = '01234567-89ab-4def-8123-456789abcdef';
write_file("$s->{data}/door/.tmp-x", encode_json({ verb => 'republish', target => 'm2' }));
rename "$s->{data}/door/.tmp-x", "$s->{data}/door/req-$uuid.json" or die;
is($s->wait_for('m2', 30), 'done', 'republished through the door');
ok(wait_until(60, sub { (sql($s, "SELECT ok||outcome FROM request WHERE uuid='$uuid'") // '') eq '1m2 is published again.' }),
	'with an outcome row');
# Somebody's own folder has taken the name.
ok(wait_until(60, sub { sql($s, "SELECT state FROM job WHERE name='m2'") == 3 }), 'm2 is done again');
remove_tree($s->out('m2'));
write_file($s->out('m2') . '/mine.txt', 'mine');
($st, $out) = nmr($s, 'republish', 'm2');
is($st, 0, 'republish over a name that is taken');
is($s->wait_for('m2-2', 30), 'done', 'gets a number');
is_deeply([ keys %{ tree($s->out('m2')) } ], ['/mine.txt'], 'and the folder in its place is as it was');
ok(wait_until(60, sub { sql($s, "SELECT outname||state FROM job WHERE name='m2'") eq 'm2-23' }), 'the queue has the new name');
# Without the report it is made anew; without the science it is refused.
sub lose {
	my ($kind) = @_;
	my @keys = sql($s, "SELECT s.key FROM step s JOIN job_step js ON js.key=s.key JOIN job j ON j.row=js.job_row"
		. " WHERE j.name='m1' AND s.kind='$kind'");
	remove_tree("$s->{data}/spool/steps/" . substr($_, 0, 2) . "/$_") for @keys;
	return @keys;
}
remove_tree($s->out('m1'));
ok(lose('render'), 'the report is lost');
($st, $out, $err) = nmr($s, 'republish', 'm1');
is($st, 0, 'republish without the report') or diag($err);
is($s->wait_for('m1', 30), 'done', 'makes it again');
ok(wait_until(60, sub { sql($s, "SELECT state FROM job WHERE name='m1'") == 3 }), 'm1 is done again');
remove_tree($s->out('m1'));
ok(lose('shield'), 'shieldings are lost');
($st, $out, $err) = nmr($s, 'republish', 'm1');
is($st, 1, 'republish without its steps is refused');
like($err, qr/steps are not kept/, 'with the reason');
# Below, jobs that need them compute them again, though the queue calls them done.

# A batch, put together by hand, because all that the stand-in reads is one record.
$s->drop("pair/$_.smi", "C $_\n") for qw(one two);
is($s->wait_for("pair/$_", 60), 'done', "pair/$_") for qw(one two);
ok(wait_until(60, sub { sql($s, "SELECT count(*) FROM job WHERE state=3 AND outname LIKE 'pair/%'") == 2 }), 'both are done');
sql($s, "INSERT INTO batch(row,id,name,outname,total,created) VALUES(7,'00000000000b','pair','pair',2,1);"
	. "INSERT INTO batch(row,id,name,outname,total,parent_row,created) VALUES(8,'00000000000c','in','pair/in',1,7,1);"
	. "UPDATE job SET batch_row=7 WHERE outname='pair/one';UPDATE job SET batch_row=8 WHERE outname='pair/two';");
remove_tree($s->out("pair/$_")) for qw(one two);
($st, $out, $err) = nmr($s, 'republish', 'pair');
is($out, "pair: 2 jobs published again, 0 left as they are.\n", 'republish of a batch and of what is inside it') or diag($err);
is($s->wait_for("pair/$_", 30), 'done', "pair/$_ is back") for qw(one two);
ok(wait_until(60, sub { sql($s, "SELECT count(*) FROM job WHERE state=3 AND outname LIKE 'pair/%'") == 2 }), 'and done');
is($s->stop, 0, 'it ends');

# Damage, and what a dead spooler leaves.
write_file("$s->{data}/spool/../inbox/bad-$_.smi", "C bad-$_\n") for qw(options state input good);
my $first = Replay->new(data => $s->{data}, env => { NMR_CORES => 8, REPLAY_DELAY_MS => 60000 });
$first->start;
ok(wait_until(30, sub { sql($s, "SELECT count(*) FROM job WHERE name LIKE 'bad-%' AND state=1") == 4 }), 'four jobs run');
ok(wait_until(30, sub { -d $s->out('bad-good.running') && -d $s->out('bad-input.running') }), 'and say so');
$first->signal('KILL');
waitpid $first->{pid}, 0;
$first->{pid} = 0;
sql($s, "UPDATE job SET options='{\"solv' WHERE name='bad-options'");
sql($s, "UPDATE job SET state=42 WHERE name='bad-state'");
my ($id) = sql($s, "SELECT id FROM job WHERE name='bad-input'");
unlink "$s->{data}/spool/intake/$id/structure" or die;
my $key = 'a' x 64;
write_file("$s->{data}/scratch/$key/movecs", 'x');
write_file("$s->{data}/scratch/somebody-elses/x", 'x');
write_file($s->out('old.running') . '/STATUS.txt', 'x');
write_file($s->out('group/sub/deep.running') . '/STATUS.txt', 'x');
write_file($s->out('noted.running') . '/my notes.txt', 'x');
# A plan of a waiting step that was cut short.
for my $run (steps_of($s, '.run')) {
	write_file("$run/step.json", '');
}
my $second = Replay->new(data => $s->{data});
($st, $out) = nmr($second, 'status', '--all');
is($st, 0, 'status reads a queue with damaged rows');
$second->start;
is($second->wait_for('bad-good', 60), 'done', 'the good job is done, though its plan was cut short') or diag($second->log_text);
my %words = (options => qr/its options cannot be read/, state => qr/the state 42 is none\s+that is known/, input => qr/gone from the spool/);
for my $bad (sort keys %words) {
	is($second->wait_for("bad-$bad", 30), 'failed', "$bad: set aside");
	like($second->failed_text("bad-$bad"), $words{$bad}, "$bad: with words");
}
ok(-e $s->out('bad-options.failed') . '/input/bad-options.smi', 'the structure lies beside them');
ok(!-e "$s->{data}/scratch/$key", "a killed step's scratch is wiped");
ok(-e "$s->{data}/scratch/somebody-elses/x", 'but nothing else there');
ok(wait_until(60, sub { !-e $s->out('old.running') && !-e $s->out('group/sub/deep.running') }), 'stale .running folders are swept');
ok(-e $s->out('noted.running') . '/my notes.txt', 'unless somebody put something into them');

# A step that fails for good leaves no scratch.
is($second->stop, 0, 'it ends');
my $third = Replay->new(data => $s->{data}, env => { REPLAY_FAIL => 'shield' });
$third->start;
$third->drop('new.xyz', "5\nnew\nC 0 0 0\nH 0.63 0.63 0.63\nH -0.63 -0.63 0.63\nH -0.63 0.63 -0.63\nH 0.63 -0.63 -0.63\n");
like($third->wait_for('new', 120), qr/done|failed/, 'a job whose last engine fails');
is_deeply([ grep { m{/[0-9a-f]{64}$} } glob "$s->{data}/scratch/*" ], [], 'leaves no scratch');
is($third->stop, 0, 'it ends');
done_testing;
