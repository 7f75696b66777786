/* Range and ticks of the axis; labels spread without overlap.
 *
 * Spreading is isotonic regression: with u[i] = x[i] - i * gap the demand "at least
 * a gap apart" reads "u does not decrease", which pooling neighbours (PAV) solves
 * exactly in one pass; the same subtraction turns the bounds into one interval for
 * all u.
 *
 * Pure; never logs. */
#include "report/axis.h"

#include <math.h>

/* Widened so that the outermost signal does not stand on the frame. */
static void range(struct axis *a, enum doc_nucleus n, const struct doc_signals *s)
{
	double unit = n == DOC_1H ? 1 : 10, room = unit / 4;
	a->lo = 0;
	a->hi = n == DOC_1H ? 10 : 220;
	for (size_t i = 0; i < s->n; i++) {
		a->lo = fmin(a->lo, floor((s->item[i].shift - room) / unit) * unit);
		a->hi = fmax(a->hi, ceil((s->item[i].shift + room) / unit) * unit);
	}
}

static void ticks(struct axis *a)
{
	static const double mantissa[] = { 1, 2, 5 };
	double span = a->hi - a->lo;
	for (int e = -1; e < 6; e++)
		for (size_t k = 0; k < ARRAY_SIZE(mantissa); k++) {
			a->step = mantissa[k] * pow(10, e);
			a->minor = k == 1 ? 4 : 5;
			a->digits = e < 0 ? 1 : 0;
			if (span / a->step <= 12.5)
				return;
		}
}

void axis_init(struct axis *a, enum doc_nucleus n, const struct doc_signals *s, double left, double width)
{
	*a = (struct axis){ .left = left, .width = width };
	range(a, n, s);
	ticks(a);
}

double axis_x(const struct axis *a, double ppm) { return a->left + (a->hi - ppm) / (a->hi - a->lo) * a->width; }

void axis_spread(double *x, size_t n, double gap, double lo, double hi)
{
	struct pool { double sum; size_t n; } *p = xcalloc(n, sizeof(*p));
	size_t used = 0;
	for (size_t i = 0; i < n; i++) {
		p[used++] = (struct pool){ x[i] - (double)i * gap, 1 };
		while (used > 1 && p[used - 2].sum / (double)p[used - 2].n > p[used - 1].sum / (double)p[used - 1].n) {
			p[used - 2].sum += p[used - 1].sum;
			p[used - 2].n += p[used - 1].n;
			used--;
		}
	}
	double top = hi - (double)(n > 0 ? n - 1 : 0) * gap;
	for (size_t k = 0, i = 0; k < used; k++) {
		double u = fmin(fmax(p[k].sum / (double)p[k].n, lo), top);
		for (size_t m = 0; m < p[k].n; m++, i++)
			x[i] = u + (double)i * gap;
	}
	free(p);
}
