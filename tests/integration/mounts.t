#!/usr/bin/perl
# A share mounted below the inbox: noticed when it comes, polled, and waited for by its
# own worker alone when its server no longer answers. The share is a real FUSE mount
# (bindfs); a server that is down is its process, stopped by a signal.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Replay;
use Time::HiRes qw(sleep time);
use Upkeep;

my @unshare = qw(unshare --mount --propagation private);
plan skip_all => 'needs root: mounts' if $> != 0;
plan skip_all => 'needs /dev/fuse' if !-e '/dev/fuse';
plan skip_all => 'needs mount namespaces' if !$ENV{NMR_TEST_UNSHARED} && system("@unshare true 2>/dev/null") != 0;
exec @unshare, $^X, $0, @ARGV if !$ENV{NMR_TEST_UNSHARED}++;

my %quick = (NMR_QUIET_S => 0.2, NMR_QUIET_REMOTE_S => 0.5, NMR_SCAN_REMOTE_S => 0.5, NMR_HUNG_S => 1,
	NMR_EMPTY_REPORT_S => 3, NMR_STATUS_S => 1, NMR_SCAN_S => 60);
my @servers;

sub until_true { my ($s, $fn, $limit) = @_; my $end = time + ($limit // 60); sleep 0.05 until $fn->() || time > $end; return $fn->() ? 1 : 0; }
sub says { my ($s, $re) = @_; return until_true($s, sub { $s->log_text =~ $re }); }
sub queue_page { my ($s) = @_; return Spool::slurp($s->out('QUEUE.html')) =~ s/\s+/ /gr; }
sub drop_at {
	my ($dir, $name, $content) = @_;
	open my $f, '>', "$dir/$name" or die "$dir/$name: $!";
	print $f $content;
	close $f;
}

# Returns the process that serves the mount.
sub serve {
	my ($behind, $at) = @_;
	make_path($behind, $at);
	my $pid = fork() // die;
	if (!$pid) {
		open STDERR, '>', '/dev/null';
		exec 'bindfs', '-f', $behind, $at or die "bindfs: $!";
	}
	push @servers, $pid;
	sleep 0.02 until system('mountpoint', '-q', $at) == 0;
	return $pid;
}
sub unserve { my ($pid, $at) = @_; system('umount', '-l', $at); kill $_, $pid for qw(CONT TERM); waitpid $pid, 0; }

my $behind = tempdir('nmr-share-XXXXXX', TMPDIR => 1, CLEANUP => 1);
{
	my $s = Replay->new(env => { %quick })->start;
	my $at = "$s->{data}/inbox/lab";
	ok(says($s, qr/event=inbox folder=\S+inbox mode=events/), 'the inbox has events');
	my $server = serve("$behind/a", $at);
	ok(says($s, qr/event=mounted folder=lab/), 'a share that is mounted is noticed');
	ok(says($s, qr/event=inbox folder=\S+lab mode=poll why="?a FUSE mount/), 'and polled, with the reason');
	drop_at("$behind/a", 'far.smi', "C far\n");
	is($s->wait_for('lab/far', 60), 'done', 'what others put behind it is found');
	ok(until_true($s, sub { !-e "$behind/a/far.smi" }), 'and taken away');

	kill STOP => $server;
	ok(says($s, qr/event=folder-does-not-answer folder=\S+lab/), 'a server that does not answer is told about');
	$s->drop('near.smi', "C near\n");
	is($s->wait_for('near', 60), 'done', 'meanwhile the inbox goes on');
	$s->drop('deep/er.smi', "C deeper\n");
	is($s->wait_for('deep/er', 60), 'done', 'and its folders');
	ok(until_true($s, sub { queue_page($s) =~ /The folder &quot;lab&quot; in the inbox has not answered since/ }), 'the queue page says so')
		or diag(queue_page($s));
	kill CONT => $server;
	ok(says($s, qr/event=folder-answers-again folder=\S+lab/), 'it answers again');
	ok(until_true($s, sub { queue_page($s) !~ /has not answered/ }), 'and the words are gone');
	drop_at("$behind/a", 'again.smi', "C again\n");
	is($s->wait_for('lab/again', 60), 'done', 'what is put there now is found');

	unserve($server, $at);
	ok(says($s, qr/event=unmounted folder=lab/), 'when it goes this is noticed');
	drop_at($at, 'bare.smi', "C bare\n");
	is($s->wait_for('lab/bare', 90), 'done', 'the folder beneath is one of the inbox again');
	is($s->stop, 0, 'the spooler ends');
	my @noise = grep { /level=error/ && !/does-not-answer/ } split /\n/, $s->log_text;
	is_deeply(\@noise, [], 'nothing else was wrong');
}

# Mounted at the start, hung at the end: the end waits some seconds, not for ever.
{
	my $s = Replay->new(env => { %quick });
	my $at = "$s->{data}/inbox/deep/lab";
	my $server = serve("$behind/b", $at);
	drop_at("$behind/b", 'first.smi', "C first\n");
	$s->start;
	is($s->wait_for('deep/lab/first', 60), 'done', 'a share that was there at the start');
	kill STOP => $server;
	ok(says($s, qr/event=folder-does-not-answer/), 'hangs');
	is($s->stop, 0, 'the spooler ends all the same');
	$s->start('--once');
	my $status = $s->wait_exit(120);
	is(defined $status ? $status >> 8 : 'none', 1, '--once does not wait for it either, and says that not all is done');
	unserve($server, $at);
}
# A share that may only be read: its files stay, each is taken once, and that holds when
# the share is away at a start in between.
{
	my $s = Replay->new(env => { %quick });
	my ($disk, $at) = ("$s->{data}/disk", "$s->{data}/inbox/disk");
	make_path($disk, $at);
	drop_at($disk, 'only.smi', "C only\n");
	my $mount = sub { system("mount --bind $disk $at && mount -o remount,bind,ro $at") == 0 or die 'mount' };
	$mount->();
	$s->start;
	is($s->wait_for('disk/only', 60), 'done', 'a file that cannot be taken away is taken');
	ok(says($s, qr/event=original-stays/), 'which is told');
	is($s->stop, 0, 'the spooler ends');
	system('umount', $at);
	$s->start;
	$s->drop('one.smi', "C one\n");
	is($s->wait_for('one', 60), 'done', 'it starts without the share');
	$mount->();
	ok(until_true($s, sub { (() = $s->log_text =~ /event=inbox folder=\S+disk /g) >= 2 }), 'the share is back');
	drop_at($disk, 'two.smi', "C two\n");
	is($s->wait_for('disk/two', 90), 'done', 'what is new there is taken');
	my @accepted = $s->log_text =~ /event=accepted \S+ file=(\S+)/g;
	is_deeply([ sort @accepted ], [ qw(disk/only.smi disk/two.smi one.smi) ], 'what was there was not taken again');
	is($s->stop, 0, 'the spooler ends');
	system('umount', $at);
}
kill $_ => @servers for qw(CONT TERM);
done_testing;
