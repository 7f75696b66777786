/* Lines and tables of SMILES. */
#ifndef NMR_MOL_SMILES_HPP
#define NMR_MOL_SMILES_HPP

#include <string>
#include <vector>

#include "mol/record.hpp"

namespace mol {

/* .smi ("SMILES name"), or a table with a heading (comma, semicolon, tab or
 * blanks); columns other than smiles and name become fields. */
std::vector<Record> smiles_read(const std::string &text, size_t max);

/* One SMILES; throws Refusal with the position of the mistake. */
MolPtr smiles_parse(const std::string &smiles);

} // namespace mol

#endif
