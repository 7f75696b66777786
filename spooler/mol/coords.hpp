/* Coordinates as documents. */
#ifndef NMR_MOL_COORDS_HPP
#define NMR_MOL_COORDS_HPP

#include "mol/frame.hpp"
#include "mol/json.hpp"

namespace mol {

/* [[x,y,z],...] in angstrom, five decimals. */
Json coords_json(const Coords &x);
/* Throws std::runtime_error unless there are exactly n rows of three numbers. */
Coords coords_from_json(const json_t *a, int n);

} // namespace mol

#endif
