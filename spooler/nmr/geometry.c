/* Atoms in space, and the periodic table up to uranium (metals are refused by name,
 * so they need one). Coordinates in angstrom. Parsers take a buffer and its length
 * and leave the result untouched when they fail. Two roundings matter: XYZ files
 * carry 1e-8 angstrom, the canonical text 1e-5, which is what step keys hash and
 * what NWChem is given: equal keys mean equal inputs. Pure; never logs. */
#include "nmr/geometry.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

/* Standard atomic weights (IUPAC 2021, abridged). */
static const struct { const char *symbol; double mass; } elements[] = {
	{ "?", 0 }, { "H", 1.008 }, { "He", 4.0026 }, { "Li", 6.94 }, { "Be", 9.0122 }, { "B", 10.81 },
	{ "C", 12.011 }, { "N", 14.007 }, { "O", 15.999 }, { "F", 18.998 }, { "Ne", 20.180 }, { "Na", 22.990 },
	{ "Mg", 24.305 }, { "Al", 26.982 }, { "Si", 28.085 }, { "P", 30.974 }, { "S", 32.06 }, { "Cl", 35.45 },
	{ "Ar", 39.95 }, { "K", 39.098 }, { "Ca", 40.078 }, { "Sc", 44.956 }, { "Ti", 47.867 }, { "V", 50.942 },
	{ "Cr", 51.996 }, { "Mn", 54.938 }, { "Fe", 55.845 }, { "Co", 58.933 }, { "Ni", 58.693 }, { "Cu", 63.546 },
	{ "Zn", 65.38 }, { "Ga", 69.723 }, { "Ge", 72.630 }, { "As", 74.922 }, { "Se", 78.971 }, { "Br", 79.904 },
	{ "Kr", 83.798 }, { "Rb", 85.468 }, { "Sr", 87.62 }, { "Y", 88.906 }, { "Zr", 91.224 }, { "Nb", 92.906 },
	{ "Mo", 95.95 }, { "Tc", 97 }, { "Ru", 101.07 }, { "Rh", 102.91 }, { "Pd", 106.42 }, { "Ag", 107.87 },
	{ "Cd", 112.41 }, { "In", 114.82 }, { "Sn", 118.71 }, { "Sb", 121.76 }, { "Te", 127.60 }, { "I", 126.90 },
	{ "Xe", 131.29 },
	{ "Cs", 132.91 }, { "Ba", 137.33 }, { "La", 138.91 }, { "Ce", 140.12 }, { "Pr", 140.91 }, { "Nd", 144.24 },
	{ "Pm", 145 }, { "Sm", 150.36 }, { "Eu", 151.96 }, { "Gd", 157.25 }, { "Tb", 158.93 }, { "Dy", 162.50 },
	{ "Ho", 164.93 }, { "Er", 167.26 }, { "Tm", 168.93 }, { "Yb", 173.05 }, { "Lu", 174.97 }, { "Hf", 178.49 },
	{ "Ta", 180.95 }, { "W", 183.84 }, { "Re", 186.21 }, { "Os", 190.23 }, { "Ir", 192.22 }, { "Pt", 195.08 },
	{ "Au", 196.97 }, { "Hg", 200.59 }, { "Tl", 204.38 }, { "Pb", 207.20 }, { "Bi", 208.98 }, { "Po", 209 },
	{ "At", 210 }, { "Rn", 222 }, { "Fr", 223 }, { "Ra", 226 }, { "Ac", 227 }, { "Th", 232.04 }, { "Pa", 231.04 },
	{ "U", 238.03 },
};

void geometry_init(struct geometry *g) { *g = (struct geometry){ 0 }; }

void geometry_release(struct geometry *g)
{
	free(g->z);
	free(g->xyz);
	geometry_init(g);
}

void geometry_resize(struct geometry *g, int natoms)
{
	g->z = xreallocarray(g->z, (size_t)natoms, sizeof(*g->z));
	g->xyz = xreallocarray(g->xyz, (size_t)natoms, sizeof(*g->xyz));
	g->natoms = natoms;
}

void geometry_copy(struct geometry *dst, const struct geometry *src)
{
	geometry_resize(dst, src->natoms);
	memcpy(dst->z, src->z, (size_t)src->natoms * sizeof(*src->z));
	memcpy(dst->xyz, src->xyz, (size_t)src->natoms * sizeof(*src->xyz));
}

int element_from_symbol(const char *s)
{
	if (!s)
		return 0;
	if (!strcasecmp(s, "D") || !strcasecmp(s, "T"))
		return 1;
	for (size_t i = 1; i < ARRAY_SIZE(elements); i++)
		if (!strcasecmp(s, elements[i].symbol))
			return (int)i;
	return 0;
}

static bool known(int z) { return z > 0 && z < (int)ARRAY_SIZE(elements); }
const char *element_symbol(int z) { return elements[known(z) ? z : 0].symbol; }
double element_mass(int z) { return elements[known(z) ? z : 0].mass; }

/* One line, without its end; false when the text is used up. */
static bool next_line(const char **p, const char *end, char *line, size_t size)
{
	if (*p >= end)
		return false;
	const char *nl = memchr(*p, '\n', (size_t)(end - *p));
	size_t n = (size_t)((nl ? nl : end) - *p);
	snprintf(line, size, "%.*s", (int)MIN(n, size - 1), *p);
	*p = nl ? nl + 1 : end;
	return true;
}

int geometry_from_xyz(const char *text, size_t n, struct geometry *ret_g)
{
	const char *p = text, *end = text + n;
	char line[512], symbol[8];
	struct geometry g = { 0 };
	int natoms;
	if (!next_line(&p, end, line, sizeof(line)) || sscanf(line, "%d", &natoms) != 1 || natoms < 1 ||
	    natoms > 100000 || !next_line(&p, end, line, sizeof(line)))
		return -EBADMSG;
	geometry_resize(&g, natoms);
	for (int i = 0; i < natoms; i++) {
		double *x = g.xyz[i];
		if (!next_line(&p, end, line, sizeof(line)) ||
		    sscanf(line, "%7s %lf %lf %lf", symbol, &x[0], &x[1], &x[2]) != 4 ||
		    !(g.z[i] = element_from_symbol(symbol)) || !isfinite(x[0] + x[1] + x[2])) {
			geometry_release(&g);
			return -EBADMSG;
		}
	}
	geometry_release(ret_g);
	*ret_g = g;
	return 0;
}

void geometry_to_xyz(const struct geometry *g, const char *title, struct buf *b)
{
	buf_addf(b, "%d\n%s\n", g->natoms, title);
	for (int i = 0; i < g->natoms; i++)
		buf_addf(b, "%-2s %15.8f %15.8f %15.8f\n", element_symbol(g->z[i]), g->xyz[i][0], g->xyz[i][1],
			 g->xyz[i][2]);
}

json_t *geometry_coords_to_json(const struct geometry *g)
{
	json_t *a = json_array();
	for (int i = 0; i < g->natoms; i++)
		json_array_append_new(a, json_pack("[f,f,f]", g->xyz[i][0], g->xyz[i][1], g->xyz[i][2]));
	return a;
}

int geometry_coords_from_json(const json_t *a, struct geometry *ret_g)
{
	if (json_array_size(a) != (size_t)ret_g->natoms || ret_g->natoms == 0)
		return -EBADMSG;
	for (int i = 0; i < ret_g->natoms; i++) {
		const json_t *row = json_array_get(a, (size_t)i);
		if (json_array_size(row) != 3)
			return -EBADMSG;
		for (int k = 0; k < 3; k++) {
			if (!json_is_number(json_array_get(row, (size_t)k)))
				return -EBADMSG;
			ret_g->xyz[i][k] = json_number_value(json_array_get(row, (size_t)k));
		}
	}
	return 0;
}

void geometry_canonical(const struct geometry *g, struct buf *b)
{
	for (int i = 0; i < g->natoms; i++) {
		buf_adds(b, element_symbol(g->z[i]));
		for (int k = 0; k < 3; k++) {
			double v = round(g->xyz[i][k] * 1e5) / 1e5;
			buf_addf(b, " %.5f", v == 0 ? 0.0 : v);
		}
		buf_addc(b, '\n');
	}
}
