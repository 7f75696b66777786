#!/usr/bin/perl
# The API over HTTP: what clients of the closest peer ask for (paths, fields, status codes,
# media types), and what is ours. NWChem and xTB answer at once, for methane alone; what
# reads, draws and renders is real.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use MIME::Base64 ();
use Digest::SHA qw(sha256_hex);
use Archive::Tar;
use IO::Compress::Gzip qw(gzip);
use IO::Compress::Zip qw(zip);
use IO::Socket::INET;
use Replay;
use Upkeep;
use Web;

my $s = Replay->new(env => { NMR_STATUS_S => 1 }, real => [qw(nmr-mol nmr-render)]);
mkdir "$s->{data}/$_" for qw(door outbox spool);
my $w = Web->new($s);
my @parity = qw(job_id status created_at started_at completed_at input_smiles input_name preset solvent current_step
	current_step_label step_started_at steps_completed error_message nmr_results conformer_mode conformer_method
	conformer_count conformer_progress conformer_method_warning ensemble_metadata eta_seconds);
my ($st, $j, $h);

sub slug_is { my ($j, $slug, $name) = @_; like($j->{detail}{type} // '', qr{/\Q$slug\E$}, $name) or diag explain $j; }

# Before the spooler was ever started.
($st, $j) = $w->json('GET', '/health');
is_deeply([ $st, $j ], [ 200, { status => 'alive' } ], 'alive');
($st, $j) = $w->json('GET', '/health/ready');
is($st, 503, 'not ready without a queue');
is($j->{status}, 'not_ready', 'and says so');
($st, $j) = $w->json('POST', '/api/v1/jobs', { smiles => 'C', solvent => ' CHCl3 ', name => 'early' });
is($st, 202, 'a job is taken all the same') or diag explain $j;
my $early = $j->{job_id};
($st, $j) = $w->json('GET', "/api/v1/jobs/$early");
is("$st $j->{status}", '200 queued', 'and reads as queued');
is($j->{input_smiles}, 'C', 'with its SMILES');
($st, $j) = $w->json('GET', '/api/v1/jobs');
is($st, 503, 'the list needs a queue');

$s->start;
$j = $w->wait_status($early, 'complete', 240);
is($j->{status}, 'complete', 'the spooler takes it when it comes') or diag $s->log_text;

# ---- what a form needs
($st, $j) = $w->json('GET', '/api/v1/options');
is($st, 200, 'options');
my ($draft) = grep { $_->{name} eq 'draft' } @{ $j->{presets} };
my ($lomo) = map { /lomo = ([\d.]+)/ } grep { /level = "pbe0-def2svp"/ && /geometry = "xtb"/ && /"1H"/ }
	split /(?=\{ nucleus)/, Spool::slurp('spooler/share/scaling.conf');
ok($lomo > 0 && abs($draft->{error}{'1H'} - $lomo) < 1e-9, 'a preset says its error, that of molecules outside the fit');
ok($draft->{cpu_s} > 1, 'and what it costs');

# ---- POST /api/v1/jobs
($st, $j, $h) = $w->json('POST', '/api/v1/jobs', { smiles => 'C', solvent => 'chcl3', name => 'methane', preset => 'production' });
is($st, 202, 'submitted');
like($j->{job_id}, qr/^[0-9a-f]{12}$/, 'an id');
is($h->{location}, "/api/v1/jobs/$j->{job_id}", 'Location');
is($h->{'retry-after'}, 30, 'Retry-After');
is($j->{conformer_mode}, 'single', 'without a mode: single');
is_deeply([ grep { !exists $j->{$_} } @parity ], [], 'all fields are there');
my $id = $j->{job_id};
($st, $j) = $w->json('POST', '/api/v1/jobs', { smiles => 'C(', solvent => 'chcl3' });
is($st, 422, 'a bad SMILES is refused') or diag explain $j;
slug_is($j, 'invalid-smiles', 'as such');
like($j->{detail}{detail}, qr/bracket.*never closed/, 'with the reason');
($st, $j) = $w->json('POST', '/api/v1/jobs', { smiles => 'C', solvent => 'beer' });
is($st, 422, 'an unknown solvent is refused');
slug_is($j, 'invalid-solvent', 'as such');
like($j->{detail}{detail}, qr/chcl3|CDCl3/, 'with those that are known');
for ([ preset => 'quick' ], [ conformer_mode => 'both' ], [ max_conformers => 0 ], [ name => 'x' x 101 ], [ colour => 'red' ],
	[ smiles => undef ], [ conformer_method => 'magic' ], [ notification_email => 'a@b.c' ]) {
	my ($field, $value) = @$_;
	($st, $j) = $w->json('POST', '/api/v1/jobs', { smiles => 'C', solvent => 'chcl3', $field => $value });
	is("$st " . join('.', @{ $j->{detail}[0]{loc} // [] }), "422 body.$field", "$field: a field error") or diag explain $j;
}
($st, $j) = $w->json('POST', '/api/v1/jobs', '{"smiles": ');
is($st, 422, 'half a JSON');
($st) = $w->ask('POST', '/api/v1/jobs', content => 'smiles=C', headers => { 'content-type' => 'application/x-www-form-urlencoded' });
is($st, 415, 'a form where JSON belongs');

# ---- GET /api/v1/jobs/{id}
$j = $w->wait_status($id, 'complete', 240);
is($j->{status}, 'complete', 'complete') or diag $s->log_text;
is($j->{input_name}, 'methane', 'its name');
is_deeply([ map { $_->{step} } @{ $j->{steps_completed} } ], [qw(geometry_optimization nmr_shielding post_processing)], 'its steps');
ok(@{ $j->{steps} } >= 6, 'and ours, one by one');
is_deeply([ grep { !defined $j->{$_} } qw(created_at started_at completed_at nmr_results conformer_count) ], [], 'with values');
like($j->{created_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'times');
my $doc = JSON::PP::decode_json(Spool::slurp($s->out('methane') . '/shifts.json'));
($st, $j) = $w->json('GET', "/api/v1/jobs/$id/results");
is($st, 200, 'results');
is_deeply($j->{h1_shifts}, [ map { { index => $_, atom => 'H', shift => $doc->{shifts}{'1H'}[0]{shift} } } 2 .. 5 ], 'hydrogens');
is_deeply([ grep { !exists $j->{$_} } qw(h1_shifts c13_shifts functional basis_set solvent scaling_factor_source h1_expected_mae
	c13_expected_mae ensemble_metadata) ], [], 'all fields are there');
is("$j->{functional}/$j->{basis_set}", $doc->{level}{shielding}{'1H'}, 'the level');

($st, $j) = $w->json('GET', "/api/v1/jobs/$id/optimisation");
my ($opt) = grep { $_->{label} eq 'optimise conformer 1' } @{ $j->{optimisations} };
is("$st $opt->{state}", '200 done', 'its optimisation');
my @steps = @{ $opt->{steps} };
ok(@steps >= 2 && $steps[-1]{energy_hartree} < $steps[0]{energy_hartree} && $steps[-1]{gmax} < $j->{gmax_goal}, 'goes down to the goal')
	or diag explain $j;

# ---- downloads
my %download = ('geometry' => [ 'chemical/x-xyz', 'geometry.xyz' ], 'geometry.sdf' => [ 'chemical/x-mdl-sdfile', 'geometry.sdf' ],
	map { +"spectrum/1h.$_->[0]" => [ $_->[1], "spectrum-1H.$_->[0]" ], "spectrum/13C.$_->[0]" => [ $_->[1], "spectrum-13C.$_->[0]" ],
		"structure.$_->[0]" => [ $_->[1], "structure.$_->[0]" ] } [ svg => 'image/svg+xml' ], [ png => 'image/png' ]);
for my $path (sort keys %download) {
	my ($type, $file) = @{ $download{$path} };
	($st, $h, my $text) = $w->ask('GET', "/api/v1/jobs/$id/$path");
	is($st, 200, "$path: there");
	is($h->{'content-type'}, $type, "$path: its type");
	is(sha256_hex($text), sha256_hex(Spool::slurp($s->out('methane') . "/$file")), "$path: its bytes");
}
($st, $h) = $w->ask('GET', "/api/v1/jobs/$id/geometry");
like($h->{'content-disposition'}, qr/filename="${id}_optimized\.xyz"/, 'its name');
($st, $h, my $zip) = $w->ask('GET', "/api/v1/jobs/$id/output");
is("$st $h->{'content-type'}", '200 application/zip', 'all of it as a ZIP');
write_file("$s->{data}/all.zip", $zip);
my @names = split /\n/, `python3 -m zipfile -l $s->{data}/all.zip 2>/dev/null | sed 1d | awk '{print \$1}'`;
is(scalar(grep { /^methane\// } @names), scalar(@names), 'in one folder');
ok((grep { $_ eq 'methane/shifts.json' } @names), 'with the shifts');
($st, $j) = $w->json('GET', "/api/v1/jobs/$id/geometry.json");
is($j->{h1_assignments}{2}, $doc->{shifts}{'1H'}[0]{shift}, 'geometry.json: assignments');
is(scalar(@{ $j->{conformers} }), scalar(@{ $doc->{conformers} }), 'geometry.json: conformers');
like($j->{conformers}[0]{xyz}, qr/^5\n.*\nC /s, 'geometry.json: as XYZ');
($st, $h, my $raw) = $w->ask('GET', "/api/v1/jobs/$id/files/input/methane.smi");
is("$st $raw", "200 C\n", 'what was handed in') or diag $raw;

($st, $j) = $w->json('GET', '/api/v1/jobs/000000000000');
is($st, 404, 'an id that there is not');
slug_is($j, 'job-not-found', 'as such');
for my $bad ('../../etc/passwd', '%2e%2e%2f%2e%2e%2fetc%2fpasswd', 'x' x 5000, "';--", '%00') {
	($st) = $w->ask('GET', "/api/v1/jobs/$bad");
	ok($st == 404 || $st == 414 || $st == 400 || $st == 431, 'not an id: ' . substr($bad, 0, 20)) or diag $st;
}
for my $bad ('../../queue.db', '../early/shifts.json', '%2e%2e/early/shifts.json', '..%2fearly%2fshifts.json', 'raw', '/etc/passwd', '') {
	($st) = $w->ask('GET', "/api/v1/jobs/$id/files/$bad");
	is($st, 404, "not a file of the result: $bad");
}
symlink '/etc/passwd', $s->out('methane') . '/link.txt';
($st) = $w->ask('GET', "/api/v1/jobs/$id/files/link.txt");
is($st, 404, 'no link is followed');

# ---- looking at a structure without submitting it
($st, $j) = $w->json('POST', '/api/v1/check', { smiles => 'CCO ethanol' });
is($st, 200, 'a structure is looked at');
my $r = $j->{records}[0];
is("$r->{formula} $r->{natoms} $r->{name}", 'C2H6O 9 ethanol', 'what it is');
like($r->{svg}, qr/<svg/, 'how it looks');
cmp_ok($r->{estimate_s}, '>', 1, 'how long it takes, about');
($st, $j) = $w->json('POST', '/api/v1/check', { smiles => "C\nC(C\n[Na+].[Cl-]" });
is_deeply([ map { $_->{ok} ? 1 : 0 } @{ $j->{records} } ], [ 1, 0, 0 ], 'line by line') or diag explain $j;
ok(length $j->{records}[1]{refusal}{remedy}, 'with a remedy');
for my $try ([ 'CBr', 'standard', 1 ], [ 'CBr', 'production', 0, qr/no basis set for Br/, qr/covers Br: draft, standard/ ],
	[ 'C' x 45, 'draft', 1 ], [ 'C' x 45, 'standard', 0, qr/limit of this preset is 120 atoms/, qr/"preset = draft" takes 200 atoms/ ]) {
	my ($smiles, $preset, $ok, @says) = @$try;
	($st, $j) = $w->json('POST', '/api/v1/check', { smiles => $smiles, preset => $preset });
	is($j->{records}[0]{ok} ? 1 : 0, $ok, "$smiles at $preset") or diag explain $j;
	like($j->{records}[0]{refusal}{why}, $says[0], 'why not'), like($j->{records}[0]{refusal}{remedy}, $says[1], 'and what helps') if @says;
	($st, $j) = $w->json('POST', '/api/v1/jobs', { smiles => $smiles, solvent => 'chcl3', preset => $preset });
	is($st, $ok ? 202 : 422, 'a job of it') or diag explain $j;
	is(($w->json('POST', "/api/v1/jobs/$j->{job_id}/cancel"))[0], 200, 'not now') if $ok;
	like(JSON::PP::encode_json($j), $says[0], 'with the reason') if !$ok;
}
($st, $j) = $w->json('POST', '/api/v1/check', { structure => Spool::slurp($s->out('methane') . '/geometry.sdf'), filename => 'm.sdf' });
is("$j->{format} $j->{records}[0]{formula}", 'sdf CH4', 'a file');

# ---- not complete, failed
my $slow = Replay->new(real => ['nmr-mol'], env => { REPLAY_DELAY_MS => 3000, NMR_STATUS_S => 1 });
mkdir "$slow->{data}/door";
$slow->start;
my $ws = Web->new($slow);
(undef, $j) = $ws->json('POST', '/api/v1/jobs', { smiles => 'C', solvent => 'chcl3', name => 'slow' });
my $sid = $j->{job_id};
$j = $ws->wait_status($sid, 'running', 30);
is($j->{status}, 'running', 'running');
is($j->{current_step}, 'geometry_optimization', 'with its step');
for my $path (qw(results geometry spectrum/1h.svg output)) {
	($st, $j) = $ws->json('GET', "/api/v1/jobs/$sid/$path");
	is($st, 409, "$path before the end");
	slug_is($j, 'job-not-complete', 'as such');
}
($st, $j) = $ws->json('GET', "/api/v1/jobs/$sid/geometry.json");
is("$st " . ($j->{xyz} // 'null'), '200 null', 'geometry.json in any state');

# ---- verbs
($st, $j) = $ws->json('POST', "/api/v1/jobs/$sid/priority", { value => 5 });
is("$st $j->{ok}", '200 1', 'priority') or diag explain $j;
($st, $j) = $ws->json('POST', "/api/v1/jobs/$sid/cancel", {});
is("$st $j->{ok}", '200 1', 'cancel, with a body as the page sends it');
$j = $ws->wait_status($sid, 'failed', 30);
is($j->{state}, 'cancelled', 'it is cancelled');
($st, $j) = $ws->json('POST', "/api/v1/jobs/$sid/release");
is("$st $j->{ok}", '200 0', 'what is not allowed is told');
($st, $j) = $ws->json('POST', "/api/v1/jobs/$sid/retry");
is("$st $j->{ok}", '200 1', 'retry');
is($slow->stop, 0, 'the slow spooler ends');
($st, $j) = $ws->json('POST', "/api/v1/jobs/$sid/cancel");
is($st, 202, 'without a spooler a request waits');
($st, $j) = $ws->json('GET', '/api/v1/machine');
ok(!$j->{spooler}{running}, 'that the spooler is down is told');
is($ws->stop, 0, 'the server ends');

# ---- uploads
($st, $j) = $w->form('/api/v1/jobs/upload', [ solvent => 'dmso' ], [ file => 'up load.smi', "C uploaded\n" ]);
is($st, 202, 'an upload') or diag explain $j;
my $uid = $j->{job_id};
($st, $j) = $w->form('/api/v1/jobs/upload', [ solvent => 'dmso' ], [ file => 'x.exe', 'MZ' ]);
is($st, 422, 'not a structure');
slug_is($j, 'invalid-file-type', 'as such');
($st, $j) = $w->form('/api/v1/jobs/upload', [ solvent => 'dmso' ], [ file => 'x.mol2', '' ]);
slug_is($j, 'invalid-molecule-file', 'mol2 is a structure, but empty');
($st, $j) = $w->form('/api/v1/jobs/upload', [ solvent => 'dmso' ], [ file => 'x.mol', '' ]);
is($st, 422, 'an empty one');
slug_is($j, 'invalid-molecule-file', 'as such');
($st, $j) = $w->form('/api/v1/jobs/upload', [ solvent => 'dmso' ]);
is($st, 422, 'no file at all');
($st, $j) = $w->form('/api/v1/jobs/upload', [ solvent => 'dmso' ], map { [ file => "many$_.smi", "C many$_\n" ] } 1 .. 3);
is($st . ' ' . @{ $j->{jobs} // [] }, '202 3', 'several at once');
my @many = map { $_->{job_id} } @{ $j->{jobs} };
is($w->wait_status($_, 'complete', 240)->{status}, 'complete', 'each is computed') for $uid, @many;
is(Spool::slurp($s->out('uploaded') . '/input/up load.smi') || Spool::slurp($s->out('up load') . '/input/up load.smi'), "C uploaded\n", 'the file as it was');
opendir my $door, "$s->{data}/door";
is_deeply([ grep { !/^\.\.?$/ } readdir $door ], [], 'nothing is left in the door');
($st, $j) = $w->json('POST', '/api/v1/jobs/batch', { smiles => "C one\nC two\n", solvent => 'chcl3', name => 'both' });
is($st, 202, 'several SMILES') or diag explain $j;
my $bid = $j->{job_id};
ok(wait_until(60, sub { -d $s->out('both') && @{ [ glob $s->out('both') . '/*/shifts.json' ] } == 2 }), 'become a batch') or diag $s->log_text;
($st, my $b) = $w->json('GET', "/api/v1/jobs/$j->{job_id}");
is("$st $b->{total}", '200 2', 'whose id tells of it');
($st, $j) = $w->json('GET', '/api/v1/jobs?q=both');
is($j->{jobs}[0]{batch}, $bid, 'as its jobs do');
is(($w->json('GET', "/api/v1/jobs/$j->{jobs}[0]{id}"))[1]{batch}, $bid, 'each on its own, too');
is(join(' ', sort map { $_->{name} } @{ ($w->json('GET', "/api/v1/jobs?batch=$bid"))[1]{jobs} }), 'one two', 'a list of them alone');
is(($w->json('GET', "/api/v1/jobs?batch=$_"))[0], 404, "no batch: $_") for 'x', '000000000000';
slug_is(($w->json('GET', "/api/v1/jobs/$bid/results"))[1], 'job-is-batch', 'a batch has no results of its own');

# ---- the list
ok(wait_until(30, sub { (sql($s, 'SELECT count(*) FROM job WHERE state=3') // 0) == 8 }), 'all are done');
($st, $j) = $w->json('GET', '/api/v1/jobs?limit=3');
is(scalar(@{ $j->{jobs} }), 3, 'a page of jobs');
my %seen = map { $_->{id} => 1 } @{ $j->{jobs} };
while ($j->{next}) {
	($st, $j) = $w->json('GET', "/api/v1/jobs?limit=3&before=$j->{next}");
	ok(!(grep { $seen{ $_->{id} }++ } @{ $j->{jobs} }), 'another page, other jobs');
}
is(scalar(keys %seen), 10, 'all of them');
($st, $j) = $w->json('GET', '/api/v1/jobs?state=done&q=many2');
is_deeply([ map { $_->{name} } @{ $j->{jobs} } ], ['many2'], 'found by its name');
ok(!exists $j->{jobs}[0]{folder}, 'nothing tells where the folders are');
is($j->{counts}{done}, 8, 'counts');
for my $bad ('limit=0', 'limit=x', 'state=lost', 'before=-1') {
	($st) = $w->json('GET', "/api/v1/jobs?$bad");
	is($st, 422, "not a filter: $bad");
}
($st, $j) = $w->json('GET', '/api/v1/jobs/solvents');
ok(@$j >= 13 && (grep { $_ eq 'chcl3' } @$j), 'solvents');
is_deeply($j, [ sort @$j ], 'sorted');
($st, $h, my $metrics) = $w->ask('GET', '/metrics');
like($metrics, qr/^nmr_spool_jobs\{state="done"\} 8$/m, 'metrics');
($st, $j) = $w->json('GET', '/health/ready');
is("$st $j->{status}", '200 ready', 'ready');

# ---- events
{
	my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$w->{port}", Timeout => 10) or die;
	print $sock "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
	my $got = '';
	my $more = sub { my $bits = ''; vec($bits, fileno $sock, 1) = 1; select(my $r = $bits, undef, undef, 1) > 0 and sysread $sock, $got, 65536, length $got };
	ok(wait_until(10, sub { $more->(); $got =~ /event: machine\r?\n/ }), 'events: the machine at once');
	like($got, qr{Content-Type: text/event-stream}i, 'as an event stream');
	$got = '';
	$s->drop('event.smi', "C event\n");
	ok(wait_until(20, sub { $more->(); $got =~ /event: change\ndata: \{"version":\d+\}/ }), 'and a change when there is one');
	# It listens on when the server ends.
	ok(wait_until(30, sub { -d $s->out('event') }), 'which is a job');
	our $listener = $sock;
}

# ---- methods, origins, tokens
($st, $j) = $w->json('DELETE', "/api/v1/jobs/$id");
is($st, 405, 'a method that there is not');
($st, $j) = $w->json('POST', "/api/v1/jobs/$id/cancel", undef, origin => 'http://evil.example');
is($st, 403, 'a page of another site');
slug_is($j, 'wrong-origin', 'as such');
($st) = $w->json('POST', "/api/v1/jobs/$id/hold", undef, 'sec-fetch-site' => 'cross-site');
is($st, 403, 'and what the browser says of it');
($st) = $w->json('POST', "/api/v1/jobs/$id/hold", undef, origin => $w->{url});
is($st, 200, 'its own page may');
# HTTP::Tiny says itself which host it asks.
sub as_host {
	my ($host) = @_;
	my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$w->{port}", Timeout => 10) or die;
	print $sock "GET /api/v1/jobs HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n";
	local $/;
	return <$sock>;
}
like(as_host('evil.example:80'), qr{^HTTP/1.1 403.*wrong-host}s, 'a name of somebody else that leads here');
like(as_host($_), qr{^HTTP/1.1 200}, "but $_") for 'localhost:1', '[::1]:80', '192.168.1.5';
($st, $j) = $w->form('/api/v1/jobs/upload', [ solvent => 'dmso' ], [ presett => 'draft' ], [ file => 'x.smi', 'C' ]);
is("$st " . ($j->{detail}[0]{type} // ''), '422 unknown-field', 'a misspelt field of a form');
# ---- archives
sub zip_of {
	my ($out, $z) = ('');
	while (my ($name, $text) = splice @_, 0, 2) {
		$z ? $z->newStream(Name => $name) : ($z = IO::Compress::Zip->new(\$out, Name => $name)) or die;
		$z->print($text);
	}
	$z->close;
	return $out;
}
($st, $j) = $w->form('/api/v1/jobs/upload', [ solvent => 'chcl3' ], [ file => 'set.zip', zip_of('set/one.smi' => "C\n",
	'readme.txt' => 'hello', '../../../two.smi' => "C\n", '__MACOSX/._one.smi' => 'x', 'C:\\dir\\three.smi' => "C\n", 'in.zip' => 'PK') ]);
is($st, 202, 'an archive') or diag explain $j;
is_deeply([ map { $_->{name} } @{ $j->{skipped} } ], [ 'readme.txt', 'in.zip' ], 'what is no structure is named') or diag explain $j->{skipped};
is(scalar(@{ $j->{jobs} }), 3, 'each structure a job');
my @unpacked = map { $w->wait_status($_->{job_id}, 'complete', 240)->{source} } @{ $j->{jobs} };
is_deeply([ sort @unpacked ], [ 'one.smi', 'three.smi', 'two.smi' ], 'by the names they have there') or diag explain $j;
{
	my $tar = Archive::Tar->new;
	$tar->add_data('four.smi', "C\n");
	$tar->add_data('link.smi', '', { type => Archive::Tar::Constant::SYMLINK(), linkname => '/etc/passwd' });
	my $tgz = '';
	open my $fh, '>', \my $plain or die;
	$tar->write($fh);
	gzip(\$plain, \$tgz) or die;
	($st, $j) = $w->form('/api/v1/jobs/upload', [ solvent => 'chcl3' ], [ file => 'set.tar.gz', $tgz ], [ file => 'five.smi', "C\n" ]);
	is("$st " . scalar(@{ $j->{jobs} // [] }), '202 2', 'a tape archive, compressed, and a file') or diag explain $j;
	like($j->{skipped}[0]{why}, qr/link/, 'no link is followed');
	$w->wait_status($_->{job_id}, 'complete', 240) for @{ $j->{jobs} };
	for my $bad ([ 'half.zip', substr(zip_of('one.smi' => 'C' x 1000), 0, 60), qr/cannot be unpacked/ ], [ 'no.zip', 'hello', qr/cannot be unpacked/ ],
		[ 'text.zip', zip_of('readme.txt' => 'x'), qr/holds no structure file.*readme\.txt/ ], [ 'many.zip', zip_of(map { ("$_.smi", 'C') } 1 .. 1001), qr/1000 structure files/ ]) {
		my ($name, $bytes, $words) = @$bad;
		($st, $j) = $w->form('/api/v1/jobs/upload', [ solvent => 'chcl3' ], [ file => $name, $bytes ]);
		is($st, 422, "$name is refused") or diag explain $j;
		like($j->{detail}{detail}, $words, 'with the reason');
	}
	ok(wait_until(20, sub { !glob "$s->{data}/door/.tmp-web-*" }), 'nothing is left behind');
}

{
	my ($status, undef, $text) = $w->ask('POST', '/api/v1/jobs/upload', headers => { 'content-type' => 'multipart/form-data; boundary=bnd' },
		content => "--bnd\r\nContent-Disposition: form-data; filename=\"x.smi\"\r\n\r\nC\r\n--bnd--\r\n");
	is($status, 400, 'a part without a name') or diag $text;
}
my $locked = Web->new($s, env => { NMR_WEB_TOKEN => 'open sesame' });
($st, $j, $h) = $locked->json('GET', '/api/v1/jobs');
is($st, 401, 'without the token');
like($h->{'www-authenticate'}, qr/^Basic/, 'a browser asks for it');
is(($locked->json('GET', '/health'))[0], 200, 'but for the health');
is(($locked->json('GET', '/api/v1/jobs', undef, authorization => 'Bearer open sesame'))[0], 200, 'as a bearer');
is(($locked->json('GET', '/api/v1/jobs', undef, authorization => 'Basic ' . MIME::Base64::encode('me:open sesame', '')))[0], 200, 'as a password');
is(($locked->json('GET', '/api/v1/jobs', undef, authorization => "Bearer $_"))[0], 401, "not \"$_\"") for '', 'open', 'open sesame2';
my $lodge = Web->new($s, env => { NMR_WEB_USER => 'lab', NMR_WEB_PASSWORD => 'geheim', NMR_WEB_TOKEN => 'robot' });
my %enters = ('Basic lab:geheim' => 200, 'Basic me:geheim' => 401, 'Basic lab:Geheim' => 401, 'Basic :' => 401, 'Basic me:robot' => 200,
	'Bearer robot' => 200, 'Bearer geheim' => 401, 'Bearer ' => 401);
for my $how (sort keys %enters) {
	my ($kind, $words) = split / /, $how, 2;
	my $said = $kind eq 'Basic' ? MIME::Base64::encode($words, '') : $words;
	is(($lodge->json('GET', '/api/v1/jobs', undef, authorization => "$kind $said"))[0], $enters{$how}, "user and password: $how");
}
is($lodge->stop, 0, 'it ends');
like(`NMR_WEB_USER=lab $Spool::BIN/nmr-webui --data $s->{data} --listen 127.0.0.1:0 2>&1`, qr/web_user is set, and neither/, 'a user without a password: it does not start');

is($s->stop, 0, 'the spooler ends');
is(($w->json('GET', "/api/v1/jobs/$id/results"))[0], 200, 'results are served without it');
is($locked->stop, 0, 'a server ends');
is($w->stop, 0, 'and the other one');
unlike(Spool::slurp($w->{log}), qr/ERROR|runtime error/, 'clean log');
done_testing;
