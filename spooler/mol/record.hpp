/* A record: one molecule as it was drawn, in the order of its file.
 *
 *   read_*  -> Record -> record_save() -> rec-1.sdf -> record_load() -> prepare
 *
 * The saved file is an ordinary SDF.  Data items that begin with "nmr." keep
 * what a molfile cannot say: exact stereo of structures without coordinates. */
#ifndef NMR_MOL_RECORD_HPP
#define NMR_MOL_RECORD_HPP

#include <GraphMol/RWMol.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mol/refusal.hpp"

namespace mol {

using MolPtr = std::unique_ptr<RDKit::RWMol>;
using Fields = std::vector<std::pair<std::string, std::string>>;

struct Record {
	std::string name;
	MolPtr mol;             /* sanitized, stereo assigned, no hydrogens added; NULL when refused */
	int dim = 0;            /* 0 no coordinates, 2 flat, 3 in space */
	bool perceived = false; /* bonds come from distances (xyz) */
	bool charge_given = false; /* perceived: the total charge was stated, not guessed */
	Fields fields;
	std::optional<Refusal> refusal;
	std::vector<Warning> warnings;
};

void record_save(const Record &r, const std::string &path);
/* Throws Refusal when the file is no record of ours. */
Record record_load(const std::string &path);

/* V2000, V3000 above 999 atoms; wedges and crossed bonds only in the plane:
 * in space the coordinates say it all. */
std::string molblock(const RDKit::ROMol &mol);

/* Stereo from the coordinates alone; drawn wedges and crosses are forgotten. */
void stereo_from_space(RDKit::RWMol &mol);

/* The stereo of a molecule whose tags were changed by hand, worked out again. */
void stereo_refresh(RDKit::RWMol &mol);

/* Shown number and element: "C5". */
std::string atom_name(const RDKit::Atom &a);
/* Beside an opposite charge (nitro groups, N-oxides): not that of an ion or a zwitterion. */
bool charge_is_notation(const RDKit::Atom &a);

} // namespace mol

#endif
