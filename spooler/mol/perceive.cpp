/* Bonds, bond orders and formal charges from distances and the total charge.
 *
 * Two atoms are bonded when they are closer than 1.3 times the sum of their
 * covalent radii; the longest surplus bonds of crowded atoms are cut.  Every
 * atom then has a few states (valence, charge, price).  Combinations of states
 * are tried by rising price; one fits when the charges add up and the missing
 * valences can be paired along the bonds.  The pairing is a perfect matching
 * in a graph with one node for each missing valence (Edmonds), so that a large
 * aromatic system costs no exponential search.  Among the pairings the one
 * with the shortest bonds as multiple bonds is taken, greedily.  Never logs.
 */
#include <GraphMol/PeriodicTable.h>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/max_cardinality_matching.hpp>

#include <algorithm>
#include <cmath>
#include <queue>
#include <set>

#include "mol/radii.hpp"
#include "mol/xyz.hpp"

namespace mol {

namespace {

struct State {
	int valence, charge;
	double price;
};

struct Edge {
	int a, b;
	double ratio; /* length over sum of covalent radii */
};

std::vector<State> states_of(int z, int degree)
{
	switch (z) {
	case 1: return {{1, 0, 0}};
	case 5: return {{3, 0, 0}, {4, -1, 0.5}};
	case 6: return {{4, 0, 0}, {3, 1, 3}, {3, -1, 3}};
	case 7: return {{3, 0, 0}, {4, 1, 1}, {2, -1, 1.4}};
	case 8: return {{2, 0, 0}, {1, -1, 1}, {3, 1, 2}};
	case 9: return {{1, 0, 0}, {0, -1, 1}};
	case 14: return {{4, 0, 0}};
	case 15: return degree >= 4 ? std::vector<State>{{5, 0, 0}, {4, 1, 1}} : std::vector<State>{{3, 0, 0}, {5, 0, 0.5}, {2, -1, 2}};
	case 16:
	case 34:
		if (degree >= 4)
			return {{6, 0, 0}, {4, 0, 0.5}};
		if (degree == 3)
			return {{4, 0, 0}, {3, 1, 1}, {6, 0, 0.5}};
		return {{2, 0, 0}, {4, 0, 1}, {1, -1, 1}, {6, 0, 1.5}, {3, 1, 2}};
	case 17:
	case 35:
	case 53:
		if (degree > 1)
			return {{3, 0, 0}, {5, 0, 0}, {7, 0, 0}, {2, 1, 1}};
		return {{1, 0, 0}, {0, -1, 1}};
	default:
		return {{std::max(degree, 1), 0, 0}};
	}
}

int max_degree(int z)
{
	switch (z) {
	case 1: case 9: return 1;
	case 5: case 6: case 7: case 14: return 4;
	case 8: return 3;
	default: return 6;
	}
}

class Perception {
public:
	Perception(RDKit::RWMol &m, int q) : mol(m), charge(q), n(static_cast<int>(m.getNumAtoms())) {}

	bool run()
	{
		connect();
		refuse_fragments();
		if (!choose_states())
			return false;
		apply();
		return true;
	}

private:
	RDKit::RWMol &mol;
	int charge, n;
	std::vector<Edge> edges;
	std::vector<int> degree;
	std::vector<std::vector<State>> states;
	std::vector<int> pick;   /* chosen state of each atom */
	std::vector<int> extra;  /* valence still to pair, of each atom */
	std::vector<int> order;  /* of each edge, 1 to 3 */

	int z(int i) const { return mol.getAtomWithIdx(static_cast<unsigned>(i))->getAtomicNum(); }

	double distance(int i, int j) const
	{
		const auto &c = mol.getConformer();
		return (c.getAtomPos(static_cast<unsigned>(i)) - c.getAtomPos(static_cast<unsigned>(j))).length();
	}

	void connect()
	{
		for (int i = 0; i < n; i++)
			for (int j = i + 1; j < n; j++) {
				const double d = distance(i, j), sum = radius_covalent(z(i)) + radius_covalent(z(j));
				if (d < 0.5 * sum)
					throw Refusal{"collision", "The atoms " + std::to_string(i + 1) + " and " + std::to_string(j + 1) +
								   " lie on top of each other.",
						      "They are " + std::to_string(d).substr(0, 4) + " angstrom apart; perhaps the coordinates are not in angstrom.",
						      "Write the coordinates in angstrom."};
				if (d < 1.3 * sum && !(z(i) == 1 && z(j) == 1 && n > 2))
					edges.push_back({i, j, d / sum});
			}
		std::sort(edges.begin(), edges.end(), [](const Edge &x, const Edge &y) {
			return std::tie(x.ratio, x.a, x.b) < std::tie(y.ratio, y.a, y.b);
		});
		/* Shortest bonds first; a full atom takes no more. */
		degree.assign(static_cast<size_t>(n), 0);
		std::vector<Edge> kept;
		for (const Edge &e : edges) {
			int &da = degree[static_cast<size_t>(e.a)], &db = degree[static_cast<size_t>(e.b)];
			if (da >= max_degree(z(e.a)) || db >= max_degree(z(e.b)))
				continue;
			da++;
			db++;
			kept.push_back(e);
		}
		edges = std::move(kept);
	}

	void refuse_fragments() const
	{
		for (int i = 0; i < n; i++)
			if (degree[static_cast<size_t>(i)] == 0 && z(i) == 1 && n > 1)
				throw Refusal{"xyz-bonds", "The hydrogen atom " + std::to_string(i + 1) + " is bonded to nothing.",
					      "No other atom is near enough to it.", "Check the coordinates (in angstrom)."};
	}

	/* Adds the cheapest combinations first; each is a count of steps up the
	 * atoms' lists.  Only a bounded number is looked at. */
	bool choose_states()
	{
		states.resize(static_cast<size_t>(n));
		for (int i = 0; i < n; i++) {
			const int d = degree[static_cast<size_t>(i)];
			for (const State &s : states_of(z(i), d))
				if (s.valence >= d && (s.valence > d || d > 0 || s.valence == 0))
					states[static_cast<size_t>(i)].push_back(s);
			if (states[static_cast<size_t>(i)].empty())
				return false;
		}
		using Choice = std::vector<std::pair<int, int>>; /* (atom, state), atoms rising */
		using Item = std::pair<double, Choice>;
		std::priority_queue<Item, std::vector<Item>, std::greater<>> queue;
		double base = 0;
		for (const auto &s : states)
			base += s[0].price;
		queue.emplace(base, Choice{});
		for (int tried = 0; !queue.empty() && tried < 20000; tried++) {
			auto [price, choice] = queue.top();
			queue.pop();
			if (fits(choice))
				return true;
			if (choice.size() >= 6)
				continue;
			const int from = choice.empty() ? 0 : choice.back().first + 1;
			for (int i = from; i < n && queue.size() < 200000; i++)
				for (size_t s = 1; s < states[static_cast<size_t>(i)].size(); s++) {
					Choice next = choice;
					next.emplace_back(i, static_cast<int>(s));
					queue.emplace(price + states[static_cast<size_t>(i)][s].price -
							      states[static_cast<size_t>(i)][0].price, std::move(next));
				}
		}
		return false;
	}

	bool fits(const std::vector<std::pair<int, int>> &choice)
	{
		pick.assign(static_cast<size_t>(n), 0);
		for (const auto &[atom, s] : choice)
			pick[static_cast<size_t>(atom)] = s;
		int q = 0, missing = 0;
		extra.assign(static_cast<size_t>(n), 0);
		for (size_t i = 0; i < extra.size(); i++) {
			const State &s = states[i][static_cast<size_t>(pick[i])];
			q += s.charge;
			extra[i] = s.valence - degree[i];
			missing += extra[i];
		}
		if (q != charge || missing % 2 || !matches(extra))
			return false;
		place_orders();
		return true;
	}

	/* Can the missing valences be paired along the bonds? */
	bool matches(const std::vector<int> &need) const
	{
		std::vector<size_t> first(need.size() + 1, 0);
		for (size_t i = 0; i < need.size(); i++) {
			if (need[i] < 0)
				return false;
			first[i + 1] = first[i] + static_cast<size_t>(need[i]);
		}
		const size_t total = first.back();
		if (total == 0)
			return true;
		using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;
		Graph g(total);
		for (const Edge &e : edges)
			for (size_t x = first[static_cast<size_t>(e.a)]; x < first[static_cast<size_t>(e.a) + 1]; x++)
				for (size_t y = first[static_cast<size_t>(e.b)]; y < first[static_cast<size_t>(e.b) + 1]; y++)
					boost::add_edge(x, y, g);
		std::vector<boost::graph_traits<Graph>::vertex_descriptor> mate(total);
		boost::edmonds_maximum_cardinality_matching(g, mate.data());
		return boost::matching_size(g, mate.data()) * 2 == total;
	}

	/* Shortest bond first: one more order where the rest can still be paired. */
	void place_orders()
	{
		order.assign(edges.size(), 1);
		std::vector<int> need = extra;
		for (int round = 0; round < 2; round++)
			for (size_t k = 0; k < edges.size(); k++) {
				int &a = need[static_cast<size_t>(edges[k].a)], &b = need[static_cast<size_t>(edges[k].b)];
				if (a == 0 || b == 0)
					continue;
				a--;
				b--;
				if (matches(need)) {
					order[k]++;
				} else {
					a++;
					b++;
				}
			}
	}

	void apply()
	{
		while (mol.getNumBonds() > 0) {
			const RDKit::Bond *b = mol.getBondWithIdx(0);
			mol.removeBond(b->getBeginAtomIdx(), b->getEndAtomIdx());
		}
		std::vector<size_t> by_atoms(edges.size());
		for (size_t k = 0; k < edges.size(); k++)
			by_atoms[k] = k;
		std::sort(by_atoms.begin(), by_atoms.end(), [this](size_t x, size_t y) {
			return std::tie(edges[x].a, edges[x].b) < std::tie(edges[y].a, edges[y].b);
		});
		for (const size_t k : by_atoms)
			mol.addBond(static_cast<unsigned>(edges[k].a), static_cast<unsigned>(edges[k].b),
				    order[k] == 3 ? RDKit::Bond::TRIPLE : order[k] == 2 ? RDKit::Bond::DOUBLE : RDKit::Bond::SINGLE);
		for (int i = 0; i < n; i++) {
			auto *a = mol.getAtomWithIdx(static_cast<unsigned>(i));
			a->setFormalCharge(states[static_cast<size_t>(i)][static_cast<size_t>(pick[static_cast<size_t>(i)])].charge);
			a->setNoImplicit(true);
			a->setNumExplicitHs(0);
			a->setIsAromatic(false);
			a->setChiralTag(RDKit::Atom::CHI_UNSPECIFIED);
		}
	}
};

} // namespace

bool perceive_bonds(RDKit::RWMol &mol, int charge)
{
	return Perception(mol, charge).run();
}

} // namespace mol
