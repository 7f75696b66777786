/* STATUS.txt, FAILED.txt and summary.csv.
 *
 * The texts are read in Notepad on a Windows share as often as in a terminal: CRLF,
 * at most 78 columns, no drawing characters that a fixed font may lack. What the
 * person can do (cancel, retry) is always in the text itself.
 *
 * Pure; never logs. */
#include "report/status.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "report/doc.h"
#include "report/text.h"

#define WIDTH 78
#define EOL "\r\n"
#define KEY_COLUMNS 12

static const char *or_empty(const char *s) { return s ? s : ""; }

static void field(struct buf *b, const char *key, const char *value)
{
	_cleanup_(buf_release) struct buf first = BUF_INIT;
	if (!value || !*value)
		return;
	text_pad(&first, key, KEY_COLUMNS, false);
	text_wrap(b, value, first.s, WIDTH, EOL);
}

static void heading(struct buf *b, const char *text)
{
	buf_addf(b, EOL "%s" EOL, text);
	for (size_t i = text_width(text); i > 0; i--)
		buf_addc(b, '-');
	buf_adds(b, EOL);
}

static void title(struct buf *b, const char *name, const char *state)
{
	_cleanup_free_ char *s = text_line_new(name && *name ? name : "molecule", 50);
	_cleanup_free_ char *t = xasprintf("%s: %s", s, or_empty(state));
	_cleanup_free_ char *head = text_line_new(t, WIDTH);
	buf_addf(b, "%s" EOL, head);
	for (size_t i = text_width(head); i > 0; i--)
		buf_addc(b, '=');
	buf_adds(b, EOL EOL);
}

static size_t option_columns(const struct report_option *o, size_t n)
{
	size_t w = 0;
	for (size_t i = 0; i < n; i++)
		w = MAX(w, text_width(o[i].name));
	return MIN(w, (size_t)24);
}

/* One option a line: name = value, and where it came from. */
static void options(struct buf *b, const struct report_option *o, size_t n)
{
	size_t w = option_columns(o, n);
	if (n == 0)
		return;
	heading(b, "Options and where each came from");
	for (size_t i = 0; i < n; i++) {
		_cleanup_(buf_release) struct buf first = BUF_INIT;
		_cleanup_free_ char *value = text_line_new(o[i].value, 0);
		_cleanup_free_ char *origin = text_line_new(o[i].origin, 0);
		_cleanup_(buf_release) struct buf rest = BUF_INIT;
		buf_adds(&first, "  ");
		text_pad(&first, o[i].name, w, false);
		buf_adds(&first, " = ");
		text_pad(&rest, *value ? value : "-", MAX(text_width(value), (size_t)14), false);
		if (*origin)
			buf_addf(&rest, " (%s)", origin);
		if (text_width(first.s) + text_width(rest.s) <= WIDTH)
			buf_addf(b, "%s%s" EOL, first.s, rest.s);
		else
			text_wrap(b, rest.s, first.s, WIDTH, EOL);
	}
}

/* ---- STATUS.txt */

static void bar(struct buf *b, double progress)
{
	const int cells = 40;
	double p = progress > 1 ? 1 : progress;
	int full = (int)lround(p * cells);
	if (!(progress >= 0))
		return;
	buf_adds(b, "[");
	for (int i = 0; i < cells; i++)
		buf_addc(b, i < full ? '#' : '.');
	/* 100 % is only said when it is true. */
	buf_addf(b, "] %d %%" EOL EOL, progress >= 1 ? 100 : MIN((int)(p * 100), 99));
}

static void status_stage(const struct report_status *s, struct buf *b)
{
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	if (!s->stage || !*s->stage)
		return;
	text_line(&t, s->stage, 0);
	if (s->stage_n > 0 && s->stage_of > 0)
		buf_addf(&t, " (stage %d of %d)", s->stage_n, s->stage_of);
	if (s->steps_total > 1)
		buf_addf(&t, ", %d of %d steps done", s->steps_done, s->steps_total);
	field(b, "Now:", t.s);
	field(b, "", s->detail);
}

static void status_times(const struct report_status *s, struct buf *b)
{
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	if (s->elapsed_s >= 0) {
		clock_words(&t, s->elapsed_s);
		field(b, "Elapsed:", t.s);
	}
	buf_clear(&t);
	if (s->left_s >= 0) {
		buf_adds(&t, "about ");
		clock_words(&t, s->left_s);
		buf_adds(&t, " (an estimate)");
		field(b, "Left:", t.s);
	} else
		field(b, "Left:", "not known yet");
}

void report_status_text(const struct report_status *s, struct buf *b)
{
	title(b, s->name, s->state);
	bar(b, s->progress);
	status_stage(s, b);
	field(b, "Because:", s->reason);
	status_times(s, b);
	field(b, "File:", s->source);
	field(b, "Id:", s->id);
	field(b, "Submitted:", s->submitted);
	field(b, "Written:", s->written);
	if (s->nwarnings)
		heading(b, "Warnings");
	for (size_t i = 0; i < s->nwarnings; i++)
		text_wrap(b, s->warnings[i], "  ! ", WIDTH, EOL);
	options(b, s->options, s->noptions);
	heading(b, "To cancel");
	text_wrap(b, "Put a file called \"cancel\" into this folder (any extension will do: cancel.txt). "
		     "This folder goes away by itself when the result is there.", "  ", WIDTH, EOL);
}

/* ---- FAILED.txt */

static void part(struct buf *b, const char *head, const char *text)
{
	if (!text || !*text)
		return;
	heading(b, head);
	text_wrap(b, text, "  ", WIDTH, EOL);
}

/* The engine's own words: lines as they are, cut at the width. */
static void log_lines(struct buf *b, const char *log)
{
	if (!log || !*log)
		return;
	heading(b, "The program's last words");
	for (const char *p = log; *p;) {
		size_t n = strcspn(p, "\n"), blank = strspn(p, " ");
		_cleanup_free_ char *raw = xstrndup(p, n);
		_cleanup_free_ char *line = text_line_new(raw, WIDTH - 2 - MIN(blank, (size_t)30));
		if (*line)
			buf_addf(b, "  %*s%s" EOL, (int)MIN(blank, (size_t)30), "", line);
		p += n + (p[n] == '\n');
	}
}

void report_failed_text(const struct report_failure *f, struct buf *b)
{
	title(b, f->name, "no result");
	field(b, "File:", f->source);
	field(b, "Id:", f->id);
	field(b, "Stage:", f->stage);
	field(b, "Written:", f->written);
	part(b, "What happened", f->what);
	part(b, "Why", f->why);
	if (f->remedy || !f->no_retry)
		heading(b, "What to do");
	if (f->remedy && *f->remedy)
		text_wrap(b, f->remedy, "  ", WIDTH, EOL);
	if (f->remedy && *f->remedy && !f->no_retry)
		buf_adds(b, EOL);
	if (!f->no_retry)
		text_wrap(b, "To run it again as it is, put a file called \"retry\" into this folder (any extension will do: "
			     "retry.txt). To run a corrected structure, copy it into the inbox.", "  ", WIDTH, EOL);
	options(b, f->options, f->noptions);
	log_lines(b, f->log_tail);
}

/* ---- summary.csv */

/* "3.68 (2H); 1.23 (3H)", those that the solvent hides left out. */
static void shift_list(const json_t *result, enum doc_nucleus n, struct buf *b)
{
	_cleanup_(doc_signals_release) struct doc_signals s;
	bool first = true;
	doc_signals(result, n, &s);
	for (size_t i = 0; i < s.n; i++) {
		const struct doc_signal *e = &s.item[i];
		if (e->exchanged)
			continue;
		buf_adds(b, first ? "" : "; ");
		text_number(b, e->shift, doc_digits(n), false);
		if (n == DOC_1H)
			buf_addf(b, " (%zuH%s)", e->natoms, e->exchangeable ? ", exchangeable" : "");
		else if (e->natoms > 1)
			buf_addf(b, " (%zuC)", e->natoms);
		first = false;
	}
}

static void summary_row(const struct report_summary_row *r, struct buf *b)
{
	_cleanup_(buf_release) struct buf h = BUF_INIT, c = BUF_INIT;
	const json_t *mol = json_object_get(r->result, "molecule");
	if (r->result) {
		shift_list(r->result, DOC_1H, &h);
		shift_list(r->result, DOC_13C, &c);
	}
	const char *cells[] = { r->name, r->state, json_str(mol, "smiles", ""), doc_formula(r->result), r->folder,
				h.s, c.s, r->reason,
				!r->result ? "" : doc_all_calibrated(r->result) ? "scaled" : "uncalibrated" };
	buf_addf(b, "%d", r->n);
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
		buf_addc(b, ',');
		text_csv(b, cells[i]);
	}
	buf_adds(b, EOL);
}

void report_summary_csv(const struct report_summary_row *rows, size_t n, struct buf *b)
{
	buf_adds(b, "\xEF\xBB\xBFn,name,status,SMILES,formula,folder,1H shifts,13C shifts,reason,calibration" EOL);
	for (size_t i = 0; i < n; i++)
		summary_row(&rows[i], b);
}
