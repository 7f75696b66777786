/* A spectrum as JCAMP-DX 5.01: one block of DATA TYPE= NMR SPECTRUM with the simulated
 * curve as XYDATA (X++(Y..Y)), and the signals themselves in the label $SIGNALS.
 *
 * X is in Hz at a 1H frequency of 500 MHz, from high to low; 0 Hz is TMS, so ppm are
 * X / .OBSERVE FREQUENCY. Y in nuclei: a line of three equivalent hydrogens is 3 high.
 * The curve has JCAMP_POINTS points over the axis of the picture and Lorentzian lines
 * of a full width of 1/5000 of it; the document's shifts are exact in $SIGNALS alone.
 * Hydrogens that the solvent exchanges are in neither. A spectrum without signals
 * is flat and says why.
 *
 * Format: Davies and Lampen, Appl. Spectrosc. 1993, 47, 1093; McDonald and Wilks,
 * Appl. Spectrosc. 1988, 42, 151. ASCII, lines of at most 80 characters.
 * 0; -EINVAL: nucleus is neither "1H" nor "13C"; -EBADMSG: not a document. Pure. */
#ifndef NMR_REPORT_JCAMP_H
#define NMR_REPORT_JCAMP_H

#include "base/json.h"

#define JCAMP_POINTS 32768

int report_jcamp(const json_t *result, const char *nucleus, struct buf *b);

#endif
