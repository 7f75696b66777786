/* The picture of a spectrum.
 *
 * Lines are Lorentzians of one width (1/500 of the 1H axis, half of that for 13C),
 * their height the number of nuclei; lines that overlap add up. Exchangeable hydrogens are dashed, as
 * nobody can say where they are; in D2O and CD3OD they are not drawn. Labels stand
 * upright above the lines, spread along the axis, each tied to its line; when there
 * is no room for all, neighbours share one.
 *
 * Pure; never logs. */
#include "report/spectrum.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/axis.h"
#include "report/curve.h"
#include "report/text.h"

#define WIDTH 720.0
#define HEIGHT 420.0
#define LEFT 32.0
#define PLOT_WIDTH (WIDTH - 2 * LEFT)
#define BASE 352.0               /* y of zero intensity */
#define AXIS 358.0
#define LABELS_TOP 66.0
#define LABELS_MAX 118.0         /* longest label */
#define LEADER 30.0              /* from label to line */
#define FONT_MAX 10.0
#define FONT_MIN 6.2
#define LINE_GAP 1.14            /* distance of labels, in font sizes */
#define CHAR_WIDTH 0.57          /* mean width of a character, in font sizes */

struct label { double x, at; char *text; double lo, hi; size_t n; bool exchangeable; };

struct spectrum {
	struct buf *b;
	const json_t *result;
	enum doc_nucleus nucleus;
	struct doc_signals s;    /* those that are drawn */
	size_t hidden;           /* nuclei left out: exchanged */
	struct axis axis;
	double half_width;       /* of a line, ppm */
	double top, scale;       /* y of full height; units a nucleus */
};

static void text_at(struct spectrum *p, double x, double y, double size, const char *extra, const char *s)
{
	buf_addf(p->b, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\" %s>", x, y, size, extra);
	text_html(p->b, s);
	buf_adds(p->b, "</text>\n");
}

#define INK "class=\"ink\" fill=\"#141414\""
#define SOFT "class=\"soft\" fill=\"#555\""
#define LOUD "class=\"loud\" fill=\"#b00020\" font-weight=\"bold\""
#define END " text-anchor=\"end\""
#define MIDDLE " text-anchor=\"middle\""

/* ---- the title block */

static void title_left(struct spectrum *p)
{
	bool is_long = text_width(doc_name(p->result)) > 38;
	_cleanup_free_ char *name = text_line_new(doc_name(p->result), 52);
	_cleanup_free_ char *formula = text_subscripts_new(doc_formula(p->result));
	_cleanup_free_ char *what = xasprintf("%s%spredicted %s NMR spectrum", formula, *formula ? " · " : "",
					      doc_nucleus_text(p->nucleus));
	text_at(p, LEFT, 24, is_long ? 12 : 16, INK " font-weight=\"bold\"", name);
	text_at(p, LEFT, 40, 11, INK, what);
	if (p->s.n > 0 && !doc_calibrated(p->result, p->nucleus))
		text_at(p, LEFT, 55, 10, LOUD, "UNCALIBRATED: referenced to TMS and benzene");
}

static void title_right(struct spectrum *p)
{
	_cleanup_free_ char *solvent = text_subscripts_new(doc_solvent(p->result));
	_cleanup_free_ char *first = xasprintf("%s · δ(TMS) = 0", solvent);
	_cleanup_free_ char *level = doc_level_text(p->result, p->nucleus);
	_cleanup_free_ char *cut = text_line_new(level, 60);
	double x = WIDTH - LEFT;
	text_at(p, x, 24, 11, INK END, first);
	text_at(p, x, 39, 9.5, SOFT END, cut);
	text_at(p, x, 53, 9.5, p->nucleus == DOC_1H ? INK END : SOFT END,
		p->nucleus == DOC_1H ? "couplings not computed" : "proton-decoupled");
}

/* ---- the axis */

static void stroke(struct spectrum *p, double x0, double y0, double x1, double y1)
{
	buf_addf(p->b, "M%.2f %.2fL%.2f %.2f", x0, y0, x1, y1);
}

static void draw_axis(struct spectrum *p)
{
	const struct axis *a = &p->axis;
	double fine = a->step / a->minor;
	long first = lround(ceil(a->lo / fine - 1e-6)), last = lround(floor(a->hi / fine + 1e-6));
	buf_adds(p->b, "<path class=\"axis\" fill=\"none\" stroke=\"#141414\" stroke-width=\"0.9\" d=\"");
	stroke(p, a->left, AXIS, a->left + a->width, AXIS);
	for (long k = first; k <= last; k++) {
		double x = axis_x(a, (double)k * fine);
		stroke(p, x, AXIS, x, AXIS + (k % a->minor == 0 ? 6.5 : 3.5));
	}
	buf_adds(p->b, "\"/>\n");
	for (long k = first; k <= last; k++) {
		if (k % a->minor)
			continue;
		_cleanup_free_ char *number = text_number_new((double)k * fine, a->digits);
		text_at(p, axis_x(a, (double)k * fine), AXIS + 18, 11, INK MIDDLE, number);
	}
	text_at(p, a->left + a->width / 2, AXIS + 35, 12, INK MIDDLE, "δ / ppm");
}

static void draw_note(struct spectrum *p)
{
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	bool exchangeable = false;
	for (size_t i = 0; i < p->s.n; i++)
		exchangeable = exchangeable || p->s.item[i].exchangeable;
	if (p->s.n)
		buf_addf(&t, "height: number of %s; Lorentzian lines, full width %.2g ppm",
			 p->nucleus == DOC_1H ? "hydrogens" : "carbons", 2 * p->half_width);
	text_at(p, LEFT, HEIGHT - 8, 8.5, SOFT, t.s);
	buf_clear(&t);
	if (exchangeable)
		buf_adds(&t, "dashed: exchangeable H, the position depends on conditions");
	if (p->hidden) {
		buf_addf(&t, "%zu exchangeable H not shown: exchanged in ", p->hidden);
		text_subscripts(&t, doc_solvent(p->result));
	}
	text_at(p, WIDTH - LEFT, HEIGHT - 8, 8.5, exchangeable ? "class=\"exch-text\" fill=\"#9a3412\"" END : SOFT END, t.s);
}

/* ---- the lines */

static double intensity(const struct spectrum *p, double ppm, bool exchangeable)
{
	return curve_at(&p->s, p->half_width, ppm, exchangeable ? CURVE_EXCHANGEABLE : CURVE_FIRM);
}

/* Where the curve is worth a point: everywhere a little, around lines a lot. */
static const double around[] = { 0, 0.12, 0.25, 0.4, 0.6, 0.8, 1, 1.3, 1.7, 2.2, 3, 4, 5.5, 8, 12, 20 };

static void add_around(double *x, size_t *n, double shift, double half_width)
{
	for (size_t k = 0; k < ARRAY_SIZE(around); k++) {
		x[(*n)++] = shift + around[k] * half_width;
		if (k)
			x[(*n)++] = shift - around[k] * half_width;
	}
}

static int descending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x > y ? -1 : x < y;
}

/* A polyline through x (ppm, any order), those outside the axis left out. Points on
 * the baseline's straight parts are not repeated. */
static void trace(struct spectrum *p, double *x, size_t n, bool exchangeable, const char *extra)
{
	double y1 = NAN, x1 = 0;
	bool pending = false;
	qsort(x, n, sizeof(*x), descending);
	buf_addf(p->b, "<path %s fill=\"none\" stroke-linejoin=\"round\" d=\"", extra);
	char op = 'M';
	for (size_t i = 0; i < n; i++) {
		if (x[i] > p->axis.hi || x[i] < p->axis.lo)
			continue;
		double px = axis_x(&p->axis, x[i]), py = BASE - p->scale * intensity(p, x[i], exchangeable);
		if (fabs(py - y1) < 0.02) {
			x1 = px;
			pending = true;
			continue;
		}
		if (pending)
			buf_addf(p->b, "L%.2f %.2f", x1, y1);
		pending = false;
		buf_addf(p->b, "%c%.2f %.2f", op, px, py);
		op = 'L';
		y1 = py;
	}
	if (pending)
		buf_addf(p->b, "L%.2f %.2f", x1, y1);
	buf_adds(p->b, "\"/>\n");
}

#define GRID 640
#define CURVE "class=\"curve\" stroke=\"#12356b\" stroke-width=\"1.1\""
#define EXCH "class=\"exch\" stroke=\"#c2410c\" stroke-width=\"1.1\" stroke-dasharray=\"3.2 2.2\""

static void draw_lines(struct spectrum *p)
{
	_cleanup_free_ double *x = xcalloc(GRID + 1 + p->s.n * 2 * ARRAY_SIZE(around), sizeof(double));
	size_t n = 0;
	for (int i = 0; i <= GRID; i++)
		x[n++] = p->axis.lo + (p->axis.hi - p->axis.lo) * i / GRID;
	for (size_t i = 0; i < p->s.n; i++)
		if (!p->s.item[i].exchangeable)
			add_around(x, &n, p->s.item[i].shift, p->half_width);
	trace(p, x, n, false, CURVE);
	for (size_t i = 0; i < p->s.n; i++) {
		n = 0;
		add_around(x, &n, p->s.item[i].shift, p->half_width);
		if (p->s.item[i].exchangeable)
			trace(p, x, n, true, EXCH);
	}
}

/* The highest point of the sum of all lines is a line's centre, near enough. */
static double highest(const struct spectrum *p)
{
	double most = 1e-9;
	for (size_t i = 0; i < p->s.n; i++)
		for (int kind = 0; kind < 2; kind++)
			most = fmax(most, intensity(p, p->s.item[i].shift, kind));
	return most;
}

/* ---- the labels */

static char *label_text(enum doc_nucleus n, const struct doc_signal *s)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	text_number(&b, s->shift, doc_digits(n), true);
	buf_adds(&b, " (");
	if (n == DOC_1H)
		buf_addf(&b, "%zuH, ", s->natoms);
	else if (s->natoms > 1)
		buf_addf(&b, "%zuC, ", s->natoms);
	text_line(&b, s->label, 12);
	buf_addc(&b, ')');
	return buf_detach(&b);
}

static char *range_text(enum doc_nucleus n, const struct label *l)
{
	_cleanup_free_ char *hi = text_number_new(l->hi, doc_digits(n)), *lo = text_number_new(l->lo, doc_digits(n));
	return xasprintf("%s–%s (%zu signals)", hi, lo, l->n);
}

/* Joins the two neighbours that are nearest in the picture. */
static void join_nearest(struct label *l, size_t *n)
{
	size_t best = 0;
	for (size_t i = 1; i + 1 < *n; i++)
		if (l[i + 1].at - l[i].at < l[best + 1].at - l[best].at)
			best = i;
	struct label *a = &l[best], *b = &l[best + 1];
	a->at = (a->at * (double)a->n + b->at * (double)b->n) / (double)(a->n + b->n);
	a->n += b->n;
	a->lo = b->lo;
	a->exchangeable = a->exchangeable && b->exchangeable;
	free(b->text);
	memmove(b, b + 1, (*n - best - 2) * sizeof(*b));
	--*n;
}

static struct label *make_labels(struct spectrum *p, size_t *ret_n, double *ret_font)
{
	struct label *l = xcalloc(p->s.n, sizeof(*l));
	size_t n = p->s.n, most = (size_t)(PLOT_WIDTH / (FONT_MIN * LINE_GAP));
	for (size_t i = 0; i < n; i++) {
		const struct doc_signal *s = &p->s.item[i];
		l[i] = (struct label){ .at = axis_x(&p->axis, s->shift), .text = label_text(p->nucleus, s),
				       .lo = s->shift, .hi = s->shift, .n = 1, .exchangeable = s->exchangeable };
	}
	while (n > most)
		join_nearest(l, &n);
	/* Smaller before it is full: labels stay nearer to their lines. */
	*ret_font = fmin(FONT_MAX, fmax(FONT_MIN, 0.78 * PLOT_WIDTH / (LINE_GAP * (double)MAX(n, (size_t)1))));
	_cleanup_free_ double *x = xcalloc(n, sizeof(double));
	for (size_t i = 0; i < n; i++)
		x[i] = l[i].at;
	axis_spread(x, n, *ret_font * LINE_GAP, LEFT + *ret_font / 2, WIDTH - LEFT - *ret_font / 2);
	for (size_t i = 0; i < n; i++) {
		l[i].x = x[i];
		if (l[i].n > 1) {
			free(l[i].text);
			l[i].text = range_text(p->nucleus, &l[i]);
		}
	}
	*ret_n = n;
	return l;
}

static double longest(const struct label *l, size_t n, double font)
{
	size_t w = 0;
	for (size_t i = 0; i < n; i++)
		w = MAX(w, text_width(l[i].text));
	return fmin(LABELS_MAX, font * CHAR_WIDTH * (double)w);
}

static void draw_label(struct spectrum *p, const struct label *l, double bottom, double font)
{
	double y = bottom + 3, line = p->top - 3;
	buf_addf(p->b, "<path class=\"lead\" fill=\"none\" stroke=\"#8a8a8a\" stroke-width=\"0.6\" "
		       "d=\"M%.2f %.2fV%.2fL%.2f %.2fV%.2f\"/>\n",
		 l->x, y, y + 5, l->at, line - 5, line);
	buf_addf(p->b, "<text transform=\"translate(%.2f %.2f) rotate(-90)\" font-size=\"%.2f\" %s>", l->x + font * 0.35,
		 bottom, font, l->exchangeable ? "class=\"exch-text\" fill=\"#9a3412\"" : INK);
	text_html(p->b, l->text);
	buf_adds(p->b, "</text>\n");
}

static void draw_labels(struct spectrum *p)
{
	double font;
	size_t n;
	struct label *l = make_labels(p, &n, &font);
	double bottom = LABELS_TOP + longest(l, n, font);
	p->top = bottom + LEADER;
	for (size_t i = 0; i < n; i++) {
		draw_label(p, &l[i], bottom, font);
		free(l[i].text);
	}
	free(l);
}

/* ---- all of it */

static void open_svg(struct spectrum *p)
{
	buf_addf(p->b, "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"180mm\" height=\"105mm\" "
		       "viewBox=\"0 0 %.0f %.0f\" font-family=\"" SPECTRUM_FONTS "\">\n<title>Predicted %s NMR spectrum of ",
		 WIDTH, HEIGHT, doc_nucleus_text(p->nucleus));
	text_html(p->b, doc_name(p->result));
	buf_addf(p->b, "</title>\n<rect class=\"paper\" width=\"%.0f\" height=\"%.0f\" fill=\"#fff\"/>\n", WIDTH, HEIGHT);
}

static void draw(struct spectrum *p)
{
	open_svg(p);
	title_left(p);
	title_right(p);
	draw_axis(p);
	if (p->s.n) {
		draw_labels(p);
		p->scale = (BASE - p->top) / highest(p);
		draw_lines(p);
	} else
		text_at(p, WIDTH / 2, (LABELS_TOP + BASE) / 2, 13, SOFT MIDDLE,
			p->hidden ? "no signal: all hydrogens are exchanged in this solvent"
			: p->nucleus == DOC_1H ? "no hydrogen in this molecule" : "no carbon in this molecule");
	draw_note(p);
	buf_adds(p->b, "</svg>\n");
}

int report_spectrum_svg(const json_t *result, const char *nucleus, struct buf *b)
{
	int n = doc_nucleus_from(nucleus);
	if (n < 0)
		return n;
	if (!json_is_object(result))
		return -EBADMSG;
	struct spectrum p = { .b = b, .result = result, .nucleus = (enum doc_nucleus)n };
	doc_signals(result, p.nucleus, &p.s);
	p.hidden = doc_signals_hide(&p.s);
	axis_init(&p.axis, p.nucleus, &p.s, LEFT, PLOT_WIDTH);
	p.half_width = (p.axis.hi - p.axis.lo) / (p.nucleus == DOC_1H ? 1000 : 2000);
	draw(&p);
	doc_signals_release(&p.s);
	return 0;
}
