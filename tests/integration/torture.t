#!/usr/bin/perl
# What a drop folder must bear: names of every kind, things that are no files, files
# that change while they are taken, an inbox that comes and goes, limits. Each case
# says what becomes of it: published, refused, ignored or told about.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use Cwd qw(getcwd);
use Digest::SHA qw(sha256_hex);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use Outcome;
use POSIX qw(mkfifo);
use Replay;
use Socket;
use Time::HiRes qw(sleep time);
use Upkeep;

plan skip_all => 'needs root: other owners, devices, mounts' if $> != 0;
umask 0022;
my %quick = (NMR_QUIET_S => 0.2, NMR_EMPTY_REPORT_S => 1.5, NMR_STATUS_S => 1, NMR_SCAN_S => 2, NMR_LOG_LEVEL => 'warn');
my $n = 0;
sub content { my ($what) = @_; (my $w = $what) =~ s/[^ -~]/./gs; return sprintf "C case-%d %s\n", ++$n, $w; }

# What .failed folders say: by the name of the folder, the text.
sub told {
	my ($s) = @_;
	my $t = tree($s->out(''));
	return { map { m{^(.*)\.failed/FAILED\.txt$}s ? ($1 => ($t->{$_} =~ s/\s+/ /gr)) : () } keys %$t };
}

# Everything that a spooler wrote about itself is expected: no line may come twice.
sub ends {
	my ($s, $what) = @_;
	is($s->stop, 0, "$what: the spooler ends");
	is_deeply([ $s->processes ], [], "$what: nothing is left behind");
}

# ---------------------------------------------------------------- names
sub names {
	my $s = Replay->new(env => { %quick });
	my @case = (
		# dropped as, published as
		['-rf.smi', '_rf'],
		["new\nline.smi", 'new line'],
		["tab\tbed.smi", 'tab bed'],
		["quo'te\"s.smi", "quo'te_s"],
		['$(touch pwned).smi', '_(touch pwned)'],
		['`id`;id.smi', '_id_;id'],
		['%s%n%d.smi', '%s%n%d'],
		['(1) [2] {3}.smi', '(1) [2] {3}'],
		['a:b\\c?d*e|f<g>.smi', 'a_b_c_d_e_f_g_'],
		["bad\xff\xfeutf.smi", 'bad__utf'],
		["caf\xc3\xa9.smi", undef], ["cafe\xcc\x81.smi", undef],
		["gnp\xe2\x80\xaeims.smi", 'gnpims'],
		["zero\xe2\x80\x8bwidth.smi", 'zerowidth'],
		['x' x 251 . '.smi', 'x' x 120],
		['x' x 250 . 'y.smi', 'x' x 118 . '-2'],
		["\xff" x 251 . '.smi', '_' x 120],
		['Case.smi', undef], ['cASE.smi', undef],
		['dot..smi', 'dot'], ['end.', 'end'], ['space ', 'space'], ['both. .', 'both'],
		['CON.smi', '_CON'], ['nul', '_nul'], ['com1.x.smi', '_com1.x'], ['prn .smi', '_prn'],
		['.xyz', 'molecule'],
		['two.mol', 'two'], ['two.xyz', 'two-2'],
		['s2/same.smi', 's2/same'], ['s1/same.smi', undef], ['S1/same.smi', undef],
		['aux/nul.smi', '_aux/_nul'],
		['trail. /f.smi', 'trail/f'],
		["line\nfeed/f.smi", 'line feed/f'],
		['look.running/f.smi', 'look.running_/f'], ['look.failed', 'look.failed_'],
		['QUEUE.html', 'QUEUE.html_'],
		['no-extension', 'no-extension'],
	);
	my %sha;
	for my $c (@case) {
		my $text = content($c->[0]);
		$sha{ sha256_hex($text) } = $c;
		$s->drop($c->[0], $text);
	}
	$s->start;
	ok(wait_calm($s, 60), 'names: all are taken and done') or diag(join ' | ', inbox_files($s)), diag($s->log_text);
	my $by = outcomes($s);
	my %folder;
	for my $sha (sort { $sha{$a}[0] cmp $sha{$b}[0] } keys %sha) {
		my ($name, $want) = @{ $sha{$sha} };
		my @got = @{ $by->{$sha} // [] };
		$folder{$name} = $got[0];
		(my $shown = $name) =~ s/[^ -~]/?/gs;
		is("@got", $want, "names: $shown") if defined $want;
		is(scalar @got, 1, "names: $shown is published once");
	}
	is(scalar keys %$by, scalar @case, 'names: and nothing else');
	is(join(' ', sort { lc $a cmp lc $b } @folder{qw(Case.smi cASE.smi)}), $folder{'Case.smi'} =~ /2/ ? 'cASE Case-2' : 'Case cASE-2',
		'names: two that differ in case only are kept apart');
	is(join(' ', sort @folder{"caf\xc3\xa9.smi", "cafe\xcc\x81.smi"}), "caf\xc3\xa9 caf\xc3\xa9-2", 'names: two that look alike, too');
	like(join(' ', sort @folder{qw(s1/same.smi S1/same.smi)}), qr{^(s1|S1)/same \1/same-2$}, 'names: and two folders become one');
	is_deeply([ unsafe_names($s) ], [], 'names: every name in the outbox is safe on a Windows share');
	ok(!-e 'pwned' && !-e "$s->{data}/pwned", 'names: no shell has seen any');

	my $text = content('twice');
	$s->drop('twice.smi', $text);
	ok(wait_calm($s, 20), 'names: a drop');
	$s->drop('twice.smi', $text);
	ok(wait_calm($s, 20), 'names: the same again');
	is_deeply(outcomes($s)->{ sha256_hex($text) }, [qw(twice twice-2)], 'names: two drops of one file are two jobs');

	# Longer than a path may be; one can get there only step by step.
	my ($home, $deep) = (getcwd(), content('deep'));
	chdir "$s->{data}/inbox" or die;
	for (1 .. 45) {
		mkdir 'd' x 99 or die;
		chdir 'd' x 99 or die;
		next unless $_ == 30 || $_ == 45;
		open my $f, '>', 'deep.smi' or die;
		print $f $_ == 30 ? $deep : 'C too deep';
	}
	chdir $home or die;
	ok(wait_until(20, sub { outcomes($s)->{ sha256_hex($deep) } }), 'names: a deep path is published')
		or diag($s->log_text);
	my @told;
	ok(wait_until(20, sub { @told = values %{ told($s) } }),
		'names: one that is longer than the system allows is told about') or diag($s->log_text);
	like($told[0] // '', qr/longer than the system allows/, 'names: in plain words');
	system 'rm', '-rf', "$s->{data}/inbox/" . 'd' x 99;
	unlike($s->log_text, qr/not-written|not-told|level=error/, 'names: no error in the log') or diag($s->log_text);
	ends($s, 'names');
}

my %part = (names => \&names);
my @order = qw(names);
for my $p (@ARGV ? @ARGV : @order) {
	my $t = time;
	$part{$p}->();
	note sprintf '%s took %.1f s', $p, time - $t;
}
done_testing;
