/* The result document (docs/formats.md) from the science's part and what the
 * queue knows, and the two report steps: drawing, rendering. Everything in the
 * document is stable: the same finished job gives the same bytes again.
 * Never logs. */
#include "job/walk.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"

static json_t *predict(struct walk *w, struct funnel *f, const struct predict_reference *ref)
{
	struct predict_conformer *c = xcalloc((size_t)f->n, sizeof(*c));
	for (int i = 0; i < f->n; i++)
		c[i] = (struct predict_conformer){ f->member[i].id, f->member[i].energy, f->member[i].degeneracy,
						   &f->member[i].geometry, f->member[i].shield_h,
						   f->member[i].shield_c };
	_cleanup_free_ char *dft = w->preset->optimise
		? xasprintf("%s%s", w->preset->optimise->text, w->solvent->nwchem ? " (COSMO)" : "") : NULL;
	const char *geometry = w->keep ? "as given in the file" : dft ? dft
			     : w->solvent->alpb ? "GFN2-xTB (ALPB)" : "GFN2-xTB";
	struct predict_input in = { .share = w->lab->share, .preset = w->preset, .solvent = w->solvent,
				    .temperature_k = w->temperature, .mol = f->mol, .conformers = c, .n = f->n,
				    .reference = ref, .geometry_kept = w->keep, .geometry_text = geometry };
	json_t *doc = predict_result(&in);
	free(c);
	return doc;
}

static json_t *options_list(const struct options *o)
{
	json_t *a = json_array();
	for (int i = 0; i < OPTION_COUNT; i++) {
		json_t *e = json_object();
		json_object_set_new(e, "name", json_string(option_name((enum option)i)));
		json_object_set_new(e, "value", json_text(o->value[i]));
		json_object_set_new(e, "origin", json_text(o->origin[i]));
		json_array_append_new(a, e);
	}
	return a;
}

static char *command_text(const json_t *plan)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	const json_t *argv = json_arr(plan, "argv");
	const char *program = json_str(plan, "program", "");
	if (str_eq(program, "nwchem"))
		return xstrdup("nwchem input.nw");
	if (str_eq(program, "xtb"))
		buf_adds(&b, "xtb");
	for (size_t i = 0; i < json_array_size(argv); i++)
		buf_addf(&b, "%s%s", b.len ? " " : "", json_string_value(json_array_get(argv, i)));
	return buf_detach(&b);
}

struct stage_sum { const char *stage; int steps, cached; double wall, cpu; };

struct step_report {
	struct walk *w;
	json_t *steps;
	struct stage_sum sum[16];
	size_t nsum;
	double wall, cpu, finished;
};

static struct stage_sum *sum_of(struct step_report *r, const char *stage)
{
	for (size_t i = 0; i < r->nsum; i++)
		if (str_eq(r->sum[i].stage, stage))
			return &r->sum[i];
	if (r->nsum == ARRAY_SIZE(r->sum))
		return &r->sum[r->nsum - 1];
	r->sum[r->nsum].stage = stage;
	return &r->sum[r->nsum++];
}

static void report_step(struct step_report *r, const struct pipeline_step *u)
{
	_cleanup_(step_release) struct step s;
	_cleanup_json_ json_t *plan = NULL;
	_cleanup_free_ char *path = walk_step_file(r->w, u->key, "step.json");
	step_init(&s);
	queue_step_get(r->w->q, u->key, &s);
	json_read_file(path, &plan);
	_cleanup_free_ char *command = command_text(plan);
	/* Done before this job was even dropped: served from the store. */
	bool cached = s.finished > 0 && s.finished < r->w->job->created;
	struct stage_sum *sum = sum_of(r, u->stage);
	sum->steps++;
	sum->cached += cached;
	if (!cached) {
		sum->wall += s.wall_s;
		sum->cpu += s.cpu_s;
		r->wall += s.wall_s;
		r->cpu += s.cpu_s;
	}
	r->finished = MAX(r->finished, s.finished);
	json_t *e = json_pack("{s:s,s:s,s:s,s:s,s:s,s:f,s:f,s:i,s:b}", "key", u->key, "stage", u->stage, "label",
			      u->label, "program", json_str(plan, "program", ""), "version",
			      json_str(plan, "version", ""), "wall_s", s.wall_s, "cpu_s", s.cpu_s, "ranks", s.ranks,
			      "cached", cached);
	json_object_set_new(e, "command", json_text(command));
	json_array_append_new(r->steps, e);
}

static void set_iso(json_t *o, const char *key, double wall)
{
	char s[CLOCK_ISO_LEN];
	clock_iso(wall, s);
	json_object_set_new(o, key, wall > 0 ? json_string(s) : json_null());
}

static void add_steps(struct walk *w, json_t *doc)
{
	struct step_report r = { .w = w, .steps = json_array() };
	for (size_t i = 0; i < w->p->nused; i++)
		if (w->p->used[i].done)
			report_step(&r, &w->p->used[i]);
	json_t *timing = json_object(), *stages = json_array();
	set_iso(timing, "submitted", w->job->created);
	set_iso(timing, "started", w->job->started);
	set_iso(timing, "finished", MAX(r.finished, w->job->started));
	json_object_set_new(timing, "wall_s", json_real(r.wall));
	json_object_set_new(timing, "cpu_s", json_real(r.cpu));
	for (size_t i = 0; i < r.nsum; i++)
		json_array_append_new(stages, json_pack("{s:s,s:i,s:i,s:f,s:f}", "stage", r.sum[i].stage, "steps",
							r.sum[i].steps, "cached", r.sum[i].cached, "wall_s",
							r.sum[i].wall, "cpu_s", r.sum[i].cpu));
	json_object_set_new(timing, "stages", stages);
	json_object_set_new(doc, "timing", timing);
	json_object_set_new(doc, "steps", r.steps);
}

static void add_programs(struct walk *w, json_t *doc)
{
	const struct engines *e = &w->lab->engines;
	json_t *p = json_object();
	json_object_set_new(p, "nmr-spool", json_string(NMR_VERSION));
	json_object_set_new(p, "nmr-mol", json_text(e->mol ? e->mol : "?"));
	json_object_set_new(p, "xtb", json_text(e->xtb ? e->xtb : "?"));
	json_object_set_new(p, "nwchem", json_text(e->nwchem ? e->nwchem : "?"));
	json_object_set_new(json_object_get(doc, "level"), "programs", p);
}

static void add_warnings(struct walk *w, json_t *doc)
{
	json_t *a = json_object_get(doc, "warnings"), *e;
	size_t i;
	if (!a) {
		a = json_array();
		json_object_set_new(doc, "warnings", a);
	}
	json_array_foreach(w->warnings, i, e)
		json_array_append(a, e);
}

static void add_identity(struct walk *w, json_t *doc)
{
	const struct job *j = w->job;
	const char *slash = j->source ? strrchr(j->source, '/') : NULL;
	json_object_set_new(doc, "schema", json_integer(1));
	json_object_set_new(doc, "id", json_string(j->id));
	json_object_set_new(doc, "name", json_text(*w->opt.value[OPTION_NAME] ? w->opt.value[OPTION_NAME] : j->name));
	json_object_set_new(doc, "source", json_text(j->source ? j->source : ""));
	json_object_set_new(doc, "record", j->record ? json_integer(j->record) : json_null());
	json_object_set_new(doc, "options", options_list(&w->opt));
	json_t *input = json_object();
	json_object_set_new(input, "file", json_text(slash ? slash + 1 : j->source ? j->source : ""));
	json_object_set_new(input, "sha256", json_text(j->sha256 ? j->sha256 : ""));
	json_object_set_new(doc, "input", input);
	add_programs(w, doc);
	add_warnings(w, doc);
}

/* ---- the drawing */

static int canonical_of(const json_t *number, long long shown)
{
	for (size_t i = 0; i < json_array_size(number); i++)
		if (json_integer_value(json_array_get(number, i)) == shown)
			return (int)i;
	return -1;
}

static json_t *shift_labels(const struct funnel *f, const json_t *doc)
{
	json_t *labels = json_array();
	const json_t *number = json_arr(f->mol, "number");
	const json_t *list = json_arr(json_object_get(doc, "shifts"), "13C"), *e, *a;
	size_t i, k;
	json_array_foreach(list, i, e) {
		_cleanup_free_ char *text = xasprintf("%.1f", json_num(e, "shift", 0));
		json_array_foreach(json_arr(e, "atoms"), k, a) {
			int at = canonical_of(number, json_integer_value(a));
			if (at >= 0)
				json_array_append_new(labels, json_pack("{s:i,s:s}", "atom", at, "text", text));
		}
	}
	return labels;
}

static void add_json_file(struct plan *p, const char *name, const json_t *j)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_add_to(&b, j, false);
	plan_add_file(p, name, b.s, b.len);
}

static int draw(struct walk *w, struct funnel *f, json_t *doc)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *sdf = xasprintf("%s/mol.sdf", f->mol_dir);
	if (file_read(sdf, (size_t)1 << 30, &b) < 0)
		return -EAGAIN;
	const char *args[] = { "draw", "--in", "mol.sdf", "--numbers", "numbers.json", "--shifts", "labels.json",
			       NULL };
	struct plan plan;
	plan_program(&plan, w->lab, "mol", "draw the structure", args);
	_cleanup_json_ json_t *labels = shift_labels(f, doc);
	plan_add_file(&plan, "mol.sdf", b.s, b.len);
	add_json_file(&plan, "numbers.json", json_arr(f->mol, "number"));
	add_json_file(&plan, "labels.json", labels);
	plan_seal(&plan);
	char key[SHA256_HEX_LEN];
	memcpy(key, plan.key, sizeof(key));
	_cleanup_json_ json_t *result = NULL;
	int r = walk_ask(w, "report", &plan, &result);
	if (r == -EAGAIN)
		return r;
	_cleanup_free_ char *svg = walk_step_file(w, key, "structure.svg");
	buf_clear(&b);
	if (r < 0 || file_read(svg, 1 << 24, &b) < 0)
		walk_warn(w, "no-drawing", "The structure could not be drawn.");
	else
		json_object_set_new(doc, "structure_svg", json_text(b.s));
	return 0;
}

int walk_report(struct walk *w, struct funnel *f, const struct predict_reference *ref)
{
	_cleanup_json_ json_t *doc = predict(w, f, ref);
	/* Steps first: the drawing is not part of the account. */
	add_steps(w, doc);
	int r = draw(w, f, doc);
	if (r < 0)
		return r;
	add_identity(w, doc);
	const char *args[] = { "--in", "result.json", "--out", "out", NULL };
	struct plan plan;
	plan_program(&plan, w->lab, "render", "write the report", args);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_add_to(&b, doc, true);
	plan_add_file(&plan, "result.json", b.s, b.len);
	plan_seal(&plan);
	memcpy(w->p->render_key, plan.key, sizeof(plan.key));
	_cleanup_json_ json_t *done = NULL;
	r = walk_ask(w, "report", &plan, &done);
	if (r == -EREMOTEIO)
		return walk_end_engine(w, "writing the report");
	return r;
}
