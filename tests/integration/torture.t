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

# Mounts are made in a namespace of our own: whatever happens, they are gone with it.
my @unshare = qw(unshare --mount --propagation private);
plan skip_all => 'needs root: other owners, devices, mounts' if $> != 0;
plan skip_all => 'needs mount namespaces' if !$ENV{NMR_TEST_UNSHARED} && system("@unshare true 2>/dev/null") != 0;
exec @unshare, $^X, $0, @ARGV if !$ENV{NMR_TEST_UNSHARED}++;

umask 0022;
my %quick = (NMR_QUIET_S => 0.2, NMR_QUIET_REMOTE_S => 1, NMR_EMPTY_REPORT_S => 1.5, NMR_STATUS_S => 1, NMR_SCAN_S => 2, NMR_LOG_LEVEL => 'warn');
my $n = 0;
sub content { my ($what) = @_; (my $w = $what) =~ s/[^ -~]/./gs; return sprintf "C case-%d %s\n", ++$n, $w; }

# What .failed folders say: by the name of the folder, the text.
sub told {
	my ($s) = @_;
	my $t = tree($s->out(''));
	return { map { m{^(.*)\.failed/FAILED\.txt$}s ? ("$1" => ($t->{$_} =~ s/\s+/ /gr)) : () } keys %$t };
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
	ok(wait_calm($s, 200), 'names: all are taken and done') or diag(join ' | ', inbox_files($s)), diag($s->log_text);
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
	ok(wait_calm($s, 60), 'names: a drop');
	$s->drop('twice.smi', $text);
	ok(wait_calm($s, 60), 'names: the same again');
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
	ok(wait_until(60, sub { outcomes($s)->{ sha256_hex($deep) } }), 'names: a deep path is published')
		or diag($s->log_text);
	my @told;
	ok(wait_until(60, sub { @told = values %{ told($s) } }),
		'names: one that is longer than the system allows is told about') or diag($s->log_text);
	like($told[0] // '', qr/longer than the system allows/, 'names: in plain words');
	system 'rm', '-rf', "$s->{data}/inbox/" . 'd' x 99;
	unlike($s->log_text, qr/not-written|not-told|level=error/, 'names: no error in the log') or diag($s->log_text);
	ends($s, 'names');
}

# ---------------------------------------------------------------- kinds
# Root without capabilities, so that permissions count.
my @powerless = qw(setpriv --bounding-set=-all --inh-caps=-all);

sub kinds {
	my $s = Replay->new(env => { %quick, NMR_FILE_SIZE_MAX_MB => 4 }, wrap => \@powerless);
	my ($in, $away) = ("$s->{data}/inbox", tempdir('nmr-away-XXXXXX', TMPDIR => 1, CLEANUP => 1));
	my (%text, %good);
	my $good = sub { my ($path, $name, $text) = @_; $text //= content($path); $good{ sha256_hex($text) } = $name; $s->drop($path, $text); };
	write_file("$away/secret.smi", my $secret = content('secret'));
	write_file("$away/linked.smi", my $linked = content('linked'));
	make_path($in);
	# Things that are no files: told about. By the name of the folder, what it says.
	my %tell = map { $_ => qr/not taken.*link, a pipe, a socket or a device/ } qw(dangling loop outward ancestor fifo socket device);
	symlink "$away/nothing", "$in/dangling.smi";
	symlink 'loop.smi', "$in/loop.smi";
	symlink "$away/secret.smi", "$in/outward.smi";
	symlink $away, "$in/ancestor";
	mkfifo "$in/fifo.smi", 0666 or die;
	socket my $sock, AF_UNIX, SOCK_STREAM, 0 or die;
	bind $sock, sockaddr_un("$in/socket.smi") or die "bind: $!";
	system 'mknod', "$in/device.smi", 'c', '1', '3';
	# Two of one stem have two folders.
	symlink 'nowhere', "$in/twin.mol";
	symlink 'nowhere', "$in/twin.xyz";
	@tell{qw(twin twin-2)} = (qr/File: twin\.(mol|xyz).*a link/) x 2;
	# Files that cannot be taken.
	$tell{sparse} = qr/larger than the limit/;
	$s->drop('sparse.sdf', '');
	truncate "$in/sparse.sdf", 1 << 40 or die "truncate: $!";
	$tell{'empty-2'} = qr/file is empty/;
	$s->drop('empty.smi', '');
	$tell{closed} = qr/not allowed to read/;
	$s->drop('closed.smi', my $closed = content('closed'));
	chmod 0, "$in/closed.smi";
	$tell{cellar} = qr/not allowed to look into this folder/;
	$s->drop('cellar/f.smi', my $cellar = content('cellar'));
	chmod 0, "$in/cellar";
	# A file for a moment longer than patience, with a hole that is filled later.
	$s->drop('hole.smi', '');
	truncate "$in/hole.smi", 65536 or die;
	# Files that can.
	$good->('a.xyz/inside.smi', 'a.xyz/inside');
	mkdir "$in/b.xyz";
	$good->('empty.mol', 'empty');
	$good->('other.smi', 'other');
	chown 1234, 1234, "$in/other.smi";
	$good{ sha256_hex($linked) } = 'hard';
	link "$away/linked.smi", "$in/hard.smi" or die;
	my $both = content('hard links');
	$s->drop('one.smi', $both);
	link "$in/one.smi", "$in/two.smi" or die;
	# What is passed over.
	my @junk = ('.DS_Store', '._x.smi', 'Thumbs.db', 'desktop.ini', '~$x.smi', 'x.smi~', '.x.smi.swp', '4913', '.#x.smi', 'x.smi.part',
		'x.crdownload', 'x.filepart', 'x.tmp', '.syncthing.x.smi.tmp', '.x.smi.Xy12aB', '.goutputstream-AB12', '.fuse_hidden0001',
		'.nfs000000001', 'x.aria2', '@eaDir/f.smi', '#recycle/f.smi', '$RECYCLE.BIN/f.smi', '.stversions/f.smi', '.Trash-0/f.smi',
		'lost+found/f.smi', '__MACOSX/f.smi', '.~lock.x.csv#', 'x.download/f.smi');
	$s->drop($_, 'C') for @junk;
	$s->start;
	ok(wait_until(40, sub { my $t = told($s); !grep { !$t->{$_} } keys %tell }), 'kinds: all that cannot be taken are told about')
		or diag(explain(told($s))), diag($s->log_text);
	my $told = told($s);
	like($told->{$_}, $tell{$_}, "kinds: $_") for sort keys %tell;
	is_deeply([ sort keys %$told ], [ sort keys %tell ], 'kinds: nothing else is complained about');
	my @stay = (@junk, map { "$_.smi" } qw(dangling loop outward fifo socket device empty closed hole));
	my $left = join "\n", sort @stay, qw(ancestor twin.mol twin.xyz sparse.sdf);
	my $now;
	ok(wait_until(60, sub { $now = join "\n", grep { !m{^cellar/} } inbox_files($s); $now eq $left }), 'kinds: they stay, all others are taken')
		or is($now, $left), diag($s->log_text);
	my $by;
	ok(wait_until(60, sub { $by = outcomes($s); keys %$by == 1 + keys %good && @{ $by->{ sha256_hex($both) } // [] } > 1 }),
		'kinds: the others are published');
	for my $sha (sort keys %good) {
		is("@{ $by->{$sha} // [] }", $good{$sha}, "kinds: $good{$sha}") if defined $good{$sha};
		is(scalar @{ $by->{$sha} // [] }, 1, 'kinds: published once');
	}
	is_deeply($by->{ sha256_hex($both) }, [qw(one two)], 'kinds: two hard links of one file are two jobs, once each');
	is(Spool::slurp("$away/linked.smi"), $linked, 'kinds: the other name of a hard link stays');
	is(Spool::slurp("$away/secret.smi"), $secret, 'kinds: what a link points to stays');
	ok(!$by->{ sha256_hex($secret) }, 'kinds: and is never read');
	ok(-p "$in/fifo.smi" && -d "$in/b.xyz", 'kinds: pipes and folders are left alone');

	unlike($s->log_text, qr/no-watch|events-lost/, 'kinds: a closed folder does not blind the others');

	# A restart tells it all once more, in the same places.
	is($s->stop, 0, 'kinds: the spooler ends');
	$s->start;
	sleep 3;
	wait_until(10, sub { join(' ', sort keys %{ told($s) }) eq join(' ', sort keys %tell) });
	is_deeply([ sort keys %{ told($s) } ], [ sort keys %tell ], 'kinds: a restart tells nothing twice');

	# What can be taken after all is, under its own name, and the complaint goes.
	chmod 0644, "$in/closed.smi";
	chmod 0755, "$in/cellar";
	$s->drop('empty.smi', my $filled = content('filled'));
	$s->drop('hole.smi', my $whole = content('whole'));
	my %later = (sha256_hex($closed) => 'closed', sha256_hex($cellar) => 'cellar/f', sha256_hex($filled) => 'empty-2', sha256_hex($whole) => 'hole');
	ok(wait_until(30, sub { my $b = outcomes($s); !grep { !$b->{$_} } keys %later }), 'kinds: what is mended is taken') or diag($s->log_text);
	$by = outcomes($s);
	is("@{ $by->{$_} // [] }", $later{$_}, "kinds: $later{$_}") for sort keys %later;
	ok(wait_until(30, sub { !grep { /^(closed|empty.*|cellar)$/ } keys %{ told($s) } }), 'kinds: and its complaint is gone')
		or diag(explain([ keys %{ told($s) } ]));

	# A name that is wrong again is told again.
	unlink "$in/dangling.smi";
	system 'rm', '-rf', $s->out('dangling.failed');
	sleep 1;
	symlink "$away/nothing", "$in/dangling.smi";
	ok(wait_until(60, sub { told($s)->{dangling} }), 'kinds: the same trouble a day later is told again');

	# A result is no input.
	system 'cp', '-r', $s->out('hard'), "$in/hard";
	ok(wait_until(60, sub { (told($s)->{'hard-2'} // '') =~ /a result of this spooler, not an input/ }), 'kinds: a result that is dropped back is told about');
	is(scalar @{ outcomes($s)->{ sha256_hex($linked) } }, 1, 'kinds: and not computed');
	unlike($s->log_text, qr/not-written|not-told|level=error/, 'kinds: no error in the log') or diag($s->log_text);
	ends($s, 'kinds');
}

# ---------------------------------------------------------------- races
# One result each, of exactly that content.
sub one_each {
	my ($s, $what, @text) = @_;
	my $by;
	ok(wait_until(120, sub { $by = outcomes($s); !grep { !$by->{ sha256_hex($_) } } @text }), "$what: published")
		or diag($s->log_text), diag(explain($by));
	is_deeply([ map { scalar @{ $by->{ sha256_hex($_) } // [] } } @text ], [ map { 1 } @text ], "$what: once each");
	return $by;
}

sub put { my ($f, $text) = @_; syswrite $f, $text; }

sub writers {
	my $s = Replay->new(env => { %quick, NMR_QUIET_S => 0.5 });
	my $in = "$s->{data}/inbox";
	$s->start;
	ok(wait_until(60, sub { -e "$in/README.txt" || -e $s->out('QUEUE.html') }), 'writers: the spooler is there');

	# Open, and silent for longer than it takes to settle and to be told about.
	my $slow = join '', map { content("slow $_") } 1 .. 3;
	my @lines = split /^/, $slow;
	open my $f, '>', "$in/slow.smi" or die;
	for my $i (0 .. 2) {
		put($f, $lines[$i]);
		sleep 1;
	}
	ok(wait_until(60, sub { (told($s)->{slow} // '') =~ /still has the file open/ }), 'writers: a file that stays open is told about');
	ok(-e "$in/slow.smi", 'writers: and left alone');
	close $f;
	# Open, and written through memory.
	# Reopened for each line, sooner than it settles.
	my $again = '';
	for my $i (1 .. 8) {
		$again .= my $line = content("again $i");
		open my $g, '>>', "$in/again.smi" or die;
		put($g, $line);
		close $g;
		sleep 0.1;
	}
	# Replaced by rename, and rewritten in place, before it has settled.
	my ($v1, $v2) = (content('renamed one'), content('renamed two'));
	$s->drop('renamed.smi', $v1);
	write_file("$in/.renamed.new", $v2);
	rename "$in/.renamed.new", "$in/renamed.smi" or die;
	my ($w1, $w2) = ('C in place 1', 'C in place 2');
	$s->drop('place.smi', $w1);
	my @st = stat "$in/place.smi";
	$s->drop('place.smi', $w2);
	utime $st[8], $st[9], "$in/place.smi";
	# Deleted before it has settled.
	$s->drop('deleted.smi', my $deleted = content('deleted'));
	unlink "$in/deleted.smi";
	# Old and new times.
	my ($old, $future, $kept) = map { content($_) } qw(1970 2100 kept);
	$s->drop('old.smi', $old);
	utime 0, 0, "$in/old.smi";
	$s->drop('future.smi', $future);
	utime 4102444800, 4102444800, "$in/future.smi";
	write_file("$s->{data}/kept.smi", $kept);
	utime 1e9, 1e9, "$s->{data}/kept.smi";
	is(system('cp', '-p', "$s->{data}/kept.smi", "$in/kept.smi"), 0, 'writers: cp -p');
	my $by = one_each($s, 'writers', $slow, $again, $v2, $w2, $old, $future, $kept);
	is(join(' ', map { @{ $by->{ sha256_hex($_) } } } $slow, $again, $v2, $w2), 'slow again renamed place', 'writers: under their names');
	ok(wait_calm($s, 60), 'writers: the inbox is empty');
	is(scalar keys %{ outcomes($s) }, 7, 'writers: nothing else, no half, no older version');
	is_deeply([ keys %{ told($s) } ], [], 'writers: no complaint is left');

	# While a job waits or runs its name is free again: a new drop is a new job.
	my $slowly = Replay->new(env => { %quick, REPLAY_DELAY_MS => 700, NMR_CORES => 1 });
	$slowly->start;
	my ($first, $second) = (content('first'), content('second'));
	$slowly->drop('name.smi', $first);
	ok(wait_until(60, sub { -d $slowly->out('name.running') }), 'writers: a job runs');
	$slowly->drop('name.smi', $second);
	ok(wait_until(60, sub { -d $slowly->out('name-2.running') }), 'writers: the next drop of its name is another job');
	remove_tree($slowly->out('name.running'));
	$by = one_each($slowly, 'writers, at work', $first, $second);
	is(join(' ', map { @{ $by->{ sha256_hex($_) } } } $first, $second), 'name name-2', 'writers: each under its name');

	# Two spoolers on one spool.
	my ($st, $out, $err) = spooler($slowly);
	isnt($st, 0, 'two spoolers: the second one is refused');
	like($err, qr/another nmr-spooler works on .*: stop it first, or give this one its own --data/, 'two spoolers: in clear words');
	ends($_, 'writers') for $slowly, $s;
}

sub mount { is(system('mount', @_), 0, "mount @_"); }

sub places {
	my $s = Replay->new(env => { %quick, NMR_SCAN_S => 1 });
	my $in = "$s->{data}/inbox";
	$s->start;
	my %text = map { $_ => content($_) } qw(before moved renamed deleted below over after readonly later);
	my $drop = sub { $s->drop("$_.smi", $text{$_}) for @_; };
	$drop->('before');
	one_each($s, 'places, before', $text{before});

	rename $in, "$in-old" or die;
	write_file("$in-old/moved.smi", $text{moved});
	sleep 1.5;
	ok(-e "$in-old/moved.smi", 'places: what comes into a folder that was the inbox is not taken');
	$drop->('renamed');
	one_each($s, 'places, renamed and made again', $text{renamed});

	remove_tree($in);
	sleep 1.5;
	$drop->('deleted');
	one_each($s, 'places, deleted and made again', $text{deleted});

	mount('-t', 'tmpfs', '-o', 'size=1m', 'nmr-test', $in);
	$drop->('over');
	one_each($s, 'places, mounted over', $text{over});
	# The spooler looks into it for moments.
	ok(wait_until(20, sub { system("umount '$in' 2>/dev/null") == 0 }), 'places: unmounted');
	$drop->('below');
	one_each($s, 'places, unmounted', $text{below});

	mount('-t', 'tmpfs', '-o', 'size=1m', 'nmr-test', $in);
	write_file("$in/readonly.smi", $text{readonly});
	one_each($s, 'places, mounted again', $text{readonly});
	# Made read-only while the spooler is away, so that it is not taken before.
	is($s->stop, 0, 'places: the spooler ends');
	write_file("$in/later.smi", $text{later});
	mount('-o', 'remount,ro', $in);
	$s->start;
	one_each($s, 'places, read-only', $text{later});
	sleep 2.5;
	ok(-e "$in/later.smi", 'places: a file that cannot be removed stays');
	is(scalar(() = $s->log_text =~ /event=original-stays .*file=later.smi/g), 1, 'places: which is said once') or diag($s->log_text);
	is($s->stop, 0, 'places: the spooler ends');
	$s->start;
	sleep 2.5;
	is_deeply(outcomes($s)->{ sha256_hex($text{later}) }, ['later'], 'places: and is not taken again, after a restart neither');
	mount('-o', 'remount,rw', $in);
	$drop->('after');
	one_each($s, 'places, writable', $text{after});
	ends($s, 'places');
	system 'umount', $in;
}

# ---------------------------------------------------------------- limits
# The kernel's limits for one user, in a user namespace of the spooler's own.
sub limited { my ($name, $value) = @_; return ['unshare', '-Ur', 'sh', '-c', "echo $value >/proc/sys/user/$name; exec \"\$@\"", 'sh']; }

sub limits {
	my $can = system("unshare -Ur sh -c 'echo 9 >/proc/sys/user/max_inotify_watches' 2>/dev/null") == 0;
	SKIP: {
		skip 'no user namespaces here', 1 unless $can;
		for my $c (['max_inotify_watches', 4, qr/event=watch-limit .*max_user_watches/], ['max_inotify_instances', 0, qr/event=no-watch/]) {
			my ($name, $value, $words) = @$c;
			my $s = Replay->new(env => { %quick, NMR_SCAN_S => 600, NMR_SCAN_REMOTE_S => 1 }, wrap => limited($name, $value));
			make_path("$s->{data}/inbox/f$_") for 1 .. 6;
			$s->start;
			ok(wait_until(60, sub { -e $s->out('QUEUE.html') }), "limits, $name: the spooler is there");
			sleep 1;
			my @text;
			for my $i (1 .. 6) {
				push @text, content("$name $i");
				$s->drop("f$i/x.smi", $text[-1]);
			}
			$s->drop('new/y.smi', content("$name new"));
			push @text, Spool::slurp("$s->{data}/inbox/new/y.smi");
			one_each($s, "limits, $name", @text);
			like($s->log_text, $words, "limits, $name: which is said");
			ends($s, "limits, $name");
		}
	}
}

# Many files are there before the spooler is.
sub many {
	my $many = $ENV{NMR_TEST_MANY} // 2000;
	my $s = Replay->new(env => { %quick });
	my %text;
	for my $i (1 .. $many) {
		my $t = "C many-$i\n";
		$text{ sha256_hex($t) } = $i;
		$s->drop('d' . $i % 7 . "/m$i.smi", $t);
	}
	$s->start;
	ok(wait_until(60 + $many / 20, sub { !(my @left = inbox_files($s)) }), "many: $many files are taken") or diag($s->log_text);
	is($s->stop, 0, 'many: the spooler ends');
	my @sha = sql($s, 'SELECT sha256 FROM job');
	is(scalar @sha, $many, 'many: one job each');
	my %got = map { $_ => 1 } @sha;
	is_deeply([ grep { !$got{$_} } keys %text ], [], 'many: of that content');
	is(sql($s, 'SELECT count(DISTINCT outname) FROM job'), $many, 'many: all of them under names of their own');
	is_deeply([ $s->processes ], [], 'many: nothing is left behind');
}

# More events at once than the kernel keeps: the rest is found all the same.
sub flood {
	my $max = Spool::slurp('/proc/sys/fs/inotify/max_queued_events') / 2 + 1000;
	my $s = Replay->new(env => { %quick, NMR_SCAN_S => 600 });
	$s->start;
	ok(wait_until(60, sub { -e $s->out('QUEUE.html') }), 'flood: the spooler is there');
	$s->signal('STOP');
	$s->drop("m$_.smi", "C flood-$_\n") for 1 .. $max;
	$s->signal('CONT');
	ok(wait_until(300, sub { !(my @left = inbox_files($s)) }), 'flood: all are taken');
	like($s->log_text, qr/event=inbox-events-lost/, 'flood: though events were lost');
	is(sql($s, 'SELECT count(*) FROM job'), int $max, 'flood: one job each');
	is($s->stop, 0, 'flood: the spooler ends');
	is_deeply([ $s->processes ], [], 'flood: nothing is left behind');
}

# ---------------------------------------------------------------- content
# Read by the real nmr-mol. Only methane fits what the stand-ins say.
sub contents {
	my $s = Replay->new(env => { %quick, NMR_RECORDS_MAX => 1000 }, real => ['nmr-mol']);
	my $utf16 = sub { my ($mark, $order) = @_; return $mark . join '', map { pack $order, ord } split //, "C methane\r\n"; };
	my $record = "\n  x\n\n  1  0  0  0  0  0            999 V2000\n    0.0000    0.0000    0.0000 C   0  0\nM  END\n\$\$\$\$\n";
	my %good = (bom => "\xef\xbb\xbfC methane\n", crlf => "C methane\r\n", cr => "C methane\r", 'utf16-le' => $utf16->("\xff\xfe", 'v'),
		'utf16-be' => $utf16->("\xfe\xff", 'n'), bare => 'C', tail => "C\n\n\n  \n");
	my %bad = (noise => join('', map { chr(($_ * 7919 + ($_ >> 3) * 104729) % 256) } 1 .. 20000), zeros => "\0" x 5000, spaces => " \n" x 100,
		prose => "Dear colleague, please compute this.\n" x 20, many => $record x 5000,
		bomb => "PK\x03\x04\x14\0\0\0\x08\0" . "\0" x 500);
	$s->drop("$_.smi", $good{$_}) for keys %good;
	$s->drop($_ eq 'many' ? "$_.sdf" : "$_.smi", $bad{$_}) for keys %bad;
	if (open my $z, '-|', 'gzip', '-c', '/dev/null') {
		local $/;
		$s->drop('gzip.smi', $bad{gzip} = <$z>);
	}
	$s->start;
	my %words = (noise => qr/binary file of an unknown kind/, zeros => qr/file is empty/, spaces => qr/file is empty/,
		prose => qr/text is no structure/, many => qr/5000 molecules.*At most 1000/, bomb => qr/ZIP archive/,
		gzip => qr/gzip-compressed/);
	for my $name (sort keys %good) {
		is($s->wait_for($name, 60), 'done', "content: $name is read") or diag($s->failed_text($name));
	}
	for my $name (sort keys %bad) {
		is($s->wait_for($name, 60), 'failed', "content: $name is refused");
		my $text = $s->failed_text($name) =~ s/\s+/ /gr;
		like($text, $words{$name}, "content: $name: with words");
		like($text, qr/What to do/, "content: $name: and what to do");
	}
	my $by = outcomes($s);
	is_deeply([ grep { @{ $by->{ sha256_hex($_) } // [] } != 1 } values %good, values %bad ], [], 'content: one outcome each, with the file as it was');
	ends($s, 'content');
}

my %part = (contents => \&contents, flood => \&flood, limits => \&limits, many => \&many, writers => \&writers, places => \&places, kinds => \&kinds, names => \&names);
my @order = qw(names kinds writers places limits many contents);
for my $p (@ARGV ? @ARGV : @order) {
	my $t = time;
	$part{$p}->();
	note sprintf '%s took %.1f s', $p, time - $t;
}
done_testing;
