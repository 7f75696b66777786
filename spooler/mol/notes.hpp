/* Numbers and shifts beside the atoms of a drawing, clear of everything else. */
#ifndef NMR_MOL_NOTES_HPP
#define NMR_MOL_NOTES_HPP

#include <string>
#include <vector>

namespace mol {

struct NoteAtom {
	double x, y;            /* pixels */
	double symbol_x;        /* centre of the symbol drawn there, hydrogens included */
	double half_w, half_h;  /* its half size; 0 for a bare vertex */
	std::string number, shift; /* either may be empty */
};

struct NoteBond {
	int i, j;
	bool multiple; /* drawn with a second line beside the first */
};

/* SVG text elements. */
std::string notes_svg(const std::vector<NoteAtom> &atoms, const std::vector<NoteBond> &bonds, double width, double height);

} // namespace mol

#endif
