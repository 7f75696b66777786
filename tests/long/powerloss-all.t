#!/usr/bin/perl
# Power cuts at every moment of four runs, and the test of the test: when the syncs of one
# class are taken for not done, some moment must come out wrong. NMR_POWERLOSS_CLASS: only
# the proof of classes that match it.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use PowerLoss;

my $only = $ENV{NMR_POWERLOSS_CLASS};
# What no moment of these runs can show, and why the sync is there all the same.
my %unseen = ('intake: ticket' => 'options are in the row; --repair reads it when the queue is lost',
	'queue: journal' => 'SQLite has it before the first transaction only, when there is nothing to lose',
	'steps: folder inside' => 'read after its sync only when publishing has to be tried again later');

sub say_why {
	for (@_) {
		my ($image, @wrong) = @$_;
		diag join "\n  ", $image->{text}, @wrong;
	}
}

my %seen;
for my $r ([ apart => PowerLoss->apart ], [ together => PowerLoss->together ], [ steps => PowerLoss->steps ], [ failing => PowerLoss->failing ]) {
	my ($name, $recording) = @$r;
	my $n = $recording->classes;
	if (!$only) {
		my $images = $recording->images;
		my @bad = $recording->check_all($images);
		is(scalar @bad, 0, "$name: " . @$images . ' images') or say_why(@bad);
	}
	for my $class (sort keys %$n) {
		next if $seen{$class} || ($only && $class !~ /$only/);
		my ($bad, $tried) = $recording->without($class, $unseen{$class} ? 40 : 300);
		$seen{$class} = $bad ? "$name, $bad->[0]{text}: $bad->[1]" : '';
		note sprintf '%s, %.1f a job: %s', $class, $n->{$class} / $recording->{jobs},
			$bad ? "seen $seen{$class}" : "not seen in $tried images of $name";
	}
}
for my $class (sort keys %seen) {
	my $why = $unseen{$class};
	ok($seen{$class} || $why, "without the syncs \"$class\" " . ($seen{$class} ? "wrong $seen{$class}" : $why // 'nothing is wrong'));
}
done_testing;
