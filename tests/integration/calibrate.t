#!/usr/bin/perl
# nmr calibrate with real engines at a level of theory that takes seconds: the fit is that
# of its points, what is finished is not computed again, what cannot be computed is named,
# and its factors serve predictions.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Digest::SHA qw(sha256_hex);
use File::Temp qw(tempdir);
use JSON::PP;
use List::Util qw(sum);
use Spool;
use Upkeep qw(wait_until);

sub write_file { my ($path, $text) = @_; open my $f, '>', $path or die "$path: $!"; print $f $text; close $f or die }

my $dir = tempdir('nmr-calibrate-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $share = "$dir/shipped";
system("cp -r spooler/share $share") == 0 or die;
write_file("$share/levels.conf", <<'L');
levels = ( { name = "small"; text = "B3LYP-D3/STO-3G"; functional = "B3LYP-D3"; basis_text = "STO-3G";
  xc = [ "xc b3lyp" ]; dispersion = "disp vdw 4"; basis = [ "* library sto-3g" ]; direct = true; z_max = 18;
  elements = "H C N O F"; functions = [ "H 1", "C 5", "N 5", "O 5", "F 5" ]; reference = "none"; } );
L
# Its two nuclei are told apart by their levels.
write_file("$share/levels.conf", Spool::slurp("$share/levels.conf") =~ s/\);\n\z/, /r . <<'L');
  { name = "tiny"; text = "HF/STO-3G"; functional = "HF"; basis_text = "STO-3G";
  xc = [ "xc hfexch" ]; basis = [ "* library sto-3g" ]; direct = true; z_max = 18;
  elements = "H C N O F"; functions = [ "H 1", "C 5", "N 5", "O 5", "F 5" ]; reference = "none"; } );
L
my $presets = <<'P';
presets = ( { name = "both"; summary = "for tests"; screen = "small"; shield_h = "small"; shield_c = "tiny";
  conformers_max = 20; conformers_screen_max = 12; conformers_dft_max = 6; window_xtb = 6.0; window_screen = 4.0;
  window_dft = 3.0; population = 0.99; atoms_max = 60; },
  { name = "quick"; summary = "for tests"; screen = "small"; shield_h = "small"; shield_c = "small";
  conformers_max = 20; conformers_screen_max = 12; conformers_dft_max = 6; window_xtb = 6.0; window_screen = 4.0;
  window_dft = 3.0; population = 0.99; atoms_max = 60; } );
P
write_file("$share/presets.conf", $presets);
write_file("$share/scaling.conf", 'scaling = ( { nucleus = "1H"; geometry = "small"; level = "small"; solvent = "chcl3";
	slope = -1.0; intercept = 32.0; rmsd = 0.5; n = 10; source = "a test"; reference = "none"; } );');

# [name, atoms, bonds, 13C, 1H]
my @molecules = (
	[ 'Methane', [ 'C 0 0 0', 'H 0.63 0.63 0.63', 'H -0.63 -0.63 0.63', 'H -0.63 0.63 -0.63', 'H 0.63 -0.63 -0.63' ],
		[ '1 2', '1 3', '1 4', '1 5' ], [ '-2.3 1' ], [ '0.23 2 3 4 5' ] ],
	[ 'Methanol', [ 'C -0.37 0.01 0', 'O 0.90 -0.59 0.12', 'H -0.86 -0.29 -0.94', 'H -0.99 -0.30 0.84', 'H -0.27 1.10 0.01', 'H 1.48 -0.29 -0.61' ],
		[ '1 2', '1 3', '1 4', '1 5', '2 6' ], [ '50.4 1' ], [ '3.49 3 4 5', '1.1 6' ] ],
	[ 'Fluoromethane', [ 'C 0 0 0', 'F 0 0 1.38', 'H 1.03 0 -0.35', 'H -0.51 0.89 -0.35', 'H -0.51 -0.89 -0.35' ],
		[ '1 2', '1 3', '1 4', '1 5' ], [ '75 1' ], [ '4.27 3 4 5' ] ],
	[ 'Ethene', [ 'C 0.66 0 0', 'C -0.66 0 0', 'H 1.23 0.92 0', 'H 1.23 -0.92 0', 'H -1.23 0.92 0', 'H -1.23 -0.92 0' ],
		[ '1 2 2', '1 3', '1 4', '2 5', '2 6' ], [ '123.2 1 2' ], [ '5.40 3 4', '5.40 5 6' ] ],
);
my @radical = ([ 'Bad radical', [ 'C 0 0 0', 'H 1.08 0 0', 'H -0.54 0.93 0', 'H -0.54 -0.93 0' ], [ '1 2', '1 3', '1 4' ], [ '10 1' ], [ '1 2 3 4' ] ]);

sub record {
	my ($name, $atoms, $bonds, $c, $h) = @{ $_[0] };
	my $text = "$name\n  hand          3D\n\n" . sprintf("%3d%3d  0  0  0  0  0  0  0  0999 V2000\n", scalar @$atoms, scalar @$bonds);
	for (@$atoms) {
		my ($s, @x) = split ' ';
		$text .= sprintf("%10.4f%10.4f%10.4f %-3s 0  0\n", @x, $s);
	}
	for (@$bonds) {
		my ($i, $j, $order) = split ' ';
		$text .= sprintf("%3d%3d%3d  0\n", $i, $j, $order // 1);
	}
	$text .= "M  RAD  1   1   2\n" if $name =~ /radical/;
	return $text . "M  END\n>  <SOLVENT>\nCDCl3\n\n>  <EXPERIMENTAL_13C>\n" . join('', map { "$_\n" } @$c)
		. "\n>  <EXPERIMENTAL_1H>\n" . join('', map { "$_\n" } @$h) . "\n\$\$\$\$\n";
}
write_file("$dir/set.sdf", join('', map { record($_) } @molecules));
write_file("$dir/other.sdf", join('', map { record($_) } @molecules, @radical));

delete @ENV{qw(NMR_DATA NMR_CONFIG)};
$ENV{NMR_SHARE} = $share;
my $nmr = "$Spool::BIN/nmr";
sub calibrate {
	my $out = qx($nmr calibrate @_ 2>$dir/err);
	return ($? >> 8, $out);
}
sub steps { return qx(sqlite3 $dir/c/data/spool/db/queue.db "SELECT count(*), max(started) FROM step") }

# ---- what is wrong is said
my ($e, $out) = calibrate("$dir/set.sdf", '--out', "$dir/c");
is($e, 2, 'levels are asked for');
like(Spool::slurp("$dir/err"), qr/--levels LEVEL\/\/GEOMETRY.*small/, 'and listed');
($e) = calibrate("$dir/set.sdf", '--levels', 'large//xtb');
like(Spool::slurp("$dir/err"), qr/there is no level "large"/, 'a level that is not there');
($e) = calibrate("$dir/set.sdf", '--levels', 'small//tiny');
like(Spool::slurp("$dir/err"), qr/"tiny" has no dispersion correction/, 'a geometry whose energies do not weigh conformers');
($e) = calibrate("$dir/set.sdf", '--levels', 'loud');
like(Spool::slurp("$dir/err"), qr/"loud" says no geometry, and is no preset/, 'a preset that is not there');
write_file("$dir/bad.sdf", record([ @{ $molecules[0] }[ 0 .. 3 ], [ '0.23 1' ] ]));
($e) = calibrate("$dir/bad.sdf", '--levels', 'small//xtb');
like(Spool::slurp("$dir/err"), qr/bad\.sdf: record 1 \(Methane\): "0\.23 1": atom 1 is no hydrogen/, 'a shift of the wrong atom');
for my $try ([ '--solvent DMSO', qr/record 1 was measured in chloroform, not in dimethyl sulfoxide.*leave --solvent out/ ], [ '--component largest', qr/no option "component"/ ],
	[ '-o geom=keep', qr/no option "geometry"/ ], [ '--mode foo', qr/mode.*foo/ ]) {
	($e) = calibrate("$dir/set.sdf", '--levels', 'small//xtb', '--out', "$dir/c", $try->[0]);
	is($e, 2, "$try->[0]: refused");
	like(Spool::slurp("$dir/err"), $try->[1], 'and why');
}
ok(!-e "$dir/c", 'nothing was made');
system("mkdir -p $dir/mine/share") == 0 or die;
write_file("$dir/mine/share/thesis.txt", 'x');
($e) = calibrate("$dir/set.sdf", '--levels', 'small//xtb', '--out', "$dir/mine");
is($e, 2, "a folder with somebody's files");
like(Spool::slurp("$dir/err"), qr/mine has files in it that are not of a calibration; give --out a new folder/, 'is refused');
ok(-e "$dir/mine/share/thesis.txt", 'and left alone');
my $good = record($molecules[1]);
for my $try ([ $good =~ s/EXPERIMENTAL_13C/Experimental_13C/r, qr/record 1 \(Methanol\): there is no field <Experimental_13C>; measured shifts are in <EXPERIMENTAL_1H>/ ],
	[ $good =~ s/(3\.49 3 4 5\n)/$1\n/r, qr/"1\.1 6" stands after the empty line that ends a field/ ],
	[ $good =~ s/CDCl3/CDCl4/r, qr/bad\.sdf: record 1: .*CDCl4/ ]) {
	write_file("$dir/bad.sdf", $try->[0]);
	($e) = calibrate("$dir/bad.sdf", '--levels', 'small//xtb', '--out', "$dir/c");
	like(Spool::slurp("$dir/err"), $try->[1], 'no measured shift is passed over');
}
ok(!-e "$dir/c", 'nothing was made');
# A preset that calibrate does not use may stand in nmr.conf.
$ENV{NMR_DEFAULTS} = 'preset = "quick";';

# ---- ended in the midst, then to the end
my $pid = fork // die;
if (!$pid) {
	open STDOUT, '>', '/dev/null';
	open STDERR, '>', "$dir/err0";
	exec $nmr, 'calibrate', "$dir/set.sdf", '--levels', 'small//xtb,small//small', '--out', "$dir/c";
}
ok(wait_until(120, sub { Spool::slurp("$dir/err0") =~ /[1-9] of 8 runs/ }), 'it tells how far it is');
kill 'INT', $pid;
waitpid $pid, 0;
is($? >> 8, 130, 'it can be ended');
($e, $out) = calibrate("$dir/set.sdf", '--levels', 'small//xtb,small//small', '--out', "$dir/c");
is($e, 0, 'and goes on') or diag(Spool::slurp("$dir/err"));
is(scalar(() = $out =~ /^(?:1H|13C) +small\/\/(?:xtb|small) /mg), 4, 'two nuclei at two pairs of levels');
my $before = steps();
($e, $out) = calibrate("$dir/set.sdf", '--levels', 'small//xtb,small//small', '--out', "$dir/c");
is(steps(), $before, 'what is finished is not computed again');

like($out, qr{^1H, small//xtb: 1 measured shift is not in the fit \(Methanol 6\): exchangeable hydrogen}m, 'what is left out is told');
like(Spool::slurp("$dir/err"), qr/set\.sdf: 4 molecules, 6 shifts of 1H and 4 of 13C/, 'and what the set has');

# ---- the fit, worked out here
my $doc = decode_json(Spool::slurp("$dir/c/calibration.json"));
sub line_of {
	my @p = @_;
	my ($mx, $my) = (sum(map { $_->{shielding} } @p) / @p, sum(map { $_->{shift} } @p) / @p);
	my $slope = sum(map { ($_->{shielding} - $mx) * ($_->{shift} - $my) } @p) / sum(map { ($_->{shielding} - $mx)**2 } @p);
	return ($slope, $my - $slope * $mx);
}
for my $fit (@{ $doc->{fits} }) {
	is($fit->{done}, 4, "four molecules, $fit->{level}{'1H'}//$fit->{geometry}");
	ok($fit->{cpu_s} > 1, 'CPU time of the whole pipeline');
	for my $nucleus ('1H', '13C') {
		my $x = $fit->{$nucleus};
		my @p = @{ $x->{points} };
		# Two lines of ethene are the same nuclei twice.
		is(scalar @p, 4, "$nucleus: a point for each measured shift");
		is($x->{elements}, 'H C O F', 'of these elements');
		my ($slope, $intercept) = line_of(@p);
		ok(abs($slope - $x->{slope}) < 1e-6 && abs($intercept - $x->{intercept}) < 1e-4, 'a line by least squares');
		my $lomo = sqrt(sum(map {
			my $q = $_;
			my ($s, $i) = line_of(grep { $_->{molecule} ne $q->{molecule} } @p);
			($s * $q->{shielding} + $i - $q->{shift})**2
		} @p) / @p);
		ok(abs($lomo - $x->{lomo}) < 1e-6 && abs($lomo - $x->{line_alone}{lomo}) < 1e-6, 'and each molecule by the others');
		is_deeply([ grep { $_->{offset} } @{ $x->{kinds} } ], [], 'no offsets of kinds that few molecules have');
	}
	is_deeply([ map { "$_->{molecule} @{ $_->{atoms} }: $_->{reason}" } @{ $fit->{left_out}{'1H'} } ], 
		['Methanol 6: exchangeable hydrogen: its shift depends on concentration, water and temperature'],
		'an exchangeable hydrogen is no point, and is named');
	is(join(' ', sort map { $_->{environment} } @{ $fit->{'13C'}{points} }), 'sp2 sp3 sp3-X sp3-X', 'kinds of carbons');
}
my ($xtb, $dft) = @{ $doc->{fits} };
isnt($xtb->{'13C'}{slope}, $dft->{'13C'}{slope}, 'geometries make a difference');
my $html = Spool::slurp("$dir/c/report.html");
like($html, qr/<svg.*Fluoromethane.*<\/svg>/s, 'the report has pictures');
is(system("xmllint --noout $dir/c/*.svg"), 0, 'which are well-formed') if qx(which xmllint);

# ---- the levels of a preset
($e, $out) = calibrate("$dir/set.sdf", '--levels', 'both,small//xtb', '--out', "$dir/c");
is($e, 0, 'a preset stands for its levels') or diag(Spool::slurp("$dir/err"));
like(Spool::slurp("$dir/err"), qr/^0 of 4 runs of molecules done\n(?:\d of 4 .*\n)*?4 of 4 runs/m, 'and counts its own molecules, not those of before');
like($out, qr/^1H +both: small\/\/xtb .*\n13C +both: tiny\/\/xtb /m, 'one for each nucleus');
my ($both, $again) = @{ decode_json(Spool::slurp("$dir/c/calibration.json"))->{fits} };
is($both->{preset}, 'both', 'it is named');
is($both->{'1H'}{slope}, $xtb->{'1H'}{slope}, 'hydrogens as with the pair of that level');
isnt($both->{'13C'}{slope}, $xtb->{'13C'}{slope}, 'carbons by the other one');
ok($both->{cpu_s} > $again->{cpu_s}, 'the time of both');
my @entries = Spool::slurp("$dir/c/scaling.conf") =~ /(nucleus = "\w+").*?(level = "\w+")/g;
like($out, qr/^1H, small: scaling\.conf and the picture have this level's factors once/m, 'which is said');
is("@entries", join(' ', map { qq(nucleus = "$_->[0]" level = "$_->[1]") } [qw(1H small)], [qw(13C tiny)], [qw(13C small)]), 'each factor once');

# ---- settings that change while jobs wait
sub interrupted {
	my ($until, @args) = @_;
	my $pid = fork // die;
	if (!$pid) {
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', "$dir/err";
		exec $nmr, 'calibrate', (grep { /\.sdf\z/ } @args) ? () : "$dir/set.sdf", @args;
	}
	ok(wait_until(60, $until), 'jobs wait');
	kill 'INT', $pid;
	waitpid $pid, 0;
}
sub jobs_of {
	my ($which, $folder) = (@_, 'g');
	return 0 + (qx(sqlite3 $dir/$folder/data/spool/db/queue.db "SELECT count(*) FROM job WHERE $which" 2>/dev/null) || 0);
}
interrupted(sub { jobs_of('1') == 4 }, '--levels', 'quick', '--out', "$dir/g");
my $open = jobs_of('state < 2');
ok($open > 0, "not all are done: $open");
my $old = join ',', map { chomp; "'$_'" } qx(sqlite3 $dir/g/data/spool/db/queue.db "SELECT name FROM job");
write_file("$share/presets.conf", $presets =~ s/window_dft = 3\.0/window_dft = 2.9/gr);
($e) = calibrate("$dir/set.sdf", '--levels', 'quick', '--out', "$dir/g");
is($e, 0, 'with the new ones to the end') or diag(Spool::slurp("$dir/err"));
is(jobs_of("name IN ($old) AND state IN (SELECT state FROM job WHERE name NOT IN ($old))"), 4 - $open, 'what waited is not computed with them');
is(jobs_of("name NOT IN ($old)"), 4, 'all are computed with the new ones');
write_file("$share/presets.conf", $presets);
rename "$dir/g/shieldings/quick.json", "$dir/g/quick.json" or die;
($e) = calibrate("$dir/set.sdf", '--levels', 'quick', '--out', "$dir/g");
is($e, 0, 'and back to the old ones') or diag(Spool::slurp("$dir/err"));
is(jobs_of("name IN ($old) AND state=(SELECT state FROM job WHERE name NOT IN ($old) LIMIT 1)"), 4, 'what was cancelled is taken up again');

# ---- from shieldings that were computed before
sub of_fit {
	my ($fit) = @{ decode_json(Spool::slurp("$_[0]/calibration.json"))->{fits} };
	return $fit;
}
my $kept = "$dir/c/shieldings";
($e, $out) = calibrate("$dir/set.sdf", '--levels', 'both', '--out', "$dir/e", '--shieldings', $kept);
is($e, 0, 'a fit without the calculation') or diag(Spool::slurp("$dir/err"));
like(Spool::slurp("$dir/err"), qr/4 of 4 molecules are taken from \S+both\.json$/m, 'and it says so');
is_deeply(of_fit("$dir/e"), $both, 'it is the same fit');
ok(!-e "$dir/e/data/spool/db/queue.db", 'and no spooler was started');
is(Spool::slurp("$dir/e/shieldings/both.json"), Spool::slurp("$kept/both.json"), 'the file is passed on');
mkdir "$dir/part" or die;
my @lines = split /\n/, Spool::slurp("$kept/small_xtb.json");
my $part = join("\n", @lines[ 0 .. 2 ], $lines[3] =~ s/,\z//r, ']}');
write_file("$dir/part/small_xtb.json", "$part\n");
($e, $out) = calibrate("$dir/set.sdf", '--levels', 'small//xtb', '--out', "$dir/f", '--shieldings', "$dir/part");
is($e, 0, 'the rest is computed') or diag(Spool::slurp("$dir/err"));
is(qx(sqlite3 $dir/f/data/spool/db/queue.db "SELECT count(*) FROM job"), "2\n", 'and no more');
is(of_fit("$dir/f")->{done}, 4, 'all are in the fit');
ok(abs(of_fit("$dir/f")->{'13C'}{slope} - $xtb->{'13C'}{slope}) < 1e-4, 'which is that of one go');
for my $try ([ $part =~ s/"settings":"./"settings":"/r, qr/small_xtb\.json was computed with other settings.*leave --shieldings out/ ],
	[ $part =~ s/"structure":"....../"structure":"abcdef/gr, qr/has none of the structures of set\.sdf; leave --shieldings out/ ],
	[ $part =~ s/"structure":"./"structure":"/r, qr/is damaged: entry 1 of its molecules/ ],
	[ $part =~ s/\A(.*?\n.*?\n)(.*?),\n/$1$2,\n$2,\n/sr, qr/has the same structure twice: entries 1 and 2/ ],
	[ $part =~ s/"environment":"sp3"/"environment":"SP3"/r, qr/is damaged: entry 1/ ], [ $part =~ s/"schema":2/"schema":1/r, qr/another version/ ],
	[ $part =~ s/"shielding":[0-9.]+/"shielding":"x"/r, qr/is damaged: entry 1/ ], [ $part =~ s/"sp3"/"sp3\\"; }"/r, qr/is damaged: entry 1/ ],
	[ $part =~ s/"levels":"[^"]*"/"levels":"both"/r, qr/holds "both", not "small_xtb"/ ], [ 'x', qr/small_xtb\.json is damaged, or no JSON/ ],
	[ $part =~ s/"geometry":"[^"]*",//r, qr/is damaged: entry 1/ ], [ '{}', qr/is no file of shieldings/ ]) {
	write_file("$dir/part/small_xtb.json", $try->[0]);
	($e) = calibrate("$dir/set.sdf", '--levels', 'small//xtb', '--out', "$dir/f", '--shieldings', "$dir/part");
	is($e, 2, 'refused');
	like(Spool::slurp("$dir/err"), $try->[1], 'and why');
}
write_file("$dir/part/small_xtb.json", $part =~ s/"shielding":([0-9.]+)/'"shielding":' . ($1 + 7)/er);
($e) = calibrate("$dir/set.sdf", '--levels', 'small//xtb', '--out', "$dir/f", '--shieldings', "$dir/part");
like(Spool::slurp("$dir/err"), qr/differ by up to 7\.00 ppm for the same structure: what is there is used/, 'two results for one structure are told');
# Its own are there without being asked for, whatever became of its jobs.
my $whole = Spool::slurp("$dir/f/shieldings/small_xtb.json");
system("rm -rf $dir/f/data") == 0 or die;
($e, $out) = calibrate("$dir/set.sdf", '--levels', 'small//xtb', '--out', "$dir/f");
is("$e " . of_fit("$dir/f")->{done}, '0 4', 'its own are taken up');
is(Spool::slurp("$dir/f/shieldings/small_xtb.json"), $whole, 'and stay');
write_file("$dir/f/shieldings/small_xtb.json", $whole =~ s/"settings":"./"settings":"/r);
$pid = fork // die;
if (!$pid) {
	open STDERR, '>', "$dir/err";
	exec $nmr, 'calibrate', "$dir/set.sdf", '--levels', 'small//xtb', '--out', "$dir/f";
}
ok(wait_until(60, sub { -e "$dir/f/data/spool/db/queue.db" }), 'those of other settings are computed again');
kill 'INT', $pid;
waitpid $pid, 0;
my @aside = glob "$dir/f/shieldings/small_xtb.json.*";
like(Spool::slurp("$dir/err"), qr/other settings.*now called \Q$aside[0]\E/, 'and are kept under another name');
($e) = calibrate("$dir/set.sdf", '--levels', 'small//xtb', '--out', "$dir/f", '--shieldings', $dir);
like(Spool::slurp("$dir/err"), qr/has no shieldings of these levels/, 'a folder without them');

# ---- a set that changes
my $elsewhere = [ 'Nothing of it', [ 'C 0 0 0', 'H 0.7 0.6 0.6', 'H -0.6 -0.6 0.6', 'H -0.6 0.6 -0.6', 'H 0.6 -0.6 -0.6' ],
	[ '1 2', '1 3', '1 4', '1 5' ], [ '-2.3 1' ], [ '0.23 2 3 4 5' ] ];
write_file("$dir/else.sdf", record($elsewhere));
($e) = calibrate("$dir/else.sdf", '--levels', 'small//xtb', '--out', "$dir/c");
is($e, 2, 'another set needs another folder');
like(Spool::slurp("$dir/err"), qr/another data set.*none of the structures of else\.sdf; give another --out/, 'and this is said');
# Turned round, without one, a shift corrected, other names, blanks at ends of lines.
my @turned = map { record($_) } @molecules[ 3, 2, 1 ];
$turned[0] =~ s/123\.2 1 2/122.2 1 2/ or die;
s/\A\w+\n/Other name\n/ for @turned[ 1, 2 ];
s/0999 V2000/0999 V2000  /, s/M  END/M  END\r/ for @turned;
write_file("$dir/turned.sdf", join('', @turned));
my $jobs = qx(sqlite3 $dir/c/data/spool/db/queue.db "SELECT count(*) FROM job");
my $kept_file = Spool::slurp("$kept/small_xtb.json");
($e, $out) = calibrate("$dir/turned.sdf", '--levels', 'small//xtb', '--out', "$dir/c");
is($e, 0, 'a corrected set is fitted') or diag(Spool::slurp("$dir/err"));
is(qx(sqlite3 $dir/c/data/spool/db/queue.db "SELECT count(*) FROM job"), $jobs, 'without computing anything again');
my ($carbon) = grep { $_->{molecule} eq 'Ethene' } @{ of_fit("$dir/c")->{'13C'}{points} };
is("$carbon->{record} $carbon->{shift}", '1 122.2', 'by what it says now');
is($carbon->{shielding}, (grep { $_->{molecule} eq 'Ethene' } @{ $xtb->{'13C'}{points} })[0]{shielding}, 'each structure with its own shieldings');
my ($methane) = grep { /"record":null/ } split /\n/, Spool::slurp("$kept/small_xtb.json");
like($methane, qr/"elements":\["C","H","H","H","H"\]/, 'what is not in the set any more stays in the file');
my @numbers = Spool::slurp("$kept/small_xtb.json") =~ /"record":(\w+)/g;
is("@numbers", '1 2 3 null', 'after the others');
($e) = calibrate("$dir/set.sdf", '--levels', 'small//xtb', '--out', "$dir/c");
is(Spool::slurp("$kept/small_xtb.json"), $kept_file, 'and comes back with it');

# What waits is not given up because the set of one start does not have it.
interrupted(sub { jobs_of('1', 'h') == 4 }, '--levels', 'quick', '--out', "$dir/h");
write_file("$dir/first.sdf", record($molecules[0]));
interrupted(sub { jobs_of('state=3', 'h') > 0 }, '--levels', 'quick', '--out', "$dir/h", "$dir/first.sdf");
is(jobs_of('1', 'h'), 4, 'a smaller set hands in nothing');
is(jobs_of('state > 4', 'h'), 0, 'and cancels nothing');
for my $try ([ record($molecules[0]) . record([ 'Copy', @{ $molecules[0] }[ 1 .. 4 ] ]), qr/records 1 \(Methane\) and 2 \(Copy\) have the same structure/ ],
	[ record($molecules[0]) =~ s/M  END\n//r, qr/record 1 \(Methane\): its mol block has no "M  END"/ ]) {
	write_file("$dir/bad.sdf", $try->[0]);
	($e) = calibrate("$dir/bad.sdf", '--levels', 'small//xtb', '--out', "$dir/i");
	is($e, 1, 'refused');
	like(Spool::slurp("$dir/err"), $try->[1], 'and why');
}
write_file("$dir/bad.sdf", join('', map { record($_) =~ s/hand/M  END/r =~ s/\A/M  END /r } @molecules));
($e) = calibrate("$dir/bad.sdf", '--levels', 'small//xtb', '--out', "$dir/c");
is($e, 0, 'a title that looks like an end is none') or diag(Spool::slurp("$dir/err"));
is(Spool::slurp("$kept/small_xtb.json"), $kept_file, 'and belongs to no other structure');

# ---- with a molecule that cannot be computed
($e, $out) = calibrate("$dir/other.sdf", '--levels', 'small//xtb', '--out', "$dir/d", '--shieldings', $kept);
like(Spool::slurp("$dir/err"), qr/4 of 5 molecules are taken from /, 'a set that has grown takes what is there');
is($e, 1, 'not all could be computed');
like($out, qr/without record 5, Bad radical \(job small_xtb_\w{8}_\w{12}\): .{10}/, 'and which is said');
like(Spool::slurp("$dir/d/report.html"), qr/Without these molecules.*Bad radical/s, 'in the report, too');
my $rest = decode_json(Spool::slurp("$dir/d/calibration.json"));
is($rest->{fits}[0]{'13C'}{slope}, $xtb->{'13C'}{slope}, 'the fit is that of the others');

# ---- offsets: a set of eight, with shieldings that are made up
# Normal equations by elimination: slope, intercept, offsets of kinds, which two more
# points hold at zero.
sub with_offsets {
	my @p = @_;
	my @kinds = sort keys %{ { map { $_->{environment} => 1 } @p } };
	my $row = sub { my ($q) = @_; return ($q->{shielding} - 100, 1, map { $_ eq $q->{environment} ? 1 : 0 } @kinds) };
	my @a;
	for my $q (@p) {
		my @x = $row->($q);
		for my $i (0 .. $#x) {
			$a[$i][$_] += $x[$i] * $x[$_] for 0 .. $#x;
			$a[$i][ $#x + 1 ] += $x[$i] * $q->{shift};
		}
	}
	$a[$_][$_] += 2 for 2 .. $#a;
	for my $i (0 .. $#a) {
		for my $r (grep { $_ != $i } 0 .. $#a) {
			my $f = $a[$r][$i] / $a[$i][$i];
			$a[$r][$_] -= $f * $a[$i][$_] for $i .. $#a + 1;
		}
	}
	my @w = map { $a[$_][ $#a + 1 ] / $a[$_][$_] } 0 .. $#a;
	my %offset;
	@offset{@kinds} = @w[ 2 .. $#w ];
	return sub { my ($q) = @_; return $w[0] * ($q->{shielding} - 100) + $w[1] + ($offset{ $q->{environment} } // 0) }, $w[0], \%offset;
}
my (@made, @entries_of);
for my $i (0 .. 8) {
	my @m = @{ $molecules[ $i % 2 ] };
	my ($kind, $x) = $i % 2 ? ('sp3-X', 140 - 3 * $i) : ('sp3', 190 - 5 * $i);
	$m[0] = "Made $i";
	$m[1] = [ @{ $m[1] } ];
	$m[1][0] = "C 0 0 0.0$i";
	$m[3] = [ sprintf '%.2f 1', 185 - 0.97 * $x + ($i % 2 ? 3 : -1) + 0.3 * sin(7 * $i) ];
	$m[4] = $i % 2 ? [ "3.4$i 3 4 5" ] : [ "0.2$i 2 3 4 5" ];
	push @made, my $text = record(\@m);
	my ($block) = $text =~ /\A(?:.*\n){3}((?:.*\n)*?M  END\n)/;
	$block =~ s/[ \t]+$//mg;
	my $elements = join ',', map { '"' . substr($_, 0, 1) . '"' } @{ $m[1] };
	my $hydrogens = $i % 2 ? '3,4,5' : '2,3,4,5';
	push @entries_of, sprintf('{"record":null,"structure":"%s","cpu_s":1.0,"molecule":{"elements":[%s]},"level":{"preset":"small_xtb","solvent":"chcl3",'
		. '"geometry":"g","programs":{}},"shifts":{"1H":[{"atoms":[%s],"shielding":%s,"environment":"%s"}],"13C":[{"atoms":[1],"shielding":%s,"environment":"%s"}]}}',
		sha256_hex($block), $elements, $hydrogens, ($i % 2 ? 28 : 31) + 0.2 * sin(5 * $i), $kind, $x, $kind);
}
write_file("$dir/made.sdf", join '', @made);
mkdir "$dir/made" or die;
write_file("$dir/made/small_xtb.json", "$lines[0]\n\"molecules\":[\n" . join(",\n", @entries_of) . "\n]}\n");
($e, $out) = calibrate("$dir/made.sdf", '--levels', 'small//xtb', '--out', "$dir/j", '--shieldings', "$dir/made");
is($e, 0, 'nine molecules') or diag(Spool::slurp("$dir/err"));
my $carbons = of_fit("$dir/j")->{'13C'};
my @p = @{ $carbons->{points} };
my ($by_all, $its_slope, $offset) = with_offsets(@p);
ok(abs($its_slope - $carbons->{slope}) < 1e-6, 'carbons have a line');
is(join(' ', map { sprintf '%s %.5f', $_->{environment}, $_->{offset} } sort { $a->{environment} cmp $b->{environment} } @{ $carbons->{kinds} }),
	join(' ', map { sprintf '%s %.5f', $_, $offset->{$_} } sort keys %$offset), 'and an offset for each kind');
is(scalar(grep { abs($_->{error} - ($by_all->($_) - $_->{shift})) > 1e-6 } @p), 0, 'which are its errors');
my $theirs = sqrt(sum(map {
	my $q = $_;
	my @others = grep { $_->{molecule} ne $q->{molecule} } @p;
	my ($by_others) = with_offsets(@others);
	($by_others->($q) - $q->{shift})**2
} grep { $_->{environment} eq 'sp3' } @p));
ok(abs($theirs - sqrt(sum(map { $_->{lomo}**2 } grep { $_->{environment} eq 'sp3' } @p))) < 1e-6, 'and each molecule by the others');
ok($carbons->{lomo} < $carbons->{line_alone}{lomo}, 'better than the line alone');
is_deeply([ grep { $_->{offset} } @{ of_fit("$dir/j")->{'1H'}{kinds} } ], [], 'hydrogens have none');
like($out, qr/^13C .*\n    \+ offset: sp3 -[\d.]+ sp3-X \+[\d.]+ \(the line alone: RMSD /m, 'the table tells them');
is(scalar(() = Spool::slurp("$dir/j/scaling.conf") =~ /offset = /g), 2, 'and the factors have them');
# Shifts that are not what they should be: the spooler would refuse such factors.
write_file("$dir/flat.sdf", join '', map { s/(EXPERIMENTAL_13C>\n)(\S+)/$1 . 0.4 * $2/er } @made);
($e, $out) = calibrate("$dir/flat.sdf", '--levels', 'small//xtb', '--out', "$dir/flat", '--shieldings', "$dir/made");
is($e, 0, 'a flat line is fitted') or diag(Spool::slurp("$dir/err"));
like($out, qr/^13C, small: not in scaling\.conf, for its slope is -0\.\d+, not between -1\.5 and -0\.5: see whether/m, 'and said to be none');
like(of_fit("$dir/flat")->{'13C'}{fault}, qr/^its slope is/, 'with the reason');
is(join(' ', Spool::slurp("$dir/flat/scaling.conf") =~ /nucleus = "(\w+)"/g), '1H', 'its factors are not written');

# ---- its factors, as it wrote them
system("cp $dir/j/scaling.conf $share/scaling.conf") == 0 or die;
sub predict {
	my $json = qx($nmr predict @_ --json 2>$dir/err);
	return eval { decode_json($json) } // do { diag(Spool::slurp("$dir/err")); {} };
}
my $r = predict('CO', '--preset', 'quick', '--mode', 'single');
is($r->{level}{calibration}{'13C'}{kind}, 'scaled', 'serve a prediction');
ok(abs($r->{shifts}{'13C'}[0]{shift} - ($carbons->{slope} * $r->{shifts}{'13C'}[0]{shielding} + $carbons->{intercept} + $offset->{'sp3-X'})) < 0.01,
	'by their line and the offset of its kind');
my ($oh, $ch3) = map { my $t = $_; grep { $_->{type} eq $t } @{ $r->{shifts}{'1H'} } } qw(OH CH3);
ok($ch3->{uncertainty} > 0, 'with an uncertainty');
ok(!defined $oh->{uncertainty} && $oh->{uncertainty_reason} =~ /exchangeable/, 'but not for OH');
my $dmso = predict('CO', '--preset', 'quick', '--mode', 'single', '--solvent', 'DMSO');
ok((grep { $_->{code} eq 'transferred' } @{ $dmso->{warnings} }), 'a warning in another solvent');
done_testing;
