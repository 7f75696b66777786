/* The way of a molecule: which steps a job needs next, derived anew from what is
 * already done each time something has changed. There is no other state, so a
 * restart is nothing special.
 *
 *   struct pipeline p;
 *   pipeline_walk(&p, lab, q, &job);
 *   switch (p.end) ...
 *   pipeline_release(&p);
 *
 * Reads finished steps from spool/, writes nothing. Never logs. */
#ifndef NMR_JOB_PIPELINE_H
#define NMR_JOB_PIPELINE_H

#include "job/step.h"
#include "nmr/options.h"
#include "queue/queue.h"

enum pipeline_end {
	PIPELINE_WAITS,      /* need[] must be done first */
	PIPELINE_ADOPTS,     /* one record was read: go on with `split[0]` as this job */
	PIPELINE_SPLITS,     /* several records or stereoisomers: split[] become jobs */
	PIPELINE_RENDERED,   /* the result folder is ready: render_key, used[] */
	PIPELINE_REFUSED,    /* the molecule cannot be computed: what, why, remedy */
	PIPELINE_FAILED,     /* a program failed for good: what, why, remedy */
	PIPELINE_LATER,      /* a stored file could not be read now: error */
};

struct pipeline_part {       /* a record of a file, or a stereoisomer */
	int n;
	char *name;          /* may be empty */
	char *input;         /* below spool/; NULL when refused */
	json_t *fields;      /* data fields, or NULL */
	char *why, *remedy;  /* refused */
};

struct pipeline_step {       /* a step this job rests on, done or not */
	char key[SHA256_HEX_LEN];
	char *label;
	const char *stage, *kind;
	bool done, failed, reference; /* reference: of TMS or benzene */
	enum cause cause;             /* of a failure */
};

struct pipeline {
	enum pipeline_end end;
	const char *stage;           /* the stage reached */
	struct plan *need;
	size_t nneed;
	struct pipeline_step *used;
	size_t nused;
	struct pipeline_part *split;
	size_t nsplit;
	bool isomers;                /* the split is into stereoisomers */
	char *what, *why, *remedy;
	int error;
	char render_key[SHA256_HEX_LEN];
	double cost_done, cost_left; /* core seconds by the cost model, future stages included */
	int stage_done, stage_total;
	char *summary;               /* "3 of 12 conformers go on to DFT" ...; NULL */
	json_t *warnings;            /* [{code,text}] so far */
};

void pipeline_walk(struct pipeline *p, const struct lab *lab, struct queue *q, const struct job *job);
void pipeline_release(struct pipeline *p);

#endif
