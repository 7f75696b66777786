/* The data the program reads: solvents, levels of theory, presets, scaling
 * factors. Files in the share directory, libconfig syntax:
 *   solvents.conf  levels.conf  presets.conf  scaling.conf
 * The one file of nmr/ that reads from disk (its own data). Everything is
 * immutable after loading; pointers live as long as the struct share.
 */
#ifndef NMR_NMR_SHARE_H
#define NMR_NMR_SHARE_H

#include "base/util.h"

struct solvent {
	const char *code;        /* chcl3, dmso, water, ... vacuum */
	const char *name;        /* chloroform */
	const char *deuterated;  /* CDCl3; NULL for vacuum */
	const char *nwchem;      /* COSMO name; NULL: no cosmo block */
	const char *alpb;        /* xtb name; NULL: gas phase */
	const char *alpb_note;   /* a declared substitution, for the report; or NULL */
	bool aromatic, protic;
	bool exchanges;          /* D2O, CD3OD: exchangeable H are not seen */
	const char *const *aliases; /* NULL-terminated, matched without case, spaces, '-' and '_' */
	double benzene_h, benzene_c; /* measured shifts of benzene in it (chloroform's where none are known), ppm */
	double transfer_h, transfer_c; /* doubt added where chloroform's factors are used for it, ppm; 0: not known, they are not used */
};

struct level {
	const char *name;      /* key in the file: b3lyp-6311g2dp */
	const char *text;      /* B3LYP/6-311+G(2d,p) */
	const char *functional, *basis_text; /* B3LYP, 6-311+G(2d,p): for people */
	const char *const *xc; /* lines of the dft block */
	const char *const *basis; /* lines of the basis block, e.g. "* library 6-311+G(2d,p)" */
	const char *dispersion; /* a dft line such as "disp vdw 4", or NULL */
	bool direct;           /* shieldings: integrals always recomputed */
	bool spherical;
	int z_max;             /* heaviest supported atom */
	const char *elements;  /* "H C N O ..." or NULL: all up to z_max */
	const char *const *functions; /* "H 6", "C 22" ...: basis functions an atom, for memory and cost */
	const char *reference; /* citation */
};

struct preset {
	const char *name, *summary;
	const struct level *screen;     /* of single points on the xTB geometries; NULL: none */
	const struct level *optimise;   /* NULL: the xTB geometry is used */
	const struct level *shield_h, *shield_c; /* may be the same */
	int conformers_max;             /* most that go to the last stage */
	int conformers_screen_max;      /* most that get a single point */
	int conformers_dft_max;         /* most that go on from there */
	double window_xtb;              /* kcal/mol, GFN2 */
	double window_screen;           /* kcal/mol, single points on xTB geometries */
	double window_dft;              /* kcal/mol, after DFT optimisation (or = window of the final energies) */
	double population;              /* cut at the last stage, 0.99 */
	int atoms_max;                  /* size limit, all atoms */
	double cpu_s;                   /* of a small molecule, mean of the calibration; 0: not known */
};

/* How far off the nuclei of one kind were (docs/formats.md: "environment"). */
struct scaling_kind {
	const char *environment; /* "sp3" */
	double rmsd;             /* ppm, each molecule predicted by the others */
	double offset;           /* ppm, added to the line for these; 0: none */
	int n, molecules;
};

/* shift = slope * shielding + intercept + offset of its kind. */
struct scaling {
	const char *nucleus;     /* "1H", "13C" */
	const char *solvent;     /* code of that of the fit */
	double slope, intercept, rmsd; /* ppm; rmsd: of the fit itself */
	double lomo;             /* RMSD when each molecule is predicted by the others, ppm; 0: not known */
	int n, molecules;        /* shifts, and molecules they come from; molecules 0: not known */
	const struct scaling_kind *kind; /* nkinds of them; 0: not known */
	size_t nkinds;
	const char *source;      /* in a few words, for the report and the methods paragraph */
	const char *reference;   /* the citation */
	const char *note;        /* e.g. fitted on other geometries; or NULL */
	const char *elements;    /* of the molecules of the fit, "H C N O"; NULL: any */
	const char *warning;     /* said in every report that uses it, or NULL */
};

struct share;
/* NULL with *ret_error (caller frees) naming file, line and reason. */
struct share *share_load(const char *dir, char **ret_error);
void share_free(struct share *s);

/* As typed by a person ("CDCl3", "dmso-d6", "Chloroform"); NULL when unknown. */
const struct solvent *share_solvent(const struct share *s, const char *typed);
/* Iterate: i = 0, 1, ... until NULL. Sorted by code. */
const struct solvent *share_solvent_at(const struct share *s, size_t i);
const struct preset *share_preset(const struct share *s, const char *name);
const struct preset *share_preset_at(const struct share *s, size_t i);
const struct level *share_level(const struct share *s, const char *name);
const struct level *share_level_at(const struct share *s, size_t i);
/* The factors whose whole key (geometry level or "xtb", shielding level, solvent) fits;
 * else those of the same levels in chloroform, if it is known how far that may be off;
 * NULL: uncalibrated. */
const struct scaling *share_scaling(const struct share *s, const char *nucleus,
				    const struct preset *p, const struct solvent *solvent);
bool share_is_uncalibrated(const struct share *s, const struct preset *p, const struct solvent *solvent);
/* Why these are no factors but typing errors, or a fit to something else: slope, errors,
 * kinds. NULL: they may stand in scaling.conf. The caller frees. */
char *scaling_fault(const struct scaling *s);
/* ppm; environment NULL, or one that the fit does not have: without an offset. */
double scaling_shift(const struct scaling *s, double shielding, const char *environment);
/* The expected error of a nucleus of this kind, ppm: that of its kind where the fit had
 * enough of them, else that of all. NAN: the fit had none of this kind. environment NULL:
 * that of all. */
double scaling_error(const struct scaling *s, const char *environment);
/* Was this element among those of the fit? */
bool scaling_has_element(const struct scaling *s, const char *symbol);
/* All elements of z[] supported by every level of the preset? Returns 0 or the
 * first unsupported atomic number. */
int share_unsupported_element(const struct preset *p, const int *z, int n);
/* Basis functions of a level for these atoms (for memory and cost). */
int level_functions(const struct level *l, const int *z, int n);

#endif
