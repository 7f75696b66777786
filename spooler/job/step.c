/* Steps on disk: folders, plans, starting, collecting. A finished step's folder
 * gets its name by one rename after everything in it is written; until then it
 * is <key>.run and may be thrown away or gone on with. Never logs. */
#include "job/step.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"

static char *step_path(const struct lab *lab, const char *key, const char *tail)
{
	return xasprintf("%s/steps/%.2s/%s%s", lab->conf->spool, key, key, tail);
}

char *step_dir(const struct lab *lab, const char *key) { return step_path(lab, key, ""); }
char *step_run_dir(const struct lab *lab, const char *key) { return step_path(lab, key, ".run"); }

char *step_scratch_dir(const struct lab *lab, const char *key)
{
	return xasprintf("%s/%s", lab->conf->scratch, key);
}

bool step_key_valid(const char *s)
{
	return strlen(s) == SHA256_HEX_LEN - 1 && strspn(s, "0123456789abcdef") == SHA256_HEX_LEN - 1;
}

int step_result(const struct lab *lab, const char *key, json_t **ret_result)
{
	_cleanup_free_ char *path = step_path(lab, key, "/result.json");
	return json_read_file(path, ret_result);
}

int step_discard(const struct lab *lab, const char *key)
{
	static const char *const tails[] = { "", ".run" };
	int r = 0;
	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		_cleanup_free_ char *from = step_path(lab, key, tails[i]);
		_cleanup_free_ char *to = xasprintf("%s/staging/gone-%s%s", lab->conf->spool, key, tails[i]);
		int e = file_rm_rf(to);
		if (e == 0 && rename(from, to) < 0 && errno != ENOENT)
			e = -errno;
		r = r < 0 ? r : e;
	}
	return r;
}

static json_t *plan_to_json(const struct plan *p)
{
	json_t *j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:i,s:f}", "key", p->key, "kind", p->kind, "label",
			      p->label, "program", p->program, "version", p->version ? p->version : "?",
			      "functions", p->functions, "natoms", p->natoms, "est_s", p->est_s);
	if (p->calc)
		json_object_set(j, "calc", p->calc);
	if (p->restart_from)
		json_object_set_new(j, "restart_from", json_string(p->restart_from));
	json_t *argv = json_array();
	for (char **a = p->argv; a && *a; a++)
		json_array_append_new(argv, json_text(*a));
	json_object_set_new(j, "argv", argv);
	return j;
}

int step_write(const struct lab *lab, const struct plan *p)
{
	_cleanup_free_ char *dir = step_run_dir(lab, p->key);
	_cleanup_free_ char *plan = xasprintf("%s/step.json", dir);
	if (file_exists(plan))
		return 0;
	int r = file_mkdir_p(dir, 0755);
	for (size_t i = 0; r == 0 && i < p->nfiles; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dir, p->file[i].name);
		r = file_write(path, p->file[i].data, p->file[i].len, 0644);
	}
	_cleanup_json_ json_t *j = plan_to_json(p);
	/* step.json comes last: a folder that has it is complete. */
	return r < 0 ? r : json_write_file(plan, j, false);
}

static int read_plan(const char *dir, json_t **ret_plan)
{
	_cleanup_free_ char *path = xasprintf("%s/step.json", dir);
	return json_read_file(path, ret_plan);
}

bool step_has_plan(const struct lab *lab, const char *key)
{
	_cleanup_free_ char *dir = step_run_dir(lab, key);
	_cleanup_json_ json_t *plan = NULL;
	return read_plan(dir, &plan) == 0;
}

static int calc_geometry(const json_t *calc, struct geometry *g)
{
	const json_t *z = json_arr(calc, "z");
	geometry_resize(g, (int)json_array_size(z));
	for (int i = 0; i < g->natoms; i++)
		g->z[i] = (int)json_integer_value(json_array_get(z, (size_t)i));
	return geometry_coords_from_json(json_arr(calc, "coords"), g);
}

static int nwchem_calc_of(const struct lab *lab, const json_t *plan, struct geometry *g,
			  struct nwchem_calc *c)
{
	const json_t *calc = json_object_get(plan, "calc");
	c->task = str_eq(json_str(plan, "kind", ""), "optimise") ? NWCHEM_OPTIMISE : NWCHEM_SHIELD;
	c->level = share_level(lab->share, json_str(calc, "level", ""));
	c->solvent = share_solvent(lab->share, json_str(calc, "solvent", ""));
	c->geometry = g;
	c->charge = (int)json_int(calc, "charge", 0);
	c->rung = (int)json_int(calc, "rung", 0);
	if (!c->level || !c->solvent)
		return -EBADMSG;
	return calc_geometry(calc, g);
}

static bool is_nwchem(const json_t *plan) { return str_eq(json_str(plan, "program", ""), "nwchem"); }

uint64_t step_memory(const struct lab *lab, const char *key, int ranks)
{
	_cleanup_free_ char *dir = step_run_dir(lab, key);
	_cleanup_json_ json_t *plan = NULL;
	_cleanup_(geometry_release) struct geometry g = { 0 };
	struct nwchem_calc c;
	if (read_plan(dir, &plan) == 0 && is_nwchem(plan) && nwchem_calc_of(lab, plan, &g, &c) == 0)
		return nwchem_memory(&c, ranks);
	return (uint64_t)512 << 20;
}

/* The newest geometry that an earlier attempt, here or on a lower rung, reached. */
static bool earlier_geometry(const struct lab *lab, const char *dir, const json_t *plan, struct geometry *g)
{
	const char *from = json_str(plan, "restart_from", NULL);
	_cleanup_free_ char *other = from ? step_run_dir(lab, from) : NULL;
	const char *dirs[] = { dir, other };
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		for (int k = 0; dirs[i] && k < 2; k++) {
			_cleanup_free_ char *path = xasprintf("%s/%s", dirs[i], k ? "stdout.before" : "stdout");
			_cleanup_(buf_release) struct buf b = BUF_INIT;
			if (file_read(path, (size_t)1 << 28, &b) == 0 && nwchem_last_geometry(b.s, b.len, g) == 0)
				return true;
		}
	}
	return false;
}

/* Keeps the log of an attempt that got somewhere, for the next one. */
static void keep_log(const char *dir)
{
	_cleanup_free_ char *from = xasprintf("%s/stdout", dir);
	_cleanup_free_ char *to = xasprintf("%s/stdout.before", dir);
	struct stat st;
	if (stat(from, &st) == 0 && st.st_size > 0)
		rename(from, to);
}

static int write_nwchem(const struct lab *lab, const char *dir, const json_t *plan, int ranks)
{
	_cleanup_(geometry_release) struct geometry g = { 0 };
	_cleanup_(geometry_release) struct geometry start = { 0 };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	struct nwchem_calc c;
	int r = nwchem_calc_of(lab, plan, &g, &c);
	if (r < 0)
		return r;
	_cleanup_free_ char *scratch = step_scratch_dir(lab, json_str(plan, "key", ""));
	file_rm_rf(scratch);
	r = file_mkdir_p(scratch, 0755);
	if (r < 0)
		return r;
	struct nwchem_place place = { .ranks = ranks, .scratch = scratch,
				      .title = json_str(plan, "label", "nmr-spool") };
	place.memory_mb = (long)(nwchem_memory(&c, ranks) / (uint64_t)ranks >> 20);
	geometry_copy(&start, &g);
	if (c.task == NWCHEM_OPTIMISE && earlier_geometry(lab, dir, plan, &start)) {
		place.restart = &start;
		keep_log(dir);
	}
	nwchem_input(&c, &place, &b);
	_cleanup_free_ char *path = xasprintf("%s/input.nw", dir);
	return file_write(path, b.s, b.len, 0644);
}

static char **copy_argv(const char *first, const json_t *a, size_t skip)
{
	char **v = xcalloc(json_array_size(a) + 2, sizeof(char *));
	size_t n = 0;
	if (first)
		v[n++] = xstrdup(first);
	for (size_t i = skip; i < json_array_size(a); i++)
		v[n++] = xstrdup(json_string_value(json_array_get(a, i)));
	return v;
}

static char **xtb_argv(const struct lab *lab, const json_t *plan)
{
	char **base = conf_engine_argv(lab->conf, "xtb", 1, "in.xyz");
	const json_t *args = json_arr(plan, "argv");
	size_t n = 0;
	if (!base)
		return NULL;
	while (base[n])
		n++;
	base = xreallocarray(base, n + json_array_size(args) + 1, sizeof(char *));
	for (size_t i = 0; i < json_array_size(args); i++)
		base[n++] = xstrdup(json_string_value(json_array_get(args, i)));
	base[n] = NULL;
	return base;
}

static char **argv_of(const struct lab *lab, const json_t *plan, int ranks)
{
	const char *program = json_str(plan, "program", "");
	if (str_eq(program, "nwchem"))
		return conf_engine_argv(lab->conf, "nwchem", ranks, "input.nw");
	if (str_eq(program, "xtb"))
		return xtb_argv(lab, plan);
	const char *path = str_eq(program, "nmr-mol") ? lab->engines.mol_path : lab->engines.render_path;
	return copy_argv(path, json_arr(plan, "argv"), 1);
}

int step_start(const struct lab *lab, const char *key, int ranks, struct run **ret_run)
{
	_cleanup_free_ char *dir = step_run_dir(lab, key);
	_cleanup_json_ json_t *plan = NULL;
	int r = read_plan(dir, &plan);
	if (r == 0 && is_nwchem(plan))
		r = write_nwchem(lab, dir, plan, ranks);
	if (r < 0)
		return r;
	char **argv = argv_of(lab, plan, ranks);
	if (!argv)
		return -ENOENT;
	/* xtb writes many files; its previous attempt must not be taken for this one. */
	_cleanup_free_ char *opt = xasprintf("%s/xtbopt.xyz", dir);
	unlink(opt);
	_cleanup_free_ char *threads = xasprintf("OMP_NUM_THREADS=%d", is_nwchem(plan) ? 1 : ranks);
	const char *const env[] = ENGINES_ENV(threads);
	struct run_spec spec = { .dir = dir, .argv = (const char *const *)argv, .env = env,
				 .timeout_s = lab->conf->step_timeout_h * 3600, .nice = lab->conf->nice,
				 .memory_bytes = lab->conf->step_memory_mb
					 ? (uint64_t)lab->conf->step_memory_mb << 20 : lab->memory,
				 .unlimited_stack = str_eq(json_str(plan, "program", ""), "xtb") };
	r = run_start(&spec, ret_run);
	conf_argv_free(argv);
	return r;
}

/* ---- the end of a run */

void step_end_release(struct step_end *e)
{
	free(e->detail);
	*e = (struct step_end){ 0 };
}

static void set_end(struct step_end *e, enum verdict v, enum cause c, char *detail)
{
	step_end_release(e);
	*e = (struct step_end){ v, c, detail };
}

/* Trouble of the machine, not of the program. */
static bool is_passing(int err)
{
	static const int those[] = { EAGAIN, EINTR, EIO, EMFILE, ENFILE, ENOMEM, ENOSPC, EDQUOT, ETXTBSY };
	for (size_t i = 0; i < ARRAY_SIZE(those); i++)
		if (err == those[i])
			return true;
	return false;
}

/* What the supervisor's record alone decides; false: read the output. */
static bool judge_record(const struct run_record *rec, struct step_end *e)
{
	switch (rec->reason) {
	case RUN_TIMEOUT:
		set_end(e, VERDICT_FAIL, CAUSE_TIMEOUT, NULL);
		return true;
	case RUN_MEMORY:
		set_end(e, VERDICT_FAIL, CAUSE_MEMORY, xasprintf("used %llu MB", (unsigned long long)(rec->max_rss >> 20)));
		return true;
	case RUN_STOPPED:
	case RUN_ORPHANED:
	case RUN_LOST:
		set_end(e, VERDICT_RETRY, CAUSE_TRUNCATED, xstrdup(run_reason_to_string(rec->reason)));
		return true;
	case RUN_NOT_STARTED:
		set_end(e, is_passing(rec->err) ? VERDICT_RETRY : VERDICT_FAIL,
			rec->err == ENOSPC ? CAUSE_DISK_FULL : CAUSE_OTHER,
			xasprintf("the program could not be started: %s", strerror(rec->err)));
		return true;
	default:
		return false;
	}
}

static void read_part(const char *dir, const char *name, struct buf *b)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	file_read(path, (size_t)1 << 28, b);
}

static char *last_words(const char *dir)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *path = xasprintf("%s/stderr", dir);
	file_read_tail(path, 400, &b);
	char *s = str_trim(b.s);
	return *s ? xstrdup(s) : NULL;
}

static json_t *collect_program(const char *dir, const json_t *plan, const struct run_record *rec,
			       struct step_end *e)
{
	if (rec->reason != RUN_EXITED || rec->code != 0) {
		_cleanup_free_ char *said = last_words(dir);
		char *detail = rec->reason == RUN_SIGNALLED
			? xasprintf("%s died of signal %d", json_str(plan, "program", "?"), rec->signal)
			: xasprintf("%s ended with status %d%s%s", json_str(plan, "program", "?"), rec->code,
				    said ? ": " : "", said ? said : "");
		/* Killed, or ended with everything else when the machine goes down. */
		bool ended = rec->reason == RUN_SIGNALLED && (rec->signal == SIGKILL || !run_failed_by_itself(rec));
		set_end(e, ended ? VERDICT_RETRY : VERDICT_FAIL, CAUSE_OTHER, detail);
		return NULL;
	}
	if (str_eq(json_str(plan, "kind", ""), "render"))
		return json_pack("{s:b}", "ok", 1);
	_cleanup_free_ char *path = xasprintf("%s/out.json", dir);
	json_t *j = NULL;
	int r = json_read_file(path, &j);
	if (r == -ENOENT || r == -EBADMSG)
		set_end(e, VERDICT_FAIL, CAUSE_OTHER, xstrdup("nmr-mol left no readable out.json"));
	else if (r < 0)
		set_end(e, VERDICT_RETRY, CAUSE_OTHER, xasprintf("out.json could not be read: %s", strerror(-r)));
	return j;
}

static json_t *collect_xtb(const struct lab *lab, const char *dir, const json_t *plan, struct step_end *e)
{
	_cleanup_(buf_release) struct buf out = BUF_INIT;
	_cleanup_(buf_release) struct buf opt = BUF_INIT;
	_cleanup_(geometry_release) struct geometry g = { 0 };
	const json_t *calc = json_object_get(plan, "calc");
	struct xtb_calc c = { .geometry = &g, .solvent = share_solvent(lab->share, json_str(calc, "solvent", "")),
			      .charge = (int)json_int(calc, "charge", 0), .optimise = json_flag(calc, "optimise", true),
			      .rung = (int)json_int(calc, "rung", 0) };
	json_t *result = NULL;
	calc_geometry(calc, &g);
	read_part(dir, "stdout", &out);
	read_part(dir, "xtbopt.xyz", &opt);
	e->verdict = xtb_parse(out.s, out.len, opt.len ? opt.s : NULL, opt.len, &c, &result, &e->cause, &e->detail);
	return result;
}

static json_t *collect_nwchem(const char *dir, const json_t *plan, struct step_end *e)
{
	_cleanup_(buf_release) struct buf out = BUF_INIT;
	json_t *result = NULL;
	bool opt = str_eq(json_str(plan, "kind", ""), "optimise");
	read_part(dir, "stdout", &out);
	e->verdict = nwchem_parse(out.s, out.len, opt ? NWCHEM_OPTIMISE : NWCHEM_SHIELD,
				  (int)json_int(plan, "natoms", 0), &result, &e->cause, &e->detail);
	/* mpirun tells on stderr that it could not start its ranks. */
	if (e->verdict != VERDICT_OK && e->cause == CAUSE_TRUNCATED) {
		buf_clear(&out);
		read_part(dir, "stderr", &out);
		e->verdict = nwchem_parse(out.s, out.len, NWCHEM_SHIELD, 0, &result, &e->cause, &e->detail);
	}
	return result;
}

/* result.json, then the final name. The keeper sees to it that it reaches the disk. */
static int finish_folder(const struct lab *lab, const char *key, const char *dir, const json_t *result)
{
	_cleanup_free_ char *to = step_dir(lab, key);
	_cleanup_free_ char *path = xasprintf("%s/result.json", dir);
	int r = json_write_file(path, result, false);
	if (r == 0 && file_exists(to))
		r = file_rm_rf(to);
	if (r == 0 && rename(dir, to) < 0)
		r = -errno;
	return r;
}

static bool is_full(const char *path)
{
	struct statvfs fs;
	return statvfs(path, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < (1 << 20);
}

void step_collect(const struct lab *lab, const char *key, const struct run_record *rec, struct step_end *e)
{
	_cleanup_free_ char *dir = step_run_dir(lab, key);
	_cleanup_json_ json_t *plan = NULL;
	_cleanup_json_ json_t *result = NULL;
	_cleanup_free_ char *scratch = step_scratch_dir(lab, key);
	*e = (struct step_end){ 0 };
	/* Another attempt starts from the log, never from these. */
	file_rm_rf(scratch);
	if (judge_record(rec, e))
		return;
	if (read_plan(dir, &plan) < 0) {
		set_end(e, VERDICT_RETRY, CAUSE_TRUNCATED, xstrdup("the step's folder is damaged"));
		return;
	}
	const char *program = json_str(plan, "program", "");
	result = str_eq(program, "nwchem") ? collect_nwchem(dir, plan, e)
	       : str_eq(program, "xtb")	   ? collect_xtb(lab, dir, plan, e)
					   : collect_program(dir, plan, rec, e);
	/* Programs say many things on a full disk. */
	if (e->verdict != VERDICT_OK && (is_full(dir) || is_full(lab->conf->scratch)))
		set_end(e, VERDICT_RETRY, CAUSE_DISK_FULL, NULL);
	if (e->verdict != VERDICT_OK)
		return;
	int r = finish_folder(lab, key, dir, result);
	if (r < 0)
		set_end(e, VERDICT_RETRY, r == -ENOSPC ? CAUSE_DISK_FULL : CAUSE_OTHER,
			xasprintf("the result could not be kept: %s", strerror(-r)));
}

void step_progress(const struct lab *lab, const char *key, struct buf *b, int *ret_opt_step)
{
	_cleanup_free_ char *dir = step_run_dir(lab, key);
	_cleanup_free_ char *log = xasprintf("%s/stdout", dir);
	_cleanup_(buf_release) struct buf out = BUF_INIT;
	struct nwchem_progress p;
	*ret_opt_step = -1;
	if (file_read_tail(log, 1 << 18, &out) < 0)
		return;
	nwchem_progress(out.s, out.len, &p);
	*ret_opt_step = p.opt_step;
	if (p.opt_step >= 0)
		buf_addf(b, "step %d, gradient %.5f", p.opt_step, p.gmax);
	else if (p.cphf_iter >= 0)
		buf_addf(b, "response iteration %d", p.cphf_iter);
	else if (p.scf_iter >= 0)
		buf_addf(b, "SCF iteration %d", p.scf_iter);
}
