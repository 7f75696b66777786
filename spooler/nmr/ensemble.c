/* Boltzmann weights and cuts:
 *     p_i = g_i exp(-(e_i - e_low)/RT) / sum
 * Energies are taken relative to the lowest before the exponential, so any zero will
 * do and nothing overflows. A cut keeps at least one conformer, in the order given
 * (sorted by energy), and says how much of the population it left out. Pure; never
 * logs. */
#include <math.h>

#include "nmr/predict.h"

void ensemble_populations(const double *e, const double *g, int n, double t, double *ret_p)
{
	double low = INFINITY, sum = 0;
	for (int i = 0; i < n; i++)
		low = fmin(low, e[i]);
	for (int i = 0; i < n; i++) {
		ret_p[i] = g[i] * exp(-(e[i] - low) / (GAS_CONSTANT_KCAL * t));
		sum += ret_p[i];
	}
	for (int i = 0; i < n; i++)
		ret_p[i] /= sum;
}

int ensemble_cut(const double *e, const double *g, int n, double window, double population, int max, double t,
		 double *ret_lost)
{
	_cleanup_free_ double *p = xcalloc((size_t)MAX(n, 1), sizeof(double));
	int keep = 0;
	double kept = 0;
	if (n <= 0) {
		*ret_lost = 0;
		return 0;
	}
	ensemble_populations(e, g, n, t, p);
	while (keep < n && keep < MAX(max, 1) && (keep == 0 || e[keep] - e[0] <= window) &&
	       (keep == 0 || population <= 0 || kept < population))
		kept += p[keep++];
	*ret_lost = fmax(0, 1 - kept);
	return keep;
}
