/* What a program's end means, in words. */
#ifndef NMR_NMR_VERDICT_H
#define NMR_NMR_VERDICT_H

#include <stdbool.h>

enum verdict { VERDICT_OK, VERDICT_RETRY, VERDICT_FAIL };

/* Why an engine's run is no result. Codes are stable: they go into the queue
 * and choose the next rung of the recovery ladder. */
enum cause {
	CAUSE_NONE,
	CAUSE_TRUNCATED,     /* output cut short, no error printed: killed, lost */
	CAUSE_DISK_FULL,
	CAUSE_MEMORY,        /* NWChem/xtb could not allocate */
	CAUSE_AUTOZ,         /* internal coordinates failed */
	CAUSE_SCF,           /* did not converge */
	CAUSE_CPHF,          /* cphf_solve2 residual and the like */
	CAUSE_OPT_STEPS,     /* optimiser out of steps */
	CAUSE_BASIS,         /* basis not in library for an element */
	CAUSE_INPUT,         /* input refused by the engine */
	CAUSE_MPI,           /* mpirun could not start ranks */
	CAUSE_TIMEOUT,
	CAUSE_OTHER,
};
const char *cause_to_string(enum cause c);   /* "autoz", ... */
enum cause cause_from_string(const char *s); /* CAUSE_OTHER when unknown */
/* May the same run go well another time, when the machine has more memory, room or time? */
bool cause_may_pass(enum cause c);
/* One plain sentence for a person, and what to do. */
const char *cause_sentence(enum cause c);
const char *cause_remedy(enum cause c);

#endif
