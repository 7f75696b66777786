/* Retention: once a day and after each start, old results, failures, rows and steps
 * go, in that order and in small slices between which the loop does its other work.
 * Folders in the outbox are removed by its worker. A step's folder is moved away
 * before its row goes: killed in between, the row is found again the next day, and a
 * job that comes meanwhile computes the step anew. Logs what was removed. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "daemon/daemon.h"

#define FIRST_S 2.0
#define DAY_S 86400.0
#define SLICE_S 0.02
#define SLICE_FOLDERS 50
#define SLICE_ROWS 200
#define SLICE_STEPS 500

enum phase { KEEP_RESULTS, KEEP_FAILED, KEEP_ROWS, KEEP_STEPS, KEEP_END };

struct keep {
	struct daemon *d;
	enum phase phase;
	char after[65];          /* the last step looked at */
	int removed[KEEP_END];
};

static void next_slice(void *arg);

static double days_of(const struct keep *k)
{
	const struct conf *c = k->d->conf;
	switch (k->phase) {
	case KEEP_RESULTS: return c->keep_results_days;
	case KEEP_FAILED: return c->keep_failed_days;
	/* A forgotten job's folder could not be found any more. */
	case KEEP_ROWS: return c->keep_rows_days > 0 ? MAX(c->keep_rows_days, MAX(c->keep_results_days, c->keep_failed_days)) : 0;
	case KEEP_STEPS: return c->keep_steps_days;
	case KEEP_END: break;
	}
	return 0;
}

static double cutoff(const struct keep *k) { return clock_wall() - days_of(k) * DAY_S; }

static void again(struct keep *k)
{
	if (!k->d->stopping)
		loop_after(k->d->loop, SLICE_S, next_slice, k);
}

static void next_phase(struct keep *k)
{
	k->phase++;
	again(k);
}

/* ---- results and failures */

struct retired { long long row; char id[ID_LEN + 1]; char *outname; int r; };

struct slice { struct keep *k; enum phase phase; struct retired *item; size_t n; };

static int add_retired(const struct job *j, void *arg)
{
	struct slice *s = arg;
	s->item = xreallocarray(s->item, s->n + 1, sizeof(*s->item));
	struct retired *t = &s->item[s->n++];
	*t = (struct retired){ .row = j->row, .outname = xstrdup(j->outname) };
	memcpy(t->id, j->id, sizeof(t->id));
	return 0;
}

static void work_retire(void *arg)
{
	struct slice *s = arg;
	const struct outbox *o = folder_outbox(s->k->d->folder);
	for (size_t i = 0; i < s->n; i++) {
		struct retired *t = &s->item[i];
		t->r = s->phase == KEEP_RESULTS ? outbox_retire(o, t->outname, t->id)
						: outbox_retire_failed(o, t->outname, t->id);
	}
}

static void free_slice(struct slice *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->item[i].outname);
	free(s->item);
	free(s);
}

static void retired(void *arg)
{
	struct slice *s = arg;
	struct keep *k = s->k;
	bool stuck = false;
	queue_begin(k->d->q);
	for (size_t i = 0; i < s->n; i++) {
		const struct retired *t = &s->item[i];
		k->removed[s->phase] += t->r == 1;
		if (t->r >= 0)
			queue_job_settle(k->d->q, t->row);
		else {
			stuck = true;
			log_event(LOG_WARN, "not-removed", "job", t->id, "name", t->outname, "error", strerror(-t->r), NULL);
		}
	}
	/* What could not be removed or noted would come back at once: tomorrow. */
	stuck = queue_commit(k->d->q) < 0 || stuck;
	free_slice(s);
	if (stuck)
		next_phase(k);
	else
		again(k);
}

static void slice_folders(struct keep *k)
{
	struct slice *s = xcalloc(1, sizeof(*s));
	s->k = k;
	s->phase = k->phase;
	queue_keep_each(k->d->q, k->phase == KEEP_RESULTS ? JOB_DONE : JOB_FAILED, cutoff(k), SLICE_FOLDERS, add_retired, s);
	if (s->n) {
		folder_post(k->d->folder, work_retire, retired, s);
		return;
	}
	free_slice(s);
	next_phase(k);
}

/* ---- rows */

static int forget_job(struct keep *k, const struct retired *t)
{
	int r = queue_job_unlink_steps(k->d->q, t->row);
	return r < 0 ? r : queue_job_delete(k->d->q, t->row);
}

/* The stored file goes after the row: a row without one would be a job that fails. */
static void slice_rows(struct keep *k)
{
	struct slice s = { .k = k };
	int r = queue_keep_each_row(k->d->q, cutoff(k), SLICE_ROWS, add_retired, &s);
	queue_begin(k->d->q);
	for (size_t i = 0; r == 0 && i < s.n; i++)
		r = forget_job(k, &s.item[i]);
	if (r == 0 && !s.n)
		r = queue_keep_forget(k->d->q, cutoff(k));
	r = queue_end(k->d->q, r);
	for (size_t i = 0; i < s.n; i++) {
		_cleanup_free_ char *dir = xasprintf("%s/intake/%s", k->d->conf->spool, s.item[i].id);
		if (r == 0)
			file_rm_rf(dir);
		free(s.item[i].outname);
	}
	free(s.item);
	k->removed[KEEP_ROWS] += r == 0 ? (int)s.n : 0;
	if (r < 0 || !s.n)
		next_phase(k);
	else
		again(k);
}

/* ---- steps */

struct keys { char (*key)[65]; size_t n; };

static int add_key(const char *key, void *arg)
{
	struct keys *s = arg;
	s->key = xreallocarray(s->key, s->n + 1, sizeof(*s->key));
	snprintf(s->key[s->n++], sizeof(*s->key), "%s", key);
	return 0;
}

struct trash { struct daemon *d; struct keys keys; };

static void work_trash(void *arg)
{
	const struct trash *t = arg;
	static const char *const tails[] = { "", ".run" };
	for (size_t i = 0; i < t->keys.n * ARRAY_SIZE(tails); i++) {
		_cleanup_free_ char *path = xasprintf("%s/staging/gone-%s%s", t->d->conf->spool, t->keys.key[i / 2], tails[i % 2]);
		file_rm_rf(path);
	}
}

static void trash_done(void *arg)
{
	struct trash *t = arg;
	free(t->keys.key);
	free(t);
}

static void slice_steps(struct keep *k)
{
	struct trash *t = xcalloc(1, sizeof(*t));
	char last[65] = "";
	t->d = k->d;
	int r = queue_keep_each_step(k->d->q, cutoff(k), k->after, SLICE_STEPS, add_key, &t->keys, last);
	queue_begin(k->d->q);
	for (size_t i = 0; r == 0 && i < t->keys.n; i++) {
		if (step_discard(&k->d->lab, t->keys.key[i]) < 0)
			continue;
		r = queue_step_delete(k->d->q, t->keys.key[i]);
		k->removed[KEEP_STEPS]++;
	}
	r = queue_end(k->d->q, r);
	folder_post(k->d->folder, work_trash, trash_done, t);
	memcpy(k->after, last, sizeof(last));
	if (r < 0 || !*last)
		next_phase(k);
	else
		again(k);
}

/* ---- the round */

static void start_round(void *arg)
{
	struct keep *k = arg;
	k->phase = KEEP_RESULTS;
	k->after[0] = '\0';
	memset(k->removed, 0, sizeof(k->removed));
	again(k);
}

static void end_round(struct keep *k)
{
	char n[KEEP_END][16];
	int all = 0;
	for (int i = 0; i < KEEP_END; i++) {
		snprintf(n[i], sizeof(n[i]), "%d", k->removed[i]);
		all += k->removed[i];
	}
	if (all)
		log_event(LOG_INFO, "old-removed", "results", n[KEEP_RESULTS], "failures", n[KEEP_FAILED], "jobs", n[KEEP_ROWS],
			  "steps", n[KEEP_STEPS], NULL);
	loop_after(k->d->loop, DAY_S, start_round, k);
}

static void next_slice(void *arg)
{
	struct keep *k = arg;
	if (k->d->stopping)
		return;
	while (k->phase < KEEP_END && days_of(k) <= 0)
		k->phase++;
	switch (k->phase) {
	case KEEP_RESULTS:
	case KEEP_FAILED: slice_folders(k); break;
	case KEEP_ROWS: slice_rows(k); break;
	case KEEP_STEPS: slice_steps(k); break;
	case KEEP_END: end_round(k); break;
	}
}

struct keep *keep_new(struct daemon *d)
{
	struct keep *k = xcalloc(1, sizeof(*k));
	k->d = d;
	return k;
}

void keep_free(struct keep *k) { free(k); }

void keep_start(struct keep *k) { loop_after(k->d->loop, FIRST_S, start_round, k); }
