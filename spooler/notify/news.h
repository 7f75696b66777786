/* What is told of the end of a job or a batch: words for a mail, JSON for a webhook.
 * Pure. */
#ifndef NMR_NOTIFY_NEWS_H
#define NMR_NOTIFY_NEWS_H

#include "base/conf.h"
#include "queue/queue.h"

/* "job-done", "job-failed", "job-cancelled" */
const char *news_event(const struct job *j);
#define NEWS_BATCH_EVENT "batch-ended"

/* The subject, and the text behind it. */
void news_job(const struct conf *c, const struct job *j, struct buf *subject, struct buf *text);
/* now: when it ended. failed: some of its failed jobs, a line each, or "". */
void news_batch(const struct conf *c, const struct batch *b, double now, const char *failed, struct buf *subject,
		struct buf *text);
/* One line for such a list. */
void news_failed_line(struct buf *b, const struct job *j);

/* {"event","job"}: job as "nmr --json status" has it, without its folder, which is a path
 * on this machine. */
void news_job_json(const struct conf *c, const struct job *j, struct buf *b);
void news_batch_json(const struct conf *c, const struct batch *s, struct buf *b);

#endif
