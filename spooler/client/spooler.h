/* Is the spooler alive? A spooler in another container has a pid that means nothing
 * here, so only its heartbeat counts. */
#ifndef NMR_CLIENT_SPOOLER_H
#define NMR_CLIENT_SPOOLER_H

#include "queue/queue.h"

struct spooler {
	bool running;
	long pid;
	char *version;           /* NULL: never started here */
	double beat;             /* wall clock of the last sign of life; 0: none */
};
void spooler_look(struct queue *q, struct spooler *ret_s);
void spooler_release(struct spooler *s);

#endif
