/* SI.txt: the ACS line of each nucleus, computational details, references, and
 * coordinates with energies for each conformer.
 *
 * Paragraphs are single long lines, as they are meant to be pasted into a text
 * processor; coordinates are columns. What the level cannot promise
 * (uncalibrated) is part of the pasted line.
 *
 * Pure; never logs. */
#include "report/si.h"

#include <errno.h>
#include <math.h>

#include "report/doc.h"
#include "report/text.h"

static void acs_signal(struct buf *b, enum doc_nucleus n, const struct doc_signal *s)
{
	text_number(b, s->shift, doc_digits(n), true);
	buf_adds(b, " (");
	if (n == DOC_1H)
		buf_addf(b, "%zuH, ", s->natoms);
	else if (s->natoms > 1)
		buf_addf(b, "%zuC, ", s->natoms);
	text_line(b, s->label, 40);
	buf_adds(b, s->exchangeable ? ", exchangeable)" : ")");
}

static void acs_line(const json_t *result, enum doc_nucleus n, struct buf *b)
{
	_cleanup_(doc_signals_release) struct doc_signals s;
	bool first = true;
	doc_signals(result, n, &s);
	for (size_t i = 0; i < s.n; i++) {
		if (s.item[i].exchanged)
			continue;
		if (first) {
			buf_addf(b, "%s NMR (", doc_nucleus_text(n));
			text_subscripts(b, doc_solvent(result));
			buf_addf(b, ", calcd%s) δ ", doc_calibrated(result, n) ? "" : ", uncalibrated");
		} else
			buf_adds(b, ", ");
		acs_signal(b, n, &s.item[i]);
		first = false;
	}
	if (!first)
		buf_addc(b, '.');
}

void report_acs_line(const json_t *result, const char *nucleus, struct buf *b)
{
	int n = doc_nucleus_from(nucleus);
	if (n >= 0)
		acs_line(result, (enum doc_nucleus)n, b);
}

static void si_lines(const json_t *result, struct buf *b)
{
	for (enum doc_nucleus n = DOC_1H; n < DOC_NUCLEUS_COUNT; n++) {
		size_t before = b->len;
		acs_line(result, n, b);
		if (b->len > before)
			buf_adds(b, "\n\n");
	}
	_cleanup_(doc_signals_release) struct doc_signals h;
	doc_signals(result, DOC_1H, &h);
	size_t hidden = 0;
	for (size_t i = 0; i < h.n; i++)
		hidden += h.item[i].exchanged ? h.item[i].natoms : 0;
	if (hidden)
		buf_addf(b, "Not listed: %zu exchangeable hydrogen%s (exchanged for deuterium in this solvent).\n\n", hidden,
			 hidden > 1 ? "s" : "");
}

static void heading(struct buf *b, const char *text) { buf_addf(b, "\n%s\n\n", text); }

static void si_details(const json_t *result, struct buf *b)
{
	const json_t *programs = json_object_get(doc_level(result), "programs"), *v;
	const char *key, *sep = "Programs: ";
	heading(b, "COMPUTATIONAL DETAILS");
	text_line(b, json_str(result, "methods_text", "-"), 0);
	buf_adds(b, "\n\n");
	json_object_foreach((json_t *)programs, key, v) {
		buf_adds(b, sep);
		text_line(b, key, 40);
		buf_addc(b, ' ');
		text_line(b, json_string_value(v), 40);
		sep = ", ";
	}
	buf_adds(b, programs ? ".\n" : "");
}

/* How sure the numbers are, in the words of the document. */
static void si_uncertainty(const json_t *result, struct buf *b)
{
	for (enum doc_nucleus n = DOC_1H; n < DOC_NUCLEUS_COUNT; n++) {
		const json_t *c = doc_calibration(result, n);
		if (!c)
			continue;
		buf_addf(b, "%s: ", doc_nucleus_text(n));
		text_line(b, json_str(c, "text", ""), 0);
		if (doc_calibrated(result, n)) {
			buf_adds(b, "; RMSD ");
			text_number(b, json_num(c, "rmsd", NAN), 2, true);
			buf_adds(b, " ppm");
			if (json_is_number(json_object_get(c, "lomo")))
				buf_addf(b, ", %.2f ppm when each molecule is predicted by a fit to the others", json_num(c, "lomo", NAN));
			buf_addf(b, ", n = %lld%s", json_int(c, "n", 0), doc_is_transferred(result, n) ? ", of another solvent (chloroform)" : "");
		}
		buf_adds(b, ".\n");
	}
}

static void si_references(const json_t *result, struct buf *b)
{
	const json_t *list = json_arr(result, "references"), *r;
	size_t i;
	if (json_array_size(list) == 0)
		return;
	heading(b, "REFERENCES");
	json_array_foreach(list, i, r) {
		buf_addf(b, "(%zu) ", i + 1);
		text_line(b, json_string_value(r), 0);
		buf_addc(b, '\n');
	}
}

static void si_warnings(const json_t *result, struct buf *b)
{
	size_t i = 0;
	const char *w = doc_warning(result, &i, true);
	if (w)
		heading(b, "WARNINGS");
	for (; w; w = doc_warning(result, &i, true)) {
		buf_adds(b, "- ");
		text_line(b, w, 0);
		buf_addc(b, '\n');
	}
}

static void si_conformer(const json_t *result, const json_t *c, struct buf *b)
{
	const json_t *elements = json_arr(json_object_get(result, "molecule"), "elements"), *coords = json_arr(c, "coords");
	double energy = json_num(c, "energy_hartree", NAN);      /* null: a geometry kept as given */
	buf_addf(b, "Conformer %lld: ", json_int(c, "id", 0));
	if (!isnan(energy))
		buf_addf(b, "E = %.8f hartree; ", energy);
	/* What the weights come from. */
	if (!isnan(energy) && json_is_number(json_object_get(c, "gibbs_kcal")))
		buf_addf(b, "G - E = %.2f kcal/mol; relative free energy %.2f kcal/mol; ", json_num(c, "gibbs_kcal", NAN),
			 json_num(c, "energy_kcal", NAN));
	else if (!isnan(energy))
		buf_addf(b, "relative energy %.2f kcal/mol; ", json_num(c, "energy_kcal", NAN));
	buf_addf(b, "population %.1f %%", 100 * json_num(c, "population", NAN));
	double g = json_num(c, "degeneracy", 1);
	if (fabs(g - 1) > 1e-6)
		buf_addf(b, "; degeneracy %.4g", g);
	buf_addc(b, '\n');
	for (size_t i = 0; i < json_array_size(coords); i++) {
		const json_t *x = json_array_get(coords, i);
		_cleanup_free_ char *el = text_line_new(json_string_value(json_array_get(elements, i)), 3);
		buf_addf(b, "%4zu  %-3s", i + 1, el);
		for (size_t k = 0; k < 3; k++)
			buf_addf(b, " %12.6f", json_number_value(json_array_get(x, k)));
		buf_addc(b, '\n');
	}
	buf_addc(b, '\n');
}

int report_si_text(const json_t *result, struct buf *b)
{
	const json_t *mol = json_object_get(result, "molecule"), *c;
	size_t i;
	if (!json_is_object(result))
		return -EBADMSG;
	text_line(b, doc_name(result), 0);
	buf_adds(b, "\n");
	text_line(b, doc_formula(result), 0);
	buf_adds(b, "\nSMILES: ");
	text_line(b, json_str(mol, "smiles", "-"), 0);
	buf_adds(b, "\nInChIKey: ");
	text_line(b, json_str(mol, "inchikey", "-"), 0);
	buf_adds(b, "\n\n");
	si_lines(result, b);
	buf_adds(b, "Labels are the atom numbers of the structure as it was submitted; hydrogens carry the number of "
		    "their atom. Shifts in ppm relative to tetramethylsilane.\n");
	si_warnings(result, b);
	si_details(result, b);
	si_uncertainty(result, b);
	si_references(result, b);
	heading(b, "CARTESIAN COORDINATES (ANGSTROM) AND ENERGIES");
	json_array_foreach(json_arr(result, "conformers"), i, c)
		si_conformer(result, c, b);
	return 0;
}
