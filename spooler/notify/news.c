/* See news.h. */
#include "notify/news.h"

#include <string.h>

#include "base/clock.h"
#include "client/job-json.h"

const char *news_event(const struct job *j)
{
	return j->state == JOB_DONE ? "job-done" : j->state == JOB_FAILED ? "job-failed" : "job-cancelled";
}

/* ---- mails */

static void add_link(struct buf *text, const struct conf *c, const char *id)
{
	size_t n = strlen(c->base_url);
	while (n && c->base_url[n - 1] == '/')
		n--;
	if (n)
		buf_addf(text, "Page:    %.*s/jobs/%s\n", (int)n, c->base_url, id);
}

static void add_end(struct buf *text) { buf_adds(text, "\n-- \nSent by nmr-spool. Nobody reads answers to this mail.\n"); }

static void add_times(struct buf *text, const struct job *j)
{
	if (!(j->started > 0 && j->finished >= j->started))
		return;
	buf_adds(text, "It took: ");
	clock_words(text, j->finished - j->started);
	if (j->started - j->created >= 60) {
		buf_adds(text, ", after ");
		clock_words(text, j->started - j->created);
		buf_adds(text, " in the queue");
	}
	buf_addc(text, '\n');
}

void news_job(const struct conf *c, const struct job *j, struct buf *subject, struct buf *text)
{
	const char *end = j->state == JOB_DONE ? "is done" : j->state == JOB_FAILED ? "failed" : "was cancelled";
	buf_addf(subject, "nmr-spool: %s %s", j->name, end);
	buf_addf(text, "%s %s.\n\n", j->name, end);
	if (j->state == JOB_FAILED && j->reason)
		buf_addf(text, "%s\n", j->reason);
	if (j->state == JOB_FAILED && j->remedy)
		buf_addf(text, "What to do: %s\n", j->remedy);
	if (j->state == JOB_FAILED && (j->reason || j->remedy))
		buf_addc(text, '\n');
	add_times(text, j);
	if (j->state != JOB_CANCELLED)
		buf_addf(text, "Folder:  %s%s, in the outbox\n", j->outname, j->state == JOB_FAILED ? ".failed" : "");
	buf_addf(text, "Job:     %s\n", j->id);
	add_link(text, c, j->id);
	add_end(text);
}

static void add_counts(struct buf *b, const struct batch *s)
{
	static const enum job_state states[] = { JOB_DONE, JOB_FAILED, JOB_CANCELLED };
	const char *sep = "";
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (!s->count[states[i]])
			continue;
		buf_addf(b, "%s%d %s", sep, s->count[states[i]], job_state_to_string(states[i]));
		sep = ", ";
	}
}

void news_batch(const struct conf *c, const struct batch *s, double now, const char *failed, struct buf *subject,
		struct buf *text)
{
	buf_addf(subject, "nmr-spool: %s: ", s->name);
	add_counts(subject, s);
	buf_addf(text, "%s has ended: ", s->name);
	add_counts(text, s);
	buf_adds(text, ".\n\n");
	if (*failed)
		buf_addf(text, "Failed:\n%s\n", failed);
	if (s->unmade)
		buf_addf(text, "%d molecules of the file were cancelled before they were jobs.\n\n", s->unmade);
	buf_adds(text, "It took: ");
	clock_words(text, now - s->created);
	buf_addf(text, ", with the time in the queue\nFolder:  %s, in the outbox\nBatch:   %s\n", s->outname, s->id);
	add_link(text, c, s->id);
	add_end(text);
}

void news_failed_line(struct buf *b, const struct job *j)
{
	buf_addf(b, "  %d %s: %s\n", j->record, j->name, j->reason ? j->reason : "failed");
}

/* ---- webhooks */

static void add_event(struct buf *b, const char *event, json_t *job)
{
	json_object_del(job, "folder");
	_cleanup_json_ json_t *o = json_pack("{s:s,s:o}", "event", event, "job", job);
	json_add_to(b, o, false);
}

void news_job_json(const struct conf *c, const struct job *j, struct buf *b) { add_event(b, news_event(j), job_json(c, j)); }

void news_batch_json(const struct conf *c, const struct batch *s, struct buf *b)
{
	add_event(b, NEWS_BATCH_EVENT, batch_json(c, s));
}
