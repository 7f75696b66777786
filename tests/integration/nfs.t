#!/usr/bin/perl
# A real NFS server on the same machine (nfs-ganesha, in user space) exports inbox and
# outbox; real clients copy into it. To the spooler such an export is a local folder,
# but a closed file proves nothing there: the server may close it between two pieces of
# one upload. What protects is the quiet time. Each upload gives exactly one result.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Digest::SHA qw(sha256_hex);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);
BEGIN {
	# Port mapper and server live in a network of their own, which ends with the test.
	my @unshare = qw(unshare --net --mount --propagation private);
	if ($> == 0 && !$^C && !$ENV{NMR_NFS_INSIDE}) {
		plan(skip_all => 'needs network and mount namespaces') if system("@unshare true 2>/dev/null") != 0;
		$ENV{NMR_NFS_INSIDE} = 1;
		exec @unshare, $^X, $0, @ARGV;
		die "unshare: $!";
	}
}
use Replay;
use Outcome;
use Upkeep;

# A program of the system, in silence; its output comes with the failure.
sub system_ok {
	my (@argv) = @_;
	my $pid = open(my $f, '-|') // die "fork: $!";
	if (!$pid) {
		open STDERR, '>&', \*STDOUT;
		exec @argv or die "$argv[0]: $!";
	}
	my $text = do { local $/; <$f> } // '';
	close $f;
	return ($? == 0, $text);
}

plan skip_all => 'ganesha.nfsd runs as root' if $> != 0;
my ($ganesha) = grep { -x } '/usr/bin/ganesha.nfsd', '/usr/sbin/ganesha.nfsd';
plan skip_all => 'no ganesha.nfsd or nfs-cp; scripts/install-deps test' if !$ganesha || !-x '/usr/bin/nfs-cp';
plan skip_all => 'ganesha.nfsd finds no filesystem without /etc/mtab' if !-e '/etc/mtab';
my $T = 90;
$SIG{PIPE} = 'IGNORE';
local $ENV{TMPDIR} = '/tmp';
my $dir = tempdir('nmr-nfs-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $data = "$dir/data";
make_path("$data/inbox", "$data/outbox");
chmod 0777, "$data/inbox", "$data/outbox";
my ($ok, $text) = system_ok('cc', '-Wall', '-o', "$dir/nfs-client", 'tests/fakes/nfs-client.c', '-lnfs');
plan skip_all => "no libnfs-dev: $text" if !$ok;

my ($port, $mount) = (20490, 20491);
# The server looks names up only where there is an address besides 127.0.0.1.
for my $c ([ qw(ip link set lo up) ], [ qw(ip addr add 192.0.2.1/32 dev lo) ], [ qw(mount -t tmpfs none /run) ]) {
	my ($done, $why) = system_ok(@$c);
	die "@$c: $why" if !$done;
}
make_path('/run/ganesha', '/run/rpcbind');

sub export {
	my ($id, $name) = @_;
	return "EXPORT { Export_Id = $id; Path = $data/$name; Pseudo = /$name; Access_Type = RW; Squash = No_Root_Squash;"
		. " SecType = sys; Protocols = 3; Transports = TCP; FSAL { Name = VFS; } }\n";
}
# From version 5 on it wants a right that containers seldom have, unless it is told not to.
my ($major) = (system_ok($ganesha, '-v'))[1] =~ /V?(\d+)\.\d/;
my $rights = ($major // 0) >= 5 ? ' allow_set_io_flusher_fail = true;' : '';
write_file("$dir/ganesha.conf", "NFS_CORE_PARAM {$rights Protocols = 3; NFS_Port = $port; MNT_Port = $mount; Bind_addr = 127.0.0.1;"
	. " Enable_NLM = false; Enable_RQUOTA = false; }\n"
	# Descriptors that the server keeps for later are closed soon.
	. "MDCACHE { FD_LWMark_Percent = 0; LRU_Run_Interval = 1; }\n"
	. export(1, 'inbox') . export(2, 'outbox'));
sub started {
	my ($name, @argv) = @_;
	my $pid = fork // die;
	return $pid if $pid;
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', "$dir/$name.out";
	open STDERR, '>&', \*STDOUT;
	exec @argv or die "$argv[0]: $!";
}
my $mapper = started('rpcbind', 'rpcbind', '-f');
wait_until(10, sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1:111') });
my $server = started('ganesha', $ganesha, '-F', '-f', "$dir/ganesha.conf", '-L', "$dir/ganesha.log", '-p', "$dir/ganesha.pid");
my $s;
END {
	if ($server) {
		my $st = $?;
		undef $s;
		kill 'TERM', $server;
		kill 'KILL', $server if !wait_until(10, sub { waitpid($server, WNOHANG) == $server });
		kill 'TERM', $mapper;
		waitpid $_, 0 for $server, $mapper;
		$? = $st;
	}
}

sub url { my ($share, $name) = @_; return "nfs://127.0.0.1$data/$share/$name?nfsport=$port&mountport=$mount"; }
my $dead;
my $up = wait_until(60, sub {
	$dead = waitpid($server, WNOHANG) == $server;
	return $dead || (system_ok('nfs-ls', url('inbox', '')))[0];
});
if ($dead || !$up) {
	my $log = Spool::slurp("$dir/ganesha.out") . Spool::slurp("$dir/ganesha.log");
	die "ganesha.nfsd does not start: $log";
}

sub nfs { my ($ok, $text) = system_ok(@_); diag("@_: $text") if !$ok; return $ok; }

sub slowly {
	my ($name) = @_;
	my $pid = open(my $f, '|-', "$dir/nfs-client", 'put', url('inbox', $name)) // die;
	$f->autoflush(1);
	return $f;
}

my $serial = 0;
sub content { return 'C upload-' . ++$serial . "\n"; }
sub local_file { my ($name, $bytes) = @_; write_file("$dir/$name", $bytes); return "$dir/$name"; }
sub tail { my @l = split /\n/, $s->log_text; return join "\n", @l > 25 ? @l[-25 .. -1] : @l; }

# Names of result folders with those bytes as their input; a failure has them as well.
sub results_of { my ($bytes) = @_; return grep { !/\.failed$/ } @{ outcomes($s)->{ sha256_hex($bytes) } // [] }; }

sub one_result {
	my ($bytes, $what) = @_;
	wait_until($T, sub { scalar results_of($bytes) });
	my @r = results_of($bytes);
	is(scalar @r, 1, "$what: one result, with its bytes") or diag(tail());
	return $r[0] // '';
}

$s = Replay->new(data => $data, env => { NMR_QUIET_S => 4, NMR_STATUS_S => 1, REPLAY_DELAY_MS => 20 })->start;
wait_until(30, sub { $s->log_text =~ /event=start / });

my %up;
my $file = local_file('small', $up{small} = content());
ok(nfs('nfs-cp', $file, url('inbox', 'small.smi')), 'a small upload');
my $slow = slowly('slow.smi');
my $part = content() . "# slow\n" x 20000;
print $slow $part;
$up{large} = content() . ('# ' . 'padding ' x 15 . "\n") x (32 << 13);
$file = local_file('large', $up{large});
ok(nfs('nfs-cp', $file, url('inbox', 'large.smi')), 'a large upload: ' . (length($up{large}) >> 20) . ' MB');
$file = local_file('renamed', $up{renamed} = content());
ok(nfs('nfs-cp', $file, url('inbox', 'renamed.smi.part')) && nfs("$dir/nfs-client", 'mv', url('inbox', 'renamed.smi.part'),
	url('inbox', 'renamed.smi')), 'an upload that is renamed');
my $ticket = local_file('ticket', "solvent = D2O\n");
$file = local_file('before', $up{before} = content());
ok(nfs('nfs-cp', $ticket, url('inbox', 'before.txt')) && nfs('nfs-cp', $file, url('inbox', 'before.smi')),
	'a ticket, then its structure');
$file = local_file('after', $up{after} = content());
ok(nfs('nfs-cp', $file, url('inbox', 'after.smi')) && nfs('nfs-cp', $ticket, url('inbox', 'after.conf')),
	'a structure, then its ticket');
$file = local_file('deleted', my $deleted = content());
ok(nfs('nfs-cp', $file, url('inbox', 'deleted.smi')) && nfs("$dir/nfs-client", 'rm', url('inbox', 'deleted.smi')),
	'an upload is deleted at once');
# Pauses within the quiet time, and more than that together: whether the server holds
# the file open or not.
for my $i (1 .. 4) {
	sleep 2;
	print $slow my $more = "# piece $i\n" x 5000;
	$part .= $more;
}
ok(-e "$data/inbox/slow.smi", 'the slow upload is not taken while it goes on');
ok(close $slow, 'the slow upload ends');
$up{slow} = $part;
my %name;
$name{$_} = one_result($up{$_}, $_) for sort keys %up;
for my $k (qw(before after)) {
	my $doc = $s->shifts($name{$k} || 'none');
	like(JSON::PP->new->canonical->encode($doc // {}), qr/D2O/i, "$k: the ticket's solvent is used");
}
is_deeply([ grep { -f && !/README/ } glob "$data/inbox/*" ], [], 'the inbox is empty');
ok(nfs('nfs-cp', url('outbox', "$name{small}/input/small.smi"), "$dir/got.smi"), 'a result is read');
is(Spool::slurp("$dir/got.smi"), $up{small}, 'the file in it is the uploaded one');
is($s->stop, 0, 'the spooler ends cleanly') or diag(tail());

# From the folder: cancelled, and tried again.
$s->{env}{REPLAY_DELAY_MS} = 3000;
$s->start;
$file = local_file('waits', my $waits = content());
ok(nfs('nfs-cp', $file, url('inbox', 'waits.smi')), 'an upload whose job takes long');
ok(wait_until($T, sub { -d $s->out('waits.running') }), 'it is running');
my $word = local_file('word', "please\n");
ok(nfs('nfs-cp', $word, url('outbox', 'waits.running/Cancel.txt')), 'Cancel.txt is put into its folder');
ok(wait_until($T, sub { !-d $s->out('waits.running') }), 'and it is cancelled');
$s->stop;
$s->{env}{REPLAY_DELAY_MS} = 20;
$s->{env}{REPLAY_FAIL} = 'read';
$s->start;
$file = local_file('fails', my $fails = content());
ok(nfs('nfs-cp', $file, url('inbox', 'fails.smi')), 'an upload whose job fails');
ok(wait_until($T, sub { -d $s->out('fails.failed') }), 'it has failed') or diag(tail());
$s->stop;
delete $s->{env}{REPLAY_FAIL};
$s->start;
ok(nfs('nfs-cp', $word, url('outbox', 'fails.failed/retry')), 'retry is put into its folder');
one_result($fails, 'tried again');
sleep 1.5;
is(scalar @{ outcomes($s)->{ sha256_hex($_) } // [] }, 0, 'what was deleted or cancelled gives no result') for $deleted, $waits;
is(scalar(grep { @$_ > 1 } values %{ outcomes($s) }), 0, 'nothing was done twice');
is($s->stop, 0, 'the spooler ends cleanly') or diag(tail());
done_testing;
