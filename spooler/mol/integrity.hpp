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

/* Exchanges equivalent atoms (the hydrogens of a CH2, the groups of an amide's nitrogen)
 * until each has the place that it has in the reference, so that a nucleus is the same one
 * in every conformer. False, x untouched: no exchange does it, another stereoisomer. */
bool relabel(const Canonical &c, Coords &x);

} // namespace mol

#endif
