/* Stereocentres and double bonds that were left undefined.
 *
 * An embedder would pick one isomer in silence.  Here all choices are written
 * out and sorted by canonical SMILES: choices that give one compound were no
 * choice; choices that differ only as mirror images have the same spectrum, so
 * the one whose SMILES sorts first is taken, with a warning; the rest are
 * diastereomers, each to be run on its own.  Isomers that cannot be built in
 * space (trans-bridged rings) are left out.  Never logs; throws Refusal.
 */
#include "mol/stereo.hpp"

#include <GraphMol/Chirality.h>
#include <GraphMol/DistGeomHelpers/Embedder.h>
#include <GraphMol/MolOps.h>

/* Where it is depends on RDKit's version. */
#if __has_include(<GraphMol/CIPLabeler/CIPLabeler.h>)
#include <GraphMol/CIPLabeler/CIPLabeler.h>
#else
#include <CIPLabeler/CIPLabeler.h>
#endif

#include <map>
#include <set>

#include "mol/identity.hpp"
#include "mol/text.hpp"

namespace mol {

using RDKit::Atom;
using RDKit::Bond;

namespace {

constexpr size_t open_max = 7;
constexpr size_t isomers_max = 8;

struct Open {
	bool bond;
	unsigned index;
	int i = -1, j = -1; /* a double bond's reference neighbours */
};

int neighbour_of(const Atom *a, const Atom *not_this)
{
	int best = -1;
	for (const Atom *o : a->getOwningMol().atomNeighbors(a))
		if (o != not_this && (best < 0 || o->getAtomicNum() > 1))
			best = static_cast<int>(o->getIdx());
	return best;
}

/* Protonated amines exchange, and turn over as amines do. */
bool fast_ammonium(const Atom *a)
{
	return a->getAtomicNum() == 7 && a->getDegree() + a->getTotalNumHs() == 4 && a->getTotalNumHs(true) > 0;
}

/* Imines C=N-H change over too fast to be isomers. */
bool fast_imine(const Bond *b)
{
	for (const Atom *a : {b->getBeginAtom(), b->getEndAtom()})
		if (a->getAtomicNum() == 7 && a->getTotalNumHs(true) > 0)
			return true;
	return false;
}

std::vector<Open> find_open(const RDKit::ROMol &mol)
{
	RDKit::RWMol m(mol);
	std::vector<Open> out;
	for (const auto &s : RDKit::Chirality::findPotentialStereo(m, false, true)) {
		if (s.specified == RDKit::Chirality::StereoSpecified::Specified)
			continue;
		if (s.type == RDKit::Chirality::StereoType::Atom_Tetrahedral && !fast_ammonium(mol.getAtomWithIdx(s.centeredOn)))
			out.push_back({false, s.centeredOn});
		if (s.type != RDKit::Chirality::StereoType::Bond_Double)
			continue;
		const Bond *b = mol.getBondWithIdx(s.centeredOn);
		const Open o{true, s.centeredOn, neighbour_of(b->getBeginAtom(), b->getEndAtom()),
			     neighbour_of(b->getEndAtom(), b->getBeginAtom())};
		if (!fast_imine(b) && o.i >= 0 && o.j >= 0)
			out.push_back(o);
	}
	return out;
}

MolPtr choose(const RDKit::ROMol &mol, const std::vector<Open> &open, size_t mask)
{
	MolPtr m(new RDKit::RWMol(mol));
	for (size_t k = 0; k < open.size(); k++) {
		const bool bit = mask >> k & 1;
		if (open[k].bond) {
			Bond *b = m->getBondWithIdx(open[k].index);
			b->setStereoAtoms(static_cast<unsigned>(open[k].i), static_cast<unsigned>(open[k].j));
			b->setStereo(bit ? Bond::STEREOCIS : Bond::STEREOTRANS);
			b->setBondDir(Bond::NONE);
		} else {
			m->getAtomWithIdx(open[k].index)->setChiralTag(bit ? Atom::CHI_TETRAHEDRAL_CW : Atom::CHI_TETRAHEDRAL_CCW);
		}
	}
	stereo_refresh(*m);
	return m;
}

std::string mirror_smiles(const RDKit::ROMol &mol)
{
	RDKit::RWMol m(mol);
	for (Atom *a : m.atoms())
		a->invertChirality();
	stereo_refresh(m);
	return canonical_smiles(m);
}

std::string label_of(const RDKit::RWMol &mol, const std::vector<Open> &open)
{
	RDKit::RWMol m(mol);
	try {
		RDKit::CIPLabeler::assignCIPLabels(m);
	} catch (const std::exception &) {
		/* too many branches for the rules: the old labels stay */
	}
	std::map<unsigned, std::string> parts; /* by number shown */
	for (const Open &o : open) {
		std::string code;
		if (o.bond) {
			const Bond *b = m.getBondWithIdx(o.index);
			if (!b->getPropIfPresent(RDKit::common_properties::_CIPCode, code))
				code = b->getStereo() == Bond::STEREOZ || b->getStereo() == Bond::STEREOCIS ? "Z" : "E";
			const unsigned n = std::min(b->getBeginAtomIdx(), b->getEndAtomIdx()) + 1;
			parts[n] = std::to_string(n) + code;
		} else if (m.getAtomWithIdx(o.index)->getPropIfPresent(RDKit::common_properties::_CIPCode, code)) {
			parts[o.index + 1] = std::to_string(o.index + 1) + code;
		}
	}
	std::string out;
	for (const auto &[n, text] : parts)
		out += (out.empty() ? "" : ",") + text;
	return out;
}

std::string places(const RDKit::ROMol &mol, const std::vector<Open> &open)
{
	std::vector<std::string> centres, bonds;
	for (const Open &o : open) {
		if (!o.bond) {
			centres.push_back(atom_name(*mol.getAtomWithIdx(o.index)));
			continue;
		}
		const Bond *b = mol.getBondWithIdx(o.index);
		bonds.push_back(atom_name(*b->getBeginAtom()) + "=" + atom_name(*b->getEndAtom()));
	}
	std::string out = centres.empty() ? "" : std::string("at ") + text_list(centres);
	if (!bonds.empty())
		out += (out.empty() ? "" : " and ") + std::string("at the double bond") + (bonds.size() > 1 ? "s " : " ") + text_list(bonds);
	return out;
}

[[noreturn]] void refuse_too_many(const RDKit::ROMol &mol, const std::vector<Open> &open, const std::string &how_many)
{
	throw Refusal{"stereo", "The stereo is undefined " + places(mol, open) + ": " + how_many + " isomers are possible.",
		      "They have different spectra, and more than " + std::to_string(isomers_max) + " are not computed at once.",
		      "Draw the wedges and double bonds of the isomer that is meant, and drop the file again."};
}

/* As a geometry or a drawing has it, it is one of two that change over. */
void let_ammonium_turn(RDKit::RWMol &m)
{
	bool any = false;
	for (Atom *a : m.atoms())
		if (fast_ammonium(a) && a->getChiralTag() != Atom::CHI_UNSPECIFIED) {
			a->setChiralTag(Atom::CHI_UNSPECIFIED);
			any = true;
		}
	if (any)
		stereo_refresh(m);
}

/* One choice for each compound, mirror images apart: mask by SMILES. */
struct Choices {
	std::map<std::string, size_t> mask;           /* canonical SMILES -> choice */
	std::vector<std::vector<std::string>> classes; /* each: a compound and, when it is another, its mirror image */
};

Choices enumerate(const RDKit::ROMol &mol, const std::vector<Open> &open)
{
	Choices c;
	std::map<std::string, std::string> mirror;
	for (size_t mask = 0; mask < size_t{1} << open.size(); mask++) {
		const MolPtr m = choose(mol, open, mask);
		const std::string s = canonical_smiles(*m);
		if (c.mask.emplace(s, mask).second)
			mirror[s] = mirror_smiles(*m);
	}
	std::set<std::string> seen;
	for (const auto &[s, mask] : c.mask) {
		if (!seen.insert(s).second)
			continue;
		c.classes.push_back({s});
		const std::string &other = mirror[s];
		if (other != s && c.mask.count(other) && seen.insert(other).second)
			c.classes.back().push_back(other);
	}
	return c;
}

/* False: none can be built. Of one compound that is its own mirror image alone it is asked, too:
 * RDKit labels the bridgeheads of bicyclo[1.1.1]pentane in ways that it cannot build. */
bool drop_impossible(Choices &c)
{
	if (c.classes.size() == 1 && c.classes[0].size() > 1)
		return true;
	std::vector<std::vector<std::string>> fit;
	for (const auto &k : c.classes)
		if (canonical_fits_space(k[0]))
			fit.push_back(k);
	if (fit.empty())
		return false;
	c.classes = std::move(fit);
	return true;
}

/* Do all embeddings give the same compound? form: one of them, with the labels of its geometry. */
bool one_form(const RDKit::ROMol &mol, MolPtr &form)
{
	RDKit::RWMol m(mol);
	RDKit::MolOps::addHs(m);
	RDKit::DGeomHelpers::EmbedParameters p = RDKit::DGeomHelpers::ETKDGv3;
	p.randomSeed = 20110;
	p.numThreads = 1;
	const auto ids = RDKit::DGeomHelpers::EmbedMultipleConfs(m, 40, p);
	std::set<std::string> seen;
	for (const int id : ids) {
		form = std::make_unique<RDKit::RWMol>(m);
		RDKit::MolOps::assignStereochemistryFrom3D(*form, id);
		seen.insert(std::min(canonical_smiles(*form), mirror_smiles(*form)));
	}
	return seen.size() == 1;
}

/* Cages (cubane, adamantane) have many formal centres and one possible form: that is the one. */
bool only_way(Record &r, const std::vector<Open> &open)
{
	MolPtr form;
	if (!one_form(*r.mol, form))
		return false;
	for (const Open &o : open)
		if (!o.bond)
			r.mol->getAtomWithIdx(o.index)->setChiralTag(form->getAtomWithIdx(o.index)->getChiralTag());
	stereo_refresh(*r.mol);
	return true;
}

} // namespace

Undefined stereo_resolve(Record &r)
{
	Undefined u;
	let_ammonium_turn(*r.mol);
	const auto open = find_open(*r.mol);
	if (open.empty())
		return u;
	if (open.size() > open_max && only_way(r, open))
		return u;
	if (open.size() > open_max)
		refuse_too_many(*r.mol, open, "up to " + std::to_string(size_t{1} << std::min<size_t>(open.size(), 40)));
	Choices c = enumerate(*r.mol, open);
	/* With labels it cannot be built, and without them there is one compound. */
	MolPtr form;
	if (!drop_impossible(c) && one_form(*r.mol, form))
		return u;
	if (c.classes.size() > 1 || c.classes[0].size() > 1)
		u.count = static_cast<int>(open.size());
	if (c.classes.size() == 1) {
		const std::string &first = c.classes[0][0];
		const std::string where = places(*r.mol, open);
		r.mol = choose(*r.mol, open, c.mask[first]);
		if (c.classes[0].size() > 1)
			u.warnings.push_back({"racemic", "The stereo is undefined " + where + ". Both choices are mirror images with the same "
							 "spectrum; one of them was computed (" + label_of(*r.mol, open) + ")."});
		return u;
	}
	if (c.classes.size() > isomers_max)
		refuse_too_many(*r.mol, open, std::to_string(c.classes.size()));
	for (const auto &k : c.classes) {
		MolPtr m = choose(*r.mol, open, c.mask[k[0]]);
		std::string label = label_of(*m, open);
		u.isomers.push_back({std::move(label), std::move(m)});
	}
	u.warnings.push_back({"stereo-undefined", "The stereo is undefined " + places(*r.mol, open) + ": " +
							  std::to_string(u.isomers.size()) + " diastereomers are computed, each on its own."});
	return u;
}

} // namespace mol
