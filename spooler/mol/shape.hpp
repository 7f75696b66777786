/* Comparing shapes: molecules with coordinates, up to turning, relabelling of
 * equivalent atoms and, where wanted, reflection. */
#ifndef NMR_MOL_SHAPE_HPP
#define NMR_MOL_SHAPE_HPP

#include <functional>
#include <vector>

#include "mol/frame.hpp"

namespace mol {

struct ShapeLimits {
	double rmsd = 0.125;    /* heavy atoms and polar hydrogens, angstrom */
	double rmsd_all = 0.25; /* all atoms */
};

class Shape {
public:
	/* polar: atoms that count in the narrower limit. */
	Shape(const Frame &frame, std::vector<bool> narrow);

	/* Some proper rotation (mirror: rotation and reflection) brings x onto y. */
	bool same(const Coords &x, const Coords &y, bool mirror, const ShapeLimits &l) const;
	/* Number of relabellings of x that a proper rotation makes: the symmetry number. */
	int symmetry_number(const Coords &x, const ShapeLimits &l) const;

private:
	const Frame &f;
	std::vector<bool> narrow;
	std::vector<std::vector<int>> of_colour; /* per atom: atoms of its colour */

	using Visit = std::function<bool(const std::vector<int> &)>; /* true: enough */
	void each_fit(const Coords &x, const Coords &y, bool mirror, const ShapeLimits &l, const Visit &visit) const;
	bool each_linear_fit(const Coords &x, const Coords &y, const ShapeLimits &l, const Visit &visit) const;
	bool refine(const Coords &x, const Coords &y, std::vector<int> &map, const ShapeLimits &l) const;
};

/* Which atoms count in the narrow limit: all but hydrogens on carbon. */
std::vector<bool> shape_narrow(const RDKit::ROMol &mol);

} // namespace mol

#endif
