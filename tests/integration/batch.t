#!/usr/bin/perl
# A file of many records becomes its jobs in portions: killed in the middle, held,
# cancelled and retried there, each record ends in exactly one result.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Replay;
use Time::HiRes qw(sleep time);
use Upkeep;

my $RECORDS = 600;
my %quick = (NMR_QUIET_S => 0.2, NMR_STATUS_S => 1, NMR_RECORDS_MAX => 5000);

sub start_set {
	my ($n) = @_;
	my $s = Replay->new(env => {%quick});
	$s->drop('set.smi', "many-records=$n\n");
	$s->start;
	# Its queue has all its tables then.
	wait_until(60, sub { $s->log_text =~ /event=start/ });
	return $s;
}

sub unmade { return (sql($_[0], 'SELECT unmade FROM batch'))[0] // -1; }

# A spool whose spooler was killed when some of the records were jobs and some were not.
# When the moment is missed, another one is tried.
sub killed_in_the_middle {
	for my $try (1 .. 20) {
		my $s = start_set($RECORDS);
		wait_until(60, sub { my $n = unmade($s); $n >= 0 && $n < $RECORDS });
		$s->signal('KILL');
		$s->wait_exit(60);
		return $s if unmade($s) > 0;
	}
	return undef;
}

# Every record has one job, and one result that says so.
sub whole {
	my ($s, $n, $what) = @_;
	ok(wait_for(120, $n, sub { sql($s, 'SELECT count(*) FROM job WHERE state=3') }), "$what: all records are done")
		or diag(join "\n", sql($s, 'SELECT state,count(*) FROM job GROUP BY state'), grep { /level=error/i } split /\n/, $s->log_text);
	is(sql($s, 'SELECT count(DISTINCT record),count(*),max(record) FROM job'), "$n|$n|$n", "$what: one job for each");
	is(unmade($s), 0, "$what: none is to come");
	my @result = glob $s->out('set') . '/*/shifts.json';
	my %seen = map { m{/(\d+)-m(\d+)/shifts} && $1 == $2 ? ($1 => 1) : () } @result;
	is(@result . ' ' . keys(%seen), "$n $n", "$what: one result for each");
	ok(wait_until(60, sub { (() = Spool::slurp($s->out('set/summary.csv')) =~ /,done,/g) == $n }), "$what: the summary has them all");
	ok(!-e $s->out('set.running'), "$what: nothing is shown as running");
}

sub counts { return { map { split /\|/ } sql($_[0], 'SELECT state,count(*) FROM job GROUP BY state') }; }

# ---------------------------------------------------------------- killed
{
	my $s = killed_in_the_middle();
	ok($s, 'killed in the middle') or BAIL_OUT('the middle of a split was never met');
	my $made = $RECORDS - unmade($s);
	is(sql($s, 'SELECT count(DISTINCT record),count(*) FROM job WHERE batch_row>0'), "$made|$made", 'as many jobs as are noted');
	is($made % 200, 0, 'whole portions');
	ok(-s glob("$s->{data}/spool/intake/*/structure"), 'the file is kept');
	$s->start;
	whole($s, $RECORDS, 'killed');
	my ($status, $out) = nmr($s, 'show', 'set');
	like($out, qr/molecules +$RECORDS: $RECORDS done$/m, 'killed: as told');
	is($s->stop, 0, 'killed: the spooler ends');
	is((spooler($s, '--check'))[0], 0, 'killed: the check finds nothing');
}

# ---------------------------------------------------------------- held, cancelled, retried in the middle
{
	my $s = killed_in_the_middle() or BAIL_OUT('the middle of a split was never met');
	my $rest = unmade($s);
	sql($s, 'UPDATE job SET state=6 WHERE batch_row=0');
	$s->start;
	ok(wait_for(120, 0, sub { sql($s, 'SELECT count(*) FROM job WHERE state IN (0,1,2)') }), 'held: what there is goes on');
	is(unmade($s), $rest, 'held: no more jobs are made');
	my ($status, $out) = nmr($s, 'show', 'set');
	like($out, qr/molecules +$RECORDS: \d+ done, $rest not in the queue yet \(held\)/, 'held: as told');
	($status, $out) = nmr($s, 'cancel', 'set');
	is($status, 0, 'cancel: taken');
	like($out, qr/$rest molecules are no jobs yet: the same holds for them/, 'cancel: it says what of');
	is_deeply(counts($s), { 3 => $RECORDS - $rest, 5 => 1 }, 'cancel: the rest as well');
	ok(wait_until(30, sub { !-e $s->out('set.running') }), 'cancel: nothing is shown as running');
	$s->stop;
	$s->start;
	sleep 1;
	is(unmade($s), $rest, 'cancel: a restart makes no more jobs');
	is((nmr($s, 'retry', 'set'))[0], 0, 'retry: taken');
	whole($s, $RECORDS, 'retried');
	is($s->stop, 0, 'retried: the spooler ends');
}

# ---------------------------------------------------------------- asked while it is being split
for my $verb (qw(hold cancel)) {
	my $s = start_set(2000);
	wait_until(60, sub { unmade($s) >= 0 });
	my ($status, $out) = nmr($s, $verb, 'set', '--timeout', '200');
	is($status, 0, "$verb: taken") or diag($out);
	ok(wait_for(120, 0, sub { sql($s, 'SELECT count(*) FROM job WHERE state IN (0,1,2)') }), "$verb: nothing goes on");
	my $rest = unmade($s);
	sleep 0.5;
	is(unmade($s), $rest, "$verb: no more jobs are made");
	my $left = sql($s, 'SELECT count(*) FROM job WHERE state=' . ($verb eq 'hold' ? 6 : 5));
	cmp_ok($left, '>', 0, "$verb: what was made waits or is cancelled");
	if ($verb eq 'hold') {
		is((nmr($s, 'cancel', 'set', '--timeout', '200'))[0], 0, 'hold: cancelled then');
		is(sql($s, 'SELECT count(*) FROM job WHERE state NOT IN (3,5)'), 0, 'hold: nothing is left');
	}
	is($s->stop, 0, "$verb: the spooler ends");
}

done_testing;
