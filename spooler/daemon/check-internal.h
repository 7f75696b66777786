/* Shared by the files of the check alone. */
#ifndef NMR_DAEMON_CHECK_INTERNAL_H
#define NMR_DAEMON_CHECK_INTERNAL_H

#include "daemon/daemon.h"

struct check {
	struct conf *conf;
	struct lab lab;          /* conf alone: for the folders of steps */
	struct queue *q;
	struct outbox out;
	bool repair, running;    /* running: a spooler is at work beside us */
	bool saved;              /* the queue had to be saved in this run: rows may be lost */
	int findings, mended;
	int count[JOB_STATE_COUNT];
	long long steps, results, failures, deleted, moved;
	char (*result)[ID_LEN + 1];      /* ids of results in the outbox */
	size_t nresults;
};

/* A finding. mended: how it was put right; NULL: it was not. */
void check_found(struct check *c, const char *mended, const char *fmt, ...) _printf_(3, 4);
/* In words when something could not be read or written. */
void check_failed(struct check *c, const char *what, int error);

/* check-queue.c. false: without a readable queue nothing else can be checked. */
bool check_queue(struct check *c);
void check_jobs(struct check *c);
/* check-folders.c */
void check_steps(struct check *c);
void check_leftovers(struct check *c);
void check_outbox(struct check *c);

#endif
