/* report.html: one file, whole in itself. The order is the reader's: what it is,
 * what to beware of, the spectra, the numbers, how they were made.
 *
 * Strings of the document are escaped without exception; the drawing, which comes
 * as SVG, is shown as an image (data URI), where nothing in it can run. The page's
 * policy allows neither scripts nor the network.
 *
 * Pure; never logs. */
#include "report/html.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/html-internal.h"
#include "report/si.h"
#include "report/spectrum.h"
#include "report/text.h"

/* ---- what it is */

static void head(const json_t *result, struct buf *b)
{
	const json_t *l = doc_level(result);
	buf_adds(b, "<header class=\"top\">\n");
	html_elem(b, "h1", "", doc_name(result));
	buf_adds(b, "<p class=\"lead\">Predicted NMR spectra of <b>");
	html_chem(b, *doc_formula(result) ? doc_formula(result) : "the molecule");
	buf_adds(b, "</b> in <b>");
	html_chem(b, doc_solvent(result));
	buf_adds(b, "</b>, preset ");
	text_html(b, json_str(l, "preset", "?"));
	buf_adds(b, "</p>\n</header>\n");
}

static void loud(const json_t *result, struct buf *b)
{
	if (doc_all_calibrated(result))
		return;
	bool one = doc_calibrated(result, DOC_1H) || doc_calibrated(result, DOC_13C);
	const char *which = !one ? "All shifts" : doc_calibrated(result, DOC_1H) ? "The ¹³C shifts" : "The ¹H shifts";
	buf_addf(b, "<div class=\"box loud\" role=\"note\"><p><b>UNCALIBRATED.</b> %s are relative to TMS and benzene computed "
		    "at the same level. No calibration holds for this combination of geometry, level and solvent: expect "
		    "systematic errors, and no uncertainty can be given.</p></div>\n", which);
}

static void warnings(const json_t *result, struct buf *b)
{
	size_t i = 0;
	const char *w = doc_warning(result, &i, false);
	if (!w)
		return;
	buf_adds(b, "<div class=\"box\" role=\"note\"><ul>\n");
	for (; w; w = doc_warning(result, &i, false))
		html_elem(b, "li", "", w);
	buf_adds(b, "</ul></div>\n");
}

static void term(struct buf *b, const char *name, const char *value, bool chem)
{
	if (!value || !*value)
		return;
	buf_addf(b, "<dt>%s</dt><dd>", name);
	if (chem)
		html_chem(b, value);
	else
		text_html(b, value);
	buf_adds(b, "</dd>\n");
}

static void code_term(struct buf *b, const char *name, const char *value)
{
	if (!*value)
		return;
	buf_addf(b, "<dt>%s</dt><dd><code>", name);
	text_html(b, value);
	buf_adds(b, "</code></dd>\n");
}

/* A big drawing needs the whole width to be read: told by its own size in pixels. */
static bool is_wide(const char *svg)
{
	const char *w = strstr(svg, "width=");
	return w && strtod(w + strlen("width='"), NULL) > 620;
}

static void drawing(const json_t *result, struct buf *b)
{
	const char *svg = json_str(result, "structure_svg", "");
	if (!*svg)
		return;
	buf_adds(b, "<figure><img alt=\"Structure with atom numbers and carbon shifts\" src=\"data:image/svg+xml;base64,");
	text_base64(b, svg, strlen(svg));
	buf_adds(b, "\">\n<figcaption>Atom numbers of the file; carbon shifts in ppm.</figcaption></figure>\n");
}

static void identity(const json_t *result, struct buf *b)
{
	const json_t *m = json_object_get(result, "molecule"), *l = doc_level(result);
	_cleanup_free_ char *mass = xasprintf("%.2f g/mol", json_num(m, "mass", NAN));
	_cleanup_free_ char *charge = xasprintf("%+lld", json_int(m, "charge", 0));
	_cleanup_free_ char *h = doc_level_text(result, DOC_1H), *c = doc_level_text(result, DOC_13C);
	_cleanup_free_ char *temperature = xasprintf("%.2f K", json_num(l, "temperature_k", NAN));
	const char *name = json_str(l, "solvent_name", ""), *d = json_str(l, "deuterated", NULL);
	_cleanup_free_ char *solvent = d ? xasprintf("%s (%s)", name, d) : xstrdup(name);
	buf_adds(b, "<dl>\n");
	term(b, "Formula", doc_formula(result), true);
	term(b, "Mass", isfinite(json_num(m, "mass", NAN)) ? mass : NULL, false);
	term(b, "Charge", json_int(m, "charge", 0) ? charge : NULL, false);
	code_term(b, "SMILES", json_str(m, "smiles", ""));
	code_term(b, "InChIKey", json_str(m, "inchikey", ""));
	term(b, "Solvent", solvent, true);
	term(b, str_eq(h, c) ? "Level" : "Level, ¹H", h, false);
	term(b, "Level, ¹³C", str_eq(h, c) ? NULL : c, false);
	term(b, "Temperature", isfinite(json_num(l, "temperature_k", NAN)) ? temperature : NULL, false);
	buf_addf(b, "<dt>Conformers</dt><dd>%zu</dd>\n</dl>\n", json_array_size(json_arr(result, "conformers")));
}

/* ---- spectra */

static void spectrum(const json_t *result, enum doc_nucleus n, struct buf *b)
{
	_cleanup_(buf_release) struct buf line = BUF_INIT;
	report_acs_line(result, doc_nucleus_key(n), &line);
	buf_adds(b, "<figure class=\"spectrum\">\n");
	report_spectrum_svg(result, doc_nucleus_key(n), b);
	buf_adds(b, "<figcaption>");
	text_html(b, line.s);
	buf_adds(b, "</figcaption>\n</figure>\n");
}

/* ---- how it was made */

static void offsets(const json_t *list, struct buf *b)
{
	const char *kind;
	json_t *v;
	bool any = false;
	json_object_foreach((json_t *)list, kind, v) {
		double x = json_number_value(v);
		buf_adds(b, any ? ", " : ", by kind of carbon (X: a heteroatom) ");
		text_html(b, kind);
		buf_addf(b, " %s%.2f", x < 0 ? "−" : "+", fabs(x));
		any = true;
	}
}

static void calibration(const json_t *result, enum doc_nucleus n, struct buf *b)
{
	const json_t *c = doc_calibration(result, n);
	if (!c)
		return;
	buf_addf(b, "<dt>%s</dt><dd>", doc_nucleus_text(n));
	if (doc_calibrated(result, n)) {
		_cleanup_free_ char *slope = text_number_new(json_num(c, "slope", NAN), 5);
		_cleanup_free_ char *rmsd = text_number_new(json_num(c, "rmsd", NAN), 2);
		double intercept = json_num(c, "intercept", NAN);
		buf_addf(b, "δ = %s σ %s %.4f", slope, intercept < 0 ? "−" : "+", fabs(intercept));
		offsets(json_object_get(c, "offsets"), b);
		buf_addf(b, "; RMSD %s ppm", rmsd);
		if (json_is_number(json_object_get(c, "lomo")))
			buf_addf(b, ", %.2f ppm when each molecule is predicted by a fit to the others", json_num(c, "lomo", NAN));
		buf_addf(b, ", n = %lld; ", json_int(c, "n", 0));
		if (doc_is_transferred(result, n))
			buf_adds(b, "of another solvent (chloroform); ");
	}
	text_html(b, json_str(c, "text", ""));
	buf_adds(b, "</dd>\n");
}

static void references(const json_t *result, struct buf *b)
{
	const json_t *list = json_arr(result, "references");
	if (json_array_size(list) == 0)
		return;
	buf_adds(b, "<h2>References</h2>\n<ol class=\"refs\">\n");
	for (size_t i = 0; i < json_array_size(list); i++)
		html_elem(b, "li", "", json_string_value(json_array_get(list, i)));
	buf_adds(b, "</ol>\n");
}

static void method(const json_t *result, struct buf *b)
{
	buf_adds(b, "<h2>Method</h2>\n");
	html_elem(b, "p", "", json_str(result, "methods_text", "–"));
	buf_adds(b, "<h3>From shieldings to shifts</h3>\n<dl>\n");
	calibration(result, DOC_1H, b);
	calibration(result, DOC_13C, b);
	buf_adds(b, "</dl>\n<div class=\"pair\">\n<section>\n<h3>Options and where each came from</h3>\n");
	html_options(result, b);
	buf_adds(b, "</section>\n<section>\n<h3>Times</h3>\n");
	html_timing(result, b);
	buf_adds(b, "<h3>Programs</h3>\n");
	html_programs(result, b);
	buf_adds(b, "</section>\n</div>\n");
	html_steps(result, b);
}

static const struct { const char *name, *what; } files[] = {
	{ "shifts.csv", "shifts, for a spreadsheet" },
	{ "shifts.json", "shifts, for a program" },
	{ "shieldings.csv", "every nucleus of every conformer" },
	{ "SI.txt", "text for the supporting information" },
	{ "spectrum-1H.svg", "¹H spectrum (also .png, 300 dpi)" },
	{ "spectrum-13C.svg", "¹³C spectrum (also .png, 300 dpi)" },
	{ "spectrum-1H.jdx", "¹H spectrum as data (JCAMP-DX)" },
	{ "spectrum-13C.jdx", "¹³C spectrum as data (JCAMP-DX)" },
	{ "structure.svg", "the drawing (also .png)" },
	{ "geometry.sdf", "lowest geometry (also .xyz)" },
	{ "conformers.sdf", "all geometries, with energies and populations" },
	{ "nmredata.sdf", "shifts assigned to atoms (NMReDATA)" },
	{ "provenance.json", "versions, options, timings" },
	{ "raw/", "inputs and outputs of the programs" },
	{ "input/", "the file as it was dropped" },
};

static void file_list(struct buf *b)
{
	buf_adds(b, "<h2>Files beside this one</h2>\n<ul class=\"files\">\n");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		buf_addf(b, "<li><a href=\"%s\">%s</a> <span class=\"soft\">%s</span></li>\n", files[i].name, files[i].name,
			 files[i].what);
	buf_adds(b, "</ul>\n");
}

/* "2026-01-31T12:00:00Z" -> "2026-01-31 12:00 UTC" */
static void when(struct buf *b, const char *label, const char *iso)
{
	if (strlen(iso) < 16)
		return;
	_cleanup_free_ char *t = xasprintf("%.10s %.5s UTC", iso, iso + 11);
	buf_addf(b, " · %s ", label);
	text_html(b, t);
}

static void foot(const json_t *result, struct buf *b)
{
	const json_t *t = json_object_get(result, "timing"), *in = json_object_get(result, "input");
	long long record = json_int(result, "record", 0);
	buf_adds(b, "<footer>From <b>");
	text_html(b, json_str(result, "source", "?"));
	buf_adds(b, "</b>");
	if (record > 0)
		buf_addf(b, ", record %lld", record);
	buf_adds(b, " · job ");
	text_html(b, json_str(result, "id", "?"));
	when(b, "submitted", json_str(t, "submitted", ""));
	when(b, "finished", json_str(t, "finished", ""));
	buf_adds(b, "<br>SHA-256 of the file <code>");
	text_html(b, json_str(in, "sha256", "?"));
	buf_adds(b, "</code></footer>\n");
}

int report_html(const json_t *result, struct buf *b)
{
	if (!json_is_object(result))
		return -EBADMSG;
	_cleanup_free_ char *name = text_line_new(doc_name(result), 60);
	_cleanup_free_ char *title = xasprintf("%s: predicted NMR", name);
	html_head(b, title, html_style_report, 0);
	buf_adds(b, "<main>\n");
	head(result, b);
	loud(result, b);
	warnings(result, b);
	buf_addf(b, "<div class=\"intro%s\">\n", is_wide(json_str(result, "structure_svg", "")) ? " wide" : "");
	drawing(result, b);
	identity(result, b);
	buf_adds(b, "</div>\n<h2>Spectra</h2>\n");
	spectrum(result, DOC_1H, b);
	spectrum(result, DOC_13C, b);
	buf_adds(b, "<h2>Chemical shifts</h2>\n");
	html_shifts(result, b);
	buf_adds(b, "<h2>Conformers</h2>\n");
	html_conformers(result, b);
	method(result, b);
	references(result, b);
	file_list(b);
	foot(result, b);
	buf_adds(b, "</main>\n</body>\n</html>\n");
	return 0;
}
