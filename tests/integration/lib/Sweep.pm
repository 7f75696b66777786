# Kills and errors at every system call of a job's life. A life is a way for one file
# to be published, seen from one thread: strace follows that thread alone, so that its
# "N-th call" is exact. Threads that begin before anybody could attach are held: the
# spooler is stopped in inotify_init1(), where its workers exist and have nothing to
# do yet.
#
# A point is one call of one life. Its spooler is killed there, or the call fails;
# then a spooler starts undisturbed, and check() asks for what was promised: one
# result, whole, nothing else.
package Sweep;
use strict;
use warnings;
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);
use Replay;

our @CALLS = qw(openat openat2 write pwrite64 fsync fdatasync rename renameat renameat2 unlink unlinkat
	mkdir mkdirat rmdir ftruncate fallocate sendfile ioctl close clone clone3 vfork getdents64 fchmod);
our $WAIT = 180;             # no run takes that long; a machine may be slow
our $PATIENCE = 60;          # then a run that is only waiting to try again is asked to end
my $TEXT = "CCO ethanol\n";
my $ID = '0123456789ab';

# The errors that a call may really give, of those that a spool must live with.
my %ERRORS = (
	write => [qw(ENOSPC EIO EINTR)], pwrite64 => [qw(ENOSPC EIO EINTR)],
	fsync => [qw(EIO ENOSPC EINTR)], fdatasync => [qw(EIO ENOSPC EINTR)],
	rename => [qw(ENOSPC EIO)], renameat2 => [qw(ENOSPC EIO)],
	unlink => [qw(EIO)], unlinkat => [qw(EIO)], rmdir => [qw(EIO)], mkdir => [qw(ENOSPC EIO)],
	mkdirat => [qw(ENOSPC EIO)], ftruncate => [qw(EIO ENOSPC EINTR)], fallocate => [qw(ENOSPC EIO EINTR)],
	sendfile => [qw(ENOSPC EIO EINTR)], close => [qw(EIO EINTR)], getdents64 => [qw(EIO)], fchmod => [qw(EIO)],
	clone => [qw(EAGAIN ENOMEM)], clone3 => [qw(EAGAIN)], vfork => [qw(EAGAIN)],
);

# ---- driving

sub spool {
	return Replay->new(env => { NMR_QUIET_S => '0.02', NMR_SCAN_S => '1', NMR_CORES => '2', NWCHEM_NPROC => '1', NMR_STATUS_S => '1',
		# The leak checker cannot work under a tracer.
		ASAN_OPTIONS => join(':', grep { $_ } $ENV{ASAN_OPTIONS}, 'detect_leaks=0') });
}

sub drop { $_[0]->drop('ethanol.smi', $TEXT) }

# As "nmr submit" does it.
sub submit {
	my ($s) = @_;
	my $door = "$s->{data}/door";
	File::Path::make_path("$door/.tmp-$ID");
	for my $f ([ 'structure', $TEXT ], [ 'ticket', "source = cli\nfilename = ethanol.smi\nsolvent = D2O\n" ]) {
		open my $h, '>', "$door/.tmp-$ID/$f->[0]" or die "$door: $!";
		print $h $f->[1];
		close $h;
	}
	rename "$door/.tmp-$ID", "$door/$ID" or die "$door: $!";
}

sub wait_until {
	my ($what) = @_;
	for (my $end = time + $WAIT; time < $end; sleep 0.005) {
		my $v = $what->();
		return $v if $v;
	}
	return undef;
}

sub thread_of {
	my ($pid, $name) = @_;
	for my $t (glob "/proc/$pid/task/*") {
		return $t =~ s{.*/}{}r if Spool::slurp("$t/comm") eq "$name\n";
	}
	return undef;
}

# strace on one thread, attached when this returns.
sub attach {
	my ($s, $tid, @args) = @_;
	my $says = "$s->{data}/strace.says";
	my $pid = fork() // die "fork: $!";
	if (!$pid) {
		open STDERR, '>', $says or die;
		exec 'strace', @args, '-p', $tid or die;
	}
	wait_until(sub { Spool::slurp($says) =~ /attached/ || !kill 0, $pid }) or die "strace: no attachment";
	return $pid;
}

# Runs the spooler to its end with strace on one thread: the wait status, or undef.
sub run_traced {
	my ($s, $thread, @args) = @_;
	my $tracer;
	if ($thread eq 'main') {
		local $s->{wrap} = [ 'strace', '-qq', @args ];
		$s->start('--once');
	} else {
		local $s->{wrap} = [ 'strace', '-qq', '-o', '/dev/null', '-e', 'trace=inotify_init1', '-e',
			'inject=inotify_init1:signal=STOP:when=1' ];
		$s->start('--once');
		my $stopped = wait_until(sub {
			my ($p) = split ' ', Spool::slurp("/proc/$s->{pid}/task/$s->{pid}/children");
			my $t = $p ? thread_of($p, $thread) : undef;
			return $t && Spool::slurp("/proc/$p/task/$t/stat") =~ /\) T / ? [ $p, $t ] : undef;
		}) or die "the spooler did not stop";
		$tracer = attach($s, $stopped->[1], @args);
		kill 'CONT', $stopped->[0];
	}
	my $st = $s->wait_exit($PATIENCE) // end_traced($s);
	if ($tracer) {
		kill 'INT', $tracer;
		waitpid $tracer, 0;
	}
	return $st;
}

# A spooler that did not end by itself; strace passes nothing on.
sub end_traced {
	my ($s) = @_;
	my ($p) = split ' ', Spool::slurp("/proc/$s->{pid}/task/$s->{pid}/children");
	kill 'TERM', $p if $p;
	return 'asked' if defined $s->wait_exit($WAIT);
	kill 'KILL', $p if $p;
	$s->stop;
	return undef;
}

# A spooler that is idle when the file comes.
sub run_live {
	my ($s, @args) = @_;
	$s->start;
	wait_until(sub { $s->log_text =~ /event=start/ && thread_of($s->{pid}, 'inbox') && -e $s->out('QUEUE.html') })
		or die "no start";
	my $tracer = attach($s, $s->{pid}, @args);
	open my $f, '>', "$s->{data}/new" or die;
	print $f $TEXT;
	close $f;
	rename "$s->{data}/new", "$s->{data}/inbox/ethanol.smi" or die;
	my $st;
	wait_until(sub { defined($st = $s->wait_exit(0.05)) || state_of($s) =~ /^(done|failed)$/ });
	$st = $s->stop unless defined $st;
	kill 'INT', $tracer;
	waitpid $tracer, 0;
	return $st;
}

# nmr-exec under strace: the first run whose command line has the word.
sub run_exec {
	my ($s, $word, @args) = @_;
	my $dir = tempdir('nmr-exec-XXXXXX', TMPDIR => 1);
	for my $f (glob "$s->{bin}/*") {
		(my $name = $f) =~ s{.*/}{};
		# The spooler looks beside itself: it must be a file of this folder.
		$name eq 'nmr-spooler' ? system('cp', $f, "$dir/$name") : symlink($f, "$dir/$name");
	}
	unlink "$dir/nmr-exec";
	open my $h, '>', "$dir/nmr-exec" or die;
	print $h "#!/bin/sh\ncase \"\$*\" in *$word*) mkdir $dir/used 2>/dev/null && ",
		"exec strace -DDD -qq @args $s->{bin}/nmr-exec \"\$@\";; esac\nexec $s->{bin}/nmr-exec \"\$@\"\n";
	close $h;
	chmod 0755, "$dir/nmr-exec";
	local $s->{bin} = $dir;
	$s->start('--once');
	my $st = $s->wait_exit($PATIENCE);
	$st = 'asked' if !defined $st && defined $s->stop;
	remove_tree($dir);
	return $st;
}

# ---- lives

# A kill at a chosen place, before the one that is swept.
sub first_kill {
	my ($thread, $call, $text) = @_;
	return sub {
		my ($s) = @_;
		drop($s);
		my $n = place($thread, $call, $text);
		run_traced($s, $thread, '-o', '/dev/null', '-e', "trace=$call", '-e', "inject=$call:signal=KILL:when=$n");
	};
}

# short: kills only at calls that change something; the lives without have all.
# kills: no errors; what the same calls do to the same files is seen in another life.
our @LIVES = (
	{ name => 'main', before => \&drop, run => sub { run_traced($_[0], 'main', @_[1 .. $#_]) } },
	{ name => 'inbox', before => \&drop, run => sub { run_traced($_[0], 'inbox', @_[1 .. $#_]) } },
	{ name => 'outbox', before => \&drop, run => sub { run_traced($_[0], 'outbox', @_[1 .. $#_]) } },
	{ name => 'door', before => \&submit, run => sub { run_traced($_[0], 'door', @_[1 .. $#_]) } },
	{ name => 'door, main', short => 1, kills => 1, before => \&submit, run => sub { run_traced($_[0], 'main', @_[1 .. $#_]) } },
	{ name => 'idle, main', short => 1, kills => 1, before => sub { }, run => \&run_live },
	{ name => 'taken, main', short => 1, kills => 1, before => first_kill('inbox', 'unlinkat', 'nmr-claimed'),
	  run => sub { run_traced($_[0], 'main', @_[1 .. $#_]) } },
	{ name => 'taken, inbox', short => 1, before => first_kill('inbox', 'unlinkat', 'nmr-claimed'),
	  run => sub { run_traced($_[0], 'inbox', @_[1 .. $#_]) } },
	{ name => 'step, main', short => 1, kills => 1, before => first_kill('main', 'rename', '\.run'),
	  run => sub { run_traced($_[0], 'main', @_[1 .. $#_]) } },
	{ name => 'published, main', short => 1, kills => 1, before => first_kill('outbox', 'renameat2', 'running'),
	  run => sub { run_traced($_[0], 'main', @_[1 .. $#_]) } },
	{ name => 'published, outbox', short => 1, before => first_kill('outbox', 'renameat2', 'running'),
	  run => sub { run_traced($_[0], 'outbox', @_[1 .. $#_]) } },
	{ name => 'nmr-exec', short => 1, before => \&drop, run => sub { run_exec($_[0], 'nmr-mol', @_[1 .. $#_]) } },
	{ name => 'nmr-exec, xtb', short => 1, before => \&drop, run => sub { run_exec($_[0], 'xtb', @_[1 .. $#_]) } },
);

# ---- what a calm run does

# A life's calls in order: { openat => [ text, ... ], ... }.
sub calls_of {
	my ($life) = @_;
	return $life->{calls} if $life->{calls};
	my $s = spool();
	$life->{before}->($s);
	my $log = "$s->{data}/calm.strace";
	$life->{run}->($s, '-o', $log, '-y', '-s', '0', '-e', 'trace=' . join ',', @CALLS);
	my %calls;
	for (split /\n/, Spool::slurp($log)) {
		push @{ $calls{$1} }, $_ if /^(\w+)\(/;
	}
	$s->stop;
	remove_tree($s->{data});
	return $life->{calls} = \%calls;
}

# The number of a thread's first call with this text.
my %place;
sub place {
	my ($thread, $call, $text) = @_;
	return $place{"$thread $call $text"} //= do {
		my ($life) = grep { $_->{name} eq $thread } @LIVES;
		my $c = calls_of($life)->{$call} // [];
		my ($n) = grep { $c->[ $_ - 1 ] =~ /$text/ } 1 .. @$c;
		$n // die "$thread never calls $call with $text";
	};
}

# Not a file: nothing that a disk could do to it.
sub is_file { return $_[0] !~ /<(?:anon_inode|pipe|socket|signalfd):|<\/dev\/null>|<\/proc/ }

sub errors_of {
	my ($call, $text) = @_;
	# What is only read can only be out of reach.
	return $text =~ /O_CREAT/ ? qw(EMFILE ENOSPC EIO) : 'EMFILE' if $call =~ /^openat/;
	return @{ $ERRORS{$call} // [] };
}

# Between two calls that change nothing a kill is the same kill.
sub changes { return $_[0] !~ /^(?:close|fcntl|getdents64|ioctl)\(|^write\(2</ && ($_[0] !~ /^openat2?\(/ || $_[0] =~ /O_CREAT|O_TRUNC/) }

# All points of a kind ('kill', 'error', 'spell': the error for a while).
sub points {
	my ($kind, @lives) = @_;
	my @points;
	for my $life (@lives) {
		next if $kind ne 'kill' && $life->{kills};
		my $calls = calls_of($life);
		for my $call (sort keys %$calls) {
			# Closing what was only read cannot lose anything.
			next if $kind ne 'kill' && $call eq 'close' && $life->{name} eq 'main';
			my @n = grep { $kind ne 'kill' || !$life->{short} || changes($calls->{$call}[ $_ - 1 ]) }
				1 .. @{ $calls->{$call} };
			for my $n (@n) {
				my $text = $calls->{$call}[ $n - 1 ];
				my @p = (life => $life, call => $call, n => $n, kind => $kind, text => $text);
				push @points, { @p } if $kind eq 'kill';
				next if $kind eq 'kill' || !is_file($text);
				my @errors = errors_of($call, $text);
				# What comes of it does not depend on the number so much.
				@errors = $errors[0] if $kind eq 'spell' && @errors;
				push @points, map { +{ @p, error => $_ } } @errors;
			}
		}
	}
	return @points;
}

sub name_of {
	my ($p) = @_;
	return "$p->{life}{name}: $p->{call} $p->{n}" . ($p->{error} ? " $p->{error}" : '') .
		($p->{kind} eq 'spell' ? ' and the next 5' : '');
}

# ---- what must be true

sub state_of {
	my ($s) = @_;
	my $json = `$s->{bin}/nmr --data $s->{data} --json status --all 2>/dev/null`;
	my $doc = eval { JSON::PP::decode_json($json) } or return 'no queue';
	return join ' ', map { $_->{state} } @{ $doc->{jobs} };
}

sub files_below {
	my ($dir) = @_;
	my @found;
	my @todo = ('');
	while (defined(my $d = shift @todo)) {
		opendir my $h, "$dir/$d" or next;
		for (sort readdir $h) {
			next if /^\.\.?$/;
			my $p = $d eq '' ? $_ : "$d/$_";
			-d "$dir/$p" && !-l "$dir/$p" ? push @todo, $p : push @found, $p;
		}
	}
	return sort @found;
}

# Document without what differs between two runs of the same.
sub stable {
	my ($text) = @_;
	my $doc = eval { JSON::PP->new->canonical->decode($text) } or return 'not whole';
	my $strip;
	$strip = sub {
		my ($v) = @_;
		if (ref $v eq 'HASH') {
			delete @$v{grep { /^(?:job|id|created|written|wall_s|cpu_s|ranks|time|times|timing|date)$/ } keys %$v};
			$strip->($_) for values %$v;
		} elsif (ref $v eq 'ARRAY') {
			$strip->($_) for @$v;
		}
	};
	$strip->($doc);
	return JSON::PP->new->canonical->encode($doc);
}

my %calm;
# What an undisturbed run leaves.
sub calm {
	my ($door) = @_;
	return $calm{$door} if $calm{$door};
	my $s = spool();
	$door ? submit($s) : drop($s);
	my $st = $s->start('--once')->wait_exit($WAIT);
	my $r = { files => [ files_below($s->out('ethanol')) ], shifts => stable(Spool::slurp($s->out('ethanol') . '/shifts.json')) };
	die "a calm run fails: " . $s->log_text if $st || @{ $r->{files} } < 10;
	remove_tree($s->{data});
	return $calm{$door} = $r;
}

# The faults; nothing when all is well. lax: a temporary file that could not be removed
# may be there until the next start. unknown: so may be versions of engines in it.
sub check {
	my ($s, $door, $lax, $unknown) = @_;
	my $calm = calm($door);
	my @bad;
	my $names = join ' ', sort grep { !/^\.\.?$/ && !($lax && /^\.tmp-/) } do { opendir my $h, $s->out('') or (); readdir $h };
	# The last look of the queue may have been refused, which was told; the next start has it.
	my $told = $lax && $s->log_text =~ /event=status-not-written name=QUEUE\.html/;
	push @bad, "outbox holds: $names" if $names ne 'QUEUE.html ethanol' && !($told && $names eq 'ethanol');
	my @files = files_below($s->out('ethanol'));
	push @bad, "result holds: @files" if "@files" ne "@{ $calm->{files} }";
	my $shifts = stable(Spool::slurp($s->out('ethanol') . '/shifts.json'));
	# A version that could not be asked for at the start is told as unknown.
	if ($unknown) {
		$shifts =~ s/:"\?"/:"1.0"/g;
		$shifts =~ s/\b(xtb|NWChem) \?/$1 1.0/g;
		s/"key":"[0-9a-f]{64}"/"key":""/g for $shifts, my $other = $calm->{shifts};
		$calm = { %$calm, shifts => $other };
	}
	if ($shifts ne $calm->{shifts}) {
		my $at = ($shifts ^ $calm->{shifts}) =~ /^(\0*)/ ? length $1 : 0;
		my ($a, $b) = map { substr $_, $at > 40 ? $at - 40 : 0, 80 } $shifts, $calm->{shifts};
		push @bad, "shifts.json differs: $a instead of $b";
	}
	push @bad, 'input/ is not the dropped file' if Spool::slurp($s->out('ethanol') . '/input/ethanol.smi') ne $TEXT;
	my @left = grep { $_ ne 'README.txt' } files_below("$s->{data}/inbox");
	# So may the removal of the original, which lies aside then.
	@left = grep { !m{^\.nmr-claimed/} } @left if $lax && $s->log_text =~ /event=claim-undecided/;
	push @bad, "inbox holds: @left" if @left;
	@left = files_below("$s->{data}/door");
	push @bad, "door holds: @left" if @left;
	my $state = state_of($s);
	push @bad, "the queue says: $state" if $state ne 'done';
	return @bad if $lax;
	my @intake = files_below("$s->{data}/spool/intake");
	push @bad, "intake holds: @intake" if @intake != 1;
	@left = map { files_below("$s->{data}/$_") } qw(spool/staging scratch);
	push @bad, "staging or scratch hold: @left" if @left;
	@left = grep { m{\.tmp-|\.run/} } files_below("$s->{data}/spool/steps");
	push @bad, "steps hold: @left" if @left;
	return @bad;
}

sub no_processes {
	my ($s) = @_;
	return () if wait_until(sub { !$s->processes });
	return 'processes are left: ' . join '; ', $s->processes;
}

sub recover {
	my ($s) = @_;
	my $st = $s->start('--once')->wait_exit($WAIT);
	return () if defined $st && $st == 0;
	$s->stop unless defined $st;
	return 'the next start ' . (defined $st ? "ended with status $st" : 'did not end');
}

# ---- points

sub try_kill {
	my ($p, $s) = @_;
	my $st = $p->{life}{run}->($s, '-o', '/dev/null', '-e', "trace=$p->{call}", '-e',
		"inject=$p->{call}:signal=KILL:when=$p->{n}");
	return (0, 'did not end') if !defined $st || $st eq 'asked';
	my $killed = ($st & 127) == 9 || $p->{life}{name} =~ /^nmr-exec/;
	return ($killed, "ended with status $st") if $st && !$killed;
	return ($killed, recover($s), check($s, $p->{life}{name} =~ /^door/ ? 1 : 0), no_processes($s));
}

# An error is lived with: the file is published in the same run, or there is a word why
# not, and the next run does it.
sub try_error {
	my ($p, $s) = @_;
	my $when = $p->{kind} eq 'spell' ? "$p->{n}.." . ($p->{n} + 5) : $p->{n};
	my $log = "$s->{data}/strace.log";
	local $PATIENCE = 15 if $p->{kind} eq 'spell';
	my $st = $p->{life}{run}->($s, '-o', $log, '-y', '-e', "trace=$p->{call}", '-e',
		"inject=$p->{call}:error=$p->{error}:when=$when");
	my $door = $p->{life}{name} =~ /^door/ ? 1 : 0;
	# Scans differ in number: the call may have become one that is not about a file.
	my @hit = grep { /INJECTED/ } split /\n/, Spool::slurp($log);
	return (0) if !@hit || grep { !is_file($_) } @hit;
	return (1, 'did not end') if !defined $st || ($st eq 'asked' && $p->{kind} ne 'spell');
	return (1, 'died of signal ' . ($st & 127)) if $st ne 'asked' && $st & 127;
	my $state = state_of($s);
	if ($state eq 'failed') {
		my $text = $s->failed_text('ethanol');
		my @bad = length $text ? () : ('failed without a word');
		push @bad, 'a single error failed the job: ' . ($text =~ s/\s+/ /gr) if $p->{kind} eq 'error' && !$p->{life}{fails};
		return (1, @bad, no_processes($s));
	}
	my @bad = $state eq 'done' ? check($s, $door, 1, $p->{kind} eq 'spell') : ();
	push @bad, "ended with status 0 and the file is not published ($state)" if $st eq '0' && $state ne 'done';
	# When the log could not be written either there is nobody to tell.
	my $mute = grep { /write\(2</ } @hit;
	push @bad, 'no word about the error' if $state ne 'done' && !$mute && $s->log_text !~ /level=(?:error|warn)|^nmr-spooler: /m;
	return (1, @bad, recover($s), check($s, $door, 0, $p->{kind} eq 'spell'), no_processes($s));
}

# One point: (was it reached, faults...).
sub try_point {
	my ($p) = @_;
	my $s = spool();
	my @r = eval {
		$p->{life}{before}->($s);
		$p->{kind} eq 'kill' ? try_kill($p, $s) : try_error($p, $s);
	};
	@r = (0, "the test failed: $@") if $@;
	if (@r > 1) {
		my $log = $s->log_text;
		push @r, "log: " . substr($log, -6000);
	}
	$s->stop;
	remove_tree($s->{data});
	return @r;
}

# All points, several at once: waiting for disks is most of it. Calls back in the
# order of ending: fn(point, reached, faults...).
sub sweep {
	my ($points, $fn, $jobs) = @_;
	my (@pipe, %of);
	calm(0);
	calm(1);
	for my $w (0 .. ($jobs // 4) - 1) {
		pipe my $r, my $x or die;
		my $pid = fork() // die "fork: $!";
		if (!$pid) {
			close $r;
			for (my $i = $w; $i < @$points; $i += $jobs // 4) {
				my $line = JSON::PP::encode_json([ $i, try_point($points->[$i]) ]) . "\n";
				syswrite $x, $line;
			}
			close $x;
			POSIX::_exit(0);
		}
		close $x;
		push @pipe, $r;
		$of{ fileno $r } = { pipe => $r, pid => $pid, text => '' };
	}
	while (%of) {
		my $bits = '';
		vec($bits, $_, 1) = 1 for keys %of;
		next if select($bits, undef, undef, undef) <= 0;
		for my $fd (grep { vec $bits, $_, 1 } keys %of) {
			my $o = $of{$fd};
			if (!sysread $o->{pipe}, $o->{text}, 65536, length $o->{text}) {
				waitpid $o->{pid}, 0;
				$o->{status} = $?;
				delete $of{$fd};
				next;
			}
			while ($o->{text} =~ s/^(.*)\n//) {
				my ($i, @r) = @{ JSON::PP::decode_json($1) };
				$fn->($points->[$i], @r);
			}
		}
	}
}

# Of a list about `want`, spread out.
sub sample {
	my ($want, @all) = @_;
	return @all if @all <= $want;
	return map { $all[ int(($_ + 0.5) * @all / $want) ] } 0 .. $want - 1;
}

1;
