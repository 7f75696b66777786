/* Supporting information: text to paste into a paper. 0 or -errno. Pure. */
#ifndef NMR_REPORT_SI_H
#define NMR_REPORT_SI_H

#include "base/json.h"

/* The line in the style of ACS journals, without a line end:
 * "¹H NMR (CDCl₃, calcd) δ 3.68 (2H, H2), 1.22 (3H, H1)." Empty when there is
 * nothing to list. */
void report_acs_line(const json_t *result, const char *nucleus, struct buf *b);
/* The whole text. */
int report_si_text(const json_t *result, struct buf *b);

#endif
