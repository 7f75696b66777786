/* Clocks and how times are shown.  No failure. */
#include "base/clock.h"

#include <math.h>

static double read_clock(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double clock_mono(void) { return read_clock(CLOCK_BOOTTIME); }
double clock_awake(void) { return read_clock(CLOCK_MONOTONIC); }
double clock_wall(void) { return read_clock(CLOCK_REALTIME); }

void clock_iso(double wall, char ret_s[CLOCK_ISO_LEN])
{
	time_t t = (time_t)wall;
	struct tm tm;
	gmtime_r(&t, &tm);
	strftime(ret_s, CLOCK_ISO_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void clock_local(double wall, char ret_s[CLOCK_ISO_LEN])
{
	time_t t = (time_t)wall;
	struct tm tm;
	localtime_r(&t, &tm);
	strftime(ret_s, CLOCK_ISO_LEN, "%Y-%m-%d %H:%M", &tm);
}

void clock_words(struct buf *b, double s)
{
	if (!(s >= 0) || isinf(s))
		buf_adds(b, "?");
	else if (s < 99.5)
		buf_addf(b, "%.0f s", s);
	else if (s < 5400)
		buf_addf(b, "%.0f min", s / 60);
	else if (s < 36 * 3600) {
		long m = lround(s / 60);
		buf_addf(b, "%ld h %02ld min", m / 60, m % 60);
	} else
		buf_addf(b, "%.1f days", s / 86400);
}
