/* Numbers and shifts beside the atoms of a drawing.
 *
 * Each note is a box: the number small and grey, the shift below it in blue.
 * For each atom, the most crowded first, positions around it are tried and the
 * one is taken that covers least: bonds, symbols, notes already placed, the
 * margin.  Near and away from the bonds is better.  Never logs.
 */
#include "mol/notes.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace mol {

namespace {

constexpr double number_size = 11, shift_size = 14; /* font sizes, pixels */
constexpr double index_w = 20;
constexpr double char_width = 0.58;                 /* of the font size; digits of Helvetica, Arial, DejaVu */

struct Box {
	double x, y, hw, hh; /* centre and half sizes */
};

double overlap(const Box &a, const Box &b)
{
	const double w = std::min(a.x + a.hw, b.x + b.hw) - std::max(a.x - a.hw, b.x - b.hw);
	const double h = std::min(a.y + a.hh, b.y + b.hh) - std::max(a.y - a.hh, b.y - b.hh);
	return w > 0 && h > 0 ? w * h : 0;
}

/* Length of the segment inside the box, grown by a margin. */
double cut(const Box &b, double x1, double y1, double x2, double y2)
{
	const double margin = 4, dx = x2 - x1, dy = y2 - y1;
	double from = 0, to = 1;
	const double p[4] = {-dx, dx, -dy, dy};
	const double q[4] = {x1 - (b.x - b.hw - margin), b.x + b.hw + margin - x1, y1 - (b.y - b.hh - margin),
			     b.y + b.hh + margin - y1};
	for (int i = 0; i < 4; i++) {
		if (std::abs(p[i]) < 1e-9) {
			if (q[i] < 0)
				return 0;
			continue;
		}
		const double t = q[i] / p[i];
		if (p[i] < 0)
			from = std::max(from, t);
		else
			to = std::min(to, t);
	}
	return from < to ? (to - from) * std::hypot(dx, dy) : 0;
}

class Placer {
public:
	Placer(const std::vector<NoteAtom> &a, const std::vector<NoteBond> &b, double w, double h)
	    : atoms(a), bonds(b), width(w), height(h), degree(a.size(), 0)
	{
		for (const NoteBond &k : bonds) {
			degree[static_cast<size_t>(k.i)]++;
			degree[static_cast<size_t>(k.j)]++;
		}
		for (const NoteAtom &n : atoms)
			if (n.half_w > 0) {
				taken.push_back({n.symbol_x, n.y, n.half_w, n.half_h});
				indices.push_back({n.symbol_x + n.half_w + index_w / 2, n.y, index_w / 2, n.half_h + number_size});
			}
	}

	std::string run()
	{
		std::vector<size_t> order(atoms.size());
		for (size_t i = 0; i < order.size(); i++)
			order[i] = i;
		std::stable_sort(order.begin(), order.end(), [this](size_t i, size_t j) { return degree[i] > degree[j]; });
		std::string out;
		for (const size_t i : order)
			if (!atoms[i].number.empty() || !atoms[i].shift.empty())
				out += place(i);
		return out;
	}

private:
	const std::vector<NoteAtom> &atoms;
	const std::vector<NoteBond> &bonds;
	double width, height;
	std::vector<int> degree;
	std::vector<Box> taken;
	std::vector<Box> indices; /* beside a symbol a number would be read as one of its formula: OH, 3 */

	static double text_width(const std::string &s, double size) { return static_cast<double>(s.size()) * size * char_width; }

	double bond_cost(const Box &b, const NoteBond &k, size_t i, double angle) const
	{
		const NoteAtom &x = atoms[static_cast<size_t>(k.i)], &y = atoms[static_cast<size_t>(k.j)];
		double c = cut(b, x.x, x.y, y.x, y.y) * 12;
		if (k.multiple) {
			/* the second line, on whichever side RDKit puts it */
			const double l = std::hypot(y.x - x.x, y.y - x.y), ox = (y.y - x.y) / l * 8, oy = (x.x - y.x) / l * 8;
			c += (cut(b, x.x + ox, x.y + oy, y.x + ox, y.y + oy) + cut(b, x.x - ox, x.y - oy, y.x - ox, y.y - oy)) * 4;
		}
		/* angles to the atom's own bonds: the widest gap is the natural place */
		if (static_cast<size_t>(k.i) == i || static_cast<size_t>(k.j) == i) {
			const NoteAtom &o = static_cast<size_t>(k.i) == i ? y : x;
			c += 6 * (1 + std::cos(angle - std::atan2(o.y - atoms[i].y, o.x - atoms[i].x)));
		}
		return c;
	}

	double cost(const Box &b, size_t i, double angle) const
	{
		double c = 0;
		for (const Box &t : taken)
			c += overlap(b, t) * 3;
		for (const Box &t : indices)
			c += overlap(b, t) > 0 ? 150 : 0;
		for (const NoteBond &k : bonds)
			c += bond_cost(b, k, i, angle);
		for (size_t k = 0; k < atoms.size(); k++)
			if (k != i && std::hypot(atoms[k].x - b.x, atoms[k].y - b.y) < std::hypot(atoms[i].x - b.x, atoms[i].y - b.y) + 4)
				c += 60; /* nearer to another atom: whose is it? */
		if (b.x - b.hw < 2 || b.y - b.hh < 2 || b.x + b.hw > width - 2 || b.y + b.hh > height - 2)
			c += 500;
		return c;
	}

	std::string place(size_t i)
	{
		const NoteAtom &a = atoms[i];
		Box box{0, 0, std::max(text_width(a.number, number_size), text_width(a.shift, shift_size)) / 2,
			((a.number.empty() ? 0 : number_size) + (a.shift.empty() ? 0 : shift_size + 1)) / 2};
		Box best = box;
		double least = 1e300;
		for (const double gap : {4.0, 8.0, 13.0, 20.0})
			for (int step = 0; step < 24; step++) {
				const double angle = step * M_PI / 12, c = std::cos(angle), s = std::sin(angle);
				/* the box touches a circle around the atom from outside */
				box.x = a.symbol_x + c * (gap + box.hw + a.half_w);
				box.y = a.y + s * (gap + box.hh + a.half_h);
				const double now = cost(box, i, angle) + gap;
				if (now < least - 1e-9) {
					least = now;
					best = box;
				}
			}
		taken.push_back(best);
		return draw(a, best);
	}

	static std::string draw(const NoteAtom &a, const Box &b)
	{
		std::string out;
		double y = b.y - b.hh;
		auto line = [&](const std::string &s, double size, const char *cls, const char *style) {
			char t[320];
			y += size * 0.84;
			snprintf(t, sizeof(t), "<text class='%s' x='%.1f' y='%.1f' text-anchor='middle' font-family='Helvetica, Arial, sans-serif' "
				 "font-size='%.0fpx' %s>%s</text>\n", cls, b.x, y, size, style, s.c_str());
			out += t;
			y += size * 0.16 + 1;
		};
		if (!a.number.empty())
			line(a.number, number_size, "number", "fill='#6b7280'");
		if (!a.shift.empty())
			line(a.shift, shift_size, "shift", "fill='#1d4ed8' font-weight='bold'");
		return out;
	}
};

} // namespace

std::string notes_svg(const std::vector<NoteAtom> &atoms, const std::vector<NoteBond> &bonds, double width, double height)
{
	return Placer(atoms, bonds, width, height).run();
}

} // namespace mol
