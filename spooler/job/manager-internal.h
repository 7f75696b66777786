/* Shared by the files of the manager alone. */
#ifndef NMR_JOB_MANAGER_INTERNAL_H
#define NMR_JOB_MANAGER_INTERNAL_H

#include "job/manager.h"

struct manager {
	const struct lab *lab;
	struct queue *q;
	struct scheduler *sched;
	struct manager_hooks hooks;
	long long *dirty;       /* rows to walk */
	size_t ndirty;
	/* Jobs whose result or failure is on its way to the outbox, or waits for
	 * another try until a time: not walked meanwhile. */
	struct inflight { long long row; double until; } *inflight;
	size_t ninflight;
	bool stopping;
	const char *pause;      /* why nothing is started; NULL */
};

/* The one way a job's state changes here; logs it. */
int manager_change(struct manager *m, struct job *j, enum job_event e, const char *reason, const char *remedy);

#endif
