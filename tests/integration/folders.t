#!/usr/bin/perl
# Folders of the inbox with ways of their own: a longer quiet time, polling, markers;
# folders that this machine serves to others; and that "nmr doctor" tells of each.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use JSON::PP;
use File::Path qw(make_path);
use Replay;
use Time::HiRes qw(sleep time);
use Upkeep;

sub conf { my ($s, $text) = @_; write_file("$s->{data}/nmr.conf", $text); $s->{env}{NMR_CONF} = "$s->{data}/nmr.conf"; }
sub until_true { my ($fn) = @_; my $end = time + 60; sleep 0.05 until $fn->() || time > $end; return $fn->() ? 1 : 0; }
sub doctor {
	my ($s) = @_;
	local %ENV = (%ENV, %{ $s->{env} });
	my $doc = decode_json(scalar `$s->{bin}/nmr --data $s->{data} doctor --json 2>/dev/null`);
	return join "\n", map { $_->{text} } grep { $_->{topic} eq 'inbox' } @{ $doc->{checks} };
}

my $s = Replay->new(env => { NMR_QUIET_S => 0.2, NMR_QUIET_REMOTE_S => 0.4, NMR_SCAN_REMOTE_S => 0.3, NMR_SCAN_S => 60,
	NMR_EMPTY_REPORT_S => 0.5, NMR_STATUS_S => 1 });
conf($s, <<'END');
hot = {
	slow = { quiet_s = 6.0; };
	far = { watch = "poll"; };
	scanner = { solvent = "D2O"; markers = true; quiet_s = 0.1; };
};
END
$s->start;
ok(until_true(sub { -d "$s->{data}/inbox/scanner" && -e $s->out('QUEUE.html') }), 'the folders are made');
like(Spool::slurp("$s->{data}/inbox/README.txt"), qr/scanner  \(a file is taken once its \.done is there\)/, 'README.txt tells of markers');

my $told = doctor($s);
like($told, qr/^the inbox: new files are noticed at once \(a local filesystem\); a file is taken once it has been still for 0\.2 s$/m, 'doctor: the inbox');
like($told, qr/^inbox\/slow: .*still for 6 s$/m, 'doctor: a quiet time');
like($told, qr/^inbox\/far: new files are found by polling \(nmr\.conf says so\)/m, 'doctor: polled');
like($told, qr/^inbox\/scanner: .*its \.done/m, 'doctor: markers');

$s->drop('slow/a.smi', "C a\n");
$s->drop('quick.smi', "C quick\n");
is($s->wait_for('quick', 60), 'done', 'a file beside it is done');
is($s->wait_for('a', 60), 'done', 'and then the one of the slow folder');
my %at = map { /^ts=\S*?(\d\d):(\d\d):(\d\d)Z.*event=accepted .*file=(\S+)/ ? ($4 => $1 * 3600 + $2 * 60 + $3) : () } split /\n/, $s->log_text;
cmp_ok($at{'slow/a.smi'} - $at{'quick.smi'}, '>=', 4, 'which was left alone for longer');

$s->drop('far/b.smi', "C b\n");
is($s->wait_for('b', 60), 'done', 'a polled folder');

$s->drop('scanner/c.smi', "C c\n");
$s->drop('other.smi', "C other\n");
is($s->wait_for('other', 60), 'done', 'time goes by');
ok(-e "$s->{data}/inbox/scanner/c.smi", 'a file without its marker is left alone');
is($s->wait_for('c', 60), 'failed', 'after a while this is told');
like($s->failed_text('c'), qr/marker/, 'in words');
$s->drop('scanner/c.smi.done', '');
ok(until_true(sub { -d $s->out('c') }), 'the marker lets it go');
ok(until_true(sub { !-e "$s->{data}/inbox/scanner/c.smi.done" && !-e "$s->{data}/inbox/scanner/c.smi" }), 'and goes with it');
ok(until_true(sub { !-d $s->out('c.failed') }), 'the words about it are gone');

# An old marker vouches for nothing that was written later.
$s->drop('scanner/d.done', '');
sleep 0.05;
$s->drop('scanner/d.smi', "C d\n");
$s->drop('other2.smi', "C other2\n");
is($s->wait_for('other2', 60), 'done', 'time goes by');
ok(-e "$s->{data}/inbox/scanner/d.smi", 'a marker older than its file does not count');
$s->drop('scanner/d.conf', "solvent = CDCl3\n");
utime undef, undef, "$s->{data}/inbox/scanner/d.done";
ok(until_true(sub { -d $s->out('d') }), 'renewed it does, and a ticket comes along');
like(Spool::slurp($s->out('d') . '/SI.txt') . Spool::slurp($s->out('d') . '/shifts.json'), qr/ticket scanner\/d\.conf/, 'with its options');
ok(until_true(sub { !glob "$s->{data}/inbox/scanner/*" }), 'nothing is left there');
# One marker for two files of a name: both go, the marker with the last.
$s->drop('scanner/pair.mol', "C pair\n");
sleep 0.3;
$s->drop('scanner/pair.sdf', "CC pair\n");
$s->drop('scanner/pair.done', '');
ok(until_true(sub { -d $s->out('pair') && -d $s->out('pair-2') }), 'two files with one marker are both taken');
ok(until_true(sub { !glob "$s->{data}/inbox/scanner/*" }), 'and it goes with the last');
$s->drop('scanner/lone.done', '');
ok(until_true(sub { Spool::slurp((glob $s->out('lone*.failed/FAILED.txt'))[0] // '') =~ /no file of that name/ }), 'a marker without a file is told about');
is($s->stop, 0, 'it ends');

# Words that make no sense are refused with the place.
for my $c ([ 'quiet_s = "x"', qr/quiet_s/ ], [ 'watch = "often"', qr/watch.*poll/ ], [ 'markers = 3', qr/markers.*true or false/ ]) {
	my $b = Replay->new;
	conf($b, "hot = { a = { $c->[0]; }; };\n");
	my $st = $b->start->wait_exit(30);
	isnt($st, 0, "$c->[0]: refused");
	like($b->log_text, $c->[1], 'with the reason');
}
done_testing;
