/* The outbox as people see it: status folders, QUEUE.html, summaries, control
 * files, failures and results. All of it is done by one worker, in order, so
 * that a status never comes after its result. Texts are made in the loop.
 * Logs what could not be written; a status that fails is tried again with the
 * next one. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "daemon/commit.h"
#include "daemon/publish.h"
#include "daemon/show.h"
#include "daemon/shown.h"
#include "notify/notify.h"

#define GATHER_S 0.3
#define STALE_FACT "summaries"

struct stale { long long row; bool posted, again; struct stale *next; };

struct folder {
	struct daemon *d;
	struct outbox out;
	struct worker *worker;
	struct shown_table shown;
	struct stale *stale;     /* batches whose summary is behind, until it is written */
	bool queue_stale, controls_busy, ending;
	size_t pending;          /* results and failures under way */
	struct publish_group results;   /* those that wait */
	bool publishing, waiting;
	double published;               /* when the last of them were */
};

struct work {
	struct folder *f;
	char *outname, *id, *text, *what, *why, *remedy, *input_dir, *source;
	bool written, returned;
	int r;
};

static struct work *new_work(struct folder *f, const char *outname)
{
	struct work *w = xcalloc(1, sizeof(*w));
	w->f = f;
	w->outname = xstrdup(outname);
	return w;
}

static void free_work(struct work *w)
{
	char *s[] = { w->outname, w->id, w->text, w->what, w->why, w->remedy, w->input_dir, w->source };
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		free(s[i]);
	free(w);
}

static void complain(const struct work *w, const char *event)
{
	if (w->r < 0)
		log_event(LOG_WARN, event, "name", w->outname, "error", strerror(-w->r), NULL);
}

const struct outbox *folder_outbox(const struct folder *f) { return &f->out; }

void folder_stale(struct folder *f) { f->queue_stale = true; }

/* ---- status */

/* Somebody who deletes the folder sees it come back once, because that is no way to
 * cancel; who does it again does not want to see it. */
static void work_status(void *arg)
{
	struct work *w = arg;
	bool deleted = w->written && !outbox_running_exists(&w->f->out, w->outname);
	if (deleted && w->returned)
		return;
	w->returned = w->returned || deleted;
	w->r = outbox_status(&w->f->out, w->outname, w->text);
}

static void job_status_done(void *arg)
{
	struct work *w = arg;
	struct shown *s = shown_find(&w->f->shown, w->id);
	if (s) {
		s->written = s->written || w->r == 0;
		s->returned = s->returned || w->returned;
	}
	complain(w, "status-not-written");
	free_work(w);
}

static void status_done(void *arg)
{
	complain(arg, "status-not-written");
	free_work(arg);
}

static void post_status(struct folder *f, const struct job *j)
{
	struct buf b = BUF_INIT;
	struct work *w = new_work(f, j->outname);
	show_status(f->d, j, &b);
	w->text = buf_detach(&b);
	w->id = xstrdup(j->id);
	struct shown *s = shown_get(&f->shown, j->id);
	s->at = clock_mono();
	w->written = s->written;
	w->returned = s->returned;
	worker_post(f->worker, work_status, job_status_done, w);
}

void folder_accepted(struct folder *f, const struct job *j)
{
	f->queue_stale = true;
	post_status(f, j);
}

static struct stale *find_stale(struct folder *f, long long row)
{
	for (struct stale *s = f->stale; s; s = s->next)
		if (s->row == row)
			return s;
	return NULL;
}

/* The queue knows which summaries are behind, from the same transaction as the end of
 * the job: whenever we are killed, the next start writes them. */
static void remember_stale(struct folder *f)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	for (const struct stale *s = f->stale; s; s = s->next)
		buf_addf(&b, "%lld ", s->row);
	queue_fact_set(f->d->q, STALE_FACT, b.s);
}

static void batch_stale(struct folder *f, long long row)
{
	if (row <= 0)
		return;
	struct stale *s = find_stale(f, row);
	if (!s) {
		s = xcalloc(1, sizeof(*s));
		s->row = row;
		s->next = f->stale;
		f->stale = s;
	}
	s->again = s->posted;
	/* Also when it is in the list: the queue may have lost it. */
	remember_stale(f);
}

static void forget_stale(struct folder *f, long long row)
{
	for (struct stale **p = &f->stale; *p; p = &(*p)->next)
		if ((*p)->row == row) {
			struct stale *s = *p;
			*p = s->next;
			free(s);
			break;
		}
	remember_stale(f);
}

static void on_changed(void *arg, const struct job *j)
{
	struct folder *f = arg;
	f->queue_stale = true;
	if (job_state_ended(j->state)) {
		shown_forget(&f->shown, j->id);
		batch_stale(f, j->batch_row);
	} else if (j->state == JOB_HELD || clock_mono() - shown_get(&f->shown, j->id)->at >= f->d->conf->status_s)
		post_status(f, j);
}

static int on_ended(void *arg, const struct job *j)
{
	struct folder *f = arg;
	return notify_ended(f->d->notify, j);
}

/* ---- gone */

static void work_gone(void *arg)
{
	struct work *w = arg;
	w->r = outbox_remove_running(&w->f->out, w->outname);
}

static void on_gone(void *arg, const struct job *j)
{
	struct folder *f = arg;
	shown_forget(&f->shown, j->id);
	batch_stale(f, j->batch_row);
	worker_post(f->worker, work_gone, status_done, new_work(f, j->outname));
}

/* ---- again */

static void work_remove_failed(void *arg)
{
	struct work *w = arg;
	w->r = outbox_remove_failed(&w->f->out, w->outname);
}

static void again_for_certain(void *arg, bool ok)
{
	struct work *w = arg;
	if (ok)
		worker_post(w->f->worker, work_remove_failed, status_done, w);
	else
		free_work(w);
}

/* The words about its failure go, but not before they are untrue for certain. */
static void on_again(void *arg, const struct job *j)
{
	struct folder *f = arg;
	commit_after(f->d->commit, again_for_certain, new_work(f, j->outname));
}

/* ---- failure */

/* Results that were under way when the spooler began to end are told as well. */
static void flush_last(struct folder *f)
{
	if (f->ending && !f->pending)
		folder_flush(f);
}

static void work_fail(void *arg)
{
	struct work *w = arg;
	w->r = outbox_failed(&w->f->out, w->outname, w->text, w->input_dir);
	if (w->input_dir)
		file_rm_rf(w->input_dir);
}

static void fail_done(void *arg)
{
	struct work *w = arg;
	struct folder *f = w->f;
	f->pending--;
	complain(w, "failure-not-told");
	if (w->r < 0)
		manager_not_told(f->d->manager, w->id);
	else {
		f->d->failed++;
		manager_failed(f->d->manager, w->id, w->what, w->why, w->remedy);
	}
	free_work(w);
	flush_last(f);
	daemon_check_once(f->d);
}

static char *dup_or_null(const char *s) { return s ? xstrdup(s) : NULL; }

static void on_fail(void *arg, const struct job *j, const char *what, const char *why, const char *remedy)
{
	struct folder *f = arg;
	struct buf b = BUF_INIT;
	struct work *w = new_work(f, j->outname);
	w->id = xstrdup(j->id);
	w->what = dup_or_null(what);
	w->why = dup_or_null(why);
	w->remedy = dup_or_null(remedy);
	w->input_dir = publish_stage_input(f->d, j);
	show_failure(f->d, j, what, why, remedy, &b);
	w->text = buf_detach(&b);
	f->pending++;
	worker_post(f->worker, work_fail, fail_done, w);
}

static void work_trouble(void *arg)
{
	struct work *w = arg;
	_cleanup_free_ char *place = outbox_place(&w->f->out, w->outname);
	w->r = outbox_trouble(&w->f->out, place, w->source, w->text);
}

void folder_trouble(struct folder *f, const struct drop_item *item)
{
	struct buf b = BUF_INIT;
	_cleanup_free_ char *name = intake_base_name(f->d->conf, item->path, false);
	struct work *w = new_work(f, name);
	show_trouble(item, &b);
	w->text = buf_detach(&b);
	w->source = xstrdup(item->path);
	worker_post(f->worker, work_trouble, status_done, w);
}

/* ---- results */

static void publish_next(struct folder *f);

static void publish_done(void *arg)
{
	struct publish_group *g = arg;
	struct folder *f = g->owner;
	for (size_t i = 0; i < g->n; i++) {
		struct publish *p = g->p[i];
		f->pending--;
		if (p->r == 0 && p->instead)
			manager_renamed(f->d->manager, p->id, p->instead);
		manager_published(f->d->manager, p->id, p->r < 0 ? strerror(-p->r) : NULL);
		publish_free(p);
	}
	free(g->p);
	free(g);
	f->publishing = false;
	f->published = clock_mono();
	publish_next(f);
	flush_last(f);
	daemon_check_once(f->d);
}

static void on_publish_time(void *arg)
{
	struct folder *f = arg;
	f->waiting = false;
	publish_next(f);
}

/* The first goes at once. When more come close behind, they are gathered for some
 * moments and share their syncs. */
static void publish_next(struct folder *f)
{
	double wait = f->published + GATHER_S - clock_mono();
	if (f->publishing || f->waiting || !f->results.n)
		return;
	if (wait > 0 && !f->d->stopping) {
		f->waiting = true;
		loop_after(f->d->loop, wait, on_publish_time, f);
		return;
	}
	struct publish_group *g = xcalloc(1, sizeof(*g));
	*g = f->results;
	f->results = (struct publish_group){ .owner = f };
	f->publishing = true;
	worker_post(f->worker, publish_group_work, publish_done, g);
}

static void on_publish(void *arg, const struct job *j, const struct pipeline *pl)
{
	struct folder *f = arg;
	struct publish_group *g = &f->results;
	g->p = xreallocarray(g->p, g->n + 1, sizeof(*g->p));
	g->p[g->n++] = publish_new(f->d, &f->out, j, pl);
	f->pending++;
	shown_forget(&f->shown, j->id);
	publish_next(f);
}

/* ---- batches */

struct summary {
	struct folder *f;
	long long batch;
	char *outname, *relative;
	struct show_row *row;
	size_t n;
	int r;
};

static int add_row(const struct job *j, void *arg)
{
	struct summary *s = arg;
	s->row = xreallocarray(s->row, s->n + 1, sizeof(*s->row));
	s->row[s->n++] = (struct show_row){ j->record, xstrdup(j->name), xstrdup(j->outname),
					    j->reason ? xstrdup(j->reason) : NULL, j->state };
	return 0;
}

static void work_summary(void *arg)
{
	struct summary *s = arg;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_t **docs = xcalloc(s->n, sizeof(*docs));
	for (size_t i = 0; i < s->n; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s/shifts.json", s->f->out.root, s->row[i].outname);
		if (s->row[i].state == JOB_DONE && json_read_file(path, &docs[i]) < 0)
			docs[i] = NULL;
	}
	show_summary(s->row, docs, s->n, s->outname, &b);
	s->r = outbox_file(&s->f->out, s->relative, b.s, b.len, true);
	for (size_t i = 0; i < s->n; i++)
		json_decref(docs[i]);
	free(docs);
}

/* What could not be written stays behind and is tried again with the next flush; what
 * changed meanwhile, too. */
static void settle_summary(const struct summary *s)
{
	struct stale *stale = find_stale(s->f, s->batch);
	if (s->r < 0)
		log_event(LOG_WARN, "summary-not-written", "name", s->outname, "error", strerror(-s->r), NULL);
	if (!stale)
		return;
	bool again = stale->again;
	stale->again = stale->posted = false;
	/* A name that no folder can have will never do. */
	if (!again && (s->r == 0 || s->r == -EINVAL))
		forget_stale(s->f, s->batch);
	if (again && s->f->ending)
		folder_flush(s->f);
}

static void summary_done(void *arg)
{
	struct summary *s = arg;
	settle_summary(s);
	for (size_t i = 0; i < s->n; i++) {
		free(s->row[i].name);
		free(s->row[i].outname);
		free(s->row[i].reason);
	}
	free(s->row);
	free(s->outname);
	free(s->relative);
	free(s);
}

/* 0, -ENOENT when there is no such batch any more. */
static int post_summary(struct folder *f, long long row)
{
	_cleanup_(batch_release) struct batch b;
	batch_init(&b);
	int r = queue_batch_get(f->d->q, row, &b);
	if (r < 0)
		return r;
	struct summary *s = xcalloc(1, sizeof(*s));
	s->f = f;
	s->batch = row;
	s->outname = xstrdup(b.outname);
	s->relative = xasprintf("%s/summary.csv", b.outname);
	queue_job_each(f->d->q, &(struct job_filter){ .batch_row = row, .oldest_first = true }, add_row, s);
	worker_post(f->worker, work_summary, summary_done, s);
	return 0;
}

static void on_split(void *arg, const struct batch *b)
{
	struct folder *f = arg;
	f->queue_stale = true;
	batch_stale(f, b->row);
}

/* ---- QUEUE.html */

static void work_queue(void *arg)
{
	struct work *w = arg;
	w->r = outbox_file(&w->f->out, w->outname, w->text, strlen(w->text), false);
}

static void post_queue(struct folder *f)
{
	struct buf b = BUF_INIT;
	struct work *w = new_work(f, "QUEUE.html");
	show_queue(f->d, &b);
	w->text = buf_detach(&b);
	f->queue_stale = false;
	worker_post(f->worker, work_queue, status_done, w);
}

void folder_flush(struct folder *f)
{
	for (struct stale *s = f->stale, *next; s; s = next) {
		next = s->next;
		if (s->posted)
			continue;
		int r = post_summary(f, s->row);
		s->posted = r == 0;
		if (r == -ENOENT)
			forget_stale(f, s->row);
	}
	if (f->queue_stale)
		post_queue(f);
}

/* ---- control files */

struct look { struct folder *f; struct outbox_controls c; int r; };

static void work_controls(void *arg)
{
	struct look *l = arg;
	l->r = outbox_controls(&l->f->out, &l->c);
}

/* A control file that was read is gone: refused or not, it is not read twice. */
struct used { struct folder *f; struct outbox_controls c; };

static void work_used(void *arg)
{
	struct used *u = arg;
	for (size_t i = 0; i < u->c.n; i++)
		outbox_control_remove(&u->f->out, &u->c.item[i]);
	outbox_controls_release(&u->c);
}

static void used(void *arg, bool ok)
{
	struct used *u = arg;
	if (ok) {
		worker_post(u->f->worker, work_used, free, u);
		return;
	}
	outbox_controls_release(&u->c);
	free(u);
}

static void obey(struct folder *f, const struct outbox_control *c)
{
	static const char *const verbs[] = { [OUTBOX_CANCEL] = "cancel", [OUTBOX_RETRY] = "retry",
					   [OUTBOX_HOLD] = "hold", [OUTBOX_RELEASE] = "release" };
	_cleanup_free_ char *words = NULL;
	bool ok = manager_verb(f->d->manager, verbs[c->verb], c->outname, &words);
	log_event(LOG_INFO, "control-file", "verb", verbs[c->verb], "name", c->outname, "ok", ok ? "yes" : "no",
		  "outcome", words, NULL);
}

static void controls_done(void *arg)
{
	struct look *l = arg;
	l->f->controls_busy = false;
	for (size_t i = 0; i < l->c.n; i++)
		obey(l->f, &l->c.item[i]);
	struct used *u = xcalloc(1, sizeof(*u));
	*u = (struct used){ l->f, l->c };
	/* Not before what was asked is durable. */
	if (u->c.n) {
		commit_after(l->f->d->commit, used, u);
		/* At the end nobody waits for the next group: this worker is about to go. */
		if (l->f->d->stopping)
			commit_now(l->f->d->commit);
	} else
		free(u);
	free(l);
}

static void on_time(void *arg)
{
	struct folder *f = arg;
	if (f->d->stopping)
		return;
	if (!f->controls_busy) {
		struct look *l = xcalloc(1, sizeof(*l));
		l->f = f;
		f->controls_busy = true;
		worker_post(f->worker, work_controls, controls_done, l);
	}
	folder_flush(f);
	loop_after(f->d->loop, MIN(f->d->conf->status_s, 10.0), on_time, f);
}

/* ---- life */

static void on_worker(void *arg) { worker_dispatch(arg); }

struct folder *folder_new(struct daemon *d)
{
	struct folder *f = xcalloc(1, sizeof(*f));
	f->d = d;
	f->out = (struct outbox){ d->conf->outbox, (mode_t)d->conf->mode_files, (mode_t)d->conf->mode_dirs };
	f->worker = worker_new("outbox");
	f->queue_stale = true;
	f->results.owner = f;
	return f;
}

/* ---- what a dead spooler left, once at start. The worker gets copies of the names
 * and ids of jobs that live; whatever comes later is queued behind it. */

struct sweep { struct folder *f; char **word; size_t n, cap; int r; };

static void add_word(struct sweep *s, const char *word)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 64;
		s->word = xreallocarray(s->word, s->cap, sizeof(*s->word));
	}
	s->word[s->n++] = xstrdup(word);
}

static int add_live(const struct job *j, void *arg)
{
	add_word(arg, j->id);
	add_word(arg, j->outname);
	return 0;
}

static int compare_words(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool is_live(const char *word, void *arg)
{
	const struct sweep *s = arg;
	return s->n && bsearch(&word, s->word, s->n, sizeof(*s->word), compare_words);
}

static void work_sweep(void *arg)
{
	struct sweep *s = arg;
	s->r = outbox_sweep(&s->f->out, is_live, s);
	int r = outbox_sweep_running(&s->f->out, is_live, s);
	s->r = s->r < 0 ? s->r : r;
}

static void sweep_done(void *arg)
{
	struct sweep *s = arg;
	if (s->r < 0)
		log_event(LOG_WARN, "outbox-not-swept", "error", strerror(-s->r), NULL);
	for (size_t i = 0; i < s->n; i++)
		free(s->word[i]);
	free(s->word);
	free(s);
}

static void post_sweep(struct folder *f)
{
	unsigned live = 1u << JOB_QUEUED | 1u << JOB_RUNNING | 1u << JOB_PUBLISHING | 1u << JOB_HELD;
	struct sweep *s = xcalloc(1, sizeof(*s));
	s->f = f;
	/* A listing that was cut short would make live folders look stale. */
	if (queue_job_each(f->d->q, &(struct job_filter){ .states = live, .oldest_first = true }, add_live, s) < 0) {
		sweep_done(s);
		return;
	}
	if (s->n)
		qsort(s->word, s->n, sizeof(*s->word), compare_words);
	worker_post(f->worker, work_sweep, sweep_done, s);
}

static void recover_summaries(struct folder *f)
{
	_cleanup_free_ char *rows = NULL;
	if (queue_fact_get(f->d->q, STALE_FACT, &rows) < 0 || !rows)
		return;
	char *end;
	for (const char *p = rows; *p; p = end) {
		long long row = strtoll(p, &end, 10);
		if (end == p)
			return;
		end += *end == ' ';
		batch_stale(f, row);
	}
}

void folder_start(struct folder *f)
{
	post_sweep(f);
	recover_summaries(f);
	loop_add(f->d->loop, worker_fd(f->worker), on_worker, f->worker);
	loop_after(f->d->loop, 0.2, on_time, f);
}

void folder_hooks(struct folder *f, struct manager_hooks *h)
{
	*h = (struct manager_hooks){ .arg = f, .changed = on_changed, .publish = on_publish, .fail = on_fail,
				     .gone = on_gone, .again = on_again, .split = on_split, .ended = on_ended };
}

void folder_post(struct folder *f, void (*work)(void *), void (*done)(void *), void *arg)
{
	worker_post(f->worker, work, done, arg);
}

bool folder_idle(const struct folder *f) { return f->pending == 0; }

void folder_free(struct folder *f)
{
	if (!f)
		return;
	f->waiting = false;
	f->ending = true;
	publish_next(f);
	flush_last(f);
	f->d->hangs = !worker_free(f->worker, 30) || f->d->hangs;
	/* Threads that were left behind ask for the outbox. */
	if (f->d->hangs)
		return;
	shown_release(&f->shown);
	while (f->stale) {
		struct stale *s = f->stale;
		f->stale = s->next;
		free(s);
	}
	free(f);
}
