#!/usr/bin/perl
# A sample of the sweeps (tests/long/sweep-all.t has all points): the spooler is killed,
# or a call fails, at places spread over a job's life; then a start without disturbance
# must leave exactly one whole result and nothing else.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Sweep;

# Each of these once lost, doubled or left something.
my @known = (
	[ 'outbox', 'fchmod', 'ethanol\.running' ],    # a status folder, and its row not yet durable
	[ 'door', 'rmdir', '.' ],                      # all but the folder of a submission is removed
	[ 'inbox', 'unlinkat', 'nmr-claimed' ],        # a file in .nmr-claimed
	[ 'outbox', 'renameat2', 'ethanol\.running' ], # published, and the queue does not know
);

sub report {
	my ($p, $reached, @faults) = @_;
	my $log = @faults > 1 ? pop @faults : '';
	is("@faults", '', "$p->{kind}: " . Sweep::name_of($p) . ($reached ? '' : ' (not reached)')) or diag($log);
}

my @kills = Sweep::points('kill', @Sweep::LIVES);
my @points;
for my $k (@known) {
	my ($p) = grep { $_->{life}{name} eq $k->[0] && $_->{call} eq $k->[1] && $_->{text} =~ /$k->[2]/ } @kills;
	ok($p, "$k->[0] calls $k->[1]") && push @points, $p;
}
my @errors = Sweep::points('error', @Sweep::LIVES);
for my $life (@Sweep::LIVES) {
	push @points, Sweep::sample($life->{short} ? 1 : 2, grep { $_->{life} == $life } @kills);
	my @e = grep { $_->{life} == $life && Sweep::changes($_->{text}) } @errors;
	push @points, $e[ @e / 2 ] if @e;
}
# The commits at the end: one that is lost must not end with 0.
my @last = grep { $_->{life}{name} eq 'main' && $_->{call} eq 'fdatasync' && $_->{error} eq 'EIO' } @errors;
push @points, @last[ -6 .. -1 ];
Sweep::sweep(\@points, \&report);
done_testing;
