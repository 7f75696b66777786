/* xTB: pure functions around `xtb in.xyz --opt tight --gfn 2 --alpb S --chrg q`. */
#ifndef NMR_NMR_XTB_H
#define NMR_NMR_XTB_H

#include "base/buf.h"
#include "nmr/geometry.h"
#include "nmr/share.h"
#include "nmr/verdict.h"

struct xtb_calc {
	const struct geometry *geometry;
	const struct solvent *solvent;
	int charge;
	bool optimise;          /* else a single point */
	int rung;               /* 0 plain, ... */
};

void xtb_canonical(const struct xtb_calc *c, struct buf *b);
/* Arguments after the program name, each appended as one NUL-ended string
 * owned by the caller: returns a NULL-terminated vector to free with strv_free. */
char **xtb_args(const struct xtb_calc *c, const char *xyz_file);
void strv_free(char **v);
/* out: standard output; opt: text of xtbopt.xyz (NULL for a single point).
 * OK: {"version","energy_hartree","coords":[...]} */
enum verdict xtb_parse(const char *out, size_t n, const char *opt, size_t opt_n,
		       const struct xtb_calc *c, json_t **ret_result,
		       enum cause *ret_cause, char **ret_detail);
int xtb_next_rung(int rung, enum cause c, const char **ret_why);

#endif
