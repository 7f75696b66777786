#!/usr/bin/perl
# Too few open files: nothing is lost, it is said what the matter is, and when there are
# enough everything goes on by itself. (The limits of inotify are in torture.t.)
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Replay;
use Time::HiRes qw(sleep time);
use Upkeep;

plan skip_all => 'needs prlimit' if system('prlimit --version >/dev/null 2>&1') != 0;

my %quick = (NMR_QUIET_S => 0.2, NMR_STATUS_S => 1, NMR_SCAN_S => 2);
# The soft limit of a spooler at work; who may not raise the hard one may set this.
sub limit { my ($s, $n) = @_; system('prlimit', '--pid', $s->{pid}, "--nofile=$n:") == 0 or die 'prlimit'; }
sub open_files { my ($s) = @_; return scalar(my @f = glob "/proc/$s->{pid}/fd/*"); }
sub said { my ($s, $event) = @_; return $s->log_text =~ /event=$event/; }
sub doctor { my ($s) = @_; return (nmr($s, 'doctor'))[1]; }

# Every file has one result, and the queue knows of each one job.
sub all_done {
	my ($s, $n, $what) = @_;
	ok(wait_until(200, sub { sql($s, 'SELECT count(*) FROM job WHERE state=3') == $n }), "$what: all are done")
		or diag(join "\n", sql($s, 'SELECT state,count(*) FROM job GROUP BY state'), (split /\n/, $s->log_text)[-15 .. -1]);
	is(sql($s, 'SELECT count(*),count(DISTINCT source) FROM job'), "$n|$n", "$what: one job for each");
	is(scalar(my @r = glob "$s->{data}/outbox/*/shifts.json"), $n, "$what: one result for each");
	is_deeply([glob "$s->{data}/outbox/*.failed"], [], "$what: no failure");
}

# ---------------------------------------------------------------- the soft limit
{
	my $s = Replay->new(env => {%quick}, wrap => ['prlimit', '--nofile=40:3000']);
	$s->drop('a.smi', "C\n");
	$s->start;
	is($s->wait_for('a', 60), 'done', 'soft limit: a job is done');
	like(Spool::slurp("/proc/$s->{pid}/limits"), qr/Max open files +3000 +3000 /, 'soft limit: raised to the hard one');
	ok(!said($s, 'descriptors-short'), 'soft limit: nothing is said');
	unlike(doctor($s), qr/open files/, 'soft limit: nor by the doctor');
	is($s->stop, 0, 'soft limit: the spooler ends');
}

# ---------------------------------------------------------------- from the start
{
	my $s = Replay->new(env => {%quick}, wrap => ['prlimit', '--nofile=21:21']);
	$s->drop("m$_.smi", "C $_\n") for 1 .. 5;
	$s->start;
	ok(wait_until(60, sub { said($s, 'descriptors-short') }), 'few: it says so');
	like($s->log_text, qr/event=descriptors-short why="only 21 open files are allowed.*LimitNOFILE/, 'few: and what to do');
	ok(wait_until(20, sub { doctor($s) =~ /runs short of open files/ }), 'few: the doctor says so');
	is($s->stop, 0, 'few: the spooler ends');
	$s->{wrap} = [];
	$s->start;
	all_done($s, 5, 'few, then enough');
	unlike(doctor($s), qr/open files/, 'few: the doctor is content');
	is($s->stop, 0, 'few: the spooler ends');
	is((spooler($s, '--check'))[0], 0, 'few: the check finds nothing');
}

# ---------------------------------------------------------------- in the middle of the work
{
	my $s = Replay->new(env => { %quick, REPLAY_DELAY_MS => 20 });
	$s->start;
	ok(wait_until(60, sub { -e "$s->{data}/outbox/QUEUE.html" }), 'middle: it is at work');
	my $idle = open_files($s);
	$s->drop("m$_.smi", "C $_\n") for 1 .. 30;
	wait_until(60, sub { sql($s, 'SELECT count(*) FROM job WHERE state=3') > 2 });
	# From no room at all to a little, where some things can be opened and others not.
	for my $room (0, 1, 2, 3, 5) {
		limit($s, $idle + $room);
		sleep 2;
	}
	ok(wait_until(60, sub { said($s, 'descriptors-short') }), 'middle: it says so');
	$s->drop("m$_.smi", "C $_\n") for 31 .. 40;
	sleep 3;
	limit($s, 500);
	all_done($s, 40, 'middle');
	ok(wait_until(60, sub { said($s, 'descriptors-enough') }), 'middle: it says that there are enough');
	is($s->stop, 0, 'middle: the spooler ends');
	my ($st, @words) = spooler($s, '--check');
	is($st, 0, 'middle: the check finds nothing') or diag(@words);
}

done_testing;
