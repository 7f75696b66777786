/* Coordinates without bonds. */
#ifndef NMR_MOL_XYZ_HPP
#define NMR_MOL_XYZ_HPP

#include <optional>
#include <string>
#include <vector>

#include "mol/record.hpp"

namespace mol {

/* One record for each frame.  charge: the total charge when it is known; a
 * comment line "charge=-1" says it too. */
std::vector<Record> xyz_read(const std::string &text, std::optional<int> charge, size_t max);

/* Bonds, bond orders and formal charges from distances and the total charge.
 * mol has atoms and one conformer, and loses the bonds it had.  False when no
 * closed-shell structure fits; throws Refusal when atoms collide or fall apart. */
bool perceive_bonds(RDKit::RWMol &mol, int charge);

/* perceive_bonds() and what a reader needs after it; throws Refusal. */
void xyz_finish(Record &r, std::optional<int> charge);

} // namespace mol

#endif
