/* nmr-mol draw: the structure in the plane with numbers and shifts.
 *
 * RDKit draws the skeleton; the notes are its atom notes, so that it keeps them
 * clear of bonds and of each other.  Hydrogens on carbon are left out.  Letters
 * are drawn as paths, so that every viewer shows the same picture.
 */
#include "mol/identity.hpp"
#include "mol/ops.hpp"
#include "mol/output.hpp"

#include <GraphMol/Depictor/RDDepictor.h>
#include <GraphMol/MolDraw2D/MolDraw2DSVG.h>
#include <GraphMol/MolDraw2D/MolDraw2DUtils.h>
#include <GraphMol/MolOps.h>

#include <map>

namespace mol {

namespace {

std::map<unsigned, std::string> load_shifts(const Options &o)
{
	std::map<unsigned, std::string> out;
	if (!o.has("shifts"))
		return out;
	const Json list = input_json(o.str("shifts"));
	for (size_t i = 0; i < json_array_size(list.get()); i++) {
		const json_t *e = json_array_get(list.get(), i);
		const char *text = json_string_value(json_object_get(e, "text"));
		if (text)
			out[static_cast<unsigned>(json_integer_value(json_object_get(e, "atom")))] = text;
	}
	return out;
}

void annotate(RDKit::RWMol &m, const Options &o)
{
	const Json numbers = o.has("numbers") ? input_json(o.str("numbers")) : Json::array();
	const auto shifts = load_shifts(o);
	for (RDKit::Atom *a : m.atoms()) {
		const json_t *n = json_array_get(numbers.get(), a->getIdx());
		const auto s = shifts.find(a->getIdx());
		std::string note = json_is_integer(n) ? std::to_string(json_integer_value(n)) : "";
		if (s != shifts.end())
			note += (note.empty() ? "" : ": ") + s->second;
		a->setProp("nmr.note", note);
	}
}

} // namespace

Json op_draw(const Options &o)
{
	const Canonical c = canonical_load(o.str("in"));
	RDKit::RWMol m(*c.mol);
	annotate(m, o);
	m.clearConformers();
	RDKit::MolOps::removeHs(m, false, false);
	for (RDKit::Atom *a : m.atoms()) {
		const std::string note = a->getProp<std::string>("nmr.note");
		if (!note.empty())
			a->setProp(RDKit::common_properties::atomNote, note);
	}
	RDDepict::compute2DCoords(m, nullptr, true);
	const int n = static_cast<int>(m.getNumAtoms());
	const int width = n > 30 ? 900 : 640, height = n > 30 ? 680 : 480;
	RDKit::MolDraw2DSVG d(width, height);
	auto &opt = d.drawOptions();
	opt.clearBackground = false;
	opt.annotationFontScale = 0.62;
	opt.bondLineWidth = 2;
	opt.padding = 0.08;
	opt.fixedBondLength = 60;
	opt.annotationColour = RDKit::DrawColour(0.10, 0.35, 0.65);
	RDKit::MolDraw2DUtils::prepareAndDrawMolecule(d, m);
	d.finishDrawing();
	output_write("structure.svg", d.getDrawingText());
	Json j = Json::object();
	j.set("ok", true).set("file", "structure.svg").set("width", width).set("height", height);
	return j;
}

} // namespace mol
