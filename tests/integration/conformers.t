#!/usr/bin/perl
# Conformers with real engines at a level of theory that takes seconds: what fails is left
# out while enough is left, free energies, the search that was asked for, weights.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Cwd qw(abs_path);
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use JSON::PP;
use List::Util qw(sum);
use Spool;
use Upkeep ();

# Levels and presets of our own: no references to compute, since there are "factors".
my $share = tempdir('nmr-share-XXXXXX', TMPDIR => 1, CLEANUP => 1);
system("cp -r spooler/share/. $share/") == 0 or die;
sub write_file { my ($path, $text) = @_; open my $f, '>', $path or die "$path: $!"; print $f $text; close $f or die }
write_file("$share/levels.conf", <<'L');
levels = ( { name = "small"; text = "B3LYP-D3/STO-3G"; functional = "B3LYP-D3"; basis_text = "STO-3G";
  xc = [ "xc b3lyp" ]; dispersion = "disp vdw 4"; basis = [ "* library sto-3g" ]; direct = true; z_max = 18;
  elements = "H C N O"; functions = [ "H 1", "C 5", "N 5", "O 5" ]; reference = "none"; } );
L
write_file("$share/presets.conf", <<'P');
presets = (
  { name = "quick"; summary = "for tests"; screen = "small"; shield_h = "small"; shield_c = "small";
    conformers_max = 20; conformers_screen_max = 12; conformers_dft_max = 6; window_xtb = 6.0; window_screen = 4.0;
    window_dft = 3.0; population = 0.99; atoms_max = 60; },
  { name = "whole"; summary = "for tests"; screen = "small"; optimise = "small"; shield_h = "small"; shield_c = "small";
    conformers_max = 20; conformers_screen_max = 12; conformers_dft_max = 6; window_xtb = 6.0; window_screen = 4.0;
    window_dft = 3.0; population = 0.99; atoms_max = 60; }
);
P
write_file("$share/scaling.conf", 'scaling = (' . join(',', map {
	my ($n, $g, $i, $solvent) = @$_;
	qq({ nucleus = "$n"; geometry = "$g"; level = "small"; solvent = "$solvent"; slope = -1.0; intercept = $i; rmsd = 0.5; n = 10;
		source = "a test"; reference = "none"; })
} map { my $g = $_; map { [ '1H', $g, 32.0, $_ ], [ '13C', $g, 220.0, $_ ] } qw(chcl3 dmso) } qw(xtb small)) . ');');

# NWChem that does not converge for the runs whose title holds the word in the file "bad", dies
# at those in "crash", and never ends those in "slow".
my $bin = tempdir('nmr-bin-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $nwchem = (grep { -x } '/usr/bin/nwchem', '/usr/bin/nwchem.openmpi')[0];
write_file("$bin/nwchem", <<"N");
#!/bin/sh
if [ -s $bin/bad ] && grep -q -f $bin/bad input.nw; then
	echo ' Calculation failed to converge'
	exit 1
fi
if [ -s $bin/crash ] && grep -q -f $bin/crash input.nw; then
	kill -SEGV \$\$
fi
if [ -s $bin/slow ] && grep -q -f $bin/slow input.nw; then
	exec sleep 600
fi
exec mpirun --bind-to none --oversubscribe -n \$1 $nwchem \$2
N
chmod 0755, "$bin/nwchem";
# CREST that answers with what it once said about this molecule.
write_file("$bin/crest", <<"C");
#!/bin/sh
case \$1 in
--version) echo ' Version 2.12, test'; exit;;
esac
[ "\$(head -1 \$1 | tr -d ' ')" = 9 ] || { echo 'Change in topology detected!'; exit 1; }
# Two of the recorded methyl hydrogens are numbered the other way round than ours.
awk 'NR % 11 == 6 { held = \$0; next } NR % 11 == 7 { print; print held; next } { print }' \\
	$ENV{PWD}/tests/golden/crest-2.12/ethanol.xyz > crest_conformers.xyz
mkdir -p METADYN1
cat $ENV{PWD}/tests/golden/crest-2.12/ethanol.out
C
chmod 0755, "$bin/crest";
my @engines = (NMR_SHARE => $share, NMR_NWCHEM => "$bin/nwchem {ranks} {input}", NMR_DEFAULTS => 'preset = "quick"; mode = "ensemble";');

# Two cores, so that one run is seen to fail while another one goes on.
my $s = Spool->new(env => { @engines, NMR_CREST => "$bin/none", NMR_CORES => 2 });
$s->start;
sub warnings_of { my ($name) = @_; return join "\n", map { "$_->{code}: $_->{text}" } @{ $s->shifts($name)->{warnings} } }
sub stage { my ($name, $stage) = @_; return (grep { $_->{stage} eq $stage } @{ $s->shifts($name)->{conformer_search} })[-1] }

# ---- everything works
$s->drop('ethanol.smi', "CCO ethanol\n");
is($s->wait_for('ethanol', 240), 'done', 'ethanol') or diag($s->failed_text('ethanol'), $s->log_text);
my $doc = $s->shifts('ethanol');
my @c = @{ $doc->{conformers} };
is(scalar @c, 2, 'two conformers');
ok(abs(sum(map { $_->{population} } @c) - 1) < 1e-6, 'whose populations add up to one');
my %g = map { $_->{id} => $_->{degeneracy} } @c;
is_deeply([ sort values %g ], [ 1, 2 ], 'gauche counts twice');
is(stage('ethanol', 'screen')->{in}, 2, 'both were compared by single points');
is(stage('ethanol', 'weigh')->{level}, 'B3LYP-D3/STO-3G', 'the level of the weights is told');
is($c[0]{gibbs_kcal}, undef, 'no free energies were asked for');
my ($minor) = sort { $a->{population} <=> $b->{population} } @c;
my $share_of_minor = $minor->{population};
ok($share_of_minor > 0.02 && $share_of_minor < 0.5, 'one is the less populated: ' . $share_of_minor);
my ($major) = sort { $b->{population} <=> $a->{population} } @c;

# ---- a linear molecule: NWChem finds no internal coordinates for it
for my $preset ('quick', 'whole') {
	$s->drop("butyne-$preset.conf", "preset = $preset\n");
	$s->drop("butyne-$preset.smi", "CC#CC butyne-$preset\n");
	is($s->wait_for("butyne-$preset", 240), 'done', "2-butyne, $preset") or diag($s->failed_text("butyne-$preset"));
	is(scalar @{ $s->shifts("butyne-$preset")->{shifts}{'13C'} }, 2, 'has its two carbons');
}

# ---- degeneracies: gauche:anti of butane is 2 exp(-dE/RT), TG:TT of diethyl ether 4 exp(-dE/RT)
for ([ butane => 'CCCC', 2, 0.5, 1 ], [ ether => 'CCOCC', 4, 0.5, 2 ]) {
	my ($name, $smiles, $factor, $g_low, $g_high) = @$_;
	$s->drop("$name.smi", "$smiles $name\n");
	is($s->wait_for($name, 240), 'done', $name) or diag($s->failed_text($name));
	my @list = @{ $s->shifts($name)->{conformers} };
	my ($low) = grep { $_->{degeneracy} == $g_low } @list;
	my ($high) = sort { $a->{energy_kcal} <=> $b->{energy_kcal} } grep { $_->{degeneracy} == $g_high } @list;
	ok($low && $high, "$name has both kinds of conformers") or next;
	my $want = $factor * exp(-($high->{energy_hartree} - $low->{energy_hartree}) * 627.509474 / (1.987204259e-3 * 298.15));
	my $got = $high->{population} / $low->{population};
	ok(abs($got / $want - 1) < 0.001, "their ratio follows the degeneracies: $got, $want");
	ok(abs(sum(map { $_->{population} } @list) - 1) < 1e-6, 'populations add up to one');
}

# ---- fewer to compute are the lowest of all, and what is missing is told
my $anti = (sort { $a->{energy_kcal} <=> $b->{energy_kcal} } @{ $s->shifts('butane')->{conformers} })[0];
for my $few ([ 'one', "max_conformers = 1\n", 'conformers-capped' ], [ 'alone', "mode = single\n", 'single-conformer' ]) {
	my ($name, $ticket, $code) = @$few;
	$s->drop("$name.smi.conf", $ticket);
	$s->drop("$name.smi", "CCCC $name\n");
	is($s->wait_for($name, 240), 'done', "butane, $ticket") or diag($s->failed_text($name));
	my $got = $s->shifts($name);
	is(scalar @{ $got->{conformers} }, 1, 'one conformer');
	ok(abs($got->{conformers}[0]{energy_hartree} - $anti->{energy_hartree}) < 1e-6, 'the lowest of all') if $name eq 'one';
	is(stage($name, 'conformers')->{out}, 2, 'of those that a whole search finds');
	like(warnings_of($name), qr/^$code: .*2 conformers lie within .*about \d+(\.\d)? % of the population/m, 'and what is left out is told');
}
like(Spool::slurp($s->out('alone') . '/SI.txt') =~ s/\s+/ /gr, qr/; the one of lowest energy was taken\./, 'also in the methods');

# ---- more than the preset takes, when that is asked for
like(warnings_of('one'), qr/More are computed with "max_conformers = 2"/, 'and how to have more');

# ---- free energies: other weights from the same runs
my $runs = () = $s->log_text =~ /event=step-start .*nwchem|event=step-start/g;
$s->drop('free.smi.conf', "free_energy = yes\n");
$s->drop('free.smi', "OCC free\n");
is($s->wait_for('free', 120), 'done', 'with free energies') or diag($s->failed_text('free'));
my %free = map { $_->{id} => $_ } @{ $s->shifts('free')->{conformers} };
ok(abs(sum(map { $_->{population} } values %free) - 1) < 1e-6, 'populations add up to one');
my ($id) = grep { $_ != $major->{id} } keys %free;
# p = g exp(-(E + G)/RT)
my $rt = 1.987204259e-3 * 298.15;
my $e = sub { my $k = $free{ $_[0] }; $k->{energy_hartree} * 627.509474 + $k->{gibbs_kcal} };
my $want = $free{$id}{degeneracy} / $free{ $major->{id} }{degeneracy} * exp(-($e->($id) - $e->($major->{id})) / $rt);
my $got = $free{$id}{population} / $free{ $major->{id} }{population};
ok(abs($got / $want - 1) < 0.02, "and follow E + G: $got, $want");
ok(abs($free{$id}{gibbs_kcal} - $free{ $major->{id} }{gibbs_kcal}) < 2, 'the corrections are close');
ok(abs($free{$id}{gibbs_kcal}) > 10, 'and there');
my ($lowest) = sort { $e->($a) <=> $e->($b) } keys %free;
ok(abs($free{$id}{energy_kcal} - ($e->($id) - $e->($lowest))) < 2e-3, 'the relative energies are free energies');
like($s->shifts('free')->{level}{weights}, qr/ \+ G\(GFN2-xTB\)$/, 'their level says so');
like(Spool::slurp($s->out('free') . '/SI.txt'), qr/E = -\d+\.\d+ hartree; G - E = \d+\.\d+ kcal\/mol; relative free energy 0\.00 kcal\/mol/, 'so does the table for the paper');
like(Spool::slurp($s->out('free') . '/report.html'), qr/ΔG \/ kcal/, 'and the report');

like($s->shifts('free')->{level}{geometry}, qr/xTB/, 'at xTB geometries');

# ---- one conformer fails: left out while enough is left
write_file("$bin/bad", "shieldings of conformer $minor->{id}\n");
sub other { my ($name, $smiles, $conf) = @_; $s->drop("$name.smi.conf", $conf) if $conf; $s->drop("$name.smi", "$smiles $name\n"); }
# Another temperature makes other weights, but the same runs; another solvent makes new ones.
other('strict', 'CCO', "solvent = DMSO\npopulation_min = 0.999\n");
is($s->wait_for('strict', 240), 'failed', 'too much is lost') or diag(warnings_of('strict'));
my $text = $s->failed_text('strict');
$text =~ s/\s+/ /g;
like($text, qr/hold \d+ % of the population, and at least 100 %/, 'the reason is told') or diag $text;
like($text, qr/population_min = 0\.\d/, 'and the remedy');
my ($least) = $text =~ /population_min = (0\.\d+)/;
other('lenient', 'CCO', "solvent = DMSO\npopulation_min = $least\n");
is($s->wait_for('lenient', 120), 'done', 'the remedy works') or diag($s->failed_text('lenient'));
is(scalar @{ $s->shifts('lenient')->{conformers} }, 1, 'the other conformer is the result');
like(warnings_of('lenient'), qr/conformer-failed: Conformer $minor->{id} was left out: .*converge.* It held about \d+ %/s, 'which says so');
my $note = stage('lenient', 'shield');
is("$note->{failed} $note->{out}", '1 1', 'also stage by stage');
my $provenance = decode_json(Spool::slurp($s->out('lenient') . '/provenance.json'));
my @broken = grep { $_->{failed} } @{ $provenance->{steps} };
ok(@broken >= 1 && !(grep { $_->{failed} ne 'scf' } @broken), 'runs that failed are among those of the job, with their cause');
is(scalar(grep { $_->{failed} } @{ $provenance->{steps} }) + scalar(grep { defined $_->{command} } @{ $provenance->{steps} }),
	scalar @{ $provenance->{steps} }, 'and the others with their command');
like(Spool::slurp($s->out('lenient') . '/report.html'), qr/failed: scf/, 'also in the report');
ok($note->{population_lost} > 0, 'with the population lost');

# All fail: the job does.
write_file("$bin/bad", "shieldings of conformer\n");
other('none', 'CO', '');
is($s->wait_for('none', 120), 'failed', 'without any conformer there is no result');
unlike($s->failed_text('none'), qr{of the population, and at least}, 'and no such remedy');
unlink "$bin/bad";

# ---- once too many have failed, the others are not waited for
write_file("$bin/bad", "optimise conformer $major->{id}\n");
write_file("$bin/slow", "optimise conformer $minor->{id}\n");
other('hopeless', 'CCO', "solvent = DMSO\npreset = whole\n");
is($s->wait_for('hopeless', 240), 'failed', 'one fails, the other would take ten minutes');
like($s->failed_text('hopeless') =~ s/\s+/ /gr, qr/The other conformers hold \d+ % of the population, and at least 90 %/, 'with the reason');
ok(Upkeep::wait_until(30, sub { $s->log_text =~ /event=step-cancel .*optimise conformer $minor->{id}"/ }), 'its run is ended');
unlink "$bin/bad", "$bin/slow";

# ---- a program that dies is tried once more; what failed of the machine is not served again
write_file("$bin/crash", "shieldings of\n");
other('dies', 'C', '');
is($s->wait_for('dies', 120), 'failed', 'NWChem dies');
like($s->failed_text('dies') =~ s/\s+/ /gr, qr/nwchem died of signal 11/, 'which is said');
my $tries = () = $s->log_text =~ /event=step-end .*died of signal 11/g;
is($tries, 2, 'after one more try');
unlink "$bin/crash";
other('lives', 'C', '');
is($s->wait_for('lives', 120), 'done', 'dropped again when the fault is mended') or diag($s->failed_text('lives'));

# A job that has gone on without a conformer stays so when another one has it computed.
write_file("$bin/crash", "shieldings of conformer $minor->{id}\n");
other('without', 'CCO', "solvent = CD3OD\npopulation_min = 0.3\n");
is($s->wait_for('without', 240), 'done', 'without a conformer, of which NWChem died') or diag($s->failed_text('without'));
unlink "$bin/crash";
other('with', 'CCO', "solvent = CD3OD\npopulation_min = 0.3\n");
is($s->wait_for('with', 240), 'done', 'dropped again') or diag($s->failed_text('with'));
is(scalar @{ $s->shifts('with')->{conformers} }, 2, 'it is computed');
my $before = $s->shifts('without')->{shifts};
system('rm', '-rf', $s->out('without'));
is((Upkeep::nmr($s, 'republish', 'without'))[0], 0, 'the first one is published again');
ok(Upkeep::wait_until(60, sub { -e $s->out('without') . '/shifts.json' }), 'it is');
is_deeply($s->shifts('without')->{shifts}, $before, 'as it was');
is(scalar @{ $s->shifts('without')->{conformers} }, 1, 'without that conformer');

# ---- the optimisation starts from the single point and xTB's Hessian
other('whole', 'CCO', "preset = whole\n");
is($s->wait_for('whole', 240), 'done', 'geometries optimised') or diag($s->failed_text('whole'));
my ($input) = glob $s->out('whole') . '/raw/*optimise-conformer-*/input.nw';
my $nw = Spool::slurp($input);
like($nw, qr/vectors input start\.movecs/, 'orbitals of the single point');
like($nw, qr/inhess 2/, 'and the Hessian of xTB');
(my $log = $input) =~ s/input\.nw/output.txt/;
like(Spool::slurp($log), qr/initial hessian|inhess|Using old Hessian|nmr\.hess/i, 'which NWChem reads') or diag $log;

# ---- the search
other('asked', 'CCO', "conformers = crest\n");
is($s->wait_for('asked', 60), 'failed', 'CREST is not installed');
like($s->failed_text('asked'), qr/CREST is not installed.*conformers = rdkit/s, 'which is said at once, with the remedy');
is(scalar(grep { /crest/i } $s->started), 0, 'nothing was started for it');
other('mode', 'CCO', "conformers = single\n");
is($s->wait_for('mode', 120), 'done', 'the mode under its old name');
is(scalar @{ $s->shifts('mode')->{conformers} }, 1, 'is understood');
is($s->stop, 0, 'it ends');

# ---- the same again without anything kept, on one core and on two
my $one = Spool->new(env => { @engines, NMR_CREST => "$bin/none", NMR_CORES => 1 });
my $two = Spool->new(env => { @engines, NMR_CREST => "$bin/none", NMR_CORES => 2 });
for my $again ($one, $two) {
	$again->drop('whole.smi.conf', "preset = whole\n");
	$again->drop('whole.smi', "CCO whole\n");
	is($again->start('--once')->wait_exit(300), 0, 'computed anew');
}
for my $n ('1H', '13C') {
	my ($x, $y, $z) = map { $_->shift_list('whole', $n) } $one, $two, $s;
	my ($most) = sort { $b <=> $a } map { my $i = $_; abs($x->[$i] - $y->[$i]), abs($x->[$i] - $z->[$i]) } 0 .. $#$x;
	ok(@$x && $most < 0.01, "$n: the shifts agree within $most ppm") or diag(join "\n", map { "@$_" } $x, $y, $z);
}

my $t = Spool->new(data => $s->{data}, env => { @engines, NMR_CREST => "$bin/crest" });
$t->start;
other('by-crest', 'CCO', "conformers = crest\n");
is($t->wait_for('by-crest', 240), 'done', 'with CREST (recorded)') or diag($t->failed_text('by-crest'));
is(stage('by-crest', 'conformers')->{level}, 'CREST 2.12 (GFN2-xTB/ALPB)', 'its conformers');
is(stage('by-crest', 'conformers')->{in}, 3, 'three were found');
is(scalar @{ $s->shifts('by-crest')->{conformers} }, 2, 'the saddle point among them falls into a minimum');
my @ours = map { sprintf '%.2f', $_->{shift} } @{ $doc->{shifts}{'13C'} };
my @theirs = map { sprintf '%.2f', $_->{shift} } @{ $s->shifts('by-crest')->{shifts}{'13C'} };
ok(abs($ours[$_] - $theirs[$_]) < 0.05, "the same shift as with RDKit: $ours[$_]") for 0 .. 1;
ok(!(grep { -d } glob "$s->{data}/spool/steps/*/*/METADYN1"), "CREST's own folders do not stay");
other('crest-fails', 'CO', "conformers = crest\n");
is($t->wait_for('crest-fails', 60), 'failed', 'CREST fails');
like($t->failed_text('crest-fails'), qr/Change in topology\s+detected.*conformers = rdkit/s, 'in its own words, with the remedy');
is($t->stop, 0, 'it ends');

# ---- installed, and no more: it is slow, or mute
write_file("$bin/slow", "#!/bin/sh\n[ \$1 = --version ] && { echo ' Version 2.12'; exit; }\nsleep 600\n");
write_file("$bin/mute", "#!/bin/sh\necho 'error while loading shared libraries' >&2\nexit 127\n");
chmod 0755, "$bin/slow", "$bin/mute";
$t = Spool->new(data => $s->{data}, env => { @engines, NMR_CREST => "$bin/slow", NMR_CREST_TIMEOUT_H => 0.0003 });
$t->start;
other('crest-slow', 'CCCO', "conformers = crest\n");
is($t->wait_for('crest-slow', 60), 'failed', 'CREST takes too long');
like($t->failed_text('crest-slow'), qr/longer than the limit.*crest_timeout_h/s, 'the limit of its own, and its name');
is($t->stop, 0, 'it ends');
$t = Spool->new(data => $s->{data}, env => { @engines, NMR_CREST => "$bin/mute" });
$t->start;
other('crest-mute', 'CCO', "conformers = crest\n");
is($t->wait_for('crest-mute', 60), 'failed', 'CREST is there and does not answer');
like($t->failed_text('crest-mute'), qr/installed on this machine and does not work.*nmr doctor/s, 'which is not called missing');
is($t->stop, 0, 'it ends');
done_testing;
