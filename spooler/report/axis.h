/* The ppm axis of a spectrum: range, ticks, and places for labels along it. Pure
 * arithmetic. Never fails. */
#ifndef NMR_REPORT_AXIS_H
#define NMR_REPORT_AXIS_H

#include "report/doc.h"

struct axis {
	double lo, hi;           /* ppm; hi is at the left */
	double step;             /* between numbered ticks */
	int minor;               /* parts of a step */
	int digits;              /* of the numbers at the ticks */
	double left, width;      /* in the picture */
};
/* At least 10 to 0 ppm (1H) or 220 to 0 (13C), wider when signals need it. */
void axis_init(struct axis *a, enum doc_nucleus n, const struct doc_signals *s, double left, double width);
double axis_x(const struct axis *a, double ppm);

/* Moves n ascending places apart to at least `gap`, inside lo..hi, with the least
 * sum of squared moves. n * gap must not be more than hi - lo. */
void axis_spread(double *x, size_t n, double gap, double lo, double hi);

#endif
