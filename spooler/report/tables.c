/* Tables of a result document.
 *
 * Invariants: numbers in CSV have a decimal point whatever the locale; a cell with
 * text went through text_csv; a level without calibration says so in each row, as
 * rows get copied without their headings.
 *
 * Pure; never logs. */
#include "report/tables.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/doc.h"
#include "report/text.h"

#define BOM "\xEF\xBB\xBF"

static void cell(struct buf *b, const char *s)
{
	text_csv(b, s);
	buf_addc(b, ',');
}

static void number(struct buf *b, double v, int digits)
{
	text_number(b, v, digits, false);
	buf_addc(b, ',');
}

/* ---- shifts.csv */

static void shift_row(struct buf *b, enum doc_nucleus n, const struct doc_signal *s, bool calibrated)
{
	_cleanup_(buf_release) struct buf atoms = BUF_INIT;
	doc_atoms(&atoms, s->atoms, " ", false);
	buf_addf(b, "%s,", doc_nucleus_key(n));
	cell(b, s->label);
	cell(b, atoms.s);
	buf_addf(b, "%zu,", s->natoms);
	cell(b, s->type);
	number(b, s->shift, n == DOC_1H ? 3 : 2);
	number(b, s->uncertainty, 2);
	number(b, s->shielding, n == DOC_1H ? 3 : 2);
	buf_adds(b, s->exchanged ? "exchanged," : s->exchangeable ? "yes," : "no,");
	buf_addf(b, "%s,", calibrated ? "scaled" : "uncalibrated");
	text_csv(b, s->reason);
	buf_adds(b, "\r\n");
}

int report_shifts_csv(const json_t *result, struct buf *b)
{
	buf_adds(b, BOM "nucleus,label,atoms,count,type,shift_ppm,uncertainty_ppm,shielding_ppm,exchangeable,"
			"calibration,note\r\n");
	for (enum doc_nucleus n = DOC_1H; n < DOC_NUCLEUS_COUNT; n++) {
		_cleanup_(doc_signals_release) struct doc_signals s;
		doc_signals(result, n, &s);
		for (size_t i = 0; i < s.n; i++)
			shift_row(b, n, &s.item[i], doc_calibrated(result, n));
	}
	return 0;
}

/* ---- shieldings.csv */

/* The label of the signal that an atom belongs to. */
static const char *label_of(const struct doc_signals *s, long long atom)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < json_array_size(s->item[i].atoms); k++)
			if (json_integer_value(json_array_get(s->item[i].atoms, k)) == atom)
				return s->item[i].label;
	return "";
}

struct nucleus_value { long long atom; double value; };

static int by_atom(const void *a, const void *b)
{
	const struct nucleus_value *x = a, *y = b;
	return x->atom < y->atom ? -1 : x->atom > y->atom;
}

static void conformer_rows(struct buf *b, const json_t *conformer, enum doc_nucleus n, const struct doc_signals *s)
{
	json_t *map = json_object_get(json_object_get(conformer, "shieldings"), doc_nucleus_key(n)), *v;
	_cleanup_free_ struct nucleus_value *list = xcalloc(json_object_size(map), sizeof(*list));
	size_t count = 0;
	const char *key;
	json_object_foreach(map, key, v)
		if (json_is_number(v))
			list[count++] = (struct nucleus_value){ strtoll(key, NULL, 10), json_number_value(v) };
	if (count)
		qsort(list, count, sizeof(*list), by_atom);
	for (size_t i = 0; i < count; i++) {
		buf_addf(b, "%lld,", json_int(conformer, "id", 0));
		number(b, json_num(conformer, "energy_kcal", NAN), 3);
		number(b, json_num(conformer, "population", NAN), 4);
		buf_addf(b, "%s,%lld,", doc_nucleus_key(n), list[i].atom);
		cell(b, label_of(s, list[i].atom));
		text_number(b, list[i].value, 4, false);
		buf_adds(b, "\r\n");
	}
}

int report_shieldings_csv(const json_t *result, struct buf *b)
{
	const json_t *list = json_arr(result, "conformers"), *c;
	size_t i;
	_cleanup_(doc_signals_release) struct doc_signals h, carbon;
	doc_signals(result, DOC_1H, &h);
	doc_signals(result, DOC_13C, &carbon);
	buf_adds(b, BOM "conformer,energy_kcal,population,nucleus,atom,label,shielding_ppm\r\n");
	json_array_foreach(list, i, c) {
		conformer_rows(b, c, DOC_1H, &h);
		conformer_rows(b, c, DOC_13C, &carbon);
	}
	return 0;
}

/* ---- JSON */

int report_shifts_json(const json_t *result, struct buf *b)
{
	static const char *const bulk[] = { "options", "steps", "structure_svg", "methods_text" };
	_cleanup_json_ json_t *doc = json_deep_copy(result);
	if (!json_is_object(doc))
		return -EBADMSG;
	json_t *c;
	size_t i;
	for (i = 0; i < ARRAY_SIZE(bulk); i++)
		json_object_del(doc, bulk[i]);
	json_array_foreach(json_arr(doc, "conformers"), i, c) {
		json_object_del(c, "coords");
		json_object_del(c, "shieldings");
	}
	json_add_to(b, doc, true);
	return 0;
}

int report_provenance_json(const json_t *result, struct buf *b)
{
	static const char *const keep[] = { "schema", "id", "name", "source", "record", "input", "molecule", "level",
					    "options", "steps", "timing", "warnings", "methods_text", "references" };
	_cleanup_json_ json_t *doc = json_object();
	if (!json_is_object(result))
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(keep); i++)
		if (json_object_get(result, keep[i]))
			json_object_set(doc, keep[i], json_object_get(result, keep[i]));
	json_add_to(b, doc, true);
	return 0;
}

/* ---- for a terminal */

#define COLUMNS 80
#define RULE "  ──────────────────────────────────────────────────────────────\n"

static void line(struct buf *b, const char *first, const char *text)
{
	text_wrap(b, text, first, COLUMNS, "\n");
}

static void text_head(const json_t *result, struct buf *b)
{
	_cleanup_free_ char *name = text_line_new(doc_name(result), 44);
	_cleanup_free_ char *formula = text_subscripts_new(doc_formula(result));
	_cleanup_free_ char *solvent = text_subscripts_new(doc_solvent(result));
	_cleanup_free_ char *h = doc_level_text(result, DOC_1H), *c = doc_level_text(result, DOC_13C);
	_cleanup_free_ char *head = xasprintf("%s · %s · %s", name, formula, solvent);
	line(b, "", head);
	if (str_eq(h, c))
		line(b, "", h);
	else {
		line(b, "¹H:  ", h);
		line(b, "¹³C: ", c);
	}
	if (!doc_all_calibrated(result))
		line(b, "", "UNCALIBRATED: relative to TMS and benzene at the same level, without uncertainties");
}

static void text_row(struct buf *b, enum doc_nucleus n, const struct doc_signal *s)
{
	_cleanup_(buf_release) struct buf atoms = BUF_INIT;
	_cleanup_free_ char *shift = text_number_new(s->shift, doc_digits(n));
	_cleanup_free_ char *doubt = isfinite(s->uncertainty) ? xasprintf("± %.*f", doc_digits(n), s->uncertainty)
							      : xstrdup("");
	_cleanup_free_ char *count = xasprintf("%zu%s", s->natoms, n == DOC_1H ? "H" : "C");
	_cleanup_free_ char *type = xasprintf("%s%s", s->type, s->exchangeable ? "*" : "");
	doc_atoms(&atoms, s->atoms, ", ", true);
	buf_adds(b, "  ");
	text_pad(b, s->label, 10, false);
	text_pad(b, shift, 10, true);
	buf_adds(b, "  ");
	text_pad(b, doubt, 8, false);
	text_pad(b, count, 5, true);
	buf_adds(b, "  ");
	text_pad(b, type, 12, false);
	text_line(b, atoms.s, 26);
	while (b->len && b->s[b->len - 1] == ' ')
		b->s[--b->len] = '\0';
	buf_addc(b, '\n');
}

/* Why signals have no uncertainty, each reason once. */
struct why { const char *text[8]; size_t n; };

static void note_why(struct why *y, const struct doc_signal *s)
{
	if (isfinite(s->uncertainty) || s->exchangeable || !s->reason || y->n == ARRAY_SIZE(y->text))
		return;
	for (size_t i = 0; i < y->n; i++)
		if (str_eq(y->text[i], s->reason))
			return;
	y->text[y->n++] = s->reason;
}

/* Whether any signal is exchangeable, to explain the asterisk. */
static bool text_nucleus(const json_t *result, enum doc_nucleus n, struct why *y, struct buf *b)
{
	_cleanup_(doc_signals_release) struct doc_signals s;
	bool any = false;
	doc_signals(result, n, &s);
	if (s.n == 0)
		return false;
	buf_addc(b, '\n');
	_cleanup_free_ char *head = xasprintf("%s", doc_nucleus_text(n));
	buf_adds(b, "  ");
	text_pad(b, head, 10, false);
	text_pad(b, "δ / ppm", 10, true);
	buf_adds(b, "  uncert.     n  type        atoms\n" RULE);
	for (size_t i = 0; i < s.n; i++) {
		text_row(b, n, &s.item[i]);
		any = any || s.item[i].exchangeable;
		note_why(y, &s.item[i]);
	}
	return any;
}

int report_table_text(const json_t *result, struct buf *b)
{
	size_t i = 0;
	const char *w;
	if (!json_is_object(result))
		return -EBADMSG;
	text_head(result, b);
	struct why y = { .n = 0 };
	bool exchangeable = text_nucleus(result, DOC_1H, &y, b);
	text_nucleus(result, DOC_13C, &y, b);
	if (exchangeable || y.n)
		buf_addc(b, '\n');
	if (exchangeable)
		line(b, "  * ", doc_exchanges(result) ? "exchangeable: not seen in this solvent"
							  : "exchangeable: the shift depends on conditions");
	for (size_t k = 0; k < y.n; k++) {
		_cleanup_free_ char *text = xasprintf("no uncertainty: %s", y.text[k]);
		line(b, "    ", text);
	}
	if ((w = doc_warning(result, &i, false)))
		buf_addc(b, '\n');
	for (; w; w = doc_warning(result, &i, false))
		line(b, "  ! ", w);
	return 0;
}
