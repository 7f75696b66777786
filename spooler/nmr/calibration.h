/* Factors from shieldings and measured shifts, and how good they are. Least squares,
 * nothing left out and nothing weighted:
 *
 *     shift = slope * shielding + intercept + offset of its kind
 *
 * where the offsets are asked for, and for kinds that CALIBRATION_MOLECULES_MIN molecules
 * have. Each offset is held at zero as by CALIBRATION_PRIOR more points of its kind (ridge
 * regression).
 *
 * What a fit says of its own points is too kind. LOMO (leave one molecule out) predicts
 * each molecule by a fit to all others: shifts of one molecule err together, so leaving
 * out single shifts would be too kind, too. The intervals are those of a bootstrap that
 * draws molecules, with a fixed seed. Pure. */
#ifndef NMR_NMR_CALIBRATION_H
#define NMR_NMR_CALIBRATION_H

#include "base/util.h"

struct calibration_point {
	int molecule;            /* 0 .. molecules-1 */
	double shielding, shift; /* ppm, computed and measured */
	const char *environment; /* "sp3", as in shifts.json; borrowed */
	double error, lomo;      /* filled by the fit: predicted minus measured, by the fit and
				    by a fit without the point's molecule, ppm */
};

struct calibration_interval { double low, high; };   /* 2.5 and 97.5 % */

#define CALIBRATION_KINDS_MAX 8
#define CALIBRATION_PRIOR 2.0
#define CALIBRATION_MOLECULES_MIN 4
/* rmsd: LOMO; offset: ppm, zero without. */
struct calibration_kind { const char *environment; double rmsd, offset; int n, molecules; };

struct calibration {
	int n, molecules;        /* points, and molecules that have any */
	double slope, intercept;
	double rmsd, mae, r2;    /* in-sample; rmsd with n, not n - 2 */
	double lomo, lomo_mae;
	struct calibration_interval slope_ci, intercept_ci, lomo_ci;
	struct calibration_kind kind[CALIBRATION_KINDS_MAX];   /* largest first */
	int nkinds;
};

/* 0, -EINVAL with fewer than three molecules or all shieldings alike. */
int calibration_fit(struct calibration_point *p, int n, bool offsets, struct calibration *ret);

#endif
