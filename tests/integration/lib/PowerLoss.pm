# A run of the spooler under tests/fakes/powerloss.c, and the data folders that a power
# cut at any moment of it could leave.
#
# The disk is taken to keep no more than it promised: the content of a file as of its last
# sync (never synced: empty), the names in a folder as of the folder's last sync (never
# synced: none). Three forms of each moment:
#   synced   names and contents as of the last syncs
#   names    names as they were at the moment, contents as of the last syncs
#   plans    the same, and *.json whole: what is written last may be on disk before the rest
package PowerLoss;
use strict;
use warnings;
use Cwd qw(abs_path);
use Digest::SHA qw(sha256_hex);
use File::Copy qw(copy);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use JSON::PP;
use Replay;
use Spool;
use Upkeep;

our @FORMS = qw(synced names plans);
# One core: narrow runs, one after the other, so that every run has the same steps.
our %ENV_ALL = (NMR_CORES => 1, NMR_MEMORY_MB => 4000, NMR_DEFAULTS => 'preset = "draft";', NMR_QUIET_S => 0.05);

# The recorder cannot be loaded into programs with sanitizers.
sub plain_build {
	my $bin = $Spool::BIN;
	return $bin if $bin !~ /sanitize/;
	my @parts = ((map { "build/bin/$_" } qw(nmr-spooler nmr-exec nmr)), map { "build/tests/$_" } qw(replay powerloss.so));
	local %ENV = %ENV;
	delete @ENV{qw(MAKEFLAGS MAKELEVEL SANITIZE B)};
	system('make', '-s', 'SANITIZE=', 'B=build', @parts) == 0 or die 'no plain build';
	return abs_path('build/bin');
}

sub write_tree {
	my ($root, $files) = @_;
	Upkeep::write_file("$root/$_", $files->{$_}) for sort keys %$files;
}

# drops: path below the data folder => content. Returns the recording, or dies.
sub record {
	my ($class, %o) = @_;
	my $bin = plain_build();
	(my $recorder = $bin) =~ s{/bin$}{/tests/powerloss.so};
	my $work = tempdir('nmr-powerloss-XXXXXX', TMPDIR => 1, CLEANUP => 1);
	my $self = bless { bin => $bin, recorder => $recorder, work => $work, drops => $o{drops}, jobs => $o{jobs},
		env => $o{env} // {}, state => $o{state} // 3, status => $o{status} // 0 }, $class;
	make_path("$work/data", "$work/log/content");
	write_tree("$work/data", $o{drops});
	Upkeep::write_file("$work/boot", "00000000-0000-4000-8000-000000000000\n");
	my $s = Replay->new(bin => $bin, data => "$work/data", env => { %ENV_ALL, %{ $self->{env} },
		LD_PRELOAD => $recorder, POWERLOSS_DATA => "$work/data", POWERLOSS_LOG => "$work/log",
		POWERLOSS_BOOT => "$work/boot" });
	$s->{log} = "$work/spooler.log";
	$s->start('--once');
	my $status = $s->wait_exit(120);
	die "the recorded run ended with " . ($status // 'nothing') . "\n" . $s->log_text if !defined $status || $status != $self->{status};
	$self->{result} = outbox("$work/data");
	$self->read_events;
	return $self;
}

sub read_events {
	my ($self) = @_;
	open my $f, '<', "$self->{work}/log/events" or die "events: $!";
	my @events;
	while (<$f>) {
		chomp;
		my ($kind, @f) = split /\t/, $_, 5;
		if ($kind eq 'E') {
			push @events, { what => $f[1], synced => $f[2], path => $f[3] // '', entries => {}, file => {} };
			next;
		}
		my ($type, $id, $content, $path) = @f;
		my $e = $events[-1];
		if (($path // '') eq '') {
			$e->{root} = $id;
			$e->{entries}{$id} //= {};
			next;
		}
		my ($parent, $name) = $path =~ m{^(.*)/([^/]*)$};
		$e->{id_of}{$path} = $id;
		my $in = $parent eq '' ? $e->{root} : $e->{id_of}{$parent};
		next unless defined $in;
		$e->{entries}{$in}{$name} = [ $type, $id ];
		$e->{entries}{$id} //= {} if $type eq 'd';
		$e->{file}{$id} = $content if $content ne '-';
	}
	my %seen;
	$_->{class} = class_of($_, \%seen) for @events;
	$self->{events} = \@events;
}

# Which promise of the program a sync belongs to.
sub class_of {
	my ($e, $seen) = @_;
	return '' unless $e->{what} =~ /sync/;
	my $p = $e->{path};
	if ($e->{what} eq 'syncfs') {
		return 'group: results, ' . ($seen->{results}++ % 2 ? 'names' : 'files') if $p =~ m{^/outbox};
		return 'group: ' . ($p =~ m{/intake} ? 'intake' : $p =~ m{^/inbox} ? 'originals' : 'steps');
	}
	my @rules = ([ qr{^$}, 'the data folder' ], [ qr{^/spool$}, 'the spool folder' ],
		[ qr{^/spool/intake/[^/]+/structure}, 'intake: structure' ], [ qr{^/spool/intake/[^/]+/\.tmp}, 'intake: structure' ],
		[ qr{^/spool/intake/[^/]+/ticket}, 'intake: ticket' ], [ qr{^/spool/intake/[^/]+$}, 'intake: folder of the job' ],
		[ qr{^/spool/intake$}, 'intake: parent' ],
		[ qr{^/spool/db/queue\.db-wal}, 'queue: WAL' ], [ qr{^/spool/db/queue\.db-journal}, 'queue: journal' ],
		[ qr{^/spool/db/queue\.db$}, 'queue: database' ], [ qr{^/spool/db$}, 'queue: folder' ],
		[ qr{^/spool/steps/../[^/]+$}, 'steps: folder of the step' ], [ qr{^/spool/steps/..$}, 'steps: its parent' ],
		[ qr{^/spool/steps$}, 'steps: all' ],
		[ qr{^/inbox}, 'inbox: after removal' ], [ qr{^/door}, 'door' ],
		[ qr{^/outbox/\.tmp-file}, 'summary' ],
		[ qr{^/outbox/\.tmp-failed-[^/]+$}, 'failure: folder' ], [ qr{^/outbox/\.tmp-failed-[^/]+/FAILED}, 'failure: text' ],
		[ qr{^/outbox/\.tmp-failed}, 'failure: input' ], [ qr{^/outbox$}, 'result: outbox after the rename' ], [ qr{^/outbox/(?!\.tmp)[^/]+$}, 'result: folder between' ]);
	for my $r (@rules) {
		return $r->[1] if $p =~ $r->[0];
	}
	my $is_folder = exists $e->{entries}{ $e->{synced} };
	return $is_folder ? 'steps: folder inside' : 'steps: file' if $p =~ m{^/spool/steps/};
	return $is_folder ? 'result: folder' : 'result: file' if $p =~ m{^/outbox/\.tmp};
	return "other: $p";
}

sub classes {
	my ($self) = @_;
	my %n;
	$n{ $_->{class} }++ for grep { $_->{class} ne '' } @{ $self->{events} };
	return \%n;
}

# ---- what the disk holds

# The images after each event, each one once: { at, form, key, tree }. A tree is
# path => [ 'd' ] or [ 'f', copy or '' for an empty file ]. without: a class of syncs that
# are taken to have done nothing.
sub images {
	my ($self, $without) = @_;
	my (%names, %content, %seen, @images);
	my $n = 0;
	for my $e (@{ $self->{events} }) {
		my $counts = !defined $without || $e->{class} ne $without;
		if ($e->{what} eq 'start' || ($e->{what} eq 'syncfs' && $counts)) {
			%names = (%names, %{ $e->{entries} });
			%content = (%content, %{ $e->{file} });
		} elsif ($e->{what} =~ /sync/ && $counts) {
			my $id = $e->{synced};
			$names{$id} = $e->{entries}{$id} if $e->{entries}{$id};
			$content{$id} = $e->{file}{$id} if $e->{file}{$id};
		}
		for my $form (@FORMS) {
			my %tree;
			my $json = $form eq 'plans' ? $e->{file} : {};
			grow(\%tree, '', $e->{root}, $form eq 'synced' ? \%names : $e->{entries}, \%content, $json);
			my $key = sha256_hex(join "\n", map { "$_ @{ $tree{$_} }" } sort keys %tree);
			next if $seen{$key}++;
			push @images, { at => $n, form => $form, key => $key, tree => \%tree,
				text => "$form after $n: $e->{what} $e->{path}" };
		}
		$n++;
	}
	return \@images;
}

sub grow {
	my ($tree, $path, $id, $names, $content, $json) = @_;
	my $in = $names->{$id} // {};
	for my $name (keys %$in) {
		my ($type, $below) = @{ $in->{$name} };
		my $p = "$path/$name";
		if ($type eq 'd') {
			$tree->{$p} = [ 'd' ];
			grow($tree, $p, $below, $names, $content, $json);
			next;
		}
		my $whole = $name =~ /\.json$/ ? $json->{$below} : undef;
		$tree->{$p} = [ 'f', $whole // $content->{$below} // '' ];
	}
}

sub build {
	my ($self, $image, $to) = @_;
	remove_tree($to);
	make_path($to);
	for my $p (sort keys %{ $image->{tree} }) {
		my ($type, $content) = @{ $image->{tree}{$p} };
		if ($type eq 'd') {
			mkdir "$to$p" or die "$to$p: $!";
		} elsif ($content eq '') {
			open my $f, '>', "$to$p" or die "$to$p: $!";
			close $f;
		} else {
			copy("$self->{work}/log/content/$content", "$to$p") or die "$to$p: $!";
		}
	}
}

# A drop whose removal did not reach the disk is known again by its claim: path, inode,
# time of change and content (claim_key() in spooler/drop/claim.c). On a real disk it is
# the same inode still; in an image it is a new file, so the claim is told of that one.
sub renew_claims {
	my ($self, $to) = @_;
	my $db = "$to/spool/db/queue.db";
	my @left = grep { -f "$to$_" } map { "/$_" } grep { m{^inbox/} } keys %{ $self->{drops} };
	return unless @left && -s $db;
	my $query = 'SELECT c.key,j.sha256,j.source FROM claim c JOIN job j ON j.id=c.job_id';
	# None where the power went before there was a queue.
	my @rows = map { chomp; [ split /\|/, $_, 3 ] } `sqlite3 -batch '$db' '$query' 2>/dev/null`;
	for my $r (@rows) {
		my ($key, $sha, $source) = @$r;
		my $file = "$to/inbox/$source";
		next unless -f $file;
		my ($ino, $ctime) = split ' ', `stat -c '%i %.9Z' '$file'`;
		my $new = sha256_hex("$source\0$ino $ctime $sha");
		Upkeep::shell($db, "UPDATE claim SET key='$new' WHERE key='$key'");
	}
}

# ---- what must come out

# An outbox as it must be whenever and however often the work was begun.
sub outbox {
	my ($data) = @_;
	my $t = Upkeep::tree("$data/outbox");
	delete $t->{'/QUEUE.html'};
	for my $p (keys %$t) {
		if ($p =~ m{/\.nmr-id$}) {
			$t->{$p} = $t->{$p} =~ /^[0-9a-f]{12}\n$/ ? 'an id' : "no id: $t->{$p}";
		} elsif ($p =~ m{/shifts\.json$}) {
			$t->{$p} = without_times($t->{$p});
		} elsif ($p =~ m{/FAILED\.txt$}) {
			# Which job, and when.
			$t->{$p} =~ s/\b[0-9a-f]{12}\b|\d{4}-\d\d-\d\d[T ][\d:]+Z?/.../g;
		} elsif ($p =~ m{/input\.nw$}) {
			# The folder, and where an optimisation that was begun goes on.
			$t->{$p} =~ s{/\S+/scratch/}{scratch/}g;
			$t->{$p} =~ s/^geometry.*?^end\n//ms if $p =~ /optimise/;
		}
	}
	return $t;
}

sub without_times {
	my ($text) = @_;
	my $doc = eval { decode_json($text) } or return "not JSON: $text";
	delete @$doc{qw(id timing)};
	delete @$_{qw(wall_s cpu_s cached ranks)} for @{ $doc->{steps} };
	return JSON::PP->new->canonical->encode($doc);
}

sub differences {
	my ($is, $should) = @_;
	my %all = (%$is, %$should);
	return map {
		!exists $is->{$_} ? "missing: $_" : !exists $should->{$_} ? "too much: $_"
			: $is->{$_} ne $should->{$_} ? "differs: $_" : ()
	} sort keys %all;
}

# Raw bytes of result folders that can be seen, before the spooler starts. A summary is
# written again with each record that ends, a failure until it is known to be told.
sub visible {
	my ($data) = @_;
	my $t = Upkeep::tree("$data/outbox");
	delete $t->{$_} for grep { m{/(QUEUE\.html|summary\.csv)$} || m{^/\.tmp-} || m{\.(?:running|failed)/} } keys %$t;
	return $t;
}

# Four recordings. Runs that take some time: each job and step is synced by itself.
sub apart {
	my ($class) = @_;
	return $class->record(jobs => 5, env => { REPLAY_DELAY_MS => 200 }, drops => {
		'inbox/a.smi' => "C a\n", 'inbox/sub/b.smi' => "C b\n", 'inbox/sub/b.conf' => "solvent = DMSO\n",
		'door/0123456789ab/c.smi' => "C c\n", 'inbox/two.smi' => "C two-records\nC more\n" });
}

# Many at once: they share their syncs.
sub together {
	my ($class) = @_;
	return $class->record(jobs => 7, drops => { map { ("inbox/$_.smi" => "C $_\n") } 'a' .. 'g' });
}

# Many steps that end soon after one another, and results that come singly: the steps share
# a sync before any result's sync of the whole filesystem covers them.
sub steps {
	my ($class) = @_;
	return $class->record(jobs => 3, env => { REPLAY_OWN => 1, REPLAY_DELAY_MS => 80 },
		drops => { map { ("inbox/$_.smi" => "C $_\n") } 'a' .. 'c' });
}

# A job that fails.
sub failing {
	my ($class) = @_;
	return $class->record(jobs => 1, state => 4, status => 256, env => { REPLAY_FAIL => 'conformers' },
		drops => { 'inbox/a.smi' => "C a\n" });
}

# Steps that are done and on disk for certain, says the queue of an image. A copy is asked:
# opening changes the files of a database.
sub safe_steps {
	my ($to) = @_;
	return () unless -s "$to/spool/db/queue.db" || -s "$to/spool/db/queue.db-wal";
	remove_tree("$to.db");
	make_path("$to.db");
	copy($_, "$to.db") or die "$_: $!" for glob "$to/spool/db/queue.db*";
	# Nothing where the power went before there was such a table.
	return map { chomp; $_ } `sqlite3 -batch '$to.db/queue.db' 'SELECT key FROM step WHERE state=2 AND synced=1' 2>/dev/null`;
}

# Starts the spooler on the image; the list of what is wrong.
sub check {
	my ($self, $image, $to) = @_;
	$self->build($image, $to);
	$self->renew_claims($to);
	my $before = visible($to);
	my @safe = safe_steps($to);
	# With no folder to watch the recorder only spares the disk the syncs.
	my $s = Replay->new(bin => $self->{bin}, data => $to, env => { %ENV_ALL, %{ $self->{env} }, REPLAY_DELAY_MS => 0,
		LD_PRELOAD => $self->{recorder} });
	$s->{log} = "$to.log";
	unlink $s->{log};
	$s->start('--once');
	my $status = $s->wait_exit(60);
	$s->stop if !defined $status;
	my @bad = !defined $status ? 'did not end' : $status == 0 || $status == $self->{status} ? () : "ended with $status";
	push @bad, differences(outbox($to), $self->{result});
	my $after = visible($to);
	push @bad, map { "changed: $_" } grep { ($after->{$_} // '') ne $before->{$_} } sort keys %$before;
	push @bad, map { "left: $_" } grep { -e "$to/$_" } sort keys %{ $self->{drops} };
	my ($jobs) = eval { Upkeep::shell("$to/spool/db/queue.db", "SELECT count(*),sum(state=$self->{state}) FROM job") };
	push @bad, 'jobs: ' . ($jobs // 'none') if ($jobs // '') ne "$self->{jobs}|$self->{jobs}";
	my $log = $s->log_text;
	push @bad, map { "computed again: $_" } grep { $log =~ /event=step-start step=$_/ } @safe;
	push @bad, 'a step was started that has no plan' if $log =~ /event=step-plan-damaged/;
	return @bad;
}

# Checks images with two spoolers at a time; [ image, wrong ... ] of the bad ones. first:
# enough with the first bad one.
sub check_all {
	my ($self, $images, $first) = @_;
	my $stop = "$self->{work}/stop";
	unlink $stop;
	Replay::bin($self->{bin});
	my @kids;
	for my $k (0, 1) {
		my $pid = fork() // die "fork: $!";
		if (!$pid) {
			eval { $self->check_part($images, $k, $first, $stop); 1 } or print STDERR $@;
			POSIX::_exit($@ ? 1 : 0);
		}
		push @kids, $pid;
	}
	my $ok = 1;
	for (@kids) {
		waitpid $_, 0;
		$ok &&= $? == 0;
	}
	die 'a worker of the test failed' unless $ok;
	my @bad;
	for my $k (0, 1) {
		my $list = decode_json(Spool::slurp("$self->{work}/bad-$k"));
		push @bad, map { [ $images->[ shift @$_ ], @$_ ] } @$list;
	}
	return @bad;
}

sub check_part {
	my ($self, $images, $k, $first, $stop) = @_;
	my @bad;
	for (my $i = $k; $i < @$images && !-e $stop; $i += 2) {
		my @wrong = $self->check($images->[$i], "$self->{work}/image-$k") or next;
		push @bad, [ $i, @wrong ];
		Upkeep::write_file($stop, '') if $first;
		system('cp', '-r', "$self->{work}/image-$k.log", "$ENV{POWERLOSS_KEEP}/$images->[$i]{at}-$images->[$i]{form}.log")
			if $ENV{POWERLOSS_KEEP};
	}
	Upkeep::write_file("$self->{work}/bad-$k", encode_json(\@bad));
}

# Takes one class of syncs for not done: the first image that fails then and what is wrong
# with it, or nothing after at most n images that differ from the real ones.
sub without {
	my ($self, $class, $n) = @_;
	my %real = map { $_->{key} => 1 } @{ $self->images };
	my @new = grep { !$real{ $_->{key} } } @{ $self->images($class) };
	# Not in the order of the run: neighbours differ by little.
	@new = map { $new[$_] } sort { spread($a) <=> spread($b) } 0 .. $#new;
	my $few = @new > $n ? [ @new[0 .. $n - 1] ] : \@new;
	my ($bad) = $self->check_all($few, 1);
	return ($bad, scalar @$few);
}

# The bits of a number in reverse order.
sub spread { my ($i) = @_; return oct '0b' . reverse sprintf '%020b', $i; }

# A sample of n, spread over the whole run.
sub sample {
	my ($images, $n) = @_;
	return $images if @$images <= $n;
	return [ map { $images->[ int(($_ + 0.5) * @$images / $n) ] } 0 .. $n - 1 ];
}

1;
