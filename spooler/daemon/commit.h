/* Commits of the queue in groups: what is written within some moments shares one sync.
 * Whatever must not happen before a row is durable is noted here and done after it. */
#ifndef NMR_DAEMON_COMMIT_H
#define NMR_DAEMON_COMMIT_H

#include "daemon/daemon.h"

struct commit;
struct commit *commit_new(struct daemon *d);
/* Flushes; what is noted is done. */
void commit_free(struct commit *c);
/* fn(arg, ok) once what has been written up to now is durable, or is lost (ok false). */
void commit_after(struct commit *c, void (*fn)(void *arg, bool ok), void *arg);
/* At once, for somebody who waits. */
void commit_now(struct commit *c);
/* The queue cannot be written: no intake, no new work until it can. */
bool commit_broken(const struct commit *c);

#endif
