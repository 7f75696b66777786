/* Three clocks.  clock_mono() orders events and times out; clock_awake() stands still
 * while the machine sleeps and tells how long something was computed; clock_wall() is
 * only for people. */
#ifndef NMR_BASE_CLOCK_H
#define NMR_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "base/buf.h"

/* Seconds since an arbitrary start, never going back. */
double clock_mono(void);
double clock_awake(void);
/* Seconds since 1970. */
double clock_wall(void);

#define CLOCK_ISO_LEN 25
/* "2026-01-31T12:00:00Z" */
void clock_iso(double wall, char ret_s[CLOCK_ISO_LEN]);
/* Local time for a person: "2026-01-31 13:00". */
void clock_local(double wall, char ret_s[CLOCK_ISO_LEN]);
/* A duration in words a person reads at a glance: "8 s", "3 min", "2 h 10 min",
 * "3 days".  Negative or not a number: "?". */
void clock_words(struct buf *b, double seconds);

#endif
