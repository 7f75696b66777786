#!/usr/bin/perl
# SIGKILL of the spooler in the middle of an NWChem optimisation: the next start
# publishes the same result, repeats no finished step, goes on with the
# optimisation near where it was, and no engine is left behind.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Time::HiRes qw(sleep time);
use Spool;

my $T = 1200;
my $smiles = "CO methanol\n";

# Undisturbed.
my $calm = Spool->new->start('--once');
$calm->drop('methanol.smi', $smiles);
my $rough = Spool->new;
is($calm->wait_exit($T), 0, 'undisturbed: --once ends with 0') or diag($calm->log_text);
ok(-d $calm->out('methanol'), 'undisturbed: published');

$rough->start('--once');
$rough->drop('methanol.smi', $smiles);
my $end = time + $T;
my ($before, $run) = (0);
while (time < $end && !$before) {
	for my $log (glob "$rough->{data}/spool/steps/*/*.run/stdout") {
		my @steps = Spool::slurp($log) =~ /^@ +(\d+) /mg;
		($before, $run) = ($steps[-1], $log) if @steps >= 3;
	}
	sleep 0.02;
}
ok($before, "killed after optimisation step $before");
$rough->signal('KILL');
waitpid $rough->{pid}, 0;
$rough->{pid} = 0;
my $finished = () = $rough->log_text =~ /event=step-end .*verdict=ok/g;
$end = time + 10;
sleep 0.2 while $rough->processes && time < $end;
is_deeply([ $rough->processes ], [], 'no engine is left behind');
ok(!-d $rough->out('methanol'), 'nothing half is published');

my $mark = length $rough->log_text;
$rough->start('--once');
is($rough->wait_exit($T), 0, 'the second start ends with 0') or diag($rough->log_text);
ok(-d $rough->out('methanol'), 'and publishes');
my $later = substr($rough->log_text, $mark);
my @again = $later =~ /event=step-start step=(\w+)/g;
my %ended = map { $_ => 1 } substr($rough->log_text, 0, $mark) =~ /event=step-end step=(\w+) .*verdict=ok/g;
is(scalar(grep { $ended{$_} } @again), 0, "none of $finished finished steps ran again");

my ($opt) = glob $rough->out('methanol') . '/raw/*optimise*/output.txt';
my @rest = Spool::slurp($opt // '') =~ /^@ +(\d+) /mg;
my ($whole_log) = glob $calm->out('methanol') . '/raw/*optimise*/output.txt';
my @whole = Spool::slurp($whole_log // '') =~ /^@ +(\d+) /mg;
cmp_ok(scalar(@rest), '<', scalar(@whole), 'the optimisation went on where it was: '
	. scalar(@rest) . ' steps instead of ' . scalar(@whole));
for my $n ([ '1H', 0.02 ], [ '13C', 0.1 ]) {
	my @a = @{ $calm->shift_list('methanol', $n->[0]) };
	my @b = @{ $rough->shift_list('methanol', $n->[0]) };
	is(scalar @a, scalar @b, "$n->[0]: as many shifts");
	cmp_ok(abs($a[$_] - ($b[$_] // 999)), '<=', $n->[1], "$n->[0] $_: $a[$_]") for 0 .. $#a;
}
my @c = @{ $calm->shift_list('methanol', '13C') };
my ($stage) = grep { $_->{stage} eq 'shield' } @{ $calm->shifts('methanol')->{conformer_search} };
is($stage->{level}, 'WP04/6-31G** (1H), PBE0/def2-SVP (13C)', 'each nucleus has its level');
cmp_ok(abs($c[0] - 50.4), '<', 3, "standard: methanol carbon within 3 ppm of 50.4: $c[0]");
done_testing;
