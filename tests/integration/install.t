#!/usr/bin/perl
# make install: of the whole project, with links that hold and a configuration that stays;
# and from the files alone that an image is built from.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Find;
use File::Temp qw(tempdir);
use Spool;

my $dir = tempdir('nmr-install-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $build = dirname(abs_path($Spool::BIN));
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

# What was built for the tests is installed, nothing is built.
sub install {
	my ($from, $to, $target) = @_;
	my $said = qx(make -s -C $from -o all @{[ $target // 'install' ]} B=$build PREFIX=/usr DESTDIR=$to 2>&1);
	is($?, 0, $target // 'install') or diag($said);
	return $said;
}
sub files_of {
	my ($top) = @_;
	my @found;
	find({ no_chdir => 1, wanted => sub { push @found, substr $File::Find::name, length $top if -f } }, $top) if -d $top;
	return sort @found;
}

is(install('.', "$dir/whole"), '', 'says nothing');
my @files = files_of("$dir/whole");
my %there = map { $_ => 1 } @files;
ok($there{"/usr/bin/$_"} && -x "$dir/whole/usr/bin/$_", $_) for qw(nmr nmr-spooler nmr-exec nmr-render nmr-webui nmr-mol);
ok($there{"/usr/share/nmr-spool/$_"}, $_) for qw(scaling.conf presets.conf levels.conf webui/index.html backup);
ok($there{"/etc/nmr-spool/nmr.conf"}, 'a configuration');
ok($there{"/usr/share/man/man1/nmr.1"} && $there{"/usr/share/man/man8/nmr-spooler.8"}, 'manual pages');

# Links between the documents.
my $doc = "$dir/whole/usr/share/doc/nmr-spool";
my @broken;
for my $page (grep { /\.md\z/ } files_of($doc)) {
	my $text = Spool::slurp("$doc$page");
	while ($text =~ /\]\(([^)#\s]+)[^)]*\)/g) {
		my $to = $1;
		push @broken, "$page: $to" unless $to =~ /^(?:https?|mailto|smb):/ || -e dirname("$doc$page") . "/$to";
	}
}
is("@broken", '', 'the links of the documents hold where they are installed');

my $conf = "$dir/whole/etc/nmr-spool/nmr.conf";
open my $f, '>>', $conf or die;
print $f "# mine\n";
close $f or die;
my $mine = Spool::slurp($conf);
install('.', "$dir/whole");
is(Spool::slurp($conf), $mine, 'a configuration that is there stays');
like(install('.', "$dir/whole", 'uninstall'), qr/left in place: .*nmr\.conf/, 'also when all else goes, which is said');
is(join(' ', grep { !m{/(?:sysusers|tmpfiles)\.d/} } files_of("$dir/whole")), '/etc/nmr-spool/nmr.conf', 'and all else does');

# ---- of what an image is built from
my @context = map { /^!(\S+)/ && -e $1 && $1 !~ m{^build/} ? $1 : () } split /\n/, Spool::slurp('.dockerignore');
ok(@context > 5, 'files that an image is built from');
mkdir "$dir/context" or die;
system('cp', '-a', '--parents', @context, "$dir/context") == 0 or die;
install("$dir/context", "$dir/image");
my $documents = qr{^/usr/share/doc/};
is(join("\n", grep { !/$documents/ } files_of("$dir/image")), join("\n", grep { !/$documents/ } @files), 'they install the same, but for documents');
done_testing;
