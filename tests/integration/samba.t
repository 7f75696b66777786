#!/usr/bin/perl
# A real Samba server on loopback shares inbox and outbox to guests; a real SMB client
# does what people do: upload, also slowly, rename, delete, cancel, retry, read the
# result and remove it. Each upload gives exactly one result, of exactly that file.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Digest::SHA qw(sha256_hex);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Outcome;
use POSIX qw(mkfifo);
use Replay;
use Time::HiRes qw(sleep time);
use Upkeep;

plan skip_all => 'needs root' if $> != 0;
plan skip_all => 'needs smbd and smbclient' if grep { !-x "/usr/sbin/$_" && !-x "/usr/bin/$_" } qw(smbd smbclient);

my $dir = tempdir('nmr-samba-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $s = Replay->new(env => { NMR_QUIET_S => 0.3, NMR_EMPTY_REPORT_S => 60, NMR_STATUS_S => 1, NMR_CORES => 2 });
my ($smbd, $client, $port);

sub free_port {
	my $sock = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1) or die "no port: $!";
	return $sock->sockport;
}

# Guests are nobody, and of the group that the shared folders pass down (setgid).
sub serve {
	$port = free_port();
	make_path(map { "$dir/$_" } qw(lock state cache private pid ncalrpc));
	write_file("$dir/smb.conf", <<"CONF");
[global]
	workgroup = TEST
	server role = standalone server
	map to guest = Bad User
	guest account = nobody
	smb ports = $port
	interfaces = lo
	bind interfaces only = yes
	disable netbios = yes
	load printers = no
	printcap name = /dev/null
	disable spoolss = yes
	lock directory = $dir/lock
	state directory = $dir/state
	cache directory = $dir/cache
	private dir = $dir/private
	pid directory = $dir/pid
	ncalrpc dir = $dir/ncalrpc
	log file = $dir/log
	strict allocate = yes
	force group = users
[inbox]
	path = $s->{data}/inbox
	guest ok = yes
	read only = no
[outbox]
	path = $s->{data}/outbox
	guest ok = yes
	read only = no
CONF
	$smbd = fork() // die;
	if (!$smbd) {
		setpgrp;   # its children end with it
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$dir/out";
		open STDERR, '>&', \*STDOUT;
		exec 'smbd', '-F', '--no-process-group', '-s', "$dir/smb.conf" or die;
	}
	return wait_until(20, sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) });
}

sub end_all {
	local ($?, $!, $@);
	for ($client, $smbd) {
		next unless $_;
		kill 'TERM', -$_, $_;
		waitpid $_, 0;
		kill 'KILL', -$_;
		$_ = 0;
	}
}
END { end_all(); }
$SIG{$_} = sub { exit 130 } for qw(INT TERM HUP);

sub smb_args { my ($share) = @_; return ('smbclient', '-s', "$dir/smb.conf", '-N', '-p', $port, "//127.0.0.1/$share"); }

# Commands of smbclient; what it said. Empty: it is content.
sub smb {
	my ($share, @commands) = @_;
	my $pid = open(my $p, '-|') // die;
	if (!$pid) {
		open STDERR, '>&', \*STDOUT;
		exec smb_args($share), '-c', join('; ', @commands) or die;
	}
	local $/;
	my $said = <$p>;
	close $p;
	return $said // '';
}
sub refused { my ($said) = @_; return $said =~ /NT_STATUS_\w+/ ? $& : ''; }

sub local_file {
	my ($name, $text) = @_;
	write_file("$dir/$name", $text);
	return "$dir/$name";
}

my $count = 0;
sub one_result {
	my ($what, $text, $name) = @_;
	my $got;
	ok(wait_until(40, sub { $got = outcomes($s)->{ sha256_hex($text) } }), "$what: a result")
		or diag($s->log_text), diag(explain(outcomes($s)));
	is("@{ $got // [] }", $name, "$what: one, under its name, of that file");
	$count++;
}

for my $folder (map { "$s->{data}/$_" } qw(inbox outbox)) {
	make_path($folder);
	chown 0, scalar getgrnam('users'), $folder;
	chmod 02775, $folder;
}
chmod 0711, $s->{data}, $dir;
$s->start;
ok(wait_until(20, sub { -e $s->out('QUEUE.html') }), 'the spooler is there');
ok(serve(), 'smbd is there') or (diag(Spool::slurp("$dir/out"), Spool::slurp("$dir/log")), done_testing, exit 1);

# Small, and large: space is reserved before it is filled.
my $small = "C small\n";
is(refused(smb('inbox', 'put ' . local_file('small', $small) . ' small.smi')), '', 'put');
one_result('small', $small, 'small');
my $large = "C large\n" . "# padded, as long as no one writes so much\n" x 200_000;
is(refused(smb('inbox', 'put ' . local_file('large', $large) . ' large.smi')), '', 'put of ' . length($large) . ' bytes');
one_result('large', $large, 'large');

# Slow: the file is open, and silent for longer than it takes to settle.
my @part = map { "C slow part $_\n" x 5000 } 1 .. 3;
mkfifo "$dir/pipe", 0600 or die;
$client = fork() // die;
if (!$client) {
	setpgrp;
	open STDOUT, '>', "$dir/slow.out";
	open STDERR, '>&', \*STDOUT;
	exec smb_args('inbox'), '-c', "put $dir/pipe slow.smi" or die;
}
open my $pipe, '>', "$dir/pipe" or die;
$pipe->autoflush(1);
for my $p (@part) {
	print $pipe $p;
	sleep 1.5;
	is(scalar(() = $s->log_text =~ /file=slow.smi/g), 0, 'slow: not taken while it is written');
}
ok(-e "$s->{data}/inbox/slow.smi", 'slow: it has been there all the time');
close $pipe;
waitpid $client, 0;
$client = 0;
one_result('slow', join('', @part), 'slow');

# Renamed after the upload, as many clients do.
my $renamed = "C renamed\n";
is(refused(smb('inbox', 'put ' . local_file('renamed', $renamed) . ' renamed.smi.part')), '', 'put of a .part');
sleep 1.5;
ok(-e "$s->{data}/inbox/renamed.smi.part", 'rename: a .part is left alone');
is(refused(smb('inbox', 'rename renamed.smi.part renamed.smi')), '', 'rename');
one_result('rename', $renamed, 'renamed');

# A ticket and its structure, in either order and in one go.
my %ticket = ('first.txt' => "solvent = DMSO-d6\n", 'late.conf' => "solvent = D2O\n");
my ($first, $late) = ("C ticket first\n", "C ticket late\n");
smb('inbox', 'put ' . local_file('first.txt', $ticket{'first.txt'}) . ' first.txt');
sleep 1;
smb('inbox', 'put ' . local_file('first', $first) . ' first.smi');
one_result('ticket first', $first, 'first');
smb('inbox', 'put ' . local_file('late', $late) . ' late.smi', 'put ' . local_file('late.conf', $ticket{'late.conf'}) . ' late.conf');
one_result('structure first', $late, 'late');
is(join(' ', sql($s, "SELECT name||'='||json_extract(options,'\$.solvent.value') FROM job WHERE name IN ('first','late') ORDER BY name")),
	'first=dmso late=water', 'both tickets were heard') or diag(sql($s, "SELECT options FROM job WHERE name IN ('first','late')"));
ok(wait_calm($s, 20), 'nothing is left in the inbox');

# Deleted before it was taken.
my $deleted = "C deleted\n";
smb('inbox', 'put ' . local_file('deleted', $deleted) . ' deleted.smi', 'del deleted.smi');
sleep 1.5;
ok(!outcomes($s)->{ sha256_hex($deleted) } && !-e $s->out('deleted.running'), 'a file that was deleted at once is no job')
	or diag($s->log_text);

# A folder with files.
my ($one, $two) = ("C folder one\n", "C folder two\n");
smb('inbox', 'mkdir Group', 'cd Group', 'put ' . local_file('one', $one) . ' one.smi', 'put ' . local_file('two', $two) . ' two.smi');
one_result('folder', $one, 'Group/one');
one_result('folder', $two, 'Group/two');

# Names that Windows writes.
my $name = "C name\n";
is(refused(smb('inbox', 'put ' . local_file('name', $name) . " \"b\xc3\xa4r (1) & 'co' %s.smi\"")), '', 'a name with everything in it');
one_result('name', $name, "b\xc3\xa4r (1) & 'co' %s");

is(scalar keys %{ outcomes($s) }, $count, 'one result for each upload, and no others');
is_deeply([ glob($s->out('*.failed')) ], [], 'and no complaints');

# Reading a result and removing it, as a guest.
my $back = "$dir/back";
is(refused(smb('outbox', "get small/input/small.smi $back", 'get QUEUE.html /dev/null')), '', 'a guest reads a result');
is(Spool::slurp($back), $small, 'which is what was uploaded');
is(refused(smb('outbox', 'deltree small', 'deltree Group\\one')), '', 'a guest removes results') or diag(smb('outbox', 'allinfo small'));
ok(!-e $s->out('small') && !-e $s->out('Group/one'), 'and they are gone');
ok(wait_calm($s, 20), 'all is done');
is($s->stop, 0, 'the spooler ends');

# Cancel and retry by files, over SMB.
my $slow = Replay->new(data => $s->{data}, env => { %{ $s->{env} }, REPLAY_DELAY_MS => 60000 });
$slow->start;
smb('inbox', 'put ' . local_file('cancel', "C cancel\n") . ' cancelled.smi');
ok(wait_until(20, sub { -d $s->out('cancelled.running') }), 'a job runs');
is(refused(smb('outbox', 'put ' . local_file('nothing', '') . ' cancelled.running\\Cancel.txt')), '', 'Cancel.txt is put into its folder');
ok(wait_until(20, sub { (sql($s, "SELECT state FROM job WHERE name='cancelled'") // 0) == 5 && !-e $s->out('cancelled.running') }),
	'it is cancelled, and its folder goes') or diag($slow->log_text);
ok(!-e $s->out('cancelled'), 'without a result');
is($slow->stop, 0, 'the spooler ends');

my $failing = Replay->new(data => $s->{data}, env => { %{ $s->{env} }, REPLAY_FAIL => 'read' });
$failing->start;
my $retry = "C retry\n";
smb('inbox', 'put ' . local_file('retry', $retry) . ' again.smi');
is($failing->wait_for('again', 30), 'failed', 'a job fails');
is($failing->stop, 0, 'the spooler ends');
is(refused(smb('outbox', "get again.failed/FAILED.txt $back")), '', 'a guest reads why');
like(Spool::slurp($back), qr/What happened/, 'in words');
$s->start;
is(refused(smb('outbox', 'put ' . local_file('nothing', '') . ' again.failed\\RETRY.TXT')), '', 'RETRY.TXT is put into its folder');
ok(wait_until(20, sub { !-e $s->out('again.failed') && -d $s->out('again') }), 'the failure goes, the result comes') or diag($s->log_text);
one_result('retry', $retry, 'again');
is_deeply([ unsafe_names($s) ], [], 'every name in the outbox is one for Windows');
is($s->stop, 0, 'the spooler ends');
end_all();
is_deeply([ $s->processes ], [], 'nothing is left behind');
done_testing;
