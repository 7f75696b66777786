/* nmr-mol conformers: embed, relax, relabel, compare.
 *
 * ETKDGv3 and KDG, as many geometries of each, with fixed seeds and one thread, so that
 * the same input gives the same conformers.  ETKDG prefers the torsions that crystals have
 * and never makes some that are low in solution; KDG has no such preferences, and is let
 * choose the side of O=C-O-H and of amides, which RDKit else puts on one.  The embedder is
 * free to exchange the hydrogens of a CH2 (to it they are the same); afterwards each conformer
 * is relabelled to the reference of mol.sdf, or the shieldings of pro-R and pro-S would be
 * mixed in the average.  Mirror images of an achiral molecule are one conformer.
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
	double energy = 0; /* kcal/mol */
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

/* How many were made; they replace those that are there. */
int embed(RDKit::RWMol &m, int n, RDKit::DGeomHelpers::EmbedParameters p, int seed)
{
	p.randomSeed = seed;
	p.numThreads = 1;
	p.clearConfs = true;
	auto ids = RDKit::DGeomHelpers::EmbedMultipleConfs(m, static_cast<unsigned>(n), p);
	if (ids.empty()) {
		p.useRandomCoords = true;
		ids = RDKit::DGeomHelpers::EmbedMultipleConfs(m, static_cast<unsigned>(n), p);
	}
	return static_cast<int>(ids.size());
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
		if (mmff.isValid()) {
			method = "MMFF94s";
			/* Free charges would fold every chain in the gas phase, and with the
			 * dielectric constant of water none of them holds a hydrogen bond. */
			if (has_free_charge(mol))
				dielectric = {80, 1};
			return;
		}
		bool complete = false;
		std::tie(uff, complete) = RDKit::UFF::getAtomTypes(m);
		method = complete ? "UFF" : "none";
	}

	/* In the field of dielectric[k]. */
	double operator()(int conformer, size_t k)
	{
		if (method == "MMFF94s")
			mmff.setMMFFDielectricConstant(dielectric[k]);
		std::unique_ptr<ForceFields::ForceField> f;
		if (method == "MMFF94s")
			f.reset(RDKit::MMFF::constructForceField(m, &mmff, 100.0, conformer));
		else if (method == "UFF")
			f.reset(RDKit::UFF::constructForceField(m, uff, 100.0, conformer));
		return f ? relax(*f) : 0;
	}

	std::string method;
	std::vector<double> dielectric{1};

private:
	RDKit::RWMol &m;
	RDKit::MMFF::MMFFMolProperties mmff;
	RDKit::UFF::AtomicParamVect uff;
};

class Likeness {
public:
	explicit Likeness(const Canonical &c) : shape(c.frame, shape_narrow(*c.mol)), achiral(equivalence_achiral(c)) {}

	bool operator()(const Conformer &a, const Conformer &b) const
	{
		return shape.same(a.x, b.x, false, limits) || (achiral && shape.same(a.x, b.x, true, limits));
	}

private:
	const ShapeLimits limits{0.2, 0.35};
	Shape shape;
	bool achiral;
};

/* Of one field; energies from the lowest on. beyond: how many lie outside the window. */
std::vector<Conformer> distinct(std::vector<Conformer> all, const Likeness &alike, double window, int &beyond)
{
	std::stable_sort(all.begin(), all.end(), [](const Conformer &a, const Conformer &b) { return a.energy < b.energy; });
	std::vector<Conformer> out;
	const double lowest = all.empty() ? 0 : all.front().energy;
	for (Conformer &k : all) {
		k.energy -= lowest;
		if (k.energy > window) {
			beyond++;
			continue;
		}
		auto known = [&](const Conformer &o) { return std::abs(o.energy - k.energy) < 0.2 && alike(k, o); };
		const auto o = std::find_if(out.begin(), out.end(), known);
		if (o == out.end())
			out.push_back(k);
		else
			o->made++;
	}
	return out;
}

/* What was made so far: all that are the molecule, and how many there were. */
struct Sample {
	std::vector<std::vector<Conformer>> all; /* by field */
	int etkdg = 0, kdg = 0, other = 0;

	int size() const
	{
		size_t n = 0;
		for (const auto &list : all)
			n += list.size();
		return static_cast<int>(n);
	}
};

/* A shape that both fields have is one conformer. */
std::vector<Conformer> distinct(const Sample &s, const Likeness &alike, double window, int &beyond)
{
	std::vector<Conformer> out;
	beyond = 0;
	for (const auto &list : s.all)
		for (const Conformer &k : distinct(list, alike, window, beyond)) {
			const auto o = std::find_if(out.begin(), out.end(), [&](const Conformer &c) { return &list != &s.all[0] && alike(k, c); });
			if (o == out.end())
				out.push_back(k);
			else
				o->made = std::max(o->made, k.made); /* the same geometries, relaxed twice */
		}
	std::stable_sort(out.begin(), out.end(), [](const Conformer &a, const Conformer &b) { return a.energy < b.energy; });
	return out;
}

class Sampler {
public:
	Sampler(const Canonical &canonical, int geometries, int first_seed)
		: c(canonical), work(canonical_blank(canonical)), relaxer(*work), n(geometries), seed(first_seed)
	{
	}

	/* As many of each method once more, other ones each time. */
	void more(Sample &s)
	{
		RDKit::DGeomHelpers::EmbedParameters etkdg = RDKit::DGeomHelpers::ETKDGv3, kdg = RDKit::DGeomHelpers::KDG;
		etkdg.forceTransAmides = !is_formamide(*work);
		kdg.forceTransAmides = false;
		s.etkdg += take(s, embed(*work, n, etkdg, seed));
		s.kdg += take(s, embed(*work, n, kdg, seed + 1));
		seed += 2;
	}

	const std::string &force_field() const { return relaxer.method; }

private:
	/* How many were relaxed. */
	int take(Sample &s, int made)
	{
		s.all.resize(relaxer.dielectric.size());
		for (auto k = work->beginConformers(); k != work->endConformers(); ++k)
			for (size_t field = 0; field < s.all.size(); field++) {
				Conformer one;
				const int id = static_cast<int>((*k)->getId());
				one.energy = relaxer(id, field);
				one.x = coords_of(*work, id);
				if (relabel(c, one.x))
					s.all[field].push_back(std::move(one));
				else
					s.other++;
			}
		return made * static_cast<int>(s.all.size());
	}

	const Canonical &c;
	MolPtr work;
	Relaxer relaxer;
	int n, seed;
};

int found_once(const std::vector<Conformer> &kept, double within)
{
	return static_cast<int>(std::count_if(kept.begin(), kept.end(), [&](const Conformer &k) {
		return k.made == 1 && k.energy - kept.front().energy <= within;
	}));
}

/* A low conformer that only one geometry is: others like it were not found. Where nearly all
 * are such, twice as many would not be enough either. */
bool worth_more(const std::vector<Conformer> &kept, int made)
{
	return found_once(kept, 2) > 0 && found_once(kept, 1e9) * 2 <= made;
}

std::string method_of(const Sample &s, const std::string &force_field)
{
	const std::string embedder = s.etkdg && s.kdg ? "ETKDGv3 + KDG" : s.kdg ? "KDG" : "ETKDGv3";
	return embedder + ", then " + force_field;
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
	const Canonical c = canonical_load(o.str("in"));
	std::vector<Warning> warnings;
	Sampler sampler(c, how_many(o, *c.mol), o.integer("seed", 20110));
	Sample s;
	if (c.mol->getNumAtoms() > 1)
		sampler.more(s);
	else
		s = {{{{0, coords_of(*c.mol)}}}, 1, 0, 0};
	if (s.size() + s.other == 0)
		throw Refusal{"embed", "No geometry in space can be found for this structure.",
			      "Its rings or stereocentres cannot all be as drawn, or it is too strained.",
			      "Check the wedges and ring closures; or drop a structure with 3D coordinates and \"geometry = keep\"."};
	if (s.size() == 0)
		throw Refusal{"stereo", "Every geometry that was built has another stereo than the structure.",
			      "The isomer is too strained to be built.", "Check the wedges; or drop a structure with 3D coordinates and \"geometry = keep\"."};
	const std::string &field = sampler.force_field();
	if (field != "MMFF94s" && c.mol->getNumAtoms() > 1)
		warnings.push_back({"force-field", field == "UFF"
			? "The force field MMFF94s has no parameters for this molecule; UFF was used to find conformers."
			: "No force field has parameters for this molecule; its conformers were not relaxed."});
	const double window = o.number("window", usual_window(*c.mol));
	const Likeness alike(c);
	int beyond = 0;
	auto kept = distinct(s, alike, window, beyond);
	if (worth_more(kept, s.size() - beyond)) {
		sampler.more(s);
		kept = distinct(s, alike, window, beyond);
	}
	const int generated = s.etkdg + s.kdg;
	if (s.other * 10 > generated * 9)
		warnings.push_back({"stereo", "Nine in ten of the geometries that were built had another stereo and were left out; some conformers may be missing."});
	Json j = Json::object();
	j.set("ok", true).set("method", method_of(s, field)).set("generated", generated);
	j.set("other", s.other).set("beyond", beyond).set("window", window).set("once", found_once(kept, 1e9));
	j.set("kept", static_cast<int>(kept.size())).set("conformers", list_json(kept)).set("warnings", json_of(warnings));
	return j;
}

} // namespace mol
