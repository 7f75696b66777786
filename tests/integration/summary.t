#!/usr/bin/perl
# The summary.csv of a batch tells how its records ended, also when the spooler ended or
# was killed between the last result and the summary.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Replay;
use Upkeep;

# Records' states, by their number.
sub states {
	my ($s) = @_;
	my (undef, @rows) = split /\r?\n/, Spool::slurp($s->out('two') . '/summary.csv');
	return join ' ', map { (split /,/)[2] // '?' } @rows;
}

sub done { my ($s) = @_; return (sql($s, 'SELECT count(*) FROM job WHERE state=3') // 0) == 2 }

# Ended while a result is on its way: renaming it takes its time.
my $s = Replay->new(env => { NMR_STATUS_S => 1, ASAN_OPTIONS => join ':', grep { $_ } $ENV{ASAN_OPTIONS}, 'detect_leaks=0' },
	wrap => [ qw(strace -f -qq -o /dev/null -e trace=renameat2 -e inject=renameat2:delay_enter=1000000) ]);
$s->drop('two.smi', "C two-records\nC more\n");
$s->start;
ok(wait_until(120, sub {
	(sql($s, 'SELECT count(*) FROM job WHERE state IN (2,3)') // 0) == 2 && sql($s, 'SELECT count(*) FROM job WHERE state=2') > 0 &&
		-d $s->out('two') }), 'results are on their way');
my ($pid) = split ' ', Spool::slurp("/proc/$s->{pid}/task/$s->{pid}/children");
kill 'TERM', $pid;
is($s->wait_exit(60), 0, 'the spooler ends') or diag($s->log_text);
ok(done($s), 'both are published');
is(states($s), 'done done', 'and the summary says so');

# Killed before the summary is written, and once more before it could be made up for.
my $t = Replay->new(env => { NMR_STATUS_S => 3600 });
my $status = sub { $t->{env}{NMR_STATUS_S} = $_[0] };
$t->drop('two.smi', "C two-records\nC more\n");
$t->start;
ok(wait_until(60, sub { done($t) }), 'both records are done') or diag($t->log_text);
$t->signal('KILL');
ok(defined $t->wait_exit(30), 'killed');
note 'the summary says: ' . states($t);   # seldom right already
# Long ago.
sql($t, 'UPDATE job SET finished=finished-86400');
my $mark = length $t->log_text;
$t->start;
ok(wait_until(30, sub { substr($t->log_text, $mark) =~ /event=start/ }), 'started');
$t->signal('KILL');
ok(defined $t->wait_exit(30), 'and killed');
is($t->start('--once')->wait_exit(60), 0, 'the next start ends well') or diag($t->log_text);
is(states($t), 'done done', 'and the summary is right');
is(sql($t, "SELECT value FROM fact WHERE name='summaries'"), '', 'nothing more is behind');
done_testing;
