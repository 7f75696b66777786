/* Geometries of a result document as files: XYZ and SDF, atoms in the order of the
 * dropped file, hydrogens included. 0; -ENODATA when the document has no bonds;
 * -EBADMSG when atoms, bonds and coordinates do not fit together: nothing is then
 * appended. Pure. */
#ifndef NMR_REPORT_SDF_H
#define NMR_REPORT_SDF_H

#include "base/json.h"

/* Header and table of atoms and bonds up to "M  END", at coordinates in the order of
 * the file (angstrom). On failure b may hold a part. */
int report_molblock(const json_t *result, const json_t *coords, struct buf *b);
/* The conformer of lowest energy. */
int report_geometry_xyz(const json_t *result, struct buf *b);
int report_geometry_sdf(const json_t *result, struct buf *b);
/* All conformers, lowest first as in the document; energies and populations as
 * data fields. V2000; V3000 above 999 atoms. */
int report_conformers_sdf(const json_t *result, struct buf *b);

#endif
