/* SVG text to PNG. 0 or -errno; -EBADMSG when the SVG cannot be drawn. */
#ifndef NMR_RENDER_PNG_H
#define NMR_RENDER_PNG_H

#include "base/buf.h"

#define PNG_DPI 300

/* White background; the picture's own size at PNG_DPI (smaller when that would be
 * more than PNG_SIDE_MAX pixels), with the resolution written into the file. */
#define PNG_SIDE_MAX 10000
int png_from_svg(const char *svg, size_t n, struct buf *ret_png);

#endif
