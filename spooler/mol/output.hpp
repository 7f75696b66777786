/* Files of the run's folder. */
#ifndef NMR_MOL_OUTPUT_HPP
#define NMR_MOL_OUTPUT_HPP

#include <jansson.h>

#include <string>

#include "mol/json.hpp"

namespace mol {

/* Whole file, at most 1 GiB; throws std::runtime_error. */
std::string output_read(const std::string &path);
/* Replaces the file as a whole; throws std::runtime_error. */
void output_write(const std::string &path, const std::string &data);
void output_json(const std::string &path, const Json &j);
/* Throws std::runtime_error when the file is missing or no JSON. */
Json input_json(const std::string &path);

} // namespace mol

#endif
