#!/usr/bin/perl
# What the search for conformers tells. Those that are no longer the molecule after an
# optimisation count like those that could not be computed: the engines are replayed, and the comparison of geometries says of
# the second of two conformers what the test wants.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use File::Temp qw(tempdir);
use Replay;

my $from = Replay::bin();
my @coords = map { '[' . join(',', map { "[$_]" } '0,0,0', "-0.60924,0.89034,-0.1703$_", '-0.49063,-0.86775,-0.44631', '0.98225,0.13802,-0.4572', '0.11761,-0.16061,1.0739') . ']' } 1, 2;
my $keep = sub { join ',', map { qq({"id":$_,"degeneracy":1,"sigma":1,"chiral":false,"merged":[]}) } @_ };

sub program {
	my ($path, $text) = @_;
	open my $f, '>', $path or die "$path: $!";
	print $f $text;
	close $f or die "$path: $!";
	chmod 0755, $path;
}

# at: the comparison, counted from 1, from which on the second conformer has changed. made:
# geometries of the molecule within the window; two of them are conformers that no other found.
sub spool {
	my ($at, $made) = @_;
	my $generated = $made + 5;
	my $dir = tempdir('nmr-changed-XXXXXX', TMPDIR => 1, CLEANUP => 1);
	mkdir "$dir/real" or die;
	for my $p (qw(nmr-spooler nmr-exec nmr nmr-render nwchem real/xtb)) {
		(my $name = $p) =~ s{.*/}{};
		link "$from/$name", "$dir/$p" or die "$p: $!";
	}
	symlink readlink("$from/replay"), "$dir/real/replay" or die;
	# The second conformer is 1.26 kcal/mol lower, if that is asked for.
	program("$dir/xtb", <<"X");
#!/bin/sh
if [ -e $dir/lower ] && grep -q -- '-0.17032' "\$1"; then
	$dir/real/xtb "\$@" | sed 's/-4\.17601/-4.17801/'
	exec sed -i 's/-4\.17601/-4.17801/' xtbopt.xyz
fi
exec $dir/real/xtb "\$@"
X
	symlink readlink("$from/replay"), "$dir/replay" or die;
	program("$dir/nmr-mol", <<"M");
#!/bin/sh
case \$1 in
conformers)
	echo '{"ok":true,"method":"KDG, then MMFF94s","generated":$generated,"other":2,"beyond":3,"once":2,"conformers":[{"id":1,"coords":$coords[0]},{"id":2,"coords":$coords[1]}],"warnings":[]}' > out.json ;;
cluster)
	echo >> $dir/compared
	if [ \$(wc -l < $dir/compared) -ge $at ]; then
		echo '{"ok":true,"keep":[@{[$keep->(1)]}],"dropped":[{"id":2,"code":"bonds-changed","text":"A bond was made."}]}' > out.json
	else
		echo '{"ok":true,"keep":[@{[$keep->(1, 2)]}],"dropped":[]}' > out.json
	fi ;;
*)
	exec $from/nmr-mol "\$@" ;;
esac
M
	my $s = Spool->new(env => { Replay::env($dir), NMR_STATUS_S => 1, NMR_DEFAULTS => 'preset = "production"; mode = "ensemble";' });
	$s->{bin} = $dir;
	return $s->start;
}

sub warning { my ($doc, $code) = @_; return (map { $_->{text} } grep { $_->{code} eq $code } @{ $doc->{warnings} })[0] // '' }
sub lost { my ($doc, $stage) = @_; return (map { $_->{population_lost} } grep { $_->{stage} eq $stage } @{ $doc->{conformer_search} })[0] }

{
	my $s = spool(2, 10);
	$s->drop('m.smi', "C m\n");
	is($s->wait_for('m', 200), 'failed', 'half of the population changes in the last optimisation: too much') or diag($s->log_text);
	my $why = $s->failed_text('m');
	$why =~ s/\s+/ /g;
	like($why, qr/does not keep its structure.*A bond was made\. The others hold 50 % of the population, and at least 90 % are asked for/, 'why');
	like($why, qr/population_min = 0\.5"/, 'and what to do');
	$s->drop('less.smi.conf', "population_min = 0.5\n");
	$s->drop('less.smi', "C less\n");
	is($s->wait_for('less', 200), 'done', 'with that it is computed') or diag($s->failed_text('less'));
	my $doc = $s->shifts('less');
	is(scalar @{ $doc->{conformers} }, 1, 'from the other');
	like(warning($doc, 'bonds-changed'), qr/Conformer 2 was left out: A bond was made\. It held about 50 % of the population\./, 'it is told');
	is(lost($doc, 'optimise'), 0.5, 'and noted as lost');
	is(warning($doc, 'no-crest'), '', 'the search found most geometries more than once');
	is($s->stop, 0, 'it ends');
}
{
	my $s = spool(1, 9);
	$s->drop('m.smi', "C m\n");
	is($s->wait_for('m', 200), 'done', 'before there are energies nobody knows what it holds') or diag($s->failed_text('m'));
	my $doc = $s->shifts('m');
	like(warning($doc, 'bonds-changed'), qr/Conformer 2 was left out: A bond was made\.$/, 'it is told');
	is(lost($doc, 'rank'), 0, 'and nothing is counted');
	is(warning($doc, 'other-form-lower'), '', 'it was no lower than the other');
	like($doc->{methods_text}, qr/generated with KDG, and relaxed with MMFF94s,/, 'what made the conformers is named as it was');
	like(warning($doc, 'no-crest'), qr/^Of 9 geometries within the search's window, 2 are conformers that no other one found: there are more.* CREST/,
		'more than one in five geometries found something new: there is more');
	$s->drop('one.smi.conf', "mode = single\n");
	$s->drop('one.smi', "C one\n");
	is($s->wait_for('one', 200), 'done', 'one conformer') or diag($s->failed_text('one'));
	like(warning($s->shifts('one'), 'search-unfinished'), qr/^Of 9 .*important ones may be missing\.$/, 'has the warning too');
	program("$s->{bin}/lower", '');
	$s->drop('low.smi.conf', "solvent = DMSO-d6\n");
	$s->drop('low.smi', "C low\n");
	is($s->wait_for('low', 200), 'done', 'the changed one is the lowest') or diag($s->failed_text('low'));
	like(warning($s->shifts('low'), 'other-form-lower'),
		qr/conformer 2, which is no longer the molecule as drawn, lies 1\.3 kcal\/mol below the lowest that is/, 'which is told');
	is($s->stop, 0, 'it ends');
}
done_testing;
