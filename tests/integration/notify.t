#!/usr/bin/perl
# Mails and the webhook, with real servers on the loopback: done, failed, cancelled, a batch
# once; a server that is down, refuses or never answers; killed before sending; nothing in a
# ticket becomes a header; the password is nowhere to be read.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use JSON::PP;
use MIME::Base64;
use MIME::QuotedPrint;
use Replay;
use Sink;
use Time::HiRes qw(sleep time);
use Upkeep;
use Web;

my $SECRET = 'opensesame';
my ($mail, $hook) = (Sink->smtp, Sink->http);
my %env = (NMR_QUIET_S => 0.1, NMR_STATUS_S => 1, NMR_NOTIFY_AGAIN_S => 0.3, NMR_SMTP_URL => "smtp://127.0.0.1:$mail->{port}",
	NMR_SMTP_USER => 'nmr', NMR_SMTP_PASSWORD => $SECRET, NMR_NOTIFY_FROM => 'nmr@lab.example.org',
	NMR_NOTIFY_EMAIL => 'all@example.org', NMR_WEBHOOK_URL => "http://127.0.0.1:$hook->{port}/hook?key=geheim",
	NMR_BASE_URL => 'http://nmr.example.org/');

sub text { my ($m) = @_; my ($head, $body) = split /\r\n\r\n/, $m->{data}, 2; return decode_qp($body); }
sub header { my ($m, $name) = @_; return $m->{data} =~ /^\Q$name\E: (.*?)\r\n(?! )/ms ? $1 : undef; }
sub subjects { return join ' | ', sort map { header($_, 'Subject') } @_; }
sub events { return join ' ', sort map { "$_->{json}{event}:$_->{json}{job}{name}" } @_; }
sub waiting { return sql($_[0], 'SELECT count(*) FROM notice'); }
sub told { my ($s, $mails, $hooks) = @_; return wait_until(60, sub { $mail->got >= $mails && $hook->got >= $hooks && waiting($s) == 0 }); }
sub fresh { $_->forget, $_->mode('ok') for $mail, $hook; }
sub spool { my %more = @_; return Replay->new(env => { %env, %more }); }

# ---------------------------------------------------------------- done, failed, cancelled
my $s = spool();
$s->start;
$s->drop('methane.conf', "notify = anna\@example.org\n");
$s->drop('methane.smi', "C methane\n");
is($s->wait_for('methane', 60), 'done', 'a job is done') or diag($s->log_text);
ok(told($s, 2, 1), 'and told') or diag($s->log_text);
my @m = sort { $a->{to}[0] cmp $b->{to}[0] } $mail->got;
is_deeply([ map { @{ $_->{to} } } @m ], [ '<all@example.org>', '<anna@example.org>' ], 'a mail to each of those who want it');
is($m[1]{from}, '<nmr@lab.example.org>', 'the sender');
is(decode_base64($m[1]{auth}), "\0nmr\0$SECRET", 'with the login');
is(header($m[1], 'Subject'), 'nmr-spool: methane is done', 'Subject');
is(header($m[1], 'To'), '<anna@example.org>', 'To: nobody sees the others');
is(header($m[1], 'From'), 'nmr-spool <nmr@lab.example.org>', 'From');
like(header($m[1], 'Date'), qr/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d+ \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/, 'Date');
like(header($m[1], 'Message-ID'), qr/^<[0-9a-f]{12}\.[0-9a-f]{12}\@lab\.example\.org>$/, 'Message-ID');
is(header($m[1], 'Auto-Submitted'), 'auto-generated', 'Auto-Submitted');
my $id = sql($s, 'SELECT id FROM job');
like(text($m[1]), qr{^methane is done\.\n.*It took: .*Folder:  methane, in the outbox\n.*http://nmr\.example\.org/jobs/$id\n}s, 'the words');
my ($h) = $hook->got;
is($h->{request}, 'POST /hook?key=geheim HTTP/1.1', 'the webhook');
is($h->{headers}{'content-type'}, 'application/json', 'gets JSON');
is($h->{json}{event}, 'job-done', 'event');
my ($st, $out) = nmr($s, '--json', 'show', 'methane');
my $show = decode_json($out);
delete @{$show}{qw(folder steps result)};
is_deeply({ map { $_ => $h->{json}{job}{$_} } keys %$show }, $show, 'the job as nmr shows it');
ok(!exists $h->{json}{job}{folder}, 'without its folder');
ok(!grep({ /anna\@example/ } values %{ tree($s->out('methane')) }), 'the result does not tell the address');

fresh();
$s->drop('bad.smi', "fails-in-prepare\n");
is($s->wait_for('bad', 60), 'failed', 'a job fails');
ok(told($s, 1, 1), 'and is told');
(@m) = $mail->got;
is(subjects(@m), 'nmr-spool: bad failed', 'as failed');
my ($why, $remedy) = split /\|/, sql($s, "SELECT reason,remedy FROM job WHERE name='bad'");
like(text($m[0]), qr/\n\Q$why\E\n.*What to do: \Q$remedy\E.*Folder:  bad\.failed/s, 'with reason and remedy') or diag(text($m[0]));
is(events($hook->got), 'job-failed:bad', 'to both');
$s->stop;

fresh();
$s = spool(REPLAY_DELAY_MS => 3000);
$s->start;
$s->drop('long.smi', "C long\n");
ok(wait_until(30, sub { sql($s, 'SELECT count(*) FROM job WHERE state=1') }), 'a job runs');
is((nmr($s, 'cancel', 'long'))[0], 0, 'is cancelled');
ok(told($s, 1, 1), 'and told');
is(subjects($mail->got) . ' ' . events($hook->got), 'nmr-spool: long was cancelled job-cancelled:long', 'as cancelled');
$s->stop;

# ---------------------------------------------------------------- a batch, once
fresh();
$s = spool();
$s->start;
$s->drop('set.conf', "notification_email: \"anna\@example.org\"\n");
$s->drop('set.smi', "many-records=5\n");
ok(wait_until(60, sub { sql($s, 'SELECT count(*) FROM job WHERE state=3') == 5 }), 'a batch of five is done');
ok(told($s, 2, 6), 'and told');
sleep 0.5;
is(subjects($mail->got), join(' | ', ('nmr-spool: set: 5 done') x 2), 'one mail to each for all of it');
is(events($hook->got), 'batch-ended:set ' . join(' ', map { "job-done:m$_" } 1 .. 5), 'the webhook hears of each job, and of the batch');
my ($b) = grep { $_->{json}{event} eq 'batch-ended' } $hook->got;
is_deeply([ @{ $b->{json}{job} }{qw(batch total folder)}, $b->{json}{job}{counts}{done} ], [ JSON::PP::true, 5, undef, 5 ], 'with its counts');
like(text(($mail->got)[0]), qr/set has ended: 5 done\.\n/, 'the words');
$s->stop;

# Cancelled when some of its records are no jobs yet, and retried.
fresh();
$s = spool(REPLAY_DELAY_MS => 20, NMR_RECORDS_MAX => 5000, NMR_NOTIFY_EMAIL => '');
$s->start;
$s->drop('half.conf', "notify = anna\@example.org\n");
$s->drop('half.smi', "many-records=3000\n");
ok(wait_until(60, sub { $s->log_text =~ /event=start / && (sql($s, 'SELECT unmade FROM batch'))[0] }), 'a file is being split');
is((nmr($s, 'cancel', 'half', '--timeout', '200'))[0], 0, 'and cancelled');
my $n = sql($s, 'SELECT count(*) FROM job WHERE batch_row>0');
my $unmade = sql($s, 'SELECT unmade FROM batch');
ok(wait_until(900, sub { waiting($s) == 0 && $mail->got > 0 && $hook->got > $n }), 'all is told');
is(scalar(@m = $mail->got), 1, 'once by mail');
is(scalar(grep { $_->{json}{event} eq 'batch-ended' } $hook->got), 1, 'the end of the batch once');
is(scalar(grep { $_->{json}{event} ne 'batch-ended' } $hook->got), $n, 'and each of its jobs');
my ($done, $cancelled) = map { text($m[0]) =~ /(\d+) $_\b/ ? $1 : 0 } qw(done cancelled);
ok($cancelled > 0 && $done + $cancelled == $n, 'with the numbers') or diag text($m[0]);
like(text($m[0]), qr/\n$unmade molecules of the file were cancelled/, 'of those that were no jobs, too') if $unmade;
$s->stop;

# ---------------------------------------------------------------- down, then up; refused, then taken
fresh();
$_->down for $mail, $hook;
# It tries five times, and "nmr doctor" is asked before they are up.
$s = spool(NMR_NOTIFY_AGAIN_S => 3);
$s->start;
$s->drop('later.smi', "C later\n");
is($s->wait_for('later', 60), 'done', 'a job is done while the servers are down');
ok(wait_until(30, sub { sql($s, 'SELECT count(*) FROM notice WHERE tries>0') == 2 }), 'tried in vain');
my $doctor = sub { my (undef, $o) = nmr($s, 'doctor'); $o =~ s/\s+/ /g; return $o; };
$out = $doctor->();
like($out, qr/warning +mail +by 127\.0\.0\.1, all to all\@example\.org; 1 notice waits, 1 tried in vain: \S/, 'doctor says so') or diag($out);
like($out, qr/warning +webhook +to 127\.0\.0\.1; 1 notice waits/, 'of both');
unlike($out, qr/$SECRET|geheim/, 'and no secret');
$_->up for $mail, $hook;
ok(told($s, 1, 1), 'sent when they are up again') or diag($s->log_text);
$out = $doctor->();
like($out, qr/ok mail by 127\.0\.0\.1, all to all\@example\.org; 0 notices wait /, 'doctor: all was sent') or diag($out);

fresh();
$_->mode('refuse') for $mail, $hook;
$s->drop('refused.smi', "C refused\n");
ok(wait_until(30, sub { sql($s, 'SELECT count(*) FROM notice WHERE tries>1') == 2 }), 'refused');
like(join(' ', sql($s, 'SELECT error FROM notice ORDER BY kind')), qr/^the server answered 500 .*550/, 'the reasons are kept');
$_->mode('ok') for $mail, $hook;
ok(told($s, 1, 1), 'taken later');
$s->stop;

# A redirect is no answer, and leads nowhere.
fresh();
my $other = Sink->http;
$hook->mode("to http://127.0.0.1:$other->{port}/");
$s = spool(NMR_SMTP_URL => '', NMR_NOTIFY_EMAIL => '');
$s->start;
$s->drop('away.smi', "C away\n");
ok(wait_until(60, sub { $s->log_text =~ /event=notice-given-up/ }), 'given up in the end') or diag($s->log_text);
is($hook->tries, 6, 'after six tries');
is($other->tries, 0, 'redirects are not followed');
ok(wait_until(5, sub { waiting($s) == 0 }), 'nothing waits any more');
$s->stop;
$other->down;

# A number for a host is the loopback all the same, but not by its name: a password does not
# go over a wire that is not encrypted.
fresh();
$s = spool(NMR_SMTP_URL => "smtp://2130706433:$mail->{port}", NMR_WEBHOOK_URL => '');
$s->start;
$s->drop('wire.smi', "C wire\n");
ok(wait_until(60, sub { $s->log_text =~ /event=notice-given-up/ }), 'a password is not sent where anybody may read it');
like($s->log_text, qr/event=notice-not-sent .*STARTTLS/, 'and the log says why') or diag($s->log_text);
is(scalar(my @none = $mail->got), 0, 'nothing was sent');
$s->stop;
fresh();
$s = spool(NMR_SMTP_URL => "smtp://2130706433:$mail->{port}", NMR_WEBHOOK_URL => '', NMR_SMTP_USER => '', NMR_SMTP_PASSWORD => '');
$s->start;
$s->drop('wire.smi', "C wire\n");
ok(told($s, 1, 0), 'without one a mail goes to a server that cannot encrypt');
$s->stop;

# ---------------------------------------------------------------- killed before sending
fresh();
$_->down for $mail, $hook;
$s = spool(NMR_NOTIFY_AGAIN_S => 600);
$s->start;
$s->drop('killed.smi', "C killed\n");
is($s->wait_for('killed', 60), 'done', 'done, and not told');
ok(wait_until(10, sub { waiting($s) == 2 }), 'two notices wait');
$s->signal('KILL');
$s->wait_exit(30);
is(sql($s, 'SELECT count(*) FROM job WHERE state=3'), 1, 'the state has come with them');
$_->up for $mail, $hook;
sql($s, 'UPDATE notice SET due=0');
$s->start;
ok(told($s, 1, 1), 'sent by the next start') or diag($s->log_text);
is(subjects($mail->got) . ' ' . events($hook->got), 'nmr-spool: killed is done job-done:killed', 'once');
is($s->stop, 0, 'and it ends');
is((spooler($s, '--check'))[0], 0, 'the check finds nothing');

# Again and again, at any moment: told at least once, of all.
fresh();
$s = spool();
$s->drop("k$_.smi", "C k$_\n") for 1 .. 12;
for (1 .. 10) {
	$s->start;
	sleep 0.3 + 0.1 * $_;
	$s->signal('KILL');
	$s->wait_exit(30);
}
$s->start;
ok(wait_until(120, sub { sql($s, 'SELECT count(*) FROM job WHERE state=3') == 12 && waiting($s) == 0 }), 'all done and told');
for my $k (1 .. 12) {
	my @n = grep { header($_, 'Subject') eq "nmr-spool: k$k is done" } $mail->got;
	my %ids = map { header($_, 'Message-ID') => 1 } @n;
	ok(@n >= 1 && keys %ids == 1, "k$k: at least once, and always the same mail");
}
$s->stop;

# --once stays until what it can send is sent.
fresh();
$s = spool();
$s->drop('once.smi', "C once\n");
is($s->start('--once')->wait_exit(60), 0, '--once');
is(scalar(my @got = $mail->got), 1, 'has told it at its end');

# ---------------------------------------------------------------- a server that never answers
fresh();
$mail->mode('silent');
$s = spool();
$s->start;
$s->drop('first.smi', "C first\n");
is($s->wait_for('first', 60), 'done', 'a job is done');
ok(wait_until(30, sub { $mail->tries == 1 }), 'a mail is under way, without an answer');
my $since = time;
$s->drop('second.smi', "C second\n");
is($s->wait_for('second', 20), 'done', 'the next job does not wait for it');
ok(wait_until(20, sub { my @h = $hook->got; @h == 2 }), 'nor does the webhook');
is((nmr($s, 'status'))[0], 0, 'nor nmr');
is($s->stop, 0, 'nor the end');
cmp_ok(time - $since, '<', 40, 'in time');
$mail->mode('ok');
$s->start;
ok(told($s, 2, 2), 'and both mails are sent by the next start');
$s->stop;

# ---------------------------------------------------------------- nothing becomes a header
fresh();
$s = spool();
$s->start;
my %bad = (list => 'a@example.org, b@example.org', name => 'Anna <a@example.org>', space => 'a@example.org bcc@example.org',
	word => 'anna', head => "a\@example.org\\r\\nBcc: b\@example.org");
for (sort keys %bad) {
	$s->drop("$_.conf", "notify = $bad{$_}\n");
	$s->drop("$_.smi", "C $_\n");
	is($s->wait_for($_, 60), 'failed', "$_: refused");
	like($s->failed_text($_), qr/is\s+not\s+a\s+usable\s+e-mail\s+address/, "$_: with the reason");
}
$s->drop('named.conf', "name = x\x0dBcc: evil\@example.org\n");
$s->drop('named.smi', "C named\n");
$s->drop("multi\nBcc: evil\@example.org.smi", "C named\n");
ok(told($s, 7, 7), 'names with line ends') or diag($s->log_text);
for my $m ($mail->got) {
	my ($head) = split /\r\n\r\n/, $m->{data};
	is(join(',', @{ $m->{to} }), '<all@example.org>', 'nobody else gets it');
	is(join(' ', $head =~ /^([A-Za-z-]+):/mg), 'Date From To Subject Message-ID Auto-Submitted X-Auto-Response-Suppress MIME-Version'
		. ' Content-Type Content-Transfer-Encoding', 'and the headers are those that there should be') or diag($head);
}

# ---------------------------------------------------------------- command line and API
fresh();
write_file("$s->{data}/x.smi", "C x\n");
my $err;
($st, $out, $err) = nmr($s, 'submit', '--notify', 'cli@example.org', "$s->{data}/x.smi");
is($st, 0, 'nmr submit --notify') or diag($err);
ok(told($s, 2, 1), 'told');
is(join(' ', sort map { @{ $_->{to} } } $mail->got), '<all@example.org> <cli@example.org>', 'to the address given');
($st, $out, $err) = nmr($s, 'submit', '--notify', "a\@b.c\nname = y", "$s->{data}/x.smi");
isnt($st, 0, 'two lines are refused');
fresh();
my $w = Web->new($s);
my ($code, $j) = $w->json('POST', '/api/v1/jobs', { smiles => 'C', solvent => 'chcl3', name => 'web', notification_email => 'web@example.org' });
is($code, 202, 'notification_email is taken where mail is configured') or diag explain $j;
ok(told($s, 2, 1), 'told');
is(join(' ', sort map { @{ $_->{to} } } $mail->got), '<all@example.org> <web@example.org>', 'to it');
unlike($w->{http}->get("$w->{url}/api/v1/jobs")->{content} . $w->{http}->get("$w->{url}/api/v1/jobs/$j->{job_id}")->{content},
	qr/web\@example/, 'and not told to others');
for ("a\@b.c\r\nBcc: d\@e.f", 'a@b.c,d@e.f', 'anna') {
	($code, $j) = $w->json('POST', '/api/v1/jobs', { smiles => 'C', solvent => 'chcl3', notification_email => $_ });
	is("$code " . join('.', @{ $j->{detail}[0]{loc} // [] }), '422 body.notification_email', 'a bad one is refused');
}
$w->stop;
is($s->stop, 0, 'the end');
unlike($s->log_text, qr/$SECRET|geheim/, 'no secret in the log');
is(scalar(grep { index($_, $SECRET) >= 0 } values %{ tree($s->{data}) }), 0, 'nor anywhere in the data folder');

# ---------------------------------------------------------------- for somebody who waits
fresh();
my $own = spool(NMR_HOLD_OVER_H => 0.000001);
mkdir "$own->{data}/$_" for '', 'inbox';
$own->drop('methane.smi', "C methane\n");
$own->start('--once', '--private');
is($own->wait_exit(60), 0, 'a private spooler works it off, however long it takes') or diag($own->log_text);
ok(-e $own->out('methane') . '/shifts.json', 'with its result');
is($mail->got + $hook->got, 0, 'and tells nobody');

done_testing;
