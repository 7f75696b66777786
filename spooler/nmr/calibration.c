/* The fit behind the scaling factors. Pure; never logs. */
#include "nmr/calibration.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS 2000

/* Sums of one molecule's points; those of several add up to the fit of all. */
struct sums { double n, x, y, xx, xy, yy, lomo2; };

static void add(struct sums *t, const struct sums *s, double times)
{
	t->n += times * s->n;
	t->x += times * s->x;
	t->y += times * s->y;
	t->xx += times * s->xx;
	t->xy += times * s->xy;
	t->yy += times * s->yy;
	t->lomo2 += times * s->lomo2;
}

/* False: no line through these. */
static bool line(const struct sums *s, double *ret_slope, double *ret_intercept)
{
	double d = s->n * s->xx - s->x * s->x;
	if (s->n < 2 || d <= 1e-9 * s->n * s->xx)
		return false;
	*ret_slope = (s->n * s->xy - s->x * s->y) / d;
	*ret_intercept = (s->y - *ret_slope * s->x) / s->n;
	return true;
}

/* Shieldings about their mean, so that sums of squares keep their digits. */
static int gather(const struct calibration_point *p, int n, double shift, struct sums **ret, int *ret_n)
{
	int most = 0;
	for (int i = 0; i < n; i++)
		most = MAX(most, p[i].molecule + 1);
	struct sums *s = xcalloc((size_t)most, sizeof(*s));
	for (int i = 0; i < n; i++) {
		double x = p[i].shielding - shift, y = p[i].shift;
		add(&s[p[i].molecule], &(struct sums){ 1, x, y, x * x, x * y, y * y, 0 }, 1);
	}
	*ret = s;
	*ret_n = most;
	int have = 0;
	for (int i = 0; i < most; i++)
		have += s[i].n > 0;
	return have;
}

static int leave_out(struct calibration_point *p, int n, double centre, struct sums *s, const struct sums *all)
{
	for (int i = 0; i < n; i++) {
		struct sums rest = *all;
		double slope, intercept;
		add(&rest, &s[p[i].molecule], -1);
		if (!line(&rest, &slope, &intercept))
			return -EINVAL;
		p[i].lomo = slope * (p[i].shielding - centre) + intercept - p[i].shift;
	}
	for (int i = 0; i < n; i++)
		s[p[i].molecule].lomo2 += p[i].lomo * p[i].lomo;
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static struct calibration_interval interval(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return (struct calibration_interval){ v[(int)(0.025 * (n - 1))], v[(int)lround(0.975 * (n - 1))] };
}

static void bootstrap(const struct sums *s, int n, double centre, struct calibration *c)
{
	unsigned short seed[3] = { 20, 23, 28 };
	_cleanup_free_ double *slope = xcalloc(DRAWS, sizeof(double));
	_cleanup_free_ double *intercept = xcalloc(DRAWS, sizeof(double));
	_cleanup_free_ double *lomo = xcalloc(DRAWS, sizeof(double));
	int k = 0;
	for (int i = 0; i < DRAWS; i++) {
		struct sums t = { 0 };
		for (int m = 0; m < n; m++) {
			int drawn = (int)(erand48(seed) * n);
			add(&t, &s[drawn], 1);
		}
		if (!line(&t, &slope[k], &intercept[k]))
			continue;
		intercept[k] -= slope[k] * centre;
		lomo[k] = sqrt(t.lomo2 / t.n);
		k++;
	}
	if (!k)
		return;
	c->slope_ci = interval(slope, k);
	c->intercept_ci = interval(intercept, k);
	c->lomo_ci = interval(lomo, k);
}

static struct calibration_kind *kind_of(struct calibration *c, const char *environment)
{
	for (int i = 0; i < c->nkinds; i++)
		if (str_eq(c->kind[i].environment, environment))
			return &c->kind[i];
	if (c->nkinds == CALIBRATION_KINDS_MAX)
		return NULL;
	c->kind[c->nkinds] = (struct calibration_kind){ .environment = environment };
	return &c->kind[c->nkinds++];
}

static int by_size(const void *a, const void *b)
{
	return ((const struct calibration_kind *)b)->n - ((const struct calibration_kind *)a)->n;
}

/* Points of a molecule come together. */
static void kinds(const struct calibration_point *p, int n, struct calibration *c)
{
	for (int i = 0; i < n; i++) {
		struct calibration_kind *k = p[i].environment ? kind_of(c, p[i].environment) : NULL;
		bool seen = false;
		for (int j = 0; k && j < i && !seen; j++)
			seen = p[j].molecule == p[i].molecule && str_eq(p[j].environment, p[i].environment);
		if (!k)
			continue;
		k->n++;
		k->molecules += !seen;
		k->rmsd += p[i].lomo * p[i].lomo;
	}
	for (int i = 0; i < c->nkinds; i++)
		c->kind[i].rmsd = sqrt(c->kind[i].rmsd / c->kind[i].n);
	qsort(c->kind, (size_t)c->nkinds, sizeof(c->kind[0]), by_size);
}

static void quality(struct calibration_point *p, int n, const struct sums *all, double centre, struct calibration *c)
{
	double ss = 0, mean = all->y / n, total = 0;
	for (int i = 0; i < n; i++) {
		p[i].error = c->slope * (p[i].shielding - centre) + c->intercept - p[i].shift;
		ss += p[i].error * p[i].error;
		total += (p[i].shift - mean) * (p[i].shift - mean);
		c->mae += fabs(p[i].error) / n;
		c->lomo += p[i].lomo * p[i].lomo / n;
		c->lomo_mae += fabs(p[i].lomo) / n;
	}
	c->rmsd = sqrt(ss / n);
	c->lomo = sqrt(c->lomo);
	c->r2 = total > 0 ? 1 - ss / total : 0;
}

int calibration_fit(struct calibration_point *p, int n, struct calibration *ret)
{
	struct calibration *c = ret;
	_cleanup_free_ struct sums *s = NULL;
	struct sums all = { 0 };
	double centre = 0;
	int nsums;
	*c = (struct calibration){ .n = n };
	for (int i = 0; i < n; i++)
		centre += p[i].shielding / n;
	c->molecules = gather(p, n, centre, &s, &nsums);
	for (int i = 0; i < nsums; i++)
		add(&all, &s[i], 1);
	if (c->molecules < 3 || !line(&all, &c->slope, &c->intercept) || leave_out(p, n, centre, s, &all) < 0)
		return -EINVAL;
	quality(p, n, &all, centre, c);
	kinds(p, n, c);
	/* Molecules without points would be drawn, too. */
	int have = 0;
	for (int i = 0; i < nsums; i++)
		if (s[i].n > 0)
			s[have++] = s[i];
	bootstrap(s, have, centre, c);
	c->intercept -= c->slope * centre;
	return 0;
}
