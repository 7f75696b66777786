/* Is this a molecule, and what does it look like? Asked of nmr-mol, in a folder of its own
 * that goes afterwards; nothing is submitted. */
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "nmr/geometry.h"
#include "nmr/cost.h"
#include "nmr/limits.h"
#include "nmr/predict.h"
#include "webui/server/web.h"

#define RECORDS_SHOWN 20
#define NOT_CHECKED "not-checked"
#define TIMEOUT_S 20             /* for all of a question together */

/* brief: only whether it can be used. */
struct question { const struct web *w; const char *dir; const struct preset *preset; double deadline; bool brief; };

static json_t *mol(const struct question *a, const char *const *words) { return mol_run(a->w, a->dir, a->deadline, words); }

/* -1: one of them is no element, or there are too many. */
static int atomic_numbers(const json_t *elements, int *z, int max)
{
	size_t i;
	const json_t *e;
	int n = 0;
	if (json_array_size(elements) > (size_t)max)
		return -1;
	json_array_foreach(elements, i, e) {
		z[n] = json_is_string(e) ? element_from_symbol(json_string_value(e)) : 0;
		if (!z[n++])
			return -1;
	}
	return n;
}

/* What the spooler has learned of this machine. */
static void recall_machine(const struct web *w, struct cost_model *m, int *ret_cores)
{
	_cleanup_free_ char *text = NULL;
	struct queue *q = pool_try(w->pool);
	*ret_cores = (int)info_fact_number(q, "cores", conf_cores(w->conf));
	if (q && queue_fact_get(q, COST_FACT, &text) == 0) {
		_cleanup_json_ json_t *j = json_loads(text, 0, NULL);
		cost_from_json(m, j);
	}
	pool_put(w->pool, q);
}

static double run_seconds(const struct cost_model *m, const char *kind, const struct level *l, const int *z, int n, int ranks)
{
	return cost_predict(m, kind, ranks, cost_seconds(kind, l ? level_functions(l, z, n) : 0, n, 1));
}

/* One conformer through the preset, on all cores: the least that it can take. */
static json_t *estimate(const struct web *w, const struct preset *p, const json_t *elements)
{
	int z[1000], n = atomic_numbers(elements, z, (int)ARRAY_SIZE(z));
	struct cost_model m = { .n = 0 };
	if (n < 1 || !p)
		return json_null();
	int ranks;
	recall_machine(w, &m, &ranks);
	double s = run_seconds(&m, "xtb", NULL, z, n, 1);
	if (p->optimise)
		s += run_seconds(&m, "optimise", p->optimise, z, n, ranks);
	s += run_seconds(&m, "shield", p->shield_c, z, n, ranks);
	if (p->shield_h != p->shield_c)
		s += run_seconds(&m, "shield", p->shield_h, z, n, ranks);
	return json_real(s);
}

static json_t *drawing(const struct question *a)
{
	const char *dir = a->dir;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *none = xasprintf("%s/none.json", dir), *svg = xasprintf("%s/structure.svg", dir);
	const char *const words[] = { "draw", "--in", "mol.sdf", "--numbers", "numbers.json", "--shifts", "none.json", NULL };
	file_write(none, "[]", 2, 0600);
	unlink(svg);
	_cleanup_json_ json_t *out = mol(a, words);
	return out && file_read(svg, 1 << 20, &b) == 0 ? json_text(b.s) : json_null();
}

static void fill(json_t *o, const struct question *a, const json_t *mol_json)
{
	static const char *const same[] = { "smiles", "formula", "mass", "natoms", "inchikey", "warnings" };
	_cleanup_free_ char *numbers = xasprintf("%s/numbers.json", a->dir);
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		json_object_set(o, same[i], json_object_get(mol_json, same[i]));
	json_write_file(numbers, json_object_get(mol_json, "number"), false);
	json_object_set_new(o, "svg", drawing(a));
	json_object_set_new(o, "estimate_s", estimate(a->w, a->preset, json_arr(mol_json, "elements")));
}

static json_t *refusal_of(const char *code, const char *what, const char *why, const char *remedy)
{
	return json_pack("{s:s,s:s,s:s,s:s}", "code", code, "what", what, "why", why, "remedy", remedy);
}

/* What the preset cannot take, as the spooler will say it. NULL: nothing. */
static json_t *beyond_preset(const struct question *a, const json_t *refusal, const json_t *elements)
{
	int z[1000], n = atomic_numbers(elements, z, (int)ARRAY_SIZE(z));
	_cleanup_free_ char *remedy = NULL;
	if (!a->preset)
		return NULL;
	if (refusal && str_eq(json_str(refusal, "code", ""), "too-large")) {
		remedy = limits_size_remedy(a->w->share, a->preset);
		return refusal_of("too-large", json_str(refusal, "what", ""), json_str(refusal, "why", ""), remedy);
	}
	_cleanup_free_ char *why = n > 0 ? limits_element(a->w->share, a->preset, z, n, &remedy) : NULL;
	return why ? refusal_of("element", LIMITS_ELEMENT_WHAT, why, remedy) : NULL;
}

static json_t *check_record(const struct question *a, const json_t *rec)
{
	const char *file = json_str(rec, "file", NULL);
	_cleanup_free_ char *most = xasprintf("%d", a->preset ? a->preset->atoms_max : 0);
	const char *const words[] = { "prepare", "--in", file, "--out-mol", "mol.sdf", a->preset ? "--atoms-max" : NULL, most, NULL };
	const json_t *refusal = json_object_get(rec, "refusal");
	_cleanup_json_ json_t *out = file ? mol(a, words) : NULL;
	if (out && !refusal)
		refusal = json_object_get(out, "refusal");
	_cleanup_json_ json_t *beyond = out ? beyond_preset(a, refusal, json_arr(out, "elements")) : NULL;
	if (beyond)
		refusal = beyond;
	json_t *o = json_pack("{s:O?,s:O?,s:b}", "n", json_object_get(rec, "n"), "name", json_object_get(rec, "name"),
			      "ok", out && !beyond && json_flag(out, "ok", false));
	if (json_flag(o, "ok", false) && !a->brief)
		fill(o, a, out);
	else if (json_flag(o, "ok", false))
		return o;
	else if (refusal)
		json_object_set(o, "refusal", (json_t *)(uintptr_t)refusal);
	else
		json_object_set_new(o, "refusal", refusal_of(NOT_CHECKED, "This structure was not checked.",
			"The server had no time for it, or the program that reads it stopped.",
			"Submit it all the same: the spooler checks it again."));
	return o;
}

static json_t *check_all(const struct question *a, const char *name)
{
	size_t i;
	const json_t *rec;
	const char *const words[] = { "read", "--in", "structure", "--name", name, "--records-max", "20", NULL };
	_cleanup_json_ json_t *out = mol(a, words);
	if (!out || !json_flag(out, "ok", false))
		return out ? json_incref(out) : NULL;
	json_t *records = json_array();
	json_array_foreach(json_arr(out, "records"), i, rec)
		if (i < RECORDS_SHOWN)
			json_array_append_new(records, check_record(a, rec));
	return json_pack("{s:b,s:O?,s:o}", "ok", 1, "format", json_object_get(out, "format"), "records", records);
}

/* NULL: it could not be asked. */
static json_t *check_text(const struct web *w, const char *text, size_t n, const char *name, const char *preset, bool brief)
{
	const char *tmp = getenv("TMPDIR");
	_cleanup_free_ char *dir = xasprintf("%s/nmr-check-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return NULL;
	_cleanup_free_ char *path = xasprintf("%s/structure", dir);
	struct question a = { w, dir, share_preset(w->share, preset), clock_mono() + TIMEOUT_S, brief };
	json_t *j = file_write(path, text, n, 0600) == 0 ? check_all(&a, name) : NULL;
	file_rm_rf(dir);
	return j;
}

void check_structure(struct http_request *rq)
{
	_cleanup_json_ json_t *body = json_loadb(rq->body.s, rq->body.len, 0, NULL);
	const char *text = json_str(body, "structure", json_str(body, "smiles", NULL));
	if (!text || !*text) {
		http_field_error(rq, "smiles", "missing", NULL, "Field required: smiles, or structure and filename.");
		return;
	}
	const char *name = json_str(body, "filename", "molecule.smi");
	_cleanup_free_ char *usual = info_default_preset(rq->web);
	json_t *j = check_text(rq->web, text, strlen(text), name, json_str(body, "preset", usual), false);
	if (j)
		http_reply_json(rq, 200, j);
	else
		http_error(rq, 503, "not-checked", "Not checked", "The structure could not be checked now. Try again, or submit it.");
}

bool check_smiles(struct http_request *rq, const char *text, const char *preset)
{
	_cleanup_free_ char *usual = info_default_preset(rq->web);
	_cleanup_json_ json_t *j = check_text(rq->web, text, strlen(text), "molecule.smi", preset ? preset : usual, true);
	const json_t *rec = json_array_get(json_arr(j, "records"), 0);
	const json_t *refusal = json_object_get(rec ? rec : j, "refusal");
	/* What cannot be asked now, the spooler tells later. */
	if (!j || !refusal || str_eq(json_str(refusal, "code", ""), NOT_CHECKED))
		return true;
	http_error(rq, 422, "invalid-smiles", "Invalid SMILES", "%s %s %s", json_str(refusal, "what", ""),
		   json_str(refusal, "why", ""), json_str(refusal, "remedy", ""));
	return false;
}
