/* Readers of connection tables: MDL molfiles and SDF, Tripos mol2, ChemDraw XML.
 *
 * The records of an SDF are split here and not by RDKit, so that one bad
 * record does not take the others with it.  The header of a molfile is
 * mended: mail programs eat its empty first line, and the counts line must be
 * the fourth; its dimension code is set from the coordinates, because many
 * programs get it wrong.  Each molecule is parsed twice: raw, to say what is
 * wrong with it; then in full, with stereo.  Never logs; refusals of one
 * record stay with that record.
 */
#include "mol/molfile.hpp"

#include <GraphMol/Chirality.h>
#include <GraphMol/FileParsers/CDXMLParser.h>
#include <GraphMol/FileParsers/FileParsers.h>
#include <GraphMol/MolOps.h>
#include <GraphMol/PeriodicTable.h>
#include <GraphMol/StereoGroup.h>

#include <regex>

#include "mol/sane.hpp"
#include "mol/text.hpp"

namespace mol {

void refuse_too_many(size_t n, size_t max)
{
	if (n > max)
		throw Refusal{"too-many", "The file has " + std::to_string(n) + " molecules.",
			      "At most " + std::to_string(max) + " are taken from one file.",
			      "Split it into smaller files (or raise records_max in nmr.conf)."};
}

namespace {

using Lines = std::vector<std::string>;

/* Index of the counts line, or -1. */
int counts_line(const Lines &l)
{
	static const std::regex counts("^[ 0-9]{3}[ 0-9]{3}.*V[23]000\\s*$", std::regex::icase);
	static const std::regex loose("^\\s*\\d+\\s+\\d+\\s.*V[23]000\\s*$", std::regex::icase);
	for (size_t i = 0; i < l.size() && i < 10; i++)
		if (std::regex_match(l[i], counts) || std::regex_match(l[i], loose))
			return static_cast<int>(i);
	/* Without a version only the right place counts. */
	return l.size() > 4 && text_int(text_trim(l[3].substr(0, 3))) ? 3 : -1;
}

bool is_v3000(const std::string &counts)
{
	return text_contains(counts, "V3000") || text_contains(counts, "v3000");
}

/* 3 when any z is not zero, else 2: what the header ought to say.  A planar
 * molecule in space is recognised later, when its hydrogens are known. */
int header_dimension(const Lines &l, size_t counts)
{
	if (is_v3000(l[counts])) {
		bool in = false;
		for (const std::string &s : l) {
			in = (in || text_contains(s, "BEGIN ATOM")) && !text_contains(s, "END ATOM");
			const auto w = text_split(s, ' ');
			if (in && w.size() > 6 && text_double(w[6]).value_or(0) != 0)
				return 3;
		}
		return 2;
	}
	const int n = text_int(text_trim(l[counts].substr(0, 3))).value_or(0);
	for (size_t i = counts + 1; i < l.size() && i <= counts + static_cast<size_t>(n); i++)
		if (l[i].size() >= 30 && text_double(text_trim(l[i].substr(20, 10))).value_or(0) != 0)
			return 3;
	return 2;
}

/* The dimension code of the original header, "3D" in columns 21 and 22. */
bool says_space(const Lines &l, size_t counts)
{
	return counts >= 2 && l[counts - 2].size() >= 22 && l[counts - 2].substr(20, 2) == "3D";
}

/* Three header lines, then the counts line, whatever was lost. */
Lines mend_header(Lines l, size_t counts)
{
	const int dim = header_dimension(l, counts);
	std::string title;
	if (counts >= 1 && counts <= 2 && !text_trim(l[0]).empty())
		title = l[0];
	else if (counts >= 3)
		title = l[counts - 3];
	l.erase(l.begin(), l.begin() + static_cast<std::ptrdiff_t>(counts));
	l.insert(l.begin(), {title, dim == 3 ? "  nmr-mol             3D" : "  nmr-mol             2D", ""});
	static const std::regex loose("^\\s*(\\d+)\\s+(\\d+)\\s.*V2000\\s*$", std::regex::icase);
	std::smatch m;
	if (!text_int(text_trim(l[3].substr(0, 3))) && std::regex_match(l[3], m, loose)) {
		char s[64];
		snprintf(s, sizeof(s), "%3s%3s  0  0  0  0  0  0  0  0999 V2000", m[1].str().c_str(), m[2].str().c_str());
		l[3] = s;
	}
	return l;
}

/* Labels such as Ph or Boc in the place of an element. */
void refuse_abbreviation(const Lines &l)
{
	if (is_v3000(l[3]))
		return;
	const int n = text_int(text_trim(l[3].substr(0, 3))).value_or(0);
	for (size_t i = 4; i < l.size() && i < 4 + static_cast<size_t>(n); i++) {
		if (l[i].size() < 32)
			continue;
		const std::string s = text_trim(l[i].substr(31, 3));
		static const std::regex known("[DTAQXMLR*]|R[#0-9]*|LP|Pol|AH|QH|XH|MH|Mod|ACP");
		if (s.empty() || std::regex_match(s, known))
			continue;
		try {
			RDKit::PeriodicTable::getTable()->getAtomicNumber(s);
		} catch (const std::exception &) {
			throw Refusal{"abbreviation", "Atom " + std::to_string(i - 3) + " is called \"" + text_excerpt(s) + "\".",
				      "That is no element; abbreviations such as Ph or Boc are not atoms.",
				      "Draw the group in full (ChemDraw: select it, Structure > Expand Label) and save again."};
		}
	}
}

[[noreturn]] void refuse_unreadable(const std::string &what, const std::string &detail)
{
	throw Refusal{"unreadable", what, detail.empty() ? "It does not follow the format." : detail,
		      "Open it in the program that made it and save it again as MDL Molfile (.mol)."};
}

void note_groups(Record &r)
{
	if (!r.mol->getStereoGroups().empty()) {
		r.mol->setStereoGroups({});
		r.warnings.push_back({"enhanced-stereo", "Stereo groups (\"or\", \"and\", \"rac\") were ignored: the isomer "
							 "that is drawn is computed."});
	}
}

/* Water, carbon dioxide: flat, and yet a geometry in space, when the header says
 * so and no hydrogen is missing. */
void recognise_planar(Record &r, bool says_space)
{
	if (r.dim != 2 || !says_space)
		return;
	for (const RDKit::Atom *a : r.mol->atoms())
		if (a->getTotalNumHs() > 0)
			return;
	r.mol->getConformer().set3D(true);
	r.dim = 3;
}

void parse_molblock(const Lines &l, Record &r, bool says_space)
{
	std::string block;
	for (const std::string &s : l)
		block += s + "\n";
	try {
		MolPtr raw(RDKit::MolBlockToMol(block, false, false, false));
		if (!raw)
			refuse_unreadable("The connection table cannot be read.", "");
		if (raw->getNumAtoms() == 0)
			throw Refusal{"no-atoms", "The structure has no atoms.", "The drawing is empty.",
				      "Draw the molecule, save it again and drop it."};
		sane_check(*raw);
		r.dim = sane_dimension(*raw);
		r.mol.reset(RDKit::MolBlockToMol(block, true, false, false));
	} catch (const Refusal &) {
		throw;
	} catch (const std::exception &e) {
		refuse_unreadable("The connection table cannot be read.", text_sentence(e.what()));
	}
	if (!r.mol)
		refuse_unreadable("The connection table cannot be read.", "");
	sane_notation(*r.mol);
	recognise_planar(r, says_space);
	if (r.dim == 3)
		stereo_from_space(*r.mol);
	if (r.dim == 0) {
		RDKit::MolOps::assignChiralTypesFromMolParity(*r.mol);
		for (RDKit::Bond *b : r.mol->bonds())
			b->setStereo(RDKit::Bond::STEREONONE);
		RDKit::MolOps::assignStereochemistry(*r.mol, true, true);
	}
	note_groups(r);
}

/* Data items: "> <NAME>", value lines, an empty line. */
Fields parse_items(const Lines &l, size_t from)
{
	Fields out;
	for (size_t i = from; i < l.size(); i++) {
		if (l[i].empty() || l[i][0] != '>')
			continue;
		const size_t a = l[i].find('<'), b = l[i].rfind('>');
		if (a == std::string::npos || b == std::string::npos || b <= a)
			continue;
		std::string value;
		size_t k = i + 1;
		for (; k < l.size() && !text_trim(l[k]).empty() && l[k][0] != '>'; k++)
			value += (value.empty() ? "" : "\n") + text_trim(l[k]);
		out.emplace_back(text_trim(l[i].substr(a + 1, b - a - 1)), value);
		i = k - 1;
	}
	return out;
}

size_t end_of_block(const Lines &l)
{
	for (size_t i = 0; i < l.size(); i++)
		if (text_has_prefix(l[i], "M  END"))
			return i + 1;
	for (size_t i = 0; i < l.size(); i++)
		if (text_has_prefix(l[i], ">"))
			return i;
	return l.size();
}

Record parse_record(const Lines &lines)
{
	Record r;
	const size_t end = end_of_block(lines);
	r.fields = parse_items(lines, end);
	const Lines block(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(end));
	try {
		const int counts = counts_line(block);
		if (counts < 0)
			refuse_unreadable("The record has no counts line.",
					  "The fourth line of a molfile says how many atoms and bonds follow.");
		const Lines mended = mend_header(block, static_cast<size_t>(counts));
		r.name = text_trim(mended[0]);
		refuse_abbreviation(mended);
		parse_molblock(mended, r, says_space(block, static_cast<size_t>(counts)));
	} catch (const Refusal &e) {
		r.mol.reset();
		r.refusal = e;
	}
	return r;
}

std::vector<Lines> split_records(const std::string &text)
{
	std::vector<Lines> out(1);
	for (const std::string &line : text_lines(text)) {
		if (text_has_prefix(line, "$$$$"))
			out.emplace_back();
		else
			out.back().push_back(line);
	}
	auto blank = [](const Lines &l) {
		return std::all_of(l.begin(), l.end(), [](const std::string &s) { return text_trim(s).empty(); });
	};
	out.erase(std::remove_if(out.begin() + 1, out.end(), blank), out.end());
	if (out.size() > 1 && blank(out[0]))
		out.erase(out.begin());
	return out;
}

} // namespace

std::vector<Record> molfile_read(const std::string &text, size_t max)
{
	const auto parts = split_records(text);
	refuse_too_many(parts.size(), max);
	std::vector<Record> out;
	for (const Lines &l : parts)
		out.push_back(parse_record(l));
	return out;
}

static Record parse_mol2(const std::string &block)
{
	Record r;
	const auto lines = text_lines(block);
	if (lines.size() > 1)
		r.name = text_trim(lines[1]) == "*****" ? "" : text_trim(lines[1]);
	try {
		MolPtr raw(RDKit::Mol2BlockToMol(block, false, false));
		if (!raw || raw->getNumAtoms() == 0)
			refuse_unreadable("The mol2 record cannot be read.", "");
		sane_check(*raw);
		r.mol.reset(RDKit::Mol2BlockToMol(block, true, false));
		if (!r.mol)
			refuse_unreadable("The mol2 record cannot be read.", "");
		sane_notation(*r.mol);
		r.dim = sane_dimension(*r.mol);
		if (r.dim == 3)
			stereo_from_space(*r.mol);
	} catch (const Refusal &e) {
		r.mol.reset();
		r.refusal = e;
	} catch (const std::exception &e) {
		r.mol.reset();
		r.refusal = Refusal{"unreadable", "The mol2 record cannot be read.", text_sentence(e.what()),
				    "Save it again as MDL SDF (.sdf) or Molfile (.mol)."};
	}
	return r;
}

std::vector<Record> mol2_read(const std::string &text, size_t max)
{
	const std::string mark = "@<TRIPOS>MOLECULE";
	std::vector<size_t> starts;
	for (size_t i = text.find(mark); i != std::string::npos; i = text.find(mark, i + 1))
		starts.push_back(i);
	refuse_too_many(starts.size(), max);
	std::vector<Record> out;
	for (size_t k = 0; k < starts.size(); k++)
		out.push_back(parse_mol2(text.substr(starts[k], k + 1 < starts.size() ? starts[k + 1] - starts[k]
										    : std::string::npos)));
	return out;
}

static Record finish_cdxml(RDKit::RWMol &raw, MolPtr full)
{
	Record r;
	try {
		sane_check(raw);
		r.mol = full ? std::move(full) : MolPtr(new RDKit::RWMol(raw));
		sane_notation(*r.mol);
		r.dim = sane_dimension(*r.mol);
		note_groups(r);
	} catch (const Refusal &e) {
		r.mol.reset();
		r.refusal = e;
	}
	return r;
}

std::vector<Record> cdxml_read(const std::string &text, size_t max)
{
	if (std::regex_search(text, std::regex("<scheme[ >]", std::regex::icase)))
		throw Refusal{"reaction", "The drawing is a reaction scheme.", "A spectrum belongs to one compound.",
			      "Save the one structure alone (ChemDraw: select it, copy it into a new drawing, Save As)."};
	std::vector<MolPtr> raw, full;
	try {
		raw = RDKit::CDXMLToMols(text, false, false);
		full = RDKit::CDXMLToMols(text, true, false);
	} catch (const std::exception &e) {
		if (raw.empty())
			refuse_unreadable("The ChemDraw drawing cannot be read.", text_sentence(e.what()));
	}
	refuse_too_many(raw.size(), max);
	std::vector<Record> out;
	for (size_t i = 0; i < raw.size(); i++)
		out.push_back(finish_cdxml(*raw[i], full.size() == raw.size() ? std::move(full[i]) : nullptr));
	if (out.empty())
		throw Refusal{"no-atoms", "The drawing has no structure in it.", "It holds text or graphics only.",
			      "Draw the molecule with bonds and atoms, not with lines and letters."};
	return out;
}

} // namespace mol
