/* The report for a person: one HTML file that needs no network and no script,
 * for screens light and dark, wide and narrow, and for paper. 0 or -errno. Pure. */
#ifndef NMR_REPORT_HTML_H
#define NMR_REPORT_HTML_H

#include "base/json.h"

int report_html(const json_t *result, struct buf *b);

#endif
