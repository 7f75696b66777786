/* A step: one run of one program, named by the hash of what decides its result.
 *
 *   plan    what the pipeline asks for (struct plan: key, kind, files, calculation)
 *   folder  spool/steps/ab/<key>.run/ while it waits and runs, <key>/ when done
 *
 * A plan is written into its folder when it is first asked for, so that it can
 * be started later, also after a restart, without asking the pipeline again. */
#ifndef NMR_JOB_STEP_H
#define NMR_JOB_STEP_H

#include "base/file.h"
#include "exec/executor.h"
#include "job/engines.h"
#include "nmr/cost.h"
#include "nmr/crest.h"
#include "nmr/nwchem.h"
#include "nmr/xtb.h"

struct lab {                    /* what it takes to run steps; immutable after start but for cost */
	struct conf *conf;
	struct share *share;
	struct engines engines;
	const struct executor *executor;
	int cores;
	uint64_t memory;        /* bytes for all engines together */
	struct cost_model *cost; /* learned from finished steps */
	char *(*safe_name)(const char *any); /* names for the outbox */
};

struct plan_file { char *name, *data; size_t len; };

struct plan {
	char key[SHA256_HEX_LEN];
	const char *kind;       /* "mol" "xtb" "crest" "screen" "optimise" "shield" "render" */
	char *label;            /* "optimise conformer 2" */
	const char *program, *version;
	char **argv;            /* mol, render: whole; xtb: arguments; NWChem: NULL */
	json_t *calc;           /* of an engine: the calculation; else NULL */
	char *restart_from;     /* key of a failed step whose last geometry is a good start; NULL */
	char *orbitals_from;    /* key of a finished step whose orbitals are one; NULL */
	char *hessian_from;     /* key of a finished xTB step with a Hessian of this geometry; NULL */
	struct plan_file *file;
	size_t nfiles;
	int functions, natoms;  /* for the cost model */
	double est_s;           /* on one core, by the starting model */
	double guess_s;         /* by what was learned */
};
void plan_release(struct plan *p);

/* nmr-mol or nmr-render: args NULL-terminated; then files (name, data) that the
 * program reads. The key covers program, version, args and files. */
void plan_program(struct plan *p, const struct lab *lab, const char *kind, const char *label,
		  const char *const *args);
void plan_add_file(struct plan *p, const char *name, const void *data, size_t n);
void plan_seal(struct plan *p);  /* computes the key; after the last file */
void plan_nwchem(struct plan *p, const struct lab *lab, const struct nwchem_calc *c, const char *label);
/* At most `most` of the conformers found are kept. */
void plan_crest(struct plan *p, const struct lab *lab, const struct crest_calc *c, int most, const char *label);
void plan_xtb(struct plan *p, const struct lab *lab, const struct xtb_calc *c, const char *label);

/* Folders; caller frees. */
char *step_dir(const struct lab *lab, const char *key);
char *step_run_dir(const struct lab *lab, const char *key);
char *step_scratch_dir(const struct lab *lab, const char *key);
/* 64 lower-case hex digits? */
bool step_key_valid(const char *s);
/* Is its plan there and readable? */
bool step_has_plan(const struct lab *lab, const char *key);
/* result.json of a finished step: 0, -ENOENT. */
int step_result(const struct lab *lab, const char *key, json_t **ret_result);
/* Takes the step's folders out of the way, into spool/staging, where they may be
 * removed at leisure (the next start does). */
int step_discard(const struct lab *lab, const char *key);
/* Makes the .run folder with the plan, if it is not there yet. */
int step_write(const struct lab *lab, const struct plan *p);

struct step_grant {
	int ranks;
	uint64_t memory, limit;  /* bytes: to plan with, and to be ended above */
	bool again;              /* an attempt with orbitals and Hessian of others failed: without them */
};
/* Starts the step in its .run folder. An earlier attempt's geometry is used when there is
 * one. */
int step_start(const struct lab *lab, const char *key, const struct step_grant *grant, struct execution **ret_e);
/* Memory the step is expected to need, bytes. */
uint64_t step_memory(const struct lab *lab, const char *key, int ranks);
/* The same with fewer ranks, down to one, where *ranks need more than room or are too many
 * for the molecule. */
uint64_t step_memory_within(const struct lab *lab, const char *key, int *ranks, uint64_t room);

struct step_end {
	enum verdict verdict;
	enum cause cause;
	char *detail;           /* engine's own words; NULL */
	bool crashed;           /* a program died by itself and said nothing: to be tried once more only */
};
void step_end_release(struct step_end *e);
/* Reads what a run left, and on success writes result.json and gives the folder
 * its name. */
void step_collect(const struct lab *lab, const char *key, const struct run_record *rec,
		  struct step_end *ret_end);
/* Live words for a running step of NWChem or CREST ("step 7, gradient 0.0012"); empty
 * when there is nothing to tell. */
void step_progress(const struct lab *lab, const char *key, struct buf *b, int *ret_opt_step);

#endif
