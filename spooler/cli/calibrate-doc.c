/* From finished jobs to fits. A measured shift and the shieldings of the atoms that it
 * names are a point. Nuclei whose predictions carry no uncertainty (exchangeable hydrogens,
 * ions, at bromine) and shifts that differ for what the calculation takes for equivalent are
 * no points; these and molecules that failed are named with their reasons. */
#include "cli/calibrate.h"

#include <string.h>

#include "base/file.h"
#include "cli/result.h"
#include "client/job-json.h"
#include "nmr/calibration.h"

static const char *const nuclei[] = { "1H", "13C" };

/* ---- the jobs of the private queue */

struct found { const char *name; enum job_state state; char *folder, *reason; bool have; int parts; };

struct finding { const struct calibrate *k; struct found *f; };

static int note_job(const struct job *j, void *arg)
{
	struct finding *s = arg;
	if (!str_has_prefix(j->name, s->f->name))
		return 0;
	if (!str_eq(j->name, s->f->name)) {
		s->f->parts++;
		return 0;
	}
	s->f->have = true;
	s->f->state = j->state;
	s->f->folder = job_folder(s->k->conf, j);
	s->f->reason = xasprintf("%s%s%s", j->reason ? j->reason : job_state_to_string(j->state), j->remedy ? " " : "",
				 j->remedy ? j->remedy : "");
	return 1;
}

/* ---- a molecule at a pair of levels */

struct points { struct calibration_point *p; json_t *shown, *left_out, *elements; int n; };

/* The entry of shifts.json that has the atom; NULL: none. */
static const json_t *entry_of(const json_t *result, int nucleus, int atom)
{
	const json_t *e, *a;
	size_t i, k;
	json_array_foreach(json_arr(json_object_get(result, "shifts"), nuclei[nucleus]), i, e)
		json_array_foreach(json_arr(e, "atoms"), k, a)
			if (json_integer_value(a) == atom)
				return e;
	return NULL;
}

/* Why a measured shift is no point; NULL: it is one. Predictions of such nuclei carry no
 * uncertainty, so they must not decide anybody else's. */
static const char *unusable(const json_t *result, int nucleus, const struct benchmark_shift *s)
{
	for (int i = 0; i < s->natoms; i++) {
		const json_t *e = entry_of(result, nucleus, s->atom[i]);
		if (!e)
			return "no shielding was computed for it";
		if (json_str(e, "uncertainty_reason", NULL))
			return json_str(e, "uncertainty_reason", NULL);
	}
	return NULL;
}

/* Another line of this molecule with a nucleus that the calculation does not tell apart
 * from one of this line's: they are one point if they agree. NULL: none. */
static const struct benchmark_shift *twin_of(const struct benchmark_molecule *m, int nucleus, int line, const json_t *result)
{
	const struct benchmark_shift *s = &m->shift[nucleus][line];
	for (int k = 0; k < m->n[nucleus]; k++)
		for (int i = 0; k != line && i < s->natoms; i++)
			for (int j = 0; j < m->shift[nucleus][k].natoms; j++)
				if (entry_of(result, nucleus, s->atom[i]) == entry_of(result, nucleus, m->shift[nucleus][k].atom[j]) &&
				    (k < line || m->shift[nucleus][k].ppm != s->ppm))
					return &m->shift[nucleus][k];
	return NULL;
}

/* "sp3"; NULL when the nuclei are of several kinds. */
static const char *kind_of(const json_t *result, int nucleus, const struct benchmark_shift *s)
{
	const char *first = json_str(entry_of(result, nucleus, s->atom[0]), "environment", NULL);
	for (int i = 1; i < s->natoms; i++)
		if (!str_eq(first, json_str(entry_of(result, nucleus, s->atom[i]), "environment", NULL)))
			return NULL;
	return first;
}

static void add_point(struct points *to, int molecule, const struct benchmark_molecule *m, int line, int nucleus,
		      const json_t *result)
{
	const struct benchmark_shift *s = &m->shift[nucleus][line];
	double sum = 0;
	const char *why = unusable(result, nucleus, s);
	const struct benchmark_shift *twin = why ? NULL : twin_of(m, nucleus, line, result);
	if (twin && twin->ppm == s->ppm)
		return;
	if (twin)
		why = "measured apart from nuclei that the calculation takes for equivalent";
	json_t *atoms = json_array();
	json_t *shown = json_pack("{s:i,s:o,s:o}", "record", molecule + 1, "molecule", json_text(m->name), "atoms", atoms);
	for (int i = 0; i < s->natoms; i++)
		json_array_append_new(atoms, json_integer(s->atom[i]));
	if (why) {
		json_object_set_new(shown, "reason", json_text(why));
		json_array_append_new(to->left_out, shown);
		return;
	}
	for (int i = 0; i < s->natoms; i++)
		sum += json_num(entry_of(result, nucleus, s->atom[i]), "shielding", 0);
	const char *kind = kind_of(result, nucleus, s);
	json_object_set_new(shown, "environment", kind ? json_string(kind) : json_null());
	to->p = xreallocarray(to->p, (size_t)to->n + 1, sizeof(*to->p));
	to->p[to->n++] = (struct calibration_point){ .molecule = molecule, .shielding = sum / s->natoms, .shift = s->ppm,
						     .environment = json_str(shown, "environment", NULL) };
	json_array_append_new(to->shown, shown);
}

static double cpu_seconds(const char *folder)
{
	_cleanup_free_ char *path = xasprintf("%s/provenance.json", folder);
	_cleanup_json_ json_t *doc = NULL;
	const json_t *step;
	size_t i;
	double sum = 0;
	if (json_read_file(path, &doc) < 0)
		return 0;
	json_array_foreach(json_arr(doc, "steps"), i, step)
		sum += json_num(step, "cpu_s", 0);
	return sum;
}

static void add_elements(json_t *elements, const json_t *result)
{
	const json_t *e;
	size_t i;
	json_array_foreach(json_arr(json_object_get(result, "molecule"), "elements"), i, e)
		json_object_set_new(elements, json_string_value(e), json_true());
}

/* ---- fits */

static json_t *interval(struct calibration_interval i) { return json_pack("[f,f]", i.low, i.high); }

/* NULL: scaling.conf takes it. */
static char *fault(const struct calibration *c)
{
	struct scaling_kind kind[CALIBRATION_KINDS_MAX];
	const struct scaling s = { .slope = c->slope, .rmsd = c->rmsd, .kind = kind, .nkinds = (size_t)c->nkinds };
	for (int i = 0; i < c->nkinds; i++)
		kind[i] = (struct scaling_kind){ c->kind[i].environment, c->kind[i].rmsd, c->kind[i].offset, c->kind[i].n,
						 c->kind[i].molecules };
	return scaling_fault(&s);
}

/* Carbons have an offset for each kind, hydrogens do not: docs/architecture.md. */
static json_t *fit(struct points *x, bool offsets)
{
	struct calibration c, alone;
	json_t *kinds = json_array();
	if (calibration_fit(x->p, x->n, false, &alone) < 0 || calibration_fit(x->p, x->n, offsets, &c) < 0) {
		json_decref(kinds);
		return json_null();
	}
	for (int i = 0; i < c.nkinds; i++)
		json_array_append_new(kinds, json_pack("{s:s,s:f,s:f,s:i,s:i}", "environment", c.kind[i].environment, "offset",
						       c.kind[i].offset, "rmsd", c.kind[i].rmsd, "n", c.kind[i].n, "molecules",
						       c.kind[i].molecules));
	for (int i = 0; i < x->n; i++) {
		json_t *p = json_array_get(x->shown, (size_t)i);
		json_object_set_new(p, "shielding", json_real(x->p[i].shielding));
		json_object_set_new(p, "shift", json_real(x->p[i].shift));
		json_object_set_new(p, "error", json_real(x->p[i].error));
		json_object_set_new(p, "lomo", json_real(x->p[i].lomo));
	}
	_cleanup_free_ char *why = fault(&c);
	return json_pack("{s:s?,s:i,s:i,s:{s:f,s:f},s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:{s:o,s:o,s:o},s:o,s:O}", "fault", why, "n", c.n, "molecules",
			 c.molecules, "line_alone", "rmsd", alone.rmsd, "lomo", alone.lomo, "slope", c.slope, "intercept", c.intercept, "rmsd", c.rmsd, "mae", c.mae, "r2", c.r2, "lomo", c.lomo,
			 "lomo_mae", c.lomo_mae, "ci", "slope", interval(c.slope_ci), "intercept", interval(c.intercept_ci),
			 "lomo", interval(c.lomo_ci), "kinds", kinds, "points", x->shown);
}

struct pair_state {
	struct points x[2];
	json_t *missing, *level;
	double cpu_s;
	int done;
	bool mixed;              /* computed by different versions */
};

/* Is it what was asked for, and numbered like the record? */
static const char *mismatch(struct pair_state *s, const struct calibrate *k, const struct calibrate_pair *p,
			    const struct benchmark_molecule *m, const json_t *result)
{
	const json_t *level = json_object_get(result, "level"), *e;
	_cleanup_(buf_release) struct buf symbols = BUF_INIT;
	size_t i;
	if (!str_eq(json_str(level, "preset", ""), p->preset) || !str_eq(json_str(level, "solvent", ""), k->solvent->code))
		return "it was computed at another level or in another solvent";
	if (s->level && !str_eq(json_str(level, "geometry", ""), json_str(s->level, "geometry", "")))
		return "its geometry was made in another way than those before it";
	buf_addc(&symbols, ' ');
	json_array_foreach(json_arr(json_object_get(result, "molecule"), "elements"), i, e)
		buf_addf(&symbols, "%s ", json_string_value(e));
	return str_eq(symbols.s, m->symbols) ? NULL : "its atoms are not those of the record, in number or order: draw all hydrogens";
}

/* Of programs that both have: CREST is named by those alone that needed it. */
static bool other_versions(json_t *a, const json_t *b)
{
	const char *name;
	json_t *version;
	json_object_foreach(a, name, version) {
		const json_t *other = json_object_get(b, name);
		if (other && !json_equal(version, other))
			return true;
	}
	return false;
}

static void take_result(struct pair_state *s, const struct calibrate *k, int molecule, const json_t *result)
{
	const struct benchmark_molecule *m = &k->set.molecule[molecule];
	json_t *level = json_object_get(result, "level");
	for (int nucleus = 0; nucleus < 2; nucleus++) {
		int before = s->x[nucleus].n;
		for (int i = 0; i < m->n[nucleus]; i++)
			add_point(&s->x[nucleus], molecule, m, i, nucleus, result);
		if (s->x[nucleus].n > before)
			add_elements(s->x[nucleus].elements, result);
	}
	s->cpu_s += json_num(result, "cpu_s", 0);
	s->done++;
	if (!s->level)
		s->level = json_incref(level);
	s->mixed = s->mixed || other_versions(json_object_get(level, "programs"), json_object_get(s->level, "programs"));
}

/* From the job's result folder to the pair. NULL, or why there is nothing; caller frees. */
static char *gather(const struct calibrate *k, const struct calibrate_pair *p, int molecule, struct queue *q)
{
	_cleanup_free_ char *name = calibrate_job_name(k, p, molecule);
	_cleanup_json_ json_t *result = NULL;
	struct found f = { .name = name };
	struct finding search = { k, &f };
	if (q)
		queue_job_each(q, &(struct job_filter){ .text = name, .states = ~0u >> 1 }, note_job, &search);
	const char *why = f.have && f.state != JOB_DONE ? f.reason : NULL;
	if (!f.have)
		why = f.parts ? "it has undefined stereocentres and became several molecules: draw which one was measured"
			      : "not handed in yet";
	_cleanup_free_ char *gone = NULL;
	if (!why && result_read(f.folder, &result) < 0)
		why = gone = xasprintf("its result folder %s is not there any more: put it back, or remove %s to compute it again (what is in %s/shieldings "
				       "stays)", f.folder, k->conf->data, k->dir);
	if (!why)
		json_array_append_new(p->computed, calibrate_shieldings_of(k, molecule, result, cpu_seconds(f.folder)));
	char *said = why ? xstrdup(why) : NULL;
	free(f.folder);
	free(f.reason);
	return said;
}

static void take_molecule(struct pair_state *s, const struct calibrate *k, const struct calibrate_pair *p, int molecule,
			  struct queue *q)
{
	const struct benchmark_molecule *m = &k->set.molecule[molecule];
	_cleanup_free_ char *why = calibrate_shieldings(k, p, molecule) ? NULL : gather(k, p, molecule, q);
	const json_t *result = calibrate_shieldings(k, p, molecule);
	const char *wrong = result ? mismatch(s, k, p, m, result) : why;
	_cleanup_free_ char *name = calibrate_job_name(k, p, molecule);
	if (wrong)
		json_array_append_new(s->missing, json_pack("{s:i,s:o,s:s,s:o}", "record", molecule + 1, "molecule", json_text(m->name),
							    "job", name, "reason", json_text(wrong)));
	else
		take_result(s, k, molecule, result);
}

static json_t *elements_text(const json_t *elements)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	static const char *const order[] = { "H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I" };
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (json_object_get(elements, order[i]))
			buf_addf(&b, "%s%s", b.len ? " " : "", order[i]);
	return json_string(b.s);
}

static json_t *nucleus_document(struct points *x, bool offsets)
{
	json_t *doc = fit(x, offsets);
	if (json_is_object(doc))
		json_object_set_new(doc, "elements", elements_text(x->elements));
	json_decref(x->shown);
	json_decref(x->elements);
	free(x->p);
	return doc;
}

static json_t *pair_document(const struct calibrate *k, const struct calibrate_pair *p, struct queue *q)
{
	struct pair_state s = { .missing = json_array() };
	for (int nucleus = 0; nucleus < 2; nucleus++)
		s.x[nucleus] = (struct points){ .shown = json_array(), .left_out = json_array(), .elements = json_object() };
	for (int i = 0; i < k->set.n; i++)
		take_molecule(&s, k, p, i, q);
	json_t *doc = json_pack("{s:s?,s:{s:s,s:s},s:{s:s,s:s},s:s,s:o,s:s,s:s,s:i,s:o,s:f,s:b}", "preset",
				p->shipped ? p->preset : NULL, "level", nuclei[0], p->level[0]->name, nuclei[1],
				p->level[1]->name, "level_text", nuclei[0], p->level[0]->text, nuclei[1], p->level[1]->text,
				"geometry", calibrate_geometry_name(p), "geometry_text",
				s.level ? json_incref(json_object_get(s.level, "geometry")) : json_null(), "solvent",
				k->solvent->code, "solvent_name", k->solvent->name, "done", s.done, "missing", s.missing, "cpu_s",
				s.cpu_s, "mixed_versions", s.mixed);
	json_object_set_new(doc, "settings", json_string(p->hash));
	json_object_set_new(doc, "left_out", json_pack("{s:o,s:o}", nuclei[0], s.x[0].left_out, nuclei[1], s.x[1].left_out));
	json_object_set_new(doc, "programs", s.level ? json_incref(json_object_get(s.level, "programs")) : json_null());
	for (int nucleus = 0; nucleus < 2; nucleus++)
		json_object_set_new(doc, nuclei[nucleus], nucleus_document(&s.x[nucleus], nucleus == 1));
	json_decref(s.level);
	return doc;
}

/* Job options that are not their defaults, which factors do not tell otherwise. */
static json_t *unusual_options(const struct calibrate *k)
{
	json_t *unusual = json_object();
	struct options plain;
	options_init(&plain, k->share);
	for (int o = 0; o < OPTION_COUNT; o++)
		if (o != OPTION_SOLVENT && o != OPTION_MODE && o != OPTION_PRESET && !str_eq(plain.value[o], k->opt.value[o]))
			json_object_set_new(unusual, option_name((enum option)o), json_text(k->opt.value[o]));
	options_release(&plain);
	return unusual;
}

json_t *calibrate_document(struct calibrate *k, struct queue *q)
{
	json_t *sets = json_array();
	for (int i = 0; i < k->npairs; i++)
		json_array_append_new(sets, pair_document(k, &k->pair[i], q));
	return json_pack("{s:i,s:{s:o,s:s,s:i},s:s,s:o,s:o}", "schema", 2, "dataset", "file", json_text(k->set_file), "sha256",
			 k->set_sha256, "molecules", k->set.n, "mode", k->opt.value[OPTION_MODE], "options", unusual_options(k),
			 "fits", sets);
}
