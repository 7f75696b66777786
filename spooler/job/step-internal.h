/* What step.c, step-start.c and step-end.c share; nobody else includes it. */
#ifndef NMR_JOB_STEP_INTERNAL_H
#define NMR_JOB_STEP_INTERNAL_H

#include "job/step.h"
#include "nmr/crest.h"

/* step.json of a step's folder: 0, -ENOENT, -EBADMSG. */
int step_read_plan(const char *dir, json_t **ret_plan);
bool step_is_nwchem(const json_t *plan);
/* The geometry of a plan's calculation: 0 or -EBADMSG; the caller releases g. */
int step_calc_geometry(const json_t *calc, struct geometry *g);
/* The same with all that NWChem computes; c points to g. */
int step_nwchem_calc(const struct lab *lab, const json_t *plan, struct geometry *g, struct nwchem_calc *c);
struct xtb_calc step_xtb_calc(const struct lab *lab, const json_t *plan, const struct geometry *g);
struct crest_calc step_crest_calc(const struct lab *lab, const json_t *plan, const struct geometry *g);
/* Where NWChem writes its files: the scratch folder, or the step's own where NWChem could
 * not read the path of that. Caller frees. */
char *step_nwchem_place(const struct lab *lab, const char *key);

#endif
