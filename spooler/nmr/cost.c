/* The starting model was fitted to runs on one rank of a two-core AMD EPYC machine with
 * NWChem 7.0.2 and xtb 6.5.1, N basis functions (docs/performance.md):
 *     optimise, screen   B3LYP-D3/6-31G*, COSMO: ethanol N=54 11 s, ethyl acetate N=100 56 s
 *     shield             PBE0/def2-SVP: ethanol 72 12 s; B3LYP/6-311+G(2d,p): ethanol 117 50 s
 *     crest              2.12, ethanol 41 s
 * Pure. */
#include "nmr/cost.h"

#include <math.h>
#include <string.h>

#define PRIOR_RUNS 1.0    /* what the starting model counts for */
#define PRIOR_SPREAD 3.0  /* of its ln(model), squared: how firmly it holds the slope */
#define FORGET 0.98       /* a run's weight for each later one */
#define SHORT_S 0.5       /* the start of a program, not its work */

double cost_speedup(int ranks) { return 1 + 0.6 * (MAX(ranks, 1) - 1); }

double cost_seconds(const char *kind, int nfunctions, int natoms, int ranks)
{
	double n = MAX(nfunctions, 1), speed = cost_speedup(ranks);
	if (str_eq(kind, "xtb"))
		return 0.3 + 0.00035 * natoms * natoms;
	if (str_eq(kind, "crest"))
		return (5 + 0.45 * natoms * natoms) / speed;
	if (str_eq(kind, "screen"))
		return (1 + 3.3e-5 * pow(n, 2.7)) / speed;
	if (str_eq(kind, "optimise"))
		return (1 + 2.3e-4 * pow(n, 2.7)) / speed;
	if (str_eq(kind, "shield"))
		return (1 + 2.05e-5 * pow(n, 3.09)) / speed;
	return 0.5;
}

static bool is_wide(const char *kind)
{
	return !str_eq(kind, "xtb") && !str_eq(kind, "mol") && !str_eq(kind, "render");
}

static double model_of(const char *kind, int ranks, double base_s)
{
	return base_s / (is_wide(kind) ? cost_speedup(ranks) : 1);
}

static void name_of(const char *kind, int ranks, char *ret_name, size_t size)
{
	snprintf(ret_name, size, "%s%s", kind, is_wide(kind) && ranks > 1 ? "/n" : "");
}

static struct cost_line *find(const struct cost_model *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->line[i].name, name))
			return (struct cost_line *)&m->line[i];
	return NULL;
}

static void put(struct cost_model *m, const struct cost_line *line)
{
	struct cost_line *l = find(m, line->name);
	if (!l && m->n == COST_LINES)
		return;
	l = l ? l : &m->line[m->n++];
	*l = *line;
}

bool cost_learn(struct cost_model *m, const char *kind, int ranks, double base_s, double wall_s)
{
	struct cost_line fresh = { .n = 0 };
	name_of(kind, ranks, fresh.name, sizeof(fresh.name));
	if (wall_s < SHORT_S || base_s <= 0)
		return false;
	if (!find(m, fresh.name))
		put(m, &fresh);
	struct cost_line *l = find(m, fresh.name);
	if (!l)
		return false;
	double x = log(model_of(kind, ranks, base_s)), y = log(wall_s);
	l->n = l->n * FORGET + 1;
	l->sx = l->sx * FORGET + x;
	l->sy = l->sy * FORGET + y;
	l->sxx = l->sxx * FORGET + x * x;
	l->sxy = l->sxy * FORGET + x * y;
	return true;
}

/* The line through the runs and the starting model, which lies around the point asked
 * for: y = x there, with its own spread, so that few runs turn the line little. */
static double on_line(const struct cost_line *l, double x)
{
	double n = l->n + PRIOR_RUNS, middle = l->n > 0 ? l->sx / l->n : x;
	double sx = l->sx + PRIOR_RUNS * middle, sy = l->sy + PRIOR_RUNS * middle;
	double sxx = l->sxx + PRIOR_RUNS * (middle * middle + PRIOR_SPREAD);
	double sxy = l->sxy + PRIOR_RUNS * (middle * middle + PRIOR_SPREAD);
	double b = (n * sxy - sx * sy) / (n * sxx - sx * sx);
	b = fmin(fmax(b, 0.5), 2);
	return (sy - b * sx) / n + b * x;
}

/* Whatever was stored, no machine is a hundred times off. */
static double sane(double ln_s, double model) { return fmin(fmax(exp(ln_s), model / 100), model * 100); }

double cost_predict(const struct cost_model *m, const char *kind, int ranks, double base_s)
{
	char name[24];
	double model = model_of(kind, ranks, base_s);
	name_of(kind, ranks, name, sizeof(name));
	const struct cost_line *l = find(m, name);
	if (l && l->n > 0)
		return sane(on_line(l, log(model)), model);
	/* Nothing of that width yet: what one rank taught, made faster as the model says. */
	name_of(kind, ranks > 1 ? 1 : 2, name, sizeof(name));
	l = find(m, name);
	return l && l->n > 0 ? sane(on_line(l, log(model)), model) : model;
}

json_t *cost_to_json(const struct cost_model *m)
{
	json_t *j = json_object();
	for (size_t i = 0; i < m->n; i++) {
		const struct cost_line *l = &m->line[i];
		json_object_set_new(j, l->name, json_pack("[f,f,f,f,f]", l->n, l->sx, l->sy, l->sxx, l->sxy));
	}
	return j;
}

void cost_from_json(struct cost_model *m, const json_t *j)
{
	const char *name;
	json_t *a;
	json_object_foreach((json_t *)j, name, a) {
		double v[5] = { 0 };
		bool good = json_array_size(a) == ARRAY_SIZE(v);
		for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
			v[i] = json_number_value(json_array_get(a, i));
			good = good && isfinite(v[i]);
		}
		struct cost_line l = { .n = v[0], .sx = v[1], .sy = v[2], .sxx = v[3], .sxy = v[4] };
		snprintf(l.name, sizeof(l.name), "%s", name);
		if (good && l.n > 0)
			put(m, &l);
	}
}
