/* Tables of a result document: for spreadsheets, programs and terminals.
 * 0 or -errno; b is appended to. Pure. */
#ifndef NMR_REPORT_TABLES_H
#define NMR_REPORT_TABLES_H

#include "base/json.h"

/* One row for each signal; UTF-8 with BOM. */
int report_shifts_csv(const json_t *result, struct buf *b);
/* Every nucleus of every conformer, as computed; UTF-8 with BOM. */
int report_shieldings_csv(const json_t *result, struct buf *b);
/* The document without its bulk (docs/formats.md). */
int report_shifts_json(const json_t *result, struct buf *b);
/* What is needed to repeat the calculation. */
int report_provenance_json(const json_t *result, struct buf *b);
/* For a terminal: aligned, at most 80 columns, warnings below. Without control
 * characters other than line feeds. */
int report_table_text(const json_t *result, struct buf *b);

#endif
