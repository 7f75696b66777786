/* Telling people and programs that a job or a batch has ended, by mail and webhook.
 * What is to be told is a row of the queue, written in the transaction of the change
 * that it tells of; it is sent once that is durable, and removed then. So nothing is lost
 * by a crash, and a crash between sending and removing tells it twice.
 * Nothing here blocks the loop: mail and webhook have a thread each.
 *
 *   n = notify_new(conf, q, loop, &after);
 *   notify_ended(n, j);          in the transaction that ends j
 *   notify_start(n);             once; what an earlier spooler left is sent, too
 *   notify_stop(n); ... notify_free(n);
 */
#ifndef NMR_NOTIFY_NOTIFY_H
#define NMR_NOTIFY_NOTIFY_H

#include "base/conf.h"
#include "base/loop.h"
#include "queue/queue.h"

/* How to learn that what was written up to now is on disk, or is lost (ok false). */
struct notify_after {
	void *arg;
	void (*durable)(void *arg, void (*fn)(void *fn_arg, bool ok), void *fn_arg);
};

/* Is anybody to be told anything? Then notify_init() must come before any thread:
 * 0 or -ENOSYS. */
bool notify_is_wanted(const struct conf *c);
int notify_init(void);

struct notify;
struct notify *notify_new(const struct conf *c, struct queue *q, struct loop *loop, const struct notify_after *after);
void notify_start(struct notify *n);
/* j has just got a state in which it has ended. 0 or -errno. */
int notify_ended(struct notify *n, const struct job *j);
/* Nothing is being sent or could be now. */
bool notify_is_idle(const struct notify *n);
/* Breaks off what is under way; it is sent by the next start. False: a thread was left
 * behind, and n must not be freed. */
bool notify_stop(struct notify *n);
/* When nobody waits for `durable` any more. */
void notify_free(struct notify *n);

/* Seconds until the next try after so many in vain; < 0: no more. */
double notify_wait_s(int tries);

#endif
