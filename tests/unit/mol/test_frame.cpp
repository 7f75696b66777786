/* The labelled configuration: matches, mirror images, slow rotors, mapping. */
#include "cmocka.hpp"

#include <GraphMol/MolOps.h>
#include <GraphMol/SmilesParse/SmilesParse.h>

#include <algorithm>

#include "mol/equivalence.hpp"
#include "mol/identity.hpp"
#include "mol/smiles.hpp"

using namespace mol;

static Canonical molecule(const char *smiles)
{
	std::unique_ptr<RDKit::RWMol> m(RDKit::SmilesToMol(smiles));
	return canonical_of(*m);
}

/* "12" for one signal of twelve nuclei, "3+3" for two of three; H or C. */
static std::string signals(const char *smiles, int element)
{
	const Canonical c = molecule(smiles);
	std::vector<int> number(static_cast<size_t>(c.frame.n));
	for (size_t i = 0; i < number.size(); i++)
		number[i] = static_cast<int>(i) + 1;
	std::vector<size_t> sizes;
	for (const Group &g : equivalence_groups(c, number))
		if (g.element == element)
			sizes.push_back(g.atoms.size());
	std::sort(sizes.rbegin(), sizes.rend());
	std::string out;
	for (const size_t n : sizes)
		out += (out.empty() ? "" : "+") + std::to_string(n);
	return out;
}

static void substitution_test(void **)
{
	assert_text(signals("C1CCCCC1", 1), "12");
	assert_text(signals("CC1CCCCC1", 1), "3+2+2+2+2+1+1+1"); /* methylcyclohexane: CH2 diastereotopic */
	assert_text(signals("CN(C)C=O", 6), "1+1+1");
	assert_text(signals("CCN(CC)C(C)=O", 1), "3+3+3+2+2");
	assert_text(signals("CN(C)C(=O)N(C)C", 1), "12"); /* urea: fast */
	assert_text(signals("CC(C)C(O)C", 6), "1+1+1+1+1"); /* isopropyl beside a centre: two CH3 */
	assert_text(signals("CC(C)OC(C)C", 6), "4+2");
	assert_text(signals("CC(C)(C)C(C(C)(C)C)(C(C)(C)C)O", 1), "27+1");
	assert_text(signals("C=C=CC", 1), "3+2+1");
	assert_text(signals("C12C3C4C1C5C2C3C45", 1), "8");
	assert_text(signals("C1C2CC3CC1CC(C2)C3", 1), "12+4");
	assert_text(signals("c1ccc(-c2ccccc2)cc1", 6), "4+4+2+2");
	assert_text(signals("CC(=O)[CH-]C(C)=O", 1), "6+1"); /* resonance */
	assert_text(signals("[2H]C([2H])([2H])CO", 1), "2+1");
}

static void mirror_images(void **)
{
	assert_true(equivalence_achiral(molecule("CCO")));
	assert_true(equivalence_achiral(molecule("O[C@@H](C(=O)O)[C@H](O)C(=O)O")));
	assert_false(equivalence_achiral(molecule("O[C@H](C(=O)O)[C@H](O)C(=O)O")));
	assert_false(equivalence_achiral(molecule("CC[S@](C)=O")));
	assert_true(equivalence_achiral(molecule("CS(C)=O")));
	assert_true(equivalence_achiral(molecule("C[C@H](F)C(F)(F)[C@@H](C)F")));
	assert_false(equivalence_achiral(molecule("CC=C=CC"))); /* an allene's axis */
}

/* Any order of the atoms must map onto the canonical molecule and keep its signs. */
static void mapping(void **)
{
	for (const char *smiles : {"C[C@H](O)CC", "CN(C)C=O", "C=Cc1ccccc1", "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O", "CC[P@](C)c1ccccc1"}) {
		const Canonical c = molecule(smiles);
		std::vector<unsigned> order(static_cast<size_t>(c.frame.n));
		for (size_t i = 0; i < order.size(); i++)
			order[i] = static_cast<unsigned>((i * 7 + 3) % order.size());
		std::vector<unsigned> seen(order);
		std::sort(seen.begin(), seen.end());
		if (std::unique(seen.begin(), seen.end()) != seen.end()) /* 7 divides the size */
			std::reverse(seen.begin(), seen.end()), order = seen;
		std::unique_ptr<RDKit::ROMol> shuffled(RDKit::MolOps::renumberAtoms(*c.mol, order));
		const auto map = canonical_order(c, *shuffled, true);
		const Coords from = coords_of(*shuffled);
		Coords x(from.size());
		for (size_t i = 0; i < map.size(); i++)
			x[static_cast<size_t>(map[i])] = from[i];
		const Signature s = signature_of(c.frame, x);
		assert_true(s.centre == c.reference.centre && s.planar == c.reference.planar);
	}
}

static void identity(void **)
{
	assert_text(canonical_key(molecule("OCC")), canonical_key(molecule("C(C)O")).c_str());
	assert_string_not_equal(canonical_key(molecule("C[C@H](O)CC")).c_str(), canonical_key(molecule("C[C@@H](O)CC")).c_str());
	assert_text(canonical_smiles(*smiles_parse("C[S+]([O-])C")), "CS(C)=O");
	assert_text(canonical_smiles(*smiles_parse("C[N-][N+]#N")), "CN=[N+]=[N-]");
	assert_text(canonical_smiles(*smiles_parse("CN=N#N")), "CN=[N+]=[N-]");
	assert_text(canonical_smiles(*smiles_parse("CN(=O)=O")), "C[N+](=O)[O-]");
	assert_text(canonical_smiles(*smiles_parse("CC[S@+]([O-])C")), canonical_smiles(*smiles_parse("CC[S@](=O)C")).c_str());
	assert_text(formula_of(*molecule("CC(=O)[O-]").mol), "C2H3O2-");
	assert_text(formula_of(*molecule("[2H]C(Cl)(Cl)Cl").mol), "CDCl3");
	assert_text(formula_of(*molecule("O").mol), "H2O");
	assert_int_equal(rotatable_bonds(*molecule("CCCC").mol), 1);
}

int main()
{
	boost::logging::disable_logs("rdApp.*");
	const struct CMUnitTest tests[] = {cmocka_unit_test(substitution_test), cmocka_unit_test(mirror_images),
					   cmocka_unit_test(mapping), cmocka_unit_test(identity)};
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
