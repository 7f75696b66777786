/* The starting cost model: seconds of one run, from runs measured on two cores of an
 * AMD EPYC with NWChem 7.0.2 and xtb 6.5.1 (docs/architecture.md). Pure. */
#include <math.h>

#include "nmr/predict.h"

double cost_seconds(const char *kind, int nfunctions, int natoms, int ranks)
{
	double n = MAX(nfunctions, 1), speed = 1 + 0.6 * (MAX(ranks, 1) - 1);
	if (str_eq(kind, "xtb"))
		return 0.3 + 0.00035 * natoms * natoms;
	/* Methanol (36 functions) 13 s, ethyl acetate (100) 96 s on one rank. */
	if (str_eq(kind, "optimise"))
		return (3 + 0.0115 * pow(n, 1.95)) / speed;
	/* Methanol (78) 30 s, ethyl acetate (210) about 400 s on one rank. */
	if (str_eq(kind, "shield"))
		return (3 + 0.00195 * pow(n, 2.26)) / speed;
	return 0.5;
}
