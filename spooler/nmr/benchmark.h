/* A set of molecules with measured shifts: an SD file whose records carry
 *   EXPERIMENTAL_13C, EXPERIMENTAL_1H   one line a shift: ppm, then the 1-based numbers
 *                                       of the atoms that share it
 *   SOLVENT                             optional, as a person writes it: CDCl3
 * Hydrogens must be in the record, as the numbers count them, and no atom may stand on two
 * lines. Pure. */
#ifndef NMR_NMR_BENCHMARK_H
#define NMR_NMR_BENCHMARK_H

#include "base/file.h"
#include "base/util.h"

struct benchmark_shift {
	double ppm;
	int *atom;               /* 1-based numbers of the record */
	int natoms;
};

struct benchmark_molecule {
	char *name;              /* the record's title, or "record 7" */
	char *text;              /* the record itself, without $$$$ */
	char *symbols;           /* of its atoms in order: " C H H H H " */
	size_t block_len;        /* of text, to the end of "M  END" */
	char structure[SHA256_HEX_LEN]; /* of the mol block from its counts line on, without trailing blanks */
	char *solvent;           /* or NULL */
	struct benchmark_shift *shift[2]; /* 1H, 13C */
	int n[2];
};

struct benchmark {
	struct benchmark_molecule *molecule;
	int n;
};

/* 0, or -EINVAL with a sentence that names the record (caller frees). */
int benchmark_parse(const char *text, size_t len, struct benchmark *ret_b, char **ret_error);
void benchmark_release(struct benchmark *b);

#endif
