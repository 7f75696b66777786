#!/usr/bin/perl
# Bad input: each kind gets its own FAILED.txt with the expected words, and none
# stops the others. One good file among them is published last.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Spool;
use Ethanol;

# name, content, words that FAILED.txt must have
my $png = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0";
my @bad = (
	[ 'word.docx', "PK\3\4\x14\0\6\0\x08\0\0\0!\0[Content_Types].xml" . "word/document.xml" . ("\0" x 64), qr/Save As|MDL|Word|zip/i ],
	[ 'paper.pdf', "%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", qr/PDF/ ],
	[ 'picture.png', $png . ("\0" x 100), qr/picture|image/i ],
	[ 'photo.jpg', "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0", qr/picture|image/i ],
	[ 'drawing.cdx', "VjCD0100\4\3\2\1" . ("\0" x 16), qr/ChemDraw/ ],
	[ 'gauss.gjf', "%chk=a.chk\n# B3LYP/6-31G(d) opt\n\ntitle\n\n0 1\nC 0.0 0.0 0.0\nH 0.0 0.0 1.1\n\n", qr/Gaussian/ ],
	[ 'page.html', "<!DOCTYPE html><html><body>hi</body></html>", qr/HTML|web page/i ],
	[ 'rich.rtf', "{\\rtf1\\ansi hello}", qr/RTF|Rich Text|Word/i ],
	[ 'noise.mol', join('', map { chr(($_ * 197 + 13) % 256) } 0 .. 400), qr/binary file/ ],
	[ 'broken.smi', "CC(C\n", qr/SMILES/ ],
	[ 'ring.smi', "C1CCC\n", qr/SMILES/ ],
	[ 'valence.smi', "C(C)(C)(C)(C)C five\n", qr/valence|bonds/i ],
	[ 'radical.smi', "C[CH2] ethyl\n", qr/radical|unpaired/i ],
	[ 'sodium.smi', "CC(=O)[O-].[Na+] salt\n", qr/component = largest/ ],
	[ 'mixture.smi', "CCO.CCN mixture\n", qr/component = largest/ ],
	[ 'metal.smi', "[Fe] iron\n", qr/Fe|iron|metal/i ],
	[ 'selenium.smi', "C[Se]C\n", qr/Se/ ],
	[ 'bromide.smi', "CBr\n", qr/Br/, "preset = production\n" ],
	[ 'rgroup.smi', "[*]CC attachment\n", qr/attachment|R group|placeholder/i ],
	[ 'query.mol', "q\n  hand\n\n  2  1  0  0  0  0  0  0  0  0999 V2000\n    0.0 0.0 0.0 C   0  0\n    1.5 0.0 0.0 A   0  0\n  1  2  1  0\nM  END\n", qr/query|any atom|placeholder|R group/i ],
	[ 'short.mol', "x\n  hand\n\n  3  2  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 C   0  0\n", qr/cut|short|end|incomplete|read/i ],
	[ 'reaction.rxn', "\$RXN\n\n\n\n  1  1\n\$MOL\n", qr/reaction/i ],
	[ 'big.smi', ('C' x 400) . " long\n", qr/atoms/ ],
	[ 'huge.smi', ('C' x 20000) . " huge\n", qr/20000 atoms/ ],
	[ 'zero.mol', "x\n  hand\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n", qr/atom/ ],
	[ 'badinchi.inchi', "InChI=1S/C2H6O/c1-2-9/h3H\n", qr/InChI/ ],
	[ 'badxyz.xyz', "3\ncut\nC 0 0 0\nH 0 0 1.1\n", qr/xyz/i ],
	[ 'charge.smi', "CCO ethanol\n", qr/charge|electron/i, "charge = 1\n" ],
	[ 'ticket.smi', "CCO ethanol\n", qr/solvnt.*solvent/s, "solvnt = CDCl3\n" ],
	[ 'solvent.smi', "CCO ethanol\n", qr/petrol.*chcl3/s, "solvent = petrol\n" ],
	[ 'preset.smi', "CCO ethanol\n", qr/draft/, "preset = quick\n" ],
	[ 'flat.smi', "CCO ethanol\n", qr/3D|coordinates/i, "geometry = keep\n" ],
	[ 'temp.smi', "CCO ethanol\n", qr/temperature/i, "temperature = cold\n" ],
	[ 'prose.txt', "Dear Anna, please find the molecule attached. Best wishes, Otto\n", qr/SMILES|structure/i ],
	[ 'archive.zip', "PK\3\4\x14\0\0\0\x08\0" . ("\0" x 60), qr/zip|archive/i ],
);

my $s = Spool->new(env => { NMR_QUIET_S => '0.2' })->start;
for my $b (@bad) {
	(my $stem = $b->[0]) =~ s/\.\w+$//;
	$s->drop("$stem.conf", $b->[3]) if $b->[3];
	$s->drop($b->[0], $b->[1]);
}
# Not even the right bytes in a name stop the others.
$s->drop("na\xffme <b>.smi", "not a smiles at all (\n");
for my $b (@bad) {
	(my $stem = $b->[0]) =~ s/\.\w+$//;
	# A structure's extension is dropped from the folder's name, any other stays.
	my $name = (grep { -d $s->out("$_.failed") } $stem, $b->[0])[0] // $stem;
	my $end = time + 180;
	while (time < $end && !-d $s->out("$name.failed")) {
		select undef, undef, undef, 0.1;
		$name = (grep { -d $s->out("$_.failed") } $stem, $b->[0])[0] // $stem;
	}
	ok(-d $s->out("$name.failed"), "$b->[0] is refused") or diag($s->log_text =~ /(.*\Q$stem\E.*)/);
	my $text = $s->failed_text($name);
	like($text, $b->[2], "$b->[0] says why");
	like($text, qr/retry/, "$b->[0] says how to try again");
}
my @odd = glob $s->out('na*.failed');
is(scalar @odd, 1, 'the name of broken bytes has its refusal too');
is_deeply([ grep { -f $_ && !/README/ } glob "$s->{data}/inbox/*" ], [], 'no file is left in the inbox');
is($s->stop, 0, 'the spooler ends cleanly');
done_testing;
