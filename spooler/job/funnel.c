/* The funnel: prepare, conformers, rank, optimise, shield. Each stage reads the
 * results of the one before and asks for its own. Energies of one level decide
 * at each stage; weights come from the last one alone. Never logs. */
#include "job/walk.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/file.h"

#define SEED "42"

static int read_input(struct walk *w, const char *path, struct buf *b)
{
	int r = file_read(path, (size_t)1 << 30, b);
	if (r == 0)
		return 0;
	walk_read_failed(w, r);
	_cleanup_free_ char *why = xasprintf("The stored copy %s cannot be read: %s.", path, strerror(-r));
	return walk_end(w, PIPELINE_FAILED, "The structure file is gone from the spool.", why,
			"Drop the file again.");
}

static int prepare(struct walk *w, const char *record, struct funnel *f)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	int r = read_input(w, record, &b);
	if (r < 0)
		return r;
	const char *args[16] = { "prepare", "--in", "in.sdf", "--out-mol", "mol.sdf" };
	size_t n = 5;
	const char *charge = w->opt.value[OPTION_CHARGE];
	_cleanup_free_ char *atoms = xasprintf("%d", w->preset->atoms_max);
	if (!w->reference && !str_eq(charge, "auto")) {
		args[n++] = "--charge";
		args[n++] = charge;
	}
	args[n++] = "--component";
	args[n++] = w->opt.value[OPTION_COMPONENT];
	args[n++] = "--atoms-max";
	args[n++] = atoms;
	if (w->keep && !w->reference)
		args[n++] = "--keep-geometry";
	struct plan plan;
	_cleanup_free_ char *label = xasprintf("%sread the structure", w->who);
	plan_program(&plan, w->lab, "mol", label, args);
	plan_add_file(&plan, "in.sdf", b.s, b.len);
	plan_seal(&plan);
	f->mol_dir = step_dir(w->lab, plan.key);
	r = walk_ask(w, "prepare", &plan, &f->mol);
	if (r == -EREMOTEIO)
		return walk_end_engine(w, "reading the structure");
	return r;
}

/* A run that cannot fit is told before hours are spent on the stages before it. */
static int check_memory(struct walk *w, const int *z, int natoms)
{
	struct geometry g = { .natoms = natoms, .z = (int *)z };
	const struct level *levels[] = { w->preset->shield_h, w->preset->shield_c };
	uint64_t most = 0;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		struct nwchem_calc c = { .task = NWCHEM_SHIELD, .level = levels[i], .solvent = w->solvent, .geometry = &g };
		most = MAX(most, nwchem_memory(&c, 1));
	}
	if (most <= w->lab->memory)
		return 0;
	_cleanup_free_ char *why = xasprintf("The shieldings of %d atoms at %s need about %.0f GB of memory; %.0f GB may be "
					     "used here.", natoms, w->preset->shield_c->text, (double)most / (1 << 30),
					     (double)w->lab->memory / (1 << 30));
	return walk_end(w, PIPELINE_REFUSED, "The molecule is too large for this machine at this level.", why,
			str_eq(w->preset->name, "draft")
				? "Use a machine with more memory, or a smaller model of the molecule."
				: "Use \"preset = draft\", or a machine with more memory (memory_mb in nmr.conf).");
}

static int check_elements(struct walk *w, struct funnel *f)
{
	const json_t *elements = json_arr(f->mol, "elements");
	f->natoms = (int)json_array_size(elements);
	_cleanup_free_ int *z = xcalloc((size_t)f->natoms, sizeof(int));
	for (int i = 0; i < f->natoms; i++)
		z[i] = element_from_symbol(json_string_value(json_array_get(elements, (size_t)i)));
	int bad = share_unsupported_element(w->preset, z, f->natoms);
	if (!bad)
		return check_memory(w, z, f->natoms);
	_cleanup_free_ char *why = xasprintf("The level of the preset \"%s\" has no basis set for %s.",
					     w->preset->name, element_symbol(bad));
	_cleanup_(buf_release) struct buf others = BUF_INIT;
	const struct preset *p;
	for (size_t i = 0; (p = share_preset_at(w->lab->share, i)); i++)
		if (!share_unsupported_element(p, z, f->natoms))
			buf_addf(&others, "%s%s", others.len ? ", " : "", p->name);
	_cleanup_free_ char *remedy = others.len
		? xasprintf("Use a preset that covers %s: %s (for example a line \"preset = %.*s\" in a text file "
			    "of the same name beside the structure).", element_symbol(bad), others.s,
			    (int)strcspn(others.s, ","), others.s)
		: xasprintf("No preset covers %s. Replace the element by a lighter one for an estimate.",
			    element_symbol(bad));
	return walk_end(w, PIPELINE_REFUSED, "The molecule has an element that cannot be computed.", why, remedy);
}

/* Both xTB and DFT keep glycine's zwitterion as a shallow minimum in chloroform, so
 * no change of bonds would tell; but there the neutral form is lower (GFN2/ALPB: 4.9
 * kcal/mol in chloroform, 6.2 in DMSO, 0.4 in water), and it is what one measures. */
static int check_zwitterion(struct walk *w, struct funnel *f)
{
	const json_t *e;
	size_t i;
	bool mobile = false;
	json_array_foreach(json_arr(f->mol, "warnings"), i, e)
		mobile = mobile || str_eq(json_str(e, "code", ""), "zwitterion");
	if (!mobile || w->solvent->protic || w->keep)
		return 0;
	_cleanup_free_ char *why = xasprintf("It is drawn as a zwitterion. In %s the proton moves from the positive to the "
					     "negative group: the neutral form is the stable one there.", w->solvent->name);
	return walk_end(w, PIPELINE_REFUSED, "The molecule does not keep its structure in this solvent.", why,
			"Use \"solvent = D2O\", or draw the neutral form.");
}

/* Stereoisomers that differ become jobs of their own. */
static int split_isomers(struct walk *w, struct funnel *f)
{
	const json_t *isomers = json_arr(json_object_get(f->mol, "stereo"), "isomers");
	size_t n = json_array_size(isomers), i;
	const json_t *iso;
	if (n < 2)
		return 0;
	struct pipeline *p = w->p;
	p->split = xcalloc(n, sizeof(*p->split));
	p->nsplit = n;
	p->isomers = true;
	json_array_foreach(isomers, i, iso) {
		struct pipeline_part *part = &p->split[i];
		const char *root = w->lab->conf->spool;
		part->n = (int)i + 1;
		part->name = xstrdup(json_str(iso, "label", ""));
		part->input = xasprintf("%s/%s", f->mol_dir + strlen(root) + 1, json_str(iso, "file", ""));
	}
	return walk_end(w, PIPELINE_SPLITS, NULL, NULL, NULL);
}

static void set_members(struct funnel *f, int n)
{
	f->member = xcalloc((size_t)n, sizeof(*f->member));
	f->n = 0;
}

static int add_member(struct funnel *f, int id, const json_t *coords)
{
	struct member *m = &f->member[f->n];
	const json_t *elements = json_arr(f->mol, "elements");
	*m = (struct member){ .id = id, .degeneracy = 1 };
	geometry_resize(&m->geometry, f->natoms);
	for (int i = 0; i < f->natoms; i++)
		m->geometry.z[i] = element_from_symbol(json_string_value(json_array_get(elements, (size_t)i)));
	int r = geometry_coords_from_json(coords, &m->geometry);
	if (r == 0)
		f->n++;
	else
		geometry_release(&m->geometry);
	return r;
}

static int read_mol_sdf(struct walk *w, const struct funnel *f, struct buf *b)
{
	_cleanup_free_ char *path = xasprintf("%s/mol.sdf", f->mol_dir);
	return read_input(w, path, b);
}

static int kept_geometry(struct walk *w, struct funnel *f)
{
	set_members(f, 1);
	if (add_member(f, 1, json_arr(f->mol, "kept_coords")) == 0)
		return 0;
	return walk_end(w, PIPELINE_REFUSED, "The geometry of the file cannot be kept.",
			"The file has no complete three-dimensional geometry with all hydrogens.",
			"Leave out \"geometry = keep\", or save the structure with 3D coordinates.");
}

static int conformers(struct walk *w, struct funnel *f)
{
	_cleanup_(buf_release) struct buf sdf = BUF_INIT;
	if (w->keep && !w->reference)
		return kept_geometry(w, f);
	int r = read_mol_sdf(w, f, &sdf);
	if (r < 0)
		return r;
	const char *max = w->opt.value[OPTION_MAX_CONFORMERS];
	_cleanup_free_ char *most = xasprintf("%d", w->preset->conformers_max);
	if (w->reference || str_eq(max, "auto"))
		max = most;
	const char *args[] = { "conformers", "--in", "mol.sdf", "--max", max, "--seed", SEED, NULL };
	struct plan plan;
	_cleanup_free_ char *label = xasprintf("%ssearch conformers", w->who);
	plan_program(&plan, w->lab, "mol", label, args);
	plan_add_file(&plan, "mol.sdf", sdf.s, sdf.len);
	plan_seal(&plan);
	_cleanup_json_ json_t *list = NULL;
	r = walk_ask(w, "conformers", &plan, &list);
	if (r == -EREMOTEIO)
		return walk_end_engine(w, "searching conformers");
	if (r < 0)
		return r;
	if (!json_flag(list, "ok", false))
		return walk_end_refusal(w, json_object_get(list, "refusal"));
	const json_t *a = json_arr(list, "conformers"), *c;
	size_t i;
	set_members(f, (int)json_array_size(a));
	json_array_foreach(a, i, c)
		add_member(f, (int)json_int(c, "id", (long long)i + 1), json_arr(c, "coords"));
	json_array_foreach(json_arr(list, "warnings"), i, c)
		walk_warn(w, json_str(c, "code", "conformers"), "%s", json_str(c, "text", ""));
	if (f->n == 0)
		return walk_end(w, PIPELINE_FAILED, "No conformer could be made.",
				"The embedder found no three-dimensional shape for this structure.",
				"Check the structure; or give a file with 3D coordinates and \"geometry = keep\".");
	return 0;
}

/* Drops members whose result is NULL (failed for good); all failed: the job fails. */
static int take_results(struct walk *w, struct funnel *f, json_t **result, const char *what)
{
	int kept = 0;
	for (int i = 0; i < f->n; i++) {
		struct member *m = &f->member[i];
		if (!result[i] || geometry_coords_from_json(json_arr(result[i], "coords"), &m->geometry) < 0) {
			walk_warn(w, "conformer-failed", "Conformer %d was left out: %s failed.", m->id, what);
			geometry_release(&m->geometry);
			continue;
		}
		m->energy = json_num(result[i], "energy_hartree", 0);
		f->member[kept++] = *m;
	}
	f->n = kept;
	return kept ? 0 : walk_end_engine(w, what);
}

static void decref_all(json_t **r, int n)
{
	for (int i = 0; i < n; i++)
		json_decref(r[i]);
	free(r);
}

/* One engine run for each member; waits for all. */
static int run_members(struct walk *w, struct funnel *f, const char *stage, bool dft)
{
	int n = f->n, charge = (int)json_int(f->mol, "charge", 0), r;
	json_t **result = xcalloc((size_t)n, sizeof(*result));
	bool waits = false;
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *label = xasprintf("%s conformer %d", dft ? "optimise" : "rank", f->member[i].id);
		if (dft) {
			struct nwchem_calc c = { .task = NWCHEM_OPTIMISE, .level = w->preset->optimise,
						 .solvent = w->solvent, .geometry = &f->member[i].geometry,
						 .charge = charge };
			r = walk_ask_nwchem(w, stage, c, label, &result[i]);
		} else {
			struct xtb_calc c = { .geometry = &f->member[i].geometry, .solvent = w->solvent,
					      .charge = charge, .optimise = true };
			r = walk_ask_xtb(w, stage, c, label, &result[i]);
		}
		waits = waits || r == -EAGAIN;
	}
	r = waits ? -EAGAIN : take_results(w, f, result, dft ? "geometry optimisation" : "xTB optimisation");
	decref_all(result, n);
	return r;
}

static int by_energy(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	return x->energy < y->energy ? -1 : x->energy > y->energy;
}

static json_t *cluster_list(const struct funnel *f)
{
	json_t *a = json_array();
	for (int i = 0; i < f->n; i++)
		json_array_append_new(a, json_pack("{s:i,s:f,s:o}", "id", f->member[i].id, "energy_kcal",
						   round((f->member[i].energy - f->member[0].energy) *
							 KCAL_PER_HARTREE * 1e6) / 1e6,
						   "coords", geometry_coords_to_json(&f->member[i].geometry)));
	return a;
}

static void keep_clustered(struct funnel *f, const json_t *keep)
{
	int kept = 0;
	for (int i = 0; i < f->n; i++) {
		struct member m = f->member[i];
		const json_t *k = NULL;
		size_t j;
		json_t *e;
		json_array_foreach(keep, j, e)
			if (json_int(e, "id", -1) == m.id)
				k = e;
		if (k) {
			m.degeneracy = json_num(k, "degeneracy", 1);
			f->member[kept++] = m;
		} else
			geometry_release(&m.geometry);
	}
	f->n = kept;
}

static int nothing_left(struct walk *w, const json_t *dropped)
{
	const json_t *first = json_array_get(dropped, 0);
	_cleanup_free_ char *why = xasprintf("In %s the structure changed while its geometry was optimised: %s",
					     w->solvent->name, json_str(first, "text", "bonds were made or broken."));
	return walk_end(w, PIPELINE_FAILED, "The molecule does not keep its structure.", why,
			"Zwitterions are stable in water only: use \"solvent = D2O\", or draw the neutral form. "
			"Otherwise check the structure as drawn.");
}

/* Sorts, compares shapes, keeps the distinct ones with their degeneracy. */
static int cluster(struct walk *w, struct funnel *f, const char *stage)
{
	_cleanup_(buf_release) struct buf sdf = BUF_INIT;
	_cleanup_(buf_release) struct buf text = BUF_INIT;
	qsort(f->member, (size_t)f->n, sizeof(*f->member), by_energy);
	int r = read_mol_sdf(w, f, &sdf);
	if (r < 0)
		return r;
	_cleanup_json_ json_t *list = cluster_list(f);
	json_add_to(&text, list, false);
	const char *args[] = { "cluster", "--in", "mol.sdf", "--conformers", "list.json", "--numbers", "numbers.json",
			       NULL };
	struct plan plan;
	_cleanup_free_ char *label = xasprintf("%scompare conformers (%s)", w->who, stage);
	plan_program(&plan, w->lab, "mol", label, args);
	plan_add_file(&plan, "mol.sdf", sdf.s, sdf.len);
	plan_add_file(&plan, "list.json", text.s, text.len);
	buf_clear(&text);
	json_add_to(&text, json_arr(f->mol, "number"), false);
	plan_add_file(&plan, "numbers.json", text.s, text.len);
	plan_seal(&plan);
	_cleanup_json_ json_t *result = NULL;
	r = walk_ask(w, stage, &plan, &result);
	if (r < 0)
		return r == -EREMOTEIO ? walk_end_engine(w, "comparing conformers") : r;
	if (!json_flag(result, "ok", false))
		return walk_end_refusal(w, json_object_get(result, "refusal"));
	const json_t *dropped = json_arr(result, "dropped"), *d;
	size_t i;
	json_array_foreach(dropped, i, d)
		walk_warn(w, json_str(d, "code", "conformer-dropped"), "Conformer %lld was left out: %s",
			  json_int(d, "id", 0), json_str(d, "text", ""));
	keep_clustered(f, json_arr(result, "keep"));
	return f->n ? 0 : nothing_left(w, dropped);
}

/* Cuts by energy window, population and number; members are sorted. */
static void cut(struct walk *w, struct funnel *f, double window, double population, int max, const char *level)
{
	_cleanup_free_ double *e = xcalloc((size_t)f->n, sizeof(double));
	_cleanup_free_ double *g = xcalloc((size_t)f->n, sizeof(double));
	double lost = 0;
	for (int i = 0; i < f->n; i++) {
		e[i] = (f->member[i].energy - f->member[0].energy) * KCAL_PER_HARTREE;
		g[i] = f->member[i].degeneracy;
	}
	if (w->reference || str_eq(w->opt.value[OPTION_MODE], "single"))
		max = 1;
	int keep = ensemble_cut(e, g, f->n, window, population, max, w->temperature, &lost);
	bool capped = keep < f->n && keep == max && max > 1 && e[keep] <= window;
	if (capped)
		walk_warn(w, "conformers-capped",
			  "%d conformers lie within %.1f kcal/mol (%s); the lowest %d were taken. The others "
			  "hold about %.1f %% of the population.", f->n, window, level, keep, 100 * lost);
	for (int i = keep; i < f->n; i++)
		geometry_release(&f->member[i].geometry);
	f->n = keep;
	f->population_lost = lost;
}

static int most_conformers(const struct walk *w, int preset_max)
{
	long v = 0;
	if (str_to_long(w->opt.value[OPTION_MAX_CONFORMERS], &v) == 0)
		return (int)MIN((long)preset_max, v);
	return preset_max;
}

static int shield_level(struct walk *w, struct funnel *f, const struct level *level, json_t **result)
{
	bool waits = false;
	for (int i = 0; i < f->n; i++) {
		struct nwchem_calc c = { .task = NWCHEM_SHIELD, .level = level, .solvent = w->solvent,
					 .geometry = &f->member[i].geometry,
					 .charge = (int)json_int(f->mol, "charge", 0) };
		_cleanup_free_ char *label = xasprintf("shieldings of conformer %d, %s", f->member[i].id, level->text);
		int r = walk_ask_nwchem(w, "shield", c, label, &result[i]);
		if (r == -EAGAIN)
			waits = true;
		else if (r < 0)
			return walk_end_engine(w, label);
	}
	return waits ? -EAGAIN : 0;
}

static double *isotropic(const json_t *result, int natoms)
{
	double *v = xcalloc((size_t)natoms, sizeof(double));
	const json_t *a = json_arr(result, "isotropic");
	for (int i = 0; i < natoms; i++)
		v[i] = json_number_value(json_array_get(a, (size_t)i));
	return v;
}

static int shield(struct walk *w, struct funnel *f)
{
	const struct preset *p = w->preset;
	json_t **h = xcalloc((size_t)f->n, sizeof(*h)), **c = xcalloc((size_t)f->n, sizeof(*c));
	int r = shield_level(w, f, p->shield_h, h);
	if (r == 0 || r == -EAGAIN) {
		int r2 = p->shield_c == p->shield_h ? 0 : shield_level(w, f, p->shield_c, c);
		r = r2 < 0 ? r2 : r;
	}
	for (int i = 0; r == 0 && i < f->n; i++) {
		f->member[i].shield_h = isotropic(h[i], f->natoms);
		f->member[i].shield_c = isotropic(c[i] ? c[i] : h[i], f->natoms);
	}
	decref_all(h, f->n);
	decref_all(c, f->n);
	return r;
}

/* What the stages that are not reached yet will cost, for the estimate. */
static void add_future(struct walk *w, const struct funnel *f, bool optimised, int conformers_left)
{
	if (f->natoms == 0 || !f->mol)
		return;
	const json_t *elements = json_arr(f->mol, "elements");
	_cleanup_free_ int *z = xcalloc((size_t)f->natoms, sizeof(int));
	for (int i = 0; i < f->natoms; i++)
		z[i] = element_from_symbol(json_string_value(json_array_get(elements, (size_t)i)));
	const struct preset *p = w->preset;
	double each = 0;
	if (p->optimise && !optimised && !w->keep)
		each += cost_seconds("optimise", level_functions(p->optimise, z, f->natoms), f->natoms, 1);
	each += cost_seconds("shield", level_functions(p->shield_h, z, f->natoms), f->natoms, 1);
	if (p->shield_c != p->shield_h)
		each += cost_seconds("shield", level_functions(p->shield_c, z, f->natoms), f->natoms, 1);
	w->p->cost_left += each * conformers_left;
}

int walk_molecule(struct walk *w, const char *record, struct funnel *f)
{
	const struct preset *p = w->preset;
	int r = prepare(w, record, f);
	if (r < 0)
		return r;
	if (!json_flag(f->mol, "ok", false))
		return walk_end_refusal(w, json_object_get(f->mol, "refusal"));
	r = check_elements(w, f);
	if (r == 0)
		r = check_zwitterion(w, f);
	if (r == 0 && !w->reference)
		r = split_isomers(w, f);
	if (r == 0)
		r = conformers(w, f);
	if (r == -EAGAIN)
		add_future(w, f, false, 2);
	if (r < 0)
		return r;
	if (w->keep && !w->reference)
		return shield(w, f);
	r = run_members(w, f, "rank", false);
	if (r == 0)
		r = cluster(w, f, "rank");
	if (r == -EAGAIN)
		add_future(w, f, false, MIN(f->n, 3));
	if (r < 0)
		return r;
	if (p->optimise) {
		cut(w, f, p->window_xtb, 0, most_conformers(w, p->conformers_dft_max), "GFN2-xTB");
		r = run_members(w, f, "optimise", true);
		if (r == 0)
			r = cluster(w, f, "optimise");
		if (r == -EAGAIN)
			add_future(w, f, true, f->n);
		if (r < 0)
			return r;
	}
	cut(w, f, p->window_dft, p->population, most_conformers(w, p->conformers_dft_max),
	    p->optimise ? p->optimise->text : "GFN2-xTB");
	return shield(w, f);
}
