#!/usr/bin/perl
# The spooler is killed at every call of a job's life, and every call fails once and for
# a while: see Sweep.pm. Prints how many points were tried of how many calls, for each
# life (a thread, and what came before) and system call. About an hour.
# SWEEP_LIVES, SWEEP_KINDS: patterns, for a part of it.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Sweep;

my $lives = $ENV{SWEEP_LIVES} // '.';
my @lives = grep { $_->{name} =~ /$lives/ } @Sweep::LIVES;
for my $kind (grep { $_ =~ ($ENV{SWEEP_KINDS} // '.') } qw(kill error spell)) {
	my @points = Sweep::points($kind, @lives);
	my (%tried, %reached, $bad);
	Sweep::sweep(\@points, sub {
		my ($p, $reached, @faults) = @_;
		my $log = @faults > 1 ? pop @faults : '';
		my $of = sprintf '%-18s %s', $p->{life}{name}, $p->{call};
		$tried{$of}++;
		$reached{$of}++ if $reached;
		return if !@faults;
		fail("$kind: " . Sweep::name_of($p) . ": @faults");
		diag($log);
		$bad++;
	});
	ok(!$bad, "$kind: " . @points . ' points');
	for my $life (@lives) {
		my $calls = Sweep::calls_of($life);
		for my $call (sort keys %$calls) {
			my $of = sprintf '%-18s %s', $life->{name}, $call;
			note(sprintf '%-5s %-30s %4d calls, %4d points, %4d reached', $kind, $of, scalar @{ $calls->{$call} },
				$tried{$of} // 0, $reached{$of} // 0);
		}
	}
}
done_testing;
