#!/usr/bin/perl
# Few files, and many kills at random moments: see Torture.pm. tests/long/random.t has many
# files. NMR_RANDOM_SEED: the seed of a run that failed; moments depend on the machine as
# well.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Torture;

Torture::run($ENV{NMR_RANDOM_FILES} // 25);
done_testing;
