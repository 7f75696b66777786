#!/usr/bin/perl
# scripts/backup without Docker: the whole service into one file while it works, and back.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Cwd qw(abs_path);
use Replay;
use Upkeep;

my $s = Replay->new->start;
my $script = abs_path('scripts/backup');
my $file = "$s->{data}.tar.gz";
my $back = "$s->{data}-back";
$ENV{PATH} = "$s->{bin}:$ENV{PATH}";
$ENV{NMR_SHARE} = $s->{env}{NMR_SHARE};

sub backup { my ($data, @words) = @_; local $ENV{DATA} = $data; my $said = `$script @words 2>&1`; return ($? >> 8, $said) }

$s->drop('first.smi', "C first\n");
is($s->wait_for('first', 60), 'done', 'a job is done');
# A name that breaks lists of lines, and one that is not ours.
write_file($s->out('first') . "/a\nb.txt", 'x');
mkdir "$s->{data}/outbox/.tmp-half";
chmod 0777, "$s->{data}/outbox";
my $run = 1;
my $pid = fork() // die;
if (!$pid) {
	# Folders come and go meanwhile.
	for my $n (1 .. 400) { mkdir "$s->{data}/outbox/flicker"; write_file("$s->{data}/outbox/flicker/x", 'x'); unlink "$s->{data}/outbox/flicker/x"; rmdir "$s->{data}/outbox/flicker"; select undef, undef, undef, 0.002 }
	require POSIX;
	POSIX::_exit(0);
}
$s->drop('late.smi', "C late\n");
my ($status, $said) = backup($s->{data}, 'save', $file);
is($status, 0, 'saved while it works') or diag $said;
waitpid $pid, 0;
unlike($said, qr/another/, 'inbox and outbox are the usual ones');
ok(!-e "$s->{data}/spool/.backup", 'nothing is left in the spool');
($status, $said) = backup($s->{data}, 'restore', $file);
is($status, 3, 'never over a queue');
like($said, qr/nothing was changed/, 'in words');

mkdir $back; mkdir "$back/outbox"; chmod 02770, "$back/outbox";
($status, $said) = backup($back, 'restore', $file);
is($status, 0, 'restored') or diag $said;
is((stat "$back/outbox")[2] & 07777, 02770, 'a folder that was there keeps its rights');
is(Spool::slurp("$back/outbox/first/shifts.json"), Spool::slurp($s->out('first') . '/shifts.json'), 'with its results');
ok(-e "$back/outbox/first/a\nb.txt", 'whatever they are called');
ok(!-e "$back/outbox/.tmp-half", 'and no half ones');
is($s->stop, 0, 'the spooler ends');

my $other = Replay->new;
$other->{data} = $back;
$other->start;
is($other->wait_for('first', 30), 'done', 'the queue is there');
# Taken or not when the backup was made: it is not lost.
ok(wait_until(60, sub { glob "$back/outbox/late*/shifts.json" }), 'and a file that came meanwhile') or diag $other->log_text;
is($other->stop, 0, 'it ends');

# Folders elsewhere are named, not silently left out.
{
	local $ENV{NMR_OUTBOX} = "$s->{data}-elsewhere";
	($status, $said) = backup($s->{data}, 'save', "$file.2");
	like($said, qr/another outbox than/, 'an outbox elsewhere is told about');
}
($status, $said) = backup("$s->{data}-none", 'save', "$file.3");
isnt($status, 0, 'no data folder: no backup');
ok(!-e "$file.3", 'and no file');
unlink $file, "$file.2";
system 'rm', '-rf', $back;
done_testing;
