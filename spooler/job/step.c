/* Steps on disk: folders and plans. A finished step's folder
 * gets its name by one rename after everything in it is written; until then it
 * is <key>.run and may be thrown away or gone on with. Never logs. */
#include "job/step-internal.h"

#include <errno.h>
#include <string.h>

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
	if (p->orbitals_from)
		json_object_set_new(j, "orbitals_from", json_string(p->orbitals_from));
	if (p->hessian_from)
		json_object_set_new(j, "hessian_from", json_string(p->hessian_from));
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

int step_read_plan(const char *dir, json_t **ret_plan)
{
	_cleanup_free_ char *path = xasprintf("%s/step.json", dir);
	return json_read_file(path, ret_plan);
}

bool step_has_plan(const struct lab *lab, const char *key)
{
	_cleanup_free_ char *dir = step_run_dir(lab, key);
	_cleanup_json_ json_t *plan = NULL;
	return step_read_plan(dir, &plan) == 0;
}

int step_calc_geometry(const json_t *calc, struct geometry *g)
{
	const json_t *z = json_arr(calc, "z");
	geometry_resize(g, (int)json_array_size(z));
	for (int i = 0; i < g->natoms; i++)
		g->z[i] = (int)json_integer_value(json_array_get(z, (size_t)i));
	return geometry_coords_from_json(json_arr(calc, "coords"), g);
}

int step_nwchem_calc(const struct lab *lab, const json_t *plan, struct geometry *g, struct nwchem_calc *c)
{
	const json_t *calc = json_object_get(plan, "calc");
	if (nwchem_task_from_string(json_str(plan, "kind", ""), &c->task) < 0)
		return -EBADMSG;
	c->level = share_level(lab->share, json_str(calc, "level", ""));
	c->solvent = share_solvent(lab->share, json_str(calc, "solvent", ""));
	c->geometry = g;
	c->charge = (int)json_int(calc, "charge", 0);
	c->rung = (int)json_int(calc, "rung", 0);
	if (!c->level || !c->solvent)
		return -EBADMSG;
	return step_calc_geometry(calc, g);
}

bool step_is_nwchem(const json_t *plan) { return str_eq(json_str(plan, "program", ""), "nwchem"); }

static uint64_t memory_of(const struct nwchem_calc *c, const json_t *plan, int ranks)
{
	if (c)
		return nwchem_memory(c, ranks);
	/* CREST itself and an xTB run for each thread. On the high side: 20 atoms on two threads
	 * were seen with 52 MB together in the first eight minutes of a search. */
	if (plan && str_eq(json_str(plan, "program", ""), "crest"))
		return ((uint64_t)256 + (uint64_t)ranks * (100 + 2 * (uint64_t)json_int(plan, "natoms", 0))) << 20;
	return (uint64_t)512 << 20;
}

/* With fewer a rank has next to nothing to do, and waits for the others. */
#define FUNCTIONS_PER_RANK 6

uint64_t step_memory_within(const struct lab *lab, const char *key, int *ranks, uint64_t room)
{
	_cleanup_free_ char *dir = step_run_dir(lab, key);
	_cleanup_json_ json_t *plan = NULL;
	_cleanup_(geometry_release) struct geometry g = { 0 };
	struct nwchem_calc c;
	bool nwchem = step_read_plan(dir, &plan) == 0 && step_is_nwchem(plan) && step_nwchem_calc(lab, plan, &g, &c) == 0;
	uint64_t need;
	if (nwchem)
		*ranks = MIN(*ranks, MAX(1, level_functions(c.level, g.z, g.natoms) / FUNCTIONS_PER_RANK));
	while ((need = memory_of(nwchem ? &c : NULL, plan, *ranks)) > room && *ranks > 1)
		--*ranks;
	return need;
}

uint64_t step_memory(const struct lab *lab, const char *key, int ranks)
{
	return step_memory_within(lab, key, &ranks, UINT64_MAX);
}

struct xtb_calc step_xtb_calc(const struct lab *lab, const json_t *plan, const struct geometry *g)
{
	const json_t *calc = json_object_get(plan, "calc");
	return (struct xtb_calc){ .geometry = g, .solvent = share_solvent(lab->share, json_str(calc, "solvent", "")),
				  .charge = (int)json_int(calc, "charge", 0), .rung = (int)json_int(calc, "rung", 0),
				  .task = (enum xtb_task)json_int(calc, "task", XTB_OPTIMISE),
				  .temperature = json_num(calc, "temperature", 0) };
}

struct crest_calc step_crest_calc(const struct lab *lab, const json_t *plan, const struct geometry *g)
{
	const json_t *calc = json_object_get(plan, "calc");
	return (struct crest_calc){ .geometry = g, .solvent = share_solvent(lab->share, json_str(calc, "solvent", "")),
				    .charge = (int)json_int(calc, "charge", 0),
				    .window_kcal = json_num(calc, "window_kcal", 6) };
}

char *step_nwchem_place(const struct lab *lab, const char *key)
{
	char *scratch = step_scratch_dir(lab, key);
	if (nwchem_readable_path(scratch))
		return scratch;
	free(scratch);
	return step_run_dir(lab, key);
}
