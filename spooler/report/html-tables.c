/* The tables of the report. A number that is not known is a dash with its reason
 * below the table, never an empty cell.
 *
 * Pure; never logs. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "report/html-internal.h"
#include "report/text.h"

static void cell(struct buf *b, const char *attributes, const char *text)
{
	buf_addf(b, "<td%s%s>", *attributes ? " " : "", attributes);
	text_html(b, text);
	buf_adds(b, "</td>");
}

static void number_cell(struct buf *b, double v, int digits)
{
	_cleanup_free_ char *s = text_number_new(v, digits);
	cell(b, "class=\"n\"", s);
}

static void seconds_cell(struct buf *b, double s)
{
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	if (s >= 0 && s < 10)
		buf_addf(&t, "%.1f s", s);
	else
		clock_words(&t, s);
	cell(b, "class=\"n\"", t.s);
}

/* ---- shifts */

/* Reasons why an uncertainty is missing, each once; a, b, c ... below the table. */
#define REASONS_MAX 26
struct reasons { const char *text[REASONS_MAX]; size_t n; };

static int reason_index(struct reasons *r, const char *text)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->text[i], text))
			return (int)i;
	if (!text || !*text || r->n == REASONS_MAX)
		return -1;
	r->text[r->n] = text;
	return (int)r->n++;
}

static void uncertainty_cell(struct buf *b, const struct doc_signal *s, int digits, struct reasons *r)
{
	if (isfinite(s->uncertainty)) {
		_cleanup_free_ char *t = xasprintf("± %.*f", digits, s->uncertainty);
		cell(b, "class=\"n\"", t);
		return;
	}
	int i = reason_index(r, s->reason);
	buf_adds(b, "<td class=\"n\">–");
	if (i >= 0)
		buf_addf(b, "<sup class=\"r\">%c</sup>", 'a' + i);
	buf_adds(b, "</td>");
}

static void type_cell(struct buf *b, const json_t *result, const struct doc_signal *s)
{
	buf_adds(b, "<td>");
	html_chem(b, s->type);
	if (s->exchanged) {
		buf_adds(b, " <span class=\"tag\">not seen in ");
		html_chem(b, doc_solvent(result));
		buf_adds(b, "</span>");
	} else if (s->exchangeable)
		buf_adds(b, " <span class=\"tag\">exchangeable</span>");
	buf_adds(b, "</td>");
}

static void shift_row(struct buf *b, const json_t *result, enum doc_nucleus n, const struct doc_signal *s,
		      struct reasons *r)
{
	_cleanup_(buf_release) struct buf atoms = BUF_INIT;
	doc_atoms(&atoms, s->atoms, ", ", true);
	buf_addf(b, "<tr%s>", s->exchanged ? " class=\"ex gone\"" : s->exchangeable ? " class=\"ex\"" : "");
	cell(b, "class=\"nowrap\"", s->label);
	number_cell(b, s->shift, doc_digits(n));
	uncertainty_cell(b, s, doc_digits(n), r);
	buf_addf(b, "<td class=\"n\">%zu%s</td>", s->natoms, n == DOC_1H ? "H" : "C");
	type_cell(b, result, s);
	cell(b, "", atoms.s);
	buf_adds(b, "</tr>\n");
}

/* Does any signal have an uncertainty? */
static bool shift_table(const json_t *result, enum doc_nucleus n, struct buf *b)
{
	bool any = false;
	_cleanup_(doc_signals_release) struct doc_signals s;
	struct reasons r = { .n = 0 };
	doc_signals(result, n, &s);
	if (s.n == 0)
		return false;
	buf_addf(b, "<section>\n<h3>%s</h3>\n<div class=\"scroll\"><table>\n<thead><tr><th>Signal</th><th class=\"n\">"
		    "δ / ppm</th><th class=\"n\">Uncertainty</th><th class=\"n\">Nuclei</th><th>Type</th><th>Atoms</th></tr>"
		    "</thead>\n<tbody>\n",
		 n == DOC_1H ? "¹H" : "¹³C");
	for (size_t i = 0; i < s.n; i++) {
		shift_row(b, result, n, &s.item[i], &r);
		any = any || isfinite(s.item[i].uncertainty);
	}
	buf_adds(b, "</tbody></table></div>\n");
	if (r.n)
		buf_adds(b, "<ul class=\"notes\">\n");
	for (size_t i = 0; i < r.n; i++) {
		buf_addf(b, "<li><sup class=\"r\">%c</sup> ", (char)('a' + i));
		text_html(b, r.text[i]);
		buf_adds(b, "</li>\n");
	}
	buf_adds(b, r.n ? "</ul>\n</section>\n" : "</section>\n");
	return any;
}

void html_shifts(const json_t *result, struct buf *b)
{
	buf_adds(b, "<div class=\"pair\">\n");
	bool hydrogens = shift_table(result, DOC_1H, b), carbons = shift_table(result, DOC_13C, b);
	buf_adds(b, "</div>\n");
	if (hydrogens || carbons)
		buf_adds(b, "<p class=\"notes\">± is a typical error, not a limit: about two of three shifts should lie within "
			    "it.</p>\n");
}

/* ---- conformers */

static void conformer_row(struct buf *b, const json_t *c)
{
	double p = json_num(c, "population", NAN), percent = isfinite(p) ? 100 * fmin(fmax(p, 0), 1) : 0;
	buf_addf(b, "<tr><td>%lld</td>", json_int(c, "id", 0));
	number_cell(b, json_num(c, "energy_kcal", NAN), 2);
	buf_addf(b, "<td class=\"nowrap\"><span class=\"bar\"><i style=\"width:%.1f%%\"></i></span>", percent);
	_cleanup_free_ char *text = text_number_new(100 * p, 1);
	buf_addf(b, "%s %%</td>", text);
	buf_addf(b, "<td class=\"n\">%.4g</td>", json_num(c, "degeneracy", 1));
	number_cell(b, json_num(c, "energy_hartree", NAN), 6);
	buf_adds(b, "</tr>\n");
}

static void search_row(struct buf *b, const json_t *s)
{
	static const struct { const char *id, *words; } names[] = {
		{ "conformers", "Search" }, { "rank", "Ranked" }, { "screen", "Compared by single points" },
		{ "optimise", "Optimised" }, { "weigh", "Weighed" }, { "shield", "Shieldings" },
	};
	static const struct { const char *key, *words; } losses[] = {
		{ "failed", "could not be computed" }, { "changed", "were no longer the molecule" },
		{ "merged", "were the same as another" }, { "cut", "were cut" },
	};
	const char *id = json_str(s, "stage", ""), *words = id;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		words = str_eq(names[i].id, id) ? names[i].words : words;
	_cleanup_(buf_release) struct buf why = BUF_INIT;
	for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
		long long n = json_int(s, losses[i].key, 0);
		if (n > 0)
			buf_addf(&why, "%s%lld %s", why.len ? ", " : "", n, losses[i].words);
	}
	double window = json_num(s, "window_kcal", 0), lost = json_num(s, "population_lost", 0);
	if (json_int(s, "cut", 0) > 0 && window > 0)
		buf_addf(&why, " (within %.1f kcal/mol, lowest first)", window);
	if (json_num(s, "number_lost", 0) >= 0.0005)
		buf_addf(&why, "; %.1f %% of the geometries", 100 * json_num(s, "number_lost", 0));
	if (lost >= 0.0005)
		buf_addf(&why, "; about %.1f %% of the population", 100 * lost);
	buf_adds(b, "<tr>");
	cell(b, "class=\"nowrap\"", words);
	cell(b, "", json_str(s, "level", ""));
	buf_addf(b, "<td class=\"n\">%lld</td><td class=\"n\">%lld</td>", json_int(s, "in", 0), json_int(s, "out", 0));
	cell(b, "class=\"soft\"", why.len ? why.s : "–");
	buf_adds(b, "</tr>\n");
}

/* How the conformers above were chosen, and what of the ensemble was lost on the way. */
static void search_table(const json_t *result, struct buf *b)
{
	const json_t *list = json_arr(result, "conformer_search");
	if (json_array_size(list) == 0)
		return;
	buf_adds(b, "<div class=\"scroll\"><table>\n<thead><tr><th>Stage</th><th>With</th><th class=\"n\">Came</th>"
		    "<th class=\"n\">Left</th><th>Left out</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < json_array_size(list); i++)
		search_row(b, json_array_get(list, i));
	buf_adds(b, "</tbody></table></div>\n");
}

void html_conformers(const json_t *result, struct buf *b)
{
	const json_t *list = json_arr(result, "conformers");
	bool free_energy = json_is_number(json_object_get(json_array_get(list, 0), "gibbs_kcal"));
	buf_addf(b, "<div class=\"scroll\"><table>\n<thead><tr><th>Conformer</th><th class=\"n\">Δ%s / kcal mol⁻¹</th>", free_energy ? "G" : "E");
	buf_adds(b, "<th>Population</th><th class=\"n\">Degeneracy</th><th class=\"n\">E / hartree</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < json_array_size(list); i++)
		conformer_row(b, json_array_get(list, i));
	const char *weights = json_str(doc_level(result), "weights", NULL);
	buf_addf(b, "</tbody></table></div>\n<ul class=\"notes\"><li>Boltzmann weights at %.2f K",
		 json_num(doc_level(result), "temperature_k", 298.15));
	if (weights) {
		buf_adds(b, " from ");
		text_html(b, weights);
	}
	buf_adds(b, "; geometries: ");
	text_html(b, json_str(doc_level(result), "geometry", "?"));
	buf_adds(b, "</li></ul>\n");
	search_table(result, b);
}

/* ---- options, programs, timings */

void html_options(const json_t *result, struct buf *b)
{
	const json_t *o;
	size_t i;
	buf_adds(b, "<div class=\"scroll\"><table>\n<thead><tr><th>Option</th><th>Value</th><th>From</th></tr></thead>\n"
		    "<tbody>\n");
	json_array_foreach(json_arr(result, "options"), i, o) {
		const char *value = json_str(o, "value", "");
		buf_adds(b, "<tr>");
		cell(b, "class=\"nowrap\"", json_str(o, "name", ""));
		cell(b, "", *value ? value : "–");
		cell(b, "class=\"soft\"", json_str(o, "origin", ""));
		buf_adds(b, "</tr>\n");
	}
	buf_adds(b, "</tbody></table></div>\n");
}

void html_programs(const json_t *result, struct buf *b)
{
	json_t *programs = json_object_get(doc_level(result), "programs"), *v;
	const char *key;
	buf_adds(b, "<dl>\n");
	json_object_foreach(programs, key, v) {
		html_elem(b, "dt", "", key);
		html_elem(b, "dd", "", json_string_value(v));
	}
	buf_adds(b, "</dl>\n");
}

static void stage_row(struct buf *b, const json_t *s)
{
	long long steps = json_int(s, "steps", 0), cached = json_int(s, "cached", 0);
	buf_adds(b, "<tr>");
	cell(b, "", json_str(s, "stage", ""));
	buf_addf(b, "<td class=\"n\">%lld</td><td class=\"n\">%lld</td>", steps, cached);
	seconds_cell(b, json_num(s, "wall_s", NAN));
	seconds_cell(b, json_num(s, "cpu_s", NAN));
	buf_adds(b, "</tr>\n");
}

void html_timing(const json_t *result, struct buf *b)
{
	const json_t *t = json_object_get(result, "timing"), *s;
	size_t i;
	buf_adds(b, "<div class=\"scroll\"><table>\n<thead><tr><th>Stage</th><th class=\"n\">Runs</th><th class=\"n\">"
		    "From store</th><th class=\"n\">Elapsed</th><th class=\"n\">CPU</th></tr></thead>\n<tbody>\n");
	json_array_foreach(json_arr(t, "stages"), i, s)
		stage_row(b, s);
	buf_adds(b, "<tr><th>All</th><td></td><td></td>");
	seconds_cell(b, json_num(t, "wall_s", NAN));
	seconds_cell(b, json_num(t, "cpu_s", NAN));
	buf_adds(b, "</tr>\n</tbody></table></div>\n");
}

static void step_row(struct buf *b, const json_t *s)
{
	_cleanup_free_ char *program = xasprintf("%s %s", json_str(s, "program", ""), json_str(s, "version", ""));
	buf_adds(b, "<tr><td>");
	text_html(b, json_str(s, "label", json_str(s, "stage", "")));
	buf_adds(b, "<br><code>");
	text_html(b, json_str(s, "command", ""));
	buf_adds(b, "</code></td>");
	cell(b, "", program);
	buf_addf(b, "<td class=\"n\">%lld</td>", json_int(s, "ranks", 1));
	seconds_cell(b, json_num(s, "wall_s", NAN));
	const char *failed = json_str(s, "failed", NULL);
	_cleanup_free_ char *remark = failed ? xasprintf("failed: %s", failed) : NULL;
	cell(b, "", remark ? remark : json_flag(s, "cached", false) ? "from store" : "");
	buf_adds(b, "</tr>\n");
}

void html_steps(const json_t *result, struct buf *b)
{
	const json_t *list = json_arr(result, "steps");
	if (json_array_size(list) == 0)
		return;
	buf_addf(b, "<details><summary>Every run (%zu)</summary>\n<div class=\"scroll\"><table>\n<thead><tr><th>Run</th>"
		    "<th>Program</th><th class=\"n\">Ranks</th><th class=\"n\">Elapsed</th><th></th></tr></thead>\n<tbody>\n",
		 json_array_size(list));
	for (size_t i = 0; i < json_array_size(list); i++)
		step_row(b, json_array_get(list, i));
	buf_adds(b, "</tbody></table></div></details>\n");
}
