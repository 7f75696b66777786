/* JCAMP-DX of a simulated spectrum.
 *
 * Invariants: strings of the document come out as printable ASCII in one line, and
 * have neither "$$", which opens a comment, nor "##", which opens a label.
 *
 * Pure; never logs. */
#include "report/jcamp.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/axis.h"
#include "report/curve.h"
#include "report/text.h"

#define Y_PER_NUCLEUS 100000.0   /* 1 / YFACTOR */
#define WIDTHS 10000.0           /* half widths of a line in the axis */
#define LINE_MAX 80
#define FIELD_MAX 60

struct jcamp {
	struct buf *b;
	const json_t *result;
	enum doc_nucleus nucleus;
	struct doc_signals s;
	size_t hidden;                   /* nuclei left out: exchanged */
	double mhz, first, last;         /* first, last: ppm */
	long *y;                         /* JCAMP_POINTS */
};

/* ---- strings */

/* Printable ASCII, at most `max` characters. */
static void ascii(struct buf *b, const char *s, size_t max)
{
	_cleanup_free_ char *line = text_line_new(s, 0);
	const char *p = line;
	char before = '\0';
	for (uint32_t c; max > 0 && (c = text_next(&p)); max--) {
		char out = c > 0x7E || ((c == '$' || c == '#') && c == (uint32_t)before) ? '?' : (char)c;
		buf_addc(b, out);
		before = out;
	}
}

static void label(struct jcamp *j, const char *name, const char *value)
{
	buf_addf(j->b, "##%s= ", name);
	ascii(j->b, value, FIELD_MAX);
	buf_addc(j->b, '\n');
}

static void label_number(struct jcamp *j, const char *name, double v, int digits)
{
	buf_addf(j->b, "##%s= ", name);
	text_number(j->b, v, digits, false);
	buf_addc(j->b, '\n');
}

/* ---- the head */

static void title(struct jcamp *j)
{
	buf_adds(j->b, "##TITLE= ");
	ascii(j->b, doc_name(j->result), 40);
	buf_addf(j->b, " - predicted %s NMR\n", doc_nucleus_key(j->nucleus));
	buf_adds(j->b, "##JCAMP-DX= 5.01\n##DATA TYPE= NMR SPECTRUM\n##DATA CLASS= XYDATA\n");
}

static const char *empty_reason(const struct jcamp *j)
{
	if (j->hidden)
		return "no signal: all hydrogens are exchanged in this solvent";
	return j->nucleus == DOC_1H ? "no hydrogen in this molecule" : "no carbon in this molecule";
}

static void comments(struct jcamp *j)
{
	_cleanup_free_ char *level = doc_level_text(j->result, j->nucleus);
	buf_addf(j->b, "##COMMENTS= predicted by quantum chemistry, not measured\n%s\n",
		 j->nucleus == DOC_1H ? "couplings not computed" : "proton-decoupled");
	ascii(j->b, level, LINE_MAX);
	buf_addc(j->b, '\n');
	if (!j->s.n)
		buf_addf(j->b, "%s\n", empty_reason(j));
	else if (!doc_calibrated(j->result, j->nucleus))
		buf_adds(j->b, "uncalibrated: referenced to TMS and benzene\n");
	if (j->s.n && j->hidden)
		buf_addf(j->b, "%zu exchangeable H left out: exchanged in this solvent\n", j->hidden);
}

static void head(struct jcamp *j)
{
	const char *version = json_str(json_object_get(doc_level(j->result), "programs"), "nmr-spool", "");
	_cleanup_free_ char *origin = xasprintf("nmr-spool%s%s", *version ? " " : "", version);
	title(j);
	label(j, "ORIGIN", origin);
	label(j, "OWNER", "-");
	comments(j);
	label_number(j, ".OBSERVE FREQUENCY", j->mhz, 6);
	buf_addf(j->b, "##.OBSERVE NUCLEUS= ^%s\n", doc_nucleus_key(j->nucleus));
	label(j, ".SOLVENT NAME", doc_solvent(j->result));
	buf_addf(j->b, "##.SHIFT REFERENCE= INTERNAL, TMS, 1, %.4f\n", j->first);
}

/* One line for each signal. Atoms of a large group go on in the next line. */
static void signals(struct jcamp *j)
{
	buf_adds(j->b, "##$SIGNALS= (LABEL, SHIFT IN PPM, NUCLEI, ATOMS)\n");
	for (size_t i = 0; i < j->s.n; i++) {
		const struct doc_signal *s = &j->s.item[i];
		ascii(j->b, s->label, 12);
		buf_adds(j->b, ", ");
		text_number(j->b, s->shift, 4, false);
		buf_addf(j->b, ", %zu, ", s->natoms);
		for (size_t k = 0; k < json_array_size(s->atoms); k++)
			buf_addf(j->b, "%s%lld", !k ? "" : k % 10 ? " " : "\n  ",
				 (long long)json_integer_value(json_array_get(s->atoms, k)));
		buf_addc(j->b, '\n');
	}
}

/* ---- the curve */

static double ppm_at(const struct jcamp *j, size_t i)
{
	return j->first + (j->last - j->first) * (double)i / (JCAMP_POINTS - 1);
}

static void compute(struct jcamp *j)
{
	double half_width = (j->first - j->last) / WIDTHS;
	for (size_t i = 0; i < JCAMP_POINTS; i++)
		j->y[i] = lround(Y_PER_NUCLEUS * curve_at(&j->s, half_width, ppm_at(j, i), CURVE_ALL));
}

static void factors(struct jcamp *j)
{
	long most = 0, least = j->y[0];
	for (size_t i = 0; i < JCAMP_POINTS; i++) {
		most = MAX(most, j->y[i]);
		least = MIN(least, j->y[i]);
	}
	buf_adds(j->b, "##XUNITS= HZ\n##YUNITS= ARBITRARY UNITS\n##XFACTOR= 1.0\n##YFACTOR= 0.00001\n");
	label_number(j, "FIRSTX", j->first * j->mhz, 6);
	label_number(j, "LASTX", j->last * j->mhz, 6);
	label_number(j, "DELTAX", (j->last - j->first) * j->mhz / (JCAMP_POINTS - 1), 9);
	buf_addf(j->b, "##NPOINTS= %d\n", JCAMP_POINTS);
	label_number(j, "FIRSTY", (double)j->y[0] / Y_PER_NUCLEUS, 5);
	label_number(j, "MAXY", (double)most / Y_PER_NUCLEUS, 5);
	label_number(j, "MINY", (double)least / Y_PER_NUCLEUS, 5);
}

/* Each line starts with the X of its first point. */
static void table(struct jcamp *j)
{
	size_t start = j->b->len;
	buf_adds(j->b, "##XYDATA= (X++(Y..Y))");
	for (size_t i = 0; i < JCAMP_POINTS; i++) {
		char y[24];
		int n = snprintf(y, sizeof(y), " %ld", j->y[i]);
		if (i == 0 || j->b->len - start + (size_t)n > LINE_MAX) {
			buf_addc(j->b, '\n');
			start = j->b->len;
			text_number(j->b, ppm_at(j, i) * j->mhz, 4, false);
		}
		buf_add(j->b, y, (size_t)n);
	}
	buf_adds(j->b, "\n##END=\n");
}

int report_jcamp(const json_t *result, const char *nucleus, struct buf *b)
{
	int n = doc_nucleus_from(nucleus);
	if (n < 0)
		return n;
	if (!json_is_object(result))
		return -EBADMSG;
	struct jcamp j = { .b = b, .result = result, .nucleus = (enum doc_nucleus)n,
			   .mhz = curve_larmor((enum doc_nucleus)n) };
	struct axis axis;
	doc_signals(result, j.nucleus, &j.s);
	j.hidden = doc_signals_hide(&j.s);
	axis_init(&axis, j.nucleus, &j.s, 0, 1);
	j.first = axis.hi;
	j.last = axis.lo;
	j.y = xcalloc(JCAMP_POINTS, sizeof(*j.y));
	compute(&j);
	head(&j);
	signals(&j);
	factors(&j);
	table(&j);
	free(j.y);
	doc_signals_release(&j.s);
	return 0;
}
