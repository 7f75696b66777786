/* nmr-mol conformers: embed, relax, relabel, compare.
 *
 * ETKDGv3 and KDG, as many geometries of each, with fixed seeds and one thread, so that
 * the same input gives the same conformers.  ETKDG prefers the torsions that crystals have
 * and never makes some that are low in solution; KDG has no such preferences.  The embedder is free to exchange the hydrogens of a CH2 (to
 * it they are the same); afterwards each conformer is relabelled to the
 * reference of mol.sdf, or the shieldings of pro-R and pro-S would be mixed in
 * the average.  Mirror images of an achiral molecule are one conformer.
 */
#include "mol/coords.hpp"
#include "mol/equivalence.hpp"
#include "mol/identity.hpp"
#include "mol/integrity.hpp"
#include "mol/ops.hpp"
#include "mol/record.hpp"
#include "mol/shape.hpp"

#include <ForceField/ForceField.h>
#include <GraphMol/DistGeomHelpers/Embedder.h>
#include <GraphMol/ForceFieldHelpers/MMFF/AtomTyper.h>
#include <GraphMol/ForceFieldHelpers/MMFF/Builder.h>
#include <GraphMol/ForceFieldHelpers/UFF/AtomTyper.h>
#include <GraphMol/ForceFieldHelpers/UFF/Builder.h>
#include <GraphMol/SmilesParse/SmilesParse.h>
#include <GraphMol/Substruct/SubstructMatch.h>
#include <RDGeneral/versions.h>

#include <algorithm>
#include <cmath>

namespace mol {

namespace {

struct Conformer {
	double energy = 0;
	Coords x;
	int made = 1; /* geometries that are this conformer */
};

/* Geometries of each method, by flexibility. */
int how_many(const Options &o, const RDKit::ROMol &m)
{
	if (m.getNumAtoms() < 4)
		return 1;
	return std::max(o.integer("max", 50), rotatable_bonds(m) > 3 ? 100 : 1);
}

/* H-C(=O)-N-H: the form that is not made else is as stable. */
bool is_formamide(const RDKit::ROMol &m)
{
	static const char *const smarts = "[CX3;!H0](=O)[NX3;!H0]";
	const std::unique_ptr<RDKit::RWMol> q(RDKit::SmartsToMol(smarts));
	RDKit::MatchVectType match;
	return RDKit::SubstructMatch(m, *q, match);
}

/* Adds to those that are there. */
void embed_more(RDKit::RWMol &m, int n, RDKit::DGeomHelpers::EmbedParameters p, int seed, std::vector<int> &ids)
{
	p.randomSeed = seed;
	p.numThreads = 1;
	p.clearConfs = ids.empty();
	p.forceTransAmides = !is_formamide(m);
	auto more = RDKit::DGeomHelpers::EmbedMultipleConfs(m, static_cast<unsigned>(n), p);
	if (more.empty() && ids.empty()) {
		p.useRandomCoords = true;
		more = RDKit::DGeomHelpers::EmbedMultipleConfs(m, static_cast<unsigned>(n), p);
	}
	ids.insert(ids.end(), more.begin(), more.end());
}

std::vector<int> embed(RDKit::RWMol &m, int n, int seed)
{
	std::vector<int> ids;
	embed_more(m, n, RDKit::DGeomHelpers::ETKDGv3, seed, ids);
	embed_more(m, n, RDKit::DGeomHelpers::KDG, seed + 1, ids);
	return ids;
}

double relax(ForceFields::ForceField &field)
{
	field.initialize();
	for (int i = 0; i < 20 && field.minimize(500, 1e-5, 1e-8) != 0; i++)
		;
	return field.calcEnergy();
}

bool has_free_charge(const RDKit::ROMol &m)
{
	for (const RDKit::Atom *a : m.atoms())
		if (a->getFormalCharge() != 0 && !charge_is_notation(*a))
			return true;
	return false;
}

int hydrogen_bond_donors(const RDKit::ROMol &m)
{
	int n = 0;
	for (const RDKit::Atom *a : m.atoms())
		if (a->getAtomicNum() == 7 || a->getAtomicNum() == 8)
			for (const RDKit::Atom *o : m.atomNeighbors(a))
				n += o->getAtomicNum() == 1;
	return n;
}

/* kcal/mol. The force field is that of the gas phase: where hydrogen bonds or charges hold a
 * chain together it puts the open forms far above those that are folded, and in solution
 * they are not. Which are low, xTB decides, with the solvent. */
double usual_window(const RDKit::ROMol &m)
{
	return has_free_charge(m) || hydrogen_bond_donors(m) > 1 ? 30 : 12;
}

class Relaxer {
public:
	explicit Relaxer(RDKit::RWMol &mol) : m(mol), mmff(mol, "MMFF94s")
	{
		/* Free charges would fold every chain. */
		if (mmff.isValid() && has_free_charge(mol))
			mmff.setMMFFDielectricConstant(80);
		if (mmff.isValid()) {
			method = "MMFF94s";
			return;
		}
		bool complete = false;
		std::tie(uff, complete) = RDKit::UFF::getAtomTypes(m);
		method = complete ? "UFF" : "none";
	}

	double operator()(int conformer)
	{
		std::unique_ptr<ForceFields::ForceField> f;
		if (method == "MMFF94s")
			f.reset(RDKit::MMFF::constructForceField(m, &mmff, 100.0, conformer));
		else if (method == "UFF")
			f.reset(RDKit::UFF::constructForceField(m, uff, 100.0, conformer));
		return f ? relax(*f) : 0;
	}

	std::string method;

private:
	RDKit::RWMol &m;
	RDKit::MMFF::MMFFMolProperties mmff;
	RDKit::UFF::AtomicParamVect uff;
};

/* beyond: how many lie outside the window. */
std::vector<Conformer> distinct(std::vector<Conformer> all, const Canonical &c, double window, int &beyond)
{
	std::stable_sort(all.begin(), all.end(), [](const Conformer &a, const Conformer &b) { return a.energy < b.energy; });
	const Shape shape(c.frame, shape_narrow(*c.mol));
	const bool achiral = equivalence_achiral(c);
	const ShapeLimits limits{0.2, 0.35};
	std::vector<Conformer> out;
	beyond = 0;
	for (Conformer &k : all) {
		if (k.energy - all.front().energy > window) {
			beyond++;
			continue;
		}
		auto known = [&](const Conformer &o) {
			return std::abs(o.energy - k.energy) < 0.2 && (shape.same(k.x, o.x, false, limits) ||
								       (achiral && shape.same(k.x, o.x, true, limits)));
		};
		const auto o = std::find_if(out.begin(), out.end(), known);
		if (o == out.end())
			out.push_back(k);
		else
			o->made++;
	}
	return out;
}

Json list_json(const std::vector<Conformer> &list)
{
	Json a = Json::array();
	int id = 0;
	for (const Conformer &k : list) {
		Json j = Json::object();
		j.set("id", ++id).set("mmff_kcal", std::round((k.energy - list.front().energy) * 1e4) / 1e4);
		j.set("coords", coords_json(k.x));
		a.push(std::move(j));
	}
	return a;
}

} // namespace

Json op_conformers(const Options &o)
{
	Canonical c = canonical_load(o.str("in"));
	std::vector<Warning> warnings;
	RDKit::RWMol work(*c.mol);
	std::vector<int> ids{0};
	if (work.getNumAtoms() > 1)
		ids = embed(work, how_many(o, work), o.integer("seed", 20110));
	if (ids.empty())
		throw Refusal{"embed", "No geometry in space can be found for this structure.",
			      "Its rings or stereocentres cannot all be as drawn, or it is too strained.",
			      "Check the wedges and ring closures; or drop a structure with 3D coordinates and \"geometry = keep\"."};
	Relaxer relaxer(work);
	if (relaxer.method != "MMFF94s" && work.getNumAtoms() > 1)
		warnings.push_back({"force-field", relaxer.method == "UFF"
			? "The force field MMFF94s has no parameters for this molecule; UFF was used to find conformers."
			: "No force field has parameters for this molecule; its conformers were not relaxed."});
	std::vector<Conformer> all;
	int other = 0;
	for (const int id : ids) {
		Conformer k;
		k.energy = work.getNumAtoms() > 1 ? relaxer(id) : 0;
		k.x = coords_of(work, id);
		if (relabel(c, k.x))
			all.push_back(std::move(k));
		else
			other++;
	}
	if (all.empty())
		throw Refusal{"stereo", "Every geometry that was built has another stereo than the structure.",
			      "The isomer is too strained to be built.", "Check the wedges; or drop a structure with 3D coordinates and \"geometry = keep\"."};
	const int generated = static_cast<int>(ids.size());
	const double window = o.number("window", usual_window(work));
	int beyond = 0;
	const auto kept = distinct(std::move(all), c, window, beyond);
	if (other * 10 > generated * 9)
		warnings.push_back({"stereo", "Nine in ten of the geometries that were built had another stereo and were left out; some conformers may be missing."});
	Json j = Json::object();
	const auto once = std::count_if(kept.begin(), kept.end(), [](const Conformer &k) { return k.made == 1; });
	j.set("ok", true).set("method", "ETKDGv3, KDG/" + relaxer.method).set("generated", generated);
	j.set("other", other).set("beyond", beyond).set("window", window).set("once", static_cast<int>(once));
	j.set("kept", static_cast<int>(kept.size())).set("conformers", list_json(kept)).set("warnings", json_of(warnings));
	return j;
}

} // namespace mol
