/* A spooler of one's own, in the foreground: nmr-spooler --once on a data folder that
 * nobody else uses, under the supervisor, which ends everything when this process is
 * gone, however it goes. */
#ifndef NMR_CLI_PRIVATE_H
#define NMR_CLI_PRIVATE_H

#include "cli/cli.h"
#include "exec/run.h"

struct private_spooler {
	const struct conf *conf;     /* of the data folder, borrowed */
	const char *rundir;          /* for what the spooler says; exists; borrowed */
	struct queue *q;             /* for reading; NULL until the spooler has made it */
};

/* Runs it to its end; a signal asks it to end, once. look is called some times a second
 * meanwhile, and once after it; with p->q NULL as long as there is no queue. CLI_OK when it
 * could be started, whatever became of it: *ret_rec tells. Prints what is wrong. */
int private_run(struct private_spooler *p, void (*look)(struct private_spooler *p, void *arg), void *arg,
		struct run_record *ret_rec);
/* It ended in its own way: all that it was given has ended, well or not. */
bool private_worked(const struct run_record *rec);
/* The last lines of what the spooler said, and what became of it. */
void private_explain(const struct private_spooler *p, const struct run_record *rec);
void private_release(struct private_spooler *p);

#endif
