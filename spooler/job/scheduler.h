/* Which waiting steps run now, on how many cores. Starts them, watches them,
 * collects them, and tells which steps ended. The loop's side of exec. */
#ifndef NMR_JOB_SCHEDULER_H
#define NMR_JOB_SCHEDULER_H

#include "base/loop.h"
#include "job/step.h"
#include "queue/queue.h"

struct scheduler;
/* ended(arg, key): the step's row says how; jobs waiting for it should be walked. */
struct scheduler *scheduler_new(const struct lab *lab, struct queue *q, struct loop *loop,
				void (*ended)(void *arg, const char *key), void *arg);
void scheduler_free(struct scheduler *s);
/* Starts what fits. Call after anything changed. */
void scheduler_tick(struct scheduler *s);
int scheduler_running(const struct scheduler *s);
/* Are all cores taken? */
bool scheduler_is_full(const struct scheduler *s);
/* Ready steps wait out a back-off: nothing to do now but not idle. */
bool scheduler_backing_off(const struct scheduler *s);
/* Nothing new is started meanwhile. */
void scheduler_pause(struct scheduler *s, bool paused);
/* No new steps; running ones are asked to end; they go back to ready. */
void scheduler_stop(struct scheduler *s);
/* Ends a running step that nobody waits for any more. */
void scheduler_cancel_unwanted(struct scheduler *s);
/* For estimates: seconds this step has run and on how many ranks; false: not running. */
bool scheduler_elapsed(const struct scheduler *s, const char *key, double *ret_s, int *ret_ranks);
/* A step that is on disk though the queue does not know of its end. */
void scheduler_adopt(struct scheduler *s, const char *key);
/* After the queue lost a transaction: rows and runs agree again. */
void scheduler_reconcile(struct scheduler *s);
/* After a restart: runs that the queue calls running are watched on where the executor
 * still has them; else their leftovers are ended and they are ready again. */
void scheduler_recover(struct scheduler *s);
/* After that: scratch folders of steps are removed. */
void scheduler_sweep_scratch(struct scheduler *s);

#endif
