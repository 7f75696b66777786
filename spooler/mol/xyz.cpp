/* Coordinates without bonds: XYZ files of one or many frames.
 *
 * The total charge comes from the job's option, from "charge=q" in the comment
 * line, or is taken for zero.  When the atoms make no closed-shell molecule
 * with that charge but do with another one, the bonds are set for that one and
 * the record says so; whether it may be used is decided when the job's options
 * are known.  Never logs; throws Refusal.
 */
#include "mol/xyz.hpp"

#include <Geometry/point.h>
#include <GraphMol/MolOps.h>
#include <GraphMol/PeriodicTable.h>

#include <regex>

#include "mol/molfile.hpp"
#include "mol/sane.hpp"
#include "mol/text.hpp"

namespace mol {

namespace {

struct Frame {
	std::string comment;
	std::vector<std::string> atoms;
};

[[noreturn]] void refuse_line(const std::string &line)
{
	throw Refusal{"xyz", "The line \"" + text_excerpt(line) + "\" is no atom.",
		      "A line of an XYZ file is an element and three coordinates in angstrom.",
		      "Write the file again, or save the structure as MDL Molfile (.mol)."};
}

std::vector<Frame> split_frames(const std::string &text)
{
	const auto lines = text_lines(text);
	std::vector<Frame> out;
	size_t i = 0;
	while (i < lines.size()) {
		if (text_trim(lines[i]).empty()) {
			i++;
			continue;
		}
		const auto n = text_int(text_trim(lines[i]));
		Frame f;
		if (n) {
			if (*n <= 0 || i + 2 + static_cast<size_t>(*n) > lines.size())
				throw Refusal{"xyz", "The XYZ file is cut short: it announces " + std::to_string(*n) +
						      " atoms and has " + std::to_string(lines.size() - std::min(lines.size(), i + 2)) + " lines.",
					      "Some of the molecule is missing; perhaps the copy was interrupted.",
					      "Write the file again and drop it once more."};
			f.comment = text_trim(lines[i + 1]);
			for (i += 2; f.atoms.size() < static_cast<size_t>(*n); i++)
				f.atoms.push_back(lines[i]);
		} else {
			for (; i < lines.size() && !text_trim(lines[i]).empty(); i++)
				f.atoms.push_back(lines[i]);
			if (!out.empty())
				refuse_line(f.atoms[0]);
		}
		out.push_back(std::move(f));
	}
	return out;
}

unsigned element(const std::string &word, const std::string &line, unsigned &isotope)
{
	const auto *table = RDKit::PeriodicTable::getTable();
	isotope = word == "D" ? 2 : word == "T" ? 3 : 0;
	if (isotope)
		return 1;
	if (const auto z = text_int(word))
		return *z > 0 && *z < 119 ? static_cast<unsigned>(*z) : (refuse_line(line), 0U);
	std::string s = text_lower(word.substr(0, std::min(word.find_first_of("0123456789_-"), word.size())));
	if (s.empty())
		refuse_line(line);
	s[0] = static_cast<char>(toupper(s[0]));
	try {
		return static_cast<unsigned>(table->getAtomicNumber(s));
	} catch (const std::exception &) {
		refuse_line(line);
	}
}

MolPtr build(const Frame &f)
{
	MolPtr m(new RDKit::RWMol);
	auto conf = std::make_unique<RDKit::Conformer>(static_cast<unsigned>(f.atoms.size()));
	conf->set3D(true);
	for (size_t i = 0; i < f.atoms.size(); i++) {
		const auto w = text_split(f.atoms[i], ' ');
		if (w.size() < 4)
			refuse_line(f.atoms[i]);
		unsigned isotope = 0;
		RDKit::Atom a(element(w[0], f.atoms[i], isotope));
		a.setIsotope(isotope);
		a.setNoImplicit(true);
		m->addAtom(&a, false);
		const auto x = text_double(w[1]), y = text_double(w[2]), z = text_double(w[3]);
		if (!x || !y || !z)
			refuse_line(f.atoms[i]);
		conf->setAtomPos(static_cast<unsigned>(i), RDGeom::Point3D(*x, *y, *z));
	}
	m->addConformer(conf.release(), true);
	return m;
}

std::optional<int> comment_charge(const std::string &comment)
{
	static const std::regex re("\\b(?:charge|chrg|q)\\s*[=:]?\\s*([+-]?\\d+)\\b", std::regex::icase);
	std::smatch m;
	return std::regex_search(comment, m, re) ? text_int(m[1].str()) : std::nullopt;
}

Record parse_frame(const Frame &f, std::optional<int> charge)
{
	Record r;
	r.dim = 3;
	r.perceived = true;
	try {
		r.mol = build(f);
		xyz_finish(r, charge ? charge : comment_charge(f.comment));
	} catch (const Refusal &e) {
		r.mol.reset();
		r.refusal = e;
	}
	/* Programs write energies into the comment: a name has letters and no numbers like that. */
	static const std::regex name("^[A-Za-z0-9][^=:]*$");
	if (std::regex_match(f.comment, name) && !text_double(text_split(f.comment + " x", ' ')[0]))
		r.name = f.comment;
	return r;
}

std::string signed_charge(int q)
{
	return (q > 0 ? "+" : "") + std::to_string(q);
}

} // namespace

void xyz_finish(Record &r, std::optional<int> charge)
{
	r.charge_given = charge.has_value();
	sane_size(*r.mol);
	std::vector<int> tries{charge.value_or(0)};
	if (!charge)
		tries.insert(tries.end(), {1, -1, 2, -2});
	for (const int q : tries) {
		if (!perceive_bonds(*r.mol, q))
			continue;
		sane_check(*r.mol);
		stereo_from_space(*r.mol);
		return;
	}
	throw Refusal{"xyz-bonds",
		      charge ? "No bonds can be found that fit the charge " + signed_charge(*charge) + "."
			     : "No bonds can be found that make a neutral molecule of these atoms.",
		      "An XYZ file has no bonds; they were looked for in the distances, and some atom has too many or too few. "
		      "It may be a radical, or the charge may be another one.",
		      charge ? "Check the charge and the coordinates, or save the structure as MDL Molfile (.mol)."
			     : "Say the charge (\"charge = -1\" in a text file of the same name, or in the second line), check "
			       "the coordinates, or save the structure as MDL Molfile (.mol)."};
}

std::vector<Record> xyz_read(const std::string &text, std::optional<int> charge, size_t max)
{
	const auto frames = split_frames(text);
	refuse_too_many(frames.size(), max);
	std::vector<Record> out;
	for (const Frame &f : frames)
		out.push_back(parse_frame(f, charge));
	return out;
}

} // namespace mol
