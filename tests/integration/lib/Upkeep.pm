# What tests of a spool's upkeep share: the queue by SQL, the command line, trees.
package Upkeep;
use strict;
use warnings;
use Exporter 'import';
use File::Find;
use File::Path qw(make_path);
use Time::HiRes qw(sleep time);
no warnings 'File::Find';   # a spooler at work makes and removes folders
our @EXPORT = qw(sql nmr spooler write_file steps_of wait_until wait_for tree);

my %made;

sub shell {
	my ($db, $sql) = @_;
	open my $p, '-|', 'sqlite3', '-batch', '-cmd', '.timeout 10000', $db, $sql or die "sqlite3: $!";
	my @rows = <$p>;
	close $p or die "sqlite3: $sql";
	chomp @rows;
	return @rows;
}

# Runs SQL on the queue, once the spooler has made it; the rows as SQLite's shell
# prints them.
sub sql {
	my ($s, $sql) = @_;
	my $db = "$s->{data}/spool/db/queue.db";
	$made{$db} ||= wait_until(30, sub { -e $db && (shell($db, 'PRAGMA user_version'))[0] > 0 });
	my @rows = shell($db, $sql);
	return wantarray ? @rows : $rows[0];
}

# Runs a program on the spool: exit status, stdout, stderr.
sub program {
	my ($s, $name, @args) = @_;
	my ($out, $err) = ("$s->{data}/../out.$$", "$s->{data}/../err.$$");
	my $pid = fork() // die;
	if (!$pid) {
		%ENV = (%ENV, %{ $s->{env} });
		open STDOUT, '>', $out or die;
		open STDERR, '>', $err or die;
		exec "$s->{bin}/$name", @args or die;
	}
	waitpid $pid, 0;
	my @r = ($? >> 8, Spool::slurp($out), Spool::slurp($err));
	unlink $out, $err;
	return @r;
}
sub nmr { my ($s, @args) = @_; return program($s, 'nmr', '--data', $s->{data}, @args); }
sub spooler { my ($s, @args) = @_; return program($s, 'nmr-spooler', '--data', $s->{data}, @args); }

sub write_file {
	my ($path, $text) = @_;
	(my $dir = $path) =~ s{/[^/]*$}{};
	make_path($dir);
	open my $f, '>:raw', $path or die "$path: $!";
	print $f $text;
	close $f or die;
}

# Folders of steps, "done" or ".run".
sub steps_of {
	my ($s, $ending) = @_;
	return grep { m{/[0-9a-f]{64}\Q$ending\E$} } glob "$s->{data}/spool/steps/*/*";
}

sub wait_until {
	my ($seconds, $test) = @_;
	my $end = time + $seconds;
	while (time < $end) {
		return 1 if $test->();
		sleep 0.05;
	}
	return 0;
}

# Waits until a number is what is asked for. It may take as long as it likes, as long
# as it changes: only one that stays the same for so many seconds is given up.
sub wait_for {
	my ($seconds, $wanted, $number) = @_;
	my ($last, $end) = ('', 0);
	while (1) {
		my $now = $number->();
		return 1 if $now == $wanted;
		($last, $end) = ($now, time + $seconds) if $now ne $last;
		return 0 if time >= $end;
		sleep 0.05;
	}
}

# Every file below a folder with its content.
sub tree {
	my ($dir) = @_;
	my %t;
	find({ no_chdir => 1, wanted => sub { $t{ substr $_, length $dir } = Spool::slurp($_) if -f } }, $dir) if -d $dir;
	return \%t;
}

1;
