/* What cannot be computed, and what a reader should be warned about.
 *
 * Order matters: the first refusal is the one shown, so the plainest comes
 * first (mixtures before elements, elements before radicals).  Which elements a
 * level of theory covers is checked where the level is known; here only what
 * no level covers is turned away.  Never logs; throws Refusal.
 */
#include "mol/check.hpp"

#include <GraphMol/MolOps.h>
#include <GraphMol/PeriodicTable.h>
#include <GraphMol/SmilesParse/SmilesParse.h>
#include <GraphMol/Substruct/SubstructMatch.h>

#include <algorithm>
#include <cmath>

#include "mol/identity.hpp"
#include "mol/text.hpp"
#include "mol/xyz.hpp"

namespace mol {

using RDKit::Atom;

namespace {

std::string signed_number(int q)
{
	return (q > 0 ? "+" : "") + std::to_string(q);
}

MolPtr component(const RDKit::ROMol &m, const std::vector<int> &atoms)
{
	MolPtr out(new RDKit::RWMol(m));
	std::vector<bool> keep(m.getNumAtoms(), false);
	for (const int i : atoms)
		keep[static_cast<size_t>(i)] = true;
	for (unsigned i = m.getNumAtoms(); i-- > 0;)
		if (!keep[i])
			out->removeAtom(i);
	RDKit::MolOps::sanitizeMol(*out);
	RDKit::MolOps::assignStereochemistry(*out, true, true);
	return out;
}

double weight(const RDKit::ROMol &m, const std::vector<int> &atoms)
{
	double w = 0;
	for (const int i : atoms) {
		const Atom *a = m.getAtomWithIdx(static_cast<unsigned>(i));
		w += a->getMass() + a->getTotalNumHs();
	}
	return w;
}

void one_component(Record &r, bool largest)
{
	std::vector<std::vector<int>> parts;
	RDKit::MolOps::getMolFrags(*r.mol, parts);
	if (parts.size() < 2)
		return;
	std::stable_sort(parts.begin(), parts.end(), [&](const auto &x, const auto &y) { return weight(*r.mol, x) > weight(*r.mol, y); });
	std::vector<std::string> smiles;
	for (const auto &p : parts)
		smiles.push_back(canonical_smiles(*component(*r.mol, p)));
	if (!largest)
		throw Refusal{"mixture", "The structure has " + std::to_string(parts.size()) + " separate parts: " + text_list(smiles) + ".",
			      "It is a salt or a mixture, and in solution each part has a spectrum of its own.",
			      "Drop the part that is meant alone, or write \"component = largest\" into a text file of the same name "
			      "beside the structure: then " + smiles[0] + " is computed."};
	r.mol = component(*r.mol, parts[0]);
	smiles.erase(smiles.begin());
	r.warnings.push_back({"component", "Only the largest part of the structure is computed; left out: " + text_list(smiles) +
						   ". Atoms are numbered within the part that is kept."});
}

bool supported(int z)
{
	for (const int ok : {1, 5, 6, 7, 8, 9, 14, 15, 16, 17, 35, 53})
		if (z == ok)
			return true;
	return false;
}

bool is_metal(int z)
{
	for (const int non : {1, 2, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 32, 33, 34, 35, 36, 51, 52, 53, 54, 85, 86})
		if (z == non)
			return false;
	return true;
}

void refuse_elements(const RDKit::ROMol &m)
{
	for (const Atom *a : m.atoms()) {
		if (supported(a->getAtomicNum()))
			continue;
		const std::string s = a->getSymbol();
		if (is_metal(a->getAtomicNum()))
			throw Refusal{"metal", "The structure contains the metal " + s + " (atom " + std::to_string(a->getIdx() + 1) + ").",
				      "Metal compounds need other methods than the ones used here.",
				      "Compute the metal-free ligand, or use a program made for metal complexes."};
		throw Refusal{"element", "The structure contains " + s + " (atom " + std::to_string(a->getIdx() + 1) + ").",
			      "The methods used here cover H, B, C, N, O, F, Si, P, S, Cl and Br.",
			      "There is no remedy for this element; drop a compound without it."};
	}
}

void refuse_radical(const RDKit::ROMol &m)
{
	for (const Atom *a : m.atoms()) {
		const unsigned n = a->getNumRadicalElectrons();
		if (!n)
			continue;
		throw Refusal{"radical",
			      "The structure is a radical or carbene: atom " + atom_name(*a) + " has " + std::to_string(n) +
				      (n == 1 ? " unpaired electron." : " electrons that form no bond."),
			      "NMR shieldings of open-shell molecules cannot be computed here.",
			      "If a hydrogen or a charge is missing at this atom, add it and drop the file again."};
	}
	int electrons = -RDKit::MolOps::getFormalCharge(m);
	for (const Atom *a : m.atoms())
		electrons += a->getAtomicNum() + static_cast<int>(a->getTotalNumHs());
	if (electrons % 2)
		throw Refusal{"radical", "The structure has an odd number of electrons (" + std::to_string(electrons) + ").",
			      "NMR shieldings of open-shell molecules cannot be computed here.",
			      "Check the hydrogens and the charge."};
	if (electrons <= 0)
		throw Refusal{"no-electrons", "The structure has no electrons (H+).", "There is nothing to compute.",
			      "Draw the protonated molecule, for example [OH3+]."};
}

void refuse_charge(Record &r, std::optional<int> wanted)
{
	const int q = RDKit::MolOps::getFormalCharge(*r.mol);
	if (r.perceived && wanted && *wanted != q) {
		xyz_finish(r, wanted); /* bonds again, for the stated charge */
		return;
	}
	if (wanted && *wanted != q)
		throw Refusal{"charge", "The structure has the charge " + signed_number(q) + ", but the option says charge = " +
						signed_number(*wanted) + ".",
			      "The charge belongs to the structure: it says where hydrogens are and which bonds exist.",
			      "Draw the charge on the right atom, or take the option away."};
	if (r.perceived && !wanted && !r.charge_given && q != 0)
		throw Refusal{"charge", "These atoms make no neutral molecule; with the charge " + signed_number(q) + " they do: " +
						canonical_smiles(*r.mol) + ".",
			      "An XYZ file does not say its charge.",
			      "Write \"charge = " + std::to_string(q) + "\" into a text file of the same name beside the structure, or "
			      "\"charge=" + std::to_string(q) + "\" into the second line of the file. If it is meant to be neutral, a hydrogen "
			      "is missing or it is a radical."};
}

void refuse_size(const RDKit::ROMol &m, int most)
{
	unsigned n = 0;
	bool seen = false;
	for (const Atom *a : m.atoms()) {
		n += 1 + a->getTotalNumHs();
		seen = seen || a->getAtomicNum() == 6 || a->getTotalNumHs() || (a->getAtomicNum() == 1 && a->getIsotope() < 2);
	}
	if (static_cast<int>(n) > most)
		throw Refusal{"too-large", "The structure has " + std::to_string(n) + " atoms with its hydrogens.",
			      "The limit of this preset is " + std::to_string(most) + " atoms: the time grows with the third to fourth power of the size.",
			      "Cut the molecule to the part of interest."};
	if (!seen)
		throw Refusal{"nothing-to-predict", "The structure has neither hydrogen nor carbon.",
			      "Only 1H and 13C spectra are predicted.", "Drop a compound with hydrogen or carbon."};
}

struct Pattern {
	const char *smarts, *what;
};

const Pattern tautomers[] = {
	{"[CX4;!H0]([CX3]=[OX1])[CX3]=[OX1]", "a 1,3-dicarbonyl (keto and enol form)"},
	{"[OX2H][CX3;!a]=[CX3]", "an enol (its keto form may be the stable one)"},
	{"[OX2H]c:[n;H0]", "a hydroxy-heteroarene (its N-H oxo form may be the stable one)"},
	{"[SX2H]c:[n;H0]", "a mercapto-heteroarene (its N-H thione form may be the stable one)"},
	{"[nH]c=[O,S]", "an N-H oxo-heteroarene (its hydroxy form may be the stable one)"},
	{"[nH]c=[n,N]", "an azole with a mobile N-H (the other nitrogen may carry it)"},
	{"[nH]c[n;H0]", "an azole with a mobile N-H (the other nitrogen may carry it)"},
	{"[nH][n;H0]", "an azole with a mobile N-H (the other nitrogen may carry it)"},
	{"[NX3;!H0][CX3;!a]=[NX2]", "an amidine or guanidine with a mobile N-H"},
	{"[CX4;!H0][NX2]=[OX1]", "a nitroso compound (its oxime may be the stable one)"},
};

void warn_tautomers(const RDKit::ROMol &m, std::vector<Warning> &out)
{
	std::vector<std::string> found;
	for (const Pattern &p : tautomers) {
		const MolPtr q(RDKit::SmartsToMol(p.smarts));
		RDKit::MatchVectType match;
		if (RDKit::SubstructMatch(m, *q, match) && std::find(found.begin(), found.end(), p.what) == found.end())
			found.push_back(p.what);
	}
	if (!found.empty())
		out.push_back({"tautomer", "The form that was drawn is computed, and no other. Tautomers are likely: the molecule is " +
						   text_list(found) + "."});
}

/* Sulfonates, sulfates, phosphonates ...: no ammonium gives them its proton for good. */
bool of_strong_acid(const Atom *a)
{
	for (const Atom *b : a->getOwningMol().atomNeighbors(a))
		if (b->getAtomicNum() == 16 || b->getAtomicNum() == 15)
			return true;
	return false;
}

} // namespace

void check_record(Record &r, const CheckOptions &o)
{
	one_component(r, o.largest);
	refuse_elements(*r.mol);
	refuse_charge(r, o.charge);
	refuse_radical(*r.mol);
	refuse_size(*r.mol, o.atoms_max);
}

std::vector<Warning> check_warnings(const Record &r)
{
	std::vector<Warning> out = r.warnings;
	warn_tautomers(*r.mol, out);
	const int q = RDKit::MolOps::getFormalCharge(*r.mol);
	bool plus = false, minus = false, label = false, mobile = false, basic = false;
	for (const Atom *a : r.mol->atoms()) {
		const bool next_to_opposite = charge_is_notation(*a);
		plus = plus || (a->getFormalCharge() > 0 && !next_to_opposite);
		mobile = mobile || (a->getFormalCharge() > 0 && !next_to_opposite && a->getTotalNumHs(true) > 0);
		minus = minus || (a->getFormalCharge() < 0 && !next_to_opposite);
		basic = basic || (a->getFormalCharge() < 0 && !next_to_opposite && !of_strong_acid(a));
		label = label || (a->getAtomicNum() == 1 && a->getIsotope() > 1);
	}
	if (q)
		out.push_back({"ion", "The molecule is an ion (charge " + signed_number(q) + "); its counterion is not in the calculation, "
					      "and shifts of ions are less certain."});
	else if (plus && minus && !(mobile && basic))
		out.push_back({"inner-salt", "The molecule is an inner salt: a continuum solvent without counter-ions describes it roughly."});
	else if (plus && minus)
		out.push_back({"zwitterion", "The molecule is a zwitterion: it is stable in water only, elsewhere its proton moves."});
	if (r.perceived)
		out.push_back({"bonds-perceived", "The file has no bonds; they were worked out from the distances: " +
							  canonical_smiles(*r.mol) + "."});
	if (label)
		out.push_back({"isotope", "Deuterium and tritium count as hydrogen in the calculation and are left out of the 1H list."});
	return out;
}

} // namespace mol
