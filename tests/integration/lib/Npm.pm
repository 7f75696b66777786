# Programs of others from npm, pinned by a lock file, in the build folder.
package Npm;
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename);
use File::Copy qw(copy);
use File::Path qw(make_path remove_tree);
use version;
use Spool;

our $why = '';

sub output {
	my (@command) = @_;
	my $pid = open(my $out, '-|') // die "fork: $!";
	if (!$pid) {
		open STDERR, '>&', \*STDOUT or exit 127;
		exec @command or exit 127;
	}
	local $/;
	my $text = <$out> // '';
	close $out;
	return $text;
}

# Where they are, from the folder with package.json and its lock; undef, and $why, when they
# cannot be had. least: the oldest Node.js that will do, such as 20.19.
sub install {
	my ($from, $least) = @_;
	my $node = version->parse(output('node', '--version') =~ /^v([\d.]+)/ ? "v$1" : 'v0');
	$why = 'no Node.js here', return undef if $node == version->parse('v0');
	$why = "it needs Node.js $least, this is $node", return undef if $node < version->parse("v$least");
	(my $home = abs_path($Spool::BIN)) =~ s{/bin$}{};
	$home .= '/npm-' . basename($from);
	my $there = sub { -e "$home/node_modules/.package-lock.json" && Spool::slurp("$home/package-lock.json") eq Spool::slurp("$from/package-lock.json") };
	return $home if $there->();
	remove_tree($home);
	make_path($home);
	copy("$from/$_", "$home/$_") or die "$_: $!" for qw(package.json package-lock.json);
	my $said = output('npm', 'ci', '--prefix', $home, qw(--ignore-scripts --no-audit --no-fund --no-update-notifier
		--fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=2000 --fetch-timeout=60000));
	return $home if $? == 0 && $there->();
	remove_tree($home);
	# No network, a registry whose certificate this machine does not know ...
	my ($code) = $said =~ /code (\w+)/;
	$why = 'npm cannot fetch what the test needs' . ($code ? " ($code)" : '');
	return undef;
}

1;
