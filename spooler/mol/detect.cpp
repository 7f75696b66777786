/* What a file is, by its content and never by its name.
 *
 * Text that some reader understands is recognised by the marks the formats
 * themselves require (a counts line, @<TRIPOS>, InChI=); everything else is
 * looked up in foreign.cpp, which knows what people drop by mistake.  SMILES
 * are the last resort: text whose lines look like a table of them.
 * Never logs; throws Refusal.
 */
#include "mol/detect.hpp"

#include <regex>

#include "mol/foreign.hpp"
#include "mol/refusal.hpp"
#include "mol/text.hpp"

namespace mol {

const char *format_name(Format f)
{
	switch (f) {
	case Format::molfile: return "mol";
	case Format::sdf: return "sdf";
	case Format::xyz: return "xyz";
	case Format::smiles: return "smiles";
	case Format::inchi: return "inchi";
	case Format::mol2: return "mol2";
	case Format::cdxml: return "cdxml";
	}
	return "?";
}

namespace {

bool is_coordinate_line(const std::string &line)
{
	const auto w = text_split(line, ' ');
	if (w.size() < 4 || w[0].size() > 3)
		return false;
	for (size_t i = 1; i < 4; i++)
		if (!text_double(w[i]))
			return false;
	const char c = w[0][0];
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || text_int(w[0]);
}

/* "N / comment / N lines", or bare coordinate lines. */
bool is_xyz(const std::vector<std::string> &lines)
{
	size_t i = 0;
	while (i < lines.size() && text_trim(lines[i]).empty())
		i++;
	if (i < lines.size() && text_int(text_trim(lines[i])) && i + 2 < lines.size())
		return is_coordinate_line(lines[i + 2]);
	size_t n = 0;
	for (; i < lines.size(); i++) {
		if (text_trim(lines[i]).empty())
			continue;
		if (!is_coordinate_line(lines[i]) || text_int(text_split(lines[i], ' ')[0]))
			return false;
		n++;
	}
	return n > 0;
}

bool is_molfile(const std::vector<std::string> &lines)
{
	static const std::regex counts("^[ 0-9]{3}[ 0-9]{3}.*V[23]000\\s*$", std::regex::icase);
	/* Old files have no version: the counts line has ten or more three-column numbers. */
	static const std::regex old("^[ 0-9]{2}[0-9][ 0-9]{2}[0-9]( {2}[0-9]){2,}.*$");
	for (size_t i = 0; i < lines.size() && i < 8; i++)
		if (std::regex_match(lines[i], counts))
			return true;
	if (lines.size() > 4 && std::regex_match(lines[3], old))
		return true;
	for (const std::string &l : lines)
		if (text_has_prefix(l, "M  END"))
			return true;
	return false;
}

bool has_line(const std::vector<std::string> &lines, std::string_view prefix)
{
	for (const std::string &l : lines)
		if (text_has_prefix(l, prefix))
			return true;
	return false;
}

bool is_inchi(const std::vector<std::string> &lines)
{
	for (const std::string &l : lines) {
		const std::string t = text_trim(l);
		if (!t.empty())
			return text_has_prefix(text_lower(t), "inchi=") ||
			       text_contains(t, "\tInChI=") || text_contains(t, " InChI=");
	}
	return false;
}

} // namespace

Detected detect(std::string_view bytes, const std::string &name)
{
	foreign_refuse_bytes(bytes, name);
	const auto text = text_decode(bytes);
	if (!text)
		foreign_refuse_binary(bytes, name);
	const auto lines = text_lines(*text);
	const bool reaction = has_line(lines, "$RXN") || has_line(lines, "M  V30 BEGIN REACTANT");
	if (text_contains(*text, "<CDXML"))
		return {Format::cdxml, *text};
	if (!reaction && is_molfile(lines))
		return {has_line(lines, "$$$$") || has_line(lines, "> <") || has_line(lines, ">  <")
				? Format::sdf : Format::molfile, *text};
	if (text_contains(*text, "@<TRIPOS>MOLECULE"))
		return {Format::mol2, *text};
	foreign_refuse_text(*text, lines, name);
	if (is_inchi(lines))
		return {Format::inchi, *text};
	if (is_xyz(lines))
		return {Format::xyz, *text};
	return {Format::smiles, *text};
}

void detect_open()
{
	foreign_open();
}

} // namespace mol
