# nmr-webui on a spool's data folder, on a free port of the loopback.
package Web;
use strict;
use warnings;
use HTTP::Tiny;
use JSON::PP;
use Time::HiRes qw(sleep time);
use Spool;

sub new {
	my ($class, $spool, %o) = @_;
	my $self = bless { spool => $spool, log => "$spool->{data}/webui.log", pid => 0, env => $o{env} // {},
		bin => $o{bin} // $Spool::BIN, http => HTTP::Tiny->new(timeout => 30) }, $class;
	return $self->start;
}

sub start {
	my ($self) = @_;
	unlink $self->{log};
	my $pid = fork() // die "fork: $!";
	if (!$pid) {
		local %ENV = (%ENV, %{ $self->{spool}{env} }, %{ $self->{env} });
		open STDERR, '>>', $self->{log} or die;
		open STDOUT, '>>', $self->{log} or die;
		open STDIN, '<', '/dev/null' or die;
		exec "$self->{bin}/nmr-webui", '--data', $self->{spool}{data}, '--listen', '127.0.0.1:0' or die "exec: $!";
	}
	$self->{pid} = $pid;
	my $end = time + 30;
	sleep 0.02 until Spool::slurp($self->{log}) =~ / port=(\d+)/ || time > $end;
	$self->{port} = $1 or die 'nmr-webui does not start: ' . Spool::slurp($self->{log});
	$self->{url} = "http://127.0.0.1:$self->{port}";
	return $self;
}

# The exit status.
sub stop {
	my ($self, $sig) = @_;
	return unless $self->{pid};
	kill $sig // 'TERM', $self->{pid};
	waitpid $self->{pid}, 0;
	$self->{pid} = 0;
	return $?;
}

sub DESTROY { local $?; $_[0]->stop('KILL') }

# status, headers, content
sub ask {
	my ($self, $method, $path, %o) = @_;
	my $r = $self->{http}->request($method, $self->{url} . $path, { content => $o{content} // '', headers => $o{headers} // {} });
	return ($r->{status}, $r->{headers}, $r->{content});
}

sub json {
	my ($self, $method, $path, $body, %headers) = @_;
	my %o = (headers => { %headers });
	$o{headers}{'content-type'} = 'application/json' if defined $body;
	$o{content} = ref $body ? JSON::PP->new->utf8->encode($body) : $body;
	my ($status, $h, $text) = $self->ask($method, $path, %o);
	my $j = eval { JSON::PP->new->utf8->decode($text) };
	return ($status, $j, $h);
}

# A form: [name => value], [file => filename => content] ...
sub form {
	my ($self, $path, @parts) = @_;
	my $edge = 'x' . int(rand 1e9) . 'y';
	my $body = '';
	for my $p (@parts) {
		my ($name, $second, $content) = @$p;
		$body .= "--$edge\r\nContent-Disposition: form-data; name=\"$name\"";
		$body .= defined $content ? "; filename=\"$second\"\r\nContent-Type: application/octet-stream\r\n\r\n$content\r\n" : "\r\n\r\n$second\r\n";
	}
	my ($status, $h, $text) = $self->ask('POST', $path, content => "$body--$edge--\r\n",
		headers => { 'content-type' => "multipart/form-data; boundary=$edge" });
	my $j = eval { JSON::PP->new->utf8->decode($text) };
	return ($status, $j, $h);
}

# Until the job has this status.
sub wait_status {
	my ($self, $id, $want, $timeout) = @_;
	my $end = time + $timeout;
	my $j;
	while (time < $end) {
		(undef, $j) = $self->json('GET', "/api/v1/jobs/$id");
		return $j if ref $j && ($j->{status} // '') eq $want;
		sleep 0.1;
	}
	return $j;
}

1;
