/* From what a parser made of a file to a molecule that obeys chemistry.
 *
 * RDKit says what is wrong with a structure but not in words that help whoever
 * drew it; here each of its complaints is turned into the atom's number as
 * shown in the drawing program and a remedy.  "Notation" means different
 * spellings of one and the same structure; tautomers, charges and stereo stay
 * as drawn.  Never logs; throws Refusal.
 */
#include "mol/sane.hpp"

#include <GraphMol/MolOps.h>
#include <GraphMol/PeriodicTable.h>
#include <GraphMol/QueryOps.h>
#include <GraphMol/SanitException.h>
#include <GraphMol/SubstanceGroup.h>

#include <cmath>

#include "mol/text.hpp"

namespace mol {

using RDKit::Atom;
using RDKit::Bond;

namespace {

const char *const generic_remedy = "Draw every atom of the one compound meant and save it again.";

void refuse_generic_atom(const Atom &a)
{
	const std::string n = std::to_string(a.getIdx() + 1);
	std::string label = "R or *";
	if (a.hasProp(RDKit::common_properties::dummyLabel))
		label = a.getProp<std::string>(RDKit::common_properties::dummyLabel);
	if (a.getAtomicNum() == 0 || a.hasProp("_MolFileRLabel"))
		throw Refusal{"generic", "The structure has an R group or a wildcard: atom " + n + " (" + label + ").",
			      "It stands for many compounds, and a spectrum belongs to one.", generic_remedy};
	if (a.hasProp("molAttchpt"))
		throw Refusal{"generic", "The structure has an attachment point at atom " + atom_name(a) + ".",
			      "It is a fragment of a compound, not a compound.", generic_remedy};
	if (a.hasQuery() && !a.hasProp("_hasMassQuery") && a.getQuery()->getDescription() != "AtomAtomicNum" &&
	    a.getQuery()->getDescription() != "AtomType")
		throw Refusal{"query", "The structure is a search query: atom " + atom_name(a) + " stands for a list of atoms.",
			      "It stands for many compounds, and a spectrum belongs to one.", generic_remedy};
}

void refuse_generic_bond(const Bond &b)
{
	const std::string between = atom_name(*b.getBeginAtom()) + " and " + atom_name(*b.getEndAtom());
	const auto t = b.getBondType();
	if (b.hasQuery() && t != Bond::SINGLE && t != Bond::DOUBLE && t != Bond::TRIPLE && t != Bond::AROMATIC)
		throw Refusal{"query", "The structure is a search query: the bond between " + between + " is of any order.",
			      "It stands for many compounds, and a spectrum belongs to one.",
			      "Draw the bond as single, double or triple and save it again."};
	if (t == Bond::DATIVE || t == Bond::ZERO || t == Bond::HYDROGEN || t == Bond::DATIVEL || t == Bond::DATIVER)
		throw Refusal{"dative", "The bond between " + between + " is a coordination or hydrogen bond.",
			      "Only covalent structures can be computed.",
			      "Draw it as a covalent bond with charges, or leave the bond out."};
}

void refuse_polymer(const RDKit::ROMol &m)
{
	for (const auto &g : RDKit::getSubstanceGroups(m)) {
		std::string type;
		g.getPropIfPresent("TYPE", type);
		for (const char *t : {"SRU", "MON", "MER", "COP", "CRO", "MOD", "GRA", "ANY"})
			if (type == t)
				throw Refusal{"polymer", "The structure has a polymer bracket (repeating unit).",
					      "A polymer has no definite number of atoms.",
					      "Draw a short oligomer with end groups in full and save it again."};
	}
}

std::string bonds_text(const Atom &a)
{
	double sum = 0;
	for (const Bond *b : a.getOwningMol().atomBonds(&a))
		sum += b->getBondTypeAsDouble();
	return std::to_string(std::lround(sum + a.getNumExplicitHs()));
}

[[noreturn]] void refuse_valence(const Atom &a)
{
	const int q = a.getFormalCharge();
	throw Refusal{"valence",
		      "Atom " + std::to_string(a.getIdx() + 1) + " (" + a.getSymbol() +
			      (q ? std::string(", charge ") + (q > 0 ? "+" : "") + std::to_string(q) : "") + ") has " +
			      bonds_text(a) + " bonds.",
		      "That is more than " + a.getSymbol() + " can have" + (q ? "" : " without a charge") + ".",
		      "Correct the bonds or add the missing charge at this atom, and drop the file again."};
}

[[noreturn]] void refuse_problem(const RDKit::RWMol &m, const RDKit::MolSanitizeException &e)
{
	if (const auto *v = dynamic_cast<const RDKit::AtomSanitizeException *>(&e)) {
		const Atom &a = *m.getAtomWithIdx(v->getAtomIdx());
		if (e.getType() == "AtomValenceException")
			refuse_valence(a);
		throw Refusal{"aromaticity", "Atom " + atom_name(a) + " is marked aromatic but is in no aromatic ring.",
			      "Bond orders cannot be worked out.", "Draw the ring with single and double bonds."};
	}
	std::vector<std::string> names;
	if (const auto *k = dynamic_cast<const RDKit::KekulizeException *>(&e))
		for (const unsigned i : k->getAtomIndices())
			names.push_back(atom_name(*m.getAtomWithIdx(i)));
	throw Refusal{"aromaticity",
		      "Single and double bonds cannot be placed in the aromatic ring" +
			      (names.empty() ? std::string() : " of atoms " + text_list(names)) + ".",
		      "Usually a hydrogen on a ring nitrogen is missing (write [nH]) or a charge.",
		      "Draw the ring with single and double bonds, or write the hydrogen: pyrrole is c1cc[nH]c1."};
}

} // namespace

/* S+-O- and P+-O-: one double bond. */
static bool mend_oxide(RDKit::RWMol &mol, Atom *a)
{
	bool changed = false;
	for (Bond *b : mol.atomBonds(a)) {
		Atom *o = b->getOtherAtom(a);
		if (a->getFormalCharge() > 0 && b->getBondType() == Bond::SINGLE && o->getAtomicNum() == 8 &&
		    o->getFormalCharge() == -1 && o->getDegree() == 1) {
			b->setBondType(Bond::DOUBLE);
			a->setFormalCharge(a->getFormalCharge() - 1);
			o->setFormalCharge(0);
			changed = true;
		}
	}
	return changed;
}

/* X(-)-N(+)#N of azides and diazo compounds: X=N(+)=N(-). */
static bool mend_azide(RDKit::RWMol &mol, const Atom *a)
{
	Bond *single = nullptr, *triple = nullptr;
	for (Bond *b : mol.atomBonds(a)) {
		const Atom *o = b->getOtherAtom(a);
		if (b->getBondType() == Bond::TRIPLE && o->getAtomicNum() == 7 && o->getDegree() == 1 && o->getFormalCharge() == 0)
			triple = b;
		if (b->getBondType() == Bond::SINGLE && o->getFormalCharge() == -1 && (o->getAtomicNum() == 7 || o->getAtomicNum() == 6))
			single = b;
	}
	if (!single || !triple || a->getFormalCharge() != 1 || a->getDegree() != 2)
		return false;
	single->setBondType(Bond::DOUBLE);
	triple->setBondType(Bond::DOUBLE);
	single->getOtherAtom(a)->setFormalCharge(0);
	triple->getOtherAtom(a)->setFormalCharge(-1);
	return true;
}

static bool mend_notation(RDKit::RWMol &mol)
{
	bool changed = false;
	for (Atom *a : mol.atoms()) {
		const int z = a->getAtomicNum();
		if (z == 16 || z == 15 || z == 34)
			changed = mend_oxide(mol, a) || changed;
		else if (z == 7)
			changed = mend_azide(mol, a) || changed;
	}
	return changed;
}

void sane_notation(RDKit::RWMol &mol)
{
	if (!mend_notation(mol))
		return;
	RDKit::MolOps::sanitizeMol(mol);
	RDKit::MolOps::assignStereochemistry(mol, true, true);
}

/* Far above what any preset computes; ranking the atoms, finding stereo and drawing flat
 * take longer than a patient person waits (the third power of the size). */
static const unsigned atoms_most = 999;

void sane_size(const RDKit::ROMol &m)
{
	if (m.getNumAtoms() > atoms_most)
		throw Refusal{"too-large", "The structure has " + std::to_string(m.getNumAtoms()) + " atoms.",
			      "No more than " + std::to_string(atoms_most) + " are read, and presets compute far fewer.",
			      "Cut the molecule to the part of interest."};
}

void sane_check(RDKit::RWMol &raw)
{
	sane_size(raw);
	refuse_polymer(raw);
	for (const Atom *a : raw.atoms())
		refuse_generic_atom(*a);
	for (const Bond *b : raw.bonds())
		refuse_generic_bond(*b);
	mend_notation(raw);
	const auto problems = RDKit::MolOps::detectChemistryProblems(raw);
	if (!problems.empty())
		refuse_problem(raw, *problems.front());
	RDKit::MolOps::sanitizeMol(raw);
}

int sane_dimension(const RDKit::ROMol &mol)
{
	if (mol.getNumConformers() == 0)
		return 0;
	double flat = 0, deep = 0;
	for (const auto &p : mol.getConformer().getPositions()) {
		flat = std::max({flat, std::abs(p.x), std::abs(p.y)});
		deep = std::max(deep, std::abs(p.z));
	}
	const bool atom = mol.getNumAtoms() == 1;
	return deep > 1e-3 ? 3 : flat > 1e-3 || (atom && mol.getConformer().is3D()) ? 2 : 0;
}

} // namespace mol
