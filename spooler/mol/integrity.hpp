/* Is a geometry still the molecule that it was made from? */
#ifndef NMR_MOL_INTEGRITY_HPP
#define NMR_MOL_INTEGRITY_HPP

#include <optional>
#include <vector>

#include "mol/identity.hpp"

namespace mol {

/* A warning with the code "connectivity" or "stereo" that says what changed.
 * number: the numbers shown, or empty. */
std::optional<Warning> integrity_check(const Canonical &c, const Coords &x, const std::vector<int> &number);

} // namespace mol

#endif
