/* The canonical molecule: the same for a structure from any file. */
#ifndef NMR_MOL_IDENTITY_HPP
#define NMR_MOL_IDENTITY_HPP

#include <string>
#include <vector>

#include "mol/frame.hpp"
#include "mol/record.hpp"

namespace mol {

struct Canonical {
	MolPtr mol;         /* all hydrogens, one rough geometry in space */
	Frame frame;
	Signature reference; /* the signs of that geometry: which hydrogen is which */
	std::string smiles;

	explicit Canonical(MolPtr m);
};

/* Canonical isomeric SMILES, the same however the molecule is written down. */
std::string canonical_smiles(const RDKit::ROMol &mol);
/* Builds the molecule and its rough geometry; throws Refusal when that fails. */
Canonical canonical_of(const RDKit::ROMol &mol);
/* Can this stereoisomer exist? (Cheap trial; bridged rings forbid many.) */
bool canonical_fits_space(const std::string &smiles);

/* mol.sdf: written by prepare, read by the later operations. */
std::string canonical_sdf(const Canonical &c);
Canonical canonical_load(const std::string &path);
/* The same atoms without a geometry, with the stereo of the SMILES: for embedding. What is
 * perceived from coordinates has more centres (bridgeheads) and takes E in large rings for Z. */
MolPtr canonical_blank(const Canonical &c);
/* Hash of what makes the molecule and its labels. */
std::string canonical_key(const Canonical &c);

/* Hill formula with the charge, "C2H6O", "H4N+"; D counts apart. */
std::string formula_of(const RDKit::ROMol &mol);
double mass_of(const RDKit::ROMol &mol);
/* Bonds whose turning gives conformers. */
int rotatable_bonds(const RDKit::ROMol &mol);

/* Index in the canonical molecule of each atom of full, which is the same
 * molecule with all hydrogens in another order.  With a geometry in space the
 * hydrogens of a CH2 are told apart by it. */
std::vector<int> canonical_order(const Canonical &c, const RDKit::ROMol &full, bool in_space);

} // namespace mol

#endif
