/* Alignment and symmetry of geometries. */
#include "cmocka.hpp"

#include <GraphMol/SmilesParse/SmilesParse.h>

#include <cmath>

#include "mol/align.hpp"
#include "mol/identity.hpp"
#include "mol/integrity.hpp"
#include "mol/shape.hpp"

using namespace mol;

static Coords turned(const Coords &x, double a, double b, bool mirror)
{
	Coords out;
	for (const auto &p : x) {
		const double y = std::cos(a) * p.y - std::sin(a) * p.z, z = std::sin(a) * p.y + std::cos(a) * p.z;
		out.emplace_back((std::cos(b) * p.x - std::sin(b) * y) * (mirror ? -1 : 1) + 3, std::sin(b) * p.x + std::cos(b) * y - 1, z + 2);
	}
	return out;
}

static Canonical molecule(const char *smiles)
{
	std::unique_ptr<RDKit::RWMol> m(RDKit::SmilesToMol(smiles));
	return canonical_of(*m);
}

static void alignment(void **)
{
	const Coords x = coords_of(*molecule("C[C@H](O)F").mol), y = turned(x, 1.1, 2.7, false);
	const Rigid t = align(x, y);
	for (size_t i = 0; i < x.size(); i++)
		assert_true((t(x[i]) - y[i]).length() < 1e-9);
}

static void same_and_mirror(void **)
{
	const Canonical c = molecule("C[C@H](O)F");
	const Shape s(c.frame, shape_narrow(*c.mol));
	const Coords x = coords_of(*c.mol);
	const ShapeLimits l;
	assert_true(s.same(x, turned(x, 0.3, 1.9, false), false, l));
	assert_false(s.same(x, turned(x, 0.3, 1.9, true), false, l));
	assert_true(s.same(x, turned(x, 0.3, 1.9, true), true, l));
	Coords bent = x;
	bent[0].x += 0.8;
	assert_false(s.same(x, bent, false, l));
}

static void symmetry(void **)
{
	const double r = 1.09 / std::sqrt(3.0);
	const Canonical methane = molecule("C"), water = molecule("O"), ethyne = molecule("C#C");
	const ShapeLimits l{0.15, 0.2};
	assert_int_equal(Shape(methane.frame, shape_narrow(*methane.mol)).symmetry_number({{0, 0, 0}, {r, r, r}, {-r, -r, r}, {-r, r, -r}, {r, -r, -r}}, l), 12);
	assert_int_equal(Shape(water.frame, shape_narrow(*water.mol)).symmetry_number({{0, 0, 0}, {0.96, 0, 0}, {-0.24, 0.93, 0}}, l), 2);
	assert_int_equal(Shape(ethyne.frame, shape_narrow(*ethyne.mol)).symmetry_number({{0, 0, 0}, {1.2, 0, 0}, {-1.06, 0, 0}, {2.26, 0, 0}}, l), 2);
}

static void integrity(void **)
{
	const Canonical c = molecule("CCO");
	Coords x = coords_of(*c.mol);
	assert_false(integrity_check(c, x, {}).has_value());
	Coords broken = x;
	broken[2].x += 5;
	const auto w = integrity_check(c, broken, {1, 2, 3, 4, 5, 6, 7, 8, 9});
	assert_text(w->code, "connectivity");
	assert_true(w->text.find("O3") != std::string::npos);
	const Canonical s = molecule("C[C@H](O)F");
	assert_text(integrity_check(s, turned(coords_of(*s.mol), 0, 0, true), {})->code, "stereo");
}

int main()
{
	boost::logging::disable_logs("rdApp.*");
	const struct CMUnitTest tests[] = {cmocka_unit_test(alignment), cmocka_unit_test(same_and_mirror),
					   cmocka_unit_test(symmetry), cmocka_unit_test(integrity)};
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
