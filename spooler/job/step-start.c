/* Starting a step: the engine's input beside its plan, the command line, the limits.
 * Never logs. */
#include "job/step-internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

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

#define START_ORBITALS "start.movecs"

/* A finished step's orbitals; without them the SCF starts from atoms, that is all. */
static bool copy_orbitals(const struct lab *lab, const json_t *plan, const char *work)
{
	const char *from = json_str(plan, "orbitals_from", NULL);
	_cleanup_free_ char *dir = from ? step_dir(lab, from) : NULL;
	_cleanup_free_ char *source = dir ? xasprintf("%s/%s", dir, NWCHEM_ORBITALS) : NULL;
	_cleanup_free_ char *to = xasprintf("%s/%s", work, START_ORBITALS);
	return source && file_copy(source, to, 0644) == 0;
}

/* Likewise xTB's Hessian, as the optimiser's first. */
static bool write_hessian(const struct lab *lab, const json_t *plan, const char *work, int natoms)
{
	const char *from = json_str(plan, "hessian_from", NULL);
	_cleanup_free_ char *dir = from ? step_dir(lab, from) : NULL;
	_cleanup_free_ char *source = dir ? xasprintf("%s/%s", dir, xtb_output_file(XTB_HESSIAN)) : NULL;
	_cleanup_(buf_release) struct buf text = BUF_INIT, b = BUF_INIT;
	if (!source || file_read(source, (size_t)1 << 28, &text) < 0)
		return false;
	_cleanup_free_ double *h = xtb_read_hessian(text.s, text.len, natoms);
	if (!h)
		return false;
	nwchem_hessian(h, 3 * natoms, &b);
	_cleanup_free_ char *path = xasprintf("%s/%s", work, NWCHEM_HESSIAN);
	return file_write(path, b.s, b.len, 0644) == 0;
}

static int write_nwchem(const struct lab *lab, const char *dir, const json_t *plan, const struct step_grant *grant)
{
	_cleanup_(geometry_release) struct geometry g = { 0 };
	_cleanup_(geometry_release) struct geometry start = { 0 };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	struct nwchem_calc c;
	int r = step_nwchem_calc(lab, plan, &g, &c);
	if (r < 0)
		return r;
	_cleanup_free_ char *scratch = step_scratch_dir(lab, json_str(plan, "key", ""));
	file_rm_rf(scratch);
	r = file_mkdir_p(scratch, 0755);
	if (r < 0)
		return r;
	geometry_copy(&start, &g);
	struct nwchem_place place = { .ranks = grant->ranks, .scratch = scratch,
				      .title = json_str(plan, "label", "nmr-spool") };
	_cleanup_free_ char *work = step_nwchem_place(lab, json_str(plan, "key", ""));
	if (c.task == NWCHEM_OPTIMISE && earlier_geometry(lab, dir, plan, &start)) {
		place.restart = &start;
		keep_log(dir);
	} else if (!grant->again && copy_orbitals(lab, plan, work))
		place.orbitals = START_ORBITALS;
	place.hessian = c.task == NWCHEM_OPTIMISE && !grant->again && write_hessian(lab, plan, work, c.geometry->natoms);
	/* More than the estimate after a run for which it was not enough. */
	uint64_t memory = MAX(nwchem_memory(&c, grant->ranks), grant->memory);
	place.memory_mb = (long)(memory / (uint64_t)grant->ranks >> 20);
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

/* The configured command, then the plan's arguments. */
static char **with_args(const struct lab *lab, const json_t *plan, const char *program, int ranks)
{
	char **base = conf_engine_argv(lab->conf, program, ranks, "in.xyz");
	const json_t *args = json_arr(plan, "argv");
	size_t n = 0;
	if (!base)
		return NULL;
	while (base[n])
		n++;
	base = xreallocarray(base, n + json_array_size(args) + 5, sizeof(char *));
	for (size_t i = 0; i < json_array_size(args); i++)
		base[n++] = xstrdup(json_string_value(json_array_get(args, i)));
	if (str_eq(program, "crest")) {
		char **xtb = conf_engine_argv(lab->conf, "xtb", 1, "");
		base[n++] = xstrdup("-T");
		base[n++] = xasprintf("%d", ranks);
		/* It starts a plain "xtb" by itself. */
		if (xtb && !str_eq(xtb[0], "xtb")) {
			base[n++] = xstrdup("-xnam");
			base[n++] = xstrdup(xtb[0]);
		}
		conf_argv_free(xtb);
	}
	base[n] = NULL;
	return base;
}

static char **argv_of(const struct lab *lab, const json_t *plan, int ranks)
{
	const char *program = json_str(plan, "program", "");
	if (str_eq(program, "nwchem"))
		return conf_engine_argv(lab->conf, "nwchem", ranks, "input.nw");
	if (str_eq(program, "xtb") || str_eq(program, "crest"))
		return with_args(lab, plan, program, ranks);
	const char *path = str_eq(program, "nmr-mol") ? lab->engines.mol_path : lab->engines.render_path;
	return copy_argv(path, json_arr(plan, "argv"), 1);
}

/* Of each process: NWChem's ranks and CREST's many xtb runs have one each. */
static int threads_of(const json_t *plan, int ranks)
{
	return step_is_nwchem(plan) || str_eq(json_str(plan, "program", ""), "crest") ? 1 : ranks;
}

static bool needs_stack(const json_t *plan)
{
	const char *program = json_str(plan, "program", "");
	return str_eq(program, "xtb") || str_eq(program, "crest");
}

/* CREST has a limit of its own, for all cores: whether it ends must not depend on how many
 * were free. */
static double timeout_of(const struct lab *lab, const json_t *plan, int ranks)
{
	double crest = lab->conf->crest_timeout_h * lab->cores / ranks;
	return (str_eq(json_str(plan, "program", ""), "crest") && crest > 0 ? crest : lab->conf->step_timeout_h) * 3600;
}

int step_start(const struct lab *lab, const char *key, const struct step_grant *grant, struct execution **ret_e)
{
	_cleanup_free_ char *dir = step_run_dir(lab, key);
	_cleanup_json_ json_t *plan = NULL;
	int r = step_read_plan(dir, &plan);
	if (r == 0 && step_is_nwchem(plan))
		r = write_nwchem(lab, dir, plan, grant);
	if (r < 0)
		return r;
	char **argv = argv_of(lab, plan, MAX(grant->ranks, 1));
	if (!argv)
		return -ENOENT;
	/* xtb and CREST write many files; a previous attempt's must not be taken for this one's. */
	static const char *const outputs[] = { "xtbopt.xyz", "hessian", CREST_ENSEMBLE };
	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
		_cleanup_free_ char *old = xasprintf("%s/%s", dir, outputs[i]);
		unlink(old);
	}
	_cleanup_free_ char *threads = xasprintf("OMP_NUM_THREADS=%d", threads_of(plan, MAX(grant->ranks, 1)));
	const char *const env[] = ENGINES_ENV(threads);
	struct run_spec spec = { .dir = dir, .argv = (const char *const *)argv, .env = env,
				 .timeout_s = timeout_of(lab, plan, MAX(grant->ranks, 1)), .nice = lab->conf->nice,
				 .cores = MAX(grant->ranks, 1), .memory_bytes = grant->limit,
				 .unlimited_stack = needs_stack(plan) };
	r = executor_start(lab->executor, &spec, ret_e);
	conf_argv_free(argv);
	return r;
}
