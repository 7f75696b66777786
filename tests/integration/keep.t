#!/usr/bin/perl
# Retention: old results, failures, rows and steps go; what people changed or moved,
# what is young and what an unfinished job needs stays.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use File::Path qw(remove_tree);
use Replay;
use Upkeep;

my $methane = "5\n%s\nC 0 0 0\nH 0.63 0.63 0.63\nH -0.63 -0.63 0.63\nH -0.63 0.63 -0.63\nH 0.63 -0.63 -0.63\n";
my $s = Replay->new(env => { REPLAY_FAIL => 'none' });
$s->start;
$s->drop("$_.smi", "C $_\n") for qw(old young changed moved group/inner);
is($s->wait_for($_, 60), 'done', "$_ is done") for qw(old young changed moved group/inner);
$s->drop('bad.smi.conf', "solvent = nonsense\n");
$s->drop('bad.smi', "C bad\n");
is($s->wait_for('bad', 60), 'failed', 'one fails');
ok(wait_until(20, sub { sql($s, "SELECT count(*) FROM job WHERE state IN (3,4)") == 6 }), 'the queue knows');
is($s->stop, 0, 'it ends');

# Everything but "young" ended 100 days ago; files cannot be told so, nor need be.
sql($s, "UPDATE job SET finished=finished-8640000,created=created-8640000 WHERE name<>'young'");
sql($s, "UPDATE step SET finished=finished-8640000,created=created-8640000");
my $mark = time + 120;
write_file($s->out('changed') . '/notes.txt', 'mine');
utime $mark, $mark, $s->out('changed') . '/notes.txt';
rename $s->out('moved'), $s->out('moved away') or die;
my %before = map { ($_ => 1) } steps_of($s, '');

# Nothing is said: nothing goes.
my $all = tree("$s->{data}/outbox");
my $calm = Replay->new(data => $s->{data});
$calm->start;
sleep 4;
is($calm->stop, 0, 'without options');
my $after = tree("$s->{data}/outbox");
delete @{$_}{'/QUEUE.html'} for $all, $after;
is_deeply([ sort keys %$after ], [ sort keys %$all ], 'everything stays');
is(scalar(steps_of($s, '')), scalar(keys %before), 'all steps, too');

my $keep = Replay->new(data => $s->{data}, env => { NMR_KEEP_RESULTS_DAYS => 30, NMR_KEEP_FAILED_DAYS => 30,
	NMR_KEEP_STEPS_DAYS => 30 });
$keep->start;
ok(wait_until(30, sub { $keep->log_text =~ /event=old-removed/ }), 'a round of retention');
like($keep->log_text, qr/event=old-removed results=2 failures=1 jobs=0 steps=[1-9]/, 'is logged') or diag($keep->log_text);
ok(!-e $s->out('old'), 'an old result is gone');
ok(!-e $s->out('group'), 'with its empty group');
ok(!-e $s->out('bad.failed'), 'an old failure is gone');
ok(-e $s->out('young') . '/report.html', 'a young one stays');
ok(-e $s->out('changed') . '/notes.txt' && -e $s->out('changed') . '/report.html', 'a changed one stays');
ok(-e $s->out('moved away') . '/report.html', 'a moved one stays');
my @young = sql($s, "SELECT js.key FROM job_step js JOIN job j ON j.row=js.job_row WHERE j.name='young'");
my %now = map { ($_ => 1) } map { m{([0-9a-f]{64})$} } steps_of($s, '');
ok(@young > 3 && !(grep { !$now{$_} } @young), 'the steps of the young job stay');
is(scalar(keys %now), scalar(@young), 'and no others');
# The round's line in the log comes before the queue's next flush, which others see.
ok(wait_until(10, sub { sql($s, 'SELECT count(*) FROM step') == @young }), 'their rows, too');
is(sql($s, "SELECT count(*) FROM job_step WHERE key NOT IN (SELECT key FROM step)"), 0, 'and no link is left over');
is(sql($s, 'SELECT count(*) FROM job'), 6, 'no job is forgotten');
ok(wait_until(10, sub { !(glob "$s->{data}/spool/staging/gone-*") }), 'what was moved away is removed');
my ($st, $out, $err) = nmr($keep, 'republish', 'young');
is($st, 0, 'the young one can be published again') or diag $err;
$keep->drop('again.smi', "C again\n");
is($keep->wait_for('again', 60), 'done', 'and the same molecule be computed');
is($keep->stop, 0, 'it ends');

my $forget = Replay->new(data => $s->{data}, env => { NMR_KEEP_ROWS_DAYS => 30 });
$forget->start;
ok(wait_until(30, sub { sql($forget, 'SELECT count(*) FROM job') == 2 }), 'old jobs are forgotten');
is_deeply([ sort(sql($forget, 'SELECT name FROM job')) ], [ 'again', 'young' ], 'young ones are not');
ok(wait_until(5, sub { 2 == (() = glob "$s->{data}/spool/intake/*") }), 'nor are their files, but those of the others');
ok(-e $s->out('young') . '/report.html', 'results stay');
is($forget->stop, 0, 'it ends');
done_testing;
