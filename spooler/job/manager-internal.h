/* Shared by the files of the manager alone. */
#ifndef NMR_JOB_MANAGER_INTERNAL_H
#define NMR_JOB_MANAGER_INTERNAL_H

#include "job/manager.h"

struct manager {
	const struct lab *lab;
	struct queue *q;
	struct loop *loop;
	struct scheduler *sched;
	struct manager_hooks hooks;
	long long *dirty;       /* rows to walk */
	size_t ndirty;
	/* Jobs whose result or failure is on its way to the outbox, or waits for
	 * another try until a time: not walked meanwhile. */
	struct inflight { long long row; double until; } *inflight;
	size_t ninflight;
	struct splitting *splitting;    /* files on their way to become batches */
	struct loop_source *split_turn;
	bool stopping;
	/* Core seconds that each running job still needs, as of its last walk. */
	struct work_left { long long row; double core_s; bool stale; } *left;
	size_t nleft;
	/* Rows of jobs that ran when the spooler started: their first walk drops steps that a
	 * version before wanted. */
	long long *inherited;
	size_t ninherited;
	const char *pause;      /* why nothing is started; NULL */
};

/* The one way a job's state changes here; logs it. */
int manager_change(struct manager *m, struct job *j, enum job_event e, const char *reason, const char *remedy);

void manager_walk_soon(struct manager *m, long long row);

/* ---- split.c */
/* Options of a record on top of the job's, or words why one is unusable. Caller frees. */
char *split_merge_fields(struct manager *m, json_t **options, const json_t *fields, const char *origin);
/* The walk says that the job has many records (or isomers): takes p over. */
void split_begin(struct manager *m, const struct job *j, struct pipeline *p);
bool split_under_way(const struct manager *m, long long row);
void split_end_all(struct manager *m);

#endif
