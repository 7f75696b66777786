# A spooler on a data folder of its own, driven as a user drives it: files in,
# files out. Everything is removed at the end, and the spooler is ended.
package Spool;
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use File::Path qw(make_path);
use JSON::PP;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);

our $BIN = abs_path($ENV{NMR_TEST_BIN} // 'build-sanitize/bin');

sub new {
	my ($class, %o) = @_;
	my $data = $o{data} // tempdir('nmr-spool-XXXXXX', TMPDIR => 1, CLEANUP => 1);
	return bless { data => $data, log => "$data/spooler.log", env => $o{env} // {}, pid => 0, bin => $BIN,
		wrap => $o{wrap} // [] }, $class;
}

sub start {
	my ($self, @args) = @_;
	# The folders are there once the spooler is; a drop may come before.
	make_path("$self->{data}/inbox");
	my $pid = fork() // die "fork: $!";
	if (!$pid) {
		local %ENV = (%ENV, %{ $self->{env} });
		open STDERR, '>>', $self->{log} or die;
		open STDOUT, '>>', $self->{log} or die;
		open STDIN, '<', '/dev/null' or die;
		exec @{ $self->{wrap} }, "$self->{bin}/nmr-spooler", '--data', $self->{data}, @args or die "exec: $!";
	}
	$self->{pid} = $pid;
	return $self;
}

# Waits for the end; the exit status, or undef after the timeout.
sub wait_exit {
	my ($self, $timeout) = @_;
	my $end = time + $timeout;
	while (time < $end) {
		if (waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
			$self->{pid} = 0;
			return $?;
		}
		sleep 0.05;
	}
	return undef;
}

sub signal { my ($self, $sig) = @_; kill $sig, $self->{pid} if $self->{pid}; }

sub stop {
	my ($self) = @_;
	return unless $self->{pid};
	$self->signal('TERM');
	my $st = $self->wait_exit(60);
	if (!defined $st) {
		$self->signal('KILL');
		waitpid $self->{pid}, 0;
		$self->{pid} = 0;
	}
	return $st;
}

# A drop as an editor or a copy does it: written in place.
sub drop {
	my ($self, $name, $content) = @_;
	my $path = "$self->{data}/inbox/$name";
	(my $dir = $path) =~ s{/[^/]*$}{};
	make_path($dir);
	open my $f, '>:raw', $path or die "$path: $!";
	print $f $content;
	close $f or die "$path: $!";
}

sub out { my ($self, $name) = @_; return "$self->{data}/outbox/$name"; }

# 'done', 'failed', or the words why neither came.
sub wait_for {
	my ($self, $name, $timeout) = @_;
	my $end = time + $timeout;
	while (time < $end) {
		return 'done' if -d $self->out($name);
		return 'failed' if -d $self->out("$name.failed");
		if (waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
			$self->{pid} = 0;
			return "the spooler ended with status $?";
		}
		sleep 0.1;
	}
	return 'timeout';
}

sub slurp {
	my ($path) = @_;
	open my $f, '<:raw', $path or return '';
	local $/;
	return <$f> // '';
}

sub failed_text { my ($self, $name) = @_; return slurp($self->out("$name.failed") . '/FAILED.txt'); }

sub shifts {
	my ($self, $name) = @_;
	return eval { decode_json(slurp($self->out($name) . '/shifts.json')) };
}

# All shifts of a nucleus, highest first, one for each atom.
sub shift_list {
	my ($self, $name, $nucleus) = @_;
	my $doc = $self->shifts($name) or return [];
	return [ sort { $b <=> $a } map { ($_->{shift}) x @{ $_->{atoms} } } @{ $doc->{shifts}{$nucleus} } ];
}

sub log_text { my ($self) = @_; return slurp($self->{log}); }

# Labels of steps that were started, in order.
sub started {
	my ($self) = @_;
	return map { /label="?([^"\n]*?)"? ranks=/ ? $1 : () } grep { /event=step-start / } split /\n/, $self->log_text;
}

# Those that ran xTB or NWChem.
sub engines_started { my ($self) = @_; return grep { /rank |optimise |shieldings/ } $self->started; }

# Processes whose command line or folder belongs to this spool.
sub processes {
	my ($self) = @_;
	my @found;
	for my $p (glob '/proc/[0-9]*') {
		my $cmd = slurp("$p/cmdline");
		my $cwd = readlink("$p/cwd") // '';
		(my $pid = $p) =~ s{.*/}{};
		next if $pid == $$ || $pid == ($self->{pid} || -1);
		push @found, "$pid $cmd" if index($cmd, $self->{data}) >= 0 || index($cwd, $self->{data}) == 0;
	}
	return @found;
}

sub DESTROY { my ($self) = @_; local ($?, $!, $@); $self->stop if $self->{pid}; }

1;
