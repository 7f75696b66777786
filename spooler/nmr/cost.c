/* The starting cost model: seconds of one run. Fitted to runs on one rank of a two-core
 * AMD EPYC machine with NWChem 7.0.2 and xtb 6.5.1, N basis functions:
 *     optimise  B3LYP/6-31G*, COSMO:  methanol N=36 13 s, ethyl acetate N=100 about 90 s
 *     shield    B3LYP/6-311+G(2d,p), COSMO, direct:  methane 51 9 s, methanol 78 30 s,
 *               ethanol 117 61 s, ethyl acetate 210 about 380 s
 *               PBE0/def2-SVP: ethyl acetate 124 about 75 s, on the same curve
 * A second rank makes a run 1.6 times as fast. Good to a factor of two. Pure. */
#include <math.h>

#include "nmr/predict.h"

double cost_seconds(const char *kind, int nfunctions, int natoms, int ranks)
{
	double n = MAX(nfunctions, 1), speed = 1 + 0.6 * (MAX(ranks, 1) - 1);
	if (str_eq(kind, "xtb"))
		return 0.3 + 0.00035 * natoms * natoms;
	if (str_eq(kind, "optimise"))
		return (2 + 0.0060 * pow(n, 2.1)) / speed;
	if (str_eq(kind, "shield"))
		return (2 + 0.00031 * pow(n, 2.6)) / speed;
	return 0.5;
}
