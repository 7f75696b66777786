#!/usr/bin/perl
# The machine is shared: ranks never exceed the cores, what does not fit the memory waits,
# a run that uses more than it said fails alone, and one molecule need not wait for a batch.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use File::Temp qw(tempdir);
use List::Util qw(max sum0);
use Replay;
use Upkeep;

sub rows_of {
	my ($s, $columns) = @_;
	return map { [ split /\|/ ] } sql($s, "SELECT $columns FROM step WHERE state=2 ORDER BY started");
}

# The largest sum of a weight over runs at one time: started, seconds, weight. Rows are
# written some moments before the program starts, so a run counts from a bit later on.
sub most_at_once {
	my @runs = @_;
	my @at = map { $_->[0] + 0.15 } @runs;
	return max(map { my $t = $_; sum0(map { $_->[0] + 0.15 <= $t && $t < $_->[0] + $_->[1] ? $_->[2] : 0 } @runs) } @at);
}

# ---- cores: ten jobs
{
	my $s = Replay->new(env => { REPLAY_DELAY_MS => 400, REPLAY_OWN => 1, NMR_CORES => 3, NMR_MEMORY_MB => 20000 });
	$s->drop("m$_.smi", "C m$_\n") for 1 .. 10;
	is($s->start('--once')->wait_exit(300), 0, 'ten jobs') or diag($s->log_text);
	my @runs = rows_of($s, 'started,wall_s,ranks,kind,attempts');
	ok(@runs >= 80, scalar(@runs) . ' steps were run');
	is(scalar(grep { $_->[4] != 1 } @runs), 0, 'each once');
	my $most = most_at_once(@runs);
	is($most, 3, 'on three cores at most, and on all three');
	ok(!(grep { $_->[2] > 1 && $_->[3] !~ /^(?:screen|optimise|shield)$/ } @runs), 'only NWChem runs on several');
	my @mid = grep { $_->[3] =~ /optimise|shield/ } @runs;
	ok((grep { $_->[2] == 1 } @mid) > @mid / 2, 'most runs are narrow while there are many');
}
{
	# One shielding calculation for all nuclei; with two, they share the cores.
	my $s = Replay->new(env => { REPLAY_DELAY_MS => 50, NMR_CORES => 3, NMR_DEFAULTS => 'preset = "production";' });
	$s->drop('one.smi', "C one\n");
	is($s->start('--once')->wait_exit(60), 0, 'a job alone');
	my %ranks = map { $_->[0] => $_->[1] } rows_of($s, 'kind,ranks');
	is("$ranks{optimise} $ranks{shield} $ranks{xtb}", '3 3 1', 'has all cores');
}

# ---- memory
{
	my $s = Replay->new(env => { REPLAY_DELAY_MS => 400, REPLAY_OWN => 1, NMR_CORES => 4, NMR_MEMORY_MB => 900, NWCHEM_NPROC => 1,
		NMR_DEFAULTS => 'preset = "production";' });
	$s->drop("m$_.smi", "C m$_\n") for 1 .. 6;
	is($s->start('--once')->wait_exit(300), 0, 'little memory') or diag($s->log_text);
	my %mb = map { /step=(\w+) .*memory_mb=(\d+)/ ? ($1 => $2) : () } grep { /event=step-start/ } split /\n/, $s->log_text;
	my @runs = map { [ $_->[0], $_->[1], $mb{ $_->[2] }, $_->[3] ] } rows_of($s, 'started,wall_s,key,kind');
	ok((grep { $_->[3] eq 'shield' && $_->[2] > 300 && $_->[2] < 600 } @runs) == 6, 'a shielding needs some hundred MB');
	my $most = most_at_once(@runs);
	ok($most <= 900, "runs wait for it: $most MB at once");
	ok($most > 600, 'and go beside one another where they fit');
}

# ---- a run that uses more than it said
{
	my $bin = tempdir('nmr-liar-XXXXXX', TMPDIR => 1, CLEANUP => 1);
	my $real = Replay::bin();
	open my $f, '>', "$bin/nwchem" or die;
	print $f <<"L";
#!/bin/sh
# The first run that comes here takes 3 GB, each time; slowly, for memory is weighed once a second.
(set -C; pwd > $bin/liar) 2>/dev/null
if [ "\$(cat $bin/liar)" = "\$(pwd)" ] && [ "\$1" != probe.nw ]; then
	exec perl -e 'my \@x; for (1 .. 30) { push \@x, "x" x 1e8; select undef, undef, undef, 0.5 } sleep 60'
fi
exec $real/nwchem "\$@"
L
	close $f;
	chmod 0755, "$bin/nwchem";
	my $s = Replay->new(env => { REPLAY_DELAY_MS => 300, REPLAY_OWN => 1, NMR_CORES => 2, NMR_MEMORY_MB => 2000,
		NMR_NWCHEM => "$bin/nwchem {input}" });
	# The probe for the version is no calculation.
	open $f, '>', "$bin/liar" or die;
	close $f;
	$s->start;
	ok(wait_until(120, sub { $s->log_text =~ /event=start / }), 'it runs');
	unlink "$bin/liar";
	$s->drop("m$_.smi", "C m$_\n") for 1 .. 4;
	ok(wait_until(300, sub { sql($s, 'SELECT count(*) FROM job WHERE state IN (3,4)') == 4 }), 'all end') or diag($s->log_text);
	my @failed = sql($s, 'SELECT name FROM job WHERE state=4');
	is(scalar @failed, 1, 'one fails, alone');
	like($s->failed_text($failed[0]), qr/memory/i, 'for its memory, which is said');
	my @ends = $s->log_text =~ /event=step-end .*verdict=fail cause=memory detail="?used (\d+) MB/g;
	is(scalar @ends, 2, 'it had a second try') or diag($s->log_text);
	ok($ends[0] < 1900 && $ends[1] > 1900, "with all memory: ended at $ends[0] and $ends[1] MB");
	is($s->stop, 0, 'it ends');
}

# ---- a run for which the estimate was too little, in its own words
for my $try ([ 1000, 'done', 'is tried again with all memory, which is enough' ], [ 9000, 'failed', 'and fails where that is too little, too' ]) {
	my ($least, $end, $what) = @$try;
	my $bin = tempdir('nmr-small-XXXXXX', TMPDIR => 1, CLEANUP => 1);
	my $real = Replay::bin();
	open my $f, '>', "$bin/nwchem" or die;
	print $f <<"L";
#!/bin/sh
mb=\$(awk '/^memory/ { for (i = 2; i < NF; i++) if (\$i ~ /^[0-9]+\$/) n += \$i } END { print n + 0 }' "\$1")
if grep -q '^task dft property' "\$1"; then
	echo "\$mb" >> $bin/given
	[ "\$mb" -ge $least ] || { echo ' ga_create failed: could not create global array'; exit 1; }
fi
exec $real/nwchem "\$@"
L
	close $f;
	chmod 0755, "$bin/nwchem";
	my $s = Replay->new(env => { NMR_CORES => 2, NMR_MEMORY_MB => 4000, NMR_NWCHEM => "$bin/nwchem {input}", NMR_DEFAULTS => 'preset = "production";' });
	$s->drop('m.smi', "C m\n");
	is($s->start->wait_for('m', 120), $end, "a run that says it has too little memory $what") or diag($s->log_text);
	my @given = split ' ', Spool::slurp("$bin/given");
	ok($given[0] < 1000 && $given[1] > 1000, "it had $given[0] MB first, then $given[1]");
	cmp_ok(scalar @given, '<=', 3, 'and not for ever') or diag("@given");
	like($s->failed_text('m') =~ s/\s+/ /gr, qr/memory/, 'which is said') if $end eq 'failed';
	is($s->stop, 0, 'it ends');
}

# ---- a batch, and a molecule dropped later
{
	my $s = Replay->new(env => { REPLAY_DELAY_MS => 100, REPLAY_OWN => 1, NMR_CORES => 2 });
	$s->start;
	$s->drop('batch.smi', "C many-records=40\n");
	ok(wait_until(60, sub { sql($s, 'SELECT count(*) FROM job WHERE batch_row>0') == 40 && sql($s, 'SELECT count(*) FROM job WHERE state=3') > 0 }),
		'a batch is under way') or diag($s->log_text);
	$s->drop('single.smi', "C single\n");
	is($s->wait_for('single', 400), 'done', 'a single molecule') or diag($s->log_text);
	my $done = sql($s, 'SELECT count(*) FROM job WHERE batch_row>0 AND state=3');
	ok($done < 20, "is done long before the batch ($done of 40)");
	is($s->stop, 0, 'it ends');
}

# ---- more people than places
{
	my $s = Replay->new(env => { REPLAY_DELAY_MS => 3000, REPLAY_OWN => 1, NMR_CORES => 1 });
	for (1 .. 66) {
		$s->drop("p$_.smi", "C p$_\n");
		chown 3000 + $_, -1, "$s->{data}/inbox/p$_.smi" or die "chown: $!";
	}
	$s->start;
	my $running = sub { return sql($s, 'SELECT count(*) FROM job WHERE state=1') + sql($s, 'SELECT count(*) FROM job WHERE state=3') };
	ok(wait_until(180, sub { $running->() == 66 }), 'each of 66 people has a job that runs') or diag($running->(), $s->log_text);
	ok(wait_until(60, sub { sql($s, q(SELECT count(*) FROM job WHERE detail='waiting for a free core')) > 50 }), 'most wait for the core, which is said');
	# Somebody who has one that runs waits now, unless it is urgent.
	$s->drop('later.smi', "C later\n");
	chown 3001, -1, "$s->{data}/inbox/later.smi" or die;
	$s->drop('now.conf', "priority = urgent\n");
	$s->drop('now.smi', "C now\n");
	chown 3001, -1, "$s->{data}/inbox/now.smi" or die;
	is($s->wait_for('now', 200), 'done', 'an urgent one is done') or diag($s->log_text);
	my $done = sql($s, 'SELECT count(*) FROM job WHERE state=3');
	ok($done < 20, "before the others ($done)");
	is(sql($s, q(SELECT state FROM job WHERE name='later')), 0, 'another one of the same person waits');
	is($s->stop, 0, 'it ends');
}

# ---- time left: learned, kept, told
{
	my $s = Replay->new(env => { REPLAY_DELAY_MS => 900, REPLAY_OWN => 1, NMR_CORES => 2 });
	$s->start;
	$s->drop("m$_.smi", "C m$_\n") for 1 .. 2;
	is($s->wait_for('m1', 120), 'done', 'two jobs');
	is($s->wait_for('m2', 120), 'done', 'of slow engines');
	my ($model) = sql($s, q(SELECT value FROM fact WHERE name='cost'));
	like($model, qr/"shield":\[/, 'what runs took is remembered');
	$s->drop("n$_.smi", "C n$_\n") for 1 .. 4;
	ok(wait_until(60, sub { Spool::slurp("$s->{data}/outbox/QUEUE.html") =~ /All of it takes about/ || sql($s, 'SELECT count(*) FROM job WHERE state=3') > 4 }),
		'the queue tells its time');
	is($s->wait_for('n4', 240), 'done', 'six jobs in all');
	my @predicted = map { /kind|label="?shield.* wall_s=([\d.]+) predicted_s=([\d.]+)/ ? [ $1, $2 ] : () } grep { /event=step-end/ } split /\n/, $s->log_text;
	ok(@predicted >= 2 && $predicted[-1][1] > 0.5 * $predicted[-1][0] && $predicted[-1][1] < 2 * $predicted[-1][0],
		'predictions come close') or diag explain \@predicted;
	is($s->stop, 0, 'it ends');
}
done_testing;
