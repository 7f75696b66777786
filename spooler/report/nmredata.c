/* The NMReDATA record.
 *
 * Invariants: within a tag no string of a document has a backslash, a semicolon or a
 * line end, as these are the format's own; labels are plain, and unique also for
 * readers that know no case; no tag is empty.
 *
 * Pure; never logs. */
#include "report/nmredata.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/curve.h"
#include "report/sdf.h"
#include "report/text.h"

#define EOL "\\\n"
#define TEXT_MAX 120

/* One signal with the label that it has in this record. */
struct item { const struct doc_signal *signal; char label[24]; };

struct record {
	const json_t *result;
	struct buf *b;
	size_t natoms;
	struct doc_signals s[DOC_NUCLEUS_COUNT];
	struct item *item;               /* ¹H, then ¹³C */
	size_t n, first[DOC_NUCLEUS_COUNT + 1];
};

static void record_release(struct record *r)
{
	for (int n = 0; n < DOC_NUCLEUS_COUNT; n++)
		doc_signals_release(&r->s[n]);
	free(r->item);
}

/* ---- strings */

/* A value within a tag: one line without the characters that end it. */
static void value(struct buf *b, const char *s)
{
	_cleanup_free_ char *line = text_line_new(s, TEXT_MAX);
	for (char *p = line; *p; p++)
		buf_addc(b, *p == '\\' ? '/' : *p == ';' ? ',' : *p);
}

static void tag(struct buf *b, const char *name) { buf_addf(b, "> <NMREDATA_%s>\n", name); }

static void tag_value(struct buf *b, const char *name, const char *s)
{
	tag(b, name);
	value(b, s);
	buf_adds(b, EOL "\n");
}

/* A property of a tag: "Title=ethanol". */
static void property(struct buf *b, const char *name, const char *s)
{
	buf_addf(b, "%s=", name);
	value(b, s);
	buf_adds(b, EOL);
}

/* A name of the structure that must not be changed, whole or not at all. */
static void structure_name(struct buf *b, const char *name, const char *s)
{
	_cleanup_free_ char *line = text_line_new(s, 0);
	if (!*s || !str_eq(line, s))
		return;
	if (!strpbrk(s, "\\;"))
		buf_addf(b, "> <NMREDATA_%s>\n%s" EOL "\n", name, s);
	buf_addf(b, "> <%s>\n%s\n\n", name, s);
}

/* ---- signals */

static bool atoms_exist(const struct record *r, const struct doc_signal *s)
{
	const json_t *a;
	size_t i;
	json_array_foreach(s->atoms, i, a)
		if (!json_is_integer(a) || json_integer_value(a) < 1 || json_integer_value(a) > (long long)r->natoms)
			return false;
	return json_array_size(s->atoms) > 0;
}

static bool label_taken(const struct record *r, const char *label)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_ieq(r->item[i].label, label))
			return true;
	return false;
}

/* Commas, slashes and brackets mean something in lists; what is not plain is "_". */
static void add_item(struct record *r, const struct doc_signal *s)
{
	struct item *it = &r->item[r->n];
	char plain[16];
	size_t n = strnlen(s->label, sizeof(plain) - 1);
	memcpy(plain, s->label, n);
	plain[n] = '\0';
	for (char *p = plain; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '\'' && *p != '-')
			*p = '_';
	*it = (struct item){ .signal = s };
	snprintf(it->label, sizeof(it->label), "%s", n ? plain : "x");
	for (unsigned k = 2; label_taken(r, it->label); k++)
		snprintf(it->label, sizeof(it->label), "%s_%u", n ? plain : "x", k % 100000);
	r->n++;
}

static void read_signals(struct record *r)
{
	for (int n = 0; n < DOC_NUCLEUS_COUNT; n++)
		doc_signals(r->result, (enum doc_nucleus)n, &r->s[n]);
	r->item = xcalloc(r->s[DOC_1H].n + r->s[DOC_13C].n, sizeof(*r->item));
	for (int n = 0; n < DOC_NUCLEUS_COUNT; n++) {
		for (size_t i = 0; i < r->s[n].n; i++)
			if (atoms_exist(r, &r->s[n].item[i]))
				add_item(r, &r->s[n].item[i]);
		r->first[n + 1] = r->n;
	}
}

/* ---- tags */

static void identity(const struct record *r)
{
	const json_t *programs = json_object_get(doc_level(r->result), "programs");
	const char *version = json_str(programs, "nmr-spool", "");
	_cleanup_free_ char *origin = xasprintf("nmr-spool%s%s", *version ? " " : "", version);
	tag(r->b, "ID");
	property(r->b, "Title", doc_name(r->result));
	property(r->b, "Comment", "Predicted by quantum chemistry. Nothing here was measured.");
	for (int n = 0; n < DOC_NUCLEUS_COUNT; n++) {
		_cleanup_free_ char *level = doc_level_text(r->result, (enum doc_nucleus)n);
		_cleanup_free_ char *text = xasprintf("%s shifts: %s, %s", doc_nucleus_key((enum doc_nucleus)n), level,
						      doc_calibrated(r->result, (enum doc_nucleus)n)
							      ? "scaled" : "uncalibrated");
		if (r->first[n + 1] > r->first[n])
			property(r->b, n == DOC_1H ? "Comment1" : "Comment2", text);
	}
	property(r->b, "Origin", origin);
	property(r->b, "Origin_job", json_str(r->result, "id", "-"));
	property(r->b, "InChIKey", json_str(json_object_get(r->result, "molecule"), "inchikey", "-"));
	buf_addc(r->b, '\n');
}

static void conditions(const struct record *r)
{
	double kelvin = json_num(doc_level(r->result), "temperature_k", NAN);
	tag_value(r->b, "SOLVENT", doc_solvent(r->result));
	if (!isfinite(kelvin))
		return;
	tag(r->b, "TEMPERATURE");
	text_number(r->b, kelvin, 2, false);
	buf_adds(r->b, " K ;of the average over conformers" EOL "\n");
}

static void structure_names(const struct record *r)
{
	const json_t *mol = json_object_get(r->result, "molecule");
	const char *formula = doc_formula(r->result);
	if (*formula)
		tag_value(r->b, "FORMULA", formula);
	structure_name(r->b, "SMILES", json_str(mol, "smiles", ""));
	structure_name(r->b, "INCHI", json_str(mol, "inchi", ""));
}

/* "H2, 3.6812, 7, 8 ;CH2, uncertainty 0.18 ppm\" */
static void assigned(struct buf *b, enum doc_nucleus n, const struct item *it)
{
	const struct doc_signal *s = it->signal;
	buf_addf(b, "%s, ", it->label);
	text_number(b, s->shift, 4, false);
	buf_adds(b, ", ");
	doc_atoms(b, s->atoms, ", ", false);
	buf_adds(b, " ;");
	value(b, *s->type ? s->type : "predicted");
	if (isfinite(s->uncertainty))
		buf_addf(b, ", uncertainty %.*f ppm", doc_digits(n), s->uncertainty);
	else if (!s->exchangeable)
		buf_adds(b, ", uncertainty not known");
	buf_adds(b, s->exchanged ? ", exchanged for D in this solvent" : s->exchangeable ? ", exchangeable" : "");
	buf_adds(b, EOL);
}

static void assignment(const struct record *r)
{
	if (!r->n)
		return;
	tag(r->b, "ASSIGNMENT");
	buf_adds(r->b, ";predicted, not measured" EOL);
	for (size_t i = 0; i < r->n; i++)
		assigned(r->b, i < r->first[DOC_13C] ? DOC_1H : DOC_13C, &r->item[i]);
	buf_addc(r->b, '\n');
}

static size_t seen(const struct record *r, enum doc_nucleus n)
{
	size_t count = 0;
	for (size_t i = r->first[n]; i < r->first[n + 1]; i++)
		count += !r->item[i].signal->exchanged;
	return count;
}

/* N counts hydrogens, with ¹³C those on the carbon, which the document does not tell. */
static void spectrum(const struct record *r, enum doc_nucleus n)
{
	const char *key = doc_nucleus_key(n);
	if (!seen(r, n))
		return;
	buf_addf(r->b, "> <NMREDATA_1D_%s>\n;predicted, not measured%s" EOL, key,
		 n == DOC_1H ? ", couplings not computed" : "");
	buf_addf(r->b, "Larmor=%.4f" EOL "%s", curve_larmor(n), n == DOC_1H ? "" : "Decoupled=1H" EOL);
	buf_addf(r->b, "Spectrum_Location=file:./spectrum-%s.jdx" EOL, key);
	buf_addf(r->b, "Jcamp_location=file:spectrum-%s.jdx" EOL, key);
	for (size_t i = r->first[n]; i < r->first[n + 1]; i++) {
		const struct item *it = &r->item[i];
		if (it->signal->exchanged)
			continue;
		text_number(r->b, it->signal->shift, 4, false);
		if (n == DOC_1H)
			buf_addf(r->b, ", N=%zu", it->signal->natoms);
		buf_addf(r->b, ", L=%s" EOL, it->label);
	}
	buf_addc(r->b, '\n');
}

static void tags(const struct record *r)
{
	tag_value(r->b, "VERSION", "1.1");
	tag_value(r->b, "LEVEL", "0");
	identity(r);
	structure_names(r);
	conditions(r);
	assignment(r);
	spectrum(r, DOC_1H);
	spectrum(r, DOC_13C);
	buf_adds(r->b, "$$$$\n");
}

int report_nmredata_sdf(const json_t *result, struct buf *b)
{
	_cleanup_(buf_release) struct buf text = BUF_INIT;
	const json_t *coords = json_arr(doc_lowest(result), "coords");
	int e = report_molblock(result, coords, &text);
	if (e < 0)
		return e;
	_cleanup_(record_release) struct record r = { .result = result, .b = &text, .natoms = json_array_size(coords) };
	read_signals(&r);
	tags(&r);
	buf_add(b, text.s, text.len);
	return 0;
}
