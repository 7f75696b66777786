#!/usr/bin/perl
# scripts/compose-test: the whole service in the images that users build, with everything
# that may happen to a server. Skipped where no Docker engine can be started.
use strict;
use warnings;
use Test::More;

open my $f, '-|', 'scripts/compose-test 2>&1' or die;
my @lines = <$f>;
close $f;
my $status = $? >> 8;
plan skip_all => join ' ', map { s/^# |\n//gr } @lines if $status == 2;
for (@lines) {
	if (/^(not )?ok \d+ - (.*)/) { ok(!$1, $2) }
	elsif (/^# (.*)/) { note $1 }
}
is($status, 0, 'all of it') or diag @lines;
done_testing;
