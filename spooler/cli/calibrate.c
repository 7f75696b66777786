/* nmr calibrate: scaling factors from a set of molecules with measured shifts. The
 * molecules go through a spooler of our own like any others, once for each pair of
 * levels, so that the factors are those of the pipeline as it is. The folder stays: what
 * is finished there is not computed again, and more pairs can be added. */
#include "cli/calibrate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/private.h"
#include "client/door.h"
#include "report/calibration.h"

#define SET_MAX (64u << 20)

char *calibrate_job_name(const struct calibrate *k, const struct calibrate_pair *p, int molecule)
{
	return xasprintf("%s_%s_%.12s", p->preset, p->hash, k->set.molecule[molecule].structure);
}

/* ---- what was asked for */

static void tell_levels(const struct calibrate *k, const char *what)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	const struct level *l;
	for (size_t i = 0; (l = share_level_at(k->share, i)); i++)
		buf_addf(&b, "%s%s", i ? ", " : "", l->name);
	cli_error("%s; give --levels LEVEL//GEOMETRY,... with LEVEL one of %s, and GEOMETRY xtb or one of them; or the name of a "
		  "preset", what, b.s);
}

/* NULL, or what is wrong with it. */
static char *read_preset(struct calibrate *k, const char *word, struct calibrate_pair *p)
{
	p->shipped = share_preset(k->share, word);
	if (!p->shipped)
		return xasprintf("\"%s\" says no geometry, and is no preset", word);
	p->level[0] = p->shipped->shield_h;
	p->level[1] = p->shipped->shield_c;
	p->geometry = p->shipped->optimise;
	p->preset = xstrdup(p->shipped->name);
	return NULL;
}

static char *read_pair(struct calibrate *k, const char *word, const char *slashes, struct calibrate_pair *p)
{
	_cleanup_free_ char *level = xstrndup(word, (size_t)(slashes - word));
	const char *geometry = slashes + 2;
	p->level[0] = p->level[1] = share_level(k->share, level);
	p->geometry = share_level(k->share, geometry);
	if (!p->level[0] || (!p->geometry && !str_eq(geometry, "xtb")))
		return xasprintf("there is no level \"%s\"", p->level[0] ? geometry : level);
	if (p->geometry && !p->geometry->dispersion)
		return xasprintf("\"%s\" has no dispersion correction, and a geometry's energies are the weights of conformers", geometry);
	p->preset = xasprintf("%s_%s", level, geometry);
	return NULL;
}

/* NULL, or what is wrong with it. */
static char *add_pair(struct calibrate *k, const char *word)
{
	const char *slashes = strstr(word, "//");
	struct calibrate_pair p = { 0 };
	char *why = slashes ? read_pair(k, word, slashes, &p) : read_preset(k, word, &p);
	if (why)
		return why;
	for (int i = 0; i < k->nknown; i++)
		if (str_eq(k->pair[i].preset, p.preset)) {
			free(p.preset);
			return NULL;
		}
	k->pair = xreallocarray(k->pair, (size_t)k->nknown + 1, sizeof(p));
	k->pair[k->nknown++] = p;
	return NULL;
}

static int read_pairs(struct calibrate *k)
{
	_cleanup_free_ char *list = xstrdup(k->c->args.levels ? k->c->args.levels : "");
	_cleanup_free_ char *why = NULL;
	char *rest;
	for (char *w = strtok_r(list, ", ", &rest); w && !why; w = strtok_r(NULL, ", ", &rest))
		why = add_pair(k, w);
	if (!why && k->nknown == 0)
		why = xstrdup("no levels are given");
	if (why)
		tell_levels(k, why);
	k->npairs = k->nknown;
	return why ? CLI_USAGE : CLI_OK;
}

static int read_set(struct calibrate *k)
{
	const char *path = k->c->args.operand[0];
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *error = NULL;
	char hex[SHA256_HEX_LEN];
	int r = file_read(path, SET_MAX, &b);
	if (r < 0) {
		cli_error("cannot read %s: %s", path, strerror(-r));
		return CLI_FAILED;
	}
	if (benchmark_parse(b.s, b.len, &k->set, &error) < 0) {
		cli_error("%s: %s; it must be an SD file with measured shifts, see nmr(1)", path, error);
		return CLI_FAILED;
	}
	for (int i = 0; i < k->set.n; i++)
		for (int j = 0; j < i; j++) {
			const struct benchmark_molecule *a = &k->set.molecule[j], *m = &k->set.molecule[i];
			if (str_eq(m->structure, a->structure)) {
				cli_error("%s: records %d (%s) and %d (%s) have the same structure; put all its measured shifts into one "
					  "record, and take the other one out", path, j + 1, a->name, i + 1, m->name);
				return CLI_FAILED;
			}
			if (str_eq(m->name, a->name))
				cli_error("%s: records %d and %d have the same name (%s). If they are the same molecule, take one of "
					  "them out: a molecule that is there twice makes the errors of molecules outside the fit "
					  "too small", path, j + 1, i + 1, m->name);
		}
	int shifts[2] = { 0 };
	for (int i = 0; i < k->set.n; i++)
		for (int n = 0; n < 2; n++)
			shifts[n] += k->set.molecule[i].n[n];
	fprintf(stderr, "%s: %d molecules, %d shifts of 1H and %d of 13C\n", path, k->set.n, shifts[0], shifts[1]);
	sha256_hex(b.s, b.len, hex);
	k->set_sha256 = xstrdup(hex);
	const char *slash = strrchr(path, '/');
	k->set_file = xstrdup(slash ? slash + 1 : path);
	return CLI_OK;
}

static bool is_typed(const struct calibrate *k, enum option o) { return str_eq(k->opt.origin[o], "command line"); }

/* All options of the jobs are ours, so that nothing in nmr.conf changes a fit. */
static int read_options(struct calibrate *k)
{
	static const enum option fixed[] = { OPTION_PRESET, OPTION_GEOMETRY, OPTION_CHARGE, OPTION_NAME, OPTION_PRIORITY,
					     OPTION_COMPONENT, OPTION_NOTIFY };
	_cleanup_free_ char *why = NULL;
	options_init(&k->opt, k->share);
	int r = options_set(&k->opt, k->share, "mode", "ensemble", "calibrate", &why);
	for (size_t i = 0; i < k->c->args.noptions && r == 0; i++)
		r = options_set(&k->opt, k->share, k->c->args.options[i].name, k->c->args.options[i].value, "command line", &why);
	for (size_t i = 0; i < ARRAY_SIZE(fixed) && r == 0; i++)
		if (is_typed(k, fixed[i])) {
			why = xasprintf("calibrate takes no option \"%s\"", option_name(fixed[i]));
			r = -EINVAL;
		}
	if (r < 0)
		cli_error("%s", why);
	return r < 0 ? CLI_USAGE : CLI_OK;
}

/* NULL, or what is wrong with the solvent of record i. typed: NULL, or that of --solvent. */
static char *take_solvent(struct calibrate *k, int i, const struct solvent *typed)
{
	const char *its = k->set.molecule[i].solvent;
	const struct solvent *before = typed ? typed : k->solvent;
	char *why = NULL;
	if (!its && !typed)
		return xasprintf("record %d has no SOLVENT; add --solvent, for example --solvent CDCl3", i + 1);
	if (its && options_set(&k->opt, k->share, "solvent", its, "the set", &why) < 0) {
		_cleanup_free_ char *what = why;
		return xasprintf("record %d: %s", i + 1, what);
	}
	k->solvent = share_solvent(k->share, k->opt.value[OPTION_SOLVENT]);
	if (before && before != k->solvent)
		return xasprintf("record %d was measured in %s, not in %s; factors hold for one solvent: split the set, or leave "
				 "--solvent out", i + 1, k->solvent->name, before->name);
	return NULL;
}

/* One for all: factors hold for one solvent. */
static int find_solvent(struct calibrate *k)
{
	const struct solvent *typed = is_typed(k, OPTION_SOLVENT) ? share_solvent(k->share, k->opt.value[OPTION_SOLVENT]) : NULL;
	_cleanup_free_ char *why = NULL;
	for (int i = 0; i < k->set.n && !why; i++)
		why = take_solvent(k, i, typed);
	if (why)
		cli_error("%s: %s", k->c->args.operand[0], why);
	return why ? CLI_USAGE : CLI_OK;
}

/* ---- its folder */

/* A folder with anything else in it could be anybody's: parts of ours are replaced. */
static bool is_foreign(const char *dir)
{
	_cleanup_free_ char *ours = xasprintf("%s/dataset", dir);
	DIR *d = file_exists(ours) ? NULL : opendir(dir);
	bool foreign = false;
	struct dirent *e;
	while (d && !foreign && (e = readdir(d)))
		foreign = !str_eq(e->d_name, ".") && !str_eq(e->d_name, "..") && !str_eq(e->d_name, "lock");
	if (d)
		closedir(d);
	return foreign;
}

/* Adds our structures to those that the folder has seen. How many it had seen. */
static int add_structures(const struct calibrate *k, struct buf *list)
{
	int seen = 0;
	for (int i = 0; i < k->set.n; i++)
		if (list->s && strstr(list->s, k->set.molecule[i].structure))
			seen++;
		else
			buf_addf(list, "%s\n", k->set.molecule[i].structure);
	return seen;
}

/* A folder belongs to one data set, which may grow and be corrected, and one process at a
 * time works in it. */
static int claim_folder(struct calibrate *k)
{
	if (is_foreign(k->dir)) {
		cli_error("%s has files in it that are not of a calibration; give --out a new folder", k->dir);
		return CLI_USAGE;
	}
	int r = file_mkdir_p(k->dir, 0755);
	/* The spooler has another working directory. */
	char *real = r == 0 ? realpath(k->dir, NULL) : NULL;
	if (real) {
		free(k->dir);
		k->dir = real;
	}
	_cleanup_free_ char *path = xasprintf("%s/dataset", k->dir), *lock = xasprintf("%s/lock", k->dir);
	_cleanup_(buf_release) struct buf list = BUF_INIT;
	if (r == 0 && (k->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644)) < 0)
		r = -errno;
	if (r == 0 && file_lock(k->lock) < 0) {
		cli_error("another nmr calibrate works in %s; wait for it, or give another --out", k->dir);
		return CLI_FAILED;
	}
	bool is_new = r == 0 && (r = file_read(path, SET_MAX, &list)) == -ENOENT;
	if (is_new)
		r = 0;
	if (r == 0 && add_structures(k, &list) == 0 && !is_new) {
		cli_error("%s was made with another data set, or by another version: it has none of the structures of %s; give another "
			  "--out", k->dir, k->set_file);
		return CLI_USAGE;
	}
	if (r == 0)
		r = file_write_atomic(path, list.s, list.len, 0644, true);
	if (r < 0)
		cli_error("cannot use %s: %s", k->dir, strerror(-r));
	return r < 0 ? CLI_FAILED : CLI_OK;
}

int calibrate_write(const struct calibrate *k, const char *name, const struct buf *b)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", k->dir, name);
	int r = file_write_atomic(path, b->s, b->len, 0644, false);
	if (r < 0)
		cli_error("cannot write %s: %s", path, strerror(-r));
	return r < 0 ? CLI_FAILED : CLI_OK;
}

/* Pairs of earlier starts, whose jobs may still wait. A level that is no longer there is
 * forgotten. */
static int remember_pairs(struct calibrate *k)
{
	_cleanup_free_ char *path = xasprintf("%s/pairs", k->dir);
	_cleanup_(buf_release) struct buf had = BUF_INIT, all = BUF_INIT;
	char *rest;
	if (file_read(path, 1 << 16, &had) == 0)
		for (char *w = strtok_r(had.s, "\n", &rest); w; w = strtok_r(NULL, "\n", &rest))
			free(add_pair(k, w));
	for (int i = 0; i < k->nknown; i++) {
		_cleanup_free_ char *text = calibrate_pair_text(&k->pair[i]);
		buf_addf(&all, "%s\n", text);
	}
	calibrate_hash(k);
	return calibrate_write(k, "pairs", &all);
}

static int open_folder(struct calibrate *k)
{
	_cleanup_free_ char *data = xasprintf("%s/data", k->dir);
	_cleanup_free_ char *share = xasprintf("%s/share", k->dir);
	_cleanup_free_ char *run = xasprintf("%s/run", k->dir);
	_cleanup_free_ char *error = NULL;
	/* Ours and the spooler's. */
	setenv("NMR_SHARE", share, 1);
	k->conf = conf_load(k->c->args.config, data, &error);
	if (!k->conf || conf_make_folders(k->conf, &error) < 0) {
		cli_error("%s", error);
		return CLI_USAGE;
	}
	int r = file_mkdir_p(run, 0700);
	if (r < 0)
		cli_error("cannot make %s: %s", run, strerror(-r));
	return r < 0 ? CLI_FAILED : CLI_OK;
}

/* ---- the jobs */

struct search { const struct calibrate *k; const char *name; bool found; };

/* What was cancelled is wanted again: settings that were changed, and changed back. */
static int take_up(const struct job *j, void *arg)
{
	struct search *s = arg;
	char uuid[UUID_LEN + 1];
	_cleanup_free_ char *error = NULL;
	if (!str_has_prefix(j->name, s->name))
		return 0;
	s->found = true;
	if (j->state == JOB_CANCELLED && door_request(s->k->conf, "retry", j->id, NULL, uuid, &error) < 0)
		cli_error("%s", error);
	return 0;
}

/* False: the queue does not have it. Also as several: the isomers of a structure with undefined
 * stereocentres. */
static bool take_up_all(const struct calibrate *k, struct queue *q, const char *name)
{
	struct search s = { k, name, false };
	if (q)
		queue_job_each(q, &(struct job_filter){ .text = name, .states = ~0u >> 1 }, take_up, &s);
	return s.found;
}

static int submit(const struct calibrate *k, const struct calibrate_pair *p, int molecule, const char *name)
{
	static const enum option passed[] = { OPTION_SOLVENT, OPTION_MODE, OPTION_GEOMETRY, OPTION_TEMPERATURE, OPTION_COMPONENT,
					      OPTION_MAX_CONFORMERS, OPTION_CONFORMERS, OPTION_FREE_ENERGY, OPTION_POPULATION_MIN,
					      OPTION_NOTIFY };
	_cleanup_free_ char *file = xasprintf("%s.sdf", name);
	_cleanup_free_ char *error = NULL;
	char id[ID_LEN + 1];
	struct conf_pair o[ARRAY_SIZE(passed) + 2];
	size_t n = 0;
	for (; n < ARRAY_SIZE(passed); n++)
		o[n] = (struct conf_pair){ (char *)option_name(passed[n]), k->opt.value[passed[n]] };
	o[n++] = (struct conf_pair){ (char *)option_name(OPTION_PRESET), p->preset };
	o[n++] = (struct conf_pair){ (char *)option_name(OPTION_NAME), (char *)name };
	/* Without the record's fields, which may be options. */
	const struct benchmark_molecule *m = &k->set.molecule[molecule];
	_cleanup_free_ char *record = xasprintf("%.*s\n", (int)m->block_len, m->text);
	struct door_submission s = { .data = record, .len = strlen(record), .filename = file, .options = o, .noptions = n };
	int r = door_submit(k->conf, &s, id, &error);
	if (r < 0)
		cli_error("%s", error);
	return r < 0 ? CLI_FAILED : CLI_OK;
}

/* What an earlier start handed in and no spooler took: it is handed in again, or not wanted
 * any more. Requests stay. */
static void empty_door(const struct calibrate *k)
{
	DIR *d = opendir(k->conf->door);
	struct dirent *e;
	while (d && (e = readdir(d)))
		if (id_valid(e->d_name)) {
			_cleanup_free_ char *path = xasprintf("%s/%s", k->conf->door, e->d_name);
			file_rm_rf(path);
		}
	if (d)
		closedir(d);
}

/* Of the settings as they are now? */
static bool is_current(const struct calibrate *k, const char *job_name)
{
	for (int i = 0; i < k->nknown; i++) {
		_cleanup_free_ char *start = xasprintf("%s_%s_", k->pair[i].preset, k->pair[i].hash);
		if (str_has_prefix(job_name, start))
			return true;
	}
	return false;
}

/* A job that waits under settings that were changed since would be computed with the new
 * ones under the name of the old. */
static int cancel_outdated(const struct job *j, void *arg)
{
	const struct calibrate *k = arg;
	char uuid[UUID_LEN + 1];
	_cleanup_free_ char *error = NULL;
	if (!is_current(k, j->name) && door_request(k->conf, "cancel", j->id, NULL, uuid, &error) < 0)
		cli_error("%s", error);
	return 0;
}

/* Hands in what the queue does not have yet. */
static int submit_all(struct calibrate *k)
{
	empty_door(k);
	_cleanup_free_ char *path = xasprintf("%s/db/queue.db", k->conf->spool);
	_cleanup_free_ char *error = NULL;
	struct queue *q = NULL;
	int e = CLI_OK;
	if (queue_open_readonly(path, &q, &error) < 0)
		q = NULL;
	if (q)
		queue_job_each(q, &(struct job_filter){ .states = 1u << JOB_QUEUED | 1u << JOB_RUNNING | 1u << JOB_HELD }, cancel_outdated, k);
	for (int i = 0; i < k->npairs && e == CLI_OK; i++)
		for (int m = 0; m < k->set.n && e == CLI_OK; m++) {
			_cleanup_free_ char *name = calibrate_job_name(k, &k->pair[i], m);
			if (!calibrate_shieldings(k, &k->pair[i], m) && !take_up_all(k, q, name))
				e = submit(k, &k->pair[i], m, name);
		}
	queue_close(q);
	return e;
}

/* Of the molecules of this run; the folder's queue may have jobs of others. ended: all that
 * have ended, done and failed: those of this run, as they were shown last. */
struct progress { const struct calibrate *k; int ended, done, failed; };

struct end { const char *name; bool done, failed; };

/* What became several jobs is no molecule of the set. */
static int note_end(const struct job *j, void *arg)
{
	struct end *e = arg;
	e->done = e->done || (str_eq(j->name, e->name) && j->state == JOB_DONE);
	e->failed = e->failed || (str_has_prefix(j->name, e->name) && !e->done);
	return 0;
}

static void look(struct private_spooler *p, void *arg)
{
	struct progress *g = arg;
	const struct job_filter over = { .states = 1u << JOB_DONE | 1u << JOB_FAILED | 1u << JOB_CANCELLED };
	int count[JOB_STATE_COUNT] = { 0 }, all = 0, done = 0, failed = 0;
	if (!p->q || queue_job_counts(p->q, count) < 0)
		return;
	int ended = count[JOB_DONE] + count[JOB_FAILED] + count[JOB_CANCELLED];
	if (ended == g->ended)
		return;
	g->ended = ended;
	for (int i = 0; i < g->k->npairs; i++)
		for (int m = 0; m < g->k->set.n; m++) {
			if (calibrate_shieldings(g->k, &g->k->pair[i], m))
				continue;
			_cleanup_free_ char *name = calibrate_job_name(g->k, &g->k->pair[i], m);
			struct end e = { .name = name };
			struct job_filter mine = over;
			mine.text = name;
			queue_job_each(p->q, &mine, note_end, &e);
			all++;
			done += e.done;
			failed += e.failed;
		}
	if (done == g->done && failed == g->failed)
		return;
	g->done = done;
	g->failed = failed;
	fprintf(stderr, "%d of %d runs of molecules done", done, all);
	fprintf(stderr, failed ? ", %d failed\n" : "\n", failed);
}

/* ---- the results */

static int worse(int a, int b) { return MAX(a, b); }

static int write_pictures(const struct calibrate *k, const json_t *doc)
{
	static const char *const nuclei[] = { "1H", "13C" };
	const json_t *fit;
	size_t i;
	int e = CLI_OK;
	json_array_foreach(json_arr(doc, "fits"), i, fit)
		for (int n = 0; n < 2; n++) {
			_cleanup_(buf_release) struct buf b = BUF_INIT;
			if (!calibration_is_chosen(doc, i, nuclei[n]))
				continue;
			_cleanup_free_ char *name = xasprintf("%s_%s.%s.svg", json_str(json_object_get(fit, "level"), nuclei[n], "?"),
							      json_str(fit, "geometry", "?"), nuclei[n]);
			calibration_svg(fit, nuclei[n], &b);
			if (b.len)
				e = worse(e, calibrate_write(k, name, &b));
		}
	return e;
}

static int write_results(const struct calibrate *k, const json_t *doc)
{
	_cleanup_(buf_release) struct buf json = BUF_INIT, conf = BUF_INIT, html = BUF_INIT, table = BUF_INIT;
	json_add_to(&json, doc, true);
	int e = calibrate_write(k, "calibration.json", &json);
	calibration_conf(doc, &conf);
	if (conf.len)
		e = worse(e, calibrate_write(k, "scaling.conf", &conf));
	calibration_html(doc, &html);
	e = worse(e, calibrate_write(k, "report.html", &html));
	e = worse(e, write_pictures(k, doc));
	for (int i = 0; i < k->npairs; i++)
		e = worse(e, calibrate_write_shieldings(k, &k->pair[i]));
	if (k->c->args.json)
		cli_put(&json);
	else {
		calibration_table(doc, &table);
		cli_put(&table);
		if (conf.len)
			fprintf(stderr, "factors: %s/scaling.conf\n", k->dir);
		fprintf(stderr, "report: %s/report.html\n", k->dir);
	}
	return e;
}

static bool is_complete(const json_t *doc)
{
	const json_t *fit;
	size_t i;
	json_array_foreach(json_arr(doc, "fits"), i, fit)
		if (json_array_size(json_arr(fit, "missing")) > 0 ||
		    (json_is_null(json_object_get(fit, "1H")) && json_is_null(json_object_get(fit, "13C"))))
			return false;
	return true;
}

/* Also of what there is when it was ended. */
static int finish(struct calibrate *k, struct queue *q)
{
	_cleanup_json_ json_t *doc = calibrate_document(k, q);
	int e = write_results(k, doc);
	return worse(e, is_complete(doc) ? CLI_OK : CLI_FAILED);
}

static bool have_all(const struct calibrate *k)
{
	for (int i = 0; i < k->npairs; i++)
		for (int m = 0; m < k->set.n; m++)
			if (!calibrate_shieldings(k, &k->pair[i], m))
				return false;
	return true;
}

static int compute(struct calibrate *k)
{
	_cleanup_free_ char *rundir = xasprintf("%s/run", k->dir);
	struct private_spooler p = { .conf = k->conf, .rundir = rundir };
	struct progress g = { k, -1, -1, -1 };
	struct run_record rec = { 0 };
	int e = private_run(&p, look, &g, &rec);
	if (e == CLI_OK && cli_interrupted())
		e = CLI_INTERRUPTED;
	else if (e == CLI_OK && (!p.q || !private_worked(&rec))) {
		private_explain(&p, &rec);
		e = CLI_FAILED;
	}
	if (p.q)
		e = worse(e, finish(k, p.q));
	private_release(&p);
	return e;
}

static void release(struct calibrate *k)
{
	for (int i = 0; i < k->nknown; i++) {
		free(k->pair[i].preset);
		json_decref(k->pair[i].computed);
	}
	free(k->pair);
	if (k->lock >= 0)
		close(k->lock);
	options_release(&k->opt);
	benchmark_release(&k->set);
	share_free(k->share);
	conf_free(k->conf);
	free(k->dir);
	free(k->set_file);
	free(k->set_sha256);
}

int cmd_calibrate(struct cli *c)
{
	static int (*const steps[])(struct calibrate *) = { read_pairs, read_set, read_options, find_solvent, claim_folder, remember_pairs,
							   calibrate_read_shieldings };
	_cleanup_free_ char *error = NULL;
	struct calibrate k = { .c = c, .share = share_load(c->conf->share, &error), .lock = -1 };
	k.dir = xstrdup(c->args.out ? c->args.out : "calibration");
	int e = k.share ? CLI_OK : CLI_FAILED;
	if (e != CLI_OK)
		cli_error("%s", error);
	for (size_t i = 0; i < ARRAY_SIZE(steps) && e == CLI_OK; i++)
		e = steps[i](&k);
	if (e == CLI_OK)
		e = calibrate_write_share(&k);
	if (e == CLI_OK)
		e = open_folder(&k);
	/* Half of the set handed in would be handed in again: a signal waits. */
	cli_catch_signals();
	bool all = e == CLI_OK && have_all(&k);
	if (e == CLI_OK && !all)
		e = submit_all(&k);
	if (e == CLI_OK)
		e = all ? finish(&k, NULL) : compute(&k);
	release(&k);
	return e;
}
