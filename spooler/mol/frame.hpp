/* The labelled configuration of a molecule: what stays fixed while it turns and
 * bends, with every atom distinct.
 *
 * Around each tetrahedral centre the labelled neighbours have a handedness, also
 * where the unlabelled molecule has no stereocentre: the two hydrogens of a CH2
 * differ as soon as they have numbers.  The signs of all centres, double bonds
 * and slow rotors are the signature.  It serves to
 *   - tell which nuclei are equivalent (the substitution test: two nuclei are
 *     one signal when a relabelling that maps one to the other keeps all signs,
 *     or, for enantiotopic ones, reverses all),
 *   - keep pro-R and pro-S hydrogens apart over all conformers,
 *   - map the atoms of a file onto the canonical molecule. */
#ifndef NMR_MOL_FRAME_HPP
#define NMR_MOL_FRAME_HPP

#include <Geometry/point.h>
#include <GraphMol/ROMol.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace mol {

using Coords = std::vector<RDGeom::Point3D>;

struct Centre {
	int atom;
	bool apex; /* three neighbours: the centre looks on from the first place */
	std::vector<int> ligand; /* three or four; of an allene the two and two end groups */
};

struct Planar {
	int a, b;
	std::vector<int> at_a, at_b; /* one or two ligands each */
	bool rotor; /* a slow rotor (amide), not a double bond */
};

/* +1, -1 or 0 (unknown) for each centre and planar unit. */
struct Signature {
	std::vector<int> centre, planar;
};

struct Frame {
	int n = 0;
	std::vector<std::vector<int>> neighbour;
	std::vector<uint64_t> colour; /* equal for atoms that the graph does not tell apart; bond orders ignored */
	std::vector<uint64_t> strict; /* the same with bond orders and charges */
	std::vector<Centre> centre;
	std::vector<Planar> planar;
	/* Slow rotors whose two sides differ: their rotamers are conformers, not relabellings. a is the nitrogen. */
	std::vector<Planar> uneven;
	std::vector<std::vector<int>> centres_of, planars_of; /* units in which an atom takes part */

	/* mol: sanitized, stereo assigned, all hydrogens explicit. */
	explicit Frame(const RDKit::ROMol &mol);
	bool core(int i) const { return n <= 2 || neighbour[static_cast<size_t>(i)].size() > 1; }
};

/* From coordinates: every sign is known unless the geometry is degenerate. */
Signature signature_of(const Frame &f, const Coords &x);
/* From drawn stereo: only true stereocentres and double bonds are known. */
Signature signature_of(const Frame &f, const RDKit::ROMol &mol);

struct Match {
	const Frame &a, &b;
	const Signature &sa, &sb;
	bool strict = false;
	int sense = 1;             /* -1: all centres reversed (mirror image) */
	int from = -1, to = -1;    /* this atom of a must go to that atom of b */
};

/* An isomorphism a -> b that respects the signs; unknown signs fit anything. */
std::optional<std::vector<int>> frame_match(const Match &m);

Coords coords_of(const RDKit::ROMol &mol, int conformer = -1);

} // namespace mol

#endif
