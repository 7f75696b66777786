/* The report of a calibration. Residuals are predicted minus measured, each molecule by
 * the fit to the others. Pure; never logs. */
#include "report/calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/html-internal.h"
#include "report/text.h"

static const char *const nuclei[] = { "1H", "13C" };
static const char *const nuclei_text[] = { "¹H", "¹³C" };

static const json_t *nucleus_of(const json_t *fit, int n)
{
	const json_t *x = json_object_get(fit, nuclei[n]);
	return json_is_object(x) ? x : NULL;
}

static double mean_cpu(const json_t *fit)
{
	long long done = json_int(fit, "done", 0);
	return done ? json_num(fit, "cpu_s", 0) / (double)done : 0;
}

static const char *level_of(const json_t *fit, int n) { return json_str(json_object_get(fit, "level"), nuclei[n], "?"); }
static const char *level_text_of(const json_t *fit, int n) { return json_str(json_object_get(fit, "level_text"), nuclei[n], "?"); }

/* ---- factors */

static void conf_string(struct buf *b, const char *s)
{
	for (; *s; s++)
		if (*s == '"' || *s == '\\')
			buf_addf(b, "\\%c", *s);
		else if ((unsigned char)*s >= ' ')
			buf_addc(b, *s);
}

/* "; temperature = 400": what the jobs were asked for that is not usual. */
static void options_text(const json_t *doc, struct buf *b)
{
	const char *name;
	json_t *value;
	buf_adds(b, "");     /* a string, even without any */
	json_object_foreach(json_object_get(doc, "options"), name, value)
		buf_addf(b, "; %s = %s", name, json_string_value(value));
}

static void conf_entry(const json_t *doc, const json_t *fit, int n, struct buf *b)
{
	const json_t *x = nucleus_of(fit, n), *k;
	const json_t *programs = json_object_get(fit, "programs");
	_cleanup_(buf_release) struct buf options = BUF_INIT;
	size_t i;
	buf_addf(b, "  { nucleus = \"%s\"; geometry = \"%s\"; level = \"%s\"; solvent = \"%s\";\n", nuclei[n],
		 json_str(fit, "geometry", "?"), level_of(fit, n), json_str(fit, "solvent", "?"));
	buf_addf(b, "    slope = %.5f; intercept = %.4f; rmsd = %.4f; lomo = %.4f; n = %lld; molecules = %lld; elements = \"%s\";\n",
		 json_num(x, "slope", 0), json_num(x, "intercept", 0), json_num(x, "rmsd", 0), json_num(x, "lomo", 0),
		 json_int(x, "n", 0), json_int(x, "molecules", 0), json_str(x, "elements", ""));
	buf_adds(b, "    kinds = (");
	json_array_foreach(json_arr(x, "kinds"), i, k) {
		buf_addf(b, "%s\n      { environment = \"%s\"; ", i ? "," : "", json_str(k, "environment", "?"));
		if (json_num(k, "offset", 0) != 0)
			buf_addf(b, "offset = %.4f; ", json_num(k, "offset", 0));
		buf_addf(b, "rmsd = %.4f; n = %lld; molecules = %lld; }", json_num(k, "rmsd", 0), json_int(k, "n", 0),
			 json_int(k, "molecules", 0));
	}
	buf_adds(b, " );\n    source = \"fitted to ");
	conf_string(b, json_str(json_object_get(doc, "dataset"), "file", "?"));
	buf_addf(b, ", %s", json_str(fit, "solvent_name", "?"));
	buf_adds(b, "\"; reference = \"Scaling factors: fitted with nmr calibrate to ");
	conf_string(b, json_str(json_object_get(doc, "dataset"), "file", "?"));
	buf_addf(b, " (sha256 %.12s), %s\";\n", json_str(json_object_get(doc, "dataset"), "sha256", ""), json_str(doc, "mode", ""));
	buf_adds(b, "    note = \"");
	conf_string(b, json_str(fit, "geometry_text", ""));
	buf_adds(b, " geometries; NWChem ");
	conf_string(b, json_str(programs, "nwchem", "?"));
	buf_adds(b, ", xtb ");
	conf_string(b, json_str(programs, "xtb", "?"));
	buf_adds(b, json_flag(fit, "mixed_versions", false) ? ", some molecules by other versions" : "");
	options_text(doc, &options);
	conf_string(b, options.s);
	buf_adds(b, "\"; }");
}

static int nucleus_index(const char *nucleus) { return str_eq(nucleus, nuclei[0]) ? 0 : 1; }

static bool same_key(const json_t *a, const json_t *b, int n)
{
	return str_eq(level_of(a, n), level_of(b, n)) && str_eq(json_str(a, "geometry", ""), json_str(b, "geometry", ""));
}

bool calibration_is_chosen(const json_t *doc, size_t i, const char *nucleus)
{
	int n = nucleus_index(nucleus);
	const json_t *fits = json_arr(doc, "fits"), *fit = json_array_get(fits, i), *other;
	if (!nucleus_of(fit, n))
		return false;
	long long points = json_int(nucleus_of(fit, n), "n", 0);
	size_t k;
	json_array_foreach(fits, k, other) {
		long long its = nucleus_of(other, n) && same_key(fit, other, n) ? json_int(nucleus_of(other, n), "n", 0) : 0;
		if (k != i && (its > points || (its == points && k < i)))
			return false;
	}
	return true;
}

/* Why the fit cannot stand in scaling.conf; NULL: it can. */
static const char *fault_of(const json_t *x) { return json_str(x, "fault", NULL); }

void calibration_conf(const json_t *doc, struct buf *b)
{
	const json_t *fit;
	size_t i;
	bool any = false;
	json_array_foreach(json_arr(doc, "fits"), i, fit)
		for (int n = 0; n < 2; n++) {
			if (!calibration_is_chosen(doc, i, nuclei[n]) || fault_of(nucleus_of(fit, n)))
				continue;
			buf_adds(b, any ? ",\n" : "# Scaling factors, as in scaling.conf: put those that you want into its list, in the\n"
						  "# place of one for the same nucleus, geometry, level and solvent.\n"
						  "scaling = (\n");
			conf_entry(doc, fit, n, b);
			any = true;
		}
	if (any)
		buf_adds(b, "\n);\n");
}

/* ---- pictures */

#define PANEL_W 400.0
#define PANEL_H 330.0
#define LEFT 56.0
#define TOP 46.0
#define WIDTH (2 * PANEL_W + 2 * LEFT + 34)
#define HEIGHT (PANEL_H + TOP + 58)
#define NAMED 5              /* the largest residuals have their molecule beside them */

struct panel { double x, y, w, h, xlo, xhi, ylo, yhi; };

static double px(const struct panel *p, double v) { return p->x + (v - p->xlo) / (p->xhi - p->xlo) * p->w; }
static double py(const struct panel *p, double v) { return p->y + p->h - (v - p->ylo) / (p->yhi - p->ylo) * p->h; }

static double step_for(double range)
{
	double raw = range / 6, power = pow(10, floor(log10(raw))), m = raw / power;
	return power * (m < 1.5 ? 1 : m < 3.5 ? 2 : m < 7.5 ? 5 : 10);
}

static void words(struct buf *b, double x, double y, const char *style, const char *s)
{
	buf_addf(b, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, style);
	text_html(b, s);
	buf_adds(b, "</text>\n");
}

#define FONT "font-size=\"11\" fill=\"#333\""

static void frame(struct buf *b, const struct panel *p, const char *below, const char *above)
{
	double xs = step_for(p->xhi - p->xlo), ys = step_for(p->yhi - p->ylo);
	for (double v = ceil(p->xlo / xs) * xs; v <= p->xhi + 1e-9; v += xs) {
		_cleanup_free_ char *t = text_number_new(v, xs < 1 ? 1 : 0);
		buf_addf(b, "<path d=\"M%.1f %.1fv%.1f\" stroke=\"#e3e3e3\"/>\n", px(p, v), p->y, p->h);
		words(b, px(p, v), p->y + p->h + 16, FONT " text-anchor=\"middle\"", t);
	}
	for (double v = ceil(p->ylo / ys) * ys; v <= p->yhi + 1e-9; v += ys) {
		_cleanup_free_ char *t = text_number_new(v, ys < 0.1 ? 2 : ys < 1 ? 1 : 0);
		buf_addf(b, "<path d=\"M%.1f %.1fh%.1f\" stroke=\"#e3e3e3\"/>\n", p->x, py(p, v), p->w);
		words(b, p->x - 6, py(p, v) + 4, FONT " text-anchor=\"end\"", t);
	}
	buf_addf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" stroke=\"#555\"/>\n", p->x, p->y, p->w, p->h);
	words(b, p->x + p->w / 2, p->y + p->h + 36, "font-size=\"12\" fill=\"#141414\" text-anchor=\"middle\"", below);
	words(b, p->x, p->y - 9, "font-size=\"12\" fill=\"#141414\"", above);
}

static void widen(double v, double *lo, double *hi)
{
	*lo = MIN(*lo, v);
	*hi = MAX(*hi, v);
}

static double margin(double lo, double hi) { return hi > lo ? 0.04 * (hi - lo) : 1; }

static void dot(struct buf *b, double x, double y)
{
	buf_addf(b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"#12356b\" fill-opacity=\"0.55\"/>\n", x, y);
}

static char *point_name(const json_t *p)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	const json_t *a;
	size_t i;
	text_line(&b, json_str(p, "molecule", "?"), 26);
	json_array_foreach(json_arr(p, "atoms"), i, a) {
		if (i == 3) {
			buf_adds(&b, ",…");
			break;
		}
		buf_addf(&b, "%s%lld", i ? "," : " ", (long long)json_integer_value(a));
	}
	return buf_detach(&b);
}

struct ranked { const json_t *p; double off; };

static int by_off(const void *a, const void *b)
{
	double x = ((const struct ranked *)a)->off, y = ((const struct ranked *)b)->off;
	return (x < y) - (x > y);
}

/* Points by the size of their residual; the caller frees. */
static struct ranked *ranked(const json_t *x, size_t *ret_n)
{
	const json_t *points = json_arr(x, "points");
	size_t n = json_array_size(points);
	struct ranked *r = xcalloc(n + 1, sizeof(*r));
	for (size_t i = 0; i < n; i++) {
		r[i].p = json_array_get(points, i);
		r[i].off = fabs(json_num(r[i].p, "lomo", 0));
	}
	qsort(r, n, sizeof(*r), by_off);
	*ret_n = n;
	return r;
}

static bool has_offsets(const json_t *x)
{
	const json_t *k;
	size_t i;
	json_array_foreach(json_arr(x, "kinds"), i, k)
		if (json_num(k, "offset", 0) != 0)
			return true;
	return false;
}

static void regression(struct buf *b, const json_t *x)
{
	struct panel p = { LEFT, TOP, PANEL_W, PANEL_H, INFINITY, -INFINITY, INFINITY, -INFINITY };
	const json_t *q;
	size_t i;
	json_array_foreach(json_arr(x, "points"), i, q) {
		widen(json_num(q, "shielding", 0), &p.xlo, &p.xhi);
		widen(json_num(q, "shift", 0), &p.ylo, &p.yhi);
	}
	double mx = margin(p.xlo, p.xhi), my = margin(p.ylo, p.yhi);
	p = (struct panel){ p.x, p.y, p.w, p.h, p.xlo - mx, p.xhi + mx, p.ylo - my, p.yhi + my };
	double slope = json_num(x, "slope", 0), intercept = json_num(x, "intercept", 0);
	_cleanup_free_ char *above = xasprintf("δ = %.4f σ + %.3f%s, R² = %.5f, n = %lld", slope, intercept,
					       has_offsets(x) ? " + offset" : "", json_num(x, "r2", 0), json_int(x, "n", 0));
	frame(b, &p, "computed shielding σ / ppm", above);
	double x0 = MAX(p.xlo, (p.yhi - intercept) / slope), x1 = MIN(p.xhi, (p.ylo - intercept) / slope);
	buf_addf(b, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#b4450c\" stroke-width=\"1.4\"/>\n", px(&p, x0),
		 py(&p, slope * x0 + intercept), px(&p, x1), py(&p, slope * x1 + intercept));
	json_array_foreach(json_arr(x, "points"), i, q)
		dot(b, px(&p, json_num(q, "shielding", 0)), py(&p, json_num(q, "shift", 0)));
	buf_addf(b, "<text transform=\"translate(%.1f %.1f) rotate(-90)\" font-size=\"12\" fill=\"#141414\" text-anchor=\"middle\">"
		    "measured shift δ / ppm</text>\n", 14.0, TOP + PANEL_H / 2);
}

/* Where a name may stand: beside its point, else above or below, as near as there is room. */
struct label { double x, y, w; bool right; };

static bool is_free(const struct panel *p, const struct label *l, const struct label *used, size_t n)
{
	double from = l->right ? l->x - l->w : l->x;
	if (l->y < p->y + 9 || l->y > p->y + p->h - 2 || from < p->x + 2 || from + l->w > p->x + p->w - 2)
		return false;
	for (size_t k = 0; k < n; k++) {
		double other = used[k].right ? used[k].x - used[k].w : used[k].x;
		if (fabs(used[k].y - l->y) < 11 && from < other + used[k].w + 3 && other < from + l->w + 3)
			return false;
	}
	return true;
}

static struct label place(const struct panel *p, double x, double y, double w, const struct label *used, size_t n)
{
	bool right = x > p->x + p->w * 0.55;
	for (int step = 0; step < 24; step++)
		for (int side = 0; side < 4; side++) {
			bool left_of = (side / 2 == 0) == right;
			double down = (side % 2 ? -1 : 1) * step * 6.0;
			struct label l = { x + (left_of ? -7 : 7), y + 3.5 + down, w, left_of };
			if (is_free(p, &l, used, n))
				return l;
		}
	return (struct label){ x + (right ? -7 : 7), y + 3.5, w, right };
}

/* Names beside the largest residuals, with a line to the point where they had to give way. */
static void name_largest(struct buf *b, const struct panel *p, const json_t *x)
{
	size_t n;
	_cleanup_free_ struct ranked *r = ranked(x, &n);
	struct label used[NAMED] = { 0 };
	for (size_t i = 0; i < MIN(n, (size_t)NAMED); i++) {
		double at = px(p, json_num(r[i].p, "shift", 0)), y = py(p, json_num(r[i].p, "lomo", 0));
		_cleanup_free_ char *name = point_name(r[i].p);
		used[i] = place(p, at, y, 5.4 * (double)text_width(name), used, i);
		if (fabs(used[i].y - 3.5 - y) > 5)
			buf_addf(b, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#999\" stroke-width=\"0.6\"/>\n", at, y,
				 used[i].x + (used[i].right ? 1.5 : -1.5), used[i].y - 3.5);
		words(b, used[i].x, used[i].y, used[i].right ? "font-size=\"9.5\" fill=\"#555\" text-anchor=\"end\""
							    : "font-size=\"9.5\" fill=\"#555\"", name);
	}
}

static void residuals(struct buf *b, const json_t *x)
{
	struct panel p = { 2 * LEFT + PANEL_W + 24, TOP, PANEL_W, PANEL_H, INFINITY, -INFINITY, 0, 0 };
	const json_t *q;
	size_t i;
	json_array_foreach(json_arr(x, "points"), i, q) {
		widen(json_num(q, "shift", 0), &p.xlo, &p.xhi);
		widen(fabs(json_num(q, "lomo", 0)), &p.ylo, &p.yhi);
	}
	double mx = margin(p.xlo, p.xhi), lomo = json_num(x, "lomo", 0);
	p.xlo -= mx;
	p.xhi += mx;
	p.yhi = MAX(1.12 * p.yhi, 0.01);
	p.ylo = -p.yhi;
	_cleanup_free_ char *above = xasprintf("each molecule by the others: RMSD %.3g ppm (shaded)", lomo);
	buf_addf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#f2ead9\"/>\n", p.x, py(&p, lomo), p.w,
		 py(&p, -lomo) - py(&p, lomo));
	frame(b, &p, "measured shift δ / ppm", above);
	json_array_foreach(json_arr(x, "points"), i, q)
		dot(b, px(&p, json_num(q, "shift", 0)), py(&p, json_num(q, "lomo", 0)));
	name_largest(b, &p, x);
	buf_addf(b, "<text transform=\"translate(%.1f %.1f) rotate(-90)\" font-size=\"12\" fill=\"#141414\" text-anchor=\"middle\">"
		    "predicted − measured / ppm</text>\n", p.x - 40, TOP + PANEL_H / 2);
}

void calibration_svg(const json_t *fit, const char *nucleus, struct buf *b)
{
	int n = nucleus_index(nucleus);
	const json_t *x = nucleus_of(fit, n);
	if (!x)
		return;
	buf_addf(b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
		    "font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		 WIDTH, HEIGHT, WIDTH, HEIGHT);
	_cleanup_free_ char *title = xasprintf("%s, %s // %s, %s", nuclei_text[n], level_text_of(fit, n),
					       json_str(fit, "geometry_text", "?"), json_str(fit, "solvent_name", "?"));
	words(b, LEFT, 18, "font-size=\"14\" font-weight=\"bold\" fill=\"#141414\"", title);
	regression(b, x);
	residuals(b, x);
	buf_adds(b, "</svg>\n");
}

/* ---- tables */

static void cells(struct buf *b, const json_t *x)
{
	const json_t *ci = json_arr(json_object_get(x, "ci"), "lomo");
	buf_addf(b, "<td class=\"n\">%lld</td><td class=\"n\">%.5f</td><td class=\"n\">%.4f</td><td class=\"n\">%.3f</td><td class=\"n\">%.3f</td>"
		    "<td class=\"n\"><b>%.3f</b></td><td class=\"n\">%.3f to %.3f</td>",
		 json_int(x, "n", 0), json_num(x, "slope", 0), json_num(x, "intercept", 0), json_num(x, "mae", 0), json_num(x, "rmsd", 0),
		 json_num(x, "lomo", 0), json_number_value(json_array_get(ci, 0)), json_number_value(json_array_get(ci, 1)));
}

static void overview(const json_t *doc, struct buf *b)
{
	const json_t *fit;
	size_t i;
	for (int n = 0; n < 2; n++) {
		buf_addf(b, "<h2>%s</h2>\n<div class=\"scroll\"><table><thead><tr><th>Preset</th><th>Shieldings</th><th>Geometry</th><th class=\"n\">n</th>"
			    "<th class=\"n\">slope</th><th class=\"n\">intercept</th><th class=\"n\">MAE</th><th class=\"n\">RMSD</th>"
			    "<th class=\"n\">RMSD, left out</th><th class=\"n\">95 %%</th><th class=\"n\">CPU s</th></tr></thead><tbody>\n",
			 nuclei_text[n]);
		json_array_foreach(json_arr(doc, "fits"), i, fit) {
			const json_t *x = nucleus_of(fit, n);
			buf_adds(b, "<tr>");
			html_elem(b, "td", "", json_str(fit, "preset", ""));
			html_elem(b, "td", "", level_text_of(fit, n));
			html_elem(b, "td", "", json_str(fit, "geometry_text", json_str(fit, "geometry", "?")));
			if (x)
				cells(b, x);
			else
				buf_adds(b, "<td colspan=\"7\">not enough molecules for a fit</td>");
			buf_addf(b, "<td class=\"n\">%.0f</td></tr>\n", mean_cpu(fit));
		}
		buf_adds(b, "</tbody></table></div>\n");
	}
}

static void kinds(const json_t *x, struct buf *b)
{
	const json_t *k;
	size_t i;
	buf_adds(b, "<table><thead><tr><th>Kind</th><th class=\"n\">n</th><th class=\"n\">molecules</th>");
	buf_adds(b, has_offsets(x) ? "<th class=\"n\">offset</th>" : "");
	buf_adds(b, "<th class=\"n\">RMSD, left out</th></tr></thead><tbody>\n");
	json_array_foreach(json_arr(x, "kinds"), i, k) {
		_cleanup_free_ char *offset = text_number_new(json_num(k, "offset", 0), 2);
		buf_adds(b, "<tr>");
		html_elem(b, "td", "", json_str(k, "environment", "?"));
		buf_addf(b, "<td class=\"n\">%lld</td><td class=\"n\">%lld</td>", json_int(k, "n", 0), json_int(k, "molecules", 0));
		if (has_offsets(x))
			buf_addf(b, "<td class=\"n\">%s</td>", offset);
		buf_addf(b, "<td class=\"n\">%.3f</td></tr>\n", json_num(k, "rmsd", 0));
	}
	buf_adds(b, "</tbody></table>\n");
	if (has_offsets(x))
		buf_addf(b, "<p class=\"soft\">By the line alone, without offsets: RMSD %.3f, left out %.3f.</p>\n",
			 json_num(json_object_get(x, "line_alone"), "rmsd", 0), json_num(json_object_get(x, "line_alone"), "lomo", 0));
}

static void outliers(const json_t *x, struct buf *b)
{
	size_t n;
	_cleanup_free_ struct ranked *r = ranked(x, &n);
	buf_adds(b, "<table><thead><tr><th>Largest errors</th><th>kind</th><th class=\"n\">measured</th><th class=\"n\">error</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < MIN(n, (size_t)8); i++) {
		_cleanup_free_ char *name = point_name(r[i].p);
		_cleanup_free_ char *off = text_number_new(json_num(r[i].p, "lomo", 0), 2);
		buf_adds(b, "<tr>");
		html_elem(b, "td", "", name);
		html_elem(b, "td", "", json_str(r[i].p, "environment", "?"));
		buf_addf(b, "<td class=\"n\">%.2f</td><td class=\"n\">%s</td></tr>\n", json_num(r[i].p, "shift", 0), off);
	}
	buf_adds(b, "</tbody></table>\n");
}

static void list_missing(const json_t *list, const char *what, struct buf *b)
{
	const json_t *m;
	size_t i;
	if (json_array_size(list) == 0)
		return;
	buf_addf(b, "<div class=\"box\" role=\"note\"><p>%s</p><ul>\n", what);
	json_array_foreach(list, i, m) {
		_cleanup_free_ char *t = json_arr(m, "atoms") ? point_name(m)
				       : xasprintf("%s (job %s)", json_str(m, "molecule", "?"), json_str(m, "job", "?"));
		_cleanup_free_ char *line = xasprintf("record %lld, %s: %s", json_int(m, "record", 0), t, json_str(m, "reason", "?"));
		html_elem(b, "li", "", line);
	}
	buf_adds(b, "</ul></div>\n");
}

static void section(const json_t *fit, struct buf *b)
{
	bool two = !str_eq(level_of(fit, 0), level_of(fit, 1));
	const char *preset = json_str(fit, "preset", "");
	_cleanup_free_ char *title = xasprintf("%s%s%s%s%s%s on %s geometries", preset, *preset ? ": " : "", level_text_of(fit, 0),
					       two ? " (¹H) and " : "", two ? level_text_of(fit, 1) : "", two ? " (¹³C)" : "",
					       json_str(fit, "geometry_text", json_str(fit, "geometry", "?")));
	html_elem(b, "h2", "", title);
	list_missing(json_arr(fit, "missing"), "Without these molecules:", b);
	if (json_flag(fit, "mixed_versions", false))
		buf_adds(b, "<div class=\"box\" role=\"note\"><p>Not all molecules were computed by the same versions of the programs.</p></div>\n");
	for (int n = 0; n < 2; n++) {
		const json_t *x = nucleus_of(fit, n);
		_cleanup_free_ char *what = xasprintf("Measured %s shifts that are not in the fit:", nuclei_text[n]);
		list_missing(json_arr(json_object_get(fit, "left_out"), nuclei[n]), what, b);
		if (!x)
			continue;
		buf_adds(b, "<figure class=\"spectrum\">");
		calibration_svg(fit, nuclei[n], b);
		buf_adds(b, "</figure>\n<div class=\"pair\"><div>");
		kinds(x, b);
		buf_adds(b, "</div><div>");
		outliers(x, b);
		buf_adds(b, "</div></div>\n");
	}
}

void calibration_html(const json_t *doc, struct buf *b)
{
	const json_t *set = json_object_get(doc, "dataset"), *fit;
	size_t i;
	html_head(b, "Calibration", html_style_report, 0);
	buf_adds(b, "<main>\n<header class=\"top\">\n<h1>Calibration</h1>\n<p class=\"lead\">Shieldings against shifts measured for the ");
	buf_addf(b, "%lld molecules of <b>", json_int(set, "molecules", 0));
	text_html(b, json_str(set, "file", "?"));
	_cleanup_(buf_release) struct buf options = BUF_INIT;
	options_text(doc, &options);
	buf_addf(b, "</b>, mode %s", json_str(doc, "mode", "?"));
	text_html(b, options.s);
	buf_adds(b, "</p>\n</header>\n");
	buf_adds(b, "<p>shift = slope · shielding + intercept, and for carbons an offset by kind, by least squares, nothing left out as an outlier. "
		    "Kinds of at least four molecules have one; each is held at zero as by two more points. <b>RMSD, left out</b> "
		    "predicts each molecule by a fit to all others, and is what an unknown molecule of this kind may expect; its 95 % "
		    "interval comes from drawing molecules with their errors anew (bootstrap). CPU s: all runs of the whole prediction, mean of a molecule. All in ppm.</p>\n");
	overview(doc, b);
	json_array_foreach(json_arr(doc, "fits"), i, fit)
		section(fit, b);
	buf_adds(b, "</main>\n</body>\n</html>\n");
}

/* "1H, standard: 3 measured shifts are not in the fit: exchangeable hydrogen ..." */
static void count_left_out(const json_t *fit, int n, struct buf *b)
{
	const json_t *list = json_arr(json_object_get(fit, "left_out"), nuclei[n]), *m;
	size_t i, k;
	json_array_foreach(list, i, m) {
		const char *why = json_str(m, "reason", "?");
		int same = 0;
		bool told = false;
		for (k = 0; k < json_array_size(list); k++) {
			bool is = str_eq(json_str(json_array_get(list, k), "reason", "?"), why);
			told = told || (is && k < i);
			same += is;
		}
		if (told)
			continue;
		_cleanup_free_ char *name = point_name(m);
		buf_addf(b, "%s, ", nuclei[n]);
		text_line(b, level_of(fit, n), 60);
		buf_addf(b, "//%s: %d measured shift%s not in the fit (", json_str(fit, "geometry", "?"), same, same == 1 ? " is" : "s are");
		text_line(b, name, 60);
		buf_adds(b, same > 1 ? " ...): " : "): ");
		text_line(b, why, 300);
		buf_adds(b, "\n");
	}
}

static void remarks(const json_t *doc, size_t i, const json_t *fit, struct buf *b)
{
	const json_t *m;
	size_t k;
	for (int n = 0; n < 2; n++) {
		count_left_out(fit, n, b);
		if (nucleus_of(fit, n) && fault_of(nucleus_of(fit, n))) {
			buf_addf(b, "%s, ", nuclei[n]);
			text_line(b, json_str(fit, "preset", level_of(fit, n)), 60);
			buf_adds(b, ": not in scaling.conf, for ");
			text_line(b, fault_of(nucleus_of(fit, n)), 300);
			buf_adds(b, ": see whether the measured shifts are in ppm from TMS, of this nucleus and by the right atoms\n");
		}
		if (nucleus_of(fit, n) && !calibration_is_chosen(doc, i, nuclei[n])) {
			buf_addf(b, "%s, ", nuclei[n]);
			text_line(b, json_str(fit, "preset", level_of(fit, n)), 60);
			buf_adds(b, ": scaling.conf and the picture have this level's factors once, from another fit of this table\n");
		}
	}
	if (json_flag(fit, "mixed_versions", false)) {
		text_line(b, json_str(fit, "preset", level_of(fit, 0)), 60);
		buf_adds(b, ": not all molecules were computed by the same versions of the programs\n");
	}
	json_array_foreach(json_arr(fit, "missing"), k, m) {
		buf_addf(b, "without record %lld, ", json_int(m, "record", 0));
		text_line(b, json_str(m, "molecule", "?"), 40);
		buf_addf(b, " (job %s): ", json_str(m, "job", "?"));
		text_line(b, json_str(m, "reason", "?"), 300);
		buf_adds(b, "\n");
	}
}

/* "    + offset: sp3 -0.73, sp2 +0.59 (the line alone: RMSD 1.787, left out 1.871)" */
static void offsets_line(const json_t *x, struct buf *b)
{
	const json_t *k;
	size_t i;
	buf_adds(b, "    + offset:");
	json_array_foreach(json_arr(x, "kinds"), i, k)
		if (json_num(k, "offset", 0) != 0) {
			buf_addc(b, ' ');
			text_line(b, json_str(k, "environment", "?"), 20);
			buf_addf(b, " %+.2f", json_num(k, "offset", 0));
		}
	buf_addf(b, " (the line alone: RMSD %.3f, left out %.3f)\n", json_num(json_object_get(x, "line_alone"), "rmsd", 0),
		 json_num(json_object_get(x, "line_alone"), "lomo", 0));
}

void calibration_table(const json_t *doc, struct buf *b)
{
	const json_t *fit;
	size_t i;
	text_pad(b, "shieldings // geometry", 54, false);
	buf_adds(b, "       n      slope  intercept    RMSD  RMSD, left out   CPU s\n");
	json_array_foreach(json_arr(doc, "fits"), i, fit)
		for (int n = 0; n < 2; n++) {
			const json_t *x = nucleus_of(fit, n);
			const char *preset = json_str(fit, "preset", "");
			_cleanup_free_ char *name = xasprintf("%-3s %s%s%s//%s", nuclei[n], preset, *preset ? ": " : "", level_of(fit, n),
							      json_str(fit, "geometry", "?"));
			text_pad(b, name, 54, false);
			if (x)
				buf_addf(b, "%8lld %10.5f %10.4f %7.3f %15.3f %7.0f\n", json_int(x, "n", 0), json_num(x, "slope", 0),
					 json_num(x, "intercept", 0), json_num(x, "rmsd", 0), json_num(x, "lomo", 0), mean_cpu(fit));
			else
				buf_adds(b, "  not enough molecules for a fit\n");
			if (x && has_offsets(x))
				offsets_line(x, b);
		}
	json_array_foreach(json_arr(doc, "fits"), i, fit)
		remarks(doc, i, fit, b);
}
