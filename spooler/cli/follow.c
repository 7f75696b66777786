/* Following jobs. Each look reads the rows anew: the queue is the truth, and a
 * target may turn from a job into a batch of jobs (a file of many records) in
 * between. Draws with relative cursor movements only, so that it works in any
 * scrolled terminal, and in one write a picture, so that it does not flicker. */
#include "cli/follow.h"
#include "client/job-json.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "cli/view.h"

struct target {
	char *typed;
	bool seen, ended;
	int failures;
};

/* What was last told of a job, to tell only what has changed. */
struct told { long long row; char *line; };

struct follow {
	const struct conf *conf;
	FILE *out;
	const struct term *t;
	enum follow_style style;
	struct target *target;
	size_t ntargets;
	struct told *told;
	size_t ntold;
	int drawn;               /* lines of the last picture */
	struct buf picture;      /* being made */
	int lines, hidden;
};

struct follow *follow_new(const struct conf *conf, FILE *out, const struct term *t, enum follow_style style)
{
	struct follow *f = xcalloc(1, sizeof(*f));
	*f = (struct follow){ .conf = conf, .out = out, .t = t, .style = style, .picture = BUF_INIT };
	return f;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->ntargets; i++)
		free(f->target[i].typed);
	for (size_t i = 0; i < f->ntold; i++)
		free(f->told[i].line);
	free(f->target);
	free(f->told);
	buf_release(&f->picture);
	free(f);
}

void follow_add(struct follow *f, const char *target)
{
	f->target = xreallocarray(f->target, f->ntargets + 1, sizeof(*f->target));
	f->target[f->ntargets++] = (struct target){ .typed = xstrdup(target) };
}

static struct told *told_of(struct follow *f, long long row)
{
	for (size_t i = 0; i < f->ntold; i++)
		if (f->told[i].row == row)
			return &f->told[i];
	f->told = xreallocarray(f->told, f->ntold + 1, sizeof(*f->told));
	f->told[f->ntold] = (struct told){ .row = row };
	return &f->told[f->ntold++];
}

/* A log wants to be told about steps, not about every second: the line that
 * decides is without percentages and times. */
static char *what_counts(const struct follow *f, const struct job *j)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	if (f->style == FOLLOW_JSON)
		buf_addf(&b, "%.0f ", j->updated);
	buf_addf(&b, "%d %d/%d %s", j->state, j->steps_done, j->steps_total, j->stage ? j->stage : "");
	return buf_detach(&b);
}

static void tell(struct follow *f, const struct job *j, double now)
{
	struct told *told = told_of(f, j->row);
	char *line = what_counts(f, j);
	if (str_eq(told->line, line)) {
		free(line);
		return;
	}
	free(told->line);
	told->line = line;
	if (f->style == FOLLOW_JSON) {
		_cleanup_json_ json_t *o = job_json(f->conf, j);
		json_add_to(&f->picture, o, false);
	} else
		view_line(f->t, &f->picture, j, now);
	buf_addc(&f->picture, '\n');
}

static void draw(struct follow *f, const struct job *j, double now)
{
	/* Two lines stay free, for the prompt and for "more". */
	if (f->lines >= f->t->rows - 2) {
		f->hidden++;
		return;
	}
	buf_adds(&f->picture, "\r");
	view_progress(f->t, &f->picture, j, now);
	buf_adds(&f->picture, "\033[K\n");
	f->lines++;
}

static void show(struct follow *f, const struct job *j)
{
	double now = clock_wall();
	if (f->style == FOLLOW_BARS)
		draw(f, j, now);
	else if (f->style != FOLLOW_SILENT)
		tell(f, j, now);
}

struct batch_look { struct follow *f; bool ended; int failures; };

static int look_at_part(const struct job *j, void *arg)
{
	struct batch_look *l = arg;
	l->ended &= job_state_ended(j->state);
	l->failures += j->state == JOB_FAILED || j->state == JOB_CANCELLED;
	/* Bars only for what moves: a batch may have a thousand parts. */
	if (l->f->style != FOLLOW_BARS || j->state == JOB_RUNNING || j->state == JOB_PUBLISHING)
		show(l->f, j);
	return 0;
}

static void draw_batch(struct follow *f, const struct batch *b)
{
	if (f->style != FOLLOW_BARS)
		return;
	_cleanup_(buf_release) struct buf counts = BUF_INIT, line = BUF_INIT;
	view_counts(&counts, b->count);
	buf_addf(&line, "%s: %d molecules, %s", b->name, b->total, counts.s);
	buf_adds(&f->picture, "\r");
	term_cut(f->t, &f->picture, line.s, f->t->columns - 1);
	buf_adds(&f->picture, "\033[K\n");
	f->lines++;
}

static void look_at_batch(struct follow *f, struct queue *q, struct target *t)
{
	_cleanup_(batch_release) struct batch b;
	batch_init(&b);
	if (queue_batch_find(q, t->typed, &b) < 0) {
		t->ended = t->seen;    /* it was there and is gone: removed */
		return;
	}
	struct batch_look l = { f, true, 0 };
	t->seen = true;
	draw_batch(f, &b);
	queue_job_each(q, &(struct job_filter){ .batch_row = b.row, .oldest_first = true }, look_at_part, &l);
	/* Parts may be batches themselves; their jobs are in the counts. */
	int unfinished = b.count[JOB_QUEUED] + b.count[JOB_RUNNING] + b.count[JOB_PUBLISHING] + b.count[JOB_HELD];
	t->ended = l.ended && unfinished == 0;
	t->failures = MAX(l.failures, b.count[JOB_FAILED] + b.count[JOB_CANCELLED]);
}

static void look_at(struct follow *f, struct queue *q, struct target *t)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (queue_job_find(q, t->typed, &j) < 0) {
		look_at_batch(f, q, t);
		return;
	}
	t->seen = true;
	t->ended = job_state_ended(j.state);
	t->failures = j.state == JOB_FAILED || j.state == JOB_CANCELLED;
	show(f, &j);
}

static int look_at_any(const struct job *j, void *arg)
{
	show(arg, j);
	return 0;
}

/* How many did not find room, and a word when there is nothing at all. */
static void end_picture(struct follow *f, struct queue *q)
{
	int count[JOB_STATE_COUNT];
	if (f->lines == 0) {
		buf_adds(&f->picture, "\rnothing is running or waiting\033[K\n");
		f->lines++;
	} else if (queue_job_counts(q, count) == 0)
		f->hidden = MAX(count[JOB_RUNNING] + count[JOB_PUBLISHING] + count[JOB_QUEUED] - f->lines, 0);
}

/* Elsewhere than on a terminal the ends are news, too. */
static void tell_ends(struct follow *f, struct queue *q)
{
	for (size_t i = 0; i < f->ntold; i++) {
		_cleanup_(job_release) struct job j;
		job_init(&j);
		if (queue_job_by_row(q, f->told[i].row, &j) == 0 && job_state_ended(j.state))
			show(f, &j);
	}
}

static void look_at_unfinished(struct follow *f, struct queue *q)
{
	unsigned moving = 1u << JOB_RUNNING | 1u << JOB_PUBLISHING, waiting = 1u << JOB_QUEUED;
	queue_job_each(q, &(struct job_filter){ .states = moving, .oldest_first = true }, look_at_any, f);
	queue_job_each(q, &(struct job_filter){ .states = waiting, .oldest_first = true, .limit = f->t->rows },
		       look_at_any, f);
	if (f->style == FOLLOW_BARS)
		end_picture(f, q);
	else
		tell_ends(f, q);
}

static void write_picture(struct follow *f)
{
	_cleanup_(buf_release) struct buf all = BUF_INIT;
	if (f->style == FOLLOW_BARS && f->drawn > 0)
		buf_addf(&all, "\033[%dA", f->drawn);
	buf_add(&all, f->picture.s, f->picture.len);
	if (f->style == FOLLOW_BARS) {
		if (f->hidden) {
			buf_addf(&all, "\rand %d more\033[K\n", f->hidden);
			f->lines++;
		}
		buf_adds(&all, "\033[J");
		f->drawn = f->lines;
	}
	if (all.len) {
		fwrite(all.s, 1, all.len, f->out);
		fflush(f->out);
	}
}

void follow_update(struct follow *f, struct queue *q)
{
	buf_clear(&f->picture);
	f->lines = f->hidden = 0;
	if (!q)
		return;
	for (size_t i = 0; i < f->ntargets; i++)
		look_at(f, q, &f->target[i]);
	if (f->ntargets == 0)
		look_at_unfinished(f, q);
	write_picture(f);
}

void follow_clear(struct follow *f)
{
	if (f->style == FOLLOW_BARS && f->drawn > 0) {
		fprintf(f->out, "\033[%dA\r\033[J", f->drawn);
		fflush(f->out);
	}
	f->drawn = 0;
}

bool follow_ended(const struct follow *f)
{
	for (size_t i = 0; i < f->ntargets; i++)
		if (!f->target[i].ended)
			return false;
	return f->ntargets > 0;
}

int follow_failures(const struct follow *f)
{
	int n = 0;
	for (size_t i = 0; i < f->ntargets; i++)
		n += f->target[i].failures;
	return n;
}
