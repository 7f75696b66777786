#!/usr/bin/perl
# Power cuts at every moment of two runs, and the test of the test: when the syncs of one
# class are taken for not done, some moment must come out wrong. NMR_POWERLOSS_CLASS: only
# the proof of classes that match it.
use strict;
use warnings;
use lib 'tests/integration/lib';
use Test::More;
use PowerLoss;

my $only = $ENV{NMR_POWERLOSS_CLASS};
# No moment can show that these are needed:
my %unseen = ();

sub say_why {
	for (@_) {
		my ($image, @wrong) = @$_;
		diag join "\n  ", $image->{text}, @wrong;
	}
}

for my $r ([ apart => PowerLoss->apart ], [ together => PowerLoss->together ]) {
	my ($name, $recording) = @$r;
	my $n = $recording->classes;
	if (!$only) {
		my $images = $recording->images;
		my @bad = $recording->check_all($images);
		is(scalar @bad, 0, "$name: " . @$images . ' images') or say_why(@bad);
	}
	for my $class (sort keys %$n) {
		next if $only && $class !~ /$only/;
		my ($bad, $tried) = $recording->without($class, 400);
		my $title = sprintf '%s without "%s" (%.1f a job)', $name, $class, $n->{$class} / $recording->{jobs};
		if ($unseen{$class}) {
			ok(!$bad, "$title: no difference, $unseen{$class}") or say_why($bad);
			next;
		}
		ok($bad, "$title: seen after $tried images at most") or next;
		note "$bad->[0]{text}: $bad->[1]";
	}
}
done_testing;
