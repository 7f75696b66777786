/* nmr-mol prepare: one record is checked, described and made canonical.
 *
 * "full" is the record with its missing hydrogens appended: the order and the
 * numbers that people see.  Everything that engines see is in canonical order.
 */
#include "mol/check.hpp"
#include "mol/coords.hpp"
#include "mol/equivalence.hpp"
#include "mol/identity.hpp"
#include "mol/inchi.hpp"
#include "mol/ops.hpp"
#include "mol/output.hpp"
#include "mol/stereo.hpp"
#include "mol/text.hpp"

#include <GraphMol/MolOps.h>

#include <cmath>
#include <stdexcept>

namespace mol {

namespace {

CheckOptions check_options(const Options &o)
{
	CheckOptions c;
	if (o.has("charge"))
		c.charge = o.integer("charge", 0);
	const std::string component = o.str("component", "all");
	if (component != "all" && component != "largest")
		throw std::runtime_error("--component is all or largest");
	c.largest = component == "largest";
	c.atoms_max = o.integer("atoms-max", c.atoms_max);
	return c;
}

void refuse_incomplete_geometry(const Record &r, const RDKit::ROMol &full)
{
	if (r.dim != 3)
		throw Refusal{"no-geometry", "\"geometry = keep\" needs coordinates in space, and this structure is " +
						     std::string(r.dim == 2 ? "flat." : "without coordinates."),
			      "There is no geometry to keep.", "Take the option away, or drop a structure with 3D coordinates (.xyz, .sdf)."};
	if (full.getNumAtoms() != r.mol->getNumAtoms())
		throw Refusal{"no-geometry", "\"geometry = keep\" needs all atoms, and " +
						     std::to_string(full.getNumAtoms() - r.mol->getNumAtoms()) + " hydrogens are missing.",
			      "Only " + std::to_string(r.mol->getNumAtoms()) + " of " + std::to_string(full.getNumAtoms()) + " atoms have coordinates.",
			      "Save the structure with all its hydrogens, or take the option away."};
}

Json kept_coords(const RDKit::ROMol &full, const std::vector<int> &order)
{
	Coords x(order.size());
	const Coords file = coords_of(full);
	for (size_t i = 0; i < order.size(); i++)
		x[static_cast<size_t>(order[i])] = file[i];
	return coords_json(x);
}

Json groups_json(const std::vector<Group> &groups)
{
	Json list = Json::array();
	for (const Group &g : groups) {
		Json j = Json::object();
		j.set("element", g.element == 1 ? "H" : "C").set("atoms", json_of(g.atoms)).set("label", g.label);
		j.set("type", g.type).set("environment", g.environment).set("exchangeable", g.exchangeable).set("heavy_halogen", g.heavy_halogen);
		j.set("chlorine", g.chlorine);
		list.push(std::move(j));
	}
	return list;
}

Json stereo_json(const Record &r, Undefined &u)
{
	Json list = Json::array();
	for (size_t k = 0; k < u.isomers.size(); k++) {
		Record iso;
		iso.name = r.name;
		iso.dim = 0; /* the drawing does not show the new centres, the tags do */
		iso.fields = r.fields;
		iso.mol = MolPtr(new RDKit::RWMol(*u.isomers[k].mol));
		const std::string file = "iso-" + std::to_string(k + 1) + ".sdf";
		record_save(iso, file);
		Json j = Json::object();
		j.set("label", u.isomers[k].label).set("file", file);
		list.push(std::move(j));
	}
	Json j = Json::object();
	j.set("undefined", u.count).set("isomers", std::move(list));
	return j;
}

void describe(Json &j, const Canonical &c)
{
	const Inchi inchi = inchi_of(*c.mol);
	const int q = RDKit::MolOps::getFormalCharge(*c.mol);
	std::vector<std::string> elements;
	for (const RDKit::Atom *a : c.mol->atoms())
		elements.push_back(a->getSymbol());
	j.set("smiles", c.smiles).set("inchi", inchi.inchi).set("inchikey", inchi.key);
	j.set("formula", formula_of(*c.mol)).set("mass", std::round(mass_of(*c.mol) * 1e4) / 1e4);
	j.set("charge", q).set("multiplicity", 1).set("natoms", static_cast<int>(c.mol->getNumAtoms()));
	j.set("elements", json_of(elements));
}

/* Amides of which NMR shows two forms. Of N-H amides but formamides, the one with N-H and C=O
 * on opposite sides is the only one that counts. */
void warn_rotamers(const Canonical &c, const std::vector<int> &number, std::vector<Warning> &out)
{
	std::vector<std::string> bonds;
	auto is_hydrogen = [&c](int i) { return c.mol->getAtomWithIdx(static_cast<unsigned>(i))->getAtomicNum() == 1; };
	auto name = [&](int i) {
		return c.mol->getAtomWithIdx(static_cast<unsigned>(i))->getSymbol() + std::to_string(number[static_cast<size_t>(i)]);
	};
	for (const Planar &p : c.frame.uneven)
		if (std::none_of(p.at_a.begin(), p.at_a.end(), is_hydrogen) || std::any_of(p.at_b.begin(), p.at_b.end(), is_hydrogen))
			bonds.push_back(name(p.a) + "-" + name(p.b));
	if (!bonds.empty())
		out.push_back({"rotamers", "Turning about " + text_list(bonds) + " is slow at room temperature, and its two sides differ: two "
					   "sets of signals may be measured. The result is the average over both forms, or one of them with mode = single."});
}

/* The axis of an allene is in no drawing that is read here. */
void warn_axes(const Canonical &c, const std::vector<int> &number, std::vector<Warning> &out)
{
	std::vector<std::string> axes;
	for (const Centre &k : c.frame.centre) {
		const RDKit::Atom *a = c.mol->getAtomWithIdx(static_cast<unsigned>(k.atom));
		if (a->getDegree() != 2 || k.ligand.size() != 4)
			continue;
		auto colour = [&](size_t i) { return c.frame.colour[static_cast<size_t>(k.ligand[i])]; };
		if (colour(0) != colour(1) && colour(2) != colour(3))
			axes.push_back(a->getSymbol() + std::to_string(number[static_cast<size_t>(k.atom)]));
	}
	if (!axes.empty() && (axes.size() > 1 || c.smiles.find('@') != std::string::npos))
		out.push_back({"allene", "The allene at " + text_list(axes) + " has two forms, which with the other stereocentres are "
					 "diastereomers. A structure file does not say which; one of them is computed."});
}

} // namespace

Json op_prepare(const Options &o)
{
	Record r = record_load(o.str("in"));
	check_record(r, check_options(o));
	Undefined open = stereo_resolve(r);
	/* With diastereomers to run apart, the first stands for what they share. */
	const RDKit::RWMol &shown = open.isomers.empty() ? *r.mol : *open.isomers[0].mol;
	RDKit::RWMol full(shown);
	RDKit::MolOps::addHs(full, false, r.dim == 3);
	if (o.has("keep-geometry"))
		refuse_incomplete_geometry(r, full);
	const Canonical c = canonical_of(full);
	const bool in_space = r.dim == 3 && full.getNumAtoms() == r.mol->getNumAtoms() && open.isomers.empty();
	const std::vector<int> order = canonical_order(c, full, in_space);
	std::vector<int> number(order.size());
	for (size_t i = 0; i < order.size(); i++)
		number[static_cast<size_t>(order[i])] = static_cast<int>(i) + 1;
	output_write(o.str("out-mol"), canonical_sdf(c));

	auto warnings = check_warnings(r);
	warnings.insert(warnings.end(), open.warnings.begin(), open.warnings.end());
	warn_rotamers(c, number, warnings);
	warn_axes(c, number, warnings);
	Json j = Json::object();
	j.set("ok", true);
	describe(j, c);
	j.set("number", json_of(number)).set("order", json_of(order)).set("key", canonical_key(c));
	j.set("rotatable", rotatable_bonds(*c.mol)).set("achiral", equivalence_achiral(c));
	j.set("groups", groups_json(equivalence_groups(c, number)));
	j.set("stereo", stereo_json(r, open));
	if (o.has("keep-geometry"))
		j.set("kept_coords", kept_coords(full, order));
	j.set("warnings", json_of(warnings));
	return j;
}

} // namespace mol
