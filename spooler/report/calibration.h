/* What nmr calibrate writes, from its document (docs/formats.md, calibration.json).
 * Strings are escaped; appended to b. Pure. */
#ifndef NMR_REPORT_CALIBRATION_H
#define NMR_REPORT_CALIBRATION_H

#include "base/json.h"

/* Entries for scaling.conf, with their whole key; only of fits that there are and that have
 * no "fault"; the table says which it is. */
void calibration_conf(const json_t *doc, struct buf *b);
/* Is it from this fit (from 0) that scaling.conf takes the factors of the nucleus ("1H")? Presets
 * may share a level: the one with the most shifts, or else the first, is taken. */
bool calibration_is_chosen(const json_t *doc, size_t fit, const char *nucleus);
/* Regression and residuals (each molecule by the others) of one nucleus of one fit;
 * nothing when there is no fit. */
void calibration_svg(const json_t *fit, const char *nucleus, struct buf *b);
/* The report: one file, whole in itself. */
void calibration_html(const json_t *doc, struct buf *b);
/* The table of all fits, for a terminal. */
void calibration_table(const json_t *doc, struct buf *b);

#endif
