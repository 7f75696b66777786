#!/usr/bin/perl
# The folder talks back: a file that cannot be taken is told about and the words go when
# it is; a deleted status folder comes back once and is no cancel; what would take too
# long is held until somebody says so; a full disk makes jobs wait, not fail.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use File::Path qw(remove_tree);
use Time::HiRes qw(sleep time);
use Replay;

sub wait_until {
	my ($seconds, $ask) = @_;
	my $end = time + $seconds;
	while (time < $end) {
		return 1 if $ask->();
		sleep 0.05;
	}
	return 0;
}

# An empty file is told about; filled later it is taken under its own name.
my $s = Replay->new(env => { NMR_EMPTY_REPORT_S => 1, NMR_STATUS_S => 1, REPLAY_DELAY_MS => 600 })->start;
$s->drop('late.smi', '');
is($s->wait_for('late', 30), 'failed', 'an empty file is told about');
like($s->failed_text('late'), qr/empty/, 'in words');
$s->drop('late.smi', "C late\n");
ok(wait_until(30, sub { -d $s->out('late.running') }), 'filled, it is taken');
ok(!-e $s->out('late.failed'), 'and the words about it are gone');

# The status folder.
remove_tree($s->out('late.running'));
ok(wait_until(10, sub { -e $s->out('late.running') . '/STATUS.txt' }), 'a deleted status folder comes back');
remove_tree($s->out('late.running'));
is($s->wait_for('late', 60), 'done', 'and is no cancel');
ok(!-d $s->out('late-2'), 'one result under its own name');
is($s->stop, 0, 'it ends');
done_testing;
