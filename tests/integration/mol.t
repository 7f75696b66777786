#!/usr/bin/perl
# nmr-mol, run as the spooler runs it.  Bad inputs: tests/golden/mol/bad.tsv.
use strict;
use warnings;
use Test::More;
use Cwd qw(abs_path getcwd);
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use JSON::PP;

my $root = getcwd();
my $bin = abs_path(($ENV{NMR_TEST_BIN} // ($ENV{B} // "build") . "/bin") . "/nmr-mol");
my $golden = "$root/tests/golden/mol";
plan skip_all => "nmr-mol is not built" unless $bin && -x $bin;
my $dir = tempdir(CLEANUP => 1);
chdir $dir or die;

# Runs one operation; returns out.json.  A word on stderr is a failure.
sub run {
	my (@args) = @_;
	unlink "out.json";
	my $pid = open(my $out, "-|") // die;
	if (!$pid) {
		open(STDERR, ">&", \*STDOUT);
		exec($bin, @args) or exit 127;
	}
	my $said = do { local $/; <$out> } // "";
	close $out;
	is($? . $said, "0", "nmr-mol $args[0] ends well and is silent") unless $? == 0 && $said eq "";
	return decode_json(slurp("out.json"));
}

sub slurp {
	open(my $f, "<:raw", $_[0]) or return "{}";
	local $/;
	return scalar <$f>;
}

sub spew {
	my ($name, $text) = @_;
	open(my $f, ">:raw", $name) or die;
	print $f $text;
	close $f;
}

# Text of a file -> prepared molecule, or the refusal of whichever step refuses.
sub molecule {
	my ($text, @options) = @_;
	spew("in", $text);
	my $r = run("read", "--in", "in", "--name", "in");
	return $r unless $r->{ok};
	return { ok => 0, refusal => $r->{records}[0]{refusal} } if $r->{records}[0]{refusal};
	my $m = run("prepare", "--in", "rec-1.sdf", "--out-mol", "mol.sdf", @options);
	$m->{read} = $r;
	return $m;
}

sub groups {
	my ($m) = @_;
	return join(" ", map { "$_->{label}:$_->{type}(" . scalar(@{$_->{atoms}}) . ")" } @{$m->{groups}});
}

like(`$bin --version`, qr/^nmr-mol \d+ \(RDKit \d{4}\.\d\d\.\d+\)$/, "version");

# ---- every bad input gets its own words

open(my $tsv, "<", "$golden/bad.tsv") or die;
my $kinds = 0;
while (<$tsv>) {
	next if /^#/;
	chomp;
	my ($file, $code, $words, $options) = split /\t/;
	my $r = molecule(slurp("$golden/bad/$file"), split(/ /, $options // ""))->{refusal};
	my $all = join(" ", map { $r->{$_} // "" } qw(what why remedy));
	ok(($r->{code} // "none") eq $code && index($all, $words) >= 0 && !grep({ ($r->{$_} // "") !~ /\.$/ } qw(what why remedy)),
	   "$file is refused as $code") or diag("got ", $r->{code} // "no refusal", ": $all; expected: $words");
	$kinds++;
}
cmp_ok($kinds, ">=", 30, "at least thirty kinds of bad input");

# ---- one molecule from any format

my $first;
for my $file (sort map { m|([^/]+)$| } glob("$golden/good/ethanol*")) {
	my $m = molecule(slurp("$golden/good/$file"));
	ok($m->{ok}, "$file is read") or diag(encode_json($m->{refusal} // {}));
	my $sdf = slurp("mol.sdf");
	$first //= [$m->{key}, $sdf];
	is($m->{key}, $first->[0], "$file: the same key");
	ok($sdf eq $first->[1], "$file: the same canonical file");
	is($m->{inchikey}, "LFQSCWFLJHTTHZ-UHFFFAOYSA-N", "$file: InChIKey");
	is(scalar(@{$m->{order}}), 9, "$file: nine atoms");
	my %number = map { $m->{number}[$m->{order}[$_]] => 1 } 0 .. 8;
	is(join(" ", map { $m->{number}[$m->{order}[$_]] } 0 .. 8), "1 2 3 4 5 6 7 8 9", "$file: numbers are those of the file");
}

# ---- equivalence by the substitution test

my @groups = (
	["CN(C)C=O", "H1:CH3(3) H3:CH3(3) H4:CH(1) C1:CH3(1) C3:CH3(1) C4:CH(1)", "DMF: slow rotor"],
	["CC(=O)N(C)C", "H1:CH3(3) H5:CH3(3) H6:CH3(3) C1:CH3(1) C2:C(1) C5:CH3(1) C6:CH3(1)", "DMAc"],
	["C[C\@H](O)CC", "H1:CH3(3) H2:CH(1) H3:OH(1) H4a:CH2(1) H4b:CH2(1) H5:CH3(3) C1:CH3(1) C2:CH(1) C4:CH2(1) C5:CH3(1)",
	 "2-butanol: diastereotopic CH2"],
	["C=Cc1ccccc1", "H1a:=CH2(1) H1b:=CH2(1) H2:CH(1) H4:CH(2) H5:CH(2) H6:CH(1) " .
	 "C1:=CH2(1) C2:CH(1) C3:C(1) C4:CH(2) C5:CH(2) C6:CH(1)", "styrene"],
	["CC(C)O", "H1:CH3(6) H2:CH(1) H4:OH(1) C1:CH3(2) C2:CH(1)", "isopropanol"],
	["C1CCCCC1", "H1:CH2(12) C1:CH2(6)", "cyclohexane: ring flip"],
	["CCO", "H1:CH3(3) H2:CH2(2) H3:OH(1) C1:CH3(1) C2:CH2(1)", "ethanol: enantiotopic CH2"],
	["Cc1ccc(C)cc1", "H1:CH3(6) H3:CH(4) C1:CH3(2) C2:C(2) C3:CH(4)", "p-xylene"],
	["CC(C)(C)c1ccccc1", "H1:CH3(9) H6:CH(2) H7:CH(2) H8:CH(1) C1:CH3(3) C2:C(1) C5:C(1) C6:CH(2) C7:CH(2) C8:CH(1)",
	 "tert-butylbenzene"],
	["C=C(F)F", "H1:=CH2(2) C1:=CH2(1) C2:C(1)", "1,1-difluoroethylene"],
	["CC(N)=O", "H1:CH3(3) H3a:NH2(1) H3b:NH2(1) C1:CH3(1) C2:C(1)", "acetamide: NH2"],
	["CC(C)=NO", "H1:CH3(3) H3:CH3(3) H5:OH(1) C1:CH3(1) C2:C(1) C3:CH3(1)", "acetone oxime"],
	["CCOC(C)OCC", "H1:CH3(6) H2a:CH2(2) H2b:CH2(2) H4:CH(1) H5:CH3(3) C1:CH3(2) C2:CH2(2) C4:CH(1) C5:CH3(1)",
	 "acetal: diastereotopic OCH2"],
	["c1c[nH]c[nH+]1", "H1:CH(2) H3:NH(2) H4:CH(1) C1:CH(2) C4:CH(1)", "imidazolium: resonance"],
	["[2H]C(Cl)(Cl)Cl", "C2:CH(1)", "D is left out"],
	["C[S\@](=O)CC", "H1:CH3(3) H4a:CH2(1) H4b:CH2(1) H5:CH3(3) C1:CH3(1) C4:CH2(1) C5:CH3(1)", "sulfoxide"],
);
for my $g (@groups) {
	my ($smiles, $want, $what) = @$g;
	my $m = molecule("$smiles\n");
	is(groups($m), $want, "signals of $what");
}
my $meso = molecule("O[C\@\@H](C(=O)O)[C\@H](O)C(=O)O\n");
ok($meso->{achiral}, "meso-tartaric acid is achiral");
is(groups($meso), "H1:OH(2) H2:CH(2) H5:OH(2) C2:CH(2) C3:C(2)", "signals of meso-tartaric acid");
my $menthol = molecule("CC(C)[C\@\@H]1CC[C\@\@H](C)C[C\@H]1O\n");
is(scalar(grep { $_->{element} eq "H" } @{$menthol->{groups}}), 14, "menthol: fourteen proton signals");
is(scalar(grep { $_->{element} eq "C" } @{$menthol->{groups}}), 10, "menthol: ten carbon signals");

# ---- stereo left open

my $m = molecule("CCC(C)O\n");
is(scalar(@{$m->{stereo}{isomers}}), 0, "one centre: no isomers");
is(join(",", map { $_->{code} } @{$m->{warnings}}), "racemic", "one centre: a warning");
$m = molecule("OC(=O)C(O)C(O)C(=O)O\n");
is(join(" ", map { $_->{label} } @{$m->{stereo}{isomers}}), "4R,6S 4S,6S", "tartaric acid: meso and one of the pair");
my $iso = run("prepare", "--in", "iso-1.sdf", "--out-mol", "iso.sdf");
is($iso->{key}, $meso->{key}, "the meso isomer is meso-tartaric acid");
$m = molecule("CC=CC\n");
is(join(" ", map { $_->{label} } @{$m->{stereo}{isomers}}), "2E 2Z", "2-butene: E and Z");
$m = molecule("C1CC2CCC1C2\n");
is($m->{stereo}{undefined}, 0, "norbornane: rings leave no choice");

# ---- conformers and their weights

# By rising energy: degeneracy/symmetry number.
sub weights {
	my ($smiles) = @_;
	molecule("$smiles\n");
	my $c = run("conformers", "--in", "mol.sdf");
	my $again = slurp("out.json");
	run("conformers", "--in", "mol.sdf");
	ok($again eq slurp("out.json"), "$smiles: the same conformers again");
	my @list = map { { id => $_->{id}, energy_kcal => $_->{mmff_kcal}, coords => $_->{coords} } } @{$c->{conformers}};
	spew("list.json", encode_json(\@list));
	my $k = run("cluster", "--in", "mol.sdf", "--conformers", "list.json");
	return join(" ", map { sprintf("%.3g/%d%s", $_->{degeneracy}, $_->{sigma}, $_->{chiral} ? "c" : "") } @{$k->{keep}});
}
is(weights("CCCC"), "0.5/2 1/2c", "butane: anti and gauche");
like(weights("CCOCC"), qr|^0.5/2 2/1c|, "diethyl ether: TT and TG");
is(weights("CCO"), "1/1 2/1c", "ethanol: anti and gauche");
is(weights("O"), "0.5/2", "water");
is(weights("c1ccccc1"), "0.0833/12", "benzene");
is(weights("C"), "0.0833/12", "methane");
is(weights("C#C"), "0.5/2", "acetylene: linear");
is(weights("C[C\@H](N)C(F)F") =~ /\b2\//, "", "a chiral molecule has no mirror images to count");

# Two of its conformers are none that crystals have.
molecule("CC(C)OC(C)C\n");
my $ether = run("conformers", "--in", "mol.sdf", "--max", "50", "--seed", "42");
is($ether->{generated}, 100, "diisopropyl ether: as many geometries by each method");
is($ether->{method}, "ETKDGv3 + KDG, then MMFF94s", "both are named");
my @high = map { $_->{mmff_kcal} } @{$ether->{conformers}};
is(scalar(@high), 3, "its three conformers");
ok($high[1] > 2 && $high[2] > 4, "the lowest is far below the others") or diag("@high");
is($ether->{once}, 0, "each was found more than once");
molecule("CCCCCCCCCCCCO\n");
my $dodecanol = run("conformers", "--in", "mol.sdf", "--max", "20", "--seed", "42");
is($dodecanol->{generated}, 200, "a flexible molecule has more geometries");
cmp_ok($dodecanol->{once}, ">", 100, "and most of them were found only once");
molecule("COCCOCCOC\n");
my $diglyme = run("conformers", "--in", "mol.sdf", "--max", "50", "--seed", "42");
is($diglyme->{generated}, 400, "diglyme: twice as many, because low ones were found once");

# The torsion a-b-c-d in degrees, 0 to 180.
sub torsion {
	my ($x, @at) = @_;
	my @p = map { $x->[$_] } @at;
	my @b = map { my $k = $_; [ map { $p[ $k + 1 ][$_] - $p[$k][$_] } 0 .. 2 ] } 0 .. 2;
	my $cross = sub { my ($u, $v) = @_; return [ map { $u->[ ($_ + 1) % 3 ] * $v->[ ($_ + 2) % 3 ] - $u->[ ($_ + 2) % 3 ] * $v->[ ($_ + 1) % 3 ] } 0 .. 2 ] };
	my $dot = sub { my ($u, $v) = @_; return $u->[0] * $v->[0] + $u->[1] * $v->[1] + $u->[2] * $v->[2] };
	my ($n, $m) = ($cross->(@b[ 0, 1 ]), $cross->(@b[ 1, 2 ]));
	my $cos = $dot->($n, $m) / sqrt($dot->($n, $n) * $dot->($m, $m));
	return atan2(sqrt(abs(1 - $cos * $cos)), $cos) * 180 / atan2(0, -1);
}
# The side of O=C-O-H that RDKit never makes by itself has the hydrogen bond.
$m = molecule("[O-]C(=O)/C=C\\C(=O)O\n");
my ($anti, $syn) = (0, 0);
for my $x (map { $_->{coords} } @{run("conformers", "--in", "mol.sdf", "--seed", "42")->{conformers}}) {
	my @e = @{$m->{elements}};
	my ($oh) = grep { my $o = $_; $e[$o] eq "O" && grep { $e[$_] eq "H" && dist($x, $o, $_) < 1.1 } 0 .. $#e } 0 .. $#e;
	my ($hydrogen) = grep { $e[$_] eq "H" && dist($x, $oh, $_) < 1.1 } 0 .. $#e;
	my ($carbon) = grep { $e[$_] eq "C" && dist($x, $oh, $_) < 1.6 } 0 .. $#e;
	my ($other) = grep { $e[$_] eq "O" && $_ != $oh && dist($x, $carbon, $_) < 1.5 } 0 .. $#e;
	torsion($x, $other, $carbon, $oh, $hydrogen) > 120 ? $anti++ : $syn++;
}
ok($anti && $syn, "hydrogen maleate: the acid's hydrogen on either side ($anti, $syn)");
# What is perceived from coordinates cannot always be built again.
for my $s ("C1C2CC1C2", "CC12CC(C)(C1)C2", "FC12CC(c3ccccc3)(C1)C2", "O=C1/C=C/CCCCCCCCCC1") {
	ok(molecule("$s\n")->{ok} && run("conformers", "--in", "mol.sdf")->{kept}, "$s is built");
}

# ---- what a force field of the gas phase must not decide

molecule("[NH3+]CCCC(=O)[O-]\n");
my $gaba = run("conformers", "--in", "mol.sdf", "--max", "100", "--seed", "42");
my $gaba_mol = run("prepare", "--in", "rec-1.sdf", "--out-mol", "mol.sdf");
my ($n_at) = grep { $gaba_mol->{elements}[$_] eq "N" } 0 .. $gaba_mol->{natoms} - 1;
my ($far) = sort { $b <=> $a } map { my $x = $_->{coords}; map { dist($x, $n_at, $_) } grep { $gaba_mol->{elements}[$_] eq "O" } 0 .. $#$x }
	@{$gaba->{conformers}};
cmp_ok($far, ">", 5, "a zwitterion's open forms are kept: nitrogen and oxygen far apart in one of them");
my ($near) = sort { $a <=> $b } map { my $x = $_->{coords}; map { my $o = $_; map { dist($x, $_, $o) } grep { $gaba_mol->{elements}[$_] eq "H" && dist($x, $_, $n_at) < 1.2 } 0 .. $#$x }
	grep { $gaba_mol->{elements}[$_] eq "O" } 0 .. $#$x } @{$gaba->{conformers}};
cmp_ok($near, "<", 1.9, "and those that a hydrogen bond closes are found");
$m = molecule("C[NH+]1CCC[C\@H]1c1cccnc1\n");
is(scalar(@{$m->{stereo}{isomers}}), 0, "a protonated amine is no stereocentre");
is(molecule("C[N\@\@H+]1CCC[C\@H]1c1cccnc1\n")->{key}, $m->{key}, "nor a drawn one");
is(join(" ", map { $_->{code} } @{molecule("[NH3+]CCS(=O)(=O)[O-]\n")->{warnings}}), "inner-salt", "taurine keeps its proton anywhere");
molecule("O=CNc1ccccc1\n");
is(run("conformers", "--in", "mol.sdf")->{kept}, 2, "both forms of a formamide");
for my $try ([ "O=CNc1ccccc1", "rotamers" ], [ "CCCCN(C)C=O", "rotamers" ], [ "CC(=O)NC", "" ], [ "CC(=O)N(C)C", "" ], [ "COC(=O)N(C)CC", "" ],
	[ "C[C\@H](O)C=C=CC", "allene" ], [ "CC=C=CC", "" ], [ "C[C\@H](O)C=C=C", "" ]) {
	is(join(" ", map { $_->{code} } grep { $_->{code} =~ /rotamers|allene/ } @{molecule("$try->[0]\n")->{warnings}}), $try->[1], "$try->[0]: $try->[1]");
}

# The two groups of an amide's nitrogen stay apart, also when a search has turned them.
$m = molecule("CCCC(=O)N(C)C\n");
my $amide = run("conformers", "--in", "mol.sdf")->{conformers}[0]{coords};
my ($amide_n) = grep { $m->{elements}[$_] eq "N" } 0 .. $#$amide;
my @methyl = grep { my $c = $_; $m->{elements}[$c] eq "C" && dist($amide, $amide_n, $c) < 1.6 &&
	3 == grep { $m->{elements}[$_] eq "H" && dist($amide, $c, $_) < 1.2 } 0 .. $#$amide } 0 .. $#$amide;
is(scalar(@methyl), 2, "two methyl groups");
my @carried = map { my $c = $_; [ $c, grep { $m->{elements}[$_] eq "H" && dist($amide, $c, $_) < 1.2 } 0 .. $#$amide ] } @methyl;
# One of the two has the hydrogens the right way round.
my ($turned, $back);
for my $way ([ 0 .. 3 ], [ 0, 1, 3, 2 ]) {
	$turned = decode_json(encode_json($amide));
	my @other = map { my $group = $_; map { $group->[$_] } @$way } reverse @carried;
	@$turned[ map { @$_ } @carried ] = @$turned[@other];
	spew("list.json", encode_json([{ id => 1, energy_kcal => 0, coords => $amide }, { id => 2, energy_kcal => 5, coords => $turned }]));
	$back = run("cluster", "--in", "mol.sdf", "--conformers", "list.json");
	last if !@{$back->{dropped}};
}
is(scalar(@{$back->{keep}}), 2, "both are the molecule");
ok(!$back->{keep}[0]{coords}, "the first is as it was");
my ($oxygen) = grep { $m->{elements}[$_] eq "O" } 0 .. $#$amide;
my ($was, $is) = map { my $x = $_; dist($x, $oxygen, $methyl[0]) < dist($x, $oxygen, $methyl[1]) ? 0 : 1 } $amide, $back->{keep}[1]{coords} // $turned;
is($is, $was, "the groups of the other are back in their places");

# ---- geometries that are no longer the molecule

molecule("[NH3+]CC(=O)[O-]\n");
my $gly = run("conformers", "--in", "mol.sdf")->{conformers}[0]{coords};
my $zwitter = run("prepare", "--in", "rec-1.sdf", "--out-mol", "mol.sdf");
my ($gly_n) = grep { $zwitter->{elements}[$_] eq "N" } 0 .. $#$gly;
my @mobile = grep { $zwitter->{elements}[$_] eq "H" && dist($gly, $gly_n, $_) < 1.2 } 0 .. $#$gly;
my ($pair) = sort { dist($gly, @$a) <=> dist($gly, @$b) } map { my $x = $_; map { [ $x, $_ ] } @mobile }
	grep { $zwitter->{elements}[$_] eq "O" } 0 .. $#$gly;
my ($o, $h) = @$pair;
my $moved = decode_json(encode_json($gly));
$moved->[$h] = [map { $gly->[$o][$_] + ($gly->[$h][$_] - $gly->[$o][$_]) / dist($gly, $h, $o) } 0 .. 2];
spew("list.json", encode_json([{ id => 7, energy_kcal => 0, coords => $moved }, { id => 8, energy_kcal => 1, coords => $gly }]));
my $k = run("cluster", "--in", "mol.sdf", "--conformers", "list.json");
is($k->{dropped}[0]{code}, "connectivity", "a proton transfer is seen");
like($k->{dropped}[0]{text}, qr/proton.*nitrogen.*oxygen/, "and told in words");
is($k->{keep}[0]{id}, 8, "the zwitterion itself is kept");

sub dist {
	my ($x, $i, $j) = @_;
	my $s = 0;
	$s += ($x->[$i][$_] - $x->[$j][$_])**2 for 0 .. 2;
	return sqrt($s);
}

# ---- tables, encodings, batches

spew("in", "\xEF\xBB\xBFsmiles;name;solvent\r\nCCO;ethanol;D2O\r\nC1CC;bad;\r\n\"CC(=O)C\";acetone;CDCl3\r\n");
my $r = run("read", "--in", "in");
is(join("|", map { $_->{name} . ($_->{refusal} ? "!" : "") } @{$r->{records}}), "ethanol|bad!|acetone", "a table, one bad line");
is($r->{records}[0]{fields}{solvent}, "D2O", "columns are options");
spew("in", join("", map { "$_\0" } split //, "CCO ethanol\r\n"));
is(run("read", "--in", "in")->{records}[0]{name}, "ethanol", "UTF-16 without a mark");
spew("in", "\xFE\xFF" . join("", map { "\0$_" } split //, "CCO\tethanol\n"));
is(run("read", "--in", "in")->{records}[0]{name}, "ethanol", "UTF-16, big end first");
$r = run("read", "--in", "$golden/good/two.sdf", "--name", "two.sdf");
is(scalar(@{$r->{records}}), 2, "an SDF of two");
is($r->{records}[1]{fields}{solvent}, "DMSO", "SDF fields");
$r = run("read", "--in", "$golden/good/two.sdf", "--records-max", "1");
is($r->{refusal}{code}, "too-many", "more records than allowed");
$m = molecule("CC(=O)[O-].[Na+]\n", "--component", "largest");
is($m->{smiles}, "CC(=O)[O-]", "component = largest");
is($m->{charge}, -1, "and its charge");

# ---- xyz: bonds and charges

my $acetate = "7\n%s\nC 0.0 0.0 0.0\nC 1.55 0.0 0.0\nO 2.12 1.11 0.0\nO 2.12 -1.11 0.0\nH -0.40 1.02 0.0\nH -0.40 -0.51 0.89\nH -0.40 -0.51 -0.89\n";
$m = molecule(sprintf($acetate, "charge=-1"));
is($m->{smiles}, "CC(=O)[O-]", "xyz: the comment says the charge");
$m = molecule(sprintf($acetate, ""), "--charge", "-1");
is($m->{smiles}, "CC(=O)[O-]", "xyz: the option says the charge");
$m = molecule(sprintf($acetate, ""));
like($m->{refusal}{remedy}, qr/charge = -1/, "xyz: without either the charge is proposed");
$m = molecule(sprintf($acetate, "charge=-1"), "--keep-geometry");
is(scalar(@{$m->{kept_coords}}), 7, "xyz: geometry kept");
cmp_ok(abs(dist($m->{kept_coords}, $m->{order}[0], $m->{order}[1]) - 1.55), "<", 1e-4, "in canonical order");

# ---- drawing

$m = molecule("CC(=O)Oc1ccccc1C(=O)O\n");
spew("numbers.json", encode_json($m->{number}));
spew("labels.json", encode_json([map { { atom => $_, text => "1$_.5" } } grep { $m->{elements}[$_] eq "C" } 0 .. $m->{natoms} - 1]));
run("draw", "--in", "mol.sdf", "--numbers", "numbers.json", "--shifts", "labels.json");
my $svg = slurp("structure.svg");
ok($svg =~ /^<svg / && $svg =~ />17\.5</ && $svg =~ m|</svg>\s*$|, "an SVG with the shifts");

$m = molecule("CCO\n");
spew("numbers.json", encode_json($m->{number}));
run("draw", "--in", "mol.sdf", "--numbers", "numbers.json");
$svg = slurp("structure.svg");
my ($letter) = $svg =~ m|<text (?=[^>]*class='atom-2')[^>]*\by='([\d.]+)'[^>]*>H<|;
my ($number) = $svg =~ m|<text class='number'[^>]*\by='([\d.]+)'[^>]*>3<|;
ok(defined $letter && defined $number && ($number > $letter + 8 || $number < $letter - 15),
	"a number beside a symbol does not read as an index of its formula (OH, 3)");

# ---- wrong command lines

for my $args ([], ["fly"], ["read"], ["read", "--in"], ["read", "--in", "x", "--wings", "2"]) {
	system("$bin @$args >/dev/null 2>&1");
	is($? >> 8, 2, "nmr-mol @$args: status 2");
}
system("$bin read --in /nowhere >/dev/null 2>&1");
is($? >> 8, 1, "a missing file: status 1");

chdir $root;
done_testing();
