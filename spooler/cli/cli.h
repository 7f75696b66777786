/* nmr, the command a person types: what its parts share.
 *
 * Every command is a function that gets the whole of it and returns the exit
 * status. Results go to stdout, everything else to stderr. */
#ifndef NMR_CLI_CLI_H
#define NMR_CLI_CLI_H

#include "base/json.h"
#include "cli/args.h"
#include "cli/term.h"
#include "queue/queue.h"

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,       /* a job failed, a request was refused, doctor has a problem */
	CLI_USAGE = 2,        /* wrong use, or a configuration that cannot be read */
	CLI_NOT_FOUND = 3,    /* no such job, or no queue */
	CLI_NO_SPOOLER = 4,   /* the spooler does not run, or does not answer */
	CLI_INTERRUPTED = 130,
};

struct cli {
	struct args args;
	struct conf *conf;
	struct term out, err;    /* stdout, stderr */
};

/* ---- commands */
int cmd_status(struct cli *c);
int cmd_show(struct cli *c);
int cmd_watch(struct cli *c);
int cmd_submit(struct cli *c);
int cmd_predict(struct cli *c);
int cmd_calibrate(struct cli *c);
int cmd_request(struct cli *c);     /* cancel retry hold release republish */
int cmd_priority(struct cli *c);
int cmd_backup(struct cli *c);
int cmd_restore(struct cli *c);
int cmd_doctor(struct cli *c);
int cmd_health(struct cli *c);

/* ---- session.c */
/* "nmr: ..." on stderr, one line. */
void cli_error(const char *fmt, ...) _printf_(1, 2);
/* SIGINT, SIGTERM and SIGHUP only set a flag from now on. */
void cli_catch_signals(void);
bool cli_interrupted(void);
/* Sleeps, but not past a signal. */
void cli_sleep(double seconds);
void cli_put(const struct buf *b);                    /* to stdout */
void cli_put_json(json_t *j, bool pretty);            /* takes j over */
/* The queue for reading. CLI_OK, or what to exit with after having said why. */
int cli_open_queue(const struct conf *conf, struct queue **ret_q);

#endif
