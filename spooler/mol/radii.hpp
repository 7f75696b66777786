/* Covalent radii in angstrom, for telling bonds by distance. */
#ifndef NMR_MOL_RADII_HPP
#define NMR_MOL_RADII_HPP

#include <GraphMol/PeriodicTable.h>

namespace mol {

/* Cordero et al., Dalton Trans. 2008, 2832 for the elements that are accepted;
 * RDKit's table for the rest. */
inline double radius_covalent(int z)
{
	switch (z) {
	case 1: return 0.31;
	case 5: return 0.84;
	case 6: return 0.76;
	case 7: return 0.71;
	case 8: return 0.66;
	case 9: return 0.57;
	case 14: return 1.11;
	case 15: return 1.07;
	case 16: return 1.05;
	case 17: return 1.02;
	case 34: return 1.20;
	case 35: return 1.20;
	case 53: return 1.39;
	default: return RDKit::PeriodicTable::getTable()->getRcovalent(z);
	}
}

} // namespace mol

#endif
