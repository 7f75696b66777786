/* The result document (docs/formats.md) as the reports see it: what is missing
 * has a plain stand-in, what makes no sense is left out. All strings are borrowed
 * from the document. Never fails, except where it says so. */
#ifndef NMR_REPORT_DOC_H
#define NMR_REPORT_DOC_H

#include "base/json.h"

enum doc_nucleus { DOC_1H, DOC_13C, DOC_NUCLEUS_COUNT };
const char *doc_nucleus_key(enum doc_nucleus n);    /* "1H": as in the document */
const char *doc_nucleus_text(enum doc_nucleus n);   /* "¹H" */
int doc_nucleus_from(const char *key);              /* -EINVAL */
/* Decimals of a shift: 2 for 1H, 1 for 13C. */
int doc_digits(enum doc_nucleus n);

struct doc_signal {
	const char *label, *type;
	const json_t *atoms;       /* 1-based numbers */
	size_t natoms;             /* at least 1 */
	double shift, shielding;   /* ppm; shielding NAN when missing */
	double uncertainty;        /* ppm; NAN: not known */
	const char *reason;        /* why not; NULL */
	bool exchangeable;
	bool exchanged;            /* exchangeable in a solvent that swaps it for D: not seen */
};
struct doc_signals { struct doc_signal *item; size_t n; };
/* Sorted by shift, highest first. Entries without a finite shift are left out. */
void doc_signals(const json_t *result, enum doc_nucleus n, struct doc_signals *ret_s);
/* Takes out those that are exchanged; how many nuclei that were. */
size_t doc_signals_hide(struct doc_signals *s);
void doc_signals_release(struct doc_signals *s);

const char *doc_name(const json_t *result);         /* never empty */
const char *doc_formula(const json_t *result);
const json_t *doc_level(const json_t *result);
/* "CDCl3", "DMSO-d6"; the solvent's name when it has no deuterated form. */
const char *doc_solvent(const json_t *result);
/* Does the solvent swap OH, NH and SH hydrogens for D (D2O, CD3OD)? */
bool doc_exchanges(const json_t *result);
const json_t *doc_calibration(const json_t *result, enum doc_nucleus n);
bool doc_calibrated(const json_t *result, enum doc_nucleus n);
/* The factors were fitted in another solvent than the job's. */
bool doc_is_transferred(const json_t *result, enum doc_nucleus n);
/* Every nucleus that has signals is calibrated. */
bool doc_all_calibrated(const json_t *result);
/* "PBE0/def2-SVP // GFN2-xTB (ALPB)"; the caller frees. */
char *doc_level_text(const json_t *result, enum doc_nucleus n);
/* "4, 5, 6"; ranges of three and more as "4–6" when short. */
void doc_atoms(struct buf *b, const json_t *atoms, const char *separator, bool ranges);

/* Warnings, without the one on calibration when `all` is false (it is said
 * elsewhere, louder). NULL: no more. */
const char *doc_warning(const json_t *result, size_t *i, bool all);

/* The conformer of lowest energy, NULL when there is none. */
const json_t *doc_lowest(const json_t *result);

#endif
