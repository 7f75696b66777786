/* Where runs are executed: an interface, so that a run may be a process of this machine
 * or a job of a batch system.
 *
 *   const struct executor *x = executor_local();
 *   struct execution *e;
 *   executor_start(x, &spec, &e);
 *   ... poll executor_fd(e) for POLLIN: it is over ...
 *   executor_reap(e, &rec);              frees e
 * After a restart, for each folder whose run was under way:
 *   r = executor_adopt(x, dir, 20, &e);  0: it goes on, watch it as if just started
 *
 * Whatever executes a run keeps the contract of exec/run.h: stdout, stderr, run.json and
 * exit.json in spec.dir. Functions return 0 or -errno and never log. */
#ifndef NMR_EXEC_EXECUTOR_H
#define NMR_EXEC_EXECUTOR_H

#include "exec/run.h"

struct execution;

struct executor {
	int (*start)(const struct executor *x, const struct run_spec *spec, void **ret_run);
	int (*fd)(void *run);            /* readable once the run is over */
	int (*cancel)(void *run);        /* asks for its end, returns at once */
	void (*reap)(void *run, struct run_record *ret_rec);  /* waits for the end, frees run */
	/* 0: the run of that folder goes on, *ret_run. -ENOENT: nothing of it is left (whatever
	 * was has been ended). -EBUSY: something of it survives and cannot be ended. */
	int (*adopt)(const struct executor *x, const char *dir, double wait_s, void **ret_run);
};

/* Processes of this machine under nmr-exec. They end with the spooler, so there is never
 * anything to adopt. */
const struct executor *executor_local(void);

int executor_start(const struct executor *x, const struct run_spec *spec, struct execution **ret_e);
int executor_adopt(const struct executor *x, const char *dir, double wait_s, struct execution **ret_e);
int executor_fd(const struct execution *e);
int executor_cancel(struct execution *e);
void executor_reap(struct execution *e, struct run_record *ret_rec);

#endif
