/* InChI, through the IUPAC library.
 *
 * Debian's RDKit is built without it.  Structures go in and come out as lists
 * of atoms with "0D" parities.  What was read is turned back into an InChI and
 * compared: a structure that does not come out as it went in is refused, so
 * that a mistake in the translation can never become a wrong spectrum.
 * Parities: a tetrahedron is even when, seen from the first neighbour, the
 * others run clockwise; a double bond is even when its neighbours are trans.
 * Never logs; throws Refusal.
 */
#include "mol/inchi.hpp"

#include <GraphMol/Chirality.h>
#include <GraphMol/MolOps.h>
#include <GraphMol/PeriodicTable.h>
#include <inchi_api.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "mol/molfile.hpp"
#include "mol/sane.hpp"
#include "mol/text.hpp"

namespace mol {

using RDKit::Atom;
using RDKit::Bond;

namespace {

bool odd_permutation(std::vector<int> v)
{
	bool odd = false;
	for (size_t i = 0; i < v.size(); i++)
		for (size_t j = i + 1; j < v.size(); j++)
			if (v[i] > v[j]) {
				std::swap(v[i], v[j]);
				odd = !odd;
			}
	return odd;
}

AT_NUM num(unsigned i)
{
	return static_cast<AT_NUM>(i);
}

/* ---- RDKit -> InChI */

inchi_Atom atom_out(const Atom &a)
{
	inchi_Atom o;
	memset(&o, 0, sizeof(o));
	strncpy(o.elname, a.getSymbol().c_str(), ATOM_EL_LEN - 1);
	o.charge = static_cast<S_CHAR>(a.getFormalCharge());
	o.isotopic_mass = num(a.getIsotope());
	o.num_iso_H[0] = static_cast<S_CHAR>(a.getTotalNumHs());
	for (const Bond *b : a.getOwningMol().atomBonds(&a)) {
		const Atom *other = b->getOtherAtom(&a);
		if (other->getIdx() > a.getIdx())
			continue;
		o.neighbor[o.num_bonds] = num(other->getIdx());
		o.bond_type[o.num_bonds++] = static_cast<S_CHAR>(b->getBondType() == Bond::DOUBLE   ? INCHI_BOND_TYPE_DOUBLE
								   : b->getBondType() == Bond::TRIPLE ? INCHI_BOND_TYPE_TRIPLE
												      : INCHI_BOND_TYPE_SINGLE);
	}
	return o;
}

inchi_Stereo0D centre_out(const Atom &a)
{
	inchi_Stereo0D s;
	memset(&s, 0, sizeof(s));
	s.type = INCHI_StereoType_Tetrahedral;
	s.central_atom = num(a.getIdx());
	/* Three neighbours: the centre (or the hydrogen behind it) looks on from first place. */
	int k = 0;
	if (a.getDegree() == 3)
		s.neighbor[k++] = num(a.getIdx());
	for (const Bond *b : a.getOwningMol().atomBonds(&a))
		s.neighbor[k++] = num(b->getOtherAtomIdx(a.getIdx()));
	/* RDKit: looking from the first neighbour the rest runs clockwise (CW).  With
	 * three neighbours RDKit looks from the first of them, with the missing one
	 * last: centre to first place is an odd number of exchanges. */
	bool even = a.getChiralTag() == Atom::CHI_TETRAHEDRAL_CW;
	if (a.getDegree() == 3)
		even = !even;
	s.parity = even ? INCHI_PARITY_EVEN : INCHI_PARITY_ODD;
	return s;
}

inchi_Stereo0D bond_out(const Bond &b)
{
	inchi_Stereo0D s;
	memset(&s, 0, sizeof(s));
	s.type = INCHI_StereoType_DoubleBond;
	s.central_atom = NO_ATOM;
	s.neighbor[0] = num(static_cast<unsigned>(b.getStereoAtoms()[0]));
	s.neighbor[1] = num(b.getBeginAtomIdx());
	s.neighbor[2] = num(b.getEndAtomIdx());
	s.neighbor[3] = num(static_cast<unsigned>(b.getStereoAtoms()[1]));
	const bool cis = b.getStereo() == Bond::STEREOZ || b.getStereo() == Bond::STEREOCIS;
	s.parity = cis ? INCHI_PARITY_ODD : INCHI_PARITY_EVEN;
	return s;
}

std::vector<inchi_Stereo0D> stereo_out(const RDKit::ROMol &m)
{
	std::vector<inchi_Stereo0D> out;
	for (const Atom *a : m.atoms())
		if ((a->getChiralTag() == Atom::CHI_TETRAHEDRAL_CW || a->getChiralTag() == Atom::CHI_TETRAHEDRAL_CCW) &&
		    (a->getDegree() == 3 || a->getDegree() == 4))
			out.push_back(centre_out(*a));
	for (const Bond *b : m.bonds())
		if (b->getStereo() > Bond::STEREOANY && b->getStereoAtoms().size() == 2)
			out.push_back(bond_out(*b));
	return out;
}

/* ---- InChI -> RDKit */

void add_hydrogens(RDKit::RWMol &m, unsigned heavy, int count, unsigned isotope)
{
	for (int i = 0; i < count; i++) {
		Atom h(1);
		h.setIsotope(isotope);
		h.setNoImplicit(true);
		const unsigned k = m.addAtom(&h, false);
		m.addBond(heavy, k, Bond::SINGLE);
	}
}

unsigned isotope_in(const inchi_Atom &a)
{
	if (a.isotopic_mass == 0)
		return 0;
	const auto *t = RDKit::PeriodicTable::getTable();
	if (a.isotopic_mass < ISOTOPIC_SHIFT_FLAG - ISOTOPIC_SHIFT_MAX)
		return static_cast<unsigned>(a.isotopic_mass);
	const auto mean = static_cast<int>(t->getAtomicWeight(a.elname) + 0.5);
	return static_cast<unsigned>(a.isotopic_mass - ISOTOPIC_SHIFT_FLAG + mean);
}

void atoms_in(const inchi_OutputStruct &in, RDKit::RWMol &m)
{
	const auto *t = RDKit::PeriodicTable::getTable();
	for (int i = 0; i < in.num_atoms; i++) {
		Atom a(t->getAtomicNumber(in.atom[i].elname));
		a.setFormalCharge(in.atom[i].charge);
		a.setNoImplicit(true);
		a.setNumExplicitHs(static_cast<unsigned>(std::max<int>(0, in.atom[i].num_iso_H[0])));
		a.setIsotope(isotope_in(in.atom[i]));
		m.addAtom(&a, false);
	}
	for (int i = 0; i < in.num_atoms; i++)
		for (int k = 0; k < in.atom[i].num_bonds; k++) {
			const auto x = static_cast<unsigned>(i), y = static_cast<unsigned>(in.atom[i].neighbor[k]);
			if (!m.getBondBetweenAtoms(x, y))
				m.addBond(x, y, in.atom[i].bond_type[k] == INCHI_BOND_TYPE_TRIPLE   ? Bond::TRIPLE
						: in.atom[i].bond_type[k] == INCHI_BOND_TYPE_DOUBLE ? Bond::DOUBLE
												    : Bond::SINGLE);
		}
	for (int i = 0; i < in.num_atoms; i++)
		for (unsigned iso = 1; iso <= NUM_H_ISOTOPES; iso++)
			add_hydrogens(m, static_cast<unsigned>(i), in.atom[i].num_iso_H[iso], iso);
}

/* The parity's own order of neighbours against RDKit's order of bonds. */
void centre_in(RDKit::RWMol &m, const inchi_Stereo0D &s)
{
	Atom *a = m.getAtomWithIdx(static_cast<unsigned>(s.central_atom));
	std::vector<int> order; /* places of RDKit's neighbours in s.neighbor */
	bool used[4] = {false, false, false, false};
	for (const Bond *b : m.atomBonds(a)) {
		const unsigned other = b->getOtherAtomIdx(a->getIdx());
		for (int k = 0; k < 4; k++)
			if (!used[k] && s.neighbor[k] == num(other)) {
				order.push_back(k);
				used[k] = true;
				break;
			}
	}
	if (order.size() < 3)
		return;
	bool even = s.parity == INCHI_PARITY_EVEN;
	if (order.size() == 3) /* the missing one (hydrogen or lone pair) is last for RDKit */
		for (int k = 0; k < 4; k++)
			if (!used[k])
				order.push_back(k);
	if (odd_permutation(order))
		even = !even;
	a->setChiralTag(even ? Atom::CHI_TETRAHEDRAL_CW : Atom::CHI_TETRAHEDRAL_CCW);
}

void bond_in(RDKit::RWMol &m, const inchi_Stereo0D &s)
{
	Bond *b = m.getBondBetweenAtoms(static_cast<unsigned>(s.neighbor[1]), static_cast<unsigned>(s.neighbor[2]));
	if (!b || b->getBondType() != Bond::DOUBLE)
		return;
	/* A hydrogen is named by its heavy atom: the other neighbour stands for it. */
	bool cis = s.parity == INCHI_PARITY_ODD;
	int end[2];
	for (int k = 0; k < 2; k++) {
		const auto self = static_cast<unsigned>(s.neighbor[k ? 2 : 1]), far = static_cast<unsigned>(s.neighbor[k ? 1 : 2]);
		auto want = static_cast<unsigned>(s.neighbor[k ? 3 : 0]);
		if (want == self) {
			cis = !cis;
			for (const Bond *o : m.atomBonds(m.getAtomWithIdx(self)))
				if (o->getOtherAtomIdx(self) != far)
					want = o->getOtherAtomIdx(self);
			if (want == self)
				return;
		}
		end[k] = static_cast<int>(want);
	}
	if (b->getBeginAtomIdx() != static_cast<unsigned>(s.neighbor[1]))
		std::swap(end[0], end[1]);
	b->setStereoAtoms(static_cast<unsigned>(end[0]), static_cast<unsigned>(end[1]));
	b->setStereo(cis ? Bond::STEREOCIS : Bond::STEREOTRANS);
}

[[noreturn]] void refuse(const std::string &line, const std::string &why)
{
	throw Refusal{"inchi", "The InChI \"" + text_excerpt(line, 80) + "\" cannot be read.", why,
		      "Copy it again in full (it ends with its last layer), or give the SMILES or a .mol file."};
}

MolPtr build(const inchi_OutputStruct &in)
{
	MolPtr m(new RDKit::RWMol);
	atoms_in(in, *m);
	MolPtr checked(new RDKit::RWMol(*m));
	sane_check(*checked);
	for (int k = 0; k < in.num_stereo0D; k++) {
		const inchi_Stereo0D &s = in.stereo0D[k];
		if (s.parity != INCHI_PARITY_EVEN && s.parity != INCHI_PARITY_ODD)
			continue;
		if (s.type == INCHI_StereoType_Tetrahedral)
			centre_in(*checked, s);
		else if (s.type == INCHI_StereoType_DoubleBond)
			bond_in(*checked, s);
	}
	stereo_refresh(*checked);
	return checked;
}

Record parse_line(const std::string &line)
{
	Record r;
	const size_t at = line.find("InChI="), end = std::min(line.find_first_of(" \t", at), line.size());
	std::string inchi = line.substr(at, end - at);
	r.name = text_trim(line.substr(0, at) + line.substr(end));
	inchi_InputINCHI in;
	inchi_OutputStruct out;
	memset(&out, 0, sizeof(out));
	char none[] = "";
	in.szInChI = inchi.data();
	in.szOptions = none;
	try {
		const int code = GetStructFromINCHI(&in, &out);
		const std::string said = out.szMessage ? out.szMessage : "";
		if (code != inchi_Ret_OKAY && code != inchi_Ret_WARNING)
			refuse(inchi, said.empty() ? "It does not follow the rules of InChI." : "The InChI library says: " + said + ".");
		if (out.num_atoms == 0)
			refuse(inchi, "It has no atoms.");
		r.mol = build(out);
		/* Allenes and bonds that InChI knows and RDKit does not come back without their stereo. */
		const std::string back = inchi_of(*r.mol).inchi;
		if (!back.empty() && text_has_prefix(inchi, "InChI=1S/") && back != inchi)
			refuse(inchi, "It describes something that is lost on reading (it comes back as " + back + ").");
	} catch (const Refusal &e) {
		r.mol.reset();
		r.refusal = e;
	}
	FreeStructFromINCHI(&out);
	return r;
}

} // namespace

Inchi inchi_of(const RDKit::ROMol &mol)
{
	Inchi ret;
	RDKit::RWMol m(mol);
	if (m.getNumAtoms() > 1000)
		return ret;
	RDKit::MolOps::Kekulize(m);
	std::vector<inchi_Atom> atoms;
	for (const Atom *a : m.atoms())
		atoms.push_back(atom_out(*a));
	auto stereo = stereo_out(m);
	inchi_Input in;
	inchi_Output out;
	memset(&in, 0, sizeof(in));
	memset(&out, 0, sizeof(out));
	char none[] = "";
	in.atom = atoms.data();
	in.num_atoms = num(m.getNumAtoms());
	in.stereo0D = stereo.data();
	in.num_stereo0D = num(static_cast<unsigned>(stereo.size()));
	in.szOptions = none;
	const int code = GetINCHI(&in, &out);
	if ((code == inchi_Ret_OKAY || code == inchi_Ret_WARNING) && out.szInChI) {
		ret.inchi = out.szInChI;
		char key[64] = "";
		if (GetINCHIKeyFromINCHI(out.szInChI, 0, 0, key, nullptr, nullptr) == INCHIKEY_OK)
			ret.key = key;
	}
	FreeINCHI(&out);
	return ret;
}

std::vector<Record> inchi_read(const std::string &text, size_t max)
{
	std::vector<std::string> lines;
	for (const std::string &l : text_lines(text)) {
		std::string t = text_trim(l);
		if (text_has_prefix(text_lower(t), "inchi="))
			t.replace(0, 6, "InChI=");
		if (text_contains(t, "InChI="))
			lines.push_back(t);
	}
	refuse_too_many(lines.size(), max);
	std::vector<Record> out;
	for (const std::string &l : lines)
		out.push_back(parse_line(l));
	return out;
}

} // namespace mol
