#!/usr/bin/perl
# Charges and connectivity with the real engines: ammonium and acetate run with
# the right charge in water; the glycine zwitterion keeps its structure in water
# and ends in a clear failure in chloroform.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Spool;

my $s = Spool->new(env => { NMR_DEFAULTS => 'preset = "draft";' })->start;
my $T = 900;

$s->drop('D2O/ammonium.smi', "[NH4+] ammonium\n");
$s->drop('D2O/acetate.smi', "CC(=O)[O-] acetate\n");
$s->drop('D2O/zwitterion.smi', "[NH3+]CC(=O)[O-] glycine\n");
$s->drop('CDCl3/zwitterion-chcl3.smi', "[NH3+]CC(=O)[O-] glycine\n");

is($s->wait_for('zwitterion-chcl3', $T), 'failed', 'the zwitterion does not survive chloroform');
my $text = $s->failed_text('zwitterion-chcl3');
like($text, qr/does not keep its structure/, 'and the failure says what happened');
like($text, qr/D2O|neutral/, 'and what to do');

is($s->wait_for('ammonium', $T), 'done', 'ammonium is published') or diag($s->failed_text('ammonium'), $s->log_text);
is($s->shifts('ammonium')->{molecule}{charge}, 1, 'ammonium has charge +1');
is($s->wait_for('acetate', $T), 'done', 'acetate is published') or diag($s->failed_text('acetate'));
my $doc = $s->shifts('acetate');
is($doc->{molecule}{charge}, -1, 'acetate has charge -1');
is($doc->{level}{solvent}, 'water', 'the hot folder chose the solvent');
my ($input) = glob($s->out('acetate') . '/raw/*shield*/input.nw');
like(Spool::slurp($input // ''), qr/^charge -1$/m, 'the charge reaches NWChem');
my @xtb = glob($s->out('acetate') . '/raw/*rank*/output.txt');
like(Spool::slurp($xtb[0] // ''), qr/(?:net|total) charge\s+-1\b/, 'the charge reaches xTB');

is($s->wait_for('zwitterion', $T), 'done', 'the zwitterion is published in water') or diag($s->failed_text('zwitterion'));
$doc = $s->shifts('zwitterion');
like($doc->{molecule}{smiles}, qr/NH3\+/, 'as a zwitterion');
is($doc->{molecule}{charge}, 0, 'with charge 0');
my @ion = grep { defined $_->{uncertainty} } map { @{ $_ } } @{ $doc->{shifts} }{'1H', '13C'};
is(scalar @ion, 0, 'no uncertainty is claimed for an ion without calibration');
is($s->stop, 0, 'the spooler ends cleanly');
done_testing;
