/* The search for conformers: RDKit's, CREST's, or the file's own geometry.
 *
 * "auto" takes RDKit for molecules of few rotatable bonds, where its sampling costs seconds
 * and mostly finds all that is low; and CREST beyond that, or where much of what RDKit finds
 * is new (long chains, polyols, large rings), if it is installed. CREST starts from
 * RDKit's lowest conformer. Its geometries go on like RDKit's: both are optimised by the
 * same xTB with the same thresholds, so that energies can be compared. Never logs. */
#include "job/walk.h"

#include <errno.h>
#include <string.h>

#define SEED "42"
/* Rotatable bonds up to which RDKit alone is enough for "auto"; beyond it, at least so many
 * conformers are taken of CREST's. */
#define RDKIT_ENOUGH 8
#define FLOPPY_LEAST 200

static void set_members(struct funnel *f, int n)
{
	f->member = xcalloc((size_t)MAX(n, 1), sizeof(*f->member));
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

static void add_members(struct funnel *f, const json_t *list)
{
	const json_t *c;
	size_t i;
	set_members(f, (int)json_array_size(list));
	json_array_foreach(list, i, c)
		add_member(f, (int)json_int(c, "id", (long long)i + 1), json_arr(c, "coords"));
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

/* max_conformers says how many are computed at the end, not how well is searched: fewer would
 * be drawn at random. */
static int most_found(const struct walk *w)
{
	long v = 0;
	int most = w->preset->conformers_max;
	if (w->reference || str_to_long(w->opt.value[OPTION_MAX_CONFORMERS], &v) < 0)
		return most;
	return (int)MAX((long)most, v);
}

/* ---- RDKit */

static int ask_rdkit(struct walk *w, struct funnel *f, json_t **ret_list)
{
	_cleanup_(buf_release) struct buf sdf = BUF_INIT;
	int r = walk_read_mol(w, f, &sdf);
	if (r < 0)
		return r;
	_cleanup_free_ char *most = xasprintf("%d", most_found(w));
	const char *args[] = { "conformers", "--in", "mol.sdf", "--max", most, "--seed", SEED, NULL };
	struct plan plan;
	_cleanup_free_ char *label = xasprintf("%ssearch conformers", w->who);
	plan_program(&plan, w->lab, "mol", label, args);
	plan_add_file(&plan, "mol.sdf", sdf.s, sdf.len);
	plan_seal(&plan);
	r = walk_ask(w, "conformers", &plan, ret_list);
	if (r == -EREMOTEIO)
		return walk_end_engine(w, "searching conformers");
	if (r < 0)
		return r;
	return json_flag(*ret_list, "ok", false) ? 0 : walk_end_refusal(w, json_object_get(*ret_list, "refusal"));
}

/* How well RDKit searched: geometries of the molecule within the window, and conformers that
 * only one of them is. once / made estimates how likely one more geometry would be a new
 * conformer (I. J. Good, Biometrika 1953, 40, 237). */
struct sampling {
	int made, once;
};

static int rdkit(struct walk *w, struct funnel *f, struct sampling *ret)
{
	_cleanup_json_ json_t *list = NULL;
	const json_t *c;
	size_t i;
	int r = ask_rdkit(w, f, &list);
	if (r < 0)
		return r;
	add_members(f, json_arr(list, "conformers"));
	json_array_foreach(json_arr(list, "warnings"), i, c)
		walk_warn(w, json_str(c, "code", "conformers"), "%s", json_str(c, "text", ""));
	_cleanup_free_ char *text = xasprintf("RDKit (%s)", json_str(list, "method", "ETKDGv3"));
	struct funnel_stage s = { .stage = "conformers", .level = text, .seen = (int)json_int(list, "generated", f->n), .left = f->n,
				  .changed = (int)json_int(list, "other", 0), .cut = (int)json_int(list, "beyond", 0),
				  .window = json_num(list, "window", 0) };
	s.merged = MAX(s.seen - s.changed - s.cut - s.left, 0);
	*ret = (struct sampling){ .made = s.left + s.merged, .once = (int)json_int(list, "once", 0) };
	funnel_note(f, &s);
	return f->n ? 0 : walk_end(w, PIPELINE_FAILED, "No conformer could be made.",
				   "The embedder found no three-dimensional shape for this structure.",
				   "Check the structure; or give a file with 3D coordinates and \"geometry = keep\".");
}

/* ---- CREST */

static int ask_crest(struct walk *w, struct funnel *f, json_t **ret_result)
{
	struct crest_calc c = { .geometry = &f->member[0].geometry, .solvent = w->solvent,
				.charge = (int)json_int(f->mol, "charge", 0), .window_kcal = w->preset->window_xtb };
	int most = most_found(w);
	if (json_int(f->mol, "rotatable", 0) > RDKIT_ENOUGH)
		most = MAX(most, FLOPPY_LEAST);
	struct plan plan;
	plan_crest(&plan, w->lab, &c, most, "search conformers with CREST");
	return walk_ask(w, "conformers", &plan, ret_result);
}

/* CREST's list has symmetric saddle points, where an optimisation from exactly there would
 * stay: each atom is moved a little, the same way each time. */
#define JIGGLE_A 0.08

static void jiggle(struct geometry *g)
{
	uint32_t seed = 20110;
	for (int i = 0; i < g->natoms; i++)
		for (int k = 0; k < 3; k++) {
			seed = seed * 1664525u + 1013904223u;
			g->xyz[i][k] += JIGGLE_A * (2.0 * (double)seed / 4294967295.0 - 1);
		}
}

static void take_crest(struct walk *w, struct funnel *f, const json_t *result)
{
	int found = (int)json_int(result, "found", 0);
	for (int i = 0; i < f->n; i++)
		geometry_release(&f->member[i].geometry);
	free(f->member);
	json_array_clear(f->stages);
	add_members(f, json_arr(result, "conformers"));
	for (int i = 0; i < f->n; i++)
		jiggle(&f->member[i].geometry);
	if (found > f->n)
		walk_warn(w, "conformers-capped", "CREST found %d conformers within %.1f kcal/mol; the lowest %d were taken.",
			  found, w->preset->window_xtb, f->n);
	_cleanup_free_ char *text = xasprintf("CREST %s (GFN2-xTB%s)", json_str(result, "version", "?"),
					      w->solvent->alpb ? "/ALPB" : "");
	funnel_note(f, &(struct funnel_stage){ .stage = "conformers", .level = text, .seen = MAX(found, f->n), .left = f->n,
					       .cut = MAX(found - f->n, 0), .window = w->preset->window_xtb });
}

static int crest_failed(struct walk *w)
{
	walk_end_engine(w, "searching conformers with CREST");
	free(w->p->remedy);
	w->p->remedy = xstrdup("Use \"conformers = rdkit\" (or leave the line out), raise crest_timeout_h in nmr.conf if "
			       "it ran out of time, or put a file called \"retry\" into its .failed folder "
			       "in the outbox to try once more.");
	return -ECANCELED;
}

/* From RDKit's lowest. why: why RDKit's are not enough; NULL: CREST was asked for. */
static int crest(struct walk *w, struct funnel *f, const char *why)
{
	_cleanup_json_ json_t *result = NULL;
	int r = ask_crest(w, f, &result);
	if (r == -EREMOTEIO && !why)
		return crest_failed(w);
	if (r == -EREMOTEIO) {
		bool said = w->detail && *w->detail;
		walk_warn(w, "crest-failed", "CREST failed, so the conformers are RDKit's. %s%s%s%s %s%s", cause_sentence(w->cause),
			  said ? " (" : "", said ? w->detail : "", said ? ")" : "", why,
			  w->cause == CAUSE_TIMEOUT ? " The limit of CREST is crest_timeout_h in nmr.conf." : "");
		return 0;
	}
	if (r == 0)
		take_crest(w, f, result);
	return r;
}

/* One more geometry would be a new conformer more often than once in five times. A single one
 * that was found once says nothing yet. */
static bool is_unfinished(const struct sampling *s) { return s->once > 1 && s->once * 5 > s->made; }

/* Why RDKit's conformers are not all. */
static char *say_unfinished(const struct sampling *s)
{
	return xasprintf("Of %d geometries within the search's window, %d are conformers that no other one found: there are more, "
			 "and important ones may be missing.", s->made, s->once);
}

int walk_search(struct walk *w, struct funnel *f)
{
	const char *by = w->opt.value[OPTION_CONFORMERS];
	bool single = str_eq(w->opt.value[OPTION_MODE], "single");
	int rotatable = (int)json_int(f->mol, "rotatable", 0);
	struct sampling sampling = { 0 };
	if (w->keep && !w->reference)
		return kept_geometry(w, f);
	int r = rdkit(w, f, &sampling);
	if (r < 0 || w->reference)
		return r;
	if (str_eq(by, "crest"))
		return crest(w, f, NULL);
	bool unfinished = is_unfinished(&sampling), enough = rotatable <= RDKIT_ENOUGH && !unfinished;
	_cleanup_free_ char *why = unfinished ? say_unfinished(&sampling)
					      : xasprintf("The molecule has %d rotatable bonds, and some conformers may be missing.", rotatable);
	if (str_eq(by, "rdkit") || single || enough) {
		if (unfinished)
			walk_warn(w, "search-unfinished", "%s", why);
		return 0;
	}
	if (w->lab->engines.crest)
		return crest(w, f, why);
	walk_warn(w, "no-crest", "%s CREST, which searches such molecules more thoroughly, %s.", why,
		  w->lab->engines.crest_mute ? "did not answer here when the spooler started" : "is not installed here");
	return 0;
}
