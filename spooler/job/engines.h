/* The programs that the steps run, found at start, versions recorded. */
#ifndef NMR_JOB_ENGINES_H
#define NMR_JOB_ENGINES_H

#include "base/conf.h"

struct engines {
	char *nwchem;   /* version, "7.0.2"; NULL: not found */
	char *xtb;
	char *crest;    /* NULL: not installed; it is optional */
	bool crest_mute;   /* it is installed and did not say its version */
	char *mol;      /* "1 (RDKit 2022.09.3)" */
	char *render;
	char *mol_path, *render_path;   /* beside this program */
};

/* Finds the programs and asks for their versions (a second or two: NWChem tells
 * its version only in an output). Missing ones stay NULL and are described in
 * *ret_problem (caller frees; NULL when all is there). */
void engines_find(struct engines *e, const struct conf *conf, const char *work_dir, char **ret_problem);
void engines_release(struct engines *e);
/* Environment of every engine: one thread a rank, and mpirun as root in containers.
 * NULL-terminated; the first entry is free for OMP_NUM_THREADS. */
#define ENGINES_ENV(threads) \
	{ threads, "OPENBLAS_NUM_THREADS=1", "MKL_NUM_THREADS=1", "OMP_STACKSIZE=1G", \
	  "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "PRTE_ALLOW_RUN_AS_ROOT=1", \
	  "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1", "OMPI_MCA_btl_vader_single_copy_mechanism=none", NULL }

#endif
