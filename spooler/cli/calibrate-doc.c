/* From finished jobs to fits. A measured shift and the shieldings of the atoms that it
 * names are a point. Exchangeable hydrogens are no points; a molecule that failed is
 * named with its reason, and nothing else is left out. */
#include "cli/calibrate.h"

#include <string.h>

#include "base/file.h"
#include "cli/result.h"
#include "client/job-json.h"
#include "nmr/calibration.h"

static const char *const nuclei[] = { "1H", "13C" };

/* ---- the jobs of the private queue */

struct found { const char *name; enum job_state state; char *folder, *reason; bool have; };

struct finding { const struct calibrate *k; struct found *f; };

static int note_job(const struct job *j, void *arg)
{
	struct finding *s = arg;
	if (!str_eq(j->name, s->f->name))
		return 0;
	s->f->have = true;
	s->f->state = j->state;
	s->f->folder = job_folder(s->k->conf, j);
	s->f->reason = xstrdup(j->reason ? j->reason : job_state_to_string(j->state));
	return 1;
}

/* ---- a molecule at a pair of levels */

struct points { struct calibration_point *p; json_t *shown, *left_out; int n; };

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

/* Why a measured shift is no point; NULL: it is one. */
static const char *unusable(const json_t *result, int nucleus, const struct benchmark_shift *s)
{
	for (int i = 0; i < s->natoms; i++) {
		const json_t *e = entry_of(result, nucleus, s->atom[i]);
		if (!e)
			return "no shielding was computed for it";
		if (json_flag(e, "exchangeable", false))
			return "exchangeable hydrogen";
	}
	return NULL;
}

static void add_point(struct points *to, int molecule, const struct benchmark_molecule *m, const struct benchmark_shift *s,
		      int nucleus, const json_t *result)
{
	double sum = 0;
	const char *why = unusable(result, nucleus, s);
	json_t *atoms = json_array(), *shown = json_pack("{s:o,s:o}", "molecule", json_text(m->name), "atoms", atoms);
	for (int i = 0; i < s->natoms; i++)
		json_array_append_new(atoms, json_integer(s->atom[i]));
	if (why) {
		json_object_set_new(shown, "reason", json_string(why));
		json_array_append_new(to->left_out, shown);
		return;
	}
	for (int i = 0; i < s->natoms; i++)
		sum += json_num(entry_of(result, nucleus, s->atom[i]), "shielding", 0);
	json_object_set_new(shown, "environment",
			    json_string(json_str(entry_of(result, nucleus, s->atom[0]), "environment", "?")));
	to->p = xreallocarray(to->p, (size_t)to->n + 1, sizeof(*to->p));
	to->p[to->n++] = (struct calibration_point){ .molecule = molecule, .shielding = sum / s->natoms, .shift = s->ppm,
						     .environment = json_str(shown, "environment", "?") };
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

static json_t *fit(struct points *x)
{
	struct calibration c;
	json_t *kinds = json_array();
	if (calibration_fit(x->p, x->n, &c) < 0) {
		json_decref(kinds);
		return json_null();
	}
	for (int i = 0; i < c.nkinds; i++)
		json_array_append_new(kinds, json_pack("{s:s,s:f,s:i,s:i}", "environment", c.kind[i].environment, "rmsd",
						       c.kind[i].rmsd, "n", c.kind[i].n, "molecules", c.kind[i].molecules));
	for (int i = 0; i < x->n; i++) {
		json_t *p = json_array_get(x->shown, (size_t)i);
		json_object_set_new(p, "shielding", json_real(x->p[i].shielding));
		json_object_set_new(p, "shift", json_real(x->p[i].shift));
		json_object_set_new(p, "error", json_real(x->p[i].error));
		json_object_set_new(p, "lomo", json_real(x->p[i].lomo));
	}
	return json_pack("{s:i,s:i,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:{s:o,s:o,s:o},s:o,s:O,s:O}", "n", c.n, "molecules", c.molecules,
			 "slope", c.slope, "intercept", c.intercept, "rmsd", c.rmsd, "mae", c.mae, "r2", c.r2, "lomo", c.lomo,
			 "lomo_mae", c.lomo_mae, "ci", "slope", interval(c.slope_ci), "intercept", interval(c.intercept_ci),
			 "lomo", interval(c.lomo_ci), "kinds", kinds, "points", x->shown, "left_out", x->left_out);
}

struct pair_state {
	struct points x[2];
	json_t *missing, *elements, *programs, *level;
	double cpu_s;
	int done;
};

static void take_result(struct pair_state *s, const struct calibrate *k, int molecule, const char *folder, json_t *result)
{
	const struct benchmark_molecule *m = &k->set.molecule[molecule];
	for (int nucleus = 0; nucleus < 2; nucleus++)
		for (int i = 0; i < m->n[nucleus]; i++)
			add_point(&s->x[nucleus], molecule, m, &m->shift[nucleus][i], nucleus, result);
	s->cpu_s += cpu_seconds(folder);
	add_elements(s->elements, result);
	s->done++;
	if (!s->level)
		s->level = json_incref(json_object_get(result, "level"));
}

static void take_molecule(struct pair_state *s, const struct calibrate *k, const struct calibrate_pair *p, int molecule,
			  struct queue *q)
{
	_cleanup_free_ char *name = calibrate_job_name(p, molecule);
	_cleanup_json_ json_t *result = NULL;
	struct found f = { .name = name };
	struct finding search = { k, &f };
	if (q)
		queue_job_each(q, &(struct job_filter){ .text = name, .states = ~0u >> 1 }, note_job, &search);
	const char *why = !f.have ? "not handed in yet" : f.state != JOB_DONE ? f.reason : NULL;
	if (!why && result_read(f.folder, &result) < 0)
		why = "its result cannot be read";
	if (why)
		json_array_append_new(s->missing, json_pack("{s:o,s:s,s:o}", "molecule", json_text(k->set.molecule[molecule].name),
							    "job", name, "reason", json_text(why)));
	else
		take_result(s, k, molecule, f.folder, result);
	free(f.folder);
	free(f.reason);
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

static json_t *pair_document(const struct calibrate *k, const struct calibrate_pair *p, struct queue *q)
{
	struct pair_state s = { .missing = json_array(), .elements = json_object() };
	for (int nucleus = 0; nucleus < 2; nucleus++) {
		s.x[nucleus].shown = json_array();
		s.x[nucleus].left_out = json_array();
	}
	for (int i = 0; i < k->set.n; i++)
		take_molecule(&s, k, p, i, q);
	json_t *doc = json_pack("{s:s,s:s,s:s,s:o,s:s,s:s,s:o,s:i,s:o,s:f}", "level", p->level->name, "level_text", p->level->text,
				"geometry", calibrate_geometry_name(p), "geometry_text",
				s.level ? json_incref(json_object_get(s.level, "geometry")) : json_null(), "solvent",
				k->solvent->code, "solvent_name", k->solvent->name, "elements", elements_text(s.elements), "done",
				s.done, "missing", s.missing, "cpu_s", s.cpu_s);
	json_object_set_new(doc, "programs", s.level ? json_incref(json_object_get(s.level, "programs")) : json_null());
	for (int nucleus = 0; nucleus < 2; nucleus++) {
		json_object_set_new(doc, nuclei[nucleus], fit(&s.x[nucleus]));
		json_decref(s.x[nucleus].shown);
		json_decref(s.x[nucleus].left_out);
		free(s.x[nucleus].p);
	}
	json_decref(s.elements);
	json_decref(s.level);
	return doc;
}

json_t *calibrate_document(const struct calibrate *k, struct queue *q)
{
	json_t *sets = json_array();
	for (int i = 0; i < k->npairs; i++)
		json_array_append_new(sets, pair_document(k, &k->pair[i], q));
	return json_pack("{s:i,s:{s:o,s:s,s:i},s:s,s:o}", "schema", 1, "dataset", "file", json_text(k->set_file), "sha256",
			 k->set_sha256, "molecules", k->set.n, "mode", k->mode, "fits", sets);
}
