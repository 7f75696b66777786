#!/usr/bin/perl
# A thousand files, and SIGKILL of spooler, supervisors and engines at random moments: see
# Torture.pm. NMR_RANDOM_FILES: another number; NMR_RANDOM_SEED: the seed of another run.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Torture;

Torture::run($ENV{NMR_RANDOM_FILES} // 1000);
done_testing;
