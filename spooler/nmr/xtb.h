/* xTB: pure functions around
 *   optimise   xtb in.xyz --gfn 2 --opt tight --alpb S --chrg q
 *   hessian    xtb in.xyz --gfn 2 --hess ...
 *   thermo     xtb in.xyz --gfn 2 --bhess --input xtb.inp ...: G_mRRHO of a geometry that
 *              is another level's minimum (single-point Hessian with a bias potential:
 *              S. Spicher, S. Grimme, J. Chem. Theory Comput. 2021, 17, 1701) */
#ifndef NMR_NMR_XTB_H
#define NMR_NMR_XTB_H

#include "base/buf.h"
#include "nmr/geometry.h"
#include "nmr/share.h"
#include "nmr/verdict.h"

enum xtb_task { XTB_OPTIMISE, XTB_HESSIAN, XTB_THERMO };

struct xtb_calc {
	enum xtb_task task;
	const struct geometry *geometry;
	const struct solvent *solvent;
	int charge;
	double temperature;     /* kelvin; XTB_THERMO alone */
	int rung;               /* 0 plain, ... */
};

void xtb_canonical(const struct xtb_calc *c, struct buf *b);
/* Arguments after the program name, each appended as one NUL-ended string
 * owned by the caller: returns a NULL-terminated vector to free with strv_free. */
char **xtb_args(const struct xtb_calc *c, const char *xyz_file);
void strv_free(char **v);
/* Text of the file xtb.inp, which XTB_THERMO reads; nothing for other tasks. */
#define XTB_INPUT "xtb.inp"
void xtb_input(const struct xtb_calc *c, struct buf *b);
/* out: standard output; file: text of what the task leaves besides (NULL: none):
 * xtbopt.xyz of an optimisation, "hessian" of a Hessian. See xtb_output_file().
 * OK, optimise: {"version","energy_hartree","coords":[[x,y,z]..]}
 *     hessian:  {"version","energy_hartree"}, if the file is whole: xtb_read_hessian()
 *     thermo:   {"version","energy_hartree","gibbs_hartree":g,"imaginary":n}
 *               g: G_mRRHO(T) without the part of the symmetry number, RT ln(sigma) */
/* The file "hessian": 9 natoms^2 values by rows, hartree/bohr^2; caller frees. NULL: not
 * whole, or of another molecule. */
double *xtb_read_hessian(const char *s, size_t n, int natoms);
const char *xtb_output_file(enum xtb_task t);   /* NULL: none */
enum verdict xtb_parse(const char *out, size_t n, const char *file, size_t file_n,
		       const struct xtb_calc *c, json_t **ret_result,
		       enum cause *ret_cause, char **ret_detail);
int xtb_next_rung(int rung, enum cause c, const char **ret_why);

#endif
