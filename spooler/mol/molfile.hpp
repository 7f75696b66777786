/* Readers of connection tables. */
#ifndef NMR_MOL_MOLFILE_HPP
#define NMR_MOL_MOLFILE_HPP

#include <string>
#include <vector>

#include "mol/record.hpp"

namespace mol {

/* A molfile or an SDF of any length, V2000 or V3000; damaged headers are
 * mended.  max: more records than that are a Refusal. */
std::vector<Record> molfile_read(const std::string &text, size_t max = 100000);
std::vector<Record> mol2_read(const std::string &text, size_t max = 100000);
std::vector<Record> cdxml_read(const std::string &text, size_t max = 100000);

/* The one refusal for files with more records than allowed. */
void refuse_too_many(size_t n, size_t max);

} // namespace mol

#endif
