/* Parts of nmr calibrate. */
#ifndef NMR_CLI_CALIBRATE_H
#define NMR_CLI_CALIBRATE_H

#include "cli/cli.h"
#include "nmr/benchmark.h"
#include "nmr/options.h"

/* A level of the shieldings on a level of the geometry: "wp04-631gdp//xtb"; or the levels
 * of a shipped preset, "standard". */
struct calibrate_pair {
	const struct level *level[2];          /* of hydrogens and of carbons */
	const struct level *geometry;          /* NULL: GFN2-xTB */
	const struct preset *shipped;          /* NULL: a pair of levels */
	char *preset;                          /* "wp04-631gdp_xtb", "standard": of the private share folder */
	char hash[9];                          /* of what decides its results besides the molecule */
	json_t *computed;                      /* of calibrate_shieldings_of() */
};

struct calibrate {
	struct cli *c;
	char *dir;                   /* stays, and is taken up again */
	struct share *share;         /* the shipped one */
	struct conf *conf;           /* of the private data folder */
	struct benchmark set;
	char *set_file, *set_sha256; /* name without folder; of the whole file */
	const struct solvent *solvent;
	struct options opt;          /* of the jobs, but for preset and name */
	struct calibrate_pair *pair; /* those asked for now come first */
	int npairs, nknown;          /* asked for now; and all that the folder has seen */
	int lock;
};

/* "wp04-631gdp_xtb_1a2b3c4d_5e6f708192a3": the job of a pair, with its hash, and a molecule
 * (from 0), by its structure. */
char *calibrate_job_name(const struct calibrate *k, const struct calibrate_pair *p, int molecule);
const char *calibrate_geometry_name(const struct calibrate_pair *p);
/* "wp04-631gdp//xtb", "standard": as it is asked for. Caller frees. */
char *calibrate_pair_text(const struct calibrate_pair *p);
/* Into the folder; CLI_OK, or CLI_FAILED after having said why. */
int calibrate_write(const struct calibrate *k, const char *name, const struct buf *b);
/* Fills the hash of every known pair. */
void calibrate_hash(struct calibrate *k);
/* A copy of the share folder with a preset for each known pair, in dir/share. CLI_OK, or what to
 * exit with after having said why. */
int calibrate_write_share(const struct calibrate *k);
/* What a fit needs of shifts.json; cpu_s: of the job. The caller owns it. */
json_t *calibrate_shieldings_of(const struct calibrate *k, int molecule, const json_t *result, double cpu_s);
/* Those of a molecule (from 0), borrowed from the pair; NULL: not computed yet. They belong to
 * the structure, wherever it stands in the set and whatever was measured for it. */
const json_t *calibrate_shieldings(const struct calibrate *k, const struct calibrate_pair *p, int molecule);
/* Into shieldings/PRESET.json (docs/formats.md); CLI_OK, or CLI_FAILED after having said why. */
int calibrate_write_shieldings(const struct calibrate *k, const struct calibrate_pair *p);
/* From the files of --shieldings into the pairs that are asked for. CLI_OK, or what to exit
 * with after having said why. */
int calibrate_read_shieldings(struct calibrate *k);
/* What has been computed, fitted: calibration.json (docs/formats.md). The caller owns it.
 * q: NULL when nothing was left to compute. */
json_t *calibrate_document(struct calibrate *k, struct queue *q);

#endif
