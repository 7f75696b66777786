/* Comparing shapes without listing the automorphisms of the graph.
 *
 * Three atoms that are not in line, of rare colours, are laid on every triple
 * of the same colours and distances in the other geometry; each atom then finds
 * its partner by nearness, and the alignment is repeated over all atoms.  Only
 * relabellings that the geometry really makes are found, so that ten tert-butyl
 * groups cost no more than none.  Coordinates are mirrored for reflections.
 * Linear molecules are laid on each other both ways.  Never logs.
 */
#include "mol/shape.hpp"

#include <GraphMol/GraphMol.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "mol/align.hpp"

namespace mol {

namespace {

size_t idx(int i)
{
	return static_cast<size_t>(i);
}

/* Sine of the angle at a, times the shorter leg: how well three points fix a frame. */
double spread(const Coords &x, int a, int b, int c)
{
	const RDGeom::Point3D p = x[idx(b)] - x[idx(a)], q = x[idx(c)] - x[idx(a)];
	const double lp = p.length(), lq = q.length();
	return lp < 1e-6 || lq < 1e-6 ? 0 : p.crossProduct(q).length() / std::max(lp, lq);
}

Coords mirrored(Coords x)
{
	for (auto &p : x)
		p.z = -p.z;
	return x;
}

double gyration(const Coords &x)
{
	RDGeom::Point3D c(0, 0, 0);
	for (const auto &p : x)
		c += p;
	c /= static_cast<double>(x.size());
	double sum = 0;
	for (const auto &p : x)
		sum += (p - c).lengthSq();
	return std::sqrt(sum / static_cast<double>(x.size()));
}

} // namespace

Shape::Shape(const Frame &frame, std::vector<bool> narrow_atoms) : f(frame), narrow(std::move(narrow_atoms)), of_colour(idx(f.n))
{
	std::map<uint64_t, std::vector<int>> by;
	for (int i = 0; i < f.n; i++)
		by[f.colour[idx(i)]].push_back(i);
	for (int i = 0; i < f.n; i++)
		of_colour[idx(i)] = by[f.colour[idx(i)]];
}

/* map: x's atom -> y's atom, a guess that is improved; true when within limits. */
bool Shape::refine(const Coords &x, const Coords &y, std::vector<int> &map, const ShapeLimits &l) const
{
	for (int round = 0; round < 3; round++) {
		Coords a, b;
		for (int i = 0; i < f.n; i++)
			if (map[idx(i)] >= 0) {
				a.push_back(x[idx(i)]);
				b.push_back(y[idx(map[idx(i)])]);
			}
		const Rigid t = align(a, b);
		const std::vector<int> before = map;
		std::vector<bool> taken(idx(f.n), false);
		double sum = 0, sum_all = 0;
		int n = 0;
		for (int i = 0; i < f.n; i++) {
			const RDGeom::Point3D p = t(x[idx(i)]);
			int best = -1;
			double d = 1.2 * 1.2;
			for (const int j : of_colour[idx(i)])
				if (!taken[idx(j)] && (p - y[idx(j)]).lengthSq() < d) {
					d = (p - y[idx(j)]).lengthSq();
					best = j;
				}
			if (best < 0)
				return false;
			taken[idx(best)] = true;
			map[idx(i)] = best;
			sum_all += d;
			if (narrow[idx(i)]) {
				sum += d;
				n++;
			}
		}
		if (round > 0 && map == before)
			return std::sqrt(sum_all / f.n) <= l.rmsd_all && (n == 0 || std::sqrt(sum / n) <= l.rmsd);
	}
	return false;
}

bool Shape::each_linear_fit(const Coords &x, const Coords &y, const ShapeLimits &l, const Visit &visit) const
{
	/* The far ends; atoms are matched along the line from one end or the other. */
	int a = 0, b = 0;
	for (int i = 0; i < f.n; i++)
		for (int j = i + 1; j < f.n; j++)
			if ((x[idx(i)] - x[idx(j)]).length() > (x[idx(a)] - x[idx(b)]).length()) {
				a = i;
				b = j;
			}
	for (const int p : of_colour[idx(a)])
		for (const int q : of_colour[idx(b)]) {
			if (f.n > 1 && (p == q || std::abs((y[idx(p)] - y[idx(q)]).length() - (x[idx(a)] - x[idx(b)]).length()) > 4 * l.rmsd_all))
				continue;
			std::vector<int> map(idx(f.n), -1);
			map[idx(a)] = p;
			map[idx(b)] = q;
			if (refine(x, y, map, l) && visit(map))
				return true;
		}
	return false;
}

void Shape::each_fit(const Coords &x0, const Coords &y, bool mirror, const ShapeLimits &l, const Visit &visit) const
{
	const Coords x = mirror ? mirrored(x0) : x0;
	if (std::abs(gyration(x) - gyration(y)) > l.rmsd_all)
		return;
	/* The cheapest triple that still fixes a frame well. */
	int t[3] = {-1, -1, -1};
	double best = 1e300;
	std::vector<int> by_rarity;
	for (int i = 0; i < f.n; i++)
		by_rarity.push_back(i);
	std::stable_sort(by_rarity.begin(), by_rarity.end(), [this](int i, int j) { return of_colour[idx(i)].size() < of_colour[idx(j)].size(); });
	const size_t look = std::min<size_t>(by_rarity.size(), 24);
	for (const double need : {1.2, 0.4}) {
		for (size_t i = 0; i < look; i++)
			for (size_t j = i + 1; j < look; j++)
				for (size_t k = j + 1; k < by_rarity.size(); k++) {
					const int a = by_rarity[i], b = by_rarity[j], c = by_rarity[k];
					const double s = spread(x, a, b, c);
					if (s < need)
						continue;
					const double cost = static_cast<double>(of_colour[idx(a)].size()) * static_cast<double>(of_colour[idx(b)].size()) *
							    static_cast<double>(of_colour[idx(c)].size()) - std::min(s, 4.0) * 0.1;
					if (cost < best) {
						best = cost;
						t[0] = a;
						t[1] = b;
						t[2] = c;
					}
				}
		if (t[0] >= 0)
			break;
	}
	if (t[0] < 0) {
		each_linear_fit(x, y, l, visit);
		return;
	}
	auto dx = [&](int i, int j) { return (x[idx(t[i])] - x[idx(t[j])]).length(); };
	auto dy = [&](int p, int q) { return (y[idx(p)] - y[idx(q)]).length(); };
	const double slack = 3 * l.rmsd_all;
	for (const int p : of_colour[idx(t[0])])
		for (const int q : of_colour[idx(t[1])]) {
			if (p == q || std::abs(dy(p, q) - dx(0, 1)) > slack)
				continue;
			for (const int r : of_colour[idx(t[2])]) {
				if (r == p || r == q || std::abs(dy(p, r) - dx(0, 2)) > slack || std::abs(dy(q, r) - dx(1, 2)) > slack)
					continue;
				std::vector<int> map(idx(f.n), -1);
				map[idx(t[0])] = p;
				map[idx(t[1])] = q;
				map[idx(t[2])] = r;
				if (refine(x, y, map, l) && visit(map))
					return;
			}
		}
}

bool Shape::same(const Coords &x, const Coords &y, bool mirror, const ShapeLimits &l) const
{
	bool found = false;
	each_fit(x, y, mirror, l, [&](const std::vector<int> &) { return found = true; });
	return found;
}

int Shape::symmetry_number(const Coords &x, const ShapeLimits &l) const
{
	std::set<std::vector<int>> maps;
	each_fit(x, x, false, l, [&](const std::vector<int> &m) {
		maps.insert(m);
		return maps.size() >= 120;
	});
	return static_cast<int>(std::max<size_t>(maps.size(), 1));
}

std::vector<bool> shape_narrow(const RDKit::ROMol &mol)
{
	std::vector<bool> out(mol.getNumAtoms(), true);
	for (const RDKit::Atom *a : mol.atoms()) {
		if (a->getAtomicNum() != 1)
			continue;
		for (const RDKit::Atom *o : mol.atomNeighbors(a))
			out[a->getIdx()] = o->getAtomicNum() != 6;
	}
	return out;
}

} // namespace mol
