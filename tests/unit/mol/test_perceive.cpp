/* Bonds from distances: geometries are embedded from SMILES, stripped of their
 * bonds, and must come back as the same molecule. */
#include "cmocka.hpp"

#include <GraphMol/DistGeomHelpers/Embedder.h>
#include <GraphMol/MolOps.h>
#include <GraphMol/SmilesParse/SmilesParse.h>

#include "mol/identity.hpp"
#include "mol/xyz.hpp"

using namespace mol;

static std::string xyz_of(const RDKit::ROMol &m, const std::string &comment)
{
	std::string out = std::to_string(m.getNumAtoms()) + "\n" + comment + "\n";
	for (const RDKit::Atom *a : m.atoms()) {
		const auto p = m.getConformer().getAtomPos(a->getIdx());
		out += a->getSymbol() + " " + std::to_string(p.x) + " " + std::to_string(p.y) + " " + std::to_string(p.z) + "\n";
	}
	return out;
}

static void round_trips(void **)
{
	const char *const list[] = {
		"CCO", "c1ccccc1", "C#N", "CC#CC", "C=C=C", "O=C=O", "CC(=O)[O-]", "[NH4+]", "C[NH3+]", "O=[N+]([O-])c1ccccc1",
		"CN=[N+]=[N-]", "C[N+]#[C-]", "CS(C)=O", "CS(=O)(=O)C", "COP(=O)(OC)OC", "[O-][n+]1ccccc1", "[NH3+]CC(=O)[O-]",
		"Cn1c(=O)c2c(ncn2C)n(C)c1=O", "C1=CC=CC=CC=C1", "c1ccc2ccccc2c1", "O=C1C=CC(=O)C=C1", "c1ccsc1", "CBr", "ClC(Cl)Cl",
		"C[Si](C)(C)C", "CB(O)O", "[O-]C(=O)C(=O)[O-]", "C[C@H](O)F", "C[C@@H](O)F", "C/C=C/C", "C/C=C\\C", "C12C3C4C1C5C2C3C45",
		"C1CC2CC1C2", "C1=CC2=CC=CC=CC2=C1"};
	for (const char *smiles : list) {
		std::unique_ptr<RDKit::RWMol> m(RDKit::SmilesToMol(smiles));
		RDKit::MolOps::addHs(*m);
		assert_true(RDKit::DGeomHelpers::EmbedMolecule(*m, 0, 7) >= 0);
		stereo_from_space(*m);
		const int q = RDKit::MolOps::getFormalCharge(*m);
		const auto records = xyz_read(xyz_of(*m, "charge=" + std::to_string(q)), std::nullopt, 1);
		assert_int_equal(records.size(), 1);
		if (records[0].refusal)
			assert_text(records[0].refusal->what, smiles);
		assert_text(canonical_smiles(*records[0].mol), canonical_smiles(*m).c_str());
	}
}

static void charges(void **)
{
	const std::string ammonium = "5\n\nN 0 0 0\nH 0.59 0.59 0.59\nH -0.59 -0.59 0.59\nH -0.59 0.59 -0.59\nH 0.59 -0.59 -0.59\n";
	auto r = xyz_read(ammonium, std::nullopt, 1);
	assert_false(r[0].charge_given);
	assert_int_equal(RDKit::MolOps::getFormalCharge(*r[0].mol), 1); /* proposed, not used */
	r = xyz_read(ammonium, 1, 1);
	assert_true(r[0].charge_given);
	r = xyz_read(ammonium, 0, 1);
	assert_text(r[0].refusal->code, "xyz-bonds");
}

static void frames(void **)
{
	const std::string water = "3\nwater\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n";
	assert_int_equal(xyz_read(water + water, std::nullopt, 10).size(), 2);
	assert_text(xyz_read(water, std::nullopt, 10)[0].name, "water");
	assert_text(xyz_read("8 0 0 0\nH 0.96 0 0\n1 -0.24 0.93 0\n", std::nullopt, 10)[0].name, "");
	assert_text(refusal_code([&] { xyz_read(water + water, std::nullopt, 1); }), "too-many");
	assert_text(refusal_code([&] { xyz_read(water.substr(0, 20), std::nullopt, 1); }), "xyz");
}

int main()
{
	boost::logging::disable_logs("rdApp.*");
	const struct CMUnitTest tests[] = {cmocka_unit_test(round_trips), cmocka_unit_test(charges), cmocka_unit_test(frames)};
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
