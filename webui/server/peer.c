/* A job in the words of the API (docs/api.md): rows of the queue and the result document
 * in, JSON out. What is not known is null, never guessed. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "client/job-json.h"
#include "nmr/share.h"
#include "webui/server/web.h"

#define SMILES_MAX 4096

void peer_iso(json_t *o, const char *key, double wall) { json_object_set_new(o, key, time_json(wall)); }

static void set_text(json_t *o, const char *key, const char *s)
{
	json_object_set_new(o, key, s ? json_text(s) : json_null());
}

static const char *option(const struct job *j, const char *name)
{
	return json_str(json_object_get(j->options, name), "value", NULL);
}

static const char *status_word(enum job_state s)
{
	switch (s) {
	case JOB_RUNNING: case JOB_PUBLISHING: return "running";
	case JOB_DONE: return "complete";
	case JOB_FAILED: case JOB_CANCELLED: return "failed";
	default: return "queued";
	}
}

/* ---- steps */

struct steps {
	json_t *all;
	struct { double from, to; int open, done; } part[5];
	bool ensemble;
	int conformers;
	json_t *progress;
};

static const char *const single_parts[][2] = {
	{ "geometry_optimization", "Optimizing geometry" }, { "nmr_shielding", "Computing NMR shielding" },
	{ "post_processing", "Processing results" },
};
static const char *const ensemble_parts[][2] = {
	{ "generating_conformers", "Generating conformers" }, { "optimizing_conformers", "Optimizing conformers" },
	{ "calculating_nmr", "Calculating NMR" }, { "averaging_shifts", "Averaging shifts" },
	{ "post_processing", "Processing results" },
};

static int part_of(bool ensemble, const char *stage)
{
	bool early = str_eq(stage, "read") || str_eq(stage, "prepare") || str_eq(stage, "conformers");
	bool geometry = str_eq(stage, "rank") || str_eq(stage, "screen") || str_eq(stage, "optimise") ||
			str_eq(stage, "thermo");
	if (!ensemble)
		return early || geometry ? 0 : str_eq(stage, "shield") ? 1 : 2;
	return early ? 0 : geometry ? 1 : str_eq(stage, "shield") ? 2 : str_eq(stage, "report") ? 3 : 4;
}

static void note_part(struct steps *all, const struct step *s, const char *stage)
{
	int p = part_of(all->ensemble, stage);
	if (s->state == STEP_DONE)
		all->part[p].done++;
	else if (s->state != STEP_SKIPPED)
		all->part[p].open++;
	if (s->started > 0 && (all->part[p].from <= 0 || s->started < all->part[p].from))
		all->part[p].from = s->started;
	all->part[p].to = fmax(all->part[p].to, s->finished);
}

/* "optimise conformer 2", "shieldings of conformer 2, PBE0/def2-SVP" */
static void note_conformer(struct steps *all, const struct step *s)
{
	static const char *const words[STEP_STATE_COUNT] = { "pending", "running", "complete", "failed", "skipped" };
	const char *at = s->label ? strstr(s->label, "conformer ") : NULL;
	int id = at && !str_has_prefix(s->label, "reference") ? atoi(at + strlen("conformer ")) : 0;
	if (id < 1 || id > 9999)
		return;
	_cleanup_free_ char *key = xasprintf("%d", id);
	json_object_set_new(all->progress, key, json_string(words[s->state]));
}

static int add_step(const struct step *s, const char *stage, void *arg)
{
	struct steps *all = arg;
	json_t *o = json_object();
	set_text(o, "label", s->label);
	set_text(o, "kind", s->kind);
	set_text(o, "stage", stage);
	set_text(o, "program", s->program);
	set_text(o, "version", s->version);
	set_text(o, "state", step_state_to_string(s->state));
	json_object_set_new(o, "ranks", s->ranks ? json_integer(s->ranks) : json_null());
	json_object_set_new(o, "wall_s", s->state == STEP_DONE ? json_real(s->wall_s) : json_null());
	json_object_set_new(o, "cpu_s", s->state == STEP_DONE ? json_real(s->cpu_s) : json_null());
	peer_iso(o, "started_at", s->started);
	peer_iso(o, "completed_at", s->finished);
	set_text(o, "detail", s->detail);
	json_array_append_new(all->all, o);
	note_part(all, s, stage);
	note_conformer(all, s);
	return 0;
}

static json_t *part_json(const struct steps *all, int p)
{
	const char *const *words = all->ensemble ? ensemble_parts[p] : single_parts[p];
	double from = all->part[p].from, to = all->part[p].to;
	json_t *o = json_pack("{s:s,s:s}", "step", words[0], "label", words[1]);
	peer_iso(o, "started_at", from);
	peer_iso(o, "completed_at", to);
	json_object_set_new(o, "duration_seconds", from > 0 && to >= from ? json_real(to - from) : json_null());
	return o;
}

/* Parts before the one at work are complete, and all are when the job is. */
static void add_parts(json_t *o, const struct steps *all, const struct job *j)
{
	int n = all->ensemble ? 5 : 3, now = j->state == JOB_DONE ? n : j->stage ? part_of(all->ensemble, j->stage) : 0;
	bool running = j->state == JOB_RUNNING || j->state == JOB_PUBLISHING;
	json_t *done = json_array();
	for (int p = 0; p < now && p < n; p++)
		if (all->part[p].done)
			json_array_append_new(done, part_json(all, p));
	const char *const *words = all->ensemble ? ensemble_parts[MIN(now, n - 1)] : single_parts[MIN(now, n - 1)];
	set_text(o, "current_step", running ? words[0] : NULL);
	set_text(o, "current_step_label", running ? words[1] : NULL);
	peer_iso(o, "step_started_at", running ? all->part[MIN(now, n - 1)].from : 0);
	json_object_set_new(o, "steps_completed", done);
	json_object_set(o, "steps", all->all);
}

/* ---- conformers */

static void add_conformers(json_t *o, const struct steps *all, const json_t *shifts)
{
	size_t i;
	const json_t *c, *list = json_arr(shifts, "conformers");
	json_t *progress = json_array();
	json_array_foreach(list, i, c)
		json_array_append_new(progress, json_pack("{s:O?,s:s,s:O?,s:O?}", "conformer_id", json_object_get(c, "id"),
			"status", "complete", "energy_kcal", json_object_get(c, "energy_kcal"),
			"population", json_object_get(c, "population")));
	const char *key;
	json_t *state;
	if (!shifts)
		json_object_foreach(all->progress, key, state)
			json_array_append_new(progress, json_pack("{s:i,s:O,s:n,s:n}", "conformer_id", atoi(key), "status", state,
				"energy_kcal", "population"));
	size_t n = json_array_size(progress);
	json_object_set_new(o, "conformer_count", n ? json_integer((json_int_t)n) : json_null());
	if (!n)
		json_decref(progress);
	json_object_set_new(o, "conformer_progress", n ? progress : json_null());
}

static int more_energy(double a, double b) { return (a > b) - (a < b); }
static int by_population(const void *a, const void *b)
{
	return -more_energy(json_num(*(json_t *const *)a, "population", 0), json_num(*(json_t *const *)b, "population", 0));
}

static json_t *top(const json_t *list)
{
	size_t n = json_array_size(list);
	const json_t **c = xcalloc(n, sizeof(*c));
	json_t *out = json_array();
	for (size_t i = 0; i < n; i++)
		c[i] = json_array_get(list, i);
	if (n)
		qsort(c, n, sizeof(*c), by_population);
	for (size_t i = 0; i < n && i < 3; i++)
		json_array_append_new(out, json_pack("{s:O?,s:O?,s:O?}", "id", json_object_get(c[i], "id"), "population",
			json_object_get(c[i], "population"), "energy_kcal", json_object_get(c[i], "energy_kcal")));
	free(c);
	return out;
}

static bool by_crest(const json_t *shifts)
{
	const json_t *stage;
	size_t i;
	json_array_foreach(json_arr(shifts, "conformer_search"), i, stage)
		if (str_eq(json_str(stage, "stage", ""), "conformers"))
			return str_has_prefix(json_str(stage, "level", ""), "CREST");
	return false;
}

json_t *peer_ensemble(const json_t *shifts, const struct job *j)
{
	size_t i;
	double range = 0;
	const json_t *c, *list = json_arr(shifts, "conformers");
	if (!shifts || str_eq(option(j, "mode"), "single"))
		return json_null();
	json_array_foreach(list, i, c)
		range = fmax(range, json_num(c, "energy_kcal", 0));
	return json_pack("{s:I,s:n,s:s,s:f,s:f,s:o,s:n}", "conformer_count", (json_int_t)json_array_size(list),
		"total_generated", "method", by_crest(shifts) ? "crest" : "rdkit_kdg",
		"temperature_k", json_num(json_object_get(shifts, "level"), "temperature_k", 298.15),
		"energy_range_kcal", range, "top_populations", top(list), "conformer_method_warning");
}

/* ---- results */

struct shift { int index; double shift; };
static int by_shift(const void *a, const void *b)
{
	const struct shift *x = a, *y = b;
	return x->shift < y->shift ? 1 : x->shift > y->shift ? -1 : x->index - y->index;
}

/* One entry for each nucleus, as there; ours are averaged over equivalent ones. */
static json_t *shift_list(const json_t *shifts, const char *nucleus, const char *symbol)
{
	size_t i, k, n = 0;
	const json_t *signal, *atom;
	struct shift *s = NULL;
	json_t *out = json_array();
	json_array_foreach(json_arr(json_object_get(shifts, "shifts"), nucleus), i, signal)
		json_array_foreach(json_arr(signal, "atoms"), k, atom) {
			s = xreallocarray(s, n + 1, sizeof(*s));
			s[n++] = (struct shift){ (int)json_integer_value(atom), json_num(signal, "shift", 0) };
		}
	if (n)
		qsort(s, n, sizeof(*s), by_shift);
	for (i = 0; i < n; i++)
		json_array_append_new(out, json_pack("{s:i,s:s,s:f}", "index", s[i].index, "atom", symbol, "shift", s[i].shift));
	free(s);
	return out;
}

static json_t *error_text(const json_t *level, const char *nucleus)
{
	/* That of molecules outside the fit, where it is known. */
	const json_t *c = json_object_get(json_object_get(level, "calibration"), nucleus), *lomo = json_object_get(c, "lomo");
	const json_t *rmsd = json_is_number(lomo) ? lomo : json_object_get(c, "rmsd");
	_cleanup_free_ char *text = xasprintf("+/- %.2f ppm", json_number_value(rmsd));
	return json_is_number(rmsd) ? json_string(text) : json_null();
}

/* Of "PBE0/def2-SVP"; caller frees, NULL: none. */
static char *functional_of(const json_t *level, const char *nucleus)
{
	const char *text = json_str(json_object_get(level, "shielding"), nucleus, NULL);
	return text ? xstrndup(text, strcspn(text, "/")) : NULL;
}

static char *basis_of(const json_t *level, const char *nucleus)
{
	const char *slash = strchr(json_str(json_object_get(level, "shielding"), nucleus, ""), '/');
	return slash ? xstrdup(slash + 1) : NULL;
}

static char *source_of(const json_t *level, const char *nucleus)
{
	const char *text = json_str(json_object_get(json_object_get(level, "calibration"), nucleus), "text", NULL);
	return text ? xstrdup(text) : NULL;
}

/* One text where clients expect one: both nuclei are named where they differ. */
static char *of_both(const json_t *level, char *(*get)(const json_t *, const char *))
{
	_cleanup_free_ char *h = get(level, "1H"), *c = get(level, "13C");
	if (!h || !c || str_eq(h, c))
		return h ? xstrdup(h) : c ? xstrdup(c) : NULL;
	return xasprintf("%s (1H), %s (13C)", h, c);
}

json_t *peer_results(const json_t *shifts, const struct job *j)
{
	const json_t *level = json_object_get(shifts, "level");
	_cleanup_free_ char *functional = of_both(level, functional_of), *basis = of_both(level, basis_of),
			    *source = of_both(level, source_of);
	json_t *o = json_pack("{s:o,s:o}", "h1_shifts", shift_list(shifts, "1H", "H"), "c13_shifts", shift_list(shifts, "13C", "C"));
	set_text(o, "functional", functional);
	set_text(o, "basis_set", basis);
	set_text(o, "solvent", json_str(level, "solvent", NULL));
	set_text(o, "scaling_factor_source", source);
	json_object_set_new(o, "h1_expected_mae", error_text(level, "1H"));
	json_object_set_new(o, "c13_expected_mae", error_text(level, "13C"));
	json_object_set_new(o, "ensemble_metadata", peer_ensemble(shifts, j));
	return o;
}

/* ---- all of it */

/* The SMILES that was handed in, while it can be seen. */
static char *submitted_smiles(const struct web *w, const struct job *j)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *spooled = xasprintf("%s/intake/%s/structure", w->conf->spool, j->id);
	_cleanup_free_ char *waiting = xasprintf("%s/%s/structure", w->conf->door, j->id);
	if (j->source && !str_has_isuffix(j->source, ".smi"))
		return NULL;
	if (file_read(spooled, SMILES_MAX, &b) < 0 && file_read(waiting, SMILES_MAX, &b) < 0)
		return NULL;
	size_t n = strcspn(b.s, " \t\r\n");
	return n && n == strspn(b.s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789()[]=#$:/\\.%+-@~*")
	       ? xstrndup(b.s, n) : NULL;
}

static void add_words(json_t *o, struct web *w, const struct job *j, const json_t *shifts)
{
	_cleanup_free_ char *smiles = submitted_smiles(w, j);
	const char *of_result = json_str(json_object_get(shifts, "molecule"), "smiles", NULL);
	_cleanup_free_ char *why = j->reason ? xasprintf("%s%s%s", j->reason, j->remedy ? " " : "", j->remedy ? j->remedy : "") : NULL;
	bool failed = j->state == JOB_FAILED || j->state == JOB_CANCELLED;
	const char *mode = option(j, "mode");
	json_object_set_new(o, "job_id", json_string(j->id));
	set_text(o, "status", status_word(j->state));
	peer_iso(o, "created_at", j->created);
	peer_iso(o, "started_at", j->started);
	peer_iso(o, "completed_at", job_state_ended(j->state) ? j->finished : 0);
	set_text(o, "input_smiles", smiles ? smiles : of_result);
	set_text(o, "input_name", j->name);
	set_text(o, "preset", option(j, "preset"));
	set_text(o, "solvent", option(j, "solvent"));
	set_text(o, "error_message", failed ? why ? why : "cancelled" : NULL);
	set_text(o, "conformer_mode", mode);
	/* Once it is done the result knows what "auto" took. */
	const char *search = json_str(json_array_get(json_arr(shifts, "conformer_search"), 0), "level", "");
	bool crest = str_eq(option(j, "conformers"), "crest") || str_has_prefix(search, "CREST");
	set_text(o, "conformer_method", crest ? "crest" : !mode || str_eq(mode, "single") ? NULL : "rdkit_kdg");
	json_object_set_new(o, "conformer_method_warning", json_null());
	double left = j->state == JOB_RUNNING && j->eta_s >= 0 ? fmax(j->eta_s - (clock_wall() - j->updated), 0) : -1;
	json_object_set_new(o, "eta_seconds", left >= 0 ? json_real(left) : json_null());
}

json_t *peer_job(struct web *w, struct queue *q, const struct job *j)
{
	struct steps all = { .all = json_array(), .progress = json_object() };
	_cleanup_json_ json_t *shifts = results_shifts(w, j);
	json_t *o = job_json(w->conf, j);
	all.ensemble = !str_eq(option(j, "mode"), "single");
	if (q)
		queue_step_each_of_job(q, j->row, add_step, &all);
	json_object_del(o, "folder");
	json_object_del(json_object_get(o, "options"), "notify");
	add_words(o, w, j, shifts);
	add_parts(o, &all, j);
	add_conformers(o, &all, shifts);
	json_object_set_new(o, "nmr_results", shifts ? peer_results(shifts, j) : json_null());
	json_object_set_new(o, "ensemble_metadata", peer_ensemble(shifts, j));
	json_object_set_new(o, "files", j->state == JOB_DONE ? results_list(w, j) : json_null());
	json_decref(all.all);
	json_decref(all.progress);
	return o;
}
