/* QUEUE.html: one file without network or scripts, reloaded by the browser, light and
 * dark. Pure. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "report/status.h"
#include "report/text.h"

static const char head[] =
	"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
	"<meta http-equiv=\"refresh\" content=\"30\"><title>nmr-spool queue</title><style>"
	":root{color-scheme:light dark;--ink:#1b2530;--soft:#5b6875;--paper:#fff;--line:#dde3e9;--bar:#2b6cb0;"
	"--ok:#2f7d4f;--bad:#b3322b}"
	"@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--soft:#9aa7b4;--paper:#14191f;--line:#2c3540;"
	"--bar:#63a4e8;--ok:#6cc08b;--bad:#ef8a83}}"
	"body{font:16px/1.5 system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;color:var(--ink);"
	"background:var(--paper);margin:0 auto;max-width:62rem;padding:1.5rem}"
	"h1{font-size:1.4rem;margin:0 0 .2rem}p{color:var(--soft);margin:.2rem 0 1rem}"
	"table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.45rem .6rem;"
	"border-bottom:1px solid var(--line);vertical-align:top}th{font-size:.8rem;color:var(--soft);font-weight:600}"
	"td small{color:var(--soft);display:block;overflow-wrap:anywhere}a{color:inherit}"
	".bar{background:var(--line);border-radius:4px;height:8px;min-width:6rem;overflow:hidden;margin-top:.45rem}"
	".bar i{display:block;height:100%;background:var(--bar)}.done{color:var(--ok)}.failed{color:var(--bad)}"
	"@media(max-width:40rem){th:nth-child(4),td:nth-child(4){display:none}body{padding:1rem}}"
	"</style></head><body><h1>NMR queue</h1>";

static void count(struct buf *b, int n, const char *word, bool *first)
{
	if (n <= 0)
		return;
	buf_addf(b, "%s%d %s", *first ? "" : " · ", n, word);
	*first = false;
}

/* Each part of a relative link, percent-encoded. */
static void add_href(struct buf *b, const char *path)
{
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;
		bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr("-_./", c);
		buf_addf(b, plain ? "%c" : "%%%02X", c);
	}
}

static void add_row(struct buf *b, const struct report_queue_row *r)
{
	buf_adds(b, "<tr><td>");
	if (r->link) {
		buf_adds(b, "<a href=\"");
		add_href(b, r->link);
		buf_adds(b, "\">");
	}
	text_html(b, r->name);
	buf_addf(b, "%s<small>", r->link ? "</a>" : "");
	text_html(b, r->source);
	buf_addf(b, "</small></td><td class=\"%s\">%s", r->state, r->state);
	buf_adds(b, "</td><td>");
	if (str_eq(r->state, "running"))
		buf_addf(b, "<div class=\"bar\" role=\"progressbar\" aria-valuenow=\"%.0f\" aria-valuemin=\"0\" "
			    "aria-valuemax=\"100\"><i style=\"width:%.0f%%\"></i></div>", 100 * r->progress, 100 * r->progress);
	buf_adds(b, "<small>");
	text_html(b, r->detail ? r->detail : "");
	if (r->left_s >= 0 && str_eq(r->state, "running")) {
		buf_adds(b, r->detail && *r->detail ? "; about " : "about ");
		clock_words(b, r->left_s);
		buf_adds(b, " left");
	}
	buf_adds(b, "</small></td><td><small>");
	text_html(b, r->submitted);
	buf_adds(b, "</small></td></tr>\n");
}

void report_queue_html(const struct report_queue *q, struct buf *b)
{
	bool first = true;
	buf_adds(b, head);
	buf_adds(b, "<p>");
	count(b, q->running, "running", &first);
	count(b, q->queued, "waiting", &first);
	count(b, q->held, "held", &first);
	count(b, q->done, "done", &first);
	count(b, q->failed, "failed", &first);
	count(b, q->cancelled, "cancelled", &first);
	if (first)
		buf_adds(b, "Nothing here yet: copy a molecule file into the inbox.");
	buf_adds(b, "<br>");
	text_html(b, q->machine);
	buf_adds(b, " · written ");
	text_html(b, q->written);
	buf_adds(b, "</p>");
	if (q->nrows)
		buf_adds(b, "<table><thead><tr><th>Molecule</th><th>State</th><th>Progress</th><th>Dropped</th></tr>"
			    "</thead><tbody>\n");
	for (size_t i = 0; i < q->nrows; i++)
		add_row(b, &q->rows[i]);
	if (q->nrows)
		buf_adds(b, "</tbody></table>");
	int hidden = q->running + q->queued + q->held + q->done + q->failed + q->cancelled - (int)q->nrows;
	if (hidden > 0)
		buf_addf(b, "<p>and %d more; \"nmr status\" lists all.</p>", hidden);
	buf_adds(b, "</body></html>\n");
}
