#!/usr/bin/perl
# nmredata.sdf and spectrum-*.jdx in the hands of others: programs from npm, pinned in
# tests/readers, see the atoms and shifts of shifts.json in them, and nmr-mol (RDKit)
# the molecule. The programs are installed into the build folder, once. Skipped where
# there is neither a copy of them nor a network, and with Node.js before 20.19 (Debian
# 12 has 18).
use strict;
use warnings;
use lib 'tests/integration/lib';
use Cwd qw(abs_path);
use File::Copy qw(copy);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use JSON::PP;
use List::Util qw(min);
use Test::More;
use Npm;
use Spool;

my $bin = abs_path($ENV{NMR_TEST_BIN} // 'build/bin');
my $golden = abs_path('tests/golden/report');
my $dir = tempdir('nmr-readers-XXXXXX', TMPDIR => 1, CLEANUP => 1);

# Packages that the readers use require ES modules.
my $home = Npm::install('tests/readers', '20.19') or plan skip_all => $Npm::why;
copy('tests/readers/read.mjs', "$home/read.mjs") or die "read.mjs: $!";

# ---- results

my %doc;
sub result {
	my ($name, $j) = @_;
	open my $f, '>:raw', "$dir/$name.json" or die "$name: $!";
	print $f encode_json($j);
	close $f;
	is(Npm::output("$bin/nmr-render", '--in', "$dir/$name.json", '--out', "$dir/$name"), '', "$name is rendered");
	$doc{$name} = decode_json(Spool::slurp("$dir/$name/shifts.json"));
}

sub sample { return decode_json(Spool::slurp("$golden/$_[0].json")) }

result($_, sample($_)) for qw(ethanol styrene anisole bromohydrin crowded hostile);
my $no_carbon = sample('ethanol');
$no_carbon->{shifts}{'13C'} = [];
result('no-carbon', $no_carbon);
# A shift that is not known, labels that are the same without case, and a name and a
# SMILES with what the formats take for their own.
my $odd = sample('styrene');
$odd->{name} = "\$\$\$\$ ##END= \\ ; > <SMILES>\n\x{3b2}";
$odd->{molecule}{smiles} = 'F/C=C\\F';
$odd->{shifts}{'1H'}[1]{shift} = undef;
$odd->{shifts}{'13C'}[0]{label} = lc $odd->{shifts}{'1H'}[0]{label};
result('odd', $odd);

# ---- what the readers see

my @names = sort keys %doc;
my $json = Npm::output('node', "$home/read.mjs", map { "$dir/$_" } @names);
is($?, 0, 'the readers end well') or BAIL_OUT($json);
my $seen = decode_json($json);

# Entries with a shift; visible: those of the spectrum.
sub entries {
	my ($name, $nucleus, $visible) = @_;
	my $deuterated = $doc{$name}{level}{deuterated} // '';
	return grep { defined $_->{shift} && !($visible && $_->{exchangeable} && $deuterated =~ /^(?:D2O|CD3OD)$/) }
		@{ $doc{$name}{shifts}{$nucleus} };
}

sub pairs { return [ sort map { sprintf '%.4f: %s', $_->{shift}, join ' ', @{ $_->{atoms} } } @_ ] }

sub check_record {
	my ($name, $r) = @_;
	my $doc = $doc{$name};
	my $all = [ map { entries($name, $_, 0) } qw(1H 13C) ];
	is("$r->{version} $r->{level}", '1.1 0', "$name: version and level");
	is_deeply($r->{files}, [ 'nmredata.sdf' ], "$name: one NMReDATA file in the folder");
	is($r->{solvent}, $doc->{level}{deuterated}, "$name: solvent");
	like($r->{id}{comment}, qr/predicted.*Nothing here was measured/i, "$name: said to be predicted");
	is_deeply($r->{elements}, $doc->{molecule}{elements}, "$name: elements in the order of the file");
	is_deeply(pairs(@{ $r->{assignment} }), pairs(@$all), "$name: shifts and atoms of shifts.json");
	my %element = map { $_->{label} => [ map { $doc->{molecule}{elements}[$_ - 1] } @{ $_->{atoms} } ] } @{ $r->{assignment} };
	is(scalar keys %element, scalar @$all, "$name: labels are unique");
	for my $nucleus (qw(1H 13C)) {
		my @want = entries($name, $nucleus, 1);
		my $s = $r->{spectra}{$nucleus};
		is(!!$s, !!@want, "$name: $nucleus spectrum only with signals") and $s or next;
		like($s->{said}[0], qr/predicted, not measured/, "$name: $nucleus: said to be predicted");
		is_deeply([ map { $_->{shift} } @{ $s->{signals} } ], [ map { $_->{shift} } @want ], "$name: $nucleus: shifts of the spectrum");
		is_deeply([ grep { $_ ne substr $nucleus, -1 } map { @{ $element{$_} } } map { @{ $_->{labels} } } @{ $s->{signals} } ], [],
			"$name: $nucleus: labels lead to atoms of that element");
		is_deeply([ map { $_->{n} } @{ $s->{signals} } ], [ map { scalar @{ $_->{atoms} } } @want ], "$name: numbers of hydrogens")
			if $nucleus eq '1H';
		ok((grep { $_ eq "spectrum-$nucleus.jdx" } @{ $r->{jcamp} }), "$name: $nucleus: the record leads to the spectrum");
	}
}

# The maxima are at the shifts. Lines that are near each other may have one maximum, and
# pull: then it is somewhere among them.
sub check_maxima {
	my ($what, $maxima, $step, @want) = @_;
	my $width = 7 * $step;
	my @lost = grep {
		my $s = $_;
		my @near = grep { abs($_->{shift} - $s->{shift}) < 10 * $width } @want;
		my $off = min(map { abs($_->{ppm} - $s->{shift}) } @$maxima);
		!defined $off || $off > (@near == 1 ? 0.55 * $step : 2 * $width);
	} @want;
	is_deeply([ map { $_->{shift} } @lost ], [], "$what: a maximum at each shift");
	my @stray = grep { my $m = $_; (min(map { abs($m->{ppm} - $_->{shift}) } @want) // 999) > 2 * $width } @$maxima;
	is_deeply([ map { $_->{ppm} } @stray ], [], "$what: and nowhere else");
}

sub check_spectrum {
	my ($name, $nucleus, $jc, $np) = @_;
	my @want = entries($name, $nucleus, 1);
	is("$jc->{blocks} $jc->{type} $jc->{units} $jc->{points}", '1 NMR SPECTRUM PPM 32768', "$name: $nucleus: one spectrum");
	is($jc->{nucleus}, $nucleus, "$name: $nucleus: nucleus");
	like($jc->{title}, qr/ - predicted $nucleus NMR$/, "$name: $nucleus: said to be predicted");
	is_deeply([ map { (split /, /)[1] } @{ $jc->{signals} } ], [ map { sprintf '%.4f', $_->{shift} } @want ], "$name: $nucleus: list of signals");
	my $step = ($jc->{first} - $jc->{last}) / ($jc->{points} - 1);
	cmp_ok($step, '>', 0, "$name: $nucleus: high shifts first");
	check_maxima("$name: $nucleus: jcampconverter", $jc->{maxima}, $step, @want);
	is("$np->{nucleus} $np->{frequency}", $nucleus eq '1H' ? '1H 500' : '13C 125.7251', "$name: $nucleus: frequency");
	is($np->{solvent}, $doc{$name}{level}{deuterated}, "$name: $nucleus: solvent");
	check_maxima("$name: $nucleus: nmr-parser", $np->{maxima}, $step, @want);
}

for my $name (@names) {
	my $s = $seen->{"$dir/$name"};
	check_record($name, $s->{nmredata});
	check_spectrum($name, $_, $s->{jcampconverter}{$_}, $s->{nmrparser}{$_}) for qw(1H 13C);
}

# ---- RDKit, through nmr-mol: the molecule, at the coordinates of the lowest conformer

for my $name (@names) {
	my $work = "$dir/$name.read";
	make_path($work);
	is(Npm::output('sh', '-c', "cd '$work' && exec '$bin/nmr-mol' read --in '$dir/$name/nmredata.sdf'"), '', "$name: nmr-mol reads the record");
	my $out = decode_json(Spool::slurp("$work/out.json"));
	my ($r) = @{ $out->{records} };
	is("$out->{format} " . @{ $out->{records} } . " $r->{dim}", 'sdf 1 3', "$name: one record in space");
	my @lines = split /\n/, Spool::slurp("$work/rec-1.sdf");
	my @read = map { (split ' ', $_)[3] } @lines[ 4 .. 3 + ($r->{natoms} // 0) ];
	is_deeply(\@read, $doc{$name}{molecule}{elements}, "$name: atoms in the order of the file");
}
done_testing;
