/* One thread with a queue of work: what may block (a network mount) runs
 * there, never in the event loop. Work is done in order; a finished piece is
 * handed back to the loop through an eventfd.
 *
 *   worker_post(w, do_copy, copied, arg);   do_copy(arg) in the thread,
 *                                           then copied(arg) in the loop
 *   epoll: worker_fd(w) readable -> worker_dispatch(w)
 */
#ifndef NMR_BASE_WORKER_H
#define NMR_BASE_WORKER_H

#include "base/util.h"

struct worker;
struct worker *worker_new(const char *name);
/* Finishes what is queued. False: not within wait_s seconds, the thread is abandoned,
 * and what its work uses must never be freed. */
bool worker_free(struct worker *w, double wait_s);
void worker_post(struct worker *w, void (*work)(void *), void (*done)(void *), void *arg);
int worker_fd(const struct worker *w);
void worker_dispatch(struct worker *w);
size_t worker_pending(const struct worker *w);
/* Seconds the piece under way has taken; 0 when idle. */
double worker_busy_s(const struct worker *w);

#endif
