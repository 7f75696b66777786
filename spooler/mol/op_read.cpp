/* nmr-mol read: a file as it was dropped becomes records.
 *
 * One bad record never takes the others with it: it carries its own refusal.
 * Only when nothing can be said about the file as a whole is the file refused.
 */
#include "mol/detect.hpp"
#include "mol/inchi.hpp"
#include "mol/molfile.hpp"
#include "mol/ops.hpp"
#include "mol/output.hpp"
#include "mol/smiles.hpp"
#include "mol/text.hpp"
#include "mol/xyz.hpp"

#include <GraphMol/MolOps.h>

namespace mol {

static std::optional<int> option_charge(const Options &o)
{
	return o.has("charge") ? std::optional<int>(o.integer("charge", 0)) : std::nullopt;
}

static std::vector<Record> read_all(const Detected &d, std::optional<int> charge, size_t max)
{
	switch (d.format) {
	case Format::molfile:
	case Format::sdf: return molfile_read(d.text, max);
	case Format::mol2: return mol2_read(d.text, max);
	case Format::cdxml: return cdxml_read(d.text, max);
	case Format::inchi: return inchi_read(d.text, max);
	case Format::xyz: return xyz_read(d.text, charge, max);
	case Format::smiles: break;
	}
	return smiles_read(d.text, max);
}

static Json describe(const Record &r, int n)
{
	Json j = Json::object();
	j.set("n", n).set("name", r.name);
	if (r.refusal) {
		j.set("refusal", json_of(*r.refusal));
		return j;
	}
	const std::string file = "rec-" + std::to_string(n) + ".sdf";
	record_save(r, file);
	j.set("file", file).set("dim", r.dim).set("natoms", static_cast<int>(r.mol->getNumAtoms()));
	j.set("charge", RDKit::MolOps::getFormalCharge(*r.mol));
	Json fields = Json::object();
	for (const auto &[key, value] : r.fields)
		fields.set(key.c_str(), value);
	j.set("fields", std::move(fields));
	if (!r.warnings.empty())
		j.set("warnings", json_of(r.warnings));
	return j;
}

Json op_read(const Options &o)
{
	const int max = o.integer("records-max", 1000);
	const Detected d = detect(output_read(o.str("in")), o.str("name"));
	const auto records = read_all(d, option_charge(o), static_cast<size_t>(max));
	if (records.empty())
		throw Refusal{"no-atoms", "The file holds no molecule.", "No record was found in it.",
			      "Draw the molecule, save it again and drop it."};
	Json list = Json::array();
	for (size_t i = 0; i < records.size(); i++)
		list.push(describe(records[i], static_cast<int>(i) + 1));
	Json j = Json::object();
	j.set("ok", true).set("format", format_name(d.format)).set("records", std::move(list));
	return j;
}

} // namespace mol
