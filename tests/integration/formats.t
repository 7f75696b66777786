#!/usr/bin/perl
# The main job with the real engines: ethanol in six formats gives the same
# shifts, and the later ones run no engine again. A file of 20 records gives 20
# folders and a summary.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Spool;
use Ethanol;

my $s = Spool->new(env => { NMR_DEFAULTS => 'preset = "draft";' })->start;
my $T = 900;

$s->drop('ethanol-smi.smi', $Ethanol::FORMAT{'ethanol-smi.smi'});
is($s->wait_for('ethanol-smi', $T), 'done', 'ethanol from SMILES is published') or BAIL_OUT($s->log_text);
my $first = scalar(my @a = $s->engines_started);
cmp_ok($first, '>', 2, 'engines ran');
ok(!-e $s->{data} . '/inbox/ethanol-smi.smi', 'the file is taken from the inbox');
my $doc = $s->shifts('ethanol-smi');
for my $f (qw(report.html shifts.csv shifts.json shieldings.csv SI.txt spectrum-1H.svg spectrum-1H.png
	      spectrum-13C.svg spectrum-13C.png structure.svg structure.png geometry.xyz geometry.sdf
	      conformers.sdf nmredata.sdf spectrum-1H.jdx spectrum-13C.jdx provenance.json input/ethanol-smi.smi)) {
	ok(-s $s->out("ethanol-smi/$f"), "outbox has $f");
}
ok(glob($s->out('ethanol-smi') . '/raw/*/output.txt'), 'raw outputs are there');
my @c = @{ $s->shift_list('ethanol-smi', '13C') };
my @h = @{ $s->shift_list('ethanol-smi', '1H') };
is(scalar @c, 2, 'two carbons');
is(scalar @h, 6, 'six hydrogens');
cmp_ok(abs($c[0] - 58.4), '<', 6, "C-O near 58.4: $c[0]");
cmp_ok(abs($c[1] - 18.2), '<', 6, "CH3 near 18.2: $c[1]");
my $ch3 = (grep { $_->{type} eq 'CH3' } @{ $doc->{shifts}{'1H'} })[0];
is_deeply([ scalar @{ $ch3->{atoms} } ], [3], 'the methyl hydrogens are one entry');
my $pop = 0;
$pop += $_->{population} for @{ $doc->{conformers} };
cmp_ok(abs($pop - 1), '<', 1e-6, 'populations add up to one');

for my $file (sort grep { !/smi$/ } keys %Ethanol::FORMAT) {
	(my $name = $file) =~ s/\.\w+$//;
	$s->drop($file, $Ethanol::FORMAT{$file});
	is($s->wait_for($name, 120), 'done', "$file is published") or diag($s->failed_text($name));
	for my $n ([ '1H', 0.05, \@h ], [ '13C', 0.2, \@c ]) {
		my @got = @{ $s->shift_list($name, $n->[0]) };
		my $worst = @got == @{ $n->[2] } ? 0 : 999;
		for my $i (0 .. $#got) {
			my $d = abs($got[$i] - ($n->[2][$i] // 999));
			$worst = $d if $d > $worst;
		}
		cmp_ok($worst, '<=', $n->[1], "$file: $n->[0] shifts agree");
	}
}
is(scalar(my @b = $s->engines_started), $first, 'no engine ran again for the other formats');

# Twenty records of a few small molecules.
my @smiles = ('C', 'CC', 'CCO', 'C=O', 'C#N');
my $smi = join '', map { "$smiles[$_ % @smiles] mol$_\n" } 0 .. 19;
$s->drop('twenty.smi', $smi);
my $end = time + $T;
my @done;
while (time < $end) {
	@done = grep { !/\.running$/ } glob($s->out('twenty') . '/*-mol*');
	last if @done == 20;
	sleep 1;
}
is(scalar @done, 20, 'twenty records, twenty folders') or diag(join "\n", @done);
sleep 12;
my @rows = split /\r?\n/, Spool::slurp($s->out('twenty') . '/summary.csv');
is(scalar @rows, 21, 'summary.csv has a line for each record');
is(scalar(grep { /mol7/ } @rows), 1, 'and names them');

is($s->stop, 0, 'SIGTERM ends the spooler cleanly');
is_deeply([ $s->processes ], [], 'and leaves no process behind');
done_testing;
