/* Shared by the files of the prediction alone. scaling: 1H, 13C; NULL: none. */
#ifndef NMR_NMR_PREDICT_INTERNAL_H
#define NMR_NMR_PREDICT_INTERNAL_H

#include "nmr/predict.h"

/* A net charge, or a zwitterion with an ammonium group. */
bool predict_is_ion(const json_t *mol);
/* The factors were fitted in another solvent. */
bool predict_is_transferred(const struct predict_input *in, const struct scaling *s);
json_t *predict_warnings(const struct predict_input *in, const struct scaling *const scaling[2]);
json_t *predict_methods(const struct predict_input *in, const struct scaling *const scaling[2]);
json_t *predict_references(const struct predict_input *in, const struct scaling *const scaling[2]);

#endif
