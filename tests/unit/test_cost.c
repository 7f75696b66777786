/* The cost model: what it learns from runs, how little few runs move it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "nmr/cost.h"

static void test_start(_unused_ void **state)
{
	struct cost_model m = { .n = 0 };
	double base = cost_seconds("shield", 200, 20, 1);
	assert_true(fabs(cost_predict(&m, "shield", 1, base) - base) < 1e-9);
	assert_true(fabs(cost_predict(&m, "shield", 2, base) - base / cost_speedup(2)) < 1e-9);
	assert_true(fabs(cost_predict(&m, "xtb", 2, 1.5) - 1.5) < 1e-9);   /* one core, whatever is free */
}

/* A machine four times as slow, with another exponent: y = 4 x^1.2. */
static void test_learns(_unused_ void **state)
{
	struct cost_model m = { .n = 0 };
	for (int i = 0; i < 60; i++) {
		double base = 10 * pow(1.05, i);
		assert_true(cost_learn(&m, "shield", 1, base, 4 * pow(base, 1.2)));
	}
	for (double base = 10; base < 200; base *= 2) {
		double want = 4 * pow(base, 1.2), got = cost_predict(&m, "shield", 1, base);
		assert_true(got > 0.85 * want && got < 1.15 * want);
	}
	/* What one rank taught serves several until they have been seen. */
	assert_true(cost_predict(&m, "shield", 2, 100) > 2 * 100 / cost_speedup(2));
	/* Other kinds know nothing of it. */
	assert_true(fabs(cost_predict(&m, "optimise", 1, 100) - 100) < 1e-9);
}

static void test_one_run_does_not_turn_it(_unused_ void **state)
{
	struct cost_model m = { .n = 0 };
	assert_true(cost_learn(&m, "shield", 1, 100, 400));
	double near = cost_predict(&m, "shield", 1, 100), far = cost_predict(&m, "shield", 1, 10000);
	assert_true(near > 150 && near < 250);
	assert_true(far > 11000 && far < 40000);
	assert_false(cost_learn(&m, "shield", 1, 100, 0.1));
	assert_false(cost_learn(&m, "shield", 1, 0, 10));
}

/* What the machine does now counts more than what it did long ago. */
static void test_forgets(_unused_ void **state)
{
	struct cost_model m = { .n = 0 };
	for (int i = 0; i < 300; i++)
		cost_learn(&m, "screen", 1, 50 + i % 20, 2.0 * (50 + i % 20));
	for (int i = 0; i < 300; i++)
		cost_learn(&m, "screen", 1, 50 + i % 20, 0.5 * (50 + i % 20));
	double got = cost_predict(&m, "screen", 1, 60);
	assert_true(got > 27 && got < 36);
}

static void test_kept(_unused_ void **state)
{
	struct cost_model a = { .n = 0 }, b = { .n = 0 };
	cost_learn(&a, "shield", 1, 100, 300);
	cost_learn(&a, "optimise", 2, 100, 30);
	_cleanup_json_ json_t *j = cost_to_json(&a);
	cost_from_json(&b, j);
	assert_true(fabs(cost_predict(&a, "shield", 1, 70) - cost_predict(&b, "shield", 1, 70)) < 1e-9);
	assert_true(fabs(cost_predict(&a, "optimise", 2, 70) - cost_predict(&b, "optimise", 2, 70)) < 1e-9);
	/* Damaged ones are left out, and many kinds do not overflow. */
	_cleanup_json_ json_t *bad = json_pack("{s:s,s:[f],s:[f,f,f,f,f]}", "x", "y", "z", 1.0, "w", -1.0, 1.0, 1.0, 1.0, 1.0);
	struct cost_model c = { .n = 0 };
	cost_from_json(&c, bad);
	cost_from_json(&c, NULL);
	assert_int_equal(c.n, 0);
	for (int i = 0; i < 40; i++) {
		char kind[16];
		snprintf(kind, sizeof(kind), "kind%d", i);
		cost_learn(&c, kind, 1, 100, 100);
	}
	assert_int_equal(c.n, COST_LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start), cmocka_unit_test(test_learns), cmocka_unit_test(test_one_run_does_not_turn_it),
		cmocka_unit_test(test_forgets), cmocka_unit_test(test_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
