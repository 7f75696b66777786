#!/usr/bin/perl
# What is known of an error is told, and what is not is null with its reason: the draft
# preset with its shipped factors and real engines, on molecules of few atoms.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Spool;

my $s = Spool->new(env => { NMR_DEFAULTS => 'preset = "draft"; mode = "single";' });
my %smiles = (methanol => 'CO', 'in-dmso' => 'CO', bromomethane => 'CBr', methylammonium => 'C[NH3+]');
my %solvent = ('in-dmso' => 'DMSO-d6', methylammonium => 'D2O');
for my $name (sort keys %smiles) {
	$s->drop("$name.conf", "solvent = $solvent{$name}\n") if $solvent{$name};
	$s->drop("$name.smi", "$smiles{$name} $name\n");
}
is($s->start('--once')->wait_exit(400), 0, 'all of them') or diag($s->log_text);
my %doc = map { $_ => $s->shifts($_) } keys %smiles;
sub signal { my ($name, $nucleus, $type) = @_; return (grep { $_->{type} eq $type } @{ $doc{$name}{shifts}{$nucleus} })[0] // {} }
sub has_warning { my ($name, $code) = @_; return scalar grep { $_->{code} eq $code } @{ $doc{$name}{warnings} } }
sub is_unknown {
	my ($signal, $why, $what) = @_;
	ok(exists $signal->{uncertainty} && !defined $signal->{uncertainty} && ($signal->{uncertainty_reason} // '') =~ $why, $what)
		or diag(explain($signal));
}

my $c = signal('methanol', '13C', 'CH3');
ok($doc{methanol}{level}{calibrated}, 'draft is calibrated in chloroform');
ok(!has_warning('methanol', 'transferred') && !has_warning('methanol', 'uncalibrated'), 'without a warning');
is($c->{environment}, 'sp3-X', 'a carbon on oxygen');
ok($c->{uncertainty} > 0.5 && $c->{uncertainty} < 8, "with the error of such carbons: $c->{uncertainty}");
ok(abs($c->{shift} - 50.4) < 3 * $c->{uncertainty}, "methanol is measured at 50.4, and predicted at $c->{shift}");
is_unknown(signal('methanol', '1H', 'OH'), qr/exchangeable/, 'OH has none');

my $d = signal('in-dmso', '13C', 'CH3');
ok($d->{uncertainty} > $c->{uncertainty}, "in another solvent it is wider: $d->{uncertainty}");
ok(has_warning('in-dmso', 'transferred'), 'which is said');
like(Spool::slurp($s->out('in-dmso') . '/report.html'), qr/fitted to shifts measured in chloroform and are used for dimethyl sulfoxide/, 'in the report');
like(Spool::slurp($s->out('in-dmso') . '/SI.txt'), qr/fitted in chloroform/, 'and in the paragraph for papers');

is_unknown(signal('bromomethane', '13C', 'CH3'), qr/Br or I/, 'beside bromine there is none');
ok(defined signal('bromomethane', '13C', 'CH3')->{shift}, 'but a shift');
ok(has_warning('bromomethane', 'heavy-halogen'), 'and a warning');
is_unknown(signal('methylammonium', '13C', 'CH3'), qr/ions/, 'nor for an ion');
done_testing;
