/* The life of jobs: admits queued ones, walks them when a step ended, splits
 * files into records, and decides when a job is ready to publish or has failed.
 * Folders are somebody else's: everything to be shown goes through the hooks,
 * and a job is done or failed only when the hook's owner reports back. */
#ifndef NMR_JOB_MANAGER_H
#define NMR_JOB_MANAGER_H

#include "job/pipeline.h"
#include "job/scheduler.h"

struct manager_hooks {
	void *arg;
	/* Something to show has changed (stage, progress). */
	void (*changed)(void *arg, const struct job *j);
	/* In the transaction in which it gets a state in which it has ended: 0, or -errno and
	 * nothing of it has happened. May be NULL. */
	int (*ended)(void *arg, const struct job *j);
	/* The result is rendered: publish it, then manager_published(). */
	void (*publish)(void *arg, const struct job *j, const struct pipeline *p);
	/* Tell why it failed, then manager_failed(). */
	void (*fail)(void *arg, const struct job *j, const char *what, const char *why, const char *remedy);
	/* Its status folder is not needed any more (cancelled, split). */
	void (*gone)(void *arg, const struct job *j);
	/* A failed or cancelled job is queued again, once the transaction is durable: what was
	 * told of its end holds no more. */
	void (*again)(void *arg, const struct job *j);
	/* A job was split: its parts are in the queue. */
	void (*split)(void *arg, const struct batch *b);
};

struct manager;
struct manager *manager_new(const struct lab *lab, struct queue *q, struct loop *loop,
			    const struct manager_hooks *hooks);
void manager_free(struct manager *m);
/* After a restart: leftovers ended, running and publishing jobs walked again. */
void manager_recover(struct manager *m);
/* After the queue lost a transaction: everything is derived anew. */
void manager_reconcile(struct manager *m);
/* why: nothing new is started until it is NULL again. Borrowed until then. */
void manager_pause(struct manager *m, const char *why);
/* Admits and schedules; call after intake and whenever something changed. */
void manager_tick(struct manager *m);
void manager_stop(struct manager *m);           /* no new work, children asked to end */
struct scheduler *manager_scheduler(struct manager *m);
/* Seconds until everything that runs or waits is done, as far as one can tell; what waits
 * is taken for a usual job of its preset. -1: nothing is known of such jobs yet. */
double manager_time_left(struct manager *m);
/* Refreshes progress, detail and time left of running jobs. */
void manager_refresh(struct manager *m);

/* Reports from the outbox's worker. error NULL: it is there. */
void manager_published(struct manager *m, const char *id, const char *error);
/* Its name in the outbox belonged to something else: it was published under this
 * one. Before manager_published(). */
void manager_renamed(struct manager *m, const char *id, const char *outname);
/* The failure could not be told: the job stays as it is, and it is told again later. */
void manager_not_told(struct manager *m, const char *id);
void manager_failed(struct manager *m, const char *id, const char *what, const char *why, const char *remedy);

/* cancel retry hold release republish; target: id, name or folder of a job or a
 * batch. Returns true and a sentence, or false and why not. Caller frees
 * *ret_words. */
bool manager_verb(struct manager *m, const char *verb, const char *target, char **ret_words);
/* The same for a request {"verb","target","value"}; knows "priority", too, whose
 * value is -10..10 or a word. */
bool manager_request(struct manager *m, const json_t *request, char **ret_words);

#endif
