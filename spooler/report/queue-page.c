/* QUEUE.html: the whole queue at a glance for whoever has only the share. Reloads
 * itself; shows the first rows_max rows and says how many more there are, so that
 * a hundred thousand jobs are still a small page.
 *
 * Pure; never logs. */
#include <string.h>

#include "base/clock.h"
#include "report/html-internal.h"
#include "report/status.h"
#include "report/text.h"

#define ROWS_MAX 500
#define REFRESH_S 30

static void count(struct buf *b, int n, const char *what)
{
	buf_addf(b, "<li><b>%d</b>%s</li>\n", n, what);
}

static void counts(const struct report_queue *q, struct buf *b)
{
	buf_adds(b, "<ul class=\"counts\">\n");
	count(b, q->running, "running");
	count(b, q->queued, "waiting");
	if (q->held)
		count(b, q->held, "held");
	count(b, q->done, "done");
	count(b, q->failed, "failed");
	if (q->cancelled)
		count(b, q->cancelled, "cancelled");
	buf_adds(b, "</ul>\n");
}

static void all_left(const struct report_queue *q, struct buf *b)
{
	if (q->left_s < 60 || q->running + q->queued == 0)
		return;
	buf_adds(b, "<p class=\"soft\">All of it takes about ");
	clock_words(b, q->left_s);
	buf_adds(b, ".</p>\n");
}

/* A relative path as a link: everything but what is plain in a URL is %-escaped,
 * so "javascript:" and "//host" are names of folders, not schemes or hosts. */
static void href(struct buf *b, const char *path)
{
	buf_adds(b, "<a href=\"./");
	for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
		bool plain = (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') || strchr("-._~/", *p);
		if (plain)
			buf_addc(b, (char)*p);
		else
			buf_addf(b, "%%%02X", *p);
	}
	buf_adds(b, "\">");
}

static void name_cell(struct buf *b, const struct report_queue_row *r)
{
	bool link = r->link && *r->link;
	buf_adds(b, "<tr><td class=\"name\">");
	if (link)
		href(b, r->link);
	text_html(b, r->name && *r->name ? r->name : "molecule");
	buf_adds(b, link ? "</a>" : "");
	if (r->source && *r->source && !str_eq(r->source, r->name)) {
		buf_adds(b, "<span class=\"why\">");
		text_html(b, r->source);
		buf_adds(b, "</span>");
	}
	buf_adds(b, "</td>");
}

/* The state's own word is a class; an unknown one has none. */
static void state_cell(struct buf *b, const struct report_queue_row *r)
{
	static const char *const known[][2] = { { "queued", "waiting" }, { "running", "running" },
						{ "publishing", "publishing" }, { "done", "done" }, { "failed", "failed" },
						{ "cancelled", "cancelled" }, { "held", "held" } };
	const char *class = "", *word = r->state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_eq(r->state, known[i][0])) {
			class = known[i][0];
			word = known[i][1];
		}
	buf_addf(b, "<td><span class=\"s-%s\">", class);
	text_html(b, word);
	buf_adds(b, "</span>");
	if (r->detail && *r->detail) {
		buf_adds(b, "<span class=\"why\">");
		text_html(b, r->detail);
		buf_adds(b, "</span>");
	}
	buf_adds(b, "</td>");
}

static void progress_cells(struct buf *b, const struct report_queue_row *r)
{
	_cleanup_(buf_release) struct buf left = BUF_INIT;
	bool active = str_eq(r->state, "running") || str_eq(r->state, "publishing");
	double p = r->progress > 1 ? 1 : r->progress;
	buf_adds(b, "<td class=\"nowrap\">");
	if (active && r->progress >= 0)
		buf_addf(b, "<progress max=\"100\" value=\"%.0f\"></progress>%d %%", p * 100, MIN((int)(p * 100), 99));
	buf_adds(b, "</td><td class=\"nowrap\">");
	if (active && r->left_s >= 0) {
		clock_words(&left, r->left_s);
		buf_addf(b, "about %s left", left.s);
	}
	buf_adds(b, "</td>");
}

static void row(struct buf *b, const struct report_queue_row *r)
{
	name_cell(b, r);
	state_cell(b, r);
	progress_cells(b, r);
	buf_adds(b, "<td class=\"soft nowrap\">");
	text_html(b, r->submitted);
	buf_adds(b, "</td></tr>\n");
}

static void table(const struct report_queue *q, size_t shown, struct buf *b)
{
	if (shown == 0) {
		buf_adds(b, "<p class=\"soft\">Nothing here yet. Copy a molecule file into the inbox.</p>\n");
		return;
	}
	buf_adds(b, "<table>\n<thead><tr><th>Molecule</th><th>State</th><th>Progress</th><th>Time</th><th>Submitted</th></tr>"
		    "</thead>\n<tbody>\n");
	for (size_t i = 0; i < shown; i++)
		row(b, &q->rows[i]);
	buf_adds(b, "</tbody></table>\n");
}

static void rest(const struct report_queue *q, size_t shown, struct buf *b)
{
	long all = (long)q->running + q->queued + q->held + q->done + q->failed + q->cancelled;
	long more = MAX(all, (long)q->nrows) - (long)shown;
	if (more > 0)
		buf_addf(b, "<p class=\"soft\">and %ld more, not shown</p>\n", more);
}

void report_queue_html(const struct report_queue *q, struct buf *b)
{
	size_t shown = MIN(q->nrows, q->rows_max ? q->rows_max : (size_t)ROWS_MAX);
	html_head(b, "NMR queue", html_style_queue, q->refresh_s > 0 ? q->refresh_s : REFRESH_S);
	buf_adds(b, "<main>\n<h1>NMR queue</h1>\n<p class=\"soft\">As of ");
	text_html(b, q->written ? q->written : "?");
	buf_adds(b, "; this page reloads itself.</p>\n");
	if (q->notice && *q->notice)
		html_elem(b, "div", "class=\"notice\" role=\"alert\"", q->notice);
	counts(q, b);
	all_left(q, b);
	table(q, shown, b);
	rest(q, shown, b);
	if (q->machine)
		html_elem(b, "p", "class=\"soft\"", q->machine);
	buf_adds(b, "<p class=\"soft\">To cancel a job, put a file called <code>cancel</code> into its .running folder; to let a "
		    "held one run, a file called <code>release</code>; to run a failed one again, a file called <code>retry</code> into "
		    "its .failed folder.</p>\n</main>\n</body>\n</html>\n");
}
