/* What a file is, by its content. */
#ifndef NMR_MOL_DETECT_HPP
#define NMR_MOL_DETECT_HPP

#include <string>
#include <string_view>

namespace mol {

enum class Format { molfile, sdf, xyz, smiles, inchi, mol2, cdxml };
const char *format_name(Format f);

struct Detected {
	Format format;
	std::string text; /* UTF-8, '\n' */
};

/* Opens libmagic with the system's entries and ours; call it before the
 * sandbox closes.  Without the files detection goes on by its own means. */
void detect_open();

/* Throws Refusal for what is no molecule file, saying what it is and what to
 * click.  name: the file's name, a hint for words only. */
Detected detect(std::string_view bytes, const std::string &name);

} // namespace mol

#endif
