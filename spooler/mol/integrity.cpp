/* Is a geometry still the molecule that it was made from?
 *
 * A bond is gone when its atoms are further apart than 1.3 times the sum of
 * their covalent radii; a new one is there when two others are nearer than
 * that, unless they share a neighbour (across small rings they come close).  A
 * hydrogen between two atoms belongs to the one that is relatively nearer, so
 * that a proton transfer is seen and a short hydrogen bond is none.  Signs of
 * centres and double bonds must be those of the reference.  Never logs.
 */
#include "mol/integrity.hpp"

#include <GraphMol/GraphMol.h>

#include <algorithm>
#include <map>

#include "mol/radii.hpp"

namespace mol {

namespace {

constexpr double stretch = 1.3;

class Check {
public:
	Check(const Canonical &molecule, const Coords &coords, const std::vector<int> &numbers) : c(molecule), x(coords), number(numbers) {}

	std::optional<Warning> run() const
	{
		auto w = protons();
		if (!w)
			w = bonds_gone();
		if (!w)
			w = bonds_new();
		return w ? w : stereo();
	}

private:
	const Canonical &c;
	const Coords &x;
	const std::vector<int> &number;

	const RDKit::Atom *atom(int i) const { return c.mol->getAtomWithIdx(static_cast<unsigned>(i)); }
	int z(int i) const { return atom(i)->getAtomicNum(); }
	const std::vector<int> &around(int i) const { return c.frame.neighbour[static_cast<size_t>(i)]; }

	double ratio(int i, int j) const
	{
		return (x[static_cast<size_t>(i)] - x[static_cast<size_t>(j)]).length() / (radius_covalent(z(i)) + radius_covalent(z(j)));
	}

	std::string name(int i) const
	{
		static const std::map<int, const char *> words{{1, "hydrogen"}, {6, "carbon"}, {7, "nitrogen"}, {8, "oxygen"}, {16, "sulfur"}, {15, "phosphorus"}};
		if (!number.empty())
			return atom(i)->getSymbol() + std::to_string(number[static_cast<size_t>(i)]);
		const auto it = words.find(z(i));
		return it == words.end() ? "a " + atom(i)->getSymbol() + " atom" : std::string("a ") + it->second;
	}

	bool bonded(int i, int j) const { return std::find(around(i).begin(), around(i).end(), j) != around(i).end(); }

	bool share_neighbour(int i, int j) const
	{
		for (const int k : around(i))
			if (bonded(k, j))
				return true;
		return false;
	}

	std::optional<Warning> protons() const
	{
		for (int h = 0; h < c.frame.n; h++) {
			if (z(h) != 1 || around(h).size() != 1)
				continue;
			const int own = around(h)[0];
			for (int j = 0; j < c.frame.n; j++)
				if (j != h && j != own && z(j) != 1 && ratio(h, j) < stretch && ratio(h, j) < ratio(h, own) && ratio(h, own) > 1.15)
					return Warning{"connectivity", "A proton (" + name(h) + ") moved from " + name(own) + " to " + name(j) + "."};
		}
		return std::nullopt;
	}

	std::optional<Warning> bonds_gone() const
	{
		for (int i = 0; i < c.frame.n; i++)
			for (const int j : around(i))
				if (i < j && ratio(i, j) > stretch)
					return Warning{"connectivity", "The bond between " + name(i) + " and " + name(j) + " broke (they are " +
									       std::to_string((x[static_cast<size_t>(i)] - x[static_cast<size_t>(j)]).length()).substr(0, 4) +
									       " angstrom apart)."};
		return std::nullopt;
	}

	std::optional<Warning> bonds_new() const
	{
		for (int i = 0; i < c.frame.n; i++)
			for (int j = i + 1; j < c.frame.n; j++) {
				if (z(i) == 1 || z(j) == 1 || bonded(i, j) || share_neighbour(i, j) || ratio(i, j) > 1.2)
					continue;
				return Warning{"connectivity", "A new bond formed between " + name(i) + " and " + name(j) + "."};
			}
		return std::nullopt;
	}

	std::optional<Warning> stereo() const
	{
		const Signature s = signature_of(c.frame, x);
		for (size_t k = 0; k < s.centre.size(); k++)
			if (s.centre[k] * c.reference.centre[k] < 0)
				return Warning{"stereo", "The configuration at " + name(c.frame.centre[k].atom) + " turned over."};
		for (size_t k = 0; k < s.planar.size(); k++)
			if (!c.frame.planar[k].rotor && s.planar[k] * c.reference.planar[k] < 0)
				return Warning{"stereo", "The double bond between " + name(c.frame.planar[k].a) + " and " + name(c.frame.planar[k].b) +
								 " turned over."};
		return std::nullopt;
	}
};

} // namespace

std::optional<Warning> integrity_check(const Canonical &c, const Coords &x, const std::vector<int> &number)
{
	return Check(c, x, number).run();
}

bool relabel(const Canonical &c, Coords &x)
{
	const Signature now = signature_of(c.frame, x);
	if (now.centre == c.reference.centre && now.planar == c.reference.planar)
		return true;
	const auto map = frame_match({c.frame, c.frame, now, c.reference});
	if (!map)
		return false;
	Coords y(x.size());
	for (size_t i = 0; i < x.size(); i++)
		y[static_cast<size_t>((*map)[i])] = x[i];
	x = std::move(y);
	return true;
}

} // namespace mol
