/* One pass over a job: read, the molecule, its references, the report. See
 * pipeline.h. Never logs. */
#include "job/pipeline.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "job/walk.h"

void pipeline_release(struct pipeline *p)
{
	for (size_t i = 0; i < p->nneed; i++)
		plan_release(&p->need[i]);
	for (size_t i = 0; i < p->nused; i++)
		free(p->used[i].label);
	for (size_t i = 0; i < p->nsplit; i++) {
		free(p->split[i].name);
		free(p->split[i].input);
		json_decref(p->split[i].fields);
		free(p->split[i].why);
		free(p->split[i].remedy);
	}
	free(p->need);
	free(p->used);
	free(p->split);
	free(p->what);
	free(p->why);
	free(p->remedy);
	free(p->summary);
	json_decref(p->warnings);
	*p = (struct pipeline){ 0 };
}

/* ---- read: from the dropped file to its records */

static void set_part(struct pipeline_part *part, const struct walk *w, const char *key, const json_t *rec)
{
	const json_t *refusal = json_object_get(rec, "refusal");
	*part = (struct pipeline_part){ .n = (int)json_int(rec, "n", 1), .name = xstrdup(json_str(rec, "name", "")) };
	part->fields = json_incref(json_object_get(rec, "fields"));
	if (refusal) {
		part->why = xasprintf("%s %s", json_str(refusal, "what", ""), json_str(refusal, "why", ""));
		part->remedy = xstrdup(json_str(refusal, "remedy", ""));
		return;
	}
	_cleanup_free_ char *path = walk_step_file(w, key, json_str(rec, "file", ""));
	part->input = xstrdup(path + strlen(w->lab->conf->spool) + 1);
}

static int take_records(struct walk *w, const char *key, const json_t *result)
{
	struct pipeline *p = w->p;
	const json_t *records = json_arr(result, "records"), *rec;
	size_t n = json_array_size(records), i;
	if (n == 1 && json_object_get(json_array_get(records, 0), "refusal"))
		return walk_end_refusal(w, json_object_get(json_array_get(records, 0), "refusal"));
	p->split = xcalloc(n, sizeof(*p->split));
	p->nsplit = n;
	json_array_foreach(records, i, rec)
		set_part(&p->split[i], w, key, rec);
	return walk_end(w, n == 1 ? PIPELINE_ADOPTS : PIPELINE_SPLITS, NULL, NULL, NULL);
}

static int plan_read(struct walk *w, const char *path, const char *hint, struct plan *plan)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	int r = file_read(path, (size_t)w->lab->conf->file_size_max_mb << 20, &b);
	if (r < 0) {
		walk_read_failed(w, r);
		_cleanup_free_ char *why = xasprintf("The stored copy %s cannot be read: %s.", path, strerror(-r));
		return walk_end(w, PIPELINE_FAILED, "The file is gone from the spool.", why, "Drop the file again.");
	}
	_cleanup_free_ char *most = xasprintf("%d", w->lab->conf->records_max);
	const char *args[12] = { "read", "--in", "structure", "--name", hint, "--records-max", most };
	size_t n = 7;
	if (!w->reference && !str_eq(w->opt.value[OPTION_CHARGE], "auto")) {
		args[n++] = "--charge";
		args[n++] = w->opt.value[OPTION_CHARGE];
	}
	_cleanup_free_ char *label = xasprintf("%sread the file", w->who);
	plan_program(plan, w->lab, "mol", label, args);
	plan_add_file(plan, "structure", b.s, b.len);
	plan_seal(plan);
	return 0;
}

static int read_file(struct walk *w)
{
	const struct job *j = w->job;
	const char *slash = j->source ? strrchr(j->source, '/') : NULL;
	_cleanup_free_ char *path = xasprintf("%s/%s", w->lab->conf->spool, j->input);
	_cleanup_json_ json_t *result = NULL;
	struct plan plan;
	int r = plan_read(w, path, slash ? slash + 1 : j->source ? j->source : j->name, &plan);
	if (r < 0)
		return r;
	char key[SHA256_HEX_LEN];
	memcpy(key, plan.key, sizeof(key));
	r = walk_ask(w, "read", &plan, &result);
	if (r == -EREMOTEIO)
		return walk_end_engine(w, "reading the file");
	if (r < 0)
		return r;
	if (!json_flag(result, "ok", false))
		return walk_end_refusal(w, json_object_get(result, "refusal"));
	return take_records(w, key, result);
}

/* ---- references: TMS and benzene at the same level, computed once and kept */

static double mean_of(const struct funnel *f, const char *element)
{
	const json_t *elements = json_arr(f->mol, "elements");
	const double *v = str_eq(element, "H") ? f->member[0].shield_h : f->member[0].shield_c;
	double sum = 0;
	int n = 0;
	for (int i = 0; i < f->natoms; i++)
		if (str_eq(json_string_value(json_array_get(elements, (size_t)i)), element)) {
			sum += v[i];
			n++;
		}
	return n ? sum / n : 0;
}

static int reference(struct walk *w, const char *name, const char *who, double *ret_h, double *ret_c)
{
	_cleanup_(funnel_release) struct funnel f = { 0 };
	_cleanup_json_ json_t *records = NULL;
	_cleanup_free_ char *path = xasprintf("%s/reference/%s.smi", w->lab->conf->share, name);
	struct plan plan;
	w->reference = true;
	w->who = who;
	int r = plan_read(w, path, name, &plan);
	if (r == 0) {
		_cleanup_free_ char *record = walk_step_file(w, plan.key, "rec-1.sdf");
		r = walk_ask(w, "reference", &plan, &records);
		if (r == 0)
			r = walk_molecule(w, record, &f);
		else if (r == -EREMOTEIO)
			r = walk_end_engine(w, "reading the reference");
	}
	w->reference = false;
	w->who = "";
	if (r == 0) {
		*ret_h = mean_of(&f, "H");
		*ret_c = mean_of(&f, "C");
	}
	return r;
}

static int references(struct walk *w, struct predict_reference *ref)
{
	if (!w->keep && !share_is_uncalibrated(w->lab->share, w->preset, w->solvent))
		return 0;
	int a = reference(w, "tms", "reference TMS: ", &ref->tms_h, &ref->tms_c);
	if (a == -ECANCELED)
		return a;
	int b = reference(w, "benzene", "reference benzene: ", &ref->benzene_h, &ref->benzene_c);
	ref->have = a == 0 && b == 0;
	return a < 0 && b != -ECANCELED ? a : b;
}

/* ---- the pass */

static int set_up(struct walk *w)
{
	options_init(&w->opt, w->lab->share);
	double t = 298.15;
	if (w->job->damage)
		return walk_end(w, PIPELINE_REFUSED, "The job was set aside: its row in the queue is damaged.", w->job->damage,
				"Drop the file again.");
	if (options_from_json(&w->opt, w->job->options) == 0) {
		w->preset = share_preset(w->lab->share, w->opt.value[OPTION_PRESET]);
		w->solvent = share_solvent(w->lab->share, w->opt.value[OPTION_SOLVENT]);
	}
	if (!w->preset || !w->solvent)
		return walk_end(w, PIPELINE_REFUSED, "The options of this job are not usable.",
				"The preset or the solvent named when it was dropped is not known any more.",
				"Drop the file again with options that nmr.conf knows.");
	str_to_double(w->opt.value[OPTION_TEMPERATURE], &t);
	w->temperature = t;
	w->keep = str_eq(w->opt.value[OPTION_GEOMETRY], "keep");
	return 0;
}

static bool is_record(const struct job *j)
{
	return j->input && str_has_prefix(j->input, "steps/");
}

static int walk_job(struct walk *w)
{
	int r = set_up(w);
	if (r < 0)
		return r;
	if (!w->job->input)
		return walk_end(w, PIPELINE_REFUSED, "The structure cannot be computed.",
				w->job->reason ? w->job->reason : "", w->job->remedy ? w->job->remedy : "");
	if (!is_record(w->job))
		return read_file(w);
	_cleanup_(funnel_release) struct funnel f = { 0 };
	struct predict_reference ref = { 0 };
	_cleanup_free_ char *record = xasprintf("%s/%s", w->lab->conf->spool, w->job->input);
	r = walk_molecule(w, record, &f);
	if (r == -ECANCELED)
		return r;
	/* The molecule is known to be computable: its references can run beside it. */
	int r2 = f.mol ? references(w, &ref) : 0;
	if (r2 < 0 || r < 0)
		return r2 == -ECANCELED ? r2 : -EAGAIN;
	return walk_report(w, &f, &ref);
}

void pipeline_walk(struct pipeline *p, const struct lab *lab, struct queue *q, const struct job *job)
{
	*p = (struct pipeline){ .end = PIPELINE_RENDERED, .stage = "read" };
	struct walk w = { .p = p, .lab = lab, .q = q, .job = job, .who = "", .warnings = json_array() };
	int r = walk_load_given_up(&w);
	if (r < 0)
		w.hindered = r;
	else
		r = walk_job(&w);
	/* What is not read yet is taken for a usual job. */
	if (r == -EAGAIN && w.preset && !w.known) {
		char kind[24];
		walk_usual_kind(w.preset->name, kind);
		p->cost_left += cost_predict(lab->cost, kind, 1, USUAL_JOB_S);
	}
	if (r == -EAGAIN)
		p->end = PIPELINE_WAITS;
	p->error = w.hindered;
	if (w.hindered)
		p->end = PIPELINE_LATER;
	options_release(&w.opt);
	p->warnings = w.warnings;
	walk_free_given_up(&w);
	free(w.detail);
}
