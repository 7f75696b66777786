/* The result as an NMReDATA record: an SDF file in which assigned shifts and atoms
 * are tied together, for databases and programs of NMR.
 *
 * Version 1.1, level 0, as described at https://nmredata.org (tag format): lines of
 * tags end with "\", what follows ";" is a comment. Shifts in ppm with four digits,
 * atoms by their numbers in the file from 1, hydrogens included; coordinates are
 * those of the conformer of lowest energy. The record says in NMREDATA_ID and in each
 * list that it is predicted. It has no couplings and no multiplicities: none are
 * computed.
 *
 * Signals without a finite shift, or with atoms that the molecule does not have, are
 * left out. In the format's own tags SMILES and InChI stand only when they have
 * neither "\" nor ";", as it knows no escape; the fields SMILES and INCHI always have
 * them.
 *
 * 0; -ENODATA when the document has no bonds; -EBADMSG when atoms, bonds and
 * coordinates do not fit together: nothing is then appended. Pure. */
#ifndef NMR_REPORT_NMREDATA_H
#define NMR_REPORT_NMREDATA_H

#include "base/json.h"

int report_nmredata_sdf(const json_t *result, struct buf *b);

#endif
