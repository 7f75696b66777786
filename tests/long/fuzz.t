#!/usr/bin/perl
# Fuzzers of what comes in as a request, 60 s each (FUZZ_SECONDS): nothing crashes, hangs,
# leaks or is undefined, for any bytes. They are built by "make fuzz-build", with clang. An
# input that fails is kept in build-fuzz/found/.
use strict;
use warnings;
use Test::More;
use Cwd qw(getcwd);
use File::Path qw(make_path);
use File::Temp qw(tempdir);

my $seconds = $ENV{FUZZ_SECONDS} || 60;
my $bin = $ENV{NMR_FUZZ_BIN} || 'build-fuzz/fuzz';
# Absolute: a target may have a folder of its own.
my $here = getcwd;
my $found = "$here/build-fuzz/found";
make_path($found);
# Reports are for the fuzzer's own log, which is shown when there is something to see.
delete @ENV{qw(ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS)};
$ENV{NMR_SHARE} = 'spooler/share';

for my $target (qw(http form json unpack)) {
	ok(-x "$bin/$target", "$target: built (make fuzz-build)") or next;
	my $corpus = tempdir(CLEANUP => 1);
	my $log = "$corpus.log";
	my $status = system "$bin/$target -max_total_time=$seconds -timeout=60 -rss_limit_mb=3000 -max_len=20000 -print_final_stats=1 " .
		"-artifact_prefix=$found/$target- $corpus $here/tests/fuzz/seeds/$target >$log 2>&1";
	open my $f, '<', $log or die;
	my $said = do { local $/; <$f> };
	unlink $log;
	is($status, 0, "$target: $seconds s without a fault") or diag substr($said, -6000);
	my ($runs) = $said =~ /stat::number_of_executed_units:\s*(\d+)/;
	my ($covered) = $said =~ /.*cov: (\d+)/s;
	cmp_ok($runs // 0, '>', 100, "$target: so many inputs") and note sprintf '%d inputs, %d places of the code', $runs, $covered // 0;
}
done_testing;
