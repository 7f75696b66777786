/* What people read while they wait, as text: queue rows turned into the structs
 * of report/status.h. Caller owns the buffers. */
#ifndef NMR_DAEMON_SHOW_H
#define NMR_DAEMON_SHOW_H

#include "daemon/daemon.h"

void show_status(struct daemon *d, const struct job *j, struct buf *b);
void show_failure(struct daemon *d, const struct job *j, const char *what, const char *why,
		  const char *remedy, struct buf *b);
void show_trouble(const struct drop_item *item, struct buf *b);
/* What is wrong with the spooler as a whole: a full disk, a share that hangs; else nothing. */
void show_notice(const struct daemon *d, struct buf *b);
void show_queue(struct daemon *d, struct buf *b);

/* One line of a summary: what the loop knows; the worker adds the shifts. */
struct show_row { int n; char *name, *outname, *reason; enum job_state state; };
/* docs: outbox/<outname>/shifts.json of each row or NULL. */
void show_summary(const struct show_row *row, json_t *const *docs, size_t n, const char *batch_outname,
		  struct buf *b);

#endif
