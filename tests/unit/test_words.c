/* Distances, suggestions and the cutting of command lines. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/words.h"

static void test_distance(_unused_ void **state)
{
	static const struct { const char *a, *b; size_t d; } cases[] = {
		{ "", "", 0 }, { "", "abc", 3 }, { "abc", "", 3 }, { "cores", "cores", 0 },
		{ "CORES", "cores", 0 }, { "corse", "cores", 1 }, { "solvnt", "solvent", 1 },
		{ "kitten", "sitting", 3 }, { "ca", "ac", 1 }, { "abcd", "acbd", 1 }, { "preset", "priority", 5 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(words_distance(cases[i].a, cases[i].b), cases[i].d);
		assert_int_equal(words_distance(cases[i].b, cases[i].a), cases[i].d);
	}
}

static void test_closest(_unused_ void **state)
{
	static const char *const known[] = { "solvent", "preset", "mode", "T" };
	assert_string_equal(words_closest("solvnet", known, 4), "solvent");
	assert_string_equal(words_closest("PRESETS", known, 4), "preset");
	assert_string_equal(words_closest("mod", known, 4), "mode");
	assert_null(words_closest("banana", known, 4));
	assert_null(words_closest("x", known, 4));
	assert_null(words_closest("anything", known, 0));
}

static void test_split(_unused_ void **state)
{
	char **w;
	assert_int_equal(words_split("  a 'b c'  \"d \\\"e\" f\\ g x''y \t", &w), 0);
	static const char *const expected[] = { "a", "b c", "d \"e", "f g", "xy", NULL };
	for (size_t i = 0; expected[i]; i++)
		assert_string_equal(w[i], expected[i]);
	assert_null(w[5]);
	words_free(w);
	assert_int_equal(words_split("  ", &w), 0);
	assert_null(w[0]);
	words_free(w);
	assert_int_equal(words_split("''", &w), 0);
	assert_string_equal(w[0], "");
	words_free(w);
}

static void test_split_open_quote(_unused_ void **state)
{
	char **w = NULL;
	assert_int_equal(words_split("a 'b", &w), -EINVAL);
	assert_int_equal(words_split("a \"b\\\"", &w), -EINVAL);
	assert_null(w);
	words_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_closest),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_open_quote),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
