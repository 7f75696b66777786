/* The canonical molecule.
 *
 * A canonical SMILES is the neutral ground between formats: it is written,
 * parsed and written again until it stays the same (ring stereo needs that at
 * times), then parsed once more and given its hydrogens.  The order of atoms
 * and bonds follows from the SMILES alone.  A rough geometry, embedded with a
 * fixed seed, fixes what the SMILES leaves open: which hydrogen of a CH2 is
 * which (see frame.hpp).  Every later run reads both from mol.sdf.
 * Never logs; throws Refusal.
 */
#include "mol/identity.hpp"

#include <GraphMol/DistGeomHelpers/Embedder.h>
#include <GraphMol/FileParsers/FileParsers.h>
#include <GraphMol/MolOps.h>
#include <GraphMol/PeriodicTable.h>
#include <GraphMol/SmilesParse/SmilesParse.h>
#include <GraphMol/SmilesParse/SmilesWrite.h>

#include <map>
#include <stdexcept>

#include "mol/output.hpp"
#include "mol/text.hpp"

extern "C" {
#include "base/file.h"
}

namespace mol {

namespace {

constexpr int seed = 20110;

std::string write_smiles(const RDKit::ROMol &m)
{
	return RDKit::MolToSmiles(m, true, false, -1, true);
}

MolPtr parse(const std::string &smiles)
{
	MolPtr m(RDKit::SmilesToMol(smiles));
	if (!m)
		throw std::runtime_error("own SMILES cannot be read back: " + smiles);
	return m;
}

bool embed_once(RDKit::RWMol &m, int attempt, bool thorough)
{
	RDKit::DGeomHelpers::EmbedParameters p = RDKit::DGeomHelpers::ETKDGv3;
	p.randomSeed = seed + attempt;
	p.numThreads = 1;
	p.maxIterations = thorough ? 0 : 20;
	if (RDKit::DGeomHelpers::EmbedMolecule(m, p) >= 0)
		return true;
	p.useRandomCoords = true;
	p.maxIterations = thorough ? 500 : 20;
	if (RDKit::DGeomHelpers::EmbedMolecule(m, p) >= 0)
		return true;
	p.useExpTorsionAnglePrefs = false;
	p.useBasicKnowledge = false;
	return thorough && RDKit::DGeomHelpers::EmbedMolecule(m, p) >= 0;
}

bool agrees(const Frame &f, const Signature &drawn, const RDKit::ROMol &m)
{
	const Signature s = signature_of(f, coords_of(m));
	for (size_t k = 0; k < s.centre.size(); k++)
		if (drawn.centre[k] * s.centre[k] < 0)
			return false;
	for (size_t k = 0; k < s.planar.size(); k++)
		if (drawn.planar[k] * s.planar[k] < 0)
			return false;
	return true;
}

/* RDKit does not hold the configuration of sulfur with three neighbours: another
 * seed until the geometry is the molecule. */
bool embed(RDKit::RWMol &m, bool thorough)
{
	const Frame f(m);
	const Signature drawn = signature_of(f, m);
	for (int attempt = 0; attempt < 64; attempt++) {
		if (!embed_once(m, attempt, thorough))
			return false;
		if (agrees(f, drawn, m))
			return true;
	}
	return false;
}

/* RDKit does not embed fewer than two atoms. */
void place_atom(RDKit::RWMol &m)
{
	auto *c = new RDKit::Conformer(1);
	c->set3D(true);
	m.addConformer(c, true);
}

} // namespace

Canonical::Canonical(MolPtr m) : mol(std::move(m)), frame(*mol), reference(signature_of(frame, coords_of(*mol))) {}

std::string canonical_smiles(const RDKit::ROMol &mol)
{
	RDKit::RWMol m(mol);
	m.clearConformers();
	for (RDKit::Atom *a : m.atoms())
		a->setAtomMapNum(0);
	RDKit::MolOps::removeHs(m, RDKit::MolOps::RemoveHsParameters());
	std::string s = write_smiles(m);
	for (int i = 0; i < 8; i++) {
		const std::string next = write_smiles(*parse(s));
		if (next == s)
			break;
		s = next;
	}
	return s;
}

static MolPtr blank(const std::string &smiles)
{
	MolPtr m = parse(smiles);
	RDKit::MolOps::addHs(*m);
	return m;
}

Canonical canonical_of(const RDKit::ROMol &mol)
{
	const std::string smiles = canonical_smiles(mol);
	MolPtr m = blank(smiles);
	if (m->getNumAtoms() == 1)
		place_atom(*m);
	else if (!embed(*m, true))
		throw Refusal{"embed", "No geometry in space can be found for this structure.",
			      "Its rings or stereocentres cannot all be as drawn, or it is too strained.",
			      "Check the wedges and ring closures; or drop a structure with 3D coordinates and \"geometry = keep\"."};
	/* The molecule as it will be read back: coordinates rounded as in the file. */
	MolPtr back(RDKit::MolBlockToMol(molblock(*m), true, false, false));
	if (!back)
		throw std::runtime_error("own molblock cannot be read back");
	stereo_from_space(*back);
	Canonical c(std::move(back));
	c.smiles = smiles;
	return c;
}

bool canonical_fits_space(const std::string &smiles)
{
	MolPtr m = blank(smiles);
	return m->getNumAtoms() == 1 || embed(*m, false);
}

std::string canonical_sdf(const Canonical &c)
{
	return molblock(*c.mol) + ">  <nmr.smiles>\n" + c.smiles + "\n\n$$$$\n";
}

Canonical canonical_load(const std::string &path)
{
	const std::string text = output_read(path);
	MolPtr m(RDKit::MolBlockToMol(text.substr(0, text.find("$$$$")), true, false, false));
	if (!m || m->getNumConformers() == 0)
		throw std::runtime_error(path + " is no molecule of nmr-mol prepare");
	stereo_from_space(*m);
	Canonical c(std::move(m));
	const size_t at = text.find("<nmr.smiles>\n");
	if (at != std::string::npos)
		c.smiles = text.substr(at + 13, text.find('\n', at + 13) - at - 13);
	return c;
}

MolPtr canonical_blank(const Canonical &c)
{
	MolPtr m = blank(c.smiles);
	bool same = m->getNumAtoms() == c.mol->getNumAtoms();
	for (unsigned i = 0; same && i < m->getNumAtoms(); i++)
		same = m->getAtomWithIdx(i)->getAtomicNum() == c.mol->getAtomWithIdx(i)->getAtomicNum();
	if (!same)
		throw std::runtime_error("the SMILES in the file is of another molecule");
	return m;
}

std::string canonical_key(const Canonical &c)
{
	std::string s = c.smiles + "\n";
	for (const auto *list : {&c.reference.centre, &c.reference.planar}) {
		for (const int v : *list)
			s += v > 0 ? '+' : v < 0 ? '-' : '0';
		s += '\n';
	}
	char hex[SHA256_HEX_LEN];
	sha256_hex(s.data(), s.size(), hex);
	return hex;
}

std::string formula_of(const RDKit::ROMol &mol)
{
	std::map<std::string, unsigned> n;
	for (const RDKit::Atom *a : mol.atoms()) {
		const bool heavy_h = a->getAtomicNum() == 1 && a->getIsotope() > 1;
		n[heavy_h ? (a->getIsotope() == 2 ? "D" : "T") : a->getSymbol()]++;
		if (a->getTotalNumHs())
			n["H"] += a->getTotalNumHs();
	}
	std::string out;
	auto add = [&](const std::string &e) {
		const auto it = n.find(e);
		if (it == n.end())
			return;
		out += e + (it->second > 1 ? std::to_string(it->second) : "");
		n.erase(it);
	};
	if (n.count("C"))
		for (const char *e : {"C", "H", "D", "T"})
			add(e);
	while (!n.empty())
		add(n.begin()->first);
	const int q = RDKit::MolOps::getFormalCharge(mol);
	if (q)
		out += (std::abs(q) > 1 ? std::to_string(std::abs(q)) : "") + (q > 0 ? "+" : "-");
	return out;
}

double mass_of(const RDKit::ROMol &mol)
{
	const auto *t = RDKit::PeriodicTable::getTable();
	double sum = 0;
	for (const RDKit::Atom *a : mol.atoms())
		sum += a->getMass() + a->getTotalNumHs() * t->getAtomicWeight(1);
	return sum;
}

int rotatable_bonds(const RDKit::ROMol &mol)
{
	auto inner = [](const RDKit::Atom *a) {
		int heavy = 0;
		bool triple = false;
		for (const RDKit::Bond *b : a->getOwningMol().atomBonds(a)) {
			heavy += b->getOtherAtom(a)->getAtomicNum() > 1;
			triple = triple || b->getBondType() == RDKit::Bond::TRIPLE;
		}
		return heavy > 1 && !triple;
	};
	int n = 0;
	for (const RDKit::Bond *b : mol.bonds())
		n += b->getBondType() == RDKit::Bond::SINGLE && !mol.getRingInfo()->numBondRings(b->getIdx()) &&
		     inner(b->getBeginAtom()) && inner(b->getEndAtom());
	return n;
}

std::vector<int> canonical_order(const Canonical &c, const RDKit::ROMol &full, bool in_space)
{
	const Frame f(full);
	const Signature drawn = in_space ? signature_of(f, coords_of(full)) : signature_of(f, full);
	for (const bool strict : {true, false}) {
		const auto m = frame_match({f, c.frame, drawn, c.reference, strict});
		if (m)
			return *m;
	}
	/* Stereo that only the geometry shows (an amine's, say) must not stop the work. */
	const Signature none{std::vector<int>(f.centre.size(), 0), std::vector<int>(f.planar.size(), 0)};
	const auto m = frame_match({f, c.frame, in_space ? signature_of(f, full) : none, c.reference});
	if (!m)
		throw std::runtime_error("the record and its canonical form do not match: " + c.smiles);
	return *m;
}

} // namespace mol
