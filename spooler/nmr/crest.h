/* CREST: pure functions around
 *   crest in.xyz --gfn2 --alpb S --chrg q --ewin w -T n
 * P. Pracht, F. Bohle, S. Grimme, Phys. Chem. Chem. Phys. 2020, 22, 7169. It leaves
 * crest_conformers.xyz: geometries by rising GFN2 energy, atoms in the order of the
 * input, the energy (hartree) in each comment line. Tested with 2.12 and 3.0.2. */
#ifndef NMR_NMR_CREST_H
#define NMR_NMR_CREST_H

#include "base/buf.h"
#include "nmr/geometry.h"
#include "nmr/share.h"
#include "nmr/verdict.h"

struct crest_calc {
	const struct geometry *geometry;
	const struct solvent *solvent;
	int charge;
	double window_kcal;
};

#define CREST_ENSEMBLE "crest_conformers.xyz"

void crest_canonical(const struct crest_calc *c, struct buf *b);
/* Arguments after the program name without "-T n"; free with strv_free (nmr/xtb.h). */
char **crest_args(const struct crest_calc *c, const char *xyz_file);
/* out: standard output; ensemble: text of crest_conformers.xyz (NULL: none).
 * OK: {"version","conformers":[{"energy_hartree","coords":[[x,y,z]..]}]}, at most `most`
 *     of them, and "found": how many there were.
 * Otherwise *ret_cause and *ret_detail (CREST's own line; caller frees, may be NULL). */
enum verdict crest_parse(const char *out, size_t n, const char *ensemble, size_t ensemble_n,
			 const struct crest_calc *c, int most, json_t **ret_result,
			 enum cause *ret_cause, char **ret_detail);

/* Live progress from an output so far: the iteration of metadynamics and how many of its
 * runs have ended; 0: none yet. */
struct crest_progress { int iteration, done; };
void crest_progress(const char *out, size_t n, struct crest_progress *ret_p);

#endif
