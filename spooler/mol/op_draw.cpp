/* nmr-mol draw: the structure in the plane with numbers and shifts.
 *
 * RDKit draws the skeleton, hydrogens on carbon left out; the notes are ours.
 * All letters are real text.  The background is left transparent.  The SVG
 * starts with its root element, so that it can stand inside a page as it is.
 */
#include "mol/identity.hpp"
#include "mol/notes.hpp"
#include "mol/ops.hpp"
#include "mol/output.hpp"
#include "mol/text.hpp"

#include <GraphMol/Depictor/RDDepictor.h>
#include <GraphMol/MolDraw2D/MolDraw2DSVG.h>
#include <GraphMol/MolDraw2D/MolDraw2DUtils.h>
#include <GraphMol/MolOps.h>

#include <algorithm>

namespace mol {

namespace {

const char *const number_key = "nmr.number", *const shift_key = "nmr.shift";

void tag_atoms(RDKit::RWMol &m, const Options &o)
{
	const Json numbers = o.has("numbers") ? input_json(o.str("numbers")) : Json::array();
	for (RDKit::Atom *a : m.atoms()) {
		const json_t *n = json_array_get(numbers.get(), a->getIdx());
		a->setProp(number_key, json_is_integer(n) ? std::to_string(json_integer_value(n)) : std::string());
		a->setProp(shift_key, std::string());
	}
	if (!o.has("shifts"))
		return;
	const Json shifts = input_json(o.str("shifts"));
	for (size_t i = 0; i < json_array_size(shifts.get()); i++) {
		const json_t *e = json_array_get(shifts.get(), i);
		const json_int_t at = json_integer_value(json_object_get(e, "atom"));
		const char *text = json_string_value(json_object_get(e, "text"));
		if (text && at >= 0 && at < static_cast<json_int_t>(m.getNumAtoms()))
			m.getAtomWithIdx(static_cast<unsigned>(at))->setProp(shift_key, std::string(text));
	}
}

std::string escaped(const std::string &s)
{
	std::string out;
	for (const char c : s)
		out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : c == '>' ? "&gt;" : std::string(1, c);
	return out;
}

/* Where RDKit writes an atom's symbol: the element centred on the atom, hydrogens
 * and charge beside it, away from the bonds.  Nothing at a plain carbon. */
void measure_symbol(const RDKit::Atom &a, RDKit::MolDraw2DSVG &d, double font, NoteAtom &n)
{
	n.symbol_x = n.x;
	if (a.getAtomicNum() == 6 && a.getFormalCharge() == 0 && a.getIsotope() == 0 && a.getDegree() > 0)
		return;
	const auto h = a.getTotalNumHs();
	const double letter = font * 0.68, element = static_cast<double>(a.getSymbol().size()) * letter;
	const double beside = (h ? letter : 0) + (h > 1 ? letter * 0.6 : 0) + (a.getFormalCharge() ? letter * 0.6 : 0);
	double pull = 0;
	for (const RDKit::Atom *o : a.getOwningMol().atomNeighbors(&a))
		pull += d.getDrawCoords(static_cast<int>(o->getIdx())).x - n.x;
	n.symbol_x += (pull > 1 ? -beside : beside) / 2;
	n.half_w = (element + beside) / 2;
	n.half_h = font * 0.5;
}

/* Hydrogens that RDKit adds at ring fusions to show their stereo have no note. */
std::string note_of(const RDKit::Atom &a, const char *key)
{
	std::string s;
	a.getPropIfPresent(key, s);
	return escaped(s);
}

std::vector<NoteAtom> note_atoms(const RDKit::ROMol &m, RDKit::MolDraw2DSVG &d, double font)
{
	std::vector<NoteAtom> out;
	for (const RDKit::Atom *a : m.atoms()) {
		const auto p = d.getDrawCoords(static_cast<int>(a->getIdx()));
		NoteAtom n{p.x, p.y, p.x, 0, 0, note_of(*a, number_key), note_of(*a, shift_key)};
		measure_symbol(*a, d, font, n);
		out.push_back(n);
	}
	return out;
}

std::string finish(std::string svg, const std::string &notes)
{
	const size_t root = svg.find("<svg");
	if (root != std::string::npos)
		svg.erase(0, root);
	const size_t end = svg.rfind("</svg>");
	if (end != std::string::npos)
		svg.insert(end, notes);
	return svg;
}

} // namespace

Json op_draw(const Options &o)
{
	const Canonical c = canonical_load(o.str("in"));
	RDKit::RWMol m(*c.mol);
	tag_atoms(m, o);
	m.clearConformers();
	RDKit::MolOps::removeHs(m, RDKit::MolOps::RemoveHsParameters());
	RDDepict::compute2DCoords(m, nullptr, true);
	RDKit::MolDraw2DUtils::prepareMolForDrawing(m, true, true, true, false);
	/* The canvas follows the drawing: bonds of fixed length, room for notes around. */
	double x0 = 1e9, x1 = -1e9, y0 = 1e9, y1 = -1e9;
	for (const auto &p : m.getConformer().getPositions()) {
		x0 = std::min(x0, p.x);
		x1 = std::max(x1, p.x);
		y0 = std::min(y0, p.y);
		y1 = std::max(y1, p.y);
	}
	const double bond = 64, scale = bond / 1.5, room = 140, font = 18;
	const int width = static_cast<int>(std::max(260.0, (x1 - x0) * scale + room)), height = static_cast<int>(std::max(180.0, (y1 - y0) * scale + room));
	RDKit::MolDraw2DSVG d(width, height, -1, -1, true);
	auto &opt = d.drawOptions();
	opt.clearBackground = false;
	opt.bondLineWidth = 2;
	opt.scaleBondWidth = false;
	opt.fixedBondLength = scale; /* pixels for one angstrom, in spite of its name */
	opt.padding = 0.0;
	opt.prepareMolsBeforeDrawing = false;
	opt.fixedFontSize = static_cast<int>(font);
	opt.centreMoleculesBeforeDrawing = true;
	d.drawMolecule(m);
	d.finishDrawing();
	std::vector<NoteBond> bonds;
	for (const RDKit::Bond *b : m.bonds())
		bonds.push_back({static_cast<int>(b->getBeginAtomIdx()), static_cast<int>(b->getEndAtomIdx()),
				 b->getBondType() != RDKit::Bond::SINGLE});
	output_write("structure.svg", finish(d.getDrawingText(), notes_svg(note_atoms(m, d, font), bonds, width, height)));
	Json j = Json::object();
	j.set("ok", true).set("file", "structure.svg").set("width", width).set("height", height);
	return j;
}

} // namespace mol
