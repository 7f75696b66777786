/* How long runs take: a starting model, corrected by what finished runs of this machine
 * took. Pure but for the model itself.
 *
 *   base = cost_seconds(kind, functions, natoms, 1);
 *   cost_learn(&m, kind, ranks, base, wall_s);            after each finished run
 *   s = cost_predict(&m, kind, ranks, base);
 *
 * Learned is, for each kind and for one or several ranks, the line
 *     ln(seconds) = a + b ln(cost_seconds(kind, functions, natoms, ranks))
 * by least squares, in which older runs count less and less; the starting model counts
 * as one run, so that a single odd one moves it and does not throw it over. */
#ifndef NMR_NMR_COST_H
#define NMR_NMR_COST_H

#include "base/json.h"

/* Starting model: seconds of one run on `ranks` ranks of the machine it was fitted on.
 * kind: "xtb", "crest", "screen", "optimise", "shield", "mol", "render". */
double cost_seconds(const char *kind, int nfunctions, int natoms, int ranks);
/* How much faster so many ranks make a run of NWChem, by the starting model. */
double cost_speedup(int ranks);

struct cost_line {              /* weighted sums over runs: x = ln(model), y = ln(seconds) */
	char name[24];          /* "shield", "shield/n" */
	double n, sx, sy, sxx, sxy;
};

#define COST_LINES 16
struct cost_model {
	struct cost_line line[COST_LINES];
	size_t n;
};

/* base_s: cost_seconds() on one rank. False: the run was too short to tell. */
bool cost_learn(struct cost_model *m, const char *kind, int ranks, double base_s, double wall_s);
double cost_predict(const struct cost_model *m, const char *kind, int ranks, double base_s);
/* As it is kept (a fact of the queue): {"shield/n":[n,sx,sy,sxx,sxy],...}. What is not
 * understood is left out. */
#define COST_FACT "cost"
json_t *cost_to_json(const struct cost_model *m);
void cost_from_json(struct cost_model *m, const json_t *j);

#endif
