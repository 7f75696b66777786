#!/usr/bin/perl
# 1-Hexanol in the draft preset, all conformers: the weights, and the shifts against
# published ones (docs/accuracy.md). The limits are wide, as GFN2's geometries are not good;
# what they show is that carbons and hydrogens are where they belong.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use List::Util qw(sum);
use Spool;

my %published = (
	'13C' => [ 62.9, 32.8, 31.7, 25.5, 22.7, 14.1 ],
	'1H' => [ 3.63, 1.56, 1.33, 1.30, 1.30, 0.89 ],
);
my $s = Spool->new(env => { NMR_DEFAULTS => 'preset = "draft"; mode = "ensemble"; solvent = "CDCl3";' })->start;
$s->drop('hexanol.smi', "CCCCCCO 1-hexanol\n");
is($s->wait_for('hexanol', 3600), 'done', '1-hexanol') or diag($s->failed_text('hexanol'), $s->log_text);
my $doc = $s->shifts('hexanol');
my @c = @{ $doc->{conformers} };
ok(@c >= 4, scalar(@c) . ' conformers');
ok(abs(sum(map { $_->{population} } @c) - 1) < 1e-6, 'populations add up to one');
my %lost = map { $_->{stage} => $_->{population_lost} } @{ $doc->{conformer_search} };
ok(exists $lost{screen} && (grep { $_->{code} eq 'conformers-capped' } @{ $doc->{warnings} }) > 0, 'what was cut is said');
for my $n ('13C', '1H') {
	my @ours = map { $_->{shift} } grep { !$_->{exchangeable} } sort { $b->{shift} <=> $a->{shift} } @{ $doc->{shifts}{$n} };
	is(scalar @ours, scalar @{ $published{$n} }, "$n: one signal each");
	my @off = map { abs($ours[$_] - $published{$n}[$_]) } 0 .. $#ours;
	my ($most) = sort { $b <=> $a } @off;
	ok($most < ($n eq '13C' ? 6 : 0.5), sprintf '%s: within %.2f ppm', $n, $most);
}
is($s->stop, 0, 'it ends');
done_testing;
