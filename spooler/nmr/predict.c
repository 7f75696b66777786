/* From shieldings to the prediction, in the numbering of the file. Shieldings are
 * averaged over the nuclei of a group, then over conformers by population, then scaled:
 *     shift = slope * shielding + intercept + offset of its kind (calibrated)
 *     shift = shift_ref + shielding_ref - shielding            (referenced: TMS for
 *             nuclei on or in sp3 carbon and for H on heteroatoms, benzene for sp2, sp)
 * What is not known is null with a reason, never a number: uncertainties outside the
 * calibration, shifts without a reference. Pure; never logs. */
#include "nmr/predict.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "nmr/predict-internal.h"

/* How far a conformer's energy may be off, kcal/mol. */
#define ENERGY_DOUBT 0.5
/* What may be missing of the population before an error is not known any more. */
#define POPULATION_DOUBT 0.5

/* ---- neighbours from the geometry: enough to tell sp3 from the rest */

static double radius(int z)
{
	static const struct { int z; double r; } table[] = { { 1, 0.31 }, { 5, 0.84 }, { 6, 0.76 }, { 7, 0.71 },
		{ 8, 0.66 }, { 9, 0.57 }, { 14, 1.11 }, { 15, 1.07 }, { 16, 1.05 }, { 17, 1.02 }, { 35, 1.20 },
		{ 53, 1.39 } };
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].z == z)
			return table[i].r;
	return 1.2;
}

static bool bonded(const struct geometry *g, int i, int j)
{
	double d2 = 0, most = 1.25 * (radius(g->z[i]) + radius(g->z[j]));
	for (int k = 0; k < 3; k++)
		d2 += (g->xyz[i][k] - g->xyz[j][k]) * (g->xyz[i][k] - g->xyz[j][k]);
	return i != j && d2 < most * most;
}

static int neighbours(const struct geometry *g, int i, int *ret_heavy)
{
	int n = 0;
	*ret_heavy = -1;
	for (int j = 0; j < g->natoms; j++)
		if (bonded(g, i, j)) {
			n++;
			if (g->z[j] > 1)
				*ret_heavy = j;
		}
	return n;
}

/* Is benzene the nearer reference: the carbon (or the hydrogen's carbon) is sp2 or
 * sp? */
static bool is_unsaturated(const struct geometry *g, int atom)
{
	int heavy, carbon = atom;
	if (g->z[atom] == 1) {
		neighbours(g, atom, &carbon);
		if (carbon < 0)
			return false;
	}
	return g->z[carbon] == 6 && neighbours(g, carbon, &heavy) < 4;
}

/* ---- the average of a group */

static double group_shielding(const struct predict_conformer *c, const json_t *atoms, bool hydrogen)
{
	const double *v = hydrogen ? c->shield_h : c->shield_c;
	double sum = 0;
	size_t n = json_array_size(atoms);
	for (size_t i = 0; i < n; i++)
		sum += v[json_integer_value(json_array_get(atoms, i))];
	return n ? sum / (double)n : 0;
}

static double weighted(const double *v, const double *p, int n)
{
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += v[i] * p[i];
	return sum;
}

/* How much the average moves when each conformer's energy is off by ENERGY_DOUBT. */
static double sensitivity(const struct predict_input *in, const double *shielding, const double *e, const double *g)
{
	_cleanup_free_ double *moved = xcalloc((size_t)in->n, sizeof(double));
	_cleanup_free_ double *p = xcalloc((size_t)in->n, sizeof(double));
	double sum = 0;
	for (int i = 0; i < in->n && in->n > 1; i++) {
		double side[2];
		for (int k = 0; k < 2; k++) {
			memcpy(moved, e, (size_t)in->n * sizeof(double));
			moved[i] += k ? ENERGY_DOUBT : -ENERGY_DOUBT;
			ensemble_populations(moved, g, in->n, in->temperature_k, p);
			side[k] = weighted(shielding, p, in->n);
		}
		sum += (side[1] - side[0]) * (side[1] - side[0]) / 4;
	}
	return sqrt(sum);
}

/* ---- what is not known, and why */

static bool has_untested_element(const json_t *mol, const struct scaling *s, const char **ret_symbol)
{
	const json_t *e;
	size_t i;
	json_array_foreach(json_arr(mol, "elements"), i, e)
		if (!scaling_has_element(s, json_string_value(e))) {
			*ret_symbol = json_string_value(e);
			return true;
		}
	return false;
}

bool predict_is_ion(const json_t *mol)
{
	const json_t *w;
	size_t i;
	bool zwitterion = false;
	json_array_foreach(json_arr(mol, "warnings"), i, w)
		zwitterion = zwitterion || str_eq(json_str(w, "code", ""), "zwitterion") ||
			     str_eq(json_str(w, "code", ""), "inner-salt");
	return zwitterion || json_int(mol, "charge", 0) != 0;
}

bool predict_is_transferred(const struct predict_input *in, const struct scaling *s)
{
	return s && !str_eq(s->solvent, in->solvent->code);
}

static double transfer_doubt(const struct predict_input *in, bool hydrogen)
{
	return hydrogen ? in->solvent->transfer_h : in->solvent->transfer_c;
}

static char *unknown_reason(const struct predict_input *in, const json_t *group, const struct scaling *s)
{
	const char *symbol;
	if (json_flag(group, "exchangeable", false))
		return xstrdup("exchangeable hydrogen: its shift depends on concentration, water and temperature");
	if (in->geometry_kept)
		return xstrdup("the calibration holds for optimised geometries, not for the one given");
	if (!s)
		return xasprintf("there is no calibration for this level in %s", in->solvent->name);
	if (predict_is_ion(in->mol))
		return xstrdup("the calibration has no ions");
	if (json_flag(group, "heavy_halogen", false))
		return xstrdup("beside Br or I: spin-orbit effects are not computed");
	if (in->population_lost > POPULATION_DOUBT)
		return xasprintf("the conformers that were computed hold only about %.0f %% of the population",
				 100 * (1 - in->population_lost));
	if (has_untested_element(in->mol, s, &symbol))
		return xasprintf("the calibration has no molecules with %s", symbol);
	if (isnan(scaling_error(s, json_str(group, "environment", NULL))))
		return xasprintf("the calibration has no %s like it", str_eq(json_str(group, "element", ""), "H") ? "hydrogens" : "carbons");
	return NULL;
}

/* ---- one entry of the list */

struct context {
	const struct predict_input *in;
	const struct scaling *scaling[2];   /* 1H, 13C */
	double *e, *g, *p;
};

static double reference_shift(const struct context *c, double shielding, const json_t *atoms, bool hydrogen)
{
	const struct predict_reference *r = c->in->reference;
	int first = (int)json_integer_value(json_array_get(atoms, 0));
	if (!r || !r->have)
		return NAN;
	if (is_unsaturated(c->in->conformers[0].geometry, first))
		return hydrogen ? c->in->solvent->benzene_h + r->benzene_h - shielding
				: c->in->solvent->benzene_c + r->benzene_c - shielding;
	return (hydrogen ? r->tms_h : r->tms_c) - shielding;
}

static json_t *shown_atoms(const json_t *mol, const json_t *atoms)
{
	const json_t *number = json_arr(mol, "number"), *a;
	json_t *out = json_array();
	size_t i;
	json_array_foreach(atoms, i, a)
		json_array_append(out, json_array_get(number, (size_t)json_integer_value(a)));
	return out;
}

static double round_to(double v, double digits)
{
	double f = pow(10, digits);
	return round(v * f) / f;
}

static json_t *entry(const struct context *c, const json_t *group, bool hydrogen)
{
	const struct predict_input *in = c->in;
	const struct scaling *s = in->geometry_kept ? NULL : c->scaling[hydrogen ? 0 : 1];
	const json_t *atoms = json_arr(group, "atoms");
	_cleanup_free_ double *v = xcalloc((size_t)in->n, sizeof(double));
	for (int i = 0; i < in->n; i++)
		v[i] = group_shielding(&in->conformers[i], atoms, hydrogen);
	double shielding = weighted(v, c->p, in->n);
	double shift = s ? scaling_shift(s, shielding, json_str(group, "environment", NULL)) : reference_shift(c, shielding, atoms, hydrogen);
	/* Without a reference there is no shift: null, never a zero that looks like one. */
	json_t *o = json_pack("{s:s,s:o,s:s,s:o,s:f}", "label", json_str(group, "label", "?"), "atoms",
			      shown_atoms(in->mol, atoms), "type", json_str(group, "type", ""), "shift",
			      isfinite(shift) ? json_real(round_to(shift, 4)) : json_null(), "shielding",
			      round_to(shielding, 4));
	_cleanup_free_ char *reason = unknown_reason(in, group, s);
	double doubt = s ? scaling_error(s, json_str(group, "environment", NULL)) : 0, move = (s ? fabs(s->slope) : 1) * sensitivity(in, v, c->e, c->g);
	double transfer = predict_is_transferred(in, s) ? transfer_doubt(in, hydrogen) : 0;
	/* Carbon beside chlorine: spin-orbit effects are small but not nothing. */
	if (json_flag(group, "chlorine", false) && !hydrogen)
		doubt *= 2;
	json_object_set_new(o, "uncertainty", reason ? json_null() : json_real(round_to(sqrt(doubt * doubt + transfer * transfer +
												      move * move), hydrogen ? 2 : 1)));
	json_object_set_new(o, "uncertainty_reason", reason ? json_string(reason) : json_null());
	json_object_set_new(o, "exchangeable", json_boolean(json_flag(group, "exchangeable", false)));
	json_object_set(o, "environment", json_object_get(group, "environment"));
	return o;
}

static json_t *sorted_by_shift(json_t *list)
{
	size_t n = json_array_size(list);
	/* A few dozen entries: insertion, stable. */
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0; k--) {
			json_t *a = json_array_get(list, k - 1), *b = json_array_get(list, k);
			if (json_num(a, "shift", 0) >= json_num(b, "shift", 0))
				break;
			json_incref(a);
			json_array_set(list, k - 1, b);
			json_array_set_new(list, k, a);
		}
	return list;
}

static json_t *entries(const struct context *c, bool hydrogen)
{
	json_t *list = json_array();
	const json_t *group;
	size_t i;
	json_array_foreach(json_arr(c->in->mol, "groups"), i, group)
		if (str_eq(json_str(group, "element", ""), hydrogen ? "H" : "C"))
			json_array_append_new(list, entry(c, group, hydrogen));
	return sorted_by_shift(list);
}

/* ---- conformers in file order */

static json_t *in_file_order(const json_t *mol, const struct geometry *g)
{
	const json_t *order = json_arr(mol, "order");
	json_t *a = json_array();
	for (size_t i = 0; i < json_array_size(order); i++) {
		const double *x = g->xyz[json_integer_value(json_array_get(order, i))];
		json_array_append_new(a, json_pack("[f,f,f]", round_to(x[0], 6), round_to(x[1], 6), round_to(x[2], 6)));
	}
	return a;
}

static json_t *every_shielding(const json_t *mol, const double *v, int z, const struct geometry *g)
{
	json_t *o = json_object();
	for (int i = 0; i < g->natoms; i++) {
		char key[24];
		if (g->z[i] != z)
			continue;
		snprintf(key, sizeof(key), "%lld",
			 (long long)json_integer_value(json_array_get(json_arr(mol, "number"), (size_t)i)));
		json_object_set_new(o, key, json_real(round_to(v[i], 4)));
	}
	return o;
}

static json_t *conformer_list(const struct context *c)
{
	json_t *list = json_array();
	for (int i = 0; i < c->in->n; i++) {
		const struct predict_conformer *k = &c->in->conformers[i];
		json_t *shieldings = json_pack("{s:o,s:o}", "1H", every_shielding(c->in->mol, k->shield_h, 1, k->geometry),
					       "13C", every_shielding(c->in->mol, k->shield_c, 6, k->geometry));
		json_t *energy = k->energy_hartree < 0 ? json_real(k->energy_hartree) : json_null();
		json_t *gibbs = c->in->free_energy ? json_real(round_to(k->gibbs_hartree * KCAL_PER_HARTREE, 4)) : json_null();
		json_array_append_new(list, json_pack("{s:i,s:f,s:o,s:o,s:f,s:f,s:o,s:o}", "id", k->id, "energy_kcal",
						      round_to(c->e[i], 4), "energy_hartree", energy, "gibbs_kcal", gibbs, "population",
						      c->p[i], "degeneracy", c->g[i], "coords",
						      in_file_order(c->in->mol, k->geometry), "shieldings", shieldings));
	}
	return list;
}

static json_t *molecule(const json_t *mol)
{
	static const char *const copy[] = { "smiles", "inchi", "inchikey", "formula", "mass", "charge", "natoms" };
	json_t *m = json_object(), *elements = json_array();
	const json_t *order = json_arr(mol, "order");
	for (size_t i = 0; i < ARRAY_SIZE(copy); i++)
		json_object_set(m, copy[i], json_object_get(mol, copy[i]) ? json_object_get(mol, copy[i]) : json_null());
	for (size_t i = 0; i < json_array_size(order); i++)
		json_array_append(elements, json_array_get(json_arr(mol, "elements"),
							   (size_t)json_integer_value(json_array_get(order, i))));
	json_object_set_new(m, "elements", elements);
	json_object_set(m, "molblock", json_object_get(mol, "molblock") ? json_object_get(mol, "molblock") : json_null());
	return m;
}

/* {"sp3": -0.71}; null: the line alone. */
static json_t *offsets(const struct scaling *s)
{
	json_t *o = json_object();
	for (size_t i = 0; i < s->nkinds; i++)
		if (s->kind[i].offset != 0)
			json_object_set_new(o, s->kind[i].environment, json_real(s->kind[i].offset));
	if (json_object_size(o) > 0)
		return o;
	json_decref(o);
	return json_null();
}

static json_t *calibration(const struct context *c, int nucleus)
{
	const struct scaling *s = c->in->geometry_kept ? NULL : c->scaling[nucleus];
	if (!s)
		return json_pack("{s:s,s:n,s:n,s:n,s:n,s:n,s:n,s:n,s:s}", "kind", "referenced", "solvent", "slope", "intercept", "offsets", "rmsd", "lomo", "n", "text",
				 "uncalibrated: referenced to TMS (sp3) and benzene (sp2, sp) at the same level");
	_cleanup_free_ char *text = xasprintf("%s%s%s%s", s->source, s->note ? " (" : "", s->note ? s->note : "",
					      s->note ? ")" : "");
	return json_pack("{s:s,s:s,s:f,s:f,s:o,s:f,s:o,s:i,s:s}", "kind", "scaled", "solvent", s->solvent, "slope", s->slope, "intercept", s->intercept,
			 "offsets", offsets(s), "rmsd", s->rmsd, "lomo", s->lomo > 0 ? json_real(s->lomo) : json_null(), "n", s->n, "text", text);
}

static json_t *level(const struct context *c)
{
	const struct predict_input *in = c->in;
	bool calibrated = c->scaling[0] && c->scaling[1] && !in->geometry_kept;
	json_t *l = json_pack("{s:s,s:s,s:{s:s,s:s},s:s,s:s,s:{s:o,s:o},s:b,s:f}", "preset", in->preset->name, "geometry",
			      in->geometry_text, "shielding", "1H", in->preset->shield_h->text, "13C",
			      in->preset->shield_c->text, "solvent", in->solvent->code, "solvent_name", in->solvent->name,
			      "calibration", "1H", calibration(c, 0), "13C", calibration(c, 1), "calibrated", calibrated,
			      "temperature_k", in->temperature_k);
	_cleanup_free_ char *weights = in->weights_text ? xasprintf("%s%s", in->weights_text, in->free_energy ? " + G(GFN2-xTB)" : "") : NULL;
	json_object_set_new(l, "weights", weights && in->n > 1 ? json_string(weights) : json_null());
	json_object_set_new(l, "deuterated", in->solvent->deuterated ? json_string(in->solvent->deuterated) : json_null());
	return l;
}

json_t *predict_result(const struct predict_input *in)
{
	assert(in->n > 0);
	size_t n = (size_t)in->n;
	_cleanup_free_ double *e = xcalloc(n, sizeof(double));
	_cleanup_free_ double *g = xcalloc(n, sizeof(double));
	_cleanup_free_ double *p = xcalloc(n, sizeof(double));
	struct context c = { in, { share_scaling(in->share, "1H", in->preset, in->solvent),
				   share_scaling(in->share, "13C", in->preset, in->solvent) }, e, g, p };
	double low = INFINITY;
	for (int i = 0; i < in->n; i++)
		low = fmin(low, in->conformers[i].energy_hartree + in->conformers[i].gibbs_hartree);
	for (int i = 0; i < in->n; i++) {
		e[i] = (in->conformers[i].energy_hartree + in->conformers[i].gibbs_hartree - low) * KCAL_PER_HARTREE;
		g[i] = in->conformers[i].degeneracy;
	}
	ensemble_populations(e, g, in->n, in->temperature_k, p);
	json_t *doc = json_object(), *shifts = json_object();
	json_object_set_new(shifts, "1H", entries(&c, true));
	json_object_set_new(shifts, "13C", entries(&c, false));
	json_object_set_new(doc, "molecule", molecule(in->mol));
	json_object_set_new(doc, "level", level(&c));
	json_object_set_new(doc, "shifts", shifts);
	json_object_set_new(doc, "conformers", conformer_list(&c));
	json_object_set_new(doc, "warnings", predict_warnings(in, c.scaling));
	json_object_set_new(doc, "methods_text", predict_methods(in, c.scaling));
	json_object_set_new(doc, "references", predict_references(in, c.scaling));
	return doc;
}
