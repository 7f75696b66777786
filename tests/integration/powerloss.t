#!/usr/bin/perl
# Power cuts at moments spread over three runs: whatever the disk kept, the next start
# ends every job once and whole. All moments, and the proof that each kind of sync is
# needed, are in tests/long/powerloss-all.t.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use PowerLoss;

for my $r ([ apart => PowerLoss->apart ], [ together => PowerLoss->together ], [ failing => PowerLoss->failing ]) {
	my ($name, $recording) = @$r;
	my $images = $recording->images;
	my $n = $recording->classes;
	note "$name, syncs a job:", map { sprintf "\n  %5.1f %s", $n->{$_} / $recording->{jobs}, $_ } sort keys %$n;
	is_deeply([ grep { /^other/ } keys %$n ], [], "$name: every sync has a known purpose");
	for my $form (@PowerLoss::FORMS) {
		my @of = grep { $_->{form} eq $form } @$images;
		my $sample = PowerLoss::sample(\@of, 6);
		my @bad = $recording->check_all($sample);
		is(scalar @bad, 0, "$name, $form: " . @$sample . ' of ' . @of . ' moments') or say_why(@bad);
	}
}

sub say_why {
	for (@_) {
		my ($image, @wrong) = @$_;
		diag join "\n  ", $image->{text}, @wrong;
	}
}
done_testing;
