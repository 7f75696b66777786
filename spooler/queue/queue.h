/* The queue: one SQLite file (WAL, synchronous=FULL), the only SQL of the
 * project. Written by the spooler alone; everyone else opens it read-only.
 *
 * Writes go into one open transaction; queue_commit() makes them durable, so
 * that many changes share one fsync:
 *     queue_begin(q); queue_job_add(q, ...); queue_set_job_state(q, ...); queue_commit(q);
 * A write outside begin/commit is its own transaction. Grouped, see queue_group().
 *
 * Times are wall-clock seconds, for display only; order is by row id.
 * Functions return 0, -ENOENT, -EEXIST, -EPERM (state table), -ENOSPC (disk
 * full), -EUCLEAN (damaged) or -EIO; queue_error() has the words. Never log.
 */
#ifndef NMR_QUEUE_QUEUE_H
#define NMR_QUEUE_QUEUE_H

#include "base/json.h"

enum job_state {
	JOB_QUEUED, JOB_RUNNING, JOB_PUBLISHING, JOB_DONE, JOB_FAILED, JOB_CANCELLED, JOB_HELD,
	JOB_STATE_COUNT
};
enum job_event {
	JOB_EV_START, JOB_EV_PUBLISH, JOB_EV_FINISH, JOB_EV_FAIL, JOB_EV_CANCEL,
	JOB_EV_RETRY, JOB_EV_HOLD, JOB_EV_RELEASE, JOB_EV_REPUBLISH,
	JOB_EVENT_COUNT
};
enum step_state { STEP_READY, STEP_RUNNING, STEP_DONE, STEP_FAILED, STEP_SKIPPED, STEP_STATE_COUNT };
const char *job_state_to_string(enum job_state s);
const char *job_event_to_string(enum job_event e);
const char *step_state_to_string(enum step_state s);
/* The state table: -1 when the event is not allowed. */
int job_state_after(enum job_state s, enum job_event e);
static inline bool job_state_ended(enum job_state s)
{
	return s == JOB_DONE || s == JOB_FAILED || s == JOB_CANCELLED;
}

/* Above every priority that people can ask for (-10..10). */
#define JOB_PRIORITY_REFUSED 100

/* All strings are owned by the struct; job_release() frees them. */
struct job {
	long long row;
	char id[ID_LEN + 1];
	long long batch_row;     /* 0: none */
	int record;              /* 1-based number in its batch, 0: none */
	enum job_state state;
	char *stage;             /* read prepare conformers rank optimise shield report publish */
	char *name;              /* as shown: "ethanol" */
	char *outname;           /* folder below outbox: "ethanol" or "batch/3-ethanol" */
	char *source;            /* path as dropped, relative to the inbox: "CDCl3/ethanol.smi" */
	char *input;             /* file below spool/: the structure as claimed */
	char *sha256;            /* of the dropped file */
	json_t *options;         /* options_to_json() */
	int priority;
	char *owner;             /* fair share: user name or uid of the file, or drop folder */
	char *reason;            /* why it failed or waits, in words; NULL */
	char *remedy;            /* what to do; NULL */
	int attempt;
	int steps_done, steps_total; /* of the present stage */
	double progress;         /* 0..1 of the whole job, an estimate */
	double eta_s;            /* seconds left at `updated`; < 0 unknown */
	char *detail;            /* "optimising conformer 2 of 3, step 7"; NULL */
	double created, started, finished, updated; /* 0: not yet */
	const char *damage;      /* what in the row makes no sense, static words; NULL: nothing */
	const json_t *warnings;  /* [{code,text}] of the walk that is under way, borrowed; never stored; NULL */
};
void job_init(struct job *j);
void job_release(struct job *j);

struct batch {
	long long row;
	char id[ID_LEN + 1];
	char *name, *outname, *source, *sha256;
	int total;
	int unmade;              /* records that are no jobs yet: the job of its id makes them */
	long long parent_row;
	int record;              /* in the parent batch */
	double created;
	int count[JOB_STATE_COUNT]; /* filled by queue_batch_get and list */
};
void batch_init(struct batch *b);
void batch_release(struct batch *b);

struct step {
	char key[65];
	char *kind;              /* mol xtb optimise shield render ... */
	char *label;             /* "optimise conformer 2" */
	char *program;           /* nwchem */
	char *version;
	enum step_state state;
	char *cause;             /* cause_to_string() of the last failure; NULL */
	char *detail;            /* engine's own words; NULL */
	int attempts;
	int ranks;
	double est_s;            /* the cost model's guess */
	double wall_s, cpu_s;    /* of the successful run; earlier attempts added */
	double created, started, finished;
};
void step_init(struct step *s);
void step_release(struct step *s);

struct queue;
int queue_open(const char *path, struct queue **ret_q, char **ret_error);
/* Works while the spooler is down; the file is never written. -ENOENT when
 * there is no queue yet. */
int queue_open_readonly(const char *path, struct queue **ret_q, char **ret_error);
void queue_close(struct queue *q);
const char *queue_error(const struct queue *q);
/* Changes whenever another connection committed: cheap change detection. */
long long queue_data_version(struct queue *q);

int queue_begin(struct queue *q);
int queue_commit(struct queue *q);
/* Inside another begin/commit it undoes that one too: its commit fails then. */
void queue_rollback(struct queue *q);
/* The end that fits: commits when r is 0, else rolls back and returns r. */
int queue_end(struct queue *q, int r);
/* From now on commits are collected: what is committed is seen by this connection at
 * once, and by others and after a power cut when queue_flush() has returned 0.
 * opened(arg) is called when the first write waits for a flush. */
void queue_group(struct queue *q, void (*opened)(void *arg), void *arg);
/* On an error all that was not flushed is lost, as it is when SQLite itself has to
 * roll back (full disk): queue_take_lost() tells so, once. */
int queue_flush(struct queue *q);
bool queue_take_lost(struct queue *q);
/* Grows with each flush: whether what was written at an earlier count is on disk. */
unsigned queue_flushes(const struct queue *q);

/* ---- claims: the idempotency of intake (INGEST: path+inode+ctime+hash) */
int queue_claim_find(struct queue *q, const char *key, char ret_job_id[ID_LEN + 1]);
/* mount: what below the inbox it came from, "" for the inbox's own. */
int queue_claim_add(struct queue *q, const char *key, const char *job_id, const char *mount);
int queue_claim_remove(struct queue *q, const char *key);
/* All claims: their originals may not be gone. source: NULL when the job is not known. */
typedef int (*queue_claim_fn)(const char *key, const char *job_id, const char *source, const char *mount,
			      void *arg);
int queue_claim_each(struct queue *q, queue_claim_fn fn, void *arg);

/* ---- jobs */
/* Fills j->row. outname must be unique among live rows (case-folded): -EEXIST. */
int queue_job_add(struct queue *q, struct job *j);
int queue_job_get(struct queue *q, const char *id, struct job *ret_j);
/* An id, a unique prefix of one, an outname or a name (newest first). */
int queue_job_find(struct queue *q, const char *typed, struct job *ret_j);
int queue_job_by_row(struct queue *q, long long row, struct job *ret_j);
/* The queued job to start next: priority first, then the owner and the batch that have
 * fewest running, then the oldest. *ret_running: how many of its batch (of its owner's
 * single files) run already that are not less urgent; *ret_of_owner: of all of its owner's.
 * -ENOENT: none. */
int queue_job_next(struct queue *q, struct job *ret_j, int *ret_running, int *ret_of_owner);
/* A batch that it was still making jobs of gets no more. */
int queue_job_delete(struct queue *q, long long row);
/* The one way to change a state: checks the table; returns -EPERM when not
 * allowed. Sets started/finished; reason and remedy may be NULL. */
int queue_set_job_state(struct queue *q, struct job *j, enum job_event e,
			const char *reason, const char *remedy);
/* Was it released once? */
bool queue_job_approved(struct queue *q, long long row);
int queue_job_set_stage(struct queue *q, struct job *j, const char *stage);
int queue_job_set_progress(struct queue *q, struct job *j); /* steps_*, progress, eta_s, detail */
/* A row whose state no version knows becomes a queued job without an input, which
 * the walk refuses with these words. *ret_n: how many. */
int queue_job_mend_states(struct queue *q, int *ret_n);
int queue_job_set_options(struct queue *q, struct job *j);  /* options, name, outname, priority */
bool queue_outname_taken(struct queue *q, const char *outname);

struct job_filter {
	unsigned states;         /* bit mask of 1u << job_state; 0: all */
	long long batch_row;     /* 0: any, -1: only jobs without a batch */
	const char *text;        /* part of name, source or id; NULL */
	int limit;               /* 0: all */
	long long before_row;    /* paging: rows below this; 0: from the newest */
	bool oldest_first;
};
typedef int (*queue_job_fn)(const struct job *j, void *arg); /* != 0 stops */
int queue_job_each(struct queue *q, const struct job_filter *f, queue_job_fn fn, void *arg);
int queue_job_counts(struct queue *q, int ret_count[JOB_STATE_COUNT]);

/* ---- batches */
int queue_batch_add(struct queue *q, struct batch *b);
int queue_batch_get(struct queue *q, long long row, struct batch *ret_b);
int queue_batch_by_id(struct queue *q, const char *id, struct batch *ret_b);
int queue_batch_set_unmade(struct queue *q, const struct batch *b);   /* and total */
/* The batches inside a batch: rows, the innermost too. */
typedef int (*queue_row_fn)(long long row, void *arg);
int queue_batch_each_inside(struct queue *q, long long row, queue_row_fn fn, void *arg);
int queue_batch_find(struct queue *q, const char *typed, struct batch *ret_b);
typedef int (*queue_batch_fn)(const struct batch *b, void *arg);
int queue_batch_each(struct queue *q, int limit, queue_batch_fn fn, void *arg);

/* ---- steps */
/* Adds the step when its key is new; links it to the job either way. */
int queue_step_need(struct queue *q, struct step *s, long long job_row, const char *stage, int ord);
int queue_step_get(struct queue *q, const char *key, struct step *ret_s);
int queue_step_start(struct queue *q, const char *key, int ranks);
int queue_step_finish(struct queue *q, const char *key, enum step_state state,
		      const char *cause, const char *detail, double wall_s, double cpu_s);
/* A step found finished on disk: done, unless the queue already knows. 1: it did not. */
int queue_step_adopt(struct queue *q, const char *key);
/* A finished step's folder is on disk. Until then the row says so, and after a power cut
 * the folder is not to be trusted. */
int queue_step_synced(struct queue *q, const char *key);
/* Finished, and that is still to come. */
bool queue_step_unsynced(struct queue *q, const char *key);
/* Its result is needed and is not there, whatever the row says: ready again, with all
 * attempts if it had failed. */
int queue_step_reopen(struct queue *q, const char *key);
/* Neither ready nor done, because there is no plan of it: the walk of a job that needs it
 * reopens it, when what it depends on is there. */
int queue_step_shelve(struct queue *q, const char *key);
/* Back to ready, e.g. after a restart. */
int queue_step_reset(struct queue *q, const char *key);
/* A new count of attempts: the start that is under way is the first one. */
int queue_step_recount(struct queue *q, const char *key);
/* Its last start was broken off by our own end, or the machine's: it was no attempt. */
int queue_step_uncount(struct queue *q, const char *key);
typedef int (*queue_step_fn)(const struct step *s, const char *stage, void *arg);
/* Steps of one job in order. */
int queue_step_each_of_job(struct queue *q, long long job_row, queue_step_fn fn, void *arg);
/* Steps in a state that some unfinished job waits for, best first (priority,
 * fair share, age). */
int queue_step_each_waiting(struct queue *q, enum step_state state, int limit,
			    queue_step_fn fn, void *arg);
/* Ready ones of the stages that take a moment: read, prepare, report. Priority, then age. */
int queue_step_each_brief(struct queue *q, int limit, queue_step_fn fn, void *arg);
/* The record that jobs took from this step's folder is not there any more: they read their
 * files again. Not for the records of a batch, which have no files of their own. */
int queue_job_reread(struct queue *q, const char *step_key);
/* Steps whose folders a power cut may have spoilt: open ones and those not synced. */
int queue_step_each_unsafe(struct queue *q, queue_step_fn fn, void *arg);
/* All steps in a state, whoever waits for them. */
int queue_step_each(struct queue *q, enum step_state state, queue_step_fn fn, void *arg);
/* Unfinished jobs linked to a step. */
int queue_step_each_job(struct queue *q, const char *key, queue_row_fn fn, void *arg);
int queue_job_unlink_steps(struct queue *q, long long job_row);

/* The job goes on without a step that has failed, whatever becomes of the step afterwards:
 * the others that want it may have it run again. Nothing where the step has not failed. */
int queue_step_gave_up(struct queue *q, const char *key, long long job_row);
/* fn: key, cause, detail (or NULL). */
typedef int (*queue_gave_up_fn)(const char *key, const char *cause, const char *detail, void *arg);
int queue_step_each_gave_up(struct queue *q, long long job_row, queue_gave_up_fn fn, void *arg);
/* It is tried again: it goes on without nothing. */
int queue_job_hope_again(struct queue *q, long long job_row);
bool queue_step_is_of_job(struct queue *q, const char *key, long long job_row);

/* The job rests on a step that another job asked for. */
int queue_step_unlink(struct queue *q, const char *key, long long job_row);   /* the job does not wait for it */
int queue_step_link(struct queue *q, const char *key, long long job_row, const char *stage);

/* ---- retention: what may go. before: wall clock */
/* Jobs in a state that ended before that time and were not settled yet, the longest
 * ended first; queue_job_settle() ends that until the state changes again. fn must
 * not write to the queue. */
int queue_keep_each(struct queue *q, enum job_state state, double before, int limit, queue_job_fn fn, void *arg);
int queue_job_settle(struct queue *q, long long row);
/* Ended jobs, settled or not. */
int queue_keep_each_row(struct queue *q, double before, int limit, queue_job_fn fn, void *arg);
/* Batches without jobs and outcomes of requests, from before that time. */
int queue_keep_forget(struct queue *q, double before);
/* One slice of the table of steps, by key, after the key given ("": from the start):
 * fn gets those that no unfinished job rests on and that nobody used since. *ret_last:
 * the last key of the slice, "" at the end of the table. */
typedef int (*queue_key_fn)(const char *key, void *arg);
int queue_keep_each_step(struct queue *q, double before, const char *after, int slice, queue_key_fn fn, void *arg,
			 char ret_last[65]);
int queue_step_delete(struct queue *q, const char *key);

/* ---- backup: the queue as of one moment, in one new file, beside its writer. */
int queue_backup(struct queue *q, const char *to, char **ret_error);
/* Forgets finished steps in such a copy whose folders did not come along. */
int queue_backup_trim(const char *path, bool (*is_there)(const char *key, void *arg), void *arg, char **ret_error);
/* Read-only, whatever schema it has, as long as it is none from the future. */
int queue_open_for_check(const char *path, struct queue **ret_q, char **ret_error);

/* ---- check and repair; the spooler does not run */
typedef int (*queue_line_fn)(const char *sentence, void *arg);
/* What SQLite finds wrong with the file; also the error when it cannot go on. */
int queue_check_file(struct queue *q, queue_line_fn fn, void *arg);
/* Rows that make no sense together, and putting them right: no job is lost. */
int queue_check_rows(struct queue *q, queue_line_fn fn, void *arg);
int queue_mend_rows(struct queue *q);
/* Does any job, unfinished or not, rest on the step? */
bool queue_step_is_held(struct queue *q, const char *key);
/* A row for a finished step that has none. */
int queue_step_add_done(struct queue *q, const struct step *s);
bool queue_batch_has_id(struct queue *q, const char *id);
/* Copies what can be read of a damaged file into a new one, which has no -wal. */
#define QUEUE_TABLES 8
struct queue_saved {
	const char *table;
	long long rows;
	bool damaged;            /* some rows were lost, or may be */
	long long first, last;   /* numbered tables: between these; last 0: up to the end */
};
int queue_salvage(const char *from, const char *to, struct queue_saved ret_saved[QUEUE_TABLES], char **ret_error);

/* ---- requests from door/ and the folder, and what came of them */
int queue_request_done(struct queue *q, const char *uuid, const char *verb, const char *target,
		       bool ok, const char *outcome);
/* 0 and the words; -ENOENT while it is not handled. */
int queue_request_get(struct queue *q, const char *uuid, bool *ret_ok, char **ret_outcome);

/* ---- notices: what somebody is to be told. Added in the transaction of what they tell,
 * removed when they were sent: at least once. All strings are owned by the struct. */
struct notice {
	long long row;
	char *kind;              /* "mail", "hook" */
	char *target;            /* the address; of a hook "" */
	char *event;             /* "job-done" ... */
	char *about;             /* the id of the job or batch */
	char *body;              /* what is sent, to the last byte */
	int tries;               /* how often it was tried in vain */
};
void notice_init(struct notice *n);
void notice_release(struct notice *n);
int queue_notice_add(struct queue *q, struct notice *n);
/* The one of a kind that is due longest; one that is due later than in farthest seconds
 * is due now: somebody has set the clock. -ENOENT: none. */
int queue_notice_next(struct queue *q, const char *kind, double now, double farthest, struct notice *ret_n);
/* When the next one is due. -ENOENT: there is none at all. */
int queue_notice_due(struct queue *q, const char *kind, double *ret_due);
/* It was tried in vain. */
int queue_notice_later(struct queue *q, long long row, double due, const char *error);
int queue_notice_remove(struct queue *q, long long row);
/* All of a kind go. */
int queue_notice_drop(struct queue *q, const char *kind, int *ret_n);
/* How many wait, how many of them were tried in vain, and why the one that was tried most
 * failed. The last two may be NULL. False: none waits. */
bool queue_notice_count(struct queue *q, const char *kind, int *ret_n, int *ret_tried, char **ret_error);
/* The outermost batch that a job is part of, or is making. -ENOENT: it stands alone. */
int queue_batch_outermost(struct queue *q, const struct job *j, long long *ret_row);
/* No job in it is left to end, those of batches inside it included. */
bool queue_batch_has_ended(struct queue *q, long long row);

/* ---- facts for people: heartbeat, versions, folders' modes */
int queue_fact_set(struct queue *q, const char *name, const char *value);
int queue_fact_get(struct queue *q, const char *name, char **ret_value);

#endif
