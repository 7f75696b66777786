#!/usr/bin/perl
# What strangers send to the web server: nothing gets in, nothing falls over, nothing of it
# is kept. Its memory stays flat under large uploads and many idle connections.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use IO::Compress::Zip;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);
use Replay;
use Upkeep;
use Web;

my $s = Replay->new(env => { NMR_STATUS_S => 1, NMR_FILE_SIZE_MAX_MB => 2, ASAN_OPTIONS => join ':', grep { $_ } $ENV{ASAN_OPTIONS}, 'quarantine_size_mb=1' });
mkdir "$s->{data}/door";
$s->start;
my $w = Web->new($s);
$SIG{PIPE} = 'IGNORE';

sub raw {
	my ($text, $seconds) = @_;
	my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$w->{port}", Timeout => 10) or return 'refused';
	print $sock $text;
	my ($got, $bits) = ('', '');
	vec($bits, fileno $sock, 1) = 1;
	my $end = time + ($seconds // 5);
	while (time < $end && select(my $r = $bits, undef, undef, 0.2) >= 0) {
		next unless vec($r, fileno $sock, 1);
		last unless sysread $sock, $got, 65536, length $got;
		last if $got =~ /\r\n\r\n/;
	}
	return $got;
}
sub alive { my ($st) = $w->json('GET', '/health'); is($st, 200, "alive after $_[0]") }
sub rss { my ($kb) = Spool::slurp("/proc/$w->{pid}/status") =~ /VmRSS:\s+(\d+)/; return $kb / 1024 }
sub door { opendir my $d, "$s->{data}/door" or return 'gone'; return join ' ', grep { !/^\.\.?$/ } readdir $d }

ok(wait_until(60, sub { ($w->json('GET', '/health/ready'))[0] == 200 }), 'ready');

# ---- not HTTP
my %bad = ('nothing' => "\r\n\r\n", 'noise' => join('', map { chr(($_ * 37) % 256) } 1 .. 4000) . "\r\n\r\n",
	'no version' => "GET /\r\n\r\n", 'a long line' => 'GET /' . 'a' x 100_000 . " HTTP/1.1\r\nHost: localhost\r\n\r\n",
	'many headers' => "GET / HTTP/1.1\r\nHost: localhost\r\n" . join('', map { "X-$_: y\r\n" } 1 .. 20_000) . "\r\n",
	'a length that is none' => "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n",
	'a length beyond all' => "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999999\r\n\r\n",
	'two lengths' => "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
	'a bad chunk' => "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	'NUL in the path' => "GET /api/v1/jobs/abc\0def HTTP/1.1\r\nHost: localhost\r\n\r\n");
for my $name (sort keys %bad) {
	my $got = raw($bad{$name}, 2);
	unlike($got, qr{^HTTP/1.1 (?:2|5)}, "$name: not served") or diag substr $got, 0, 200;
	alive($name);
}
# Nested deeper than any reader should go.
for my $body ('[' x 200_000, '{"a":' x 100_000, '{"smiles":"' . 'C' x 3_000_000 . '","solvent":"chcl3"}') {
	my ($st) = $w->json('POST', '/api/v1/jobs', $body);
	cmp_ok($st, '==', 422, 'a body of ' . substr($body, 0, 12) . '... is refused') if $body !~ /smiles/;
	ok($st < 500, 'a body of ' . length($body) . " bytes: $st");
}
alive('deep bodies');

# ---- uploads
{
	# A few KiB that become 600 MB, alone and behind a file that could be used.
	my ($bomb, $z) = ('');
	$z = IO::Compress::Zip->new(\$bomb, Name => 'good.smi') or die;
	$z->print("C\n");
	$z->newStream(Name => 'bomb.sdf');
	$z->print("\0" x (1 << 20)) for 1 .. 600;
	$z->close;
	my ($status, $answer) = $w->form('/api/v1/jobs/upload', [ solvent => 'chcl3' ], [ file => 'bomb.zip', $bomb ]);
	is($status, 422, 'a bomb of ' . length($bomb) . ' bytes') or diag explain $answer;
	like($answer->{detail}{detail}, qr/holds too much/, 'is refused as such');
	alive('an archive that explodes');
	# Many that are each just below the limit (2 MiB here).
	my $full = '';
	$z = IO::Compress::Zip->new(\$full, Name => 'a.smi') or die;
	$z->print("C\n" x (900 << 10));
	$z->close;
	($status, $answer) = $w->form('/api/v1/jobs/upload', [ solvent => 'chcl3' ], map { [ file => "full$_.zip", $full ] } 1 .. 6);
	is($status, 413, 'many that are nearly too large') or diag explain $answer;
	ok(wait_until(20, sub { !glob "$s->{data}/door/.tmp-web-*" }), 'nothing of them is left');
}
my $big = 'C' x (3 << 20);
my ($st, $j) = $w->form('/api/v1/jobs/upload', [ solvent => 'chcl3' ], [ file => 'big.smi', $big ]);
is($st, 413, 'a file over the limit');
like($j->{detail}{detail}, qr/2 MiB a file/, 'with the limit');
ok(wait_until(5, sub { door() eq '' }), 'nothing of it is kept');
my $got = raw("POST /api/v1/jobs/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=bnd\r\nContent-Length: 1073741824\r\nExpect: 100-continue\r\n\r\n", 5);
like($got, qr{^HTTP/1.1 413}, 'a gigabyte is refused before it is sent');
my $before = rss();
for (1 .. 4) {
	my $edge = "--bnd\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.smi\"\r\n\r\n";
	my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$w->{port}") or die;
	print $sock "POST /api/v1/jobs/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=bnd\r\nTransfer-Encoding: chunked\r\n\r\n";
	printf $sock "%x\r\n%s\r\n", length $edge, $edge;
	for (1 .. 400) { printf($sock "%x\r\n%s\r\n", 65536, 'C' x 65536) or last }   # 26 MB, no length told
	close $sock;
}
cmp_ok(rss() - $before, '<', 30, 'and take no memory') or diag "$before -> " . rss();
alive('endless uploads');
# Broken off in the midst.
{
	my $other = door();
	my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$w->{port}") or die;
	print $sock "POST /api/v1/jobs/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=bnd\r\nContent-Length: 500000\r\n\r\n" .
		"--bnd\r\nContent-Disposition: form-data; name=\"file\"; filename=\"half.smi\"\r\n\r\n" . 'C' x 100_000;
	ok(wait_until(10, sub { door() ne $other }), 'an upload is under way');
	sleep 0.5;
	close $sock;
	ok(wait_until(10, sub { length door() <= length $other }), 'broken off, nothing is left of it') or diag door();
}
# Killed in the midst: the next server cleans up.
{
	my $other = door();
	my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$w->{port}") or die;
	print $sock "POST /api/v1/jobs/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=bnd\r\nContent-Length: 500000\r\n\r\n" .
		"--bnd\r\nContent-Disposition: form-data; name=\"file\"; filename=\"half.smi\"\r\n\r\n" . 'C' x 100_000;
	ok(wait_until(10, sub { door() ne $other }), 'another upload is under way');
	$w->stop('KILL');
	isnt(door(), '', 'killed in the midst of an upload');
	$w->start;
	is(door(), '', 'the next server takes its rest away');
}
($st, $j) = $w->form('/api/v1/jobs/upload', [ solvent => 'x' x 10_000 ], [ file => 'x.smi', 'C' ]);
ok($st >= 400 && $st < 500, "a field of 10,000 letters: $st");
($st, $j) = $w->form('/api/v1/jobs/upload', map { [ "f$_" => 'x' ] } 1 .. 2000);
ok($st >= 400 && $st < 500, "2,000 fields: $st");

# What was broken off above: at the latest when its connection is given up.
ok(wait_until(45, sub { door() eq '' }), 'uploads that never end leave nothing') or diag door();

# ---- a form in two pieces, cut anywhere, is the same form
{
	my $body = "--bnd\r\nContent-Disposition: form-data; name=\"solvent\"\r\n\r\nacetone\r\n" .
		"--bnd\r\nContent-Disposition: form-data; name=\"file\"; filename=\"cut.smi\"\r\n\r\nC cut\n\r\n--bnd--\r\n";
	my @bad;
	for my $cut (1 .. length($body) - 1) {
		my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$w->{port}") or die;
		setsockopt $sock, 6, 1, 1;   # TCP_NODELAY
		print $sock "POST /api/v1/jobs/upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" .
			"Content-Type: multipart/form-data; boundary=bnd\r\nContent-Length: " . length($body) . "\r\n\r\n" . substr $body, 0, $cut;
		sleep 0.01;
		print $sock substr $body, $cut;
		local $/;
		my $answer = <$sock>;
		push @bad, $cut if $answer !~ m{^HTTP/1.1 202} || $answer !~ /"solvent":\{"value":"acetone"/;
	}
	is("@bad", '', 'wherever a form is cut on its way') or diag $body;
	is(sql($s, "SELECT count(*) FROM job WHERE source='cut.smi' AND json_extract(options,'\$.solvent.value')<>'acetone'"), 0, 'its solvent is the one asked for');
}

# ---- names that want to be more than names
for my $name ('../../evil.smi', '/etc/cron.d/evil.smi', '..\\evil.smi', '<svg onload=alert(1)>.smi', "a\"b;c.smi", 'con.smi') {
	($st, $j) = $w->form('/api/v1/jobs/upload', [ solvent => 'chcl3' ], [ file => $name =~ s/"/%22/r, "C x\n" ]);
	is($st, 202, "taken: $name") or next;
	my $done = $w->wait_status($j->{job_id}, 'complete', 60);
	unlike($done->{outname} // '../', qr{[/\\<>":]|^\.\.|^con$}i, 'its folder has a plain name: ' . ($done->{outname} // '?'));
}
ok(!-e "$s->{data}/../evil.smi" && !-e '/etc/cron.d/evil.smi', 'nothing was written elsewhere');
my ($code, $h) = $w->ask('GET', "/api/v1/jobs/$j->{job_id}/shifts.json");
is($code, 200, 'a file of a result');
like($h->{'content-security-policy'}, qr/default-src 'none'.*sandbox/, 'what comes from results cannot run');
is($h->{'x-content-type-options'}, 'nosniff', 'nor be taken for something else');
($code, $h) = $w->ask('GET', '/<script>alert(1)</script>');
is("$code $h->{'content-type'}", '404 application/json', 'what is asked for is not reflected as HTML');

# ---- many, and slow
my $n = 0;
my @idle;
my ($limit) = (`sh -c 'ulimit -n'` || 256) =~ /(\d+)/;
my $many = $limit > 11_000 ? 10_000 : $limit - 200;
$before = rss();
while (@idle < $many) {
	my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$w->{port}", Timeout => 5) or last;
	print $sock "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: " if @idle % 2;   # half a request, for ever
	push @idle, $sock;
}
is(scalar(@idle), $many, "$many connections, half of them with half a request");
my $t = time;
alive('that, in ' . sprintf('%.2f s', time - $t));
diag sprintf 'each takes %.1f KiB', (rss() - $before) / $many * 1024 if $ENV{VERBOSE};
cmp_ok((rss() - $before) / $many * 1024, '<', 60, 'each takes less than 60 KiB');
close $_ for @idle;
alive('all that');
is($w->stop, 0, 'it ends well');
is($s->stop, 0, 'so does the spooler');
unlike(Spool::slurp($w->{log}), qr/ERROR|runtime error/, 'clean log');
done_testing;
