/* A structure that cannot be used: thrown where it is found, written as the
 * result by main.  Three sentences for a person who knows chemistry and not
 * this program. */
#ifndef NMR_MOL_REFUSAL_HPP
#define NMR_MOL_REFUSAL_HPP

#include <string>

namespace mol {

struct Refusal {
	std::string code;   /* one word for programs: "salt", "radical" */
	std::string what;   /* what it is */
	std::string why;    /* why that does not work */
	std::string remedy; /* what to click or write */
};

struct Warning {
	std::string code, text;
};

} // namespace mol

#endif
