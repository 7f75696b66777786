#!/usr/bin/perl
# compose.yaml: its variables, and with a real Docker engine, where one runs or can be started: users, rights,
# volumes, health, a molecule through volume and page, a container killed in the midst. To be
# quick the images hold nothing: programs, libraries and engines are this machine's, bound in.
# scripts/compose-test does the same and more with the images that users build.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Cwd qw(getcwd);
use File::Temp qw(tempdir);
use Time::HiRes qw(sleep time);
use Spool;

plan skip_all => 'only root can start an engine' if $>;
plan skip_all => 'no docker compose here' if system 'docker compose version >/dev/null 2>&1';
chomp(my $caddy = `sh -c 'command -v caddy'`);
my $dir = tempdir('nmr-compose-XXXXXX', DIR => '/tmp', CLEANUP => 0);
my $compose;
my ($engine, $here, $project) = (0, getcwd, "nmrcheck$$");
my $bin = "$here/$Spool::BIN";
$bin = $Spool::BIN if $Spool::BIN =~ m{^/};

sub quiet { return system("$_[0] >>$dir/commands.log 2>&1") >> 8; }
sub wait_for { my ($s, $fn) = @_; my $end = time + $s; while (time < $end) { return 1 if $fn->(); sleep 0.3 } return 0 }

# ---- without an engine: every variable of .env.example has its default there, and an effect
{
	my ($compose_text, $example) = map { Spool::slurp($_) } 'compose.yaml', '.env.example';
	my %default = $example =~ /^([A-Z_]+)=(.*)$/mg;
	my %used = map { $_ => 1 } $compose_text =~ /\$\{([A-Z_]+)/g;
	is_deeply([ sort keys %used ], [ sort keys %default ], 'compose.yaml and .env.example know the same variables');
	my $config = sub {
		my (%set) = @_;
		open my $f, '>', "$dir/try.env" or die;
		print $f "$_=$set{$_}\n" for sort keys %set;
		close $f;
		return scalar `docker compose --profile smb --env-file $dir/try.env config 2>&1`;
	};
	delete @ENV{ keys %default };
	my $plain = $config->();
	is($config->(%default), $plain, 'what stands there are the defaults');
	# Ones of a kind that only have a meaning together.
	my %with = (SMTP_PORT => { SMTP_HOST => 'mail.test' });
	my %value = (SPOOLER_OFFLINE => 'true', map { $_ => '3g' } grep { /MEMORY_LIMIT$/ } keys %default);
	my @idle;
	for my $name (sort keys %default) {
		my %base = %{ $with{$name} // {} };
		my $value = $value{$name} // ($default{$name} =~ /^\d+$/ ? $default{$name} + 1 : $name =~ /BIND$/ ? '127.0.0.2:' : 'other');
		push @idle, $name if $config->(%base, $name => $value) eq (%base ? $config->(%base) : $plain);
	}
	is_deeply(\@idle, [], 'each of them has an effect');
	like($config->(DOMAIN => 'nmr.test', ACME_EMAIL => 'a@b.c'), qr{EMAIL_LINE: email a\@b\.c.*SITE_ADDRESS: nmr\.test.*NMR_BASE_URL: https://nmr\.test}s, 'a domain');
}

if (quiet('docker info')) {
	$ENV{DOCKER_HOST} = "unix://$dir/sock";
	$engine = fork() // die;
	if (!$engine) {
		open STDOUT, '>', "$dir/dockerd.log" or die;
		open STDERR, '>&', \*STDOUT or die;
		exec 'dockerd', '--data-root', "$dir/root", '--exec-root', "$dir/exec", '--pidfile', "$dir/pid", '-H', $ENV{DOCKER_HOST} or exit 127;
	}
}
my $up = wait_for(30, sub { !quiet('docker info') || ($engine && waitpid($engine, 1) == $engine && ($engine = -1)) }) && $engine != -1;
if (!$up) {
	my ($why) = reverse grep { /\S/ } split /\n/, Spool::slurp("$dir/dockerd.log");
	cleanup();
	note 'no engine can be started here: ' . substr($why // 'no dockerd', 0, 200);
	done_testing;
	exit 0;
}

# An empty image: places for what is bound.
my $files = join ' ', qw(usr etc opt tmp data scratch proc sys dev run var root caddy config);
quiet("mkdir -p $dir/image && cd $dir/image && mkdir -p $files && chmod 1777 tmp && ln -sf usr/bin bin && ln -sf usr/sbin sbin && ln -sf usr/lib lib && ln -sf usr/lib64 lib64 && tar -c . | docker import - nmr-empty:test") == 0 or diag Spool::slurp("$dir/commands.log");
# Leaks cannot be looked for without the right to trace.
my $bind = join "\n", map { "      - $_:$_:ro" } grep { -d } '/usr', '/etc', "$here";
# Docker's own init lies where /usr is bound.
my $common = <<END;
    init: false
    environment: { PATH: "$bin:/usr/bin:/bin", NMR_SHARE: "$here/spooler/share", NMR_WEBUI_STATIC: "$here/webui/static", NMR_DATA: /data, HOME: /tmp, LC_ALL: C.UTF-8, ASAN_OPTIONS: "detect_leaks=0" }
    volumes:
$bind
END
open my $f, '>', "$dir/override.yaml" or die;
print $f <<END;
services:
  prepare:
    image: nmr-empty:test
    entrypoint: ["/usr/bin/sh", "$here/docker/prepare", "1500", "1500"]
$common
  spooler:
    image: nmr-empty:test
    entrypoint: ["$bin/nmr-spooler"]
    healthcheck: { test: ["CMD", "$bin/nmr", "health"], interval: 2s, timeout: 10s, start_period: 20s }
$common
  webui:
    image: nmr-empty:test
    entrypoint: ["$bin/nmr-webui"]
    healthcheck: { test: ["CMD", "$bin/nmr-webui", "--healthy"], interval: 2s, timeout: 10s, start_period: 20s }
$common
END
print $f $caddy ? "  caddy:\n    image: nmr-empty:test\n    entrypoint: [\"/usr/bin/env\"]\n    volumes:\n$bind\n" : "  caddy: { image: \"nmr-empty:test\", entrypoint: [\"/usr/bin/sleep\", \"1000\"], command: [], healthcheck: { disable: true } }\n";
close $f;
open $f, '>', "$dir/env" or die;
my $port = 20000 + $$ % 20000;
print $f "UID=1500\nGID=1500\nHTTP_BIND=127.0.0.1:\nHTTP_PORT=$port\nHTTPS_PORT=" . ($port + 1) . "\nNMR_CORES=2\nNMR_QUIET_S=0.2\nWEB_TOKEN=word\n";
close $f;

$compose = "docker compose -p $project --env-file $dir/env -f compose.yaml -f $dir/override.yaml";
sub out { my ($command) = @_; my $s = `$command 2>>$dir/commands.log </dev/null`; chomp $s; return $s }
sub inspect { my ($service, $format) = @_; my $id = out("$compose ps -qa $service"); return out("docker inspect -f '$format' $id") }
sub healthy { my ($s) = @_; return inspect($s, '{{.State.Health.Status}}') eq 'healthy' }
sub drop { my ($name, $text) = @_; return quiet("$compose run --rm --no-deps -T --entrypoint /usr/bin/sh spooler -c \"echo '$text' >/data/inbox/$name\"") }
sub there { my ($file) = @_; return !quiet("$compose exec -T spooler /usr/bin/test -s /data/outbox/$file </dev/null") }
sub page { my ($path, @more) = @_; return out("curl -s -H 'Authorization: Bearer word' @more http://127.0.0.1:$port$path") }

is(quiet("$compose config -q"), 0, 'compose.yaml is understood');
is(quiet("$compose up -d --no-build"), 0, 'docker compose up') or give_up(substr Spool::slurp("$dir/commands.log"), -3000);
ok(wait_for(60, sub { healthy('spooler') }), 'the spooler is healthy') or give_up(out("$compose logs --tail 20 spooler 2>&1"));
ok(wait_for(60, sub { healthy('webui') }), 'the page is healthy') or diag out("$compose logs --tail 20 webui 2>&1");
like(inspect($_, '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.RestartPolicy.Name}}'),
	qr/^1500:1500 true \[ALL\] \[no-new-privileges:true\] unless-stopped/, "$_: not root, read-only, no rights") for qw(spooler webui caddy);
isnt(quiet("$compose exec -T webui /usr/bin/touch /data/$_/x </dev/null"), 0, "the page cannot write $_") for qw(inbox spool outbox);
is(quiet("$compose exec -T webui /usr/bin/sh -c 'touch /data/door/.tmp-x && rm /data/door/.tmp-x' </dev/null"), 0, 'but its door');

is(drop('methane.smi', 'C'), 0, 'methane into the volume');
ok(wait_for(240, sub { there('methane/report.html') }), 'a result, by real engines') or diag out("$compose logs --tail 30 spooler 2>&1");
SKIP: {
	skip 'no Caddy here', 3 unless $caddy;
	ok(wait_for(40, sub { page('/health') =~ /alive/ }), 'the page behind Caddy') or diag out("$compose logs --tail 20 caddy 2>&1");
	is(out("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:$port/api/v1/jobs"), 401, 'asks for its token');
	my $said = page('/api/v1/jobs/upload', '-F solvent=chcl3', '-F "file=@tests/data/ethanol.smi;filename=early.smi"');
	like($said, qr/"job_id"/, 'takes a file');
	my ($id) = $said =~ /"job_id": *"([0-9a-f]{12})"/;
	# Killed while it calculates; it comes back by itself and goes on.
	ok(wait_for(60, sub { page("/api/v1/jobs/$id") =~ /"state": *"running"/ }), 'which is calculated') or diag page("/api/v1/jobs/$id");
	kill 'KILL', inspect($_, '{{.State.Pid}}') for qw(spooler webui);
	ok(wait_for(60, sub { inspect('spooler', '{{.RestartCount}}') >= 1 && healthy('spooler') }), 'the spooler is killed and comes back');
	ok(wait_for(60, sub { healthy('webui') }), 'the page, too');
	like(page("/api/v1/jobs/$id"), qr/"state": *"(queued|running|publishing|done)"/, 'the job is there');
}
my $start = time;
is(quiet("$compose stop spooler"), 0, 'docker stop');
cmp_ok(time - $start, '<', 100, 'within the grace period');
is(inspect('spooler', '{{.State.ExitCode}}'), 0, 'ends well');
is(quiet("$compose down --timeout 20"), 0, 'down');
is(quiet("$compose up -d --no-build spooler"), 0, 'and up');
ok(wait_for(60, sub { healthy('spooler') }), 'healthy again');
ok(there('methane/report.html'), 'results outlive it');
cleanup();
done_testing;

# Nothing of the rest can hold.
sub give_up { diag @_; cleanup(); done_testing; exit 1 }

sub cleanup {
	local $?;
	quiet("$compose down -v --timeout 10") if $compose;
	if ($engine > 0) { kill 'TERM', $engine; waitpid $engine, 0; }
	quiet("docker rmi nmr-empty:test") if !$engine;
	# An engine that could not start leaves its folder mounted on itself.
	system "umount -l $_ 2>/dev/null" for reverse sort map { (split)[1] } grep { / \Q$dir\E/ } split /^/, Spool::slurp('/proc/mounts');
	system "rm -rf --one-file-system $dir";
}
