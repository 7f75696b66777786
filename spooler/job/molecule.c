/* The molecule before its conformers: prepare, and what cannot be computed is said
 * before hours are spent. Never logs. */
#include "job/walk.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "nmr/limits.h"

int walk_read_input(struct walk *w, const char *path, struct buf *b)
{
	int r = file_read(path, (size_t)1 << 30, b);
	if (r == 0)
		return 0;
	walk_read_failed(w, r);
	_cleanup_free_ char *why = xasprintf("The stored copy %s cannot be read: %s.", path, strerror(-r));
	return walk_end(w, PIPELINE_FAILED, "The structure file is gone from the spool.", why,
			"Drop the file again.");
}

static int prepare(struct walk *w, const char *record, struct funnel *f)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	int r = walk_read_input(w, record, &b);
	if (r < 0)
		return r;
	const char *args[16] = { "prepare", "--in", "in.sdf", "--out-mol", "mol.sdf" };
	size_t n = 5;
	const char *charge = w->opt.value[OPTION_CHARGE];
	_cleanup_free_ char *atoms = xasprintf("%d", w->preset->atoms_max);
	if (!w->reference && !str_eq(charge, "auto")) {
		args[n++] = "--charge";
		args[n++] = charge;
	}
	args[n++] = "--component";
	args[n++] = w->opt.value[OPTION_COMPONENT];
	args[n++] = "--atoms-max";
	args[n++] = atoms;
	if (w->keep && !w->reference)
		args[n++] = "--keep-geometry";
	struct plan plan;
	_cleanup_free_ char *label = xasprintf("%sread the structure", w->who);
	plan_program(&plan, w->lab, "mol", label, args);
	plan_add_file(&plan, "in.sdf", b.s, b.len);
	plan_seal(&plan);
	f->mol_dir = step_dir(w->lab, plan.key);
	r = walk_ask(w, "prepare", &plan, &f->mol);
	if (r == -EREMOTEIO)
		return walk_end_engine(w, "reading the structure");
	return r;
}

/* A run that cannot fit is told before hours are spent on the stages before it. */
static int check_memory(struct walk *w, const int *z, int natoms)
{
	const struct level *at = w->preset->shield_h;
	uint64_t most = limits_memory(w->preset, w->solvent, z, natoms, &at);
	if (most <= w->lab->memory)
		return 0;
	_cleanup_free_ char *why = xasprintf("The shieldings of %d atoms at %s need about %.0f GB of memory; %.0f GB may be "
					     "used here.", natoms, at->text, (double)most / (1 << 30),
					     (double)w->lab->memory / (1 << 30));
	_cleanup_free_ char *remedy = limits_memory_remedy(w->lab->share, w->preset, w->solvent, z, natoms, w->lab->memory);
	return walk_end(w, PIPELINE_REFUSED, "The molecule is too large for this machine at this level.", why, remedy);
}

static int check_elements(struct walk *w, struct funnel *f)
{
	const json_t *elements = json_arr(f->mol, "elements");
	f->natoms = (int)json_array_size(elements);
	_cleanup_free_ int *z = xcalloc((size_t)f->natoms, sizeof(int));
	_cleanup_free_ char *remedy = NULL;
	for (int i = 0; i < f->natoms; i++)
		z[i] = element_from_symbol(json_string_value(json_array_get(elements, (size_t)i)));
	_cleanup_free_ char *why = limits_element(w->lab->share, w->preset, z, f->natoms, &remedy);
	return why ? walk_end(w, PIPELINE_REFUSED, LIMITS_ELEMENT_WHAT, why, remedy) : check_memory(w, z, f->natoms);
}

static int refuse(struct walk *w, const json_t *refusal)
{
	if (!str_eq(json_str(refusal, "code", ""), "too-large"))
		return walk_end_refusal(w, refusal);
	_cleanup_free_ char *remedy = limits_size_remedy(w->lab->share, w->preset);
	return walk_end(w, PIPELINE_REFUSED, json_str(refusal, "what", ""), json_str(refusal, "why", ""), remedy);
}

/* Both xTB and DFT keep glycine's zwitterion as a shallow minimum in chloroform, so
 * no change of bonds would tell; but there the neutral form is lower (GFN2/ALPB: 4.9
 * kcal/mol in chloroform, 6.2 in DMSO, 0.4 in water), and it is what one measures. */
static int check_zwitterion(struct walk *w, struct funnel *f)
{
	const json_t *e;
	size_t i;
	bool mobile = false;
	json_array_foreach(json_arr(f->mol, "warnings"), i, e)
		mobile = mobile || str_eq(json_str(e, "code", ""), "zwitterion");
	if (!mobile || w->solvent->protic || w->keep)
		return 0;
	_cleanup_free_ char *why = xasprintf("It is drawn as a zwitterion. In %s the proton moves from the positive to the "
					     "negative group: the neutral form is the stable one there.", w->solvent->name);
	return walk_end(w, PIPELINE_REFUSED, "The molecule does not keep its structure in this solvent.", why,
			"Use \"solvent = D2O\" or \"solvent = CD3OD\", or draw the neutral form.");
}

/* Stereoisomers that differ become jobs of their own. */
static int split_isomers(struct walk *w, struct funnel *f)
{
	const json_t *isomers = json_arr(json_object_get(f->mol, "stereo"), "isomers");
	size_t n = json_array_size(isomers), i;
	const json_t *iso;
	if (n < 2)
		return 0;
	struct pipeline *p = w->p;
	p->split = xcalloc(n, sizeof(*p->split));
	p->nsplit = n;
	p->isomers = true;
	json_array_foreach(isomers, i, iso) {
		struct pipeline_part *part = &p->split[i];
		const char *root = w->lab->conf->spool;
		part->n = (int)i + 1;
		part->name = xstrdup(json_str(iso, "label", ""));
		part->input = xasprintf("%s/%s", f->mol_dir + strlen(root) + 1, json_str(iso, "file", ""));
	}
	return walk_end(w, PIPELINE_SPLITS, NULL, NULL, NULL);
}

/* CREST missing is said at once, not after the queue has come to it. */
static int check_crest(struct walk *w)
{
	if (w->keep || w->reference || !str_eq(w->opt.value[OPTION_CONFORMERS], "crest") || w->lab->engines.crest)
		return 0;
	if (w->lab->engines.crest_mute)
		return walk_end(w, PIPELINE_REFUSED, "CREST is installed on this machine and does not work.",
				"It did not say its version (\"crest --version\") when the spooler started.",
				"Use \"conformers = rdkit\" (or leave the line out), or ask whoever runs this machine to look: "
				"\"nmr doctor\" tells more. When it works, restart the spooler and put a file called \"retry\" "
				"into its .failed folder in the outbox.");
	return walk_end(w, PIPELINE_REFUSED, "CREST is not installed on this machine.",
			"The options of this job ask for it (\"conformers = crest\"), and no program \"crest\" can be started.",
			"Use \"conformers = rdkit\" (or leave the line out), or ask whoever runs this machine to install CREST.");
}

int walk_prepare(struct walk *w, const char *record, struct funnel *f)
{
	int r = check_crest(w);
	if (r == 0)
		r = prepare(w, record, f);
	if (r < 0)
		return r;
	w->known = true;
	if (!json_flag(f->mol, "ok", false))
		return refuse(w, json_object_get(f->mol, "refusal"));
	r = check_elements(w, f);
	if (r == 0)
		r = check_zwitterion(w, f);
	return r == 0 && !w->reference ? split_isomers(w, f) : r;
}
