# A spooler whose engines answer at once, with what the real ones once said about
# methane (tests/fakes/replay.c): for tests of the spool, where a job must take
# milliseconds. The spooler, nmr-exec and nmr are the real ones, copied into a folder
# of their own, because they look for nmr-mol and nmr-render beside themselves.
package Replay;
use strict;
use warnings;
use parent -norequire, 'Spool';
use Cwd qw(abs_path);
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use Spool;

my %bin;
# The folder of programs; made once for each build that is asked for. real: names of
# programs that are not replaced, such as nmr-mol, where reading is the subject.
sub bin {
	my $from = abs_path($_[0] // $Spool::BIN);
	my %real = map { $_ => 1 } @{ $_[1] // [] };
	my $key = join ' ', $from, sort keys %real;
	return $bin{$key} if $bin{$key};
	my $dir = tempdir('nmr-replay-XXXXXX', TMPDIR => 1, CLEANUP => 1);
	for my $p (qw(nmr-spooler nmr-exec nmr), keys %real) {
		copy("$from/$p", "$dir/$p") or die "$from/$p: $!";
		chmod 0755, "$dir/$p";
	}
	(my $replay = $from) =~ s{/bin$}{/tests/replay};
	for my $p (grep { !$real{$_} } qw(nmr-mol nmr-render xtb nwchem)) {
		copy($replay, "$dir/$p") or die "$replay: $!";
		chmod 0755, "$dir/$p";
	}
	symlink abs_path('tests/golden/replay'), "$dir/replay" or die "replay: $!";
	return $bin{$key} = $dir;
}

sub env {
	my ($dir) = @_;
	return (NMR_NWCHEM => "$dir/nwchem {input}", NMR_XTB => "$dir/xtb", NMR_SHARE => abs_path('spooler/share'));
}

sub new {
	my ($class, %o) = @_;
	my $dir = bin($o{bin}, $o{real});
	my $self = Spool::new($class, %o, env => { env($dir), %{ $o{env} // {} } });
	$self->{bin} = $dir;
	return $self;
}

1;
