/* Reading the result document. The document is ours, but its strings are not, and
 * an older or broken one must give an odd report rather than a crash: every
 * member is optional here.
 *
 * Pure; never logs. */
#include "report/doc.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Beyond this a shift is a broken number, not chemistry. */
#define SHIFT_LIMIT 5000.0

const char *doc_nucleus_key(enum doc_nucleus n) { return n == DOC_1H ? "1H" : "13C"; }
const char *doc_nucleus_text(enum doc_nucleus n) { return n == DOC_1H ? "¹H" : "¹³C"; }
int doc_digits(enum doc_nucleus n) { return n == DOC_1H ? 2 : 1; }

int doc_nucleus_from(const char *key)
{
	for (int n = 0; n < DOC_NUCLEUS_COUNT; n++)
		if (str_eq(key, doc_nucleus_key((enum doc_nucleus)n)))
			return n;
	return -EINVAL;
}

const char *doc_name(const json_t *result)
{
	const char *name = json_str(result, "name", "");
	return *name ? name : "molecule";
}

const char *doc_formula(const json_t *result)
{
	return json_str(json_object_get(result, "molecule"), "formula", "");
}

const json_t *doc_level(const json_t *result) { return json_object_get(result, "level"); }

const char *doc_solvent(const json_t *result)
{
	const json_t *l = doc_level(result);
	const char *d = json_str(l, "deuterated", "");
	return *d ? d : json_str(l, "solvent_name", json_str(l, "solvent", "solvent not given"));
}

bool doc_exchanges(const json_t *result)
{
	const char *d = json_str(doc_level(result), "deuterated", "");
	return str_ieq(d, "D2O") || str_ieq(d, "CD3OD");
}

const json_t *doc_calibration(const json_t *result, enum doc_nucleus n)
{
	return json_object_get(json_object_get(doc_level(result), "calibration"), doc_nucleus_key(n));
}

bool doc_calibrated(const json_t *result, enum doc_nucleus n)
{
	return str_eq(json_str(doc_calibration(result, n), "kind", ""), "scaled");
}

bool doc_is_transferred(const json_t *result, enum doc_nucleus n)
{
	const char *fit = json_str(doc_calibration(result, n), "solvent", NULL);
	return fit && !str_eq(fit, json_str(doc_level(result), "solvent", fit));
}

bool doc_all_calibrated(const json_t *result)
{
	for (int n = 0; n < DOC_NUCLEUS_COUNT; n++) {
		const char *key = doc_nucleus_key((enum doc_nucleus)n);
		if (json_array_size(json_arr(json_object_get(result, "shifts"), key)) > 0 &&
		    !doc_calibrated(result, (enum doc_nucleus)n))
			return false;
	}
	return true;
}

char *doc_level_text(const json_t *result, enum doc_nucleus n)
{
	const json_t *l = doc_level(result);
	const char *shield = json_str(json_object_get(l, "shielding"), doc_nucleus_key(n), "?");
	return xasprintf("%s // %s", shield, json_str(l, "geometry", "?"));
}

/* ---- signals */

static bool read_signal(const json_t *e, bool exchanges, struct doc_signal *s)
{
	*s = (struct doc_signal){
		.label = json_str(e, "label", "?"),
		.type = json_str(e, "type", ""),
		.atoms = json_arr(e, "atoms"),
		.shift = json_num(e, "shift", NAN),
		.shielding = json_num(e, "shielding", NAN),
		.uncertainty = json_num(e, "uncertainty", NAN),
		.reason = json_str(e, "uncertainty_reason", NULL),
		.exchangeable = json_flag(e, "exchangeable", false),
	};
	s->natoms = MAX(json_array_size(s->atoms), (size_t)1);
	s->exchanged = s->exchangeable && exchanges;
	return isfinite(s->shift) && fabs(s->shift) < SHIFT_LIMIT;
}

static int by_shift(const void *a, const void *b)
{
	const struct doc_signal *x = a, *y = b;
	if (x->shift != y->shift)
		return x->shift > y->shift ? -1 : 1;
	return strcmp(x->label, y->label);
}

void doc_signals(const json_t *result, enum doc_nucleus n, struct doc_signals *ret_s)
{
	const json_t *list = json_arr(json_object_get(result, "shifts"), doc_nucleus_key(n)), *e;
	bool exchanges = doc_exchanges(result);
	size_t i;
	ret_s->item = xcalloc(json_array_size(list), sizeof(*ret_s->item));
	ret_s->n = 0;
	json_array_foreach(list, i, e)
		if (read_signal(e, exchanges, &ret_s->item[ret_s->n]))
			ret_s->n++;
	if (ret_s->n)
		qsort(ret_s->item, ret_s->n, sizeof(*ret_s->item), by_shift);
}

size_t doc_signals_hide(struct doc_signals *s)
{
	size_t kept = 0, hidden = 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->item[i].exchanged)
			hidden += s->item[i].natoms;
		else
			s->item[kept++] = s->item[i];
	s->n = kept;
	return hidden;
}

void doc_signals_release(struct doc_signals *s)
{
	free(s->item);
	*s = (struct doc_signals){ 0 };
}

/* ---- lists */

static long long atom_at(const json_t *atoms, size_t i) { return json_integer_value(json_array_get(atoms, i)); }

void doc_atoms(struct buf *b, const json_t *atoms, const char *separator, bool ranges)
{
	size_t n = json_array_size(atoms);
	for (size_t i = 0; i < n; i++) {
		size_t last = i;
		while (ranges && last + 1 < n && atom_at(atoms, last + 1) == atom_at(atoms, last) + 1)
			last++;
		buf_addf(b, "%s%lld", i ? separator : "", atom_at(atoms, i));
		if (last >= i + 2) {
			buf_addf(b, "–%lld", atom_at(atoms, last));
			i = last;
		}
	}
}

const char *doc_warning(const json_t *result, size_t *i, bool all)
{
	const json_t *list = json_arr(result, "warnings");
	while (*i < json_array_size(list)) {
		const json_t *w = json_array_get(list, (*i)++);
		const char *text = json_str(w, "text", "");
		if (*text && (all || !str_eq(json_str(w, "code", ""), "uncalibrated")))
			return text;
	}
	return NULL;
}

const json_t *doc_lowest(const json_t *result)
{
	const json_t *list = json_arr(result, "conformers"), *c, *best = NULL;
	double low = INFINITY;
	size_t i;
	json_array_foreach(list, i, c) {
		double e = json_num(c, "energy_kcal", 0);
		if (!best || e < low) {
			best = c;
			low = e;
		}
	}
	return best;
}
