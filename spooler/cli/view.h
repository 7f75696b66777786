/* A job as people and programs see it. Pure: rows in, buffers out. */
#ifndef NMR_CLI_VIEW_H
#define NMR_CLI_VIEW_H

#include "base/conf.h"
#include "cli/term.h"
#include "queue/queue.h"

/* "optimising conformer 2 of 3", "took 3 min", why it failed. */
void view_detail(struct buf *b, const struct job *j);
/* Seconds left as of now, or < 0. */
double view_left(const struct job *j, double now);

/* The table of nmr status. */
void view_table_head(const struct term *t, struct buf *b);
void view_table_row(const struct term *t, struct buf *b, const struct job *j, double now);
/* One line with a bar, no longer than the terminal is wide; no line end. */
void view_progress(const struct term *t, struct buf *b, const struct job *j, double now);
/* The same as a line for a log: "ethanol: 42 %, 3 min left, optimising conformer 2 of 3". */
void view_line(const struct term *t, struct buf *b, const struct job *j, double now);
/* "2 running, 1 queued"; empty when all are 0. */
void view_counts(struct buf *b, const int count[JOB_STATE_COUNT]);


#endif
