/* Starting, watching and ending programs.  The only module that forks.
 *
 * Every run goes through the supervisor nmr-exec (see nmr-exec(1)), which
 * owns the run's descendants and writes an exit record:
 *
 *   spooler --fork--> nmr-exec --fork--> mpirun -> orted -> nwchem ranks
 *
 * Files in spec.dir: stdout, stderr (captured), run.json (who supervises:
 * pid, start time, boot id, pid namespace; written before the program
 * starts), exit.json (the record; appears whole when everything has ended).
 *
 * Example:
 *   struct run *r;
 *   int e = run_start(&(struct run_spec){ .dir = d, .argv = argv,
 *                     .timeout_s = 3600, .memory_bytes = 4ULL << 30 }, &r);
 *   ... poll run_pidfd(r) for POLLIN ...
 *   struct run_record rec;
 *   run_reap(r, &rec);          frees r
 *
 * Functions return 0 or -errno and never log.
 */
#ifndef NMR_EXEC_RUN_H
#define NMR_EXEC_RUN_H

#include "base/util.h"

struct run_spec {
	const char *dir;         /* working directory, exists; relative argv files live here */
	const char *const *argv; /* NULL-terminated; argv[0] looked up in PATH */
	const char *const *env;  /* extra "NAME=value", NULL-terminated, or NULL */
	double timeout_s;        /* wall clock; 0: none */
	int cores;               /* that it will use, for executors that must ask for them */
	uint64_t memory_bytes;   /* resident memory of all descendants together; 0: none */
	double grace_s;          /* between TERM and KILL; 0: 5 s */
	bool unlimited_stack;    /* xtb and CREST want it */
	int nice;                /* added niceness of the engine */
};

enum run_reason {
	RUN_EXITED,    /* the program ended by itself: code */
	RUN_SIGNALLED, /* the program died of a signal not sent by us: signal */
	RUN_TIMEOUT,   /* ended by us: wall clock */
	RUN_MEMORY,    /* ended by us: memory */
	RUN_STOPPED,   /* ended by us: run_stop() */
	RUN_ORPHANED,  /* ended by us: the spooler was gone */
	RUN_NOT_STARTED, /* exec failed: err is the errno */
	RUN_LOST,      /* no record: supervisor killed, machine went down */
};
const char *run_reason_to_string(enum run_reason r);

struct run_record {
	enum run_reason reason;
	int code;            /* RUN_EXITED */
	int signal;          /* RUN_SIGNALLED */
	int err;             /* RUN_NOT_STARTED */
	double wall_s, cpu_s;
	uint64_t max_rss;    /* bytes, all descendants together at the highest poll */
};

struct run;

/* Finds nmr-exec beside the running program, else in PATH; or set the path. */
void run_set_supervisor(const char *path);
int run_start(const struct run_spec *spec, struct run **ret_run);
/* Readable once the supervisor has ended. Owned by the run. */
int run_pidfd(const struct run *r);
pid_t run_pid(const struct run *r);
/* Asks for the end (TERM, later KILL to every descendant). Returns at once. */
int run_stop(struct run *r);
/* Waits for the supervisor, reads the record, ends whatever it left behind if
 * it died, frees r. Always fills *ret_rec (RUN_LOST at worst). */
void run_reap(struct run *r, struct run_record *ret_rec);

/* After a restart: reads dir/exit.json; 0, -ENOENT, -EBADMSG. */
int run_record_read(const char *dir, struct run_record *ret_rec);
/* Did the run end by itself, and not well? Not when it was ended by us or by whoever ends
 * all processes (a service manager, a machine that goes down). */
bool run_failed_by_itself(const struct run_record *rec);
/* Ends what is still alive of the run whose run.json is in dir (matched by
 * boot id, pid namespace, pid and start time; also any process whose working
 * directory is dir or below it and that carries our NMR_RUN_ID environment).
 * Waits until it is gone, at most wait_s. 0, or -EBUSY when something survived. */
int run_end_leftover(const char *dir, double wait_s);

/* Runs a short command in the foreground and captures its output (versions,
 * doctor). Bounded by timeout_s. *ret_status is as from waitpid. */
struct buf;
int run_capture(const char *const *argv, double timeout_s, size_t max_bytes,
		struct buf *ret_out, int *ret_status);

#endif
