/* InChI, through the IUPAC library. */
#ifndef NMR_MOL_INCHI_HPP
#define NMR_MOL_INCHI_HPP

#include <string>
#include <vector>

#include "mol/record.hpp"

namespace mol {

struct Inchi {
	std::string inchi, key; /* empty when the library declines */
};

/* Standard InChI of a sanitized molecule with stereo. */
Inchi inchi_of(const RDKit::ROMol &mol);

/* One record for each line that begins with InChI=. */
std::vector<Record> inchi_read(const std::string &text, size_t max);

} // namespace mol

#endif
