/* NWChem: pure functions that write an input and read an output. */
#ifndef NMR_NMR_NWCHEM_H
#define NMR_NMR_NWCHEM_H

#include "base/buf.h"
#include "nmr/geometry.h"
#include "nmr/share.h"
#include "nmr/verdict.h"

/* The kind of the step in the queue is "screen", "optimise" or "shield". */
enum nwchem_task { NWCHEM_ENERGY, NWCHEM_OPTIMISE, NWCHEM_SHIELD };
const char *nwchem_task_to_string(enum nwchem_task t);
/* 0, or -ENOENT: no kind of an NWChem run. */
int nwchem_task_from_string(const char *kind, enum nwchem_task *ret_task);

struct nwchem_calc {
	enum nwchem_task task;
	const struct level *level;
	const struct solvent *solvent;
	const struct geometry *geometry;
	int charge;
	int rung;               /* of the recovery ladder, 0: the plain way */
};

/* Everything that decides the result, and nothing else: hashed into the key. */
void nwchem_canonical(const struct nwchem_calc *c, struct buf *b);

struct nwchem_place {           /* what does not decide the result */
	int ranks;
	long memory_mb;         /* a rank */
	const char *scratch;    /* absolute; one that NWChem cannot read (white space, too long)
				 * is left out: the run's own folder serves */
	const char *title;      /* ASCII, sanitised by nwchem_input */
	const struct geometry *restart; /* start an optimisation from here, or NULL */
	const char *orbitals;   /* orbitals of the same molecule and basis to start the SCF from:
				 * name of a file beside the run's own files; NULL */
	bool hessian;           /* NWCHEM_HESSIAN lies beside them: the optimiser starts from it */
};
/* An initial Hessian as NWChem's driver reads it: name in the scratch folder, and text.
 * h: n*n values by rows, hartree/bohr^2. */
#define NWCHEM_HESSIAN "nmr.hess"
void nwchem_hessian(const double *h, int n, struct buf *b);
/* Where a run leaves its orbitals, in the scratch folder. */
#define NWCHEM_ORBITALS "nmr.movecs"
/* NWChem takes no quotes around a path, none with white space and none that is long. */
bool nwchem_readable_path(const char *path);
void nwchem_input(const struct nwchem_calc *c, const struct nwchem_place *p, struct buf *b);

/* Reads a whole output. VERDICT_OK: *ret_result (caller owns):
 *   energy:   {"version","energy_hartree"}
 *   optimise: {"version","energy_hartree","coords":[[x,y,z]..],"iterations":n}
 *             coords from the LAST "Output coordinates" block
 *   shield:   {"version","energy_hartree","isotropic":[ppm per atom]}
 * Otherwise *ret_cause and *ret_detail (the engine's own line; caller frees, may
 * be NULL). Never looks past n. */
enum verdict nwchem_parse(const char *out, size_t n, enum nwchem_task task, int natoms,
			  json_t **ret_result, enum cause *ret_cause, char **ret_detail);

/* The last complete geometry of an optimisation, also of an output cut short.
 * 0 or -ENOENT. g->z and natoms are set by the caller and checked. */
int nwchem_last_geometry(const char *out, size_t n, struct geometry *g);

/* Live progress from an output so far. */
struct nwchem_progress {
	int opt_step;        /* @ lines; -1 none yet */
	double gmax, energy; /* of that step */
	int scf_iter;        /* of the SCF under way, -1 */
	int cphf_iter;       /* -1 */
};
void nwchem_progress(const char *out, size_t n, struct nwchem_progress *ret_p);

/* An optimisation ends when the largest gradient is below this (and others below theirs):
 * the default of NWChem's driver, which our inputs leave as it is. hartree/bohr. */
#define NWCHEM_GMAX_GOAL 0.00045

/* The steps of an optimisation in an output so far: energies in hartree, gradients in
 * hartree/bohr. At most max (>= 1) of them, the last ones; how many. */
struct nwchem_opt_step {
	int step;            /* from 0 */
	double energy, gmax, grms;
};
size_t nwchem_opt_steps(const char *out, size_t n, struct nwchem_opt_step *ret_s, size_t max);

/* The next rung after this cause, or -1 when nothing is left to try.
 * ret_why: static words for the log ("internal coordinates failed; Cartesian"). */
int nwchem_next_rung(enum nwchem_task task, int rung, enum cause c, const char **ret_why);

/* Memory estimate for the whole run, bytes. */
uint64_t nwchem_memory(const struct nwchem_calc *c, int ranks);

#endif
