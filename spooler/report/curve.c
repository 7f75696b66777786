/* Lorentzian lines: height n / (1 + (d/w)^2) at a distance d from the centre of a
 * line of n nuclei and half width w.
 *
 * Pure; never logs. */
#include "report/curve.h"

#define LARMOR_1H 500.0
#define RATIO_13C 0.25145020

double curve_at(const struct doc_signals *s, double half_width, double ppm, enum curve_lines which)
{
	double sum = 0;
	for (size_t i = 0; i < s->n; i++) {
		enum curve_lines kind = s->item[i].exchangeable ? CURVE_EXCHANGEABLE : CURVE_FIRM;
		double d = (ppm - s->item[i].shift) / half_width;
		if (kind & which)
			sum += (double)s->item[i].natoms / (1 + d * d);
	}
	return sum;
}

double curve_larmor(enum doc_nucleus n) { return n == DOC_1H ? LARMOR_1H : LARMOR_1H * RATIO_13C; }
