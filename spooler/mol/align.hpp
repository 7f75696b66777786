/* Rigid alignment of two sets of points. */
#ifndef NMR_MOL_ALIGN_HPP
#define NMR_MOL_ALIGN_HPP

#include <vector>

#include "mol/frame.hpp"

namespace mol {

struct Rigid {
	double r[3][3];
	RDGeom::Point3D from, to; /* centres: y = r (x - from) + to */

	RDGeom::Point3D operator()(const RDGeom::Point3D &x) const;
};

/* The proper rotation that brings x[i] nearest to y[i], least squares (Horn's
 * quaternions). */
Rigid align(const Coords &x, const Coords &y);

} // namespace mol

#endif
