# Many files, and a spooler that is killed all the time: it, its supervisors and its engines
# get SIGKILL at random moments, some are frozen (SIGSTOP) and go on later, and the spooler
# is started again each time. In the end every file must have come to exactly what an
# undisturbed run makes of it, byte for byte, and nothing else may be left.
#
# What is not compared: QUEUE.html (times, order of the moment); in .nmr-id and FAILED.txt
# the ids of jobs, in FAILED.txt the dates; in shifts.json the job's id and timing, and of
# steps how long they took, on how many ranks and whether they were there already; in
# input.nw the path of the scratch folder, and the geometry from which an optimisation that
# was broken off goes on. See outbox() in PowerLoss.pm.
#
# Seconds mean nothing on a busy machine, so time is measured in lines of the spooler's log.
package Torture;
use strict;
use warnings;
use File::Find;
use File::Path qw(make_path remove_tree);
use POSIX qw(:sys_wait_h);
use Test::More;
use Time::HiRes qw(sleep time);
use Outcome;
use PowerLoss;
use Replay;
use Upkeep;
no warnings 'File::Find';

# A step whose engine or supervisor is killed often fails for good, as it must: see
# ATTEMPTS_MAX in spooler/job/scheduler.c.
our $KILLS_OF_A_STEP = 2;
my $ENDED = 'state IN (3,4,5)';

# ---- files

# [ name below the inbox, content, ticket, earlier name that must be gone ] for each; a name
# in door/ is that of a submission by the command line.
sub files {
	my ($n) = @_;
	my @files;
	for my $i (0 .. $n - 1) {
		my ($kind, $name, $text) = ($i % 25, "m$i.smi", "C m$i\n");
		my %of = (
			1 => [ "m$i.sdf", "$text two-records\n" ],
			2 => [ "bad-batch-$i.sdf", "$text two-records fails-in-prepare\n" ],
			3 => [ $name, "$text fails-in-conformers\n" ],
			5 => [ $name, $text, "solvent = DMSO\n" ],
			7 => [ "D2O/$name", $text ],
			9 => [ $name, "$text fails-in-read\n" ],
			11 => [ "group/sub/$name", $text ],
			12 => [ sprintf('door/%012x', $i + 1), $text, "source = cli\nfilename = $name\n" ],
			14 => [ $name, $text, "colour = red\n" ],
			17 => [ $name, $text, "preset = production\n" ],
			20 => [ $name, "C the same as others\n" ],
			22 => [ "twice-$i.smi", "$text one\n" ],
			23 => [ 'twice-' . ($i - 1) . '.smi', "$text another\n", undef, 'twice-' . ($i - 1) . '.smi' ],
		);
		push @files, $of{$kind} // [ $name, $text ];
	}
	return @files;
}

sub submit {
	my ($s, $name, $text, $ticket) = @_;
	my $tmp = "$s->{data}/$name" =~ s{door/}{door/.tmp-}r;
	write_file("$tmp/structure", $text);
	write_file("$tmp/ticket", $ticket);
	rename $tmp, "$s->{data}/$name" or die "$name: $!";
	return 1;
}

# False: it must wait. As an editor writes it, or put there by a rename.
sub drop {
	my ($s, $file, $by_rename) = @_;
	my ($name, $text, $ticket, $after) = @$file;
	my $in = "$s->{data}/inbox";
	return submit($s, @$file) if $name =~ m{^door/};
	return 0 if defined $after && -e "$in/$after";
	(my $stem = $name) =~ s/\.\w+$//;
	write_file("$in/$stem.conf", $ticket) if defined $ticket;
	write_file($by_rename ? "$s->{data}/new" : "$in/$name", $text);
	make_path("$in/$name" =~ s{/[^/]*$}{}r);
	!$by_rename || rename "$s->{data}/new", "$in/$name" or die "$name: $!";
	return 1;
}

# ---- looking

# The queue, read-only: who opens it for writing does a part of the next start's work.
sub ask {
	my ($s, $sql) = @_;
	my $db = "$s->{data}/spool/db/queue.db";
	return () unless -s $db;
	open my $p, '-|', "sqlite3 -readonly -batch -cmd '.timeout 10000' '$db' \"$sql\" 2>/dev/null" or die "sqlite3: $!";
	chomp(my @rows = <$p>);
	close $p;
	return @rows;
}

# What is new in the spooler's log, in lines.
sub progress {
	my ($t) = @_;
	open my $f, '<:raw', $t->{s}{log} or return 0;
	seek $f, $t->{at}, 0;
	local $/;
	my $text = <$f> // '';
	$t->{at} += length $text;
	$t->{steps} += () = $text =~ /event=step-start /g;
	return $text =~ tr/\n//;
}

# Supervisors and engines: { pid, what, key }.
sub runs {
	my ($s) = @_;
	my @found;
	for my $p (glob '/proc/[0-9]*') {
		next if Spool::slurp("$p/cmdline") !~ /--dir=\Q$s->{data}\E\/spool\/steps\/..\/([0-9a-f]{64})\.run/;
		my $key = $1;
		my $pid = $p =~ s{.*/}{}r;
		push @found, { pid => $pid, what => 'supervisor', key => $key };
		push @found, map { +{ pid => $_, what => 'engine', key => $key } } split ' ', Spool::slurp("$p/task/$pid/children");
	}
	return @found;
}

sub all_done {
	my ($t) = @_;
	return 0 if @{ $t->{todo} } || inbox_files($t->{s}) || names_in("$t->{s}{data}/door");
	my ($n) = ask($t->{s}, "SELECT count(*),sum($ENDED) FROM job");
	my ($all, $ended) = split /\|/, $n // '0|1';
	return $all && $all == ($ended || 0);
}

# ---- disturbing

# Lines of log to wait for: also none, when the spooler is hardly there.
sub moments { return rand() < 0.3 ? int rand 4 : 4 + int rand 25 }

sub thaw {
	my ($t, $all) = @_;
	my @still;
	for my $f (@{ $t->{frozen} }) {
		if ($all || time >= $f->{until}) {
			kill 'CONT', $f->{pid};
		} else {
			push @still, $f;
		}
	}
	$t->{frozen} = \@still;
}

sub freeze {
	my ($t, $pid, $what) = @_;
	return unless kill 'STOP', $pid;
	$t->{n}{"frozen $what"}++;
	push @{ $t->{frozen} }, { pid => $pid, until => time + rand 1.5 };
}

# Until so many lines more are there, or for a while when nothing happens.
sub wait_moments {
	my ($t, $lines) = @_;
	my $begin = time;
	my $begun = $lines == 0;
	for (my $n = 0; $n < $lines;) {
		my $new = progress($t);
		$n += $new;
		$begin = time if $new;
		# Everything may be waiting for another attempt.
		last if time - $begin > 2 && $t->{at} > $t->{started_at};
		thaw($t);
		drop_some($t) if rand() < 0.2;
		return if gone_by_itself($t);
		sleep 0.003;
	}
	sleep rand 0.03;
}

sub drop_some {
	my ($t) = @_;
	my @later;
	for (1 .. 1 + int rand 4) {
		my $f = shift @{ $t->{todo} } // last;
		drop($t->{s}, $f, rand() < 0.5) or push @later, $f;
	}
	unshift @{ $t->{todo} }, @later;
}

# Nobody ended it.
sub gone_by_itself {
	my ($t) = @_;
	my $s = $t->{s};
	return 1 if !$s->{pid};
	return 0 if waitpid($s->{pid}, WNOHANG) != $s->{pid};
	push @{ $t->{wrong} }, "the spooler ended by itself with status $?: " . substr($s->log_text, -3000);
	$s->{pid} = 0;
	return 1;
}

sub hit_runs {
	my ($t, $most, $what) = @_;
	for my $r (runs($t->{s})) {
		next if ($what && $r->{what} ne $what) || rand() < 0.4;
		return if $most-- <= 0;
		if (rand() < 0.4) {
			freeze($t, $r->{pid}, $r->{what});
		} elsif (($t->{hits}{ $r->{key} } // 0) < $KILLS_OF_A_STEP && kill 'KILL', $r->{pid}) {
			$t->{hits}{ $r->{key} }++;
			$t->{n}{"killed $r->{what}"}++;
		}
	}
}

sub end_spooler {
	my ($t, $sig) = @_;
	my $s = $t->{s};
	return if gone_by_itself($t);
	# With all that it started, as when a machine is switched off, or alone.
	my @with = $sig eq 'KILL' && rand() < 0.3 ? runs($s) : ();
	if ($sig eq 'KILL' && rand() < 0.15) {
		kill 'STOP', $s->{pid};
		sleep rand 0.3;
	}
	kill $sig, $s->{pid}, map { $_->{pid} } @with;
	thaw($t) while waitpid($s->{pid}, WNOHANG) != $s->{pid} && sleep 0.005;
	# Before it has begun it is ended by the signal itself.
	my $begun = substr($s->log_text, $t->{started_at}) =~ /event=start /;
	push @{ $t->{wrong} }, "asked to end, the spooler did so with status $?" if $sig eq 'TERM' && $? && ($begun || $? != 15);
	$s->{pid} = 0;
	$t->{n}{ $sig eq 'KILL' ? 'killed spooler' : 'ended spooler' }++;
	$t->{n}{"killed $_->{what}"}++ for @with;
}

sub begin_spooler {
	my ($t) = @_;
	$t->{started_at} = -s $t->{s}{log} // 0;
	$t->{s}->start;
	$t->{n}{start}++;
}

sub disturb {
	my ($t) = @_;
	my $dice = rand;
	if ($dice < 0.55) {
		end_spooler($t, $dice < 0.48 ? 'KILL' : 'TERM');
		sleep rand 0.2 if rand() < 0.3;
	} elsif ($dice < 0.9) {
		hit_runs($t, 1 + int rand 2);
	} elsif (!gone_by_itself($t)) {
		kill 'STOP', $t->{s}{pid};
		hit_runs($t, 1) if rand() < 0.5;
		sleep rand 0.3;
		kill 'CONT', $t->{s}{pid};
		$t->{n}{'frozen spooler'}++;
	}
	begin_spooler($t) if gone_by_itself($t);
}

# ---- two runs

sub spool {
	my ($delay) = @_;
	return Replay->new(env => { NMR_CORES => 2, NWCHEM_NPROC => 1, NMR_MEMORY_MB => 4000, NMR_QUIET_S => 0.05,
		NMR_SCAN_S => 1, NMR_STATUS_S => 1, NMR_DEFAULTS => 'preset = "draft";', REPLAY_OWN => 1, REPLAY_DELAY_MS => $delay });
}

# What an undisturbed run makes of the files.
sub calm {
	my ($files) = @_;
	my $s = spool(0);
	my @todo = @$files;
	$s->start;
	while (@todo) {
		drop($s, $todo[0], 1) ? shift @todo : sleep 0.01;
	}
	my $t = { s => $s, todo => [] };
	sleep 0.2 until all_done($t) || gone_by_itself($t);
	die "the undisturbed run failed: @{ $t->{wrong} }" if $t->{wrong};
	die "the undisturbed run did not end well" if $s->stop;
	my $r = { outbox => PowerLoss::outbox($s->{data}), jobs => [ jobs($s) ] };
	remove_tree($s->{data});
	return $r;
}

sub rough {
	my ($files) = @_;
	my $t = { s => spool('0-60'), todo => [ @$files ], at => 0, frozen => [], wrong => [], n => {}, hits => {}, steps => 0 };
	drop_some($t) for 1 .. @$files / 10;
	begin_spooler($t);
	for (my $looked = 0;;) {
		drop_some($t);
		wait_moments($t, moments());
		disturb($t);
		next if time - $looked < 1;
		$looked = time;
		last if all_done($t);
	}
	thaw($t, 1);
	end_spooler($t, 'KILL');
	thaw($t, 1);
	my $st = $t->{s}->start('--once')->wait_exit(3600);
	# 1: among what it ended were files that must fail.
	push @{ $t->{wrong} }, 'the last start ended with ' . ($st // 'nothing') unless defined $st && ($st == 0 || $st == 256);
	progress($t);
	return $t;
}

# ---- what must be true

sub jobs { my ($s) = @_; return sort(ask($s, 'SELECT outname,name,source,state,record FROM job')) }

sub names_in { my ($dir) = @_; opendir my $h, $dir or return (); return sort grep { !/^\.\.?$/ } readdir $h }

sub leftovers {
	my ($s) = @_;
	my @bad = map { "left in the inbox: $_" } inbox_files($s);
	my %known = map { $_ => 1 } ask($s, 'SELECT id FROM job UNION SELECT id FROM batch');
	my %failed = map { $_ => 1 } ask($s, 'SELECT key FROM step WHERE state=3');
	push @bad, map { "left in the door: $_" } names_in("$s->{data}/door");
	push @bad, map { "left in intake: $_" } grep { !$known{$_} } names_in("$s->{data}/spool/intake");
	push @bad, map { "left in staging: $_" } names_in("$s->{data}/spool/staging");
	push @bad, map { "left in scratch: $_" } names_in("$s->{data}/scratch");
	push @bad, map { "left of steps: $_" } grep { !/^[0-9a-f]{64}(\.run)?$/ || ($1 && !$failed{ substr $_, 0, 64 }) }
		map { names_in($_) } glob "$s->{data}/spool/steps/*";
	find(sub { push @bad, "left in the outbox: $_" if -d && /\.running$|^\.tmp-/ }, $s->out(''));
	push @bad, map { "claimed for ever: $_" } ask($s, 'SELECT job_id FROM claim');
	return @bad;
}

sub faults {
	my ($s, $calm) = @_;
	my @bad = (PowerLoss::differences(PowerLoss::outbox($s->{data}), $calm->{outbox}), leftovers($s));
	my ($is, $should) = map { join "\n", @$_ } [ jobs($s) ], $calm->{jobs};
	push @bad, "the queue says:\n$is\ninstead of:\n$should" if $is ne $should;
	my ($st, $out) = spooler($s, '--check');
	push @bad, "--check: $out" if $st || $out !~ /Everything is in order/;
	push @bad, map { "a process is left: $_" } $s->processes;
	return @bad;
}

# ---- the test of the test

# Each spoils something on the spool and returns what must be said then, and how to mend it.
sub spoilers {
	my ($s, $calm) = @_;
	my @results = sort grep { m{^/m\d+/shifts\.csv$} } keys %{ $calm->{outbox} };
	my $one = $results[ rand @results ] =~ s{/[^/]*$}{}r;
	my $dir = "$s->{data}/outbox$one";
	my ($log) = sort glob "$dir/raw/*/output.txt";
	my $change = sub {
		my ($path, $what) = @_;
		return sub {
			my $text = Spool::slurp($path);
			write_file($path, $what->($text));
			return sub { write_file($path, $text) };
		};
	};
	my $add = sub { my ($path) = @_; return sub { write_file($path, 'x'); return sub { unlink $path } } };
	return (
		[ 'a byte of an output', 'differs: ' . substr($log, length "$s->{data}/outbox"), $change->($log, sub {
			my $t = $_[0]; substr($t, length($t) / 2, 1) ^= "\1"; return $t; }) ],
		[ 'a shift', "differs: $one/shifts.json", $change->("$dir/shifts.json", sub {
			my $t = $_[0]; $t =~ s/("shielding": ?\d+\.)(\d)/$1 . (9 - $2)/e or die "no shielding in it: $t"; return $t; }) ],
		[ 'a result that is not there', "missing: $one/report.html", sub {
			rename $dir, "$s->{data}/away" or die $!;
			return sub { rename "$s->{data}/away", $dir or die $! } } ],
		[ 'a result that is there twice', "too much: $one-2/report.html", sub {
			system('cp', '-r', $dir, "$dir-2");
			return sub { remove_tree("$dir-2") } } ],
		[ 'a file in the inbox', 'left in the inbox: late.smi', $add->("$s->{data}/inbox/late.smi") ],
		[ 'a claimed file', 'left in intake: 0123456789ab', sub {
			mkdir "$s->{data}/spool/intake/0123456789ab" or die $!;
			return sub { rmdir "$s->{data}/spool/intake/0123456789ab" } } ],
		[ 'a status', 'left in the outbox: late.running', sub {
			mkdir $s->out('late.running') or die $!;
			return sub { rmdir $s->out('late.running') } } ],
		[ 'a process', 'a process is left: ', sub {
			my $pid = fork() // die;
			exec 'sleep', 1000 if !$pid && chdir $s->{data};
			wait_until(60, sub { Spool::slurp("/proc/$pid/cmdline") =~ /^sleep/ });
			return sub { kill 'KILL', $pid; waitpid $pid, 0 } } ],
	);
}

sub prove_itself {
	my ($s, $calm) = @_;
	for my $p (spoilers($s, $calm)) {
		my ($what, $words, $spoil) = @$p;
		my $mend = $spoil->();
		my @bad = faults($s, $calm);
		$mend->();
		ok(scalar(grep { index($_, $words) == 0 } @bad), "$what is noticed") or diag("wanted: $words\ngot: @bad");
	}
	is_deeply([ faults($s, $calm) ], [], 'and mended again nothing is');
}

sub run {
	# At its end a program under LeakSanitizer is watched by a process of the same name; if
	# that one is killed, the program waits for it for ever.
	local $ENV{ASAN_OPTIONS} = ($ENV{ASAN_OPTIONS} // '') . ':detect_leaks=0';
	my ($n) = @_;
	my $seed = $ENV{NMR_RANDOM_SEED} // int(time * 1000) % 1_000_000_000;
	srand $seed;
	note "seed $seed (NMR_RANDOM_SEED)";
	my @files = files($n);
	my $begin = time;
	my $calm = calm(\@files);
	note sprintf '%d files, %d jobs, undisturbed: %.0f s', $n, scalar @{ $calm->{jobs} }, time - $begin;
	$begin = time;
	my $t = rough(\@files);
	my $n_of = $t->{n};
	note sprintf 'disturbed: %.0f s, %d steps were started; %s', time - $begin, $t->{steps},
		join ', ', map { "$_ $n_of->{$_}" } sort keys %$n_of;
	my @bad = (@{ $t->{wrong} }, faults($t->{s}, $calm));
	is(scalar @bad, 0, "$n files: each has its one result or refusal, and nothing else is left")
		or diag("seed $seed\n", join("\n", @bad > 50 ? @bad[0 .. 49] : @bad));
	ok($n_of->{"killed $_"}, "$_ was killed") for qw(spooler supervisor engine);
	keep($t->{s}) if @bad && $ENV{NMR_RANDOM_KEEP};
	prove_itself($t->{s}, $calm) if !@bad;
}

# For a look at what went wrong.
sub keep {
	my ($s) = @_;
	system('cp', '-r', $s->{data}, $ENV{NMR_RANDOM_KEEP});
}

1;
