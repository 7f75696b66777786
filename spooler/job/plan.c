/* Plans: what a step is, and its key. The key covers the recipe version, program
 * and version, arguments, input files or the calculation's canonical text; never
 * ranks, memory, titles or paths. Pure but for reading no file; never logs. */
#include "job/step.h"

#include <string.h>

#include "nmr/cost.h"
#include "nmr/predict.h"

/* Raised when the meaning of a step changes: everything is computed anew. */
#define RECIPE "2"

void plan_release(struct plan *p)
{
	free(p->label);
	strv_free(p->argv);
	json_decref(p->calc);
	free(p->restart_from);
	free(p->orbitals_from);
	free(p->hessian_from);
	for (size_t i = 0; i < p->nfiles; i++) {
		free(p->file[i].name);
		free(p->file[i].data);
	}
	free(p->file);
	*p = (struct plan){ 0 };
}

void plan_add_file(struct plan *p, const char *name, const void *data, size_t n)
{
	p->file = xreallocarray(p->file, p->nfiles + 1, sizeof(*p->file));
	char *copy = xmalloc(n + 1);
	memcpy(copy, data, n);
	copy[n] = '\0';
	p->file[p->nfiles++] = (struct plan_file){ xstrdup(name), copy, n };
}

void plan_program(struct plan *p, const struct lab *lab, const char *kind, const char *label,
		  const char *const *args)
{
	bool render = str_eq(kind, "render");
	*p = (struct plan){ .kind = kind, .label = xstrdup(label) };
	p->program = render ? "nmr-render" : "nmr-mol";
	p->version = render ? lab->engines.render : lab->engines.mol;
	size_t n = 0;
	while (args[n])
		n++;
	p->argv = xcalloc(n + 2, sizeof(char *));
	p->argv[0] = xstrdup(p->program);
	for (size_t i = 0; i < n; i++)
		p->argv[i + 1] = xstrdup(args[i]);
}

static void hash_text(struct plan *p, const struct buf *text)
{
	sha256_hex(text->s, text->len, p->key);
}

static void key_head(const struct plan *p, struct buf *b)
{
	buf_addf(b, "recipe %s\nkind %s\nprogram %s %s\n", RECIPE, p->kind, p->program,
		 p->version ? p->version : "?");
}

void plan_seal(struct plan *p)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	key_head(p, &b);
	for (char **a = p->argv + 1; *a; a++)
		buf_addf(&b, "arg %s\n", *a);
	for (size_t i = 0; i < p->nfiles; i++) {
		char hex[SHA256_HEX_LEN];
		sha256_hex(p->file[i].data, p->file[i].len, hex);
		buf_addf(&b, "file %s %s\n", p->file[i].name, hex);
	}
	hash_text(p, &b);
	p->est_s = cost_seconds(p->kind, 0, p->natoms, 1);
}

static json_t *calc_json(const struct geometry *g, const struct solvent *s, int charge, int rung)
{
	json_t *z = json_array();
	for (int i = 0; i < g->natoms; i++)
		json_array_append_new(z, json_integer(g->z[i]));
	return json_pack("{s:o,s:o,s:s,s:i,s:i}", "z", z, "coords", geometry_coords_to_json(g), "solvent",
			 s->code, "charge", charge, "rung", rung);
}

void plan_nwchem(struct plan *p, const struct lab *lab, const struct nwchem_calc *c, const char *label)
{
	*p = (struct plan){ .kind = nwchem_task_to_string(c->task), .label = xstrdup(label),
			    .program = "nwchem", .version = lab->engines.nwchem };
	p->calc = calc_json(c->geometry, c->solvent, c->charge, c->rung);
	json_object_set_new(p->calc, "level", json_string(c->level->name));
	p->natoms = c->geometry->natoms;
	p->functions = level_functions(c->level, c->geometry->z, p->natoms);
	p->est_s = cost_seconds(p->kind, p->functions, p->natoms, 1);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	key_head(p, &b);
	nwchem_canonical(c, &b);
	hash_text(p, &b);
}

static void add_xyz(struct plan *p, const struct geometry *g)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	geometry_to_xyz(g, "nmr-spool", &b);
	plan_add_file(p, "in.xyz", b.s, b.len);
}

void plan_xtb(struct plan *p, const struct lab *lab, const struct xtb_calc *c, const char *label)
{
	*p = (struct plan){ .kind = "xtb", .label = xstrdup(label), .program = "xtb",
			    .version = lab->engines.xtb };
	p->calc = calc_json(c->geometry, c->solvent, c->charge, c->rung);
	json_object_set_new(p->calc, "task", json_integer(c->task));
	json_object_set_new(p->calc, "temperature", json_real(c->temperature));
	p->natoms = c->geometry->natoms;
	/* A Hessian takes several times an optimisation. */
	p->est_s = cost_seconds(p->kind, 0, p->natoms, 1) * (c->task == XTB_OPTIMISE ? 1 : 4);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	add_xyz(p, c->geometry);
	p->argv = xtb_args(c, "in.xyz");
	xtb_input(c, &b);
	if (b.len)
		plan_add_file(p, XTB_INPUT, b.s, b.len);
	buf_clear(&b);
	key_head(p, &b);
	xtb_canonical(c, &b);
	hash_text(p, &b);
}

void plan_crest(struct plan *p, const struct lab *lab, const struct crest_calc *c, int most, const char *label)
{
	*p = (struct plan){ .kind = "crest", .label = xstrdup(label), .program = "crest", .version = lab->engines.crest };
	p->calc = calc_json(c->geometry, c->solvent, c->charge, 0);
	json_object_set_new(p->calc, "window_kcal", json_real(c->window_kcal));
	json_object_set_new(p->calc, "most", json_integer(most));
	p->natoms = c->geometry->natoms;
	p->est_s = cost_seconds(p->kind, 0, p->natoms, 1);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	add_xyz(p, c->geometry);
	p->argv = crest_args(c, "in.xyz");
	key_head(p, &b);
	crest_canonical(c, &b);
	buf_addf(&b, "most %d\n", most);
	hash_text(p, &b);
}
