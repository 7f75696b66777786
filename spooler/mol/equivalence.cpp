/* Which nuclei give one signal: the substitution test on the labelled frame.
 *
 * Two nuclei are equivalent when some relabelling of the molecule takes one to
 * the other and keeps the handedness of every centre (homotopic), or reverses
 * all of them (enantiotopic).  Rotors and ring flips are averaged by that,
 * because the frame does not hold torsions; slow rotors and double bonds stay
 * apart, because it holds them.  Labels are the heavy atom's number as shown,
 * with a letter where one atom bears several signals.  Never logs.
 */
#include "mol/equivalence.hpp"

#include <GraphMol/GraphMol.h>

#include <algorithm>
#include <map>

namespace mol {

using RDKit::Atom;
using RDKit::Bond;

namespace {

bool equivalent(const Canonical &c, int x, int y, bool achiral)
{
	Match m{c.frame, c.frame, c.reference, c.reference, false, 1, x, y};
	if (frame_match(m))
		return true;
	m.sense = -1;
	return achiral && frame_match(m).has_value();
}

std::vector<std::vector<int>> partition(const Canonical &c, int element, bool achiral)
{
	std::vector<std::vector<int>> out;
	for (const Atom *a : c.mol->atoms()) {
		const auto i = static_cast<int>(a->getIdx());
		if (a->getAtomicNum() != element || (element == 1 && a->getIsotope() > 1))
			continue;
		auto same = [&](const std::vector<int> &g) {
			return c.frame.colour[static_cast<size_t>(g[0])] == c.frame.colour[static_cast<size_t>(i)] &&
			       equivalent(c, g[0], i, achiral);
		};
		const auto it = std::find_if(out.begin(), out.end(), same);
		if (it == out.end())
			out.push_back({i});
		else
			it->push_back(i);
	}
	return out;
}

const Atom *bearer(const Atom *h)
{
	if (h->getAtomicNum() != 1)
		return h;
	for (const Atom *o : h->getOwningMol().atomNeighbors(h))
		return o;
	return h;
}

/* CH3, =CH2, OH ... of a heavy atom; isotopes of hydrogen count. */
std::string type_of(const Atom *heavy)
{
	int h = 0, heavy_neighbours = 0;
	bool terminal_double = false;
	for (const Bond *b : heavy->getOwningMol().atomBonds(heavy)) {
		const bool is_h = b->getOtherAtom(heavy)->getAtomicNum() == 1;
		h += is_h;
		heavy_neighbours += !is_h;
		terminal_double = terminal_double || (!is_h && b->getBondType() == Bond::DOUBLE);
	}
	const std::string symbol = heavy->getSymbol();
	if (heavy->getAtomicNum() == 8 && h == 2)
		return "H2O";
	std::string out = symbol + (h ? "H" : "") + (h > 1 ? std::to_string(h) : "");
	return heavy->getAtomicNum() == 6 && h == 2 && heavy_neighbours == 1 && terminal_double ? "=" + out : out;
}

bool bears(const Atom *heavy, int z)
{
	for (const Atom *o : heavy->getOwningMol().atomNeighbors(heavy))
		if (o->getAtomicNum() == z)
			return true;
	return false;
}

/* The kind of a carbon, or of a hydrogen's carbon, by which errors are told apart: bound
 * to a heteroatom (X) or not, C=X with X = O or S, "X" for a hydrogen on a heteroatom. */
std::string environment_of(const Atom *heavy)
{
	if (heavy->getAtomicNum() != 6)
		return "X";
	bool hetero = false, carbonyl = false;
	for (const Bond *b : heavy->getOwningMol().atomBonds(heavy)) {
		const int z = b->getOtherAtom(heavy)->getAtomicNum();
		hetero = hetero || (z != 1 && z != 6);
		carbonyl = carbonyl || (b->getBondType() == Bond::DOUBLE && (z == 8 || z == 16));
	}
	switch (heavy->getTotalDegree()) {
	case 4: return hetero ? "sp3-X" : "sp3";
	case 3: return carbonyl ? "C=X" : "sp2";
	default: return "sp";
	}
}

/* "H5", or "H5a", "H5b" where several groups share their first heavy atom. */
void name_groups(std::vector<Group> &groups, const Canonical &c, const std::vector<int> &number)
{
	auto shown = [&](int i) { return number[static_cast<size_t>(i)]; };
	auto first_bearer = [&](const Group &g) {
		int best = 0;
		for (const int i : g.atoms) {
			const int n = shown(static_cast<int>(bearer(c.mol->getAtomWithIdx(static_cast<unsigned>(i)))->getIdx()));
			best = best == 0 ? n : std::min(best, n);
		}
		return best;
	};
	std::map<std::string, std::vector<Group *>> by_stem;
	for (Group &g : groups)
		by_stem[(g.element == 1 ? "H" : "C") + std::to_string(first_bearer(g))].push_back(&g);
	for (auto &[stem, list] : by_stem) {
		char letter = 'a';
		for (Group *g : list)
			g->label = list.size() == 1 ? stem : stem + letter++;
	}
	auto key = [&](const Group &g) { return std::make_tuple(g.element, first_bearer(g), shown(g.atoms[0])); };
	std::stable_sort(groups.begin(), groups.end(), [&](const Group &x, const Group &y) { return key(x) < key(y); });
}

} // namespace

bool equivalence_achiral(const Canonical &c)
{
	return frame_match({c.frame, c.frame, c.reference, c.reference, false, -1}).has_value();
}

std::vector<Group> equivalence_groups(const Canonical &c, const std::vector<int> &number)
{
	const bool achiral = equivalence_achiral(c);
	std::vector<Group> out;
	for (const int element : {1, 6})
		for (auto &atoms : partition(c, element, achiral)) {
			std::sort(atoms.begin(), atoms.end(), [&](int x, int y) {
				return number[static_cast<size_t>(x)] < number[static_cast<size_t>(y)];
			});
			const Atom *heavy = bearer(c.mol->getAtomWithIdx(static_cast<unsigned>(atoms[0])));
			Group g{element, atoms, "", type_of(heavy), environment_of(heavy)};
			const int z = heavy->getAtomicNum();
			g.exchangeable = element == 1 && (z == 7 || z == 8 || z == 16);
			g.heavy_halogen = bears(heavy, 35) || bears(heavy, 53);
			g.chlorine = bears(heavy, 17);
			out.push_back(std::move(g));
		}
	/* Letters follow the numbers of the hydrogens. */
	std::stable_sort(out.begin(), out.end(), [&](const Group &x, const Group &y) {
		return number[static_cast<size_t>(x.atoms[0])] < number[static_cast<size_t>(y.atoms[0])];
	});
	name_groups(out, c, number);
	return out;
}

} // namespace mol
