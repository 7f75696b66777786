/* See commit.h. When the queue cannot be written (full disk, I/O error) the group is lost,
 * files stay where they are, runs go on; the queue is tried again until it takes a write,
 * and then everything is derived anew from what is on disk. Logs both. */
#include "daemon/commit.h"

#include "base/clock.h"
#include "base/log.h"

#define GROUP_S 0.03
#define RETRY_S 5.0

struct note { void (*fn)(void *arg, bool ok); void *arg; struct note *next; };

struct commit {
	struct daemon *d;
	struct note *first, **end;
	bool armed, broken;
};

static void run_notes(struct commit *c, bool ok)
{
	struct note *n = c->first;
	c->first = NULL;
	c->end = &c->first;
	while (n) {
		struct note *next = n->next;
		n->fn(n->arg, ok);
		free(n);
		n = next;
	}
}

static void try_again(void *arg);

static void set_broken(struct commit *c)
{
	if (!c->broken)
		log_event(LOG_ERROR, "queue-not-written", "error", queue_error(c->d->q), "remedy",
			  "free space on the spool's disk; nothing is lost, files stay in the inbox until then", NULL);
	if (!c->broken)
		loop_after(c->d->loop, RETRY_S, try_again, c);
	c->broken = true;
}

void commit_now(struct commit *c)
{
	int r = queue_flush(c->d->q);
	bool lost = queue_take_lost(c->d->q) || r < 0;
	/* While it works, what was lost is derived anew; at the end it stays lost until the
	 * next start, whatever is written after it. */
	c->d->unsaved = lost || (c->d->stopping && c->d->unsaved);
	if (lost)
		set_broken(c);
	run_notes(c, !lost);
}

static void on_due(void *arg)
{
	struct commit *c = arg;
	c->armed = false;
	commit_now(c);
}

static void on_opened(void *arg)
{
	struct commit *c = arg;
	if (c->armed)
		return;
	c->armed = true;
	loop_after(c->d->loop, GROUP_S, on_due, c);
}

/* A write that matters to nobody tells whether the disk takes writes again. */
static void try_again(void *arg)
{
	struct commit *c = arg;
	_cleanup_free_ char *now = xasprintf("%.0f", clock_wall());
	queue_take_lost(c->d->q);
	if (queue_fact_set(c->d->q, "heartbeat", now) < 0 || queue_flush(c->d->q) < 0) {
		loop_after(c->d->loop, RETRY_S, try_again, c);
		return;
	}
	c->broken = false;
	log_event(LOG_INFO, "queue-written-again", NULL);
	if (c->d->stopping)
		return;
	manager_reconcile(c->d->manager);
	intake_look(c->d->intake);
}

struct commit *commit_new(struct daemon *d)
{
	struct commit *c = xcalloc(1, sizeof(*c));
	c->d = d;
	c->end = &c->first;
	queue_group(d->q, on_opened, c);
	return c;
}

void commit_free(struct commit *c)
{
	if (!c)
		return;
	commit_now(c);
	queue_group(c->d->q, NULL, NULL);
	free(c);
}

void commit_after(struct commit *c, void (*fn)(void *arg, bool ok), void *arg)
{
	struct note *n = xcalloc(1, sizeof(*n));
	*n = (struct note){ fn, arg, NULL };
	*c->end = n;
	c->end = &n->next;
	/* Even without a write in between somebody waits for the answer. */
	on_opened(c);
}

bool commit_broken(const struct commit *c) { return c->broken; }
