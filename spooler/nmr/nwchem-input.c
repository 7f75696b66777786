/* Writing NWChem inputs. Runs of a conformer: `task dft energy`, `task dft optimize`
 * and `task dft property` with `shielding`. The canonical text and the input come from
 * the same blocks, so that they cannot drift apart. Pure.
 *
 * The rungs of the recovery ladder; a later one never gives another answer, it is
 * only slower (checked: the same energies to 2e-6 hartree):
 *   optimise: 0 internal coordinates, 1 Cartesian, 2 internal with a patient SCF,
 *             3 Cartesian with a patient SCF, 4 Cartesian, stubborn SCF, many steps
 *             (the quadratic SCF is no help here: with COSMO NWChem 7.0 runs out of
 *             charge lists after some steps, "bq_create failed")
 *   shield:   0 as the level says, 1 patient SCF, direct, tight screening,
 *             2 quadratic SCF, direct, tight screening
 *   energy:   0 plain, 1 patient SCF, 2 stubborn SCF
 * Each next optimisation starts from the last geometry (nwchem_place.restart). */
#include "nmr/nwchem.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum scf { SCF_PLAIN, SCF_PATIENT, SCF_STUBBORN, SCF_QUADRATIC };
struct rung { bool cartesian; enum scf scf; bool tight; int steps; const char *why; };

static const struct rung optimise_rungs[] = {
	{ false, SCF_PLAIN, false, 100, "" },
	{ true, SCF_PLAIN, false, 150, "on in Cartesian coordinates" },
	{ false, SCF_PATIENT, false, 150, "again with damping, level shift and more iterations" },
	{ true, SCF_PATIENT, false, 200, "on in Cartesian coordinates with a damped SCF" },
	{ true, SCF_STUBBORN, true, 300, "on in Cartesian coordinates with a strongly damped and shifted SCF" },
};
static const struct rung shield_rungs[] = {
	{ false, SCF_PLAIN, false, 0, "" },
	{ false, SCF_PATIENT, true, 0, "again with direct integrals, tight screening and a damped SCF" },
	{ false, SCF_QUADRATIC, true, 0, "again with direct integrals and a quadratically convergent SCF" },
	/* Linear molecules may have no internal coordinates that NWChem can find. */
	{ true, SCF_PLAIN, false, 0, "again in Cartesian coordinates" },
	{ true, SCF_QUADRATIC, true, 0, "again in Cartesian coordinates with a quadratically convergent SCF" },
};

static const struct rung energy_rungs[] = {
	{ false, SCF_PLAIN, false, 0, "" },
	{ false, SCF_PATIENT, false, 0, "again with damping, level shift and more iterations" },
	{ false, SCF_STUBBORN, true, 0, "again with a strongly damped and shifted SCF" },
	{ true, SCF_PLAIN, false, 0, "again in Cartesian coordinates" },
	{ true, SCF_STUBBORN, true, 0, "again in Cartesian coordinates with a strongly damped and shifted SCF" },
};

static const char *const task_names[] = { [NWCHEM_ENERGY] = "screen", [NWCHEM_OPTIMISE] = "optimise",
					   [NWCHEM_SHIELD] = "shield" };

const char *nwchem_task_to_string(enum nwchem_task t) { return task_names[t]; }

int nwchem_task_from_string(const char *kind, enum nwchem_task *ret_task)
{
	for (size_t i = 0; i < ARRAY_SIZE(task_names); i++)
		if (str_eq(kind, task_names[i])) {
			*ret_task = (enum nwchem_task)i;
			return 0;
		}
	return -ENOENT;
}

static const struct rung *rung_of(enum nwchem_task task, int rung)
{
	static const struct { const struct rung *r; size_t n; } ladders[] = {
		[NWCHEM_ENERGY] = { energy_rungs, ARRAY_SIZE(energy_rungs) },
		[NWCHEM_OPTIMISE] = { optimise_rungs, ARRAY_SIZE(optimise_rungs) },
		[NWCHEM_SHIELD] = { shield_rungs, ARRAY_SIZE(shield_rungs) },
	};
	return rung < 0 || (size_t)rung >= ladders[task].n ? NULL : &ladders[task].r[rung];
}

/* Where an optimisation goes on after this cause; the column is the rung. */
static int next_optimise(int rung, enum cause c)
{
	static const int autoz[] = { 1, -1, 3, -1, -1 };
	static const int scf[] = { 2, 3, 3, 4, -1 };
	static const int steps[] = { 1, 3, 3, 4, -1 };
	if (rung < 0 || (size_t)rung >= ARRAY_SIZE(optimise_rungs))
		return -1;
	return c == CAUSE_AUTOZ ? autoz[rung] : c == CAUSE_SCF ? scf[rung] : c == CAUSE_OPT_STEPS ? steps[rung] : -1;
}

/* The same for a single point or shieldings. */
static int next_fixed(enum nwchem_task task, int rung, enum cause c)
{
	static const int autoz[] = { 3, 3, 3, -1, -1 };
	static const int scf[] = { 1, 2, -1, 4, -1 };
	if (rung < 0 || (size_t)rung >= ARRAY_SIZE(scf))
		return -1;
	return c == CAUSE_AUTOZ ? autoz[rung] : c == CAUSE_SCF || (c == CAUSE_CPHF && task == NWCHEM_SHIELD) ? scf[rung] : -1;
}

int nwchem_next_rung(enum nwchem_task task, int rung, enum cause c, const char **ret_why)
{
	int next = task == NWCHEM_OPTIMISE ? next_optimise(rung, c) : next_fixed(task, rung, c);
	const struct rung *r = next > rung ? rung_of(task, next) : NULL;
	if (!r)
		return -1;
	*ret_why = r->why;
	return next;
}

static void add_geometry(const struct geometry *g, bool cartesian, struct buf *b)
{
	/* Symmetry off: every atom keeps its place, its number and a shielding of its
	 * own. The print level stays: the optimiser's geometries are read from the log. */
	buf_addf(b, "geometry units angstroms noautosym%s\n", cartesian ? " noautoz" : "");
	geometry_canonical(g, b);
	buf_adds(b, "end\n");
}

static void add_basis(const struct level *l, struct buf *b)
{
	buf_addf(b, "basis \"ao basis\" %s\n", l->spherical ? "spherical" : "cartesian");
	for (const char *const *line = l->basis; *line; line++)
		buf_addf(b, "  %s\n", *line);
	buf_adds(b, "end\n");
}

static void add_cosmo(const struct solvent *s, struct buf *b)
{
	if (s->nwchem)
		buf_addf(b, "cosmo\n  solvent %s\n  do_gasphase False\nend\n", s->nwchem);
}

bool nwchem_readable_path(const char *path)
{
	size_t n = strlen(path);
	return n > 0 && n < 200 && strcspn(path, " \t\n\"'#;") == n;
}

/* Checked against `grid fine` and the thresholds that `task dft property` forces
 * unless prop:nocheck is set: docs/performance.md. */
static bool is_quick(const struct nwchem_calc *c)
{
	const struct rung *r = rung_of(c->task, c->rung);
	return c->task == NWCHEM_SHIELD && r && r->scf == SCF_PLAIN && !r->tight;
}

/* ---- memory, as measured: global arrays hold 36 matrices of N x N doubles in an
 * optimisation and 9 (atoms + 1) of them in a shielding calculation (exactly, for
 * 3 to 17 atoms); heap and stack of a rank were 2.6 MB an atom at most, each. */

#define PROGRAM_MB 150   /* resident size of a rank besides */
#define GLOBAL_LEAST_MB 50

static long local_mb(int natoms) { return 64 + 4L * natoms; }

/* What two-electron integrals may take of heap and stack together, in doubles; the rest is
 * computed anew. Without a bound NWChem fills both with them when they just fit, and the
 * gradient, which needs another 23 MB at 15 atoms, ends with "xc_setquad: out of memory". */
static long integrals_max(int natoms) { return (2 * local_mb(natoms) - 32 - 4L * natoms) * (1048576 / 8); }

static void add_dft(const struct nwchem_calc *c, const struct rung *r, const struct nwchem_place *p, struct buf *b)
{
	const struct level *l = c->level;
	buf_adds(b, "dft\n");
	for (const char *const *line = l->xc; *line; line++)
		buf_addf(b, "  %s\n", *line);
	if (l->dispersion)
		buf_addf(b, "  %s\n", l->dispersion);
	/* Shieldings without `direct` fail at times in the response equations. */
	if (c->task == NWCHEM_SHIELD && (l->direct || c->rung > 0))
		buf_adds(b, "  direct\n");
	else if (p)
		buf_addf(b, "  semidirect memsize %ld filesize 0\n", integrals_max(c->geometry->natoms));
	if (c->task == NWCHEM_SHIELD)
		buf_adds(b, is_quick(c) ? "  grid medium\n" : "  grid fine\n");
	if (p && p->orbitals && nwchem_readable_path(p->orbitals))
		buf_addf(b, "  vectors input %s output %s\n", p->orbitals, NWCHEM_ORBITALS);
	buf_addf(b, "  iterations %d\n", r->scf == SCF_PLAIN ? 100 : 300);
	if (r->scf == SCF_PATIENT)
		buf_adds(b, "  convergence lshift 0.5 hl_tol 0.5 damp 50 ncydp 30\n");
	if (r->scf == SCF_STUBBORN)
		buf_adds(b, "  convergence lshift 1.0 levlon 1.0 ncysh 60 damp 60 ncydp 60 dampon 1e5 dampoff 1e-3\n");
	if (r->scf == SCF_QUADRATIC)
		buf_adds(b, "  cgmin\n");
	if (r->tight)
		buf_adds(b, "  tolerances tight\n");
	buf_adds(b, "  noprint \"final vectors analysis\"\nend\n");
}

static void add_task(const struct nwchem_calc *c, const struct rung *r, const struct nwchem_place *p, struct buf *b)
{
	switch (c->task) {
	case NWCHEM_ENERGY:
		buf_adds(b, "task dft energy\n");
		break;
	case NWCHEM_OPTIMISE:
		buf_addf(b, "driver\n  maxiter %d\n%send\ntask dft optimize\n", r->steps,
			 p && p->hessian ? "  inhess 2\n" : "");
		break;
	case NWCHEM_SHIELD:
		if (is_quick(c))
			buf_adds(b, "set prop:nocheck logical .true.\n");
		buf_adds(b, "property\n  shielding\nend\ntask dft property\n");
		break;
	}
}

/* p: NULL for what decides the result. */
static void add_body(const struct nwchem_calc *c, const struct geometry *g, const struct nwchem_place *p, struct buf *b)
{
	const struct rung *r = rung_of(c->task, c->rung);
	r = r ? r : rung_of(c->task, 0);
	buf_addf(b, "charge %d\n", c->charge);
	add_geometry(g, r->cartesian, b);
	add_basis(c->level, b);
	add_cosmo(c->solvent, b);
	add_dft(c, r, p, b);
	add_task(c, r, p, b);
}

void nwchem_canonical(const struct nwchem_calc *c, struct buf *b)
{
	add_body(c, c->geometry, NULL, b);
	buf_addf(b, "rung %d\n", c->rung);
}

static void add_memory(const struct nwchem_calc *c, const struct nwchem_place *p, struct buf *b)
{
	long local = local_mb(c->geometry->natoms), global = p->memory_mb - PROGRAM_MB - 2 * local;
	buf_addf(b, "memory heap %ld mb stack %ld mb global %ld mb\n", local, local, MAX(global, GLOBAL_LEAST_MB));
}

uint64_t nwchem_memory(const struct nwchem_calc *c, int ranks)
{
	int natoms = c->geometry->natoms;
	double n = level_functions(c->level, c->geometry->z, natoms);
	double matrices = c->task == NWCHEM_SHIELD ? 9.0 * (natoms + 1) : 36;
	double rank = (double)(PROGRAM_MB + GLOBAL_LEAST_MB + 2 * local_mb(natoms)) * 1048576;
	return (uint64_t)(rank * MAX(ranks, 1) + 1.25 * matrices * 8 * n * n);
}

void nwchem_input(const struct nwchem_calc *c, const struct nwchem_place *p, struct buf *b)
{
	buf_adds(b, "start nmr\ntitle \"");
	for (const char *t = p->title ? p->title : ""; *t; t++)
		buf_addc(b, isalnum((unsigned char)*t) || strchr(" .,:()+*/-", *t) ? *t : '_');
	buf_adds(b, "\"\n");
	add_memory(c, p, b);
	if (nwchem_readable_path(p->scratch))
		buf_addf(b, "scratch_dir %s\npermanent_dir %s\n", p->scratch, p->scratch);
	add_body(c, p->restart ? p->restart : c->geometry, p, b);
}

void nwchem_hessian(const double *h, int n, struct buf *b)
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k <= i; k++)
			buf_addf(b, "%.10E\n", 0.5 * (h[i * n + k] + h[k * n + i]));
}
