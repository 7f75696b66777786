# What became of dropped files. A test drops files of distinct content; each must end
# in exactly one result folder (or one .failed folder) whose input/ copy is that file.
package Outcome;
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Exporter 'import';
use File::Find;
use Time::HiRes qw(sleep time);
no warnings 'File::Find';   # a spooler at work makes and removes folders
use Spool;
use Upkeep;
our @EXPORT = qw(outcomes inbox_files wait_calm unsafe_names);

# By SHA-256 of the file below input/: names of the result folders that have it.
sub outcomes {
	my ($s) = @_;
	my (%by, $root);
	$root = $s->out('');
	$root =~ s{/$}{};
	find({ no_chdir => 1, wanted => sub {
		return unless m{^\Q$root\E/(.+)/input/[^/]+$} && -f $_;
		my $name = $1;
		return if $name =~ m{(^|/)\.};
		push @{ $by{ sha256_hex(Spool::slurp($_)) } }, $name;
	} }, $root);
	@$_ = sort @$_ for values %by;
	return \%by;
}

# What lies in the inbox, our own files aside.
sub inbox_files {
	my ($s) = @_;
	my @found;
	my $root = "$s->{data}/inbox";
	find({ no_chdir => 1, wanted => sub {
		return if -d $_ && !-l $_;
		my $name = substr $_, length($root) + 1;
		push @found, $name unless $name eq 'README.txt' || $name =~ m{(^|/)\.nmr-};
	} }, $root);
	return sort @found;
}

# Nothing in the inbox but those names, and nothing at work.
sub wait_calm {
	my ($s, $timeout, @stay) = @_;
	my $stay = join "\0", sort @stay;
	return wait_until($timeout, sub {
		join("\0", inbox_files($s)) eq $stay && (sql($s, 'SELECT count(*) FROM job WHERE state IN (0,1,2)') // 1) == 0
			&& !grep { /\.running$/ } glob($s->out('*'));
	});
}

# Names in the outbox that Windows would not take, or show wrongly.
sub unsafe_names {
	my ($s) = @_;
	my (@bad, %fold);
	my $root = $s->out('');
	find({ no_chdir => 1, wanted => sub {
		return if $_ eq $root;
		(my $n = $_) =~ s{.*/}{}s;
		my $t = $n;
		my $ok = utf8::decode($t) && length($n) <= 255 && $t !~ m{[\x00-\x1f\x7f<>:"\\|?*\x{200b}-\x{200f}\x{202a}-\x{202e}]}
			&& $t !~ /[ .]$/ && $t !~ /^(con|prn|aux|nul|com\d|lpt\d) *(\.|$)/i;
		push @bad, $_ unless $ok;
		push @bad, "$_ (but for the case)" if $fold{ lc $_ }++;
	} }, $root);
	return @bad;
}

1;
