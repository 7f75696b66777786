# What an outbox holds, seen by somebody who knows only the files that were dropped:
# results by the SHA-256 of their input/, failures by their text.
package Look;
use strict;
use warnings;
use Cwd qw(abs_path);
use Digest::SHA qw(sha256_hex);
use Exporter 'import';
use Time::HiRes qw(sleep time);
use Spool;
our @EXPORT_OK = qw(results failures results_of wait_until sha_of names_on_windows system_ok);

my %sum;
sub sha_of {
	my ($path) = @_;
	my $key = join ' ', (stat $path)[0, 1, 7, 9, 10];
	return $sum{$key} //= Digest::SHA->new(256)->addfile($path, 'b')->hexdigest;
}

sub below {
	my ($dir, $fn) = @_;
	opendir my $d, $dir or return;
	for my $e (sort grep { $_ ne '.' && $_ ne '..' } readdir $d) {
		my $path = "$dir/$e";
		my $is_dir = !-l $path && -d _;
		below($path, $fn) if $fn->($path, $e, $is_dir) && $is_dir;
	}
}

# [ name, input file, its sha ], one for each result folder.
sub results {
	my ($s) = @_;
	my $out = "$s->{data}/outbox";
	my @found;
	below($out, sub {
		my ($path, $e, $is_dir) = @_;
		return 0 if !$is_dir || $e =~ /^\./ || $e =~ /\.(running|failed)$/;
		return 1 if !-e "$path/.nmr-id";
		opendir my $d, "$path/input" or return 0;
		for my $f (grep { !/^\.\.?$/ } readdir $d) {
			push @found, [ substr($path, length($out) + 1), $f, sha_of("$path/input/$f") ];
		}
		return 0;
	});
	return @found;
}

sub results_of { my ($s, $sha) = @_; return grep { $_->[2] eq $sha } results($s); }

# name => FAILED.txt
sub failures {
	my ($s) = @_;
	my $out = "$s->{data}/outbox";
	my %text;
	below($out, sub {
		my ($path, $e, $is_dir) = @_;
		return 0 if !$is_dir || $e =~ /^\./ || -e "$path/.nmr-id";
		return 1 if $e !~ /\.failed$/;
		$text{ substr($path, length($out) + 1, -7) } = Spool::slurp("$path/FAILED.txt");
		return 0;
	});
	return \%text;
}

# True as soon as the question is, or what it says after so many seconds.
sub wait_until {
	my ($seconds, $question) = @_;
	my $end = time + $seconds;
	while (time < $end) {
		my $r = $question->();
		return $r if $r;
		sleep 0.05;
	}
	return $question->();
}

# Names below the outbox that a Windows share does not take, or takes for another.
sub names_on_windows {
	my ($s) = @_;
	my (@bad, %seen);
	below("$s->{data}/outbox", sub {
		my ($path, $e, $is_dir) = @_;
		my $u = $e;
		(my $dir = $path) =~ s{/[^/]*$}{};
		my $bad = !utf8::decode($u) || $u =~ /[\x00-\x1f\x7f<>:"\\|?*]/ || $u =~ /[. ]$/ || length($e) > 140
			|| $u =~ /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i || $u =~ /[\x{200e}\x{200f}\x{202a}-\x{202e}]/
			|| $seen{"$dir/" . CORE::fc($u)}++;
		push @bad, $path if $bad;
		return 1;
	});
	return @bad;
}

# A program of the system, in silence; its output comes with the failure.
sub system_ok {
	my (@argv) = @_;
	my $pid = open(my $f, '-|') // die "fork: $!";
	if (!$pid) {
		open STDERR, '>&', \*STDOUT;
		exec @argv or die "$argv[0]: $!";
	}
	my $text = do { local $/; <$f> } // '';
	close $f;
	return ($? == 0, $text);
}

1;
