/* The picture of a spectrum: SVG, 180 mm x 105 mm, black on white; as it stands in
 * a paper. One unit of the picture is 0.25 mm.
 *
 * Elements carry classes (paper, ink, soft, axis, lead, curve, exch, loud) and no
 * style sheet: where the picture is part of a page, the page may recolour it.
 * 0 or -errno. Pure. */
#ifndef NMR_REPORT_SPECTRUM_H
#define NMR_REPORT_SPECTRUM_H

#include "base/json.h"

/* nucleus: "1H" or "13C" (-EINVAL otherwise). A molecule without such nuclei gets
 * an empty spectrum that says so. */
int report_spectrum_svg(const json_t *result, const char *nucleus, struct buf *b);

/* Helvetica's metrics come with fonts-liberation; fonts-dejavu-core will do. */
#define SPECTRUM_FONTS "'Liberation Sans', Arial, Helvetica, 'DejaVu Sans', sans-serif"

#endif
