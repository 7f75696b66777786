#!/usr/bin/perl
# The OpenAPI document against the server: each route is in it and each of its paths is
# served; what is answered has the shape that it promises.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use JSON::PP;
use Replay;
use Upkeep;
use Web;

my $doc = JSON::PP::decode_json(Spool::slurp('webui/static/openapi.json'));
my $s = Replay->new(env => { NMR_STATUS_S => 1 }, real => [qw(nmr-mol nmr-render)]);
mkdir "$s->{data}/door";
$s->start;
my $w = Web->new($s, env => { NMR_WEBUI_STATIC => 'webui/static' });

# ---- the same paths
my %served;
for (Spool::slurp('webui/server/routes.c') =~ /^\t\{ ("(?:GET|POST)", (?:JOB )?"[^"]+")/mg) {
	my ($method, $path) = /"(\w+)", (?:JOB )?"([^"]+)"/;
	$path = "/api/v1/jobs/{id}$path" if /JOB/;
	$served{ lc($method) . " $path" } = 1;
}
$served{'get /api/v1/jobs/{id}'} = 1 if Spool::slurp('webui/server/routes.c') =~ /"GET", JOB,/;
my %named = map { $_ => 1 } Spool::slurp('webui/server/results.c') =~ /^\t\{ "([^"]+)", "/mg;
my %told = map { my $p = $_; map { ("$_ $p" => 1) } keys %{ $doc->{paths}{$p} } } keys %{ $doc->{paths} };
delete $served{$_} for grep { m{^get (?:/|/submit|/docs|/jobs/\{id\}|/static/\{rest\})$} } keys %served;   # the page itself
delete $served{'get /api/v1/jobs/{id}/{rest}'};
$served{"get /api/v1/jobs/{id}/$_"} = 1 for keys %named;
for (keys %served) { (my $p = $_) =~ s/\{rest\}/{path}/; $served{$p} = delete $served{$_} if $p ne $_ }
is_deeply([ sort keys %told ], [ sort keys %served ], 'what is served is told, and what is told is served');

# ---- the same shapes
our $faults;
sub resolve { my ($x) = @_; return $x->{'$ref'} ? $doc->{components}{schemas}{ $x->{'$ref'} =~ s{.*/}{}r } : $x }
sub kind {
	my ($v) = @_;
	return 'null' if !defined $v;
	return 'boolean' if JSON::PP::is_bool($v);
	return 'array' if ref $v eq 'ARRAY';
	return 'object' if ref $v;
	my $j = JSON::PP->new->allow_nonref->encode($v);
	return $j =~ /^"/ ? 'string' : $j =~ /^-?\d+$/ ? 'integer' : 'number';
}
sub fits {
	my ($v, $schema, $at) = @_;
	$schema = resolve($schema);
	if ($schema->{anyOf}) {
		return if grep { local $faults = []; fits($v, $_, $at); !@$faults } @{ $schema->{anyOf} };
		push @$faults, "$at is none of what it may be";
		return;
	}
	my $kind = kind($v);
	my @may = ref $schema->{type} ? @{ $schema->{type} } : $schema->{type} // ();
	if (@may && !grep { $_ eq $kind || ($_ eq 'number' && $kind eq 'integer') } @may) {
		push @$faults, "$at is $kind and not @may";
		return;
	}
	push @$faults, "$at: $v is not listed" if $schema->{enum} && !grep { ($_ // '') eq ($v // '') } @{ $schema->{enum} };
	push @$faults, "$at: $v looks otherwise" if $schema->{pattern} && defined $v && $v !~ /$schema->{pattern}/;
	if ($kind eq 'array') {
		fits($v->[$_], $schema->{items}, "$at\[$_\]") for grep { $schema->{items} } 0 .. $#$v;
	} elsif ($kind eq 'object') {
		my $p = $schema->{properties} // {};
		push @$faults, "$at.$_ is missing" for grep { !exists $v->{$_} } @{ $schema->{required} // [] };
		for (sort keys %$v) {
			my $own = $p->{$_} // $schema->{additionalProperties};
			if ($own) { fits($v->{$_}, $own, "$at.$_") } else { push @$faults, "$at.$_ is not told" }
		}
	}
}
sub agrees {
	my ($name, $method, $path, $status, $body, $template) = @_;
	my ($st, $j, $h) = $w->json($method, $path, $body);
	is($st, $status, "$name: $status") or diag explain $j;
	my $r = $doc->{paths}{ $template // $path }{ lc $method }{responses}{$st};
	ok($r, "$name: told") or return $j;
	my ($type) = keys %{ $r->{content} };
	like($h->{'content-type'}, qr/^\Q$type\E/, "$name: $type") if $type ne '*/*';
	return $j if !$r->{content}{$type}{schema};
	local $faults = [];
	fits($j, $r->{content}{$type}{schema}, 'answer');
	is(join("\n", @$faults), '', "$name: its shape");
	return $j;
}

my $job = agrees('submit', 'POST', '/api/v1/jobs', 202, { smiles => 'C', solvent => 'chcl3', name => 'one', conformer_mode => 'ensemble' });
is($w->wait_status($job->{job_id}, 'complete', 240)->{status}, 'complete', 'computed') or diag $s->log_text;
agrees('submit without a solvent', 'POST', '/api/v1/jobs', 422, { smiles => 'C' });
agrees('submit nonsense', 'POST', '/api/v1/jobs', 422, { smiles => '%%%', solvent => 'chcl3' });
my $batch = agrees('batch', 'POST', '/api/v1/jobs/batch', 202, { smiles => "C a\nC b", solvent => 'chcl3' });
ok(wait_until(60, sub { (sql($s, 'SELECT count(*) FROM job WHERE state=3') // 0) == 3 }), 'all are done');
my $id = $job->{job_id};
for my $path (sort keys %{ $doc->{paths} }) {
	my $get = $doc->{paths}{$path}{get} or next;
	next if $path =~ m{/events$};
	(my $real = $path) =~ s/\{id\}/$id/;
	$real =~ s/\{path\}/report.html/;
	agrees("GET $path", 'GET', $real, 200, undef, $path);
	agrees("GET $path of none", 'GET', $path =~ s/\{id\}/0123456789ab/r, 404, undef, $path) if $path =~ /\{id\}/;
}
{
	my (undef, $b) = $w->json('GET', "/api/v1/jobs/$batch->{job_id}");
	local $faults = [];
	fits($b, { '$ref' => 'x/Batch' }, 'batch');
	is(join("\n", @$faults), '', 'a batch: its shape');
}
agrees('check', 'POST', '/api/v1/check', 200, { smiles => "CCO\n[Na+].[Cl-]" });
agrees('check nothing', 'POST', '/api/v1/check', 422, {});
agrees("POST $_", 'POST', "/api/v1/jobs/$id/$_", 200, undef, "/api/v1/jobs/{id}/$_") for qw(cancel hold release retry republish);
agrees('priority', 'POST', "/api/v1/jobs/$id/priority", 200, { value => 'high' }, '/api/v1/jobs/{id}/priority');
agrees('no priority', 'POST', "/api/v1/jobs/$id/priority", 422, {}, '/api/v1/jobs/{id}/priority');
agrees('no filter', 'GET', '/api/v1/jobs?limit=many', 422, undef, '/api/v1/jobs');
is($s->stop, 0, 'the spooler ends');
is($w->stop, 0, 'the server ends');
done_testing;
