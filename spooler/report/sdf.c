/* SDF and XYZ from the document's topology (a molblock with 2D coordinates) and
 * coordinates.
 *
 * The molblock is kept line by line, so that bonds, charges and isotopes stay as
 * they were read; only coordinates are put in place, and what belongs to a flat
 * drawing (wedges, crossed bonds) is taken out, since the geometry now says it.
 * Data fields are single lines: a line break in a name must not start a new record.
 *
 * Pure; never logs. */
#include "report/sdf.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/doc.h"
#include "report/text.h"

#define V2000_MAX 999

struct lines { char *text, *next; };

/* The next line without its end; NULL after the last one. */
static char *next_line(struct lines *l)
{
	char *s = l->next;
	if (!s || !*s)
		return NULL;
	size_t n = strcspn(s, "\n");
	l->next = s[n] ? s + n + 1 : s + n;
	s[n] = '\0';
	if (n && s[n - 1] == '\r')
		s[n - 1] = '\0';
	return s;
}

static void lines_release(struct lines *l) { free(l->text); }

/* Three finite numbers of atom i, or false. */
static bool position(const json_t *coords, size_t i, double ret_x[3])
{
	const json_t *p = json_array_get(coords, i);
	for (size_t k = 0; k < 3; k++) {
		const json_t *v = json_array_get(p, k);
		if (!json_is_number(v) || !isfinite(json_number_value(v)) || fabs(json_number_value(v)) >= 10000)
			return false;
		ret_x[k] = json_number_value(v);
	}
	return true;
}

static int count_at(const char *line, size_t at)
{
	char field[4] = "";
	if (strlen(line) < at + 3)
		return -1;
	memcpy(field, line + at, 3);
	return atoi(field);
}

static void header(struct buf *b, const json_t *result)
{
	_cleanup_free_ char *name = text_line_new(doc_name(result), 77);
	/* As a line of its own "$$$$" ends a record. */
	buf_addf(b, "%s%s", str_has_prefix(name, "$$$$") ? " " : "", name);
	/* Columns: initials 2, program 8, date 10 (left open), dimension 2. */
	buf_adds(b, "\n  nmrspool          3D\n\n");
}

/* ---- V2000 */

static int v2000_atoms(struct lines *l, int n, const json_t *coords, struct buf *b)
{
	for (int i = 0; i < n; i++) {
		const char *s = next_line(l);
		double x[3];
		if (!s || strlen(s) < 34 || !position(coords, (size_t)i, x))
			return -EBADMSG;
		buf_addf(b, "%10.4f%10.4f%10.4f%s\n", x[0], x[1], x[2], s + 30);
	}
	return 0;
}

/* The fourth field of a bond is its wedge. */
static int v2000_bonds(struct lines *l, int n, struct buf *b)
{
	for (int i = 0; i < n; i++) {
		char *s = next_line(l);
		if (!s || strlen(s) < 9)
			return -EBADMSG;
		if (strlen(s) >= 12)
			memcpy(s + 9, "  0", 3);
		buf_addf(b, "%s\n", s);
	}
	return 0;
}

static int v2000(struct lines *l, const char *counts, const json_t *coords, struct buf *b)
{
	int natoms = count_at(counts, 0), nbonds = count_at(counts, 3);
	if (natoms < 0 || nbonds < 0 || (size_t)natoms != json_array_size(coords))
		return -EBADMSG;
	buf_addf(b, "%s\n", counts);
	int r = v2000_atoms(l, natoms, coords, b);
	if (r == 0)
		r = v2000_bonds(l, nbonds, b);
	for (const char *s; r == 0 && (s = next_line(l)) && !str_has_prefix(s, "M  END");)
		buf_addf(b, "%s\n", s);
	buf_adds(b, "M  END\n");
	return r;
}

/* ---- V3000 */

/* Where field n (from 0) of a line starts. */
static char *field_at(char *s, int n)
{
	s += strspn(s, " ");
	for (; n > 0 && *s; n--) {
		s += strcspn(s, " ");
		s += strspn(s, " ");
	}
	return s;
}

/* "M  V30 index type x y z map ...": fields 4 to 6 are the coordinates. */
static int v3000_atom(char *s, const json_t *coords, size_t i, struct buf *b)
{
	double x[3];
	char *start = field_at(s, 4), *rest = field_at(s, 7);
	if (!*start || !*rest || !position(coords, i, x))
		return -EBADMSG;
	buf_add(b, s, (size_t)(start - s));
	buf_addf(b, "%.6f %.6f %.6f %s\n", x[0], x[1], x[2], rest);
	return 0;
}

static void v3000_bond(char *s, struct buf *b)
{
	char *cfg = strstr(s, " CFG=");
	if (cfg) {
		size_t n = 1 + strcspn(cfg + 1, " ");
		memmove(cfg, cfg + n, strlen(cfg + n) + 1);
	}
	buf_addf(b, "%s\n", s);
}

static int v3000(struct lines *l, const char *counts, const json_t *coords, struct buf *b)
{
	enum { OUTSIDE, ATOMS, BONDS } in = OUTSIDE;
	size_t i = 0;
	buf_addf(b, "%s\n", counts);
	for (char *s; (s = next_line(l)) && !str_has_prefix(s, "M  END");) {
		if (strstr(s, "END ATOM") || strstr(s, "END BOND"))
			in = OUTSIDE;
		if (in == ATOMS) {
			int r = v3000_atom(s, coords, i++, b);
			if (r < 0)
				return r;
		} else if (in == BONDS)
			v3000_bond(s, b);
		else
			buf_addf(b, "%s\n", s);
		if (strstr(s, "BEGIN ATOM"))
			in = ATOMS;
		else if (strstr(s, "BEGIN BOND"))
			in = BONDS;
	}
	buf_adds(b, "M  END\n");
	return i == json_array_size(coords) ? 0 : -EBADMSG;
}

int report_molblock(const json_t *result, const json_t *coords, struct buf *b)
{
	const char *block = json_str(json_object_get(result, "molecule"), "molblock", NULL);
	if (!block)
		return -ENODATA;
	if (json_array_size(coords) == 0)
		return -EBADMSG;
	_cleanup_(lines_release) struct lines l = { .text = xstrdup(block) };
	l.next = l.text;
	for (int i = 0; i < 3; i++)
		next_line(&l);
	const char *counts = next_line(&l);
	if (!counts)
		return -EBADMSG;
	header(b, result);
	if (strstr(counts, "V3000"))
		return v3000(&l, counts, coords, b);
	return json_array_size(coords) > V2000_MAX ? -EBADMSG : v2000(&l, counts, coords, b);
}

/* ---- records */

static void field(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, "> <%s>\n", name);
	_cleanup_free_ char *line = text_line_new(value, 0);
	buf_addf(b, "%s\n\n", *line ? line : "-");
}

static void field_number(struct buf *b, const char *name, double v, int digits)
{
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	text_number(&t, v, digits, false);
	field(b, name, t.s);
}

static int record(const json_t *result, const json_t *c, struct buf *b)
{
	const json_t *mol = json_object_get(result, "molecule"), *l = doc_level(result);
	int r = report_molblock(result, json_arr(c, "coords"), b);
	if (r < 0)
		return r;
	_cleanup_free_ char *id = xasprintf("%lld", json_int(c, "id", 0));
	field(b, "CONFORMER", id);
	field_number(b, "ENERGY_HARTREE", json_num(c, "energy_hartree", NAN), 8);
	field_number(b, json_is_number(json_object_get(c, "gibbs_kcal")) ? "RELATIVE_FREE_ENERGY_KCAL_MOL" : "RELATIVE_ENERGY_KCAL_MOL",
		     json_num(c, "energy_kcal", NAN), 4);
	field_number(b, "POPULATION", json_num(c, "population", NAN), 4);
	field_number(b, "DEGENERACY", json_num(c, "degeneracy", NAN), 4);
	field(b, "GEOMETRY_LEVEL", json_str(l, "geometry", ""));
	field(b, "SOLVENT", json_str(l, "solvent_name", ""));
	field(b, "SMILES", json_str(mol, "smiles", ""));
	field(b, "INCHIKEY", json_str(mol, "inchikey", ""));
	buf_adds(b, "$$$$\n");
	return 0;
}

static int append(struct buf *b, const struct buf *text, int r)
{
	if (r == 0)
		buf_add(b, text->s, text->len);
	return r;
}

int report_geometry_sdf(const json_t *result, struct buf *b)
{
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	return append(b, &t, record(result, doc_lowest(result), &t));
}

int report_conformers_sdf(const json_t *result, struct buf *b)
{
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	const json_t *list = json_arr(result, "conformers");
	int r = json_array_size(list) ? 0 : -EBADMSG;
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
		r = record(result, json_array_get(list, i), &t);
	return append(b, &t, r);
}

int report_geometry_xyz(const json_t *result, struct buf *b)
{
	const json_t *c = doc_lowest(result), *coords = json_arr(c, "coords");
	const json_t *elements = json_arr(json_object_get(result, "molecule"), "elements");
	size_t n = json_array_size(coords);
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	if (n == 0 || n != json_array_size(elements))
		return -EBADMSG;
	buf_addf(&t, "%zu\n", n);
	text_line(&t, doc_name(result), 40);
	double energy = json_num(c, "energy_hartree", NAN);      /* null: a geometry kept as given */
	buf_addf(&t, "; conformer %lld; ", json_int(c, "id", 0));
	if (!isnan(energy))
		buf_addf(&t, "E = %.8f hartree; ", energy);
	text_line(&t, json_str(doc_level(result), "geometry", ""), 60);
	buf_addc(&t, '\n');
	for (size_t i = 0; i < n; i++) {
		const char *el = json_string_value(json_array_get(elements, i));
		double x[3];
		if (!el || strlen(el) > 3 || !isalpha((unsigned char)*el) || !position(coords, i, x))
			return -EBADMSG;
		buf_addf(&t, "%-3s %14.8f %14.8f %14.8f\n", el, x[0], x[1], x[2]);
	}
	return append(b, &t, 0);
}
