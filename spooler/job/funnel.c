/* The funnel: search, rank, screen, optimise, shield. Each stage reads the results of
 * the one before and asks for its own. Energies of one level decide at each stage;
 * weights come from the last one alone. What is left out, and how much of the population
 * goes with it, is noted stage by stage. Never logs. */
#include "job/walk.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/file.h"

/* ---- notes */

static json_t *real_or_null(double v) { return v > 0 ? json_real(v) : json_null(); }

void funnel_note(struct funnel *f, const struct funnel_stage *s)
{
	if (!f->stages)
		f->stages = json_array();
	json_array_append_new(f->stages, json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:o,s:f,s:f}", "stage", s->stage, "level",
						   s->level ? s->level : "", "in", s->seen, "failed", s->failed, "changed",
						   s->changed, "merged", s->merged, "cut", s->cut, "out", s->left,
						   "window_kcal", real_or_null(s->window), "population_lost",
						   round(s->lost * 1e4) / 1e4, "number_lost",
						   round(s->number_lost * 1e4) / 1e4));
}

/* What is known of the stage under way. */
static struct funnel_stage begin(const struct funnel *f, const char *stage, const char *level)
{
	return (struct funnel_stage){ .stage = stage, .level = level, .seen = f->n };
}

int walk_read_mol(struct walk *w, const struct funnel *f, struct buf *b)
{
	_cleanup_free_ char *path = xasprintf("%s/mol.sdf", f->mol_dir);
	return walk_read_input(w, path, b);
}

/* ---- one run for each member */

struct outcome { json_t *result; char *why, *detail; enum cause cause; };

static void outcomes_free(struct outcome *o, int n)
{
	for (int i = 0; i < n; i++) {
		json_decref(o[i].result);
		free(o[i].why);
		free(o[i].detail);
	}
	free(o);
}

/* Energies of the latest stage, free ones where they are known, kcal/mol. */
static double energy_of(const struct member *m, const struct member *zero)
{
	return (m->energy + m->gibbs - zero->energy - zero->gibbs) * KCAL_PER_HARTREE;
}

/* Populations by what is known so far: by number before there are energies. */
static double *populations(const struct walk *w, const struct funnel *f)
{
	double *p = xcalloc((size_t)MAX(f->n, 1), sizeof(double));
	_cleanup_free_ double *e = xcalloc((size_t)MAX(f->n, 1), sizeof(double));
	_cleanup_free_ double *g = xcalloc((size_t)MAX(f->n, 1), sizeof(double));
	for (int i = 0; i < f->n; i++) {
		e[i] = f->ranked ? energy_of(&f->member[i], &f->member[0]) : 0;
		g[i] = f->member[i].degeneracy;
	}
	if (f->n)
		ensemble_populations(e, g, f->n, w->temperature, p);
	return p;
}

static void drop_member(struct funnel *f, int i)
{
	geometry_release(&f->member[i].geometry);
	free(f->member[i].shield_h);
	free(f->member[i].shield_c);
	memmove(&f->member[i], &f->member[i + 1], (size_t)(f->n - i - 1) * sizeof(*f->member));
	f->n--;
}

/* Too much of the ensemble is lost: the job fails, with the words of the last failure. */
static int too_few_left(struct walk *w, const char *what, double left, double least)
{
	walk_end_engine(w, what);
	if (left <= 0)
		return -ECANCELED;
	struct pipeline *p = w->p;
	char *why = xasprintf("%s The other conformers hold %.0f %% of the population, and at least %.0f %% are asked for.", p->why ? p->why : "", 100 * left, 100 * least);
	char *remedy = xasprintf("%s To have the result of the others, drop it again with \"population_min = %.2g\".",
				 p->remedy ? p->remedy : "", floor(left * 100) / 100);
	free(p->why);
	free(p->remedy);
	p->why = why;
	p->remedy = left >= 0.01 ? remedy : (free(remedy), xstrdup(""));
	return -ECANCELED;
}

static double population_min(const struct walk *w)
{
	double least = 0.9;
	str_to_double(w->opt.value[OPTION_POPULATION_MIN], &least);
	return least;
}

/* What failed so far. lost: its population, by number before there are energies. */
struct failures { int n, of; double lost; const struct outcome *first; };

static struct failures count_failures(const struct walk *w, const struct funnel *f, const struct outcome *o)
{
	_cleanup_free_ double *p = populations(w, f);
	struct failures x = { .of = f->n };
	for (int i = f->n - 1; i >= 0; i--)
		if (o[i].why) {
			x.n++;
			x.lost += f->ranked ? p[i] : 1.0 / f->n;
			x.first = &o[i];
		}
	return x;
}

/* Is it too much, whatever becomes of those that still run? Before there are energies nobody
 * knows what a geometry weighs, and many are the same: then only if all failed. */
static bool is_too_much(const struct walk *w, const struct funnel *f, const struct failures *x)
{
	double left = (1 - f->failed_population) * (1 - x->lost);
	return x->n == x->of || (x->n && (w->reference || (f->ranked && left < population_min(w))));
}

#define FAILURES_TOLD 3  /* one by one */

/* Leaves out members that failed for good, with the cause, as long as enough is left. */
static int drop_failed(struct walk *w, struct funnel *f, const struct outcome *o, const char *what, struct funnel_stage *s)
{
	_cleanup_free_ double *p = populations(w, f);
	struct failures x = count_failures(w, f, o);
	double least = population_min(w), left = (1 - f->failed_population) * (1 - x.lost);
	bool many = !f->ranked && x.n > FAILURES_TOLD;
	int n = f->n;
	if (is_too_much(w, f, &x)) {
		/* In between others may have failed on the way up their ladders. */
		char *detail = x.first->detail ? xstrdup(x.first->detail) : NULL;
		free(w->detail);
		w->detail = detail;
		w->cause = x.first->cause;
		return too_few_left(w, what, x.n == n ? 0 : left, least);
	}
	if (f->ranked)
		f->failed_population = 1 - left;
	if (many)
		walk_warn(w, "conformer-failed", "%d of %d conformers were left out: %s failed. %s Important ones may be among them.",
			  x.n, n, what, x.first->why);
	for (int i = f->n - 1; i >= 0; i--) {
		if (!o[i].why)
			continue;
		if (f->ranked)
			walk_warn(w, "conformer-failed", "Conformer %d was left out: %s failed. %s It held about %.0f %% of the population.",
				  f->member[i].id, what, o[i].why, 100 * p[i]);
		else if (!many)
			walk_warn(w, "conformer-failed", "Conformer %d of %d was left out: %s failed. %s", f->member[i].id, n, what,
				  o[i].why);
		drop_member(f, i);
	}
	s->failed += x.n;
	*(f->ranked ? &s->lost : &s->number_lost) += x.lost;
	return 0;
}

/* What is asked for member i; as walk_ask(). */
typedef int (*ask_fn)(struct walk *w, const struct funnel *f, int i, const void *arg, json_t **ret_result);

static void say_how_many(struct walk *w, const struct outcome *o, int n)
{
	int done = 0, failed = 0;
	for (int i = 0; i < n; i++) {
		done += o[i].result != NULL;
		failed += o[i].why != NULL;
	}
	free(w->p->summary);
	w->p->summary = failed ? xasprintf("%d of %d conformers done, %d failed", done, n, failed)
			       : xasprintf("%d of %d conformers done", done, n);
}

/* One run each, all asked for at once; *ret_o has f->n outcomes when it returns 0. what and s:
 * for the end of the job, once too many have failed; NULL: never. */
static int run_members(struct walk *w, struct funnel *f, ask_fn ask, const void *arg, const char *what,
		       struct funnel_stage *s, struct outcome **ret_o)
{
	struct outcome *o = xcalloc((size_t)f->n, sizeof(*o));
	bool waits = false;
	for (int i = 0; i < f->n; i++) {
		int r = ask(w, f, i, arg, &o[i].result);
		waits = waits || r == -EAGAIN;
		if (r != -EREMOTEIO)
			continue;
		bool said = w->detail && *w->detail;
		o[i].why = said ? xasprintf("%s (%s)", cause_sentence(w->cause), w->detail) : xstrdup(cause_sentence(w->cause));
		o[i].detail = said ? xstrdup(w->detail) : NULL;
		o[i].cause = w->cause;
	}
	if (!waits) {
		*ret_o = o;
		return 0;
	}
	if (f->n > 1 && !w->reference)
		say_how_many(w, o, f->n);
	struct failures x = count_failures(w, f, o);
	int n = f->n, r = what && is_too_much(w, f, &x) ? drop_failed(w, f, o, what, s) : -EAGAIN;
	outcomes_free(o, n);
	return r;
}

/* Failures are judged by the energies of the stage before: the new ones come after. */
static int run_stage(struct walk *w, struct funnel *f, ask_fn ask, const char *what, bool coords, struct funnel_stage *s)
{
	struct outcome *o;
	int n = f->n, r = run_members(w, f, ask, NULL, what, s, &o);
	if (r < 0)
		return r;
	for (int i = 0; i < n; i++) {
		struct member *m = &f->member[i];
		if (!o[i].why && coords && geometry_coords_from_json(json_arr(o[i].result, "coords"), &m->geometry) < 0) {
			o[i].why = xstrdup("Its result has no geometry.");
			o[i].cause = CAUSE_OTHER;
		}
		m->fresh = json_num(o[i].result, "energy_hartree", 0);
	}
	r = drop_failed(w, f, o, what, s);
	_cleanup_free_ double *before = populations(w, f);
	for (int i = 0; r == 0 && i < f->n; i++) {
		f->member[i].weight = f->ranked ? before[i] : 0;
		f->member[i].energy = f->member[i].fresh;
	}
	f->ranked = f->ranked || r == 0;
	outcomes_free(o, n);
	return r;
}

static int charge_of(const struct funnel *f) { return (int)json_int(f->mol, "charge", 0); }

static int ask_rank(struct walk *w, const struct funnel *f, int i, _unused_ const void *arg, json_t **ret_result)
{
	struct xtb_calc c = { .task = XTB_OPTIMISE, .geometry = &f->member[i].geometry, .solvent = w->solvent,
			      .charge = charge_of(f) };
	_cleanup_free_ char *label = xasprintf("rank conformer %d", f->member[i].id);
	return walk_ask_xtb(w, "rank", c, label, NULL, ret_result);
}

static int ask_hessian(struct walk *w, const struct funnel *f, int i, _unused_ const void *arg, json_t **ret_result)
{
	struct xtb_calc c = { .task = XTB_HESSIAN, .geometry = &f->member[i].geometry, .solvent = w->solvent,
			      .charge = charge_of(f) };
	_cleanup_free_ char *label = xasprintf("xTB Hessian of conformer %d", f->member[i].id);
	return walk_ask_xtb(w, "optimise", c, label, f->member[i].hessian_key, ret_result);
}

static int ask_thermo(struct walk *w, const struct funnel *f, int i, _unused_ const void *arg, json_t **ret_result)
{
	struct xtb_calc c = { .task = XTB_THERMO, .geometry = &f->member[i].geometry, .solvent = w->solvent,
			      .charge = charge_of(f), .temperature = w->temperature };
	_cleanup_free_ char *label = xasprintf("free energy of conformer %d", f->member[i].id);
	return walk_ask_xtb(w, "thermo", c, label, NULL, ret_result);
}

static int ask_screen(struct walk *w, const struct funnel *f, int i, _unused_ const void *arg, json_t **ret_result)
{
	struct nwchem_calc c = { .task = NWCHEM_ENERGY, .level = w->preset->screen, .solvent = w->solvent,
				 .geometry = &f->member[i].geometry, .charge = charge_of(f) };
	_cleanup_free_ char *label = xasprintf("energy of conformer %d, %s", f->member[i].id, c.level->text);
	struct walk_start start = { .ret_key = f->member[i].screen_key };
	return walk_ask_nwchem(w, "screen", c, label, &start, ret_result);
}

static int ask_optimise(struct walk *w, const struct funnel *f, int i, _unused_ const void *arg, json_t **ret_result)
{
	const struct member *m = &f->member[i];
	struct nwchem_calc c = { .task = NWCHEM_OPTIMISE, .level = w->preset->optimise, .solvent = w->solvent,
				 .geometry = &m->geometry, .charge = charge_of(f) };
	_cleanup_free_ char *label = xasprintf("optimise conformer %d", m->id);
	struct walk_start start = { .hessian = *m->hessian_key ? m->hessian_key : NULL };
	/* Orbitals fit the basis that they were made in. */
	if (w->preset->screen == w->preset->optimise && *m->screen_key)
		start.orbitals = m->screen_key;
	return walk_ask_nwchem(w, "optimise", c, label, &start, ret_result);
}

/* ---- the same shape */

static int by_energy(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	double e = energy_of(x, y);
	return e < 0 ? -1 : e > 0 ? 1 : x->id - y->id;
}

static void sort_members(struct funnel *f) { qsort(f->member, (size_t)f->n, sizeof(*f->member), by_energy); }

static json_t *cluster_list(const struct funnel *f)
{
	json_t *a = json_array();
	for (int i = 0; i < f->n; i++)
		json_array_append_new(a, json_pack("{s:i,s:f,s:o}", "id", f->member[i].id, "energy_kcal",
						   round(energy_of(&f->member[i], &f->member[0]) * 1e6) / 1e6,
						   "coords", geometry_coords_to_json(&f->member[i].geometry)));
	return a;
}

static const json_t *entry_of(const json_t *list, int id)
{
	json_t *e;
	size_t i;
	json_array_foreach((json_t *)list, i, e)
		if (json_int(e, "id", -1) == id)
			return e;
	return NULL;
}

static void keep_clustered(struct funnel *f, const json_t *keep)
{
	for (int i = f->n - 1; i >= 0; i--) {
		const json_t *k = entry_of(keep, f->member[i].id);
		if (k) {
			f->member[i].degeneracy = json_num(k, "degeneracy", 1);
			/* With atoms in the places that they have in the other conformers. */
			if (json_arr(k, "coords"))
				geometry_coords_from_json(json_arr(k, "coords"), &f->member[i].geometry);
		}
		else
			drop_member(f, i);
	}
}

static int nothing_left(struct walk *w, const json_t *dropped)
{
	const json_t *first = json_array_get(dropped, 0);
	_cleanup_free_ char *why = xasprintf("In %s the structure changed while its geometry was optimised: %s",
					     w->solvent->name, json_str(first, "text", "bonds were made or broken."));
	return walk_end(w, PIPELINE_FAILED, "The molecule does not keep its structure.", why,
			"Zwitterions are computed in protic solvents only: use \"solvent = D2O\" or \"solvent = CD3OD\", "
			"or draw the neutral form. Otherwise check the structure as drawn.");
}

static int ask_cluster(struct walk *w, struct funnel *f, const char *stage, json_t **ret_result)
{
	_cleanup_(buf_release) struct buf sdf = BUF_INIT;
	_cleanup_(buf_release) struct buf text = BUF_INIT;
	int r = walk_read_mol(w, f, &sdf);
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
	r = walk_ask(w, stage, &plan, ret_result);
	return r == -EREMOTEIO ? walk_end_engine(w, "comparing conformers") : r;
}

static const struct member *member_of(const struct funnel *f, long long id)
{
	for (int i = 0; i < f->n; i++)
		if (f->member[i].id == id)
			return &f->member[i];
	return NULL;
}

/* Changed conformers are lost like those that could not be computed: by their share of the
 * stage before. Before there are energies nobody knows it, and their new ones are those of
 * something else. */
static double say_changed(struct walk *w, const struct funnel *f, const json_t *dropped)
{
	double lost = 0;
	const json_t *d;
	size_t i;
	json_array_foreach(dropped, i, d) {
		const struct member *m = member_of(f, json_int(d, "id", 0));
		_cleanup_free_ char *held = m && m->weight > 0 ? xasprintf(" It held about %.0f %% of the population.", 100 * m->weight) : NULL;
		walk_warn(w, json_str(d, "code", "conformer-dropped"), "Conformer %lld was left out: %s%s", json_int(d, "id", 0),
			  json_str(d, "text", ""), held ? held : "");
		lost += m ? m->weight : 0;
	}
	return lost;
}

/* The lowest of all is none of the molecule as drawn. f is sorted still. */
static void warn_of_lower(struct walk *w, const struct funnel *f, const struct funnel_stage *s, const json_t *keep, const json_t *dropped)
{
	if (!f->n || !entry_of(dropped, f->member[0].id))
		return;
	for (int i = 1; i < f->n; i++) {
		if (!entry_of(keep, f->member[i].id))
			continue;
		double below = energy_of(&f->member[i], &f->member[0]);
		if (below >= 0.05)
			walk_warn(w, "other-form-lower", "At %s conformer %d, which is no longer the molecule as drawn, lies %.1f kcal/mol below "
				  "the lowest that is: in %s the molecule may have that other form. Draw that one, too, and compare.", s->level,
				  f->member[0].id, below, w->solvent->name);
		return;
	}
}

static int too_many_changed(struct walk *w, const json_t *dropped, double left, double least)
{
	_cleanup_free_ char *why = xasprintf("In %s the structure of conformers changed while their geometry was optimised: %s "
					     "The others hold %.0f %% of the population, and at least %.0f %% are asked for.",
					     w->solvent->name, json_str(json_array_get(dropped, 0), "text", ""), 100 * left, 100 * least);
	_cleanup_free_ char *remedy = xasprintf("Check the structure as drawn. To have the result of the others, drop it again with "
						"\"population_min = %.2g\".", floor(left * 100) / 100);
	return walk_end(w, PIPELINE_FAILED, "The molecule does not keep its structure.", why, remedy);
}

/* Sorts, compares shapes, keeps the distinct ones with their degeneracy. */
static int cluster(struct walk *w, struct funnel *f, struct funnel_stage *s)
{
	_cleanup_json_ json_t *result = NULL;
	sort_members(f);
	int before = f->n, r = ask_cluster(w, f, s->stage, &result);
	if (r < 0)
		return r;
	if (!json_flag(result, "ok", false))
		return walk_end_refusal(w, json_object_get(result, "refusal"));
	const json_t *dropped = json_arr(result, "dropped"), *keep = json_arr(result, "keep");
	double lost = say_changed(w, f, dropped), least = population_min(w);
	warn_of_lower(w, f, s, keep, dropped);
	keep_clustered(f, keep);
	s->changed = (int)json_array_size(dropped);
	s->merged = before - s->changed - f->n;
	s->lost += lost;
	f->failed_population += (1 - f->failed_population) * lost;
	if (!f->n)
		return nothing_left(w, dropped);
	double left = 1 - f->failed_population;
	return lost > 0 && left < least ? too_many_changed(w, dropped, left, least) : 0;
}

/* ---- cuts */

/* By energy window, population and number, best first; ends the stage's note. */
static void cut(struct walk *w, struct funnel *f, double window, double population, int max, struct funnel_stage *s)
{
	_cleanup_free_ double *e = xcalloc((size_t)f->n, sizeof(double));
	_cleanup_free_ double *g = xcalloc((size_t)f->n, sizeof(double));
	double lost = 0;
	bool single = w->reference || str_eq(w->opt.value[OPTION_MODE], "single");
	sort_members(f);
	for (int i = 0; i < f->n; i++) {
		e[i] = energy_of(&f->member[i], &f->member[0]);
		g[i] = f->member[i].degeneracy;
	}
	int keep = ensemble_cut(e, g, f->n, window, population, single ? 1 : max, w->temperature, &lost);
	int within = 0;
	while (within < f->n && e[within] <= window)
		within++;
	if (!single && keep < f->n && keep == max && e[keep] <= window)
		walk_warn(w, "conformers-capped",
			  "%d conformers lie within %.1f kcal/mol (%s); the lowest %d were taken. The others "
			  "hold about %.1f %% of the population. More are computed with \"max_conformers = %d\".", within, window, s->level,
			  keep, 100 * lost, MIN(within, 500));
	if (single && !w->reference && within > 1 && lost > 0.05)
		walk_warn(w, "single-conformer",
			  "%d conformers lie within %.1f kcal/mol (%s), and the lowest alone was computed (mode = single). It holds "
			  "about %.0f %% of the population; what is measured is the average of all (mode = ensemble).", within, window,
			  s->level, 100 * (1 - lost));
	s->cut = f->n - keep;
	while (f->n > keep)
		drop_member(f, f->n - 1);
	s->window = window;
	s->lost += lost;
	s->left = f->n;
	funnel_note(f, s);
}

int funnel_most(const struct walk *w, int preset_max)
{
	long v = 0;
	return !w->reference && str_to_long(w->opt.value[OPTION_MAX_CONFORMERS], &v) == 0 ? (int)v : preset_max;
}

/* ---- shieldings */

static int ask_shield(struct walk *w, const struct funnel *f, int i, const void *arg, json_t **ret_result)
{
	const struct level *level = arg;
	struct nwchem_calc c = { .task = NWCHEM_SHIELD, .level = level, .solvent = w->solvent,
				 .geometry = &f->member[i].geometry, .charge = charge_of(f) };
	_cleanup_free_ char *label = xasprintf("shieldings of conformer %d, %s", f->member[i].id, level->text);
	return walk_ask_nwchem(w, "shield", c, label, NULL, ret_result);
}

static double *isotropic(const json_t *result, int natoms)
{
	double *v = xcalloc((size_t)natoms, sizeof(double));
	const json_t *a = json_arr(result, "isotropic");
	for (int i = 0; i < natoms; i++)
		v[i] = json_number_value(json_array_get(a, (size_t)i));
	return v;
}

/* A member whose run at one of the levels failed has failed. */
static void join_outcomes(struct outcome *h, struct outcome *c, int n)
{
	for (int i = 0; i < n; i++)
		if (!h[i].why && c[i].why) {
			h[i].why = c[i].why;
			c[i].why = NULL;
		}
}

static int shield(struct walk *w, struct funnel *f)
{
	const struct preset *p = w->preset;
	static const char what[] = "the shielding calculation";
	struct outcome *h = NULL, *c = NULL;
	_cleanup_free_ char *both = p->shield_c == p->shield_h ? xstrdup(p->shield_c->text)
							       : xasprintf("%s (1H), %s (13C)", p->shield_h->text, p->shield_c->text);
	struct funnel_stage s = begin(f, "shield", both);
	int n = f->n, r = run_members(w, f, ask_shield, p->shield_h, what, &s, &h);
	int r2 = p->shield_c == p->shield_h || r == -ECANCELED ? 0 : run_members(w, f, ask_shield, p->shield_c, what, &s, &c);
	if (r == 0 && r2 == 0) {
		if (c)
			join_outcomes(h, c, n);
		for (int i = 0; i < n; i++) {
			if (h[i].why)
				continue;
			f->member[i].shield_h = isotropic(h[i].result, f->natoms);
			f->member[i].shield_c = isotropic(c ? c[i].result : h[i].result, f->natoms);
		}
		r = drop_failed(w, f, h, what, &s);
		s.left = f->n;
		if (r == 0)
			funnel_note(f, &s);
	} else
		r = r == -ECANCELED || r2 == 0 ? r : r2;
	if (h)
		outcomes_free(h, n);
	if (c)
		outcomes_free(c, n);
	return r;
}

/* ---- the stages */

static const char *xtb_text(const struct walk *w) { return w->solvent->alpb ? "GFN2-xTB (ALPB)" : "GFN2-xTB"; }

int funnel_screened_most(const struct walk *w)
{
	int most = funnel_most(w, w->preset->conformers_dft_max);
	return w->preset->screen ? MAX(w->preset->conformers_screen_max, most) : most;
}

static int rank_stage(struct walk *w, struct funnel *f)
{
	struct funnel_stage s = begin(f, "rank", xtb_text(w));
	int r = run_stage(w, f, ask_rank, "the xTB optimisation", true, &s);
	if (r == 0)
		r = cluster(w, f, &s);
	if (r == 0)
		cut(w, f, w->preset->window_xtb, 0, funnel_screened_most(w), &s);
	return r;
}

/* Several conformers: single points tell better than xTB which are worth the rest. */
static int screen_stage(struct walk *w, struct funnel *f)
{
	const struct preset *p = w->preset;
	if (!p->screen || f->n < 2)
		return 0;
	struct funnel_stage s = begin(f, "screen", p->screen->text);
	int r = run_stage(w, f, ask_screen, "the energy calculation", false, &s);
	f->screened = r == 0;
	if (r == 0)
		cut(w, f, p->window_screen, 0, funnel_most(w, p->conformers_dft_max), &s);
	return r;
}

/* Hessians are only a help: without one the optimiser guesses. */
static int hessians(struct walk *w, struct funnel *f)
{
	struct outcome *o;
	int r = run_members(w, f, ask_hessian, NULL, NULL, NULL, &o);
	if (r < 0)
		return r;
	for (int i = 0; i < f->n; i++)
		if (o[i].why)
			*f->member[i].hessian_key = '\0';
	outcomes_free(o, f->n);
	return 0;
}

static int optimise_stage(struct walk *w, struct funnel *f, struct funnel_stage *s)
{
	int r = hessians(w, f);
	f->optimising = r == 0;
	if (r == 0)
		r = run_stage(w, f, ask_optimise, "the geometry optimisation", true, s);
	return r == 0 ? cluster(w, f, s) : r;
}

/* Free energies: the last energies plus G_mRRHO of GFN2 at these geometries. One that
 * cannot be had fails its conformer: energies of two kinds must not be mixed. */
static int thermo_stage(struct walk *w, struct funnel *f, struct funnel_stage *s)
{
	struct outcome *o;
	if (w->reference || f->n < 2 || !str_eq(w->opt.value[OPTION_FREE_ENERGY], "yes"))
		return 0;
	static const char what[] = "the free energy";
	int n = f->n, r = run_members(w, f, ask_thermo, NULL, what, s, &o);
	if (r < 0)
		return r;
	for (int i = 0; i < n; i++)
		f->member[i].fresh = json_num(o[i].result, "gibbs_hartree", 0);
	r = drop_failed(w, f, o, what, s);
	for (int i = 0; r == 0 && i < f->n; i++)
		f->member[i].gibbs = f->member[i].fresh;
	outcomes_free(o, n);
	return r;
}

/* The level that the weights come from, and the last cut. */
static int weigh_stage(struct walk *w, struct funnel *f)
{
	const struct preset *p = w->preset;
	const char *level = p->optimise ? p->optimise->text : f->screened ? p->screen->text : xtb_text(w);
	_cleanup_free_ char *text = xasprintf("%s + G(GFN2-xTB)", level);
	struct funnel_stage s = begin(f, p->optimise ? "optimise" : "weigh", level);
	f->weights = level;
	int r = p->optimise ? optimise_stage(w, f, &s) : 0;
	if (r == 0)
		r = thermo_stage(w, f, &s);
	if (r == 0 && f->n && f->member[0].gibbs != 0)
		s.level = text;
	if (r == 0)
		cut(w, f, p->window_dft, p->population, funnel_most(w, p->conformers_dft_max), &s);
	return r;
}

/* ---- what the stages that are not reached yet will cost, for the estimate */

enum reached { AT_SEARCH, AT_RANK, AT_SCREEN, AT_WEIGH, AT_SHIELD };

/* Before the conformers are known: about as many as a molecule this flexible has. */
static int guess_conformers(const struct walk *w, const struct funnel *f)
{
	int rotatable = (int)json_int(f->mol, "rotatable", 0);
	bool one = w->reference || w->keep || str_eq(w->opt.value[OPTION_MODE], "single");
	return one ? 1 : 1 + 2 * rotatable;
}

static void add_future(struct walk *w, const struct funnel *f, enum reached at)
{
	if (f->natoms == 0 || !f->mol)
		return;
	const json_t *elements = json_arr(f->mol, "elements");
	const struct preset *p = w->preset;
	_cleanup_free_ int *z = xcalloc((size_t)f->natoms, sizeof(int));
	for (int i = 0; i < f->natoms; i++)
		z[i] = element_from_symbol(json_string_value(json_array_get(elements, (size_t)i)));
	int n = at <= AT_RANK ? guess_conformers(w, f) : f->n;
	int after = MIN(n, w->keep && !w->reference ? n : funnel_most(w, p->conformers_dft_max));
	double screen = p->screen ? walk_cost(w, "screen", level_functions(p->screen, z, f->natoms), f->natoms) : 0;
	double optimise = p->optimise ? walk_cost(w, "optimise", level_functions(p->optimise, z, f->natoms), f->natoms) : 0;
	double shielding = walk_cost(w, "shield", level_functions(p->shield_h, z, f->natoms), f->natoms);
	if (p->shield_c != p->shield_h)
		shielding += walk_cost(w, "shield", level_functions(p->shield_c, z, f->natoms), f->natoms);
	bool kept = w->keep && !w->reference;
	double left = at < AT_SHIELD ? after * shielding : 0;
	if (!kept && (at < AT_WEIGH || (at == AT_WEIGH && !f->optimising)))
		left += after * optimise;
	if (!kept && at < AT_SCREEN && n > 1)
		left += MIN(n, funnel_screened_most(w)) * screen;
	w->p->cost_left += left;
}

int walk_molecule(struct walk *w, const char *record, struct funnel *f)
{
	static int (*const stages[])(struct walk *, struct funnel *) = {
		[AT_SEARCH] = walk_search, [AT_RANK] = rank_stage, [AT_SCREEN] = screen_stage, [AT_WEIGH] = weigh_stage,
		[AT_SHIELD] = shield,
	};
	int r = walk_prepare(w, record, f);
	bool kept = w->keep && !w->reference;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(stages); i++) {
		if (kept && i != AT_SEARCH && i != AT_SHIELD)
			continue;
		r = stages[i](w, f);
		if (r == -EAGAIN)
			add_future(w, f, (enum reached)i);
	}
	return r;
}
