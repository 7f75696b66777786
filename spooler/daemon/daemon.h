/* The daemon: what its parts share. Everything here belongs to the loop's
 * thread; what may block on a mount is posted to a worker with copies. */
#ifndef NMR_DAEMON_DAEMON_H
#define NMR_DAEMON_DAEMON_H

#include "base/loop.h"
#include "base/worker.h"
#include "drop/drop.h"
#include "job/manager.h"
#include "outbox/outbox.h"

struct intake;
struct folder;
struct commit;
struct disk;
struct keep;
struct notify;

struct daemon {
	struct conf *conf;
	struct lab lab;
	struct queue *q;
	struct loop *loop;
	struct manager *manager;
	struct intake *intake;
	struct folder *folder;
	struct commit *commit;
	struct disk *disk;
	struct keep *keep;
	struct notify *notify;
	bool once, stopping;
	bool hangs;              /* at the end: a thread was left behind, and uses what is here */
	bool unsaved;            /* the last commit was lost */
	int failed;              /* jobs that failed in this run */
	int lock_fd;
};

/* ---- intake.c: inbox and door */
struct intake *intake_new(struct daemon *d);
void intake_free(struct intake *in);
void intake_start(struct intake *in);
/* Look into inbox and door now. */
void intake_look(struct intake *in);
/* Nothing there, nothing settling, nothing under way. */
bool intake_idle(const struct intake *in);

/* What a person should know about folders that do not answer, one sentence or more
 * appended to b (NULL: only asked). False: they all do. */
bool intake_notice(const struct intake *in, struct buf *b);

/* ---- folder.c: everything shown in the outbox */
struct folder *folder_new(struct daemon *d);
void folder_free(struct folder *f);
void folder_start(struct folder *f);
void folder_hooks(struct folder *f, struct manager_hooks *ret_hooks);
bool folder_idle(const struct folder *f);
/* A job was accepted: its status folder appears. */
void folder_accepted(struct folder *f, const struct job *j);
/* A file in the inbox that cannot be taken: told in the outbox. */
void folder_trouble(struct folder *f, const struct drop_item *item);
/* QUEUE.html is to be written again. */
void folder_stale(struct folder *f);
const struct outbox *folder_outbox(const struct folder *f);
/* The last state of QUEUE.html and summaries, before the end. */
void folder_flush(struct folder *f);

/* For what else must be done in the outbox, in order with the rest. */
void folder_post(struct folder *f, void (*work)(void *), void (*done)(void *), void *arg);

/* ---- keep.c: retention */
struct keep *keep_new(struct daemon *d);
void keep_free(struct keep *k);      /* after folder_free(): its work is done by then */
/* Soon, and then once a day. */
void keep_start(struct keep *k);

/* ---- intake-job.c: from a claimed file to a row */
struct intake_source {
	const char *path;        /* relative to the inbox, or the name given at the door */
	const char *id;          /* the job's */
	const char *input;       /* below spool/ */
	const char *sha256;
	const char *ticket_name, *ticket;   /* NULL: none */
	size_t ticket_len;
	const char *owner;
	const char *base;        /* the name of its result, before numbering */
	uint64_t names_on_disk;  /* bit n: the n+1st candidate name exists in the outbox */
	bool door;
	const char *refused;     /* why the job is refused whatever its options are; NULL */
};
/* Fills a job ready for queue_job_add. Never fails: unusable options make a job
 * that is refused with the reason. */
void intake_job(struct daemon *d, const struct intake_source *src, struct job *ret_j);
/* The name of the result folder, before numbering: groups and safe stem. Caller frees. */
char *intake_base_name(const struct conf *conf, const char *path, bool door);
char *intake_candidate(const char *base, int n);

/* In main: asks whether --once is finished. */
void daemon_check_once(struct daemon *d);

#endif
