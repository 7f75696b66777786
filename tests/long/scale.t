#!/usr/bin/perl
# Many files at once: 20,000 lie in the inbox at start (NMR_SCALE_FILES=100000 for more), a
# tenth of them refused. The spooler is killed while it takes them. Each is one job, and
# what has ended has one result or one refusal; the first 2,000 are waited for
# (NMR_SCALE_RESULTS; all of them take hours).
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Replay;
use Time::HiRes qw(sleep time);
use Upkeep;

my $files = $ENV{NMR_SCALE_FILES} || 20000;
my $results = $ENV{NMR_SCALE_RESULTS} || 2000;
$results = $files if $results > $files;
my $s = Replay->new(env => { NMR_LOG_LEVEL => 'warn' });

sub entries { opendir my $d, $_[0] or return (); return grep { !/^\./ } readdir $d; }
sub left { return scalar grep { /^m\d+\.smi$/ } entries("$s->{data}/inbox"); }
# Waits for something that grows or shrinks; gives up only when it stands still.
sub until_still {
	my ($number, $goal) = @_;
	my ($last, $since) = ($number->(), time);
	while (!$goal->($last)) {
		sleep 0.5;
		my $now = $number->();
		($last, $since) = ($now, time) if $now != $last;
		return 0 if time - $since > 120;
	}
	return 1;
}
sub taken { return sql($s, "SELECT count(*) FROM job"); }
sub ended { return sql($s, "SELECT count(*) FROM job WHERE state IN (3,4,5)"); }

mkdir "$s->{data}/inbox" or die;
for my $i (1 .. $files) {
	my $name = sprintf 'm%06d', $i;
	write_file("$s->{data}/inbox/$name.smi", "C $name\n");
	write_file("$s->{data}/inbox/$name.txt", "solvent = none-such\n") if $i % 10 == 0;
}

$s->start;
ok(until_still(\&taken, sub { $_[0] >= $files / 2 }), 'half of them are taken');
$s->signal('KILL');
$s->wait_exit(60);
cmp_ok(left(), '>', 0, 'killed before all were taken');
$s->start;
ok(until_still(\&left, sub { $_[0] == 0 }), 'all of them are taken');
is(sql($s, 'SELECT count(*),count(DISTINCT source),count(DISTINCT outname) FROM job'), "$files|$files|$files", 'each is one job');
ok(until_still(\&ended, sub { $_[0] >= $results }), "$results of them have ended");
is($s->stop, 0, 'the spooler ends');

my %entry = map { $_ => 1 } entries($s->out(''));
my %state = map { split /\|/ } sql($s, 'SELECT outname,state FROM job');
my (@wrong, $done, $failed);
for my $i (1 .. $files) {
	my $name = sprintf 'm%06d', $i;
	my $st = $state{$name} // -1;
	my $refused = $i % 10 == 0;
	my $told = join ' ', map { $entry{"$name$_"} ? "result$_" : () } '', '.failed';
	$done += $st == 3;
	$failed += $st == 4;
	my $due = $st == 3 ? 'result' : $st == 4 ? 'result.failed' : '';
	push @wrong, "$name: state $st, $told" if $told ne $due || ($st == 4 && !$refused) || ($st == 3 && $refused);
}
is("@wrong", '', 'what has ended has one result or one refusal, what waits has none');
cmp_ok($done, '>', 0, "results: $done");
cmp_ok($failed, '>', 0, "refusals: $failed");
is((spooler($s, '--check'))[0], 0, 'the check finds nothing');

done_testing;
