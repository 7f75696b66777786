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

static json_t *programs(const struct walk *w)
{
	const struct engines *e = &w->lab->engines;
	const char *open = e->mol ? strstr(e->mol, "(RDKit ") : NULL;
	json_t *p = json_object();
	json_object_set_new(p, "nwchem", json_text(e->nwchem ? e->nwchem : "?"));
	json_object_set_new(p, "xtb", json_text(e->xtb ? e->xtb : "?"));
	if (e->crest)
		json_object_set_new(p, "crest", json_text(e->crest));
	if (open) {
		_cleanup_free_ char *rdkit = xstrndup(open + strlen("(RDKit "), strcspn(open + strlen("(RDKit "), ")"));
		json_object_set_new(p, "rdkit", json_text(rdkit));
	}
	return p;
}

/* The last note of that stage whose level begins so; NULL: none. */
static const json_t *stage_of(const struct funnel *f, const char *stage, const char *level)
{
	const json_t *e, *found = NULL;
	size_t i;
	json_array_foreach(f->stages, i, e)
		if (str_eq(json_str(e, "stage", ""), stage) && str_has_prefix(json_str(e, "level", ""), level))
			found = e;
	return found;
}

static json_t *predict(struct walk *w, struct funnel *f, const struct predict_reference *ref)
{
	struct predict_conformer *c = xcalloc((size_t)f->n, sizeof(*c));
	for (int i = 0; i < f->n; i++)
		c[i] = (struct predict_conformer){ f->member[i].id, f->member[i].energy, f->member[i].gibbs,
						   f->member[i].degeneracy, &f->member[i].geometry,
						   f->member[i].shield_h, f->member[i].shield_c };
	_cleanup_free_ char *dft = w->preset->optimise
		? xasprintf("%s%s", w->preset->optimise->text, w->solvent->nwchem ? " (COSMO)" : "") : NULL;
	const char *geometry = w->keep ? "as given in the file" : dft ? dft
			     : w->solvent->alpb ? "GFN2-xTB (ALPB)" : "GFN2-xTB";
	_cleanup_json_ json_t *versions = programs(w);
	struct predict_input in = { .share = w->lab->share, .preset = w->preset, .solvent = w->solvent,
				    .temperature_k = w->temperature, .mol = f->mol, .conformers = c, .n = f->n,
				    .reference = ref, .geometry_kept = w->keep, .geometry_text = geometry,
				    .programs = versions, .crest = stage_of(f, "conformers", "CREST") != NULL,
				    .screened = f->screened, .weights_text = f->weights };
	const json_t *rdkit = stage_of(f, "conformers", "RDKit"), *stage;
	const char *method = rdkit ? json_str(rdkit, "level", "") : "";
	in.embedder = strstr(method, "ETKDGv3 + KDG") ? "ETKDGv3 and KDG" : strstr(method, "(KDG,") ? "KDG" : NULL;
	in.force_field = strstr(method, "MMFF94s") ? "MMFF94s" : strstr(method, "UFF") ? "UFF" : NULL;
	in.single = str_eq(w->opt.value[OPTION_MODE], "single") && !w->keep;
	in.conformers_max = funnel_most(w, w->preset->conformers_dft_max);
	in.screened_max = funnel_screened_most(w);
	double left = 1;
	size_t k;
	json_array_foreach(f->stages, k, stage)
		left *= (1 - json_num(stage, "population_lost", 0)) * (1 - json_num(stage, "number_lost", 0));
	in.population_lost = 1 - left;
	for (int i = 0; i < f->n; i++)
		in.free_energy = in.free_energy || f->member[i].gibbs != 0;
	json_t *doc = predict_result(&in);
	json_object_set_new(doc, "conformer_search", f->stages ? json_incref(f->stages) : json_array());
	free(c);
	return doc;
}

/* Results are handed on: whose mail address it was is nobody's business then. */
static json_t *options_list(const struct options *o)
{
	json_t *a = json_array();
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (i == OPTION_NOTIFY)
			continue;
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
	if (str_eq(program, "xtb") || str_eq(program, "crest"))
		buf_adds(&b, program);
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
	walk_read_failed(r->w, json_read_file(path, &plan));
	_cleanup_free_ char *command = plan ? command_text(plan) : NULL;
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
			      u->label, "program", json_str(plan, "program", s.program ? s.program : ""), "version",
			      json_str(plan, "version", s.version ? s.version : ""), "wall_s", s.wall_s, "cpu_s", s.cpu_s, "ranks", s.ranks,
			      "cached", cached);
	json_object_set_new(e, "command", command ? json_text(command) : json_null());
	json_object_set_new(e, "failed", u->failed ? json_text(cause_to_string(u->cause)) : json_null());
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
		if (w->p->used[i].done || w->p->used[i].failed)
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

static void add_programs(struct walk *w, const struct funnel *f, json_t *doc)
{
	const struct engines *e = &w->lab->engines;
	json_t *p = json_object();
	json_object_set_new(p, "nmr-spool", json_string(NMR_VERSION));
	json_object_set_new(p, "nmr-mol", json_text(e->mol ? e->mol : "?"));
	json_object_set_new(p, "xtb", json_text(e->xtb ? e->xtb : "?"));
	json_object_set_new(p, "nwchem", json_text(e->nwchem ? e->nwchem : "?"));
	if (stage_of(f, "conformers", "CREST"))
		json_object_set_new(p, "crest", json_text(e->crest ? e->crest : "?"));
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

static void add_identity(struct walk *w, const struct funnel *f, json_t *doc)
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
	add_programs(w, f, doc);
	add_warnings(w, doc);
}

/* ---- the topology in file order, for the SDF files of the report */

/* mol.sdf is V2000: fixed columns, at most 999 atoms (presets take far fewer). */
static bool three(const char *line, int at, int *ret_v)
{
	char digits[4] = "";
	if (strlen(line) < (size_t)at + 3)
		return false;
	memcpy(digits, line + at, 3);
	*ret_v = (int)strtol(digits, NULL, 10);
	return true;
}

static char *next_line(char **p)
{
	char *line = *p, *end = line ? strchr(line, '\n') : NULL;
	if (end)
		*end++ = '\0';
	*p = end;
	return line;
}

static int file_place(const json_t *order, int canonical)
{
	for (size_t i = 0; i < json_array_size(order); i++)
		if (json_integer_value(json_array_get(order, i)) == canonical)
			return (int)i;
	return -1;
}

static int add_bonds(char *p, int natoms, int nbonds, const json_t *order, struct buf *b)
{
	for (int i = 0; i < natoms; i++)
		next_line(&p);
	for (int i = 0; i < nbonds; i++) {
		int from, to, kind;
		const char *line = next_line(&p);
		if (!line || !three(line, 0, &from) || !three(line, 3, &to) || !three(line, 6, &kind))
			return -EBADMSG;
		buf_addf(b, "%3d%3d%3d  0\n", file_place(order, from - 1) + 1, file_place(order, to - 1) + 1, kind);
	}
	/* Charges and isotopes, with the atoms' new numbers. */
	for (const char *line; (line = next_line(&p)) && !str_has_prefix(line, "M  END");) {
		int n = 0;
		if ((!str_has_prefix(line, "M  CHG") && !str_has_prefix(line, "M  ISO")) || !three(line, 6, &n))
			continue;
		buf_addf(b, "%.9s", line);
		for (int i = 0, at, v; i < n && three(line, 10 + 8 * i, &at) && three(line, 14 + 8 * i, &v); i++)
			buf_addf(b, " %3d %3d", file_place(order, at - 1) + 1, v);
		buf_addc(b, '\n');
	}
	return 0;
}

static void add_molblock(struct walk *w, struct funnel *f, json_t *doc)
{
	_cleanup_(buf_release) struct buf sdf = BUF_INIT;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *path = xasprintf("%s/mol.sdf", f->mol_dir);
	const json_t *order = json_arr(f->mol, "order");
	const struct geometry *g = &f->member[0].geometry;
	int natoms = 0, nbonds = 0;
	int r = file_read(path, (size_t)1 << 26, &sdf);
	walk_read_failed(w, r);
	if (r < 0)
		return;
	char *p = sdf.s;
	for (int i = 0; i < 3; i++)
		next_line(&p);
	const char *counts = next_line(&p);
	if (!p || !counts || !strstr(counts, "V2000") || !three(counts, 0, &natoms) || !three(counts, 3, &nbonds) ||
	    natoms != f->natoms || (size_t)natoms != json_array_size(order))
		return;
	buf_addf(&b, "\n  nmr-spool          3D\n\n%3d%3d  0  0  0  0  0  0  0  0999 V2000\n", natoms, nbonds);
	for (int i = 0; i < natoms; i++) {
		long long k = json_integer_value(json_array_get(order, (size_t)i));
		buf_addf(&b, "%10.4f%10.4f%10.4f %-3s 0  0  0  0  0  0  0  0  0  0  0  0\n", g->xyz[k][0], g->xyz[k][1],
			 g->xyz[k][2], element_symbol(g->z[k]));
	}
	if (add_bonds(p, natoms, nbonds, order, &b) < 0)
		return;
	buf_adds(&b, "M  END\n");
	json_object_set_new(json_object_get(doc, "molecule"), "molblock", json_string(b.s));
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
	int r = file_read(sdf, (size_t)1 << 30, &b);
	walk_read_failed(w, r);
	if (r < 0)
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
	r = walk_ask(w, "report", &plan, &result);
	if (r == -EAGAIN)
		return r;
	_cleanup_free_ char *svg = walk_step_file(w, key, "structure.svg");
	buf_clear(&b);
	if (r == 0)
		r = file_read(svg, 1 << 24, &b);
	walk_read_failed(w, r);
	if (r < 0)
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
	add_identity(w, f, doc);
	add_molblock(w, f, doc);
	/* Not "result.json": that is the name of every step's own result. */
	const char *args[] = { "--in", "document.json", "--out", "out", NULL };
	struct plan plan;
	plan_program(&plan, w->lab, "render", "write the report", args);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_add_to(&b, doc, true);
	plan_add_file(&plan, "document.json", b.s, b.len);
	plan_seal(&plan);
	memcpy(w->p->render_key, plan.key, sizeof(plan.key));
	_cleanup_json_ json_t *done = NULL;
	r = walk_ask(w, "report", &plan, &done);
	if (r == -EREMOTEIO)
		return walk_end_engine(w, "writing the report");
	return r;
}
