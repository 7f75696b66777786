/* The fit behind the scaling factors. Pure; never logs. */
#include "nmr/calibration.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS 2000
#define HELD 1e12

#define TERMS (2 + CALIBRATION_KINDS_MAX)   /* slope, intercept, an offset for each kind */

/* Normal equations of one molecule's points; those of several add up to the fit of all. */
struct sums { double xx[TERMS][TERMS], xy[TERMS], molecules[CALIBRATION_KINDS_MAX], lomo2; };

struct model { double w[TERMS]; };

/* A point: about the mean of all shieldings, so that sums of squares keep their digits.
 * kind: -1 without. */
struct row { double x, y; int molecule, kind; };

static void add(struct sums *t, const struct sums *s, double times)
{
	for (int i = 0; i < TERMS; i++) {
		for (int j = 0; j < TERMS; j++)
			t->xx[i][j] += times * s->xx[i][j];
		t->xy[i] += times * s->xy[i];
	}
	for (int k = 0; k < CALIBRATION_KINDS_MAX; k++)
		t->molecules[k] += times * s->molecules[k];
	t->lomo2 += times * s->lomo2;
}

/* t: of the row's molecule. */
static void add_row(struct sums *t, const struct row *r)
{
	const int term[] = { 0, 1, 2 + r->kind };
	const double x[] = { r->x, 1, 1 };
	for (int i = 0; i < (r->kind < 0 ? 2 : 3); i++) {
		for (int j = 0; j < (r->kind < 0 ? 2 : 3); j++)
			t->xx[term[i]][term[j]] += x[i] * x[j];
		t->xy[term[i]] += x[i] * r->y;
	}
	if (r->kind >= 0)
		t->molecules[r->kind] = 1;
}

/* Sums may have been taken away again, which leaves no whole numbers. */
static bool has_offset(const struct sums *s, int kind) { return s->molecules[kind] > CALIBRATION_MOLECULES_MIN - 0.5; }

/* By elimination with the largest pivot. False: no line through these. */
static bool solve(const struct sums *s, struct model *ret)
{
	double a[TERMS][TERMS + 1], n = s->xx[1][1];
	if (n < 2 || n * s->xx[0][0] - s->xx[0][1] * s->xx[0][1] <= 1e-9 * n * s->xx[0][0])
		return false;
	for (int i = 0; i < TERMS; i++) {
		memcpy(a[i], s->xx[i], sizeof(s->xx[i]));
		/* What no number of points could move stays zero. */
		a[i][i] += i < 2 ? 0 : has_offset(s, i - 2) ? CALIBRATION_PRIOR : HELD;
		a[i][TERMS] = s->xy[i];
	}
	for (int i = 0; i < TERMS; i++) {
		int p = i;
		for (int r = i + 1; r < TERMS; r++)
			p = fabs(a[r][i]) > fabs(a[p][i]) ? r : p;
		for (int c = 0; c <= TERMS; c++) {
			double t = a[i][c];
			a[i][c] = a[p][c];
			a[p][c] = t;
		}
		for (int r = 0; r < TERMS; r++)
			for (int c = TERMS; r != i && c >= i; c--)
				a[r][c] -= a[r][i] / a[i][i] * a[i][c];
	}
	for (int i = 0; i < TERMS; i++)
		ret->w[i] = i < 2 || has_offset(s, i - 2) ? a[i][TERMS] / a[i][i] : 0;
	return true;
}

static double predicted(const struct model *m, const struct row *r)
{
	return m->w[0] * r->x + m->w[1] + (r->kind < 0 ? 0 : m->w[2 + r->kind]);
}

static int leave_out(struct calibration_point *p, const struct row *row, int n, struct sums *s, const struct sums *all)
{
	for (int i = 0; i < n; i++) {
		struct sums rest = *all;
		struct model m;
		add(&rest, &s[row[i].molecule], -1);
		if (!solve(&rest, &m))
			return -EINVAL;
		p[i].lomo = predicted(&m, &row[i]) - row[i].y;
	}
	for (int i = 0; i < n; i++)
		s[row[i].molecule].lomo2 += p[i].lomo * p[i].lomo;
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
		struct model m;
		for (int j = 0; j < n; j++) {
			int drawn = (int)(erand48(seed) * n);
			add(&t, &s[drawn], 1);
		}
		if (!solve(&t, &m))
			continue;
		slope[k] = m.w[0];
		intercept[k] = m.w[1] - m.w[0] * centre;
		lomo[k] = sqrt(t.lomo2 / t.xx[1][1]);
		k++;
	}
	if (!k)
		return;
	c->slope_ci = interval(slope, k);
	c->intercept_ci = interval(intercept, k);
	c->lomo_ci = interval(lomo, k);
}

/* -1: none, or one too many. */
static int kind_of(struct calibration *c, const char *environment)
{
	for (int i = 0; environment && i < c->nkinds; i++)
		if (str_eq(c->kind[i].environment, environment))
			return i;
	if (!environment || c->nkinds == CALIBRATION_KINDS_MAX)
		return -1;
	c->kind[c->nkinds] = (struct calibration_kind){ .environment = environment };
	return c->nkinds++;
}

static int by_size(const void *a, const void *b)
{
	return ((const struct calibration_kind *)b)->n - ((const struct calibration_kind *)a)->n;
}

/* Points of a molecule come together. */
static void kinds(const struct calibration_point *p, int n, struct calibration *c)
{
	for (int i = 0; i < n; i++) {
		int k = kind_of(c, p[i].environment);
		bool seen = false;
		for (int j = 0; k >= 0 && j < i && !seen; j++)
			seen = p[j].molecule == p[i].molecule && str_eq(p[j].environment, p[i].environment);
		if (k < 0)
			continue;
		c->kind[k].n++;
		c->kind[k].molecules += !seen;
		c->kind[k].rmsd += p[i].lomo * p[i].lomo;
	}
	for (int i = 0; i < c->nkinds; i++)
		c->kind[i].rmsd = sqrt(c->kind[i].rmsd / c->kind[i].n);
	qsort(c->kind, (size_t)c->nkinds, sizeof(c->kind[0]), by_size);
}

static void quality(struct calibration_point *p, const struct row *row, int n, const struct model *m, struct calibration *c)
{
	double ss = 0, mean = 0, total = 0;
	for (int i = 0; i < n; i++)
		mean += p[i].shift / n;
	for (int i = 0; i < n; i++) {
		p[i].error = predicted(m, &row[i]) - p[i].shift;
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

/* One row a point, sums a molecule; the number of molecules that have points. */
static int gather(const struct calibration_point *p, int n, double centre, bool offsets, struct calibration *c, struct row *row,
		  struct sums **ret, int *ret_n)
{
	int most = 0, have = 0;
	for (int i = 0; i < n; i++)
		most = MAX(most, p[i].molecule + 1);
	struct sums *s = xcalloc((size_t)most, sizeof(*s));
	for (int i = 0; i < n; i++) {
		row[i] = (struct row){ p[i].shielding - centre, p[i].shift, p[i].molecule, offsets ? kind_of(c, p[i].environment) : -1 };
		add_row(&s[p[i].molecule], &row[i]);
	}
	for (int i = 0; i < most; i++)
		have += s[i].xx[1][1] > 0;
	*ret = s;
	*ret_n = most;
	return have;
}

int calibration_fit(struct calibration_point *p, int n, bool offsets, struct calibration *ret)
{
	struct calibration *c = ret;
	_cleanup_free_ struct sums *s = NULL;
	_cleanup_free_ struct row *row = xcalloc((size_t)MAX(n, 1), sizeof(*row));
	struct sums all = { 0 };
	struct model m;
	double centre = 0;
	int nsums, have = 0;
	*c = (struct calibration){ .n = n };
	for (int i = 0; i < n; i++)
		centre += p[i].shielding / n;
	c->molecules = gather(p, n, centre, offsets, c, row, &s, &nsums);
	for (int i = 0; i < nsums; i++)
		add(&all, &s[i], 1);
	if (c->molecules < 3 || !solve(&all, &m) || leave_out(p, row, n, s, &all) < 0)
		return -EINVAL;
	c->slope = m.w[0];
	c->intercept = m.w[1] - m.w[0] * centre;
	for (int k = 0; k < c->nkinds; k++)
		c->kind[k].offset = m.w[2 + k];
	quality(p, row, n, &m, c);
	kinds(p, n, c);
	/* Molecules without points would be drawn, too. */
	for (int i = 0; i < nsums; i++)
		if (s[i].xx[1][1] > 0)
			s[have++] = s[i];
	bootstrap(s, have, centre, c);
	return 0;
}
