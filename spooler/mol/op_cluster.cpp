/* nmr-mol cluster: which geometries are the molecule, and which are the same.
 *
 * Geometries are taken by rising energy.  One that is no longer the molecule is
 * dropped with the reason; one of the same shape and energy as a lower one is
 * merged into it, mirror images too when the molecule is achiral.  The weight of
 * what is kept is degeneracy * exp(-E/RT): 2 for a chiral conformer of an
 * achiral molecule, whose mirror image is as populated, over the symmetry number.
 * A search that follows the molecule's motion turns amides, so that equivalent groups
 * change places: they are put back, and the new coordinates are told.
 */
#include "mol/coords.hpp"
#include "mol/equivalence.hpp"
#include "mol/identity.hpp"
#include "mol/integrity.hpp"
#include "mol/ops.hpp"
#include "mol/output.hpp"
#include "mol/shape.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace mol {

namespace {

struct Geometry {
	int id;
	double energy;
	Coords x;
	bool moved = false;
};

std::vector<Geometry> load(const std::string &path, int natoms)
{
	const Json list = input_json(path);
	if (!json_is_array(list.get()))
		throw std::runtime_error(path + " is no list");
	std::vector<Geometry> out;
	for (size_t i = 0; i < json_array_size(list.get()); i++) {
		const json_t *e = json_array_get(list.get(), i);
		const json_t *id = json_object_get(e, "id");
		if (!json_is_integer(id))
			throw std::runtime_error(path + ": a geometry has no id");
		out.push_back({static_cast<int>(json_integer_value(id)), json_number_value(json_object_get(e, "energy_kcal")),
			       coords_from_json(json_object_get(e, "coords"), natoms), false});
	}
	std::stable_sort(out.begin(), out.end(), [](const Geometry &a, const Geometry &b) { return a.energy < b.energy; });
	return out;
}

std::vector<int> load_numbers(const Options &o, int natoms)
{
	std::vector<int> out;
	if (!o.has("numbers"))
		return out;
	const Json list = input_json(o.str("numbers"));
	for (size_t i = 0; i < json_array_size(list.get()); i++)
		out.push_back(static_cast<int>(json_integer_value(json_array_get(list.get(), i))));
	if (out.size() != static_cast<size_t>(natoms))
		throw std::runtime_error("--numbers has another number of atoms than the molecule");
	return out;
}

struct Kept {
	const Geometry *g;
	std::vector<int> merged;
};

Json keep_json(const Kept &k, const Shape &shape, bool achiral, const ShapeLimits &limits)
{
	const int sigma = shape.symmetry_number(k.g->x, limits);
	const bool chiral = !shape.same(k.g->x, k.g->x, true, limits);
	Json j = Json::object();
	j.set("id", k.g->id).set("degeneracy", (chiral && achiral ? 2.0 : 1.0) / sigma).set("sigma", sigma);
	j.set("chiral", chiral).set("merged", json_of(k.merged));
	if (k.g->moved)
		j.set("coords", coords_json(k.g->x));
	return j;
}

} // namespace

Json op_cluster(const Options &o)
{
	const Canonical c = canonical_load(o.str("in"));
	auto list = load(o.str("conformers"), c.frame.n);
	const auto number = load_numbers(o, c.frame.n);
	const double rmsd = o.number("rmsd", 0.125), energy = o.number("energy", 0.1);
	const Shape shape(c.frame, shape_narrow(*c.mol));
	const bool achiral = equivalence_achiral(c);
	const ShapeLimits limits{rmsd, 2 * rmsd};
	std::vector<Kept> kept;
	Json dropped = Json::array();
	for (Geometry &g : list) {
		if (const auto w = integrity_check(c, g.x, number)) {
			Json j = Json::object();
			j.set("id", g.id).set("code", w->code).set("text", w->text);
			dropped.push(std::move(j));
			continue;
		}
		Coords placed = g.x;
		if (relabel(c, placed)) {
			g.moved = std::any_of(placed.begin(), placed.end(), [&, i = size_t{0}](const RDGeom::Point3D &p) mutable {
				const auto &q = g.x[i++];
				return p.x != q.x || p.y != q.y || p.z != q.z;
			});
			g.x = std::move(placed);
		}
		auto same = [&](const Kept &k) {
			return std::abs(k.g->energy - g.energy) <= energy &&
			       (shape.same(g.x, k.g->x, false, limits) || (achiral && shape.same(g.x, k.g->x, true, limits)));
		};
		const auto it = std::find_if(kept.begin(), kept.end(), same);
		if (it != kept.end())
			it->merged.push_back(g.id);
		else
			kept.push_back({&g, {}});
	}
	Json keep = Json::array();
	/* A real symmetry shows up more sharply than two optimisations agree. */
	for (const Kept &k : kept)
		keep.push(keep_json(k, shape, achiral, {0.15, 0.2}));
	Json j = Json::object();
	j.set("ok", true).set("keep", std::move(keep)).set("dropped", std::move(dropped));
	return j;
}

} // namespace mol
