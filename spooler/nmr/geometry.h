/* Atoms in space. Coordinates in angstrom. */
#ifndef NMR_NMR_GEOMETRY_H
#define NMR_NMR_GEOMETRY_H

#include "base/json.h"

struct geometry {
	int natoms;
	int *z;            /* atomic numbers, natoms */
	double (*xyz)[3];  /* angstrom, natoms x 3 */
};

void geometry_init(struct geometry *g);
void geometry_release(struct geometry *g);
void geometry_resize(struct geometry *g, int natoms);
void geometry_copy(struct geometry *dst, const struct geometry *src);
/* 0 for an unknown symbol; symbols in any case, D and T are hydrogen. */
int element_from_symbol(const char *symbol);
const char *element_symbol(int z);   /* "?" when unknown */
double element_mass(int z);          /* g/mol */
/* XYZ text (two header lines, any number of decimals). 0 or -EBADMSG. */
int geometry_from_xyz(const char *text, size_t n, struct geometry *ret_g);
void geometry_to_xyz(const struct geometry *g, const char *title, struct buf *b);
/* [[x,y,z],...]; from: 0 or -EBADMSG, ret_g->natoms and z must be set. */
json_t *geometry_coords_to_json(const struct geometry *g);
int geometry_coords_from_json(const json_t *a, struct geometry *ret_g);
/* Coordinates rounded to 1e-5 angstrom with symbols: what is hashed into keys. */
void geometry_canonical(const struct geometry *g, struct buf *b);

#endif
