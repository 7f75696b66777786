#!/usr/bin/perl
# The folder talks back: a file that cannot be taken is told about and the words go when
# it is; a deleted status folder comes back once and is no cancel; what would take too
# long is held until somebody says so; a full disk makes jobs wait, not fail.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use File::Path qw(make_path remove_tree);
use Time::HiRes qw(sleep);
use Replay;
use Upkeep;

# An empty file is told about; filled later it is taken under its own name.
my $s = Replay->new(env => { NMR_EMPTY_REPORT_S => 1, NMR_STATUS_S => 1, REPLAY_DELAY_MS => 2000 })->start;
$s->drop('late.smi', '');
is($s->wait_for('late', 30), 'failed', 'an empty file is told about');
like($s->failed_text('late'), qr/empty/, 'in words');
$s->drop('late.smi', "C late\n");
ok(wait_until(30, sub { -d $s->out('late.running') }), 'filled, it is taken');
ok(!-e $s->out('late.failed'), 'and the words about it are gone');

# However a retry is asked for, the words about the failure go.
$s->drop('bad.smi', "C fails-in-conformers\n");
is($s->wait_for('bad', 60), 'failed', 'a job fails');
is((nmr($s, 'retry', 'bad'))[0], 0, 'it is run again');
ok(wait_until(10, sub { -d $s->out('bad.running') && !-e $s->out('bad.failed') }), 'and the words about it are gone');
ok(wait_until(30, sub { -d $s->out('bad.failed') && !-e $s->out('bad.running') }), 'until it fails again');

# The status folder.
remove_tree($s->out('late.running'));
ok(wait_until(10, sub { -e $s->out('late.running') . '/STATUS.txt' }), 'a deleted status folder comes back');
remove_tree($s->out('late.running'));
is($s->wait_for('late', 120), 'done', 'and is no cancel');
ok(!-d $s->out('late-2'), 'one result under its own name');
is($s->stop, 0, 'it ends');

# A file whose content the disk does not give is told about too, and tried again.
SKIP: {
	skip 'no strace here', 4 unless `which strace`;
	my $w = Replay->new(env => { NMR_EMPTY_REPORT_S => 1, ASAN_OPTIONS => 'detect_leaks=0' });
	$w->{wrap} = [ qw(strace -f -qq -o /dev/null -e trace=read -e inject=read:error=EIO:when=1..2 -P), "$w->{data}/inbox/sick.smi" ];
	$w->start;
	$w->drop('sick.smi', "C sick\n");
	is($w->wait_for('sick', 120), 'failed', 'a file that gives no content is told about');
	like($w->failed_text('sick'), qr/cannot be read.*Copy it again/s, 'in words');
	ok(wait_until(200, sub { -d $w->out('sick') }), 'it is tried again, and taken') or diag $w->log_text;
	ok(!-e $w->out('sick.failed'), 'and the words about it are gone');
	# strace, asked to end, would leave it running.
	kill 'TERM', split ' ', Spool::slurp("/proc/$w->{pid}/task/$w->{pid}/children");
	wait_until(20, sub { Spool::slurp("/proc/$w->{pid}/task/$w->{pid}/children") !~ /\d/ });
	$w->stop;
}

# What came through the door and is over the limit is refused, and does not lie there.
{
	my $w = Replay->new(env => { NMR_FILE_SIZE_MAX_MB => 1 })->start;
	make_path("$w->{data}/.large");
	write_file("$w->{data}/.large/structure", 'C' x (2 << 20));
	write_file("$w->{data}/.large/ticket", "filename = large.smi\n");
	ok(wait_until(20, sub { -d "$w->{data}/door" }), 'there is a door');
	rename "$w->{data}/.large", "$w->{data}/door/abcdef012345" or die;
	is($w->wait_for('large', 30), 'failed', 'too large for the door');
	like($w->failed_text('large'), qr/larger than the limit of 1 MiB.*file_size_max_mb/s, 'says so');
	ok(wait_until(10, sub { !-e "$w->{data}/door/abcdef012345" }), 'and is gone from there');
	is($w->stop, 0, 'it ends');
}

# Too long: held once its conformers are known, released from the folder.
my $long = Replay->new(env => { NMR_HOLD_OVER_H => '0.0001', NMR_STATUS_S => 1 })->start;
$long->drop('long.smi', "C long\n");
my $status = $long->out('long.running') . '/STATUS.txt';
ok(wait_until(60, sub { Spool::slurp($status) =~ /held/ }), 'a long job is held');
my $words = Spool::slurp($status) =~ s/\s+/ /gr;
like($words, qr/would take about .* longer than the limit/, 'says why');
like($words, qr/called "release".*preset = draft/, 'and what to do');
sleep 2;
ok(!-d $long->out('long'), 'and waits');
write_file($long->out('long.running') . '/Release.txt', '');
is($long->wait_for('long', 60), 'done', 'a file called release lets it go on');
is($long->stop, 0, 'it ends');

# Small disks.
SKIP: {
	skip 'mounting needs root', 15 if $>;
	for my $which (qw(spool scratch outbox)) {
		my $w = Replay->new(env => { NMR_DISK_MIN_MB => 2, NMR_STATUS_S => 1 });
		my $disk = "$w->{data}/$which";
		mkdir $disk or die;
		system('mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', $disk) == 0 or skip 'no tmpfs can be mounted here', 15;
		$w->start;
		$w->drop('first.smi', "C first\n");
		is($w->wait_for('first', 60), 'done', "$which: room enough at first");
		system("head -c 9M /dev/zero > $disk/ballast 2>/dev/null");
		sleep 6;
		$w->drop('second.smi', "C second\n");
		sleep 4;
		ok(!-d $w->out('second') && !-d $w->out('second.failed'), "$which: full, the job waits");
		like($w->log_text, qr/disk-short|No space left/, "$which: and the log says why");
		unlink "$disk/ballast";
		is($w->wait_for('second', 60), 'done', "$which: it finishes once there is room") or diag $w->log_text;
		is($w->stop, 0, 'it ends');
		system('umount', '-l', $disk);
	}
}
done_testing;
