#!/usr/bin/perl
# The same as tests/integration/torture.t with as many files as a folder may hold, and
# more events than the kernel keeps.
use strict;
use warnings;
$ENV{NMR_TEST_MANY} = 20000;
exec $^X, 'tests/integration/torture.t', qw(many flood) or die;
