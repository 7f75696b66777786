# A mail server or a web server on a port of the loopback that keeps what it gets. Each
# connection has a process of its own; what came is read back with got().
#   my $mail = Sink->smtp;  my $hook = Sink->http;
#   $mail->{port}; $mail->down; $mail->up; $mail->mode('refuse');
# Modes: ok, refuse (550 of the recipient; 500), silent (accepts and says nothing).
package Sink;
use strict;
use warnings;
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Spool;
use Time::HiRes qw(time);

sub smtp { return new(@_, \&speak_smtp); }
sub http { return new(@_, \&speak_http); }

sub new {
	my ($class, $speak) = @_;
	my $self = bless { dir => tempdir('nmr-sink-XXXXXX', TMPDIR => 1, CLEANUP => 1), speak => $speak, port => 0, pid => 0 }, $class;
	$self->mode('ok');
	return $self->up;
}

sub mode { my ($self, $mode) = @_; $self->put('mode', $mode); return $self; }

sub put {
	my ($self, $name, $text) = @_;
	open my $f, '>:raw', "$self->{dir}/.$name" or die "$self->{dir}: $!";
	print $f $text;
	close $f or die;
	rename "$self->{dir}/.$name", "$self->{dir}/$name" or die;
}

sub up {
	my ($self) = @_;
	my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $self->{port}, Listen => 50, ReuseAddr => 1)
		or die "port $self->{port}: $!";
	$self->{port} = $listen->sockport;
	my $pid = fork() // die "fork: $!";
	$self->{pid} = $pid;
	return $self if $pid;
	setpgrp;
	$SIG{CHLD} = 'IGNORE';
	while (1) {
		my $c = $listen->accept or next;
		my $child = fork() // next;
		next if $child;
		close $listen;
		$self->put(sprintf('try-%.6f-%d', time, $$), '');
		my $mode = Spool::slurp("$self->{dir}/mode");
		sleep 600 if $mode eq 'silent';
		eval { my $m = $self->{speak}->($c, $mode); $self->put(sprintf('got-%.6f-%d', time, $$), encode_json($m)) if $m };
		close $c;
		POSIX::_exit(0);
	}
}

sub down {
	my ($self) = @_;
	return unless $self->{pid};
	# Its own group, once it has one.
	kill('KILL', -$self->{pid}) or kill('KILL', $self->{pid});
	waitpid $self->{pid}, 0;
	$self->{pid} = 0;
	return $self;
}

sub tries { return scalar(() = glob "$_[0]{dir}/try-*"); }
sub got { return map { decode_json(Spool::slurp($_)) } sort glob "$_[0]{dir}/got-*"; }
sub forget { unlink glob "$_[0]{dir}/got-* $_[0]{dir}/try-*"; }
sub DESTROY { local ($?, $!); $_[0]->down; }

sub line { my ($c) = @_; my $l = <$c> // die 'gone'; $l =~ s/\r?\n$//; return $l; }

# {from, to, auth, data}
sub speak_smtp {
	my ($c, $mode) = @_;
	my %m = (to => [], from => '');
	print $c "220 sink\r\n";
	while (1) {
		my $l = line($c);
		if ($l =~ /^EHLO/) { print $c "250-sink\r\n250 AUTH PLAIN\r\n"; }
		elsif ($l =~ /^AUTH PLAIN(?: (.*))?$/) {
			$m{auth} = $1;
			if (!defined $m{auth}) { print $c "334 \r\n"; $m{auth} = line($c); }
			print $c "235 ok\r\n";
		}
		elsif ($l =~ /^MAIL FROM:(\S+)/) { $m{from} = $1; print $c "250 ok\r\n"; }
		elsif ($l =~ /^RCPT TO:(.*)/) {
			push @{ $m{to} }, $1;
			print $c $mode eq 'refuse' ? "550 no such user\r\n" : "250 ok\r\n";
		}
		elsif ($l eq 'DATA') {
			print $c "354 go on\r\n";
			while ((my $d = <$c> // die 'gone') ne ".\r\n") { $d =~ s/^\.//; $m{data} .= $d; }
			print $c "250 taken\r\n";
		}
		elsif ($l eq 'QUIT') { print $c "221 bye\r\n"; return defined $m{data} ? \%m : undef; }
		else { print $c "250 ok\r\n"; }
	}
}

# {request, headers, json}
sub speak_http {
	my ($c, $mode) = @_;
	my %m = (request => line($c), headers => {});
	while ((my $l = line($c)) ne '') { $m{headers}{ lc $1 } = $2 if $l =~ /^([^:]+): *(.*)/; }
	read $c, my $body, $m{headers}{'content-length'} // 0;
	$m{json} = decode_json($body);
	if ($mode eq 'refuse') { print $c "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"; return undef; }
	if ($mode =~ /^to (\S+)/) { print $c "HTTP/1.1 302 There\r\nLocation: $1\r\nContent-Length: 0\r\n\r\n"; return undef; }
	print $c "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
	return \%m;
}

1;
