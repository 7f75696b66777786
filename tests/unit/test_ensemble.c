/* Boltzmann weights, degeneracies and cuts, against closed formulas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "nmr/cost.h"
#include "nmr/predict.h"

#define T 298.15

/* Butane: two gauche forms, one anti: gauche:anti = 2 exp(-dE/RT). */
static void test_butane(_unused_ void **state)
{
	const double e[] = { 0, 0.9 }, g[] = { 0.5, 1.0 };   /* anti: sigma 2; gauche: chiral, sigma 2 */
	double p[2];
	ensemble_populations(e, g, 2, T, p);
	assert_true(fabs(p[0] + p[1] - 1) < 1e-12);
	assert_true(fabs(p[1] / p[0] - 2 * exp(-0.9 / (GAS_CONSTANT_KCAL * T))) < 1e-12);
}

/* Diethyl ether: TG is four times as many as TT. */
static void test_diethyl_ether(_unused_ void **state)
{
	const double e[] = { 0, 1.2 }, g[] = { 0.5, 2.0 };   /* TT: sigma 2; TG: chiral, sigma 1 */
	double p[2];
	ensemble_populations(e, g, 2, T, p);
	assert_true(fabs(p[1] / p[0] - 4 * exp(-1.2 / (GAS_CONSTANT_KCAL * T))) < 1e-12);
}

static void test_zero_of_energy_does_not_matter(_unused_ void **state)
{
	const double a[] = { 0, 1, 2 }, b[] = { -97300, -97299, -97298 }, g[] = { 1, 2, 1 };
	double p[3], q[3];
	ensemble_populations(a, g, 3, T, p);
	ensemble_populations(b, g, 3, T, q);
	for (int i = 0; i < 3; i++)
		assert_true(fabs(p[i] - q[i]) < 1e-9 && p[i] > 0);
	ensemble_populations(a, g, 1, T, p);
	assert_true(p[0] == 1);
}

static void test_temperature(_unused_ void **state)
{
	const double e[] = { 0, 1 }, g[] = { 1, 1 };
	double cold[2], hot[2];
	ensemble_populations(e, g, 2, 200, cold);
	ensemble_populations(e, g, 2, 400, hot);
	assert_true(cold[1] < hot[1] && hot[1] < 0.5);
}

static void test_cuts(_unused_ void **state)
{
	const double e[] = { 0, 0.2, 0.5, 2.9, 3.1 }, g[] = { 1, 1, 1, 1, 1 };
	double lost;
	assert_int_equal(ensemble_cut(e, g, 5, 3, 0, 10, T, &lost), 4);       /* window */
	assert_true(lost > 0 && lost < 0.01);
	assert_int_equal(ensemble_cut(e, g, 5, 3, 0, 2, T, &lost), 2);        /* number */
	assert_true(lost > 0.1);
	assert_int_equal(ensemble_cut(e, g, 5, 3, 0.95, 10, T, &lost), 3);    /* population */
	assert_true(lost < 0.05);
	assert_int_equal(ensemble_cut(e, g, 5, 10, 0, 10, T, &lost), 5);
	assert_true(lost < 1e-12);
	assert_int_equal(ensemble_cut(e, g, 5, 0, 0, 1, T, &lost), 1);        /* never none */
	assert_int_equal(ensemble_cut(e, g, 0, 3, 0.9, 5, T, &lost), 0);
	assert_true(lost == 0);
}

/* Estimates grow with the molecule and shrink with ranks, never below nothing. */
static void test_cost(_unused_ void **state)
{
	static const char *const kinds[] = { "optimise", "shield" };
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		assert_true(cost_seconds(kinds[i], 100, 10, 1) < cost_seconds(kinds[i], 200, 20, 1));
		assert_true(cost_seconds(kinds[i], 200, 20, 2) < cost_seconds(kinds[i], 200, 20, 1));
		assert_true(cost_seconds(kinds[i], 0, 0, 0) > 0);
	}
	assert_true(cost_seconds("xtb", 0, 100, 1) > cost_seconds("xtb", 0, 10, 1));
	assert_true(cost_seconds("render", 0, 0, 1) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_butane), cmocka_unit_test(test_diethyl_ether),
		cmocka_unit_test(test_zero_of_energy_does_not_matter), cmocka_unit_test(test_temperature),
		cmocka_unit_test(test_cuts), cmocka_unit_test(test_cost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
