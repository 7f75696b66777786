/* Numbers and shifts beside the atoms of a drawing, clear of everything else. */
#ifndef NMR_MOL_NOTES_HPP
#define NMR_MOL_NOTES_HPP

#include <string>
#include <utility>
#include <vector>

namespace mol {

struct NoteAtom {
	double x, y;            /* pixels */
	double half_w, half_h;  /* of the symbol drawn there; 0 for a bare vertex */
	std::string number, shift; /* either may be empty */
};

/* SVG text elements.  bonds: pairs of atom indices. */
std::string notes_svg(const std::vector<NoteAtom> &atoms, const std::vector<std::pair<int, int>> &bonds, double width, double height);

} // namespace mol

#endif
