/* Following jobs in the foreground; returns the exit status. */
#ifndef NMR_CLI_WATCH_H
#define NMR_CLI_WATCH_H

#include "cli/cli.h"

struct follow;
int watch_until_ended(struct cli *c, struct queue *q, struct follow *f);
/* Ids that may not be in the queue yet: just put into the door. */
int watch_ids(struct cli *c, const char *const *ids, size_t n);

#endif
