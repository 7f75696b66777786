/* nmr calibrate: scaling factors from a set of molecules with measured shifts. The
 * molecules go through a spooler of our own like any others, once for each pair of
 * levels, so that the factors are those of the pipeline as it is. The folder stays: what
 * is finished there is not computed again, and more pairs can be added. */
#include "cli/calibrate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/private.h"
#include "client/door.h"
#include "report/calibration.h"

#define SET_MAX (64u << 20)

char *calibrate_job_name(const struct calibrate_pair *p, int molecule)
{
	return xasprintf("%s_%02d", p->preset, molecule + 1);
}

/* ---- what was asked for */

static void tell_levels(const struct calibrate *k, const char *what)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	const struct level *l;
	for (size_t i = 0; (l = share_level_at(k->share, i)); i++)
		buf_addf(&b, "%s%s", i ? ", " : "", l->name);
	cli_error("%s; give --levels LEVEL//GEOMETRY,... with LEVEL one of %s, and GEOMETRY xtb or one of them", what, b.s);
}

static int read_pair(struct calibrate *k, const char *word)
{
	const char *slashes = strstr(word, "//");
	if (!slashes) {
		_cleanup_free_ char *what = xasprintf("\"%s\" says no geometry", word);
		tell_levels(k, what);
		return CLI_USAGE;
	}
	_cleanup_free_ char *level = xstrndup(word, (size_t)(slashes - word));
	const char *geometry = slashes + 2;
	struct calibrate_pair p = { .level = share_level(k->share, level), .geometry = share_level(k->share, geometry) };
	if (!p.level || (!p.geometry && !str_eq(geometry, "xtb"))) {
		_cleanup_free_ char *what = xasprintf("there is no level \"%s\"", p.level ? geometry : level);
		tell_levels(k, what);
		return CLI_USAGE;
	}
	p.preset = xasprintf("%s_%s", level, geometry);
	for (int i = 0; i < k->npairs; i++)
		if (str_eq(k->pair[i].preset, p.preset)) {
			free(p.preset);
			return CLI_OK;
		}
	k->pair = xreallocarray(k->pair, (size_t)k->npairs + 1, sizeof(p));
	k->pair[k->npairs++] = p;
	return CLI_OK;
}

static int read_pairs(struct calibrate *k)
{
	int e = CLI_OK;
	if (!k->c->args.levels) {
		tell_levels(k, "which levels?");
		return CLI_USAGE;
	}
	_cleanup_free_ char *list = xstrdup(k->c->args.levels);
	char *rest;
	for (char *w = strtok_r(list, ", ", &rest); w && e == CLI_OK; w = strtok_r(NULL, ", ", &rest))
		e = read_pair(k, w);
	if (e == CLI_OK && k->npairs == 0) {
		tell_levels(k, "--levels is empty");
		return CLI_USAGE;
	}
	return e;
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
	sha256_hex(b.s, b.len, hex);
	k->set_sha256 = xstrdup(hex);
	const char *slash = strrchr(path, '/');
	k->set_file = xstrdup(slash ? slash + 1 : path);
	return CLI_OK;
}

static const char *option(const struct cli *c, const char *name)
{
	for (size_t i = 0; i < c->args.noptions; i++)
		if (str_eq(c->args.options[i].name, name))
			return c->args.options[i].value;
	return NULL;
}

/* One solvent for all: factors hold for one. */
static int find_solvent(struct calibrate *k)
{
	const char *typed = option(k->c, "solvent");
	for (int i = 0; i < k->set.n; i++) {
		const char *its = typed ? typed : k->set.molecule[i].solvent;
		const struct solvent *s = its ? share_solvent(k->share, its) : NULL;
		if (!s) {
			cli_error("%s has %s; add --solvent, for example --solvent CDCl3", k->set.molecule[i].name,
				  its ? "a solvent that is not known" : "no solvent");
			return CLI_USAGE;
		}
		if (k->solvent && s != k->solvent) {
			cli_error("%s was measured in %s, those before it in %s; factors hold for one solvent, so split the set",
				  k->set.molecule[i].name, s->name, k->solvent->name);
			return CLI_USAGE;
		}
		k->solvent = s;
	}
	return CLI_OK;
}

static int check_options(struct calibrate *k)
{
	static const char *const ours[] = { "preset", "name", "geometry", "priority", "notify" };
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (option(k->c, ours[i])) {
			cli_error("calibrate takes no option --%s", ours[i]);
			return CLI_USAGE;
		}
	const char *mode = option(k->c, "mode");
	k->mode = xstrdup(mode ? mode : "ensemble");
	return CLI_OK;
}

/* ---- its folder */

/* A folder holds one data set in one way of computing it. */
static int claim_folder(struct calibrate *k)
{
	int r = file_mkdir_p(k->dir, 0755);
	/* The spooler has another working directory. */
	char *real = r == 0 ? realpath(k->dir, NULL) : NULL;
	if (real) {
		free(k->dir);
		k->dir = real;
	}
	_cleanup_free_ char *path = xasprintf("%s/dataset", k->dir);
	_cleanup_(buf_release) struct buf had = BUF_INIT, want = BUF_INIT;
	buf_addf(&want, "%s\nsolvent = %s\nmode = %s\n", k->set_sha256, k->solvent->code, k->mode);
	for (size_t i = 0; i < k->c->args.noptions; i++)
		if (!str_eq(k->c->args.options[i].name, "mode") && !str_eq(k->c->args.options[i].name, "solvent"))
			buf_addf(&want, "%s = %s\n", k->c->args.options[i].name, k->c->args.options[i].value);
	if (r == 0 && (r = file_read(path, 4096, &had)) == -ENOENT)
		r = file_write_atomic(path, want.s, want.len, 0644, true);
	else if (r == 0 && !str_eq(had.s, want.s)) {
		cli_error("%s was made with another data set or other options; give another --out", k->dir);
		return CLI_USAGE;
	}
	if (r < 0)
		cli_error("cannot use %s: %s", k->dir, strerror(-r));
	return r < 0 ? CLI_FAILED : CLI_OK;
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

static int is_it(const struct job *j, void *arg)
{
	const char **name = arg;
	if (!str_eq(j->name, *name))
		return 0;
	*name = NULL;
	return 1;
}

static bool is_in_queue(struct queue *q, const char *name)
{
	const char *looked_for = name;
	if (q)
		queue_job_each(q, &(struct job_filter){ .text = name, .states = ~0u >> 1 }, is_it, &looked_for);
	return looked_for == NULL;
}

static int submit(const struct calibrate *k, const struct calibrate_pair *p, int molecule, const char *name)
{
	_cleanup_free_ char *file = xasprintf("%s.sdf", name);
	_cleanup_free_ char *error = NULL;
	const char *text = k->set.molecule[molecule].text;
	size_t n = 0;
	char id[ID_LEN + 1];
	struct conf_pair *o = xcalloc(k->c->args.noptions + 4, sizeof(*o));
	for (size_t i = 0; i < k->c->args.noptions; i++)
		o[n++] = k->c->args.options[i];
	o[n++] = (struct conf_pair){ (char *)"preset", p->preset };
	o[n++] = (struct conf_pair){ (char *)"name", (char *)name };
	if (!option(k->c, "mode"))
		o[n++] = (struct conf_pair){ (char *)"mode", k->mode };
	if (!option(k->c, "solvent"))
		o[n++] = (struct conf_pair){ (char *)"solvent", (char *)k->solvent->code };
	struct door_submission s = { .data = text, .len = strlen(text), .filename = file, .options = o, .noptions = n };
	int r = door_submit(k->conf, &s, id, &error);
	free(o);
	if (r < 0)
		cli_error("%s", error);
	return r < 0 ? CLI_FAILED : CLI_OK;
}

/* Hands in what the queue does not have yet. */
static int submit_all(const struct calibrate *k)
{
	_cleanup_free_ char *path = xasprintf("%s/db/queue.db", k->conf->spool);
	_cleanup_free_ char *error = NULL;
	struct queue *q = NULL;
	int e = CLI_OK;
	if (queue_open_readonly(path, &q, &error) < 0)
		q = NULL;
	for (int i = 0; i < k->npairs && e == CLI_OK; i++)
		for (int m = 0; m < k->set.n && e == CLI_OK; m++) {
			_cleanup_free_ char *name = calibrate_job_name(&k->pair[i], m);
			if (!is_in_queue(q, name))
				e = submit(k, &k->pair[i], m, name);
		}
	queue_close(q);
	return e;
}

struct progress { const struct calibrate *k; int done, failed; };

static void look(struct private_spooler *p, void *arg)
{
	struct progress *g = arg;
	int count[JOB_STATE_COUNT] = { 0 };
	if (!p->q || queue_job_counts(p->q, count) < 0)
		return;
	int all = 0, failed = count[JOB_FAILED] + count[JOB_CANCELLED];
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		all += count[i];
	if (all == 0 || (count[JOB_DONE] == g->done && failed == g->failed))
		return;
	g->done = count[JOB_DONE];
	g->failed = failed;
	fprintf(stderr, "%d of %d runs of molecules done", g->done, all);
	fprintf(stderr, failed ? ", %d failed\n" : "\n", failed);
}

/* ---- the results */

static int worse(int a, int b) { return MAX(a, b); }

static int write_file(const struct calibrate *k, const char *name, const struct buf *b)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", k->dir, name);
	int r = file_write_atomic(path, b->s, b->len, 0644, false);
	if (r < 0)
		cli_error("cannot write %s: %s", path, strerror(-r));
	return r < 0 ? CLI_FAILED : CLI_OK;
}

static int write_pictures(const struct calibrate *k, const json_t *doc)
{
	static const char *const nuclei[] = { "1H", "13C" };
	const json_t *fit;
	size_t i;
	int e = CLI_OK;
	json_array_foreach(json_arr(doc, "fits"), i, fit)
		for (int n = 0; n < 2; n++) {
			_cleanup_(buf_release) struct buf b = BUF_INIT;
			_cleanup_free_ char *name = xasprintf("%s_%s.%s.svg", json_str(fit, "level", "?"),
							      json_str(fit, "geometry", "?"), nuclei[n]);
			calibration_svg(fit, nuclei[n], &b);
			if (b.len)
				e = worse(e, write_file(k, name, &b));
		}
	return e;
}

static int write_results(const struct calibrate *k, const json_t *doc)
{
	_cleanup_(buf_release) struct buf json = BUF_INIT, conf = BUF_INIT, html = BUF_INIT, table = BUF_INIT;
	json_add_to(&json, doc, true);
	calibration_conf(doc, &conf);
	calibration_html(doc, &html);
	int e = write_file(k, "calibration.json", &json);
	e = worse(e, write_file(k, "scaling.conf", &conf));
	e = worse(e, write_file(k, "report.html", &html));
	e = worse(e, write_pictures(k, doc));
	if (k->c->args.json)
		cli_put(&json);
	else {
		calibration_table(doc, &table);
		cli_put(&table);
		fprintf(stderr, "factors: %s/scaling.conf, report: %s/report.html\n", k->dir, k->dir);
	}
	return e;
}

static bool is_complete(const json_t *doc)
{
	const json_t *fit;
	size_t i;
	json_array_foreach(json_arr(doc, "fits"), i, fit)
		if (json_array_size(json_arr(fit, "missing")) > 0)
			return false;
	return true;
}

static int compute(const struct calibrate *k)
{
	_cleanup_free_ char *rundir = xasprintf("%s/run", k->dir);
	struct private_spooler p = { .conf = k->conf, .rundir = rundir };
	struct progress g = { k, -1, -1 };
	struct run_record rec = { 0 };
	int e = private_run(&p, look, &g, &rec);
	if (e == CLI_OK && cli_interrupted())
		e = CLI_INTERRUPTED;
	else if (e == CLI_OK && (!p.q || !private_worked(&rec))) {
		private_explain(&p, &rec);
		e = CLI_FAILED;
	}
	if (p.q) {
		/* Also of what there is when it was ended. */
		_cleanup_json_ json_t *doc = calibrate_document(k, p.q);
		e = worse(e, write_results(k, doc));
		e = worse(e, is_complete(doc) ? CLI_OK : CLI_FAILED);
	}
	private_release(&p);
	return e;
}

static void release(struct calibrate *k)
{
	for (int i = 0; i < k->npairs; i++)
		free(k->pair[i].preset);
	free(k->pair);
	benchmark_release(&k->set);
	share_free(k->share);
	conf_free(k->conf);
	free(k->dir);
	free(k->set_file);
	free(k->set_sha256);
	free(k->mode);
}

int cmd_calibrate(struct cli *c)
{
	_cleanup_free_ char *error = NULL;
	struct calibrate k = { .c = c, .share = share_load(c->conf->share, &error) };
	k.dir = xstrdup(c->args.out ? c->args.out : "calibration");
	int e = k.share ? CLI_OK : CLI_FAILED;
	if (e != CLI_OK)
		cli_error("%s", error);
	int (*const steps[])(struct calibrate *) = { read_pairs, read_set, check_options, find_solvent };
	for (size_t i = 0; i < ARRAY_SIZE(steps) && e == CLI_OK; i++)
		e = steps[i](&k);
	if (e == CLI_OK)
		e = claim_folder(&k);
	if (e == CLI_OK)
		e = calibrate_write_share(&k);
	if (e == CLI_OK)
		e = open_folder(&k);
	if (e == CLI_OK)
		e = submit_all(&k);
	if (e == CLI_OK)
		e = compute(&k);
	release(&k);
	return e;
}
