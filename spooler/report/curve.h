/* The simulated spectrum as a curve: Lorentzian lines, one for each signal, as high
 * at the centre as the signal has nuclei; lines that overlap add up. No couplings:
 * none are computed. Pure arithmetic. Never fails. */
#ifndef NMR_REPORT_CURVE_H
#define NMR_REPORT_CURVE_H

#include "report/doc.h"

enum curve_lines { CURVE_FIRM = 1, CURVE_EXCHANGEABLE = 2, CURVE_ALL = 3 };

/* The height at `ppm`, in nuclei. half_width: half of the full width at half height,
 * ppm. which: the lines that count. */
double curve_at(const struct doc_signals *s, double half_width, double ppm, enum curve_lines which);

/* MHz: the resonance of TMS's nuclei in the field where 1H is at 500 MHz. 13C by the
 * ratio of frequencies 0.25145020 (Harris et al., Pure Appl. Chem. 2001, 73, 1795). */
double curve_larmor(enum doc_nucleus n);

#endif
