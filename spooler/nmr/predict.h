/* From shieldings to the prediction: weights, averages, scaling, warnings.
 * Produces the "result" document of docs/formats.md, as far as the science
 * decides it. Pure. */
#ifndef NMR_NMR_PREDICT_H
#define NMR_NMR_PREDICT_H

#include "nmr/geometry.h"
#include "nmr/share.h"

#define KCAL_PER_HARTREE 627.509474
#define GAS_CONSTANT_KCAL 1.987204259e-3   /* kcal/(mol K), CODATA 2018 */

/* Boltzmann populations: p_i ~ g_i exp(-e_i/RT), normalised.
 * e in kcal/mol (any zero), n values. */
void ensemble_populations(const double *e_kcal, const double *g, int n,
			  double temperature_k, double *ret_p);
/* How many of the n (sorted by energy) to keep: within the window, at most max,
 * and enough for the population (0: no population cut). *ret_lost: population
 * of what was cut (estimated from the same energies). */
int ensemble_cut(const double *e_kcal, const double *g, int n, double window_kcal,
		 double population, int max, double temperature_k, double *ret_lost);

struct predict_conformer {
	int id;
	double energy_hartree;     /* the one declared energy that weights come from; 0: none was computed */
	double gibbs_hartree;      /* added to it for the weights: G_mRRHO without symmetry; 0: not asked for */
	double degeneracy;         /* g = (2 if a chiral conformer of an achiral molecule, else 1)/sigma */
	const struct geometry *geometry;          /* canonical order */
	const double *shield_h, *shield_c;        /* isotropic, ppm, canonical order */
};

/* Reference shieldings at the same level when there are no factors:
 * TMS for sp3, benzene for sp2/sp. */
struct predict_reference {
	bool have;
	double tms_h, tms_c, benzene_h, benzene_c;   /* shieldings, ppm, averaged */
};

struct predict_input {
	const struct share *share;
	const struct preset *preset;
	const struct solvent *solvent;
	double temperature_k;
	const json_t *mol;         /* mol.json of nmr-mol prepare */
	const struct predict_conformer *conformers;
	int n;
	const struct predict_reference *reference;
	bool free_energy;          /* gibbs_hartree was computed */
	bool single;               /* one conformer was asked for, that of lowest xTB energy */
	int conformers_max;        /* that go on from the single points; 0: the preset's */
	int screened_max;          /* that got a single point; 0: the preset's */
	double population_lost;    /* of conformers that were found and not computed, from 0 to 1 */
	const char *embedder;      /* RDKit's: "ETKDGv3 and KDG", "KDG"; NULL: ETKDGv3 alone */
	const char *force_field;   /* RDKit's: "MMFF94s", "UFF"; NULL: none */
	bool crest;                /* the conformers are CREST's, not RDKit's */
	bool screened;             /* single points at the preset's level chose among them */
	const char *weights_text;  /* level of energy_hartree: "B3LYP-D3(BJ)/6-31G*" */
	bool geometry_kept;        /* the file's own geometry was used */
	const char *geometry_text; /* "GFN2-xTB (ALPB)", "B3LYP/6-31G* (COSMO)" */
	const json_t *programs;    /* versions for methods_text: {"nwchem":"7.0.2","xtb":..,"rdkit":..}, or NULL */
};

/* Members filled: molecule, level (without programs), shifts, conformers,
 * warnings (those of mol.json too), methods_text, references. */
json_t *predict_result(const struct predict_input *in);

#endif
