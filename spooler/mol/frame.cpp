/* Building the labelled configuration: colours, centres, planar units, signs.
 *
 * Colours are refined over the graph until nothing changes; they are hashes, so
 * that those of two molecules can be compared.  Left out of the signature on
 * purpose: amines (they invert) and protonated amines (they exchange), imines
 * C=N-H (they isomerise or exchange), rings below eight members (their double
 * bonds are fixed), and rotors that are fast at room temperature (esters,
 * carbamates, ureas, anilines).  Never logs.
 */
#include "mol/frame.hpp"

#include <GraphMol/GraphMol.h>

#include <algorithm>
#include <cmath>

namespace mol {

using RDKit::Atom;
using RDKit::Bond;

namespace {

uint64_t mix(uint64_t h, uint64_t v)
{
	h ^= v + 0x9E3779B97F4A7C15ULL + (h << 6) + (h >> 2);
	h *= 0xFF51AFD7ED558CCDULL;
	return h ^ h >> 33;
}

int degree(const Atom *a)
{
	return static_cast<int>(a->getDegree());
}

std::vector<uint64_t> refine(const RDKit::ROMol &m, bool strict)
{
	std::vector<uint64_t> c(m.getNumAtoms());
	for (const Atom *a : m.atoms()) {
		uint64_t h = mix(mix(static_cast<uint64_t>(a->getAtomicNum()), a->getIsotope()), a->getDegree());
		if (strict)
			h = mix(h, static_cast<uint64_t>(a->getFormalCharge() + 16));
		c[a->getIdx()] = h;
	}
	size_t classes = 0;
	for (size_t round = 0; round <= c.size(); round++) {
		std::vector<uint64_t> sorted(c);
		std::sort(sorted.begin(), sorted.end());
		const auto now = static_cast<size_t>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
		if (now == classes)
			break;
		classes = now;
		std::vector<uint64_t> next(c);
		for (const Atom *a : m.atoms()) {
			std::vector<uint64_t> around;
			for (const Bond *b : m.atomBonds(a))
				around.push_back(mix(c[b->getOtherAtomIdx(a->getIdx())],
						     strict ? static_cast<uint64_t>(b->getBondType()) : 1));
			std::sort(around.begin(), around.end());
			for (const uint64_t v : around)
				next[a->getIdx()] = mix(next[a->getIdx()], v);
		}
		c = std::move(next);
	}
	return c;
}

std::vector<int> others(const Atom *a, const Atom *not_this)
{
	std::vector<int> out;
	for (const Atom *o : a->getOwningMol().atomNeighbors(a))
		if (o != not_this)
			out.push_back(static_cast<int>(o->getIdx()));
	return out;
}

bool has_hydrogen(const Atom *a)
{
	for (const Atom *o : a->getOwningMol().atomNeighbors(a))
		if (o->getAtomicNum() == 1)
			return true;
	return false;
}

bool tagged(const Atom *a)
{
	return a->getChiralTag() == Atom::CHI_TETRAHEDRAL_CW || a->getChiralTag() == Atom::CHI_TETRAHEDRAL_CCW;
}

bool is_centre(const Atom *a)
{
	const int z = a->getAtomicNum();
	if (degree(a) == 4)
		return z != 7 || !has_hydrogen(a);
	if (degree(a) != 3)
		return false;
	if (z == 15 || z == 16 || z == 34 || z == 33)
		return !a->getIsAromatic();
	return z == 7 && tagged(a);
}

int double_bonds(const Atom *a)
{
	int n = 0;
	for (const Bond *b : a->getOwningMol().atomBonds(a))
		n += b->getBondType() == Bond::DOUBLE;
	return n;
}

/* The middle of C=C=C with two groups at each end: handed like a centre. */
void add_allene(const Atom *a, std::vector<Centre> &out)
{
	if (a->getAtomicNum() != 6 || degree(a) != 2 || double_bonds(a) != 2)
		return;
	Centre c{static_cast<int>(a->getIdx()), false, {}};
	for (const Atom *end : a->getOwningMol().atomNeighbors(a)) {
		const auto l = others(end, a);
		if (l.size() != 2)
			return;
		c.ligand.insert(c.ligand.end(), l.begin(), l.end());
	}
	out.push_back(c);
}

int singly_bound_nitrogens(const Atom *c)
{
	int n = 0;
	for (const Bond *b : c->getOwningMol().atomBonds(c))
		n += b->getOtherAtom(c)->getAtomicNum() == 7 && b->getBondType() == Bond::SINGLE;
	return n;
}

bool is_slow_double_bond(const RDKit::ROMol &m, const Bond *b)
{
	if (b->getBondType() != Bond::DOUBLE || b->getIsAromatic() || b->getStereo() == Bond::STEREOANY)
		return false;
	for (int size = 3; size < 8; size++)
		if (m.getRingInfo()->isBondInRingOfSize(b->getIdx(), static_cast<unsigned>(size)))
			return false;
	if (m.getRingInfo()->numBondRings(b->getIdx()) && b->getStereo() == Bond::STEREONONE)
		return false;
	for (const Atom *a : {b->getBeginAtom(), b->getEndAtom()}) {
		const Atom *far = b->getOtherAtom(a);
		if (degree(a) < 2 || double_bonds(a) > 1)
			return false;
		/* =N-H without drawn stereo, and guanidinium */
		if (a->getAtomicNum() == 7 && degree(a) == 2 && has_hydrogen(a) && b->getStereo() == Bond::STEREONONE)
			return false;
		if (a->getAtomicNum() == 7 && singly_bound_nitrogens(far) > 1)
			return false;
	}
	return true;
}

/* N-C(=O) of an amide, N-C(=S), N-C(=N) of an amidine, N-N=O. */
bool is_slow_rotor(const RDKit::ROMol &m, const Bond *b, const Atom *n, const Atom *c)
{
	if (b->getBondType() != Bond::SINGLE || n->getAtomicNum() != 7 || degree(n) != 3 || n->getIsAromatic() ||
	    m.getRingInfo()->numBondRings(b->getIdx()) || n->getFormalCharge() != 0)
		return false;
	const int z = c->getAtomicNum();
	if ((z != 6 && z != 7) || degree(c) != (z == 6 ? 3 : 2) || c->getIsAromatic())
		return false;
	bool acyl = false;
	for (const Bond *o : m.atomBonds(c)) {
		const int other = o->getOtherAtom(c)->getAtomicNum();
		if (o->getBondType() == Bond::DOUBLE)
			acyl = other == 8 || (z == 6 && (other == 16 || other == 7));
		else if (o != b && (other == 7 || other == 8 || other == 16))
			return false; /* ureas, carbamates: fast */
	}
	return acyl;
}

void add_planar(const RDKit::ROMol &m, Frame &f, const Bond *b)
{
	const Atom *x = b->getBeginAtom(), *y = b->getEndAtom();
	const bool bond = is_slow_double_bond(m, b);
	const bool rotor = !bond && (is_slow_rotor(m, b, x, y) || is_slow_rotor(m, b, y, x));
	if (!bond && !rotor)
		return;
	if (rotor && x->getAtomicNum() != 7)
		std::swap(x, y);
	if (rotor && y->getAtomicNum() == 7 && is_slow_rotor(m, b, y, x))
		std::swap(x, y);
	const auto l = others(x, y), r = others(y, x);
	/* Rotamers that differ are conformers; only equal groups need telling apart. */
	if (rotor && f.colour[static_cast<size_t>(l[0])] != f.colour[static_cast<size_t>(l[1])]) {
		f.uneven.push_back({static_cast<int>(x->getIdx()), static_cast<int>(y->getIdx()), l, r, true});
		return;
	}
	f.planar.push_back({static_cast<int>(x->getIdx()), static_cast<int>(y->getIdx()), l, r, rotor});
}

int sign_of(double v, double small)
{
	return v > small ? 1 : v < -small ? -1 : 0;
}

int centre_sign(const Centre &c, const Coords &x)
{
	auto at = [&x](int i) { return x[static_cast<size_t>(i)]; };
	const auto o = c.apex ? at(c.atom) : at(c.ligand[0]);
	const size_t k = c.apex ? 0 : 1;
	RDGeom::Point3D p = at(c.ligand[k]) - o, q = at(c.ligand[k + 1]) - o, r = at(c.ligand[k + 2]) - o;
	p.normalize();
	q.normalize();
	r.normalize();
	return sign_of(p.dotProduct(q.crossProduct(r)), 0.03);
}

int planar_sign(const Planar &p, const Coords &x)
{
	auto at = [&x](int i) { return x[static_cast<size_t>(i)]; };
	RDGeom::Point3D axis = at(p.b) - at(p.a), l = at(p.at_a[0]) - at(p.a), r = at(p.at_b[0]) - at(p.b);
	axis.normalize();
	l -= axis * l.dotProduct(axis);
	r -= axis * r.dotProduct(axis);
	if (l.length() < 1e-3 || r.length() < 1e-3)
		return 0;
	l.normalize();
	r.normalize();
	return sign_of(l.dotProduct(r), 0.05);
}

/* Looking from the first neighbour, the others clockwise: +1.  With three
 * neighbours the missing one is last, and an apex stands in first place. */
int drawn_sign(const Centre &c, const Atom *a)
{
	if (!tagged(a) || c.ligand.size() != a->getDegree())
		return 0;
	const int s = a->getChiralTag() == Atom::CHI_TETRAHEDRAL_CW ? 1 : -1;
	return c.apex ? -s : s;
}

int drawn_sign(const Planar &p, const Bond *b)
{
	if (!b || b->getStereo() <= Bond::STEREOANY || b->getStereoAtoms().size() != 2)
		return 0;
	int s = b->getStereo() == Bond::STEREOZ || b->getStereo() == Bond::STEREOCIS ? 1 : -1;
	int i = b->getStereoAtoms()[0], j = b->getStereoAtoms()[1];
	if (static_cast<int>(b->getBeginAtomIdx()) != p.a)
		std::swap(i, j);
	return s * (i == p.at_a[0] ? 1 : -1) * (j == p.at_b[0] ? 1 : -1);
}

} // namespace

Frame::Frame(const RDKit::ROMol &mol) : n(static_cast<int>(mol.getNumAtoms()))
{
	neighbour.resize(static_cast<size_t>(n));
	centres_of.resize(neighbour.size());
	planars_of.resize(neighbour.size());
	for (const Bond *b : mol.bonds()) {
		neighbour[b->getBeginAtomIdx()].push_back(static_cast<int>(b->getEndAtomIdx()));
		neighbour[b->getEndAtomIdx()].push_back(static_cast<int>(b->getBeginAtomIdx()));
	}
	colour = refine(mol, false);
	strict = refine(mol, true);
	for (const Atom *a : mol.atoms()) {
		add_allene(a, centre);
		if (!is_centre(a))
			continue;
		Centre c{static_cast<int>(a->getIdx()), a->getDegree() == 3, {}};
		for (const Bond *b : mol.atomBonds(a))
			c.ligand.push_back(static_cast<int>(b->getOtherAtomIdx(a->getIdx())));
		centre.push_back(c);
	}
	for (const Bond *b : mol.bonds())
		add_planar(mol, *this, b);
	for (size_t k = 0; k < centre.size(); k++)
		for (const int l : centre[k].ligand)
			centres_of[static_cast<size_t>(l)].push_back(static_cast<int>(k));
	for (size_t k = 0; k < planar.size(); k++)
		for (const auto *side : {&planar[k].at_a, &planar[k].at_b})
			for (const int l : *side)
				planars_of[static_cast<size_t>(l)].push_back(static_cast<int>(k));
}

Signature signature_of(const Frame &f, const Coords &x)
{
	Signature s;
	for (const Centre &c : f.centre)
		s.centre.push_back(centre_sign(c, x));
	for (const Planar &p : f.planar)
		s.planar.push_back(planar_sign(p, x));
	return s;
}

Signature signature_of(const Frame &f, const RDKit::ROMol &mol)
{
	Signature s;
	for (const Centre &c : f.centre)
		s.centre.push_back(drawn_sign(c, mol.getAtomWithIdx(static_cast<unsigned>(c.atom))));
	for (const Planar &p : f.planar)
		s.planar.push_back(drawn_sign(p, mol.getBondBetweenAtoms(static_cast<unsigned>(p.a), static_cast<unsigned>(p.b))));
	return s;
}

Coords coords_of(const RDKit::ROMol &mol, int conformer)
{
	const auto &p = mol.getConformer(conformer).getPositions();
	return Coords(p.begin(), p.end());
}

} // namespace mol
