#!/usr/bin/perl
# The command line with the real engines: predict prints its table; submit goes
# through the door; status, show, cancel and retry answer; doctor is content.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use JSON::PP;
use File::Temp qw(tempdir);
use Spool;

my $nmr = "$Spool::BIN/nmr";
my $dir = tempdir(CLEANUP => 1);
my $out = qx($nmr predict C --preset draft --out $dir 2>$dir/err);
is($?, 0, 'predict ends with 0') or diag(Spool::slurp("$dir/err"));
like($out, qr/13C|¹³C/, 'the table has carbons');
like($out, qr/1H|¹H/, 'and hydrogens');
unlike($out, qr/uncalibrated/i, 'which are calibrated');

my $s = Spool->new->start;
my $d = "--data $s->{data}";

# What a command prints with --json; {} when it failed.
sub ask {
	my $text = qx($nmr @_ $d --json 2>$dir/err);
	return eval { decode_json($text) } // {};
}
my $end = time + 60;
select undef, undef, undef, 0.2 until time > $end || eval { ask('status')->{spooler}{running} };
my $id = qx($nmr submit $d CCO --name "my ethanol" --preset draft --json);
is($?, 0, 'submit ends with 0');
my $j = eval { decode_json($id) } // {};
like($j->{id} // '', qr/^[0-9a-f]{12}$/, 'and tells the id');
$end = time + 60;
my $show = {};
while (time < $end && !($show->{state} // '')) {
	$show = ask('show', $j->{id});
	select undef, undef, undef, 0.3;
}
is($show->{name}, 'my ethanol', 'show knows its name');
is($show->{options}{preset}{value}, 'draft', 'and its preset');
qx($nmr cancel $d $j->{id} 2>&1);
is($?, 0, 'cancel ends with 0');
$show = ask('show', $j->{id});
is($show->{state}, 'cancelled', 'the job is cancelled');
my $status = ask('status');
is(scalar(grep { $_->{id} eq $j->{id} } @{ $status->{jobs} // [] }), 1, 'status lists it');
qx($nmr doctor $d > $dir/doctor 2>&1);
like(Spool::slurp("$dir/doctor"), qr/NWChem/, 'doctor knows NWChem');
isnt(system("$nmr show $d ffffffffffff >/dev/null 2>&1"), 0, 'an unknown job is an error');
is($s->stop, 0, 'the spooler ends cleanly');
done_testing;
