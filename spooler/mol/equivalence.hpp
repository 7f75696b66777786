/* Which nuclei give one signal, and what the signals are called. */
#ifndef NMR_MOL_EQUIVALENCE_HPP
#define NMR_MOL_EQUIVALENCE_HPP

#include <string>
#include <vector>

#include "mol/identity.hpp"

namespace mol {

struct Group {
	int element;              /* 1 or 6 */
	std::vector<int> atoms;   /* canonical indices, by number shown */
	std::string label;        /* "H5a", unique without case */
	std::string type;         /* "CH3", "=CH2", "OH" ... */
	std::string environment;  /* what decides how well its shift is computed: "sp3", "sp3-X", "sp2", "C=X", "sp", "X" */
	bool exchangeable = false, heavy_halogen = false, chlorine = false;
};

/* number: the number shown for each canonical atom. */
std::vector<Group> equivalence_groups(const Canonical &c, const std::vector<int> &number);
/* The molecule is its own mirror image, once it turns and bends. */
bool equivalence_achiral(const Canonical &c);

} // namespace mol

#endif
