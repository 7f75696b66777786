/* Isomorphisms of labelled configurations.
 *
 * The search places core atoms (those with more than one neighbour), each next
 * to one already placed, rarest colour first, and checks a unit's sign as soon
 * as the core atoms around it are placed.  Leaves (hydrogens, terminal atoms)
 * are not searched: where a unit has two leaves of one colour any sign can be
 * had by exchanging them, otherwise the leaves have no choice.  So the number of
 * methyl groups costs nothing.  The number of steps is bounded; what could not
 * be settled counts as different.  Never logs.
 */
#include "mol/frame.hpp"

#include <algorithm>
#include <map>

namespace mol {

namespace {

class Search {
public:
	explicit Search(const Match &match) : m(match), a(match.a), b(match.b), map(idx(a.n), -1), used(idx(b.n), false) {}

	std::optional<std::vector<int>> run()
	{
		if (a.n != b.n || !same_colours() || !anchor())
			return std::nullopt;
		plan();
		if (!place(0))
			return std::nullopt;
		return map;
	}

private:
	const Match &m;
	const Frame &a, &b;
	std::vector<int> map;
	std::vector<bool> used;
	std::vector<int> order, parent; /* core atoms of a, and the placed neighbour of each */
	int start = -1, start_to = -1;  /* a pinned core atom */
	int pin_leaf = -1, pin_to = -1; /* a pinned leaf */
	long steps = 0;
	static constexpr long steps_max = 400000;

	static size_t idx(int i) { return static_cast<size_t>(i); }
	uint64_t colour_a(int i) const { return m.strict ? a.strict[idx(i)] : a.colour[idx(i)]; }
	uint64_t colour_b(int i) const { return m.strict ? b.strict[idx(i)] : b.colour[idx(i)]; }

	bool same_colours() const
	{
		auto x = m.strict ? a.strict : a.colour, y = m.strict ? b.strict : b.colour;
		std::sort(x.begin(), x.end());
		std::sort(y.begin(), y.end());
		return x == y;
	}

	bool anchor()
	{
		if (m.from < 0)
			return true;
		if (colour_a(m.from) != colour_b(m.to))
			return false;
		start = m.from;
		start_to = m.to;
		if (!a.core(m.from)) {
			pin_leaf = m.from;
			pin_to = m.to;
			start = a.neighbour[idx(m.from)][0];
			start_to = b.neighbour[idx(m.to)][0];
		}
		return colour_a(start) == colour_b(start_to);
	}

	/* Breadth first, the rarest colour of the frontier next. */
	void plan()
	{
		std::map<uint64_t, int> count;
		for (int i = 0; i < a.n; i++)
			count[colour_a(i)]++;
		std::vector<int> from(idx(a.n), -2); /* -2 unseen */
		auto rarer = [&](int x, int y) { return std::pair(count[colour_a(x)], x) < std::pair(count[colour_a(y)], y); };
		int first = start;
		for (int i = 0; i < a.n && start < 0; i++)
			if (a.core(i) && (first < 0 || rarer(i, first)))
				first = i;
		std::vector<int> frontier{first};
		from[idx(first)] = -1;
		while (!frontier.empty()) {
			const auto it = std::min_element(frontier.begin(), frontier.end(), rarer);
			const int i = *it;
			frontier.erase(it);
			order.push_back(i);
			parent.push_back(from[idx(i)]);
			for (const int j : a.neighbour[idx(i)])
				if (a.core(j) && from[idx(j)] == -2) {
					from[idx(j)] = i;
					frontier.push_back(j);
				}
		}
	}

	bool place(size_t k)
	{
		if (k == order.size())
			return place_leaves();
		const int i = order[k];
		if (parent[k] < 0) {
			for (int j = 0; j < b.n; j++)
				if (b.core(j) && (start < 0 || j == start_to) && try_at(k, i, j))
					return true;
			return false;
		}
		for (const int j : b.neighbour[idx(map[idx(parent[k])])])
			if (b.core(j) && try_at(k, i, j))
				return true;
		return false;
	}

	bool try_at(size_t k, int i, int j)
	{
		if (used[idx(j)] || colour_a(i) != colour_b(j) || ++steps > steps_max || !edges_fit(i, j))
			return false;
		map[idx(i)] = j;
		used[idx(j)] = true;
		if (core_units_fit(i) && place(k + 1))
			return true;
		map[idx(i)] = -1;
		used[idx(j)] = false;
		return false;
	}

	bool edges_fit(int i, int j) const
	{
		for (const int o : a.neighbour[idx(i)]) {
			const int p = map[idx(o)];
			if (p >= 0 && std::find(b.neighbour[idx(j)].begin(), b.neighbour[idx(j)].end(), p) == b.neighbour[idx(j)].end())
				return false;
		}
		return true;
	}

	/* ---- signs */

	/* Where atom i goes: placed, or a leaf that has no choice; -1 not known (yet). */
	int image(int i) const
	{
		if (map[idx(i)] >= 0)
			return map[idx(i)];
		if (a.core(i))
			return -1;
		if (i == pin_leaf)
			return pin_to;
		const int p = a.neighbour[idx(i)][0];
		int twins = 0;
		for (const int l : a.neighbour[idx(p)])
			twins += !a.core(l) && l != pin_leaf && colour_a(l) == colour_a(i);
		if (twins > 1 || map[idx(p)] < 0)
			return -1;
		for (const int l : b.neighbour[idx(map[idx(p)])])
			if (!b.core(l) && !(pin_leaf >= 0 && l == pin_to) && colour_b(l) == colour_a(i))
				return l;
		return -1;
	}

	/* True when it fits or cannot be told (free leaves, atoms not yet placed). */
	bool centre_fits(int k) const
	{
		const Centre &c = a.centre[idx(k)];
		const int at = map[idx(c.atom)];
		if (m.sa.centre[idx(k)] == 0 || at < 0)
			return true;
		for (size_t q = 0; q < b.centre.size(); q++) {
			const Centre &d = b.centre[q];
			if (d.atom != at || d.ligand.size() != c.ligand.size())
				continue;
			std::vector<int> place;
			for (const int l : c.ligand) {
				const int to = image(l);
				if (to < 0)
					return true;
				place.push_back(static_cast<int>(std::find(d.ligand.begin(), d.ligand.end(), to) - d.ligand.begin()));
			}
			int sign = m.sb.centre[q];
			for (size_t x = 0; x < place.size(); x++)
				for (size_t y = x + 1; y < place.size(); y++)
					if (place[x] > place[y])
						sign = -sign;
			return sign == 0 || sign == m.sa.centre[idx(k)] * m.sense;
		}
		return true;
	}

	bool planar_fits(int k) const
	{
		const Planar &p = a.planar[idx(k)];
		const int pa = map[idx(p.a)], pb = map[idx(p.b)], l = image(p.at_a[0]), r = image(p.at_b[0]);
		if (m.sa.planar[idx(k)] == 0 || pa < 0 || pb < 0 || l < 0 || r < 0)
			return true;
		for (size_t q = 0; q < b.planar.size(); q++) {
			const Planar &d = b.planar[q];
			const bool same = d.a == pa && d.b == pb, turned = d.a == pb && d.b == pa;
			if (!same && !turned)
				continue;
			const int sign = m.sb.planar[q] * ((same ? d.at_a : d.at_b)[0] == l ? 1 : -1) *
					 ((same ? d.at_b : d.at_a)[0] == r ? 1 : -1);
			return sign == 0 || sign == m.sa.planar[idx(k)];
		}
		return true; /* delocalised: a single bond in this resonance form */
	}

	/* Units that atom i, just placed, belongs to. */
	bool core_units_fit(int i) const
	{
		for (size_t k = 0; k < a.centre.size(); k++)
			if (near(a.centre[k], i) && !centre_fits(static_cast<int>(k)))
				return false;
		for (size_t k = 0; k < a.planar.size(); k++) {
			const Planar &p = a.planar[k];
			if ((p.a == i || p.b == i || has(p.at_a, i) || has(p.at_b, i)) && !planar_fits(static_cast<int>(k)))
				return false;
		}
		return true;
	}

	static bool has(const std::vector<int> &v, int i) { return std::find(v.begin(), v.end(), i) != v.end(); }

	/* The centre itself, a ligand, or an end of an allene. */
	bool near(const Centre &c, int i) const
	{
		return c.atom == i || has(c.ligand, i) || has(a.neighbour[idx(c.atom)], i);
	}

	/* ---- leaves, once the core stands */

	bool place_leaves()
	{
		std::vector<int> placed;
		for (const int i : order)
			if (!leaves_of(i, placed)) {
				for (const int l : placed)
					map[idx(l)] = -1;
				return false;
			}
		return true;
	}

	bool leaves_of(int i, std::vector<int> &placed)
	{
		std::vector<int> mine, theirs;
		for (const int l : a.neighbour[idx(i)])
			if (!a.core(l))
				mine.push_back(l);
		for (const int l : b.neighbour[idx(map[idx(i)])])
			if (!b.core(l))
				theirs.push_back(l);
		if (mine.size() != theirs.size())
			return false;
		if (mine.empty())
			return true;
		std::sort(theirs.begin(), theirs.end());
		do {
			if (assign(mine, theirs)) {
				placed.insert(placed.end(), mine.begin(), mine.end());
				return true;
			}
		} while (std::next_permutation(theirs.begin(), theirs.end()));
		for (const int l : mine)
			map[idx(l)] = -1;
		return false;
	}

	bool assign(const std::vector<int> &mine, const std::vector<int> &theirs)
	{
		for (size_t k = 0; k < mine.size(); k++) {
			if (colour_a(mine[k]) != colour_b(theirs[k]) || (mine[k] == pin_leaf && theirs[k] != pin_to))
				return false;
			map[idx(mine[k])] = theirs[k];
		}
		for (const int l : mine) {
			for (const int c : a.centres_of[idx(l)])
				if (!centre_fits(c))
					return false;
			for (const int p : a.planars_of[idx(l)])
				if (!planar_fits(p))
					return false;
		}
		return true;
	}
};

} // namespace

std::optional<std::vector<int>> frame_match(const Match &m)
{
	return Search(m).run();
}

} // namespace mol
