#!/usr/bin/perl
# What was done is not done again: steps that a killed spooler had no time to sync are
# synced by the next one, so that a power cut later on does not take them; a request
# whose removal a power cut undid is not carried out twice.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use File::Path qw(make_path);
use JSON::PP;
use Replay;
use Upkeep;

# Killed before the steps that are done reach the disk.
my $s = Replay->new(env => { REPLAY_DELAY_MS => 150, NMR_CORES => 1 });
$s->drop('ethanol.smi', "CCO ethanol\n");
$s->start('--once');
ok(wait_until(60, sub { (() = $s->log_text =~ /event=step-end/g) >= 4 && sql($s, 'SELECT sum(state=2 AND synced=0) FROM step') }),
	'some steps are done and not synced');
$s->signal('KILL');
ok(defined $s->wait_exit(30), 'killed');
my @left = sql($s, 'SELECT key FROM step WHERE state=2 AND synced=0');
my $before = length $s->log_text;
is($s->start('--once')->wait_exit(120), 0, 'the next start finishes the job') or diag($s->log_text);
my $log = substr $s->log_text, $before;
is(scalar(grep { $log =~ /step-start step=$_/ } @left), 0, 'without running them again');
is(sql($s, 'SELECT count(*) FROM step WHERE state=2 AND synced=0'), 0, 'and syncs them');

# Starts that the spooler's end broke off are no attempts, however often and however it ends.
{
	my $r = Replay->new(env => { REPLAY_DELAY_MS => 60000, NMR_CORES => 1 });
	my $begun = sub { sql($r, 'SELECT count(*) FROM step WHERE state=1') && grep { /nmr-mol/ && !/nmr-exec/ } $r->processes };
	my $attempts = sub { sql($r, 'SELECT sum(attempts) FROM step') };
	my %end = (
		'ended' => sub { $r->stop },
		'killed' => sub { $r->signal('KILL'); $r->wait_exit(30) },
		'killed with the supervisors' => sub {
			my @exec = map { /^(\d+) .*nmr-exec/s ? $1 : () } $r->processes;
			kill 'KILL', $r->{pid}, @exec;
			$r->wait_exit(30);
		},
		'ended after its runs, as a service manager may' => sub {
			my $mark = length $r->log_text;
			kill 'TERM', map { /^(\d+)/ ? $1 : () } $r->processes;
			ok(wait_until(30, sub { substr($r->log_text, $mark) =~ /event=step-end/ }), 'its run is');
			$r->stop;
		},
		'gone with the machine' => sub {
			$r->signal('KILL');
			$r->wait_exit(30);
			sql($r, "UPDATE fact SET value='another' WHERE name='boot'");
		},
	);
	$r->drop('ethanol.smi', "CCO ethanol\n");
	for my $how (sort keys %end) {
		$r->start;
		ok(wait_until(60, $begun), 'a step runs') or diag($r->log_text);
		is($attempts->(), 1, 'which is its first attempt');
		$end{$how}->();
		ok(wait_until(30, sub { !$r->processes }), "the spooler is $how");
	}
	$r->{env}{REPLAY_DELAY_MS} = 0;
	is($r->start('--once')->wait_exit(120), 0, 'the job is done at last') or diag($r->log_text);
	is(sql($r, 'SELECT max(attempts) FROM step'), 1, 'each step at its first attempt');
}

# A request that comes back.
my $t = Replay->new(env => { REPLAY_FAIL => 'conformers', NMR_CORES => 1 });
$t->drop('ethanol.smi', "CCO ethanol\n");
$t->start;
is($t->wait_for('ethanol', 60), 'failed', 'a job fails');
my $file = "$t->{data}/door/req-01234567-89ab-4def-8123-456789abcdef.json";
my $attempts = sub { sql($t, 'SELECT attempt FROM job') };
my $ended = sub { !-e $file && sql($t, 'SELECT state FROM job') == 4 };
ok(wait_until(30, $ended), 'and its row says so');
my $first = $attempts->();
sql($t, 'UPDATE step SET attempts=4 WHERE state=3');
for my $time ('asked for', 'there once more after a power cut') {
	write_file("$t->{data}/door/.tmp-x", encode_json({ verb => 'retry', target => 'ethanol' }));
	rename "$t->{data}/door/.tmp-x", $file or die "$file: $!";
	ok(wait_until(20, sub { $ended->() && $attempts->() > $first }), "a retry that is $time");
	is($attempts->(), $first + 1, 'is carried out once');
}
is(sql($t, 'SELECT max(attempts) FROM step WHERE state=3'), 1, 'and its step had all its attempts again');
$t->stop;
done_testing;
