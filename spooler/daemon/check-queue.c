/* The queue's file, its rows, and what unfinished jobs need to go on. A damaged file
 * is copied aside before anything else, and never removed. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "daemon/check-internal.h"
#include "daemon/show.h"

static const char *const parts[] = { "", "-wal", "-shm" };

struct lines { char **line; size_t n; };

static int add_line(const char *sentence, void *arg)
{
	struct lines *l = arg;
	l->line = xreallocarray(l->line, l->n + 1, sizeof(*l->line));
	l->line[l->n++] = xstrdup(sentence);
	return 0;
}

static void report_lines(struct check *c, struct lines *l, const char *mended)
{
	for (size_t i = 0; i < l->n; i++) {
		check_found(c, mended, "%s", l->line[i]);
		free(l->line[i]);
	}
	free(l->line);
	*l = (struct lines){ 0 };
}

/* ---- a damaged file */

/* db/queue.db.damaged-<time>. */
static int copy_aside(const char *db, char **ret_aside)
{
	_cleanup_free_ char *aside = xasprintf("%s.damaged-%.0f", db, clock_wall());
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++) {
		_cleanup_free_ char *from = xasprintf("%s%s", db, parts[i]);
		_cleanup_free_ char *to = xasprintf("%s%s", aside, parts[i]);
		if (!file_exists(from))
			continue;
		r = file_copy(from, to, 0600);
		if (r == 0)
			r = file_fsync_tree(to);
	}
	if (r == 0)
		*ret_aside = xstrdup(aside);
	return r;
}

/* The old -wal must be gone before the new file has the name: SQLite would play it
 * into that. */
static int put_in_place(const char *new, const char *db)
{
	for (size_t i = 1; i < ARRAY_SIZE(parts); i++) {
		_cleanup_free_ char *old = xasprintf("%s%s", db, parts[i]);
		if (unlink(old) < 0 && errno != ENOENT)
			return -errno;
	}
	int r = file_fsync_tree(new);
	if (r == 0 && rename(new, db) < 0)
		r = -errno;
	_cleanup_free_ char *dir = xstrdup(db);
	*strrchr(dir, '/') = '\0';
	return r == 0 ? file_fsync_dir(dir) : r;
}

static void tell_saved(struct check *c, const struct queue_saved *s)
{
	if (!s->damaged) {
		printf("saved: table %s, all %lld rows\n", s->table, s->rows);
		return;
	}
	/* Steps and their links come back from their folders. */
	bool harmless = str_eq(s->table, "step") || str_eq(s->table, "job_step") || str_eq(s->table, "fact");
	const char *mended = harmless ? "nothing is lost by it" : NULL;
	if (s->last > s->first + 1 && s->first > 0)
		check_found(c, mended, "table %s: %lld rows saved; of rows %lld to %lld not all could be read", s->table, s->rows,
			    s->first + 1, s->last - 1);
	else
		check_found(c, mended, "table %s: %lld rows saved; not all could be read", s->table, s->rows);
}

static bool save_queue(struct check *c, const char *db)
{
	struct queue_saved saved[QUEUE_TABLES];
	_cleanup_free_ char *aside = NULL, *error = NULL;
	_cleanup_free_ char *new = xasprintf("%s.new", db);
	int r = copy_aside(db, &aside);
	if (r == 0) {
		printf("saved: the damaged queue, as %s\n", aside);
		for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
			_cleanup_free_ char *old = xasprintf("%s%s", new, parts[i]);
			unlink(old);
		}
		r = queue_salvage(db, new, saved, &error);
	}
	if (r == 0)
		r = put_in_place(new, db);
	if (r < 0) {
		check_found(c, NULL, "the queue could not be saved: %s", error ? error : strerror(-r));
		return false;
	}
	for (size_t i = 0; i < QUEUE_TABLES; i++)
		tell_saved(c, &saved[i]);
	c->saved = true;
	return true;
}

/* ---- the file and its rows */

static int open_queue(struct check *c, const char *db, char **ret_error)
{
	return c->repair ? queue_open(db, &c->q, ret_error) : queue_open_readonly(db, &c->q, ret_error);
}

/* 0, -EUCLEAN: damaged, as reported; or another error, as reported. */
static int examine(struct check *c, const char *db)
{
	_cleanup_free_ char *error = NULL;
	struct lines l = { 0 };
	int r = open_queue(c, db, &error);
	if (r < 0) {
		check_found(c, r == -EUCLEAN && c->repair ? "what can be read is saved" : NULL, "%s", error);
		return r;
	}
	r = queue_check_file(c->q, add_line, &l);
	if (r < 0)
		add_line(queue_error(c->q), &l);
	bool damaged = l.n > 0;
	report_lines(c, &l, c->repair ? "what can be read is saved" : NULL);
	return damaged ? -EUCLEAN : 0;
}

static void check_rows(struct check *c)
{
	struct lines l = { 0 };
	int r = queue_check_rows(c->q, add_line, &l);
	if (r < 0)
		check_found(c, NULL, "the rows could not be compared: %s", queue_error(c->q));
	const char *mended = NULL;
	if (l.n && c->repair)
		mended = queue_mend_rows(c->q) == 0 ? "put right in the queue" : NULL;
	report_lines(c, &l, mended);
}

bool check_queue(struct check *c)
{
	_cleanup_free_ char *db = xasprintf("%s/db/queue.db", c->conf->spool);
	_cleanup_free_ char *error = NULL;
	int r = examine(c, db);
	if (r == -EUCLEAN && c->repair) {
		queue_close(c->q);
		c->q = NULL;
		if (!save_queue(c, db))
			return false;
		r = queue_open(db, &c->q, &error);
		if (r < 0)
			check_found(c, NULL, "%s", error);
	}
	if (r < 0) {
		puts("The queue is not usable: the rest was not checked.");
		return false;
	}
	check_rows(c);
	queue_job_counts(c->q, c->count);
	return true;
}

/* ---- jobs */

struct rows { long long *row; size_t n; };

static int add_row(const struct job *j, void *arg)
{
	struct rows *r = arg;
	r->row = xreallocarray(r->row, r->n + 1, sizeof(*r->row));
	r->row[r->n++] = j->row;
	return 0;
}

/* Set aside with words, in the queue and in the outbox. */
static const char *fail_job(struct check *c, struct job *j, const char *what, const char *why)
{
	static const char remedy[] = "Drop the file again.";
	struct buf b = BUF_INIT;
	if (!c->repair)
		return NULL;
	show_failure(NULL, j, what, why, remedy, &b);
	_cleanup_free_ char *text = buf_detach(&b);
	_cleanup_free_ char *reason = xasprintf("%s %s", what, why);
	outbox_failed(&c->out, j->outname, text, NULL);
	return queue_set_job_state(c->q, j, JOB_EV_FAIL, reason, remedy) == 0 ? "it has failed, and says so" : NULL;
}

static void check_job(struct check *c, struct job *j)
{
	if (j->damage) {
		const char *mended = fail_job(c, j, "The job was set aside: its row in the queue is damaged.", j->damage);
		check_found(c, mended, "job %s (%s): %s", j->id, j->outname, j->damage);
		return;
	}
	_cleanup_free_ char *input = j->input ? xasprintf("%s/%s", c->conf->spool, j->input) : NULL;
	if (!input || file_exists(input))        /* none: it is refused at its turn */
		return;
	const char *mended = fail_job(c, j, "The file is gone from the spool.", input);
	check_found(c, mended, "job %s (%s): its file %s is gone", j->id, j->outname, j->input);
}

void check_jobs(struct check *c)
{
	unsigned live = 1u << JOB_QUEUED | 1u << JOB_RUNNING | 1u << JOB_PUBLISHING | 1u << JOB_HELD;
	struct rows rows = { 0 };
	if (queue_job_each(c->q, &(struct job_filter){ .states = live, .oldest_first = true }, add_row, &rows) < 0)
		check_found(c, NULL, "the jobs cannot be read: %s", queue_error(c->q));
	for (size_t i = 0; i < rows.n; i++) {
		struct job j;
		job_init(&j);
		if (queue_job_by_row(c->q, rows.row[i], &j) == 0)
			check_job(c, &j);
		job_release(&j);
	}
	free(rows.row);
}
