/* Lines and tables of SMILES.
 *
 * A heading is a first line of which one column is called smiles (or
 * structure) and which is itself no structure.  The delimiter is the one that
 * the heading uses; without a heading a line is "SMILES, blanks, name".  When
 * no line at all can be read the file as a whole is refused, otherwise the bad
 * lines are.  RDKit only says that a SMILES is wrong; where, is found by a
 * small scanner of our own.  Never logs; throws Refusal.
 */
#include "mol/smiles.hpp"

#include <GraphMol/PeriodicTable.h>
#include <GraphMol/SmilesParse/SmilesParse.h>

#include <map>
#include <stdexcept>

#include "mol/molfile.hpp"
#include "mol/sane.hpp"
#include "mol/text.hpp"

namespace mol {

namespace {

/* What is wrong with a SMILES, and where. */
class Scanner {
public:
	explicit Scanner(const std::string &smiles) : s(smiles) {}

	/* Empty when nothing was found. */
	std::string mistake()
	{
		for (i = 0; i < s.size(); i++) {
			const std::string m = step();
			if (!m.empty())
				return m;
		}
		if (!open.empty())
			return at("the bracket \"(\"", open.back()) + " is never closed";
		if (!ring.empty())
			return "ring bond " + std::to_string(ring.begin()->first) + ", opened at position " +
			       std::to_string(ring.begin()->second + 1) + ", is never closed";
		return "";
	}

private:
	const std::string &s;
	size_t i = 0;
	std::vector<size_t> open;
	std::map<int, size_t> ring;

	static std::string at(const std::string &what, size_t where)
	{
		return what + " at position " + std::to_string(where + 1);
	}

	std::string step()
	{
		const char c = s[i];
		if (c == '(') {
			open.push_back(i);
			return "";
		}
		if (c == ')') {
			if (open.empty())
				return at("the bracket \")\"", i) + " was never opened";
			open.pop_back();
			return "";
		}
		if (c == '[')
			return bracket();
		if (c >= '0' && c <= '9')
			return toggle(c - '0');
		if (c == '%' && i + 2 < s.size() && isdigit(s[i + 1]) && isdigit(s[i + 2])) {
			i += 2;
			return toggle((s[i - 1] - '0') * 10 + s[i] - '0');
		}
		return symbol(c);
	}

	std::string toggle(int n)
	{
		if (!ring.erase(n))
			ring[n] = i;
		return "";
	}

	std::string bracket()
	{
		const size_t start = i, end = s.find(']', i);
		if (end == std::string::npos)
			return at("the bracket \"[\"", i) + " is never closed";
		i = end;
		size_t k = start + 1;
		while (k < end && isdigit(s[k]))
			k++;
		std::string element = s.substr(k, k + 1 < end && islower(s[k + 1]) && isupper(s[k]) ? 2 : 1);
		if (element == "*" || element == "R" || element == "#" || text_contains("bcnops", element))
			return "";
		try {
			RDKit::PeriodicTable::getTable()->getAtomicNumber(element);
		} catch (const std::exception &) {
			if (element.size() == 2 && text_contains("BCNOPSFIHKVYWU", element.substr(0, 1)))
				return "";
			if (text_has_prefix(s.substr(k), "se") || text_has_prefix(s.substr(k), "as") ||
			    text_has_prefix(s.substr(k), "si") || text_has_prefix(s.substr(k), "te"))
				return "";
			return at("\"" + text_excerpt(s.substr(start, end - start + 1), 20) + "\"", start) +
			       " has no known element";
		}
		return "";
	}

	std::string symbol(char c)
	{
		if (text_contains("-=#$:/\\.~", std::string(1, c)) || text_contains("BCNOPSFIbcnops*", std::string(1, c)))
			return "";
		if ((c == 'l' && i > 0 && s[i - 1] == 'C') || (c == 'r' && i > 0 && s[i - 1] == 'B'))
			return "";
		if (c == 'H' || c == '+')
			return at(std::string("\"") + c + "\"", i) + " must stand in square brackets, as in [NH4+]";
		return at(std::string("\"") + c + "\"", i) + " is no atom or bond";
	}
};

[[noreturn]] void refuse_syntax(const std::string &s)
{
	const std::string m = Scanner(s).mistake();
	throw Refusal{"smiles", "The SMILES \"" + text_excerpt(s, 80) + "\" cannot be read" +
			      (m.empty() ? "." : ": " + m + "."),
		      "It does not follow the grammar of SMILES.",
		      "Copy it again from the drawing program (ChemDraw: Edit > Copy As > SMILES), or save the structure as .mol."};
}

bool may_be_smiles(const std::string &s)
{
	return !s.empty() && s.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@+-[]()=#$%:/\\.*~>|") ==
				     std::string::npos;
}

bool parses(const std::string &s)
{
	if (s.empty() || !may_be_smiles(s))
		return false;
	try {
		RDKit::SmilesParserParams p;
		p.sanitize = false;
		p.removeHs = false;
		const MolPtr m(RDKit::SmilesToMol(s, p));
		return m && m->getNumAtoms() > 0;
	} catch (const std::exception &) {
		return false;
	}
}

struct Table {
	char delimiter = ' ';
	std::vector<std::string> heading; /* lower case; empty without one */
	size_t smiles = 0;
	std::optional<size_t> name;
};

bool is_smiles_heading(const std::string &w)
{
	for (const char *h : {"smiles", "smi", "canonical_smiles", "isomeric_smiles", "canonical smiles",
			      "isomeric smiles", "structure", "cxsmiles"})
		if (w == h)
			return true;
	return false;
}

bool is_name_heading(const std::string &w)
{
	for (const char *h : {"name", "id", "title", "compound", "label", "molecule", "sample"})
		if (w == h)
			return true;
	return false;
}

bool read_heading(const std::string &line, Table &t)
{
	for (const char d : {'\t', ';', ',', ' '}) {
		auto words = text_split(line, d);
		for (size_t i = 0; i < words.size(); i++) {
			words[i] = text_lower(text_trim(words[i]));
			if (i == 0 && !words[i].empty() && words[i][0] == '#')
				words[i] = text_trim(words[i].substr(1));
		}
		for (size_t i = 0; i < words.size(); i++) {
			if (!is_smiles_heading(words[i]))
				continue;
			t = Table{d, words, i, std::nullopt};
			for (size_t k = words.size(); k-- > 0;)
				if (k != i && is_name_heading(words[k]))
					t.name = k;
			return true;
		}
	}
	return false;
}

/* Without a heading: the first delimiter that leaves a SMILES in front. */
Table guess(const std::vector<std::string> &lines)
{
	Table t;
	for (const char d : {'\t', ';', ',', ' '}) {
		for (const std::string &l : lines) {
			const auto w = text_split(l, d);
			if (w.size() < 2 && d != ' ')
				continue;
			for (size_t i = 0; i < std::min<size_t>(w.size(), d == ' ' ? 1 : 2); i++)
				if (parses(w[i])) {
					t.delimiter = d;
					t.smiles = i;
					return t;
				}
		}
	}
	return t;
}

Record parse_line(const std::string &line, const Table &t)
{
	Record r;
	auto words = text_split(line, t.delimiter);
	std::string smiles = t.smiles < words.size() ? words[t.smiles] : "";
	if (!t.heading.empty()) {
		for (size_t i = 0; i < words.size() && i < t.heading.size(); i++)
			if (i != t.smiles && i != t.name && !words[i].empty() && !t.heading[i].empty())
				r.fields.emplace_back(t.heading[i], words[i]);
		if (t.name && *t.name < words.size())
			r.name = words[*t.name];
	} else {
		size_t from = t.smiles + 1;
		if (from < words.size() && words[from][0] == '|') /* CXSMILES extension */
			while (from < words.size() && words[from++].back() != '|')
				;
		for (size_t i = t.smiles == 1 ? 0 : from; i < words.size(); i++)
			if (i != t.smiles)
				r.name += (r.name.empty() ? "" : " ") + words[i];
	}
	try {
		r.mol = smiles_parse(smiles);
	} catch (const Refusal &e) {
		r.refusal = e;
	}
	return r;
}

[[noreturn]] void refuse_text(const std::vector<std::string> &lines)
{
	if (lines.size() == 1 && may_be_smiles(text_split(lines[0], ' ')[0]) &&
	    lines[0].find_first_of("()=#[]123456789") != std::string::npos)
		smiles_parse(text_split(lines[0], ' ')[0]);
	throw Refusal{"text", "This text is no structure: it begins with \"" + text_excerpt(lines[0]) + "\".",
		      "No line of it is a SMILES, an InChI, a molfile or coordinates. Names of compounds are not looked up.",
		      "Write the SMILES, one molecule a line, or save the structure as .mol in the drawing program."};
}

} // namespace

MolPtr smiles_parse(const std::string &s)
{
	if (text_contains(s, ">"))
		throw Refusal{"reaction", "\"" + text_excerpt(s) + "\" is a reaction.",
			      "A spectrum belongs to one compound, not to a reaction.", "Give the SMILES of one compound."};
	RDKit::SmilesParserParams p;
	p.sanitize = false;
	p.removeHs = false;
	p.allowCXSMILES = false;
	MolPtr raw, full;
	try {
		raw.reset(RDKit::SmilesToMol(s, p));
		if (!raw || raw->getNumAtoms() == 0)
			refuse_syntax(s);
		sane_check(*raw);
		p.sanitize = true;
		full.reset(RDKit::SmilesToMol(s, p));
	} catch (const Refusal &) {
		throw;
	} catch (const std::exception &) {
		refuse_syntax(s);
	}
	if (!full)
		refuse_syntax(s);
	sane_notation(*full);
	return full;
}

std::vector<Record> smiles_read(const std::string &text, size_t max)
{
	std::vector<std::string> lines;
	for (const std::string &l : text_lines(text))
		if (!text_trim(l).empty())
			lines.push_back(text_trim(l));
	Table t;
	const bool heading = read_heading(lines[0], t);
	std::vector<std::string> rows;
	for (size_t i = heading ? 1 : 0; i < lines.size(); i++)
		if (lines[i][0] != '#')
			rows.push_back(lines[i]);
	if (rows.empty())
		throw Refusal{"no-atoms", "The table has a heading but no molecules.", "There is no line below the heading.",
			      "Add one line for each molecule."};
	if (!heading)
		t = guess(rows);
	refuse_too_many(rows.size(), max);
	std::vector<Record> out;
	bool any = heading;
	for (const std::string &l : rows) {
		out.push_back(parse_line(l, t));
		any = any || !out.back().refusal || out.back().refusal->code != "smiles";
	}
	if (!any)
		refuse_text(rows);
	return out;
}

} // namespace mol
