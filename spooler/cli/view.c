/* Jobs in words. All text from rows passes through term_fit() and the like, so
 * nothing in a name can reach the terminal as a control sequence. */
#include "cli/view.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"

static const char *stage_words(const char *stage)
{
	static const char *const words[][2] = {
		{ "read", "reading the file" }, { "prepare", "checking the structure" },
		{ "conformers", "searching conformers" }, { "rank", "ranking conformers" },
		{ "screen", "comparing conformers" }, { "thermo", "computing free energies" },
		{ "optimise", "optimising geometries" }, { "shield", "computing shieldings" },
		{ "report", "writing the report" }, { "publish", "publishing" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(words[i][0], stage))
			return words[i][1];
	return stage ? stage : "";
}

static void running_detail(struct buf *b, const struct job *j)
{
	buf_adds(b, j->detail && *j->detail ? j->detail : stage_words(j->stage));
	if ((!j->detail || !*j->detail) && j->steps_total > 1)
		buf_addf(b, ", step %d of %d", MIN(j->steps_done + 1, j->steps_total), j->steps_total);
}

void view_detail(struct buf *b, const struct job *j)
{
	switch (j->state) {
	case JOB_RUNNING:
		running_detail(b, j);
		break;
	case JOB_PUBLISHING:
		buf_adds(b, "writing the results");
		break;
	case JOB_QUEUED:
		buf_adds(b, j->reason ? j->reason : "waiting");
		break;
	case JOB_HELD:
		buf_adds(b, "held until it is released");
		break;
	case JOB_DONE:
		buf_adds(b, "took ");
		clock_words(b, j->started > 0 ? j->finished - j->started : 0);
		break;
	case JOB_FAILED:
		buf_adds(b, j->reason ? j->reason : "failed");
		break;
	case JOB_CANCELLED:
		buf_adds(b, "cancelled");
		break;
	case JOB_STATE_COUNT:
		break;
	}
}

double view_left(const struct job *j, double now)
{
	if (j->state != JOB_RUNNING || !(j->eta_s >= 0))
		return -1;
	return fmax(j->eta_s - (now - j->updated), 0);
}

/* "6 min left, ": first, so that it is seen where the rest is cut. */
static void add_left(struct buf *b, const struct job *j, double now)
{
	double left = view_left(j, now);
	if (left < 0)
		return;
	clock_words(b, fmax(left, 1));
	buf_adds(b, " left, ");
}

static double fraction(const struct job *j)
{
	return j->state == JOB_DONE ? 1 : j->progress >= 0 && j->progress <= 1 ? j->progress : 0;
}

static enum term_style state_style(enum job_state s)
{
	return s == JOB_DONE ? TERM_GREEN : s == JOB_FAILED ? TERM_RED
	     : s == JOB_RUNNING || s == JOB_PUBLISHING ? TERM_CYAN : TERM_DIM;
}

static void add_styled_fit(const struct term *t, struct buf *b, enum term_style style, const char *text, int columns)
{
	_cleanup_(buf_release) struct buf fitted = BUF_INIT;
	term_fit(t, &fitted, text, columns);
	term_style(t, b, style, fitted.s);
}

#define ID_COLUMNS 12
#define STATE_COLUMNS 10
#define GAP "  "

static int name_columns(const struct term *t) { return t->columns >= 100 ? 28 : 18; }

void view_table_head(const struct term *t, struct buf *b)
{
	add_styled_fit(t, b, TERM_BOLD, "ID", ID_COLUMNS);
	buf_adds(b, GAP);
	add_styled_fit(t, b, TERM_BOLD, "NAME", name_columns(t));
	buf_adds(b, GAP);
	add_styled_fit(t, b, TERM_BOLD, "STATE", STATE_COLUMNS);
	buf_adds(b, GAP);
	term_style(t, b, TERM_BOLD, "DETAIL");
	buf_addc(b, '\n');
}

void view_table_row(const struct term *t, struct buf *b, const struct job *j, double now)
{
	_cleanup_(buf_release) struct buf detail = BUF_INIT;
	if (j->state == JOB_RUNNING)
		buf_addf(&detail, "%.0f %%, ", floor(fraction(j) * 100));
	add_left(&detail, j, now);
	view_detail(&detail, j);
	int name = name_columns(t);
	int room = t->columns - ID_COLUMNS - name - STATE_COLUMNS - 3 * (int)strlen(GAP);
	buf_addf(b, "%-*s" GAP, ID_COLUMNS, j->id);
	term_fit(t, b, j->outname ? j->outname : j->name, name);
	buf_adds(b, GAP);
	add_styled_fit(t, b, state_style(j->state), job_state_to_string(j->state), STATE_COLUMNS);
	buf_adds(b, GAP);
	term_cut(t, b, detail.s, MAX(room, 10));
	buf_addc(b, '\n');
}

/* Where the detail alone does not tell the state. */
static void add_state_word(struct buf *b, const struct job *j)
{
	if (j->state == JOB_QUEUED || j->state == JOB_DONE || j->state == JOB_FAILED)
		buf_addf(b, "%s, ", job_state_to_string(j->state));
}

void view_progress(const struct term *t, struct buf *b, const struct job *j, double now)
{
	int name = t->columns >= 100 ? 24 : 16, bar = t->columns >= 100 ? 30 : t->columns >= 60 ? 20 : 8;
	_cleanup_(buf_release) struct buf tail = BUF_INIT, blocks = BUF_INIT;
	add_state_word(&tail, j);
	add_left(&tail, j, now);
	view_detail(&tail, j);
	term_fit(t, b, j->name ? j->name : j->id, name);
	buf_addc(b, ' ');
	term_bar(t, &blocks, fraction(j), bar);
	term_style(t, b, state_style(j->state), blocks.s);
	buf_addf(b, " %3.0f %% ", floor(fraction(j) * 100));
	/* One column stays free: a full line would make the terminal wrap. */
	term_cut(t, b, tail.s, MAX(t->columns - name - bar - 8 - 1, 0));
}

void view_line(const struct term *t, struct buf *b, const struct job *j, double now)
{
	_cleanup_(buf_release) struct buf line = BUF_INIT;
	buf_addf(&line, "%s: ", j->name ? j->name : j->id);
	add_state_word(&line, j);
	if (j->state == JOB_RUNNING)
		buf_addf(&line, "%.0f %%, ", floor(fraction(j) * 100));
	add_left(&line, j, now);
	view_detail(&line, j);
	if (j->state == JOB_FAILED && j->remedy)
		buf_addf(&line, " %s", j->remedy);
	term_cut(t, b, line.s, 2000);
}

void view_counts(struct buf *b, const int count[JOB_STATE_COUNT])
{
	static const enum job_state order[] = { JOB_RUNNING, JOB_PUBLISHING, JOB_QUEUED, JOB_HELD,
						JOB_DONE, JOB_FAILED, JOB_CANCELLED };
	size_t start = b->len;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (count[order[i]])
			buf_addf(b, "%s%d %s", b->len > start ? ", " : "", count[order[i]],
				 job_state_to_string(order[i]));
}
