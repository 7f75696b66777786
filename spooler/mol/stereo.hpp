/* Stereocentres and double bonds that were left undefined. */
#ifndef NMR_MOL_STEREO_HPP
#define NMR_MOL_STEREO_HPP

#include <string>
#include <vector>

#include "mol/record.hpp"

namespace mol {

struct Isomer {
	std::string label; /* "2R,3S" by the numbers shown; E and Z for double bonds */
	MolPtr mol;        /* in the record's order */
};

struct Undefined {
	int count = 0;               /* centres and double bonds left open */
	std::vector<Isomer> isomers; /* diastereomers, when there is more than one */
	std::vector<Warning> warnings;
};

/* Completes r.mol when all choices are one compound or its mirror image;
 * otherwise lists the diastereomers and leaves r.mol as it is.  Throws Refusal
 * above eight. */
Undefined stereo_resolve(Record &r);

} // namespace mol

#endif
