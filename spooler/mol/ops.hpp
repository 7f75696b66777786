/* The operations of nmr-mol.  Each reads its inputs from the current folder,
 * writes its files there and returns the document for out.json; Refusal is a
 * result, any other exception a failure. */
#ifndef NMR_MOL_OPS_HPP
#define NMR_MOL_OPS_HPP

#include <map>
#include <optional>
#include <string>

#include "mol/json.hpp"

namespace mol {

/* Options of the command line, by name without the dashes; a flag has "". */
struct Options {
	std::map<std::string, std::string> value;

	std::string str(const std::string &key, const std::string &fallback = "") const;
	int integer(const std::string &key, int fallback) const; /* throws std::runtime_error */
	double number(const std::string &key, double fallback) const;
	bool has(const std::string &key) const { return value.count(key) > 0; }
};

Json op_read(const Options &o);
Json op_prepare(const Options &o);
Json op_conformers(const Options &o);
Json op_cluster(const Options &o);
Json op_draw(const Options &o);
Json op_unpack(const Options &o);

/* What the first number of the version means: results of another recipe may
 * differ, so it is part of every step's key. */
inline constexpr int recipe_version = 4;

} // namespace mol

#endif
