#!/usr/bin/perl
# The page in a real browser, with the real server, spooler and engines: see
# tests/browser/page.mjs. Pictures of it go to build/screens. Skipped where chromium, or npm
# and a network, are not to be had.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Cwd qw(abs_path);
use Npm;
use Spool;
use Web;

chomp(my $chromium = `sh -c 'command -v chromium' 2>/dev/null`);
plan skip_all => 'no chromium here' if !$chromium;
my $home = Npm::install('tests/browser', '18.0') or plan skip_all => $Npm::why;
my $static = abs_path("$Spool::BIN/../webui/static");
plan skip_all => 'the parts of the page that come from npm are not there: make webui-vendor' if !-d "$static/vendor";

my $s = Spool->new(env => { NMR_SHARE => abs_path('spooler/share'), NMR_STATUS_S => 1 })->start;
my $w = Web->new($s, env => { NMR_WEBUI_STATIC => $static });
my $screens = abs_path("$Spool::BIN/..") . '/screens';
system('cp', 'tests/browser/page.mjs', "$home/page.mjs") == 0 or die;
open my $run, '-|', 'sh', '-c', "cd $home && CHROMIUM=$chromium exec node page.mjs $w->{url} $screens $s->{data} 2>&1" or die;
while (<$run>) {
	chomp;
	if (/^(not )?ok \d+ - (.*)/) { ok(!$1, $2) } elsif (!/^1\.\./) { diag(s/^# //r) }
}
close $run;
is($?, 0, 'the browser ends well');
is($w->stop, 0, 'so does the server');
is($s->stop, 0, 'and the spooler');
done_testing;
