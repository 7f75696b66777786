/* From what a parser made of a file to a molecule that obeys chemistry. */
#ifndef NMR_MOL_SANE_HPP
#define NMR_MOL_SANE_HPP

#include "mol/record.hpp"

namespace mol {

/* Refuses structures of more than 999 atoms. */
void sane_size(const RDKit::ROMol &mol);
/* Refuses too large ones, queries, R groups, polymers and impossible valences, naming
 * the atom; mends notation (nitro, azide, S+-O-); sanitizes.  Stereo is not touched. */
void sane_check(RDKit::RWMol &raw);
/* One notation for one structure, on a sanitized molecule: charge-separated S and
 * P oxides get double bonds, azides and diazo compounds the form X=N+=N-. */
void sane_notation(RDKit::RWMol &mol);
/* Does one kind of dimension: 0, 2 or 3, from the coordinates alone. */
int sane_dimension(const RDKit::ROMol &mol);

} // namespace mol

#endif
