/* A record on disk: SDF with the stereo in plain sight.
 *
 * Flat and space structures carry their stereo in wedges and coordinates.  A
 * SMILES has neither; wedges drawn for it could be misread in crowded places,
 * so the tags themselves go into the data item nmr.stereo:
 *   c <atom> cw|ccw          tetrahedral, relative to the order of its bonds
 *   d <bond> <i> <j> cis|trans   double bond, i and j are neighbours of its ends
 * The molblock keeps the order of atoms and bonds, so that indices stay valid.
 * Never logs; throws Refusal, and std::runtime_error when the disk fails.
 */
#include "mol/record.hpp"

#include <GraphMol/Chirality.h>
#include <GraphMol/Depictor/RDDepictor.h>
#include <GraphMol/FileParsers/FileParsers.h>
#include <GraphMol/MolOps.h>
#include <GraphMol/PeriodicTable.h>

#include <sstream>
#include <stdexcept>

#include "mol/molfile.hpp"
#include "mol/output.hpp"
#include "mol/text.hpp"

namespace mol {

using RDKit::Atom;
using RDKit::Bond;

std::string atom_name(const Atom &a)
{
	return a.getSymbol() + std::to_string(a.getIdx() + 1);
}

bool charge_is_notation(const Atom &a)
{
	for (const Atom *b : a.getOwningMol().atomNeighbors(&a))
		if (a.getFormalCharge() * b->getFormalCharge() < 0)
			return true;
	return false;
}

/* RDKit crosses the double bond of every =CH2 in space; coordinates say more. */
static std::string without_crosses(const std::string &block)
{
	std::string out;
	size_t line = 0, first = 0, last = 0;
	for (std::string l : text_lines(block)) {
		if (line == 3 && !text_contains(l, "V3000")) {
			first = 4 + static_cast<size_t>(text_int(text_trim(l.substr(0, 3))).value_or(0));
			last = first + static_cast<size_t>(text_int(text_trim(l.substr(3, 3))).value_or(0));
		}
		const bool crossed = line >= first && line < last && l.size() == 12 && l.substr(9) == "  3";
		if (crossed)
			l.replace(9, 3, "  0");
		const size_t cfg = text_has_prefix(l, "M  V30") ? l.find(" CFG=2") : std::string::npos;
		if (cfg != std::string::npos)
			l.erase(cfg, 6);
		out += l + "\n";
		line++;
	}
	return out;
}

std::string molblock(const RDKit::ROMol &mol)
{
	const bool in_space = mol.getNumConformers() > 0 && mol.getConformer().is3D();
	const std::string block = RDKit::MolToMolBlock(mol, !in_space, -1, true, mol.getNumAtoms() > 999);
	return in_space ? without_crosses(block) : block;
}

/* RDKit leaves phosphines and arsines out, which hold their shape like carbon. */
static void phosphines_from_space(RDKit::RWMol &mol)
{
	const auto &conf = mol.getConformer();
	for (Atom *a : mol.atoms()) {
		if ((a->getAtomicNum() != 15 && a->getAtomicNum() != 33) || a->getDegree() != 3 || a->getTotalNumHs() || a->getIsAromatic())
			continue;
		RDGeom::Point3D v[3];
		size_t k = 0;
		for (const Bond *b : mol.atomBonds(a))
			v[k++] = conf.getAtomPos(b->getOtherAtomIdx(a->getIdx())) - conf.getAtomPos(a->getIdx());
		a->setChiralTag(v[0].dotProduct(v[1].crossProduct(v[2])) > 0 ? Atom::CHI_TETRAHEDRAL_CCW : Atom::CHI_TETRAHEDRAL_CW);
	}
}

void stereo_from_space(RDKit::RWMol &mol)
{
	for (Bond *b : mol.bonds())
		if (b->getStereo() == Bond::STEREOANY || b->getBondDir() == Bond::EITHERDOUBLE) {
			b->setStereo(Bond::STEREONONE);
			b->setBondDir(Bond::NONE);
		}
	RDKit::MolOps::assignStereochemistryFrom3D(mol);
	phosphines_from_space(mol);
	RDKit::MolOps::assignStereochemistry(mol, true, true);
}

void stereo_refresh(RDKit::RWMol &mol)
{
	RDKit::MolOps::setDoubleBondNeighborDirections(mol);
	RDKit::MolOps::assignStereochemistry(mol, true, true);
}

static std::string stereo_tags(const RDKit::ROMol &mol)
{
	std::ostringstream out;
	for (const Atom *a : mol.atoms())
		if (a->getChiralTag() == Atom::CHI_TETRAHEDRAL_CW || a->getChiralTag() == Atom::CHI_TETRAHEDRAL_CCW)
			out << "c " << a->getIdx()
			    << (a->getChiralTag() == Atom::CHI_TETRAHEDRAL_CW ? " cw\n" : " ccw\n");
	for (const Bond *b : mol.bonds()) {
		if (b->getStereo() <= Bond::STEREOANY || b->getStereoAtoms().size() != 2)
			continue;
		const bool cis = b->getStereo() == Bond::STEREOZ || b->getStereo() == Bond::STEREOCIS;
		out << "d " << b->getIdx() << ' ' << b->getStereoAtoms()[0] << ' ' << b->getStereoAtoms()[1]
		    << (cis ? " cis\n" : " trans\n");
	}
	return out.str();
}

static void set_double_bond(RDKit::RWMol &mol, std::istringstream &in)
{
	unsigned b = 0;
	int i = 0, j = 0;
	std::string how;
	if (!(in >> b >> i >> j >> how) || b >= mol.getNumBonds())
		return;
	Bond *bond = mol.getBondWithIdx(b);
	const auto n = static_cast<int>(mol.getNumAtoms());
	if (i < 0 || j < 0 || i >= n || j >= n ||
	    !mol.getBondBetweenAtoms(bond->getBeginAtomIdx(), static_cast<unsigned>(i)) ||
	    !mol.getBondBetweenAtoms(bond->getEndAtomIdx(), static_cast<unsigned>(j)))
		return;
	bond->setStereoAtoms(static_cast<unsigned>(i), static_cast<unsigned>(j));
	bond->setStereo(how == "cis" ? Bond::STEREOCIS : Bond::STEREOTRANS);
}

/* Takes the place of whatever was read from the drawing. */
static void set_stereo_tags(RDKit::RWMol &mol, const std::string &tags)
{
	for (Atom *a : mol.atoms())
		a->setChiralTag(Atom::CHI_UNSPECIFIED);
	for (Bond *b : mol.bonds()) {
		b->setStereo(Bond::STEREONONE);
		b->setBondDir(Bond::NONE);
		b->getStereoAtoms().clear();
	}
	for (const std::string &line : text_lines(tags)) {
		std::istringstream in(line);
		std::string kind, how;
		unsigned i = 0;
		in >> kind;
		if (kind == "d")
			set_double_bond(mol, in);
		else if (kind == "c" && in >> i >> how && i < mol.getNumAtoms())
			mol.getAtomWithIdx(i)->setChiralTag(how == "cw" ? Atom::CHI_TETRAHEDRAL_CW
									   : Atom::CHI_TETRAHEDRAL_CCW);
	}
	stereo_refresh(mol);
}

static void add_item(std::string &out, const std::string &key, const std::string &value)
{
	out += ">  <" + key + ">\n";
	for (const std::string &line : text_lines(value))
		if (!line.empty())
			out += line + "\n";
	out += "\n";
}

void record_save(const Record &r, const std::string &path)
{
	RDKit::RWMol m(*r.mol);
	m.setProp(RDKit::common_properties::_Name, text_excerpt(r.name, 76));
	const std::string tags = r.dim == 0 ? stereo_tags(m) : "";
	if (r.dim == 0) {
		m.clearConformers();
		RDDepict::compute2DCoords(m);
	}
	std::string out = molblock(m);
	add_item(out, "nmr.dim", std::to_string(r.dim));
	if (r.dim == 0)
		add_item(out, "nmr.stereo", tags.empty() ? "none" : tags);
	if (r.perceived)
		add_item(out, "nmr.bonds", r.charge_given ? "perceived, charge given" : "perceived");
	for (const Warning &w : r.warnings)
		add_item(out, "nmr.warning", w.code + "\t" + w.text);
	for (const auto &[key, value] : r.fields)
		if (!text_has_prefix(key, "nmr."))
			add_item(out, key, value);
	out += "$$$$\n";
	output_write(path, out);
}

Record record_load(const std::string &path)
{
	auto records = molfile_read(output_read(path));
	if (records.size() != 1)
		throw Refusal{"unreadable", "The record file does not hold exactly one molecule.",
			      "It was changed after it was written, or it is another file.", "Drop the structure again."};
	Record r = std::move(records[0]);
	if (r.refusal)
		throw *r.refusal;
	Fields kept;
	for (auto &[key, value] : r.fields) {
		if (key == "nmr.dim")
			r.dim = text_int(value).value_or(r.dim);
		else if (key == "nmr.stereo")
			set_stereo_tags(*r.mol, value);
		else if (key == "nmr.bonds") {
			r.perceived = true;
			r.charge_given = text_contains(value, "given");
		} else if (key == "nmr.warning") {
			const size_t tab = std::min(value.find('\t'), value.size() - 1);
			r.warnings.push_back({value.substr(0, tab), value.substr(tab + 1)});
		} else
			kept.emplace_back(key, value);
	}
	r.fields = std::move(kept);
	if (r.dim == 0)
		r.mol->clearConformers();
	return r;
}

} // namespace mol
