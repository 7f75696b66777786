/* What a preset cannot take, and what is offered instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "nmr/limits.h"

static struct share *shipped;

static int set_up(_unused_ void **state)
{
	char *error = NULL;
	shipped = share_load("spooler/share", &error);
	return shipped ? 0 : -1;
}

static int tear_down(_unused_ void **state)
{
	share_free(shipped);
	return 0;
}

static void elements(_unused_ void **state)
{
	const int bromide[] = { 6, 35, 1, 1, 1 }, iodide[] = { 6, 53, 1, 1, 1 };
	char *remedy = NULL;
	assert_null(limits_element(shipped, share_preset(shipped, "standard"), bromide, 5, &remedy));
	assert_null(remedy);
	_cleanup_free_ char *why = limits_element(shipped, share_preset(shipped, "production"), bromide, 5, &remedy);
	assert_string_equal(why, "The level of the preset \"production\" has no basis set for Br.");
	assert_non_null(strstr(remedy, "covers Br: draft, standard"));
	assert_non_null(strstr(remedy, "\"preset = draft\""));
	free(remedy);
	_cleanup_free_ char *none = limits_element(shipped, share_preset(shipped, "draft"), iodide, 5, &remedy);
	assert_non_null(strstr(remedy, "No preset covers I."));
	assert_non_null(none);
	free(remedy);
}

static void size(_unused_ void **state)
{
	_cleanup_free_ char *more = limits_size_remedy(shipped, share_preset(shipped, "standard"));
	_cleanup_free_ char *most = limits_size_remedy(shipped, share_preset(shipped, "draft"));
	assert_string_equal(more, "Cut the molecule to the part of interest, or use a preset with a larger limit: "
				  "\"preset = draft\" takes 200 atoms.");
	assert_string_equal(most, "Cut the molecule to the part of interest.");
}

/* The presets with small bases need the same memory: neither is a way out of the other. */
static void memory(_unused_ void **state)
{
	const struct solvent *chcl3 = share_solvent(shipped, "CDCl3");
	const struct preset *standard = share_preset(shipped, "standard"), *production = share_preset(shipped, "production");
	const struct level *at = NULL;
	int z[60];
	for (int i = 0; i < 60; i++)
		z[i] = i < 30 ? 6 : 1;
	uint64_t small = limits_memory(standard, chcl3, z, 60, NULL), large = limits_memory(production, chcl3, z, 60, &at);
	assert_true(large > small);
	assert_ptr_equal(at, production->shield_h);
	_cleanup_free_ char *way_out = limits_memory_remedy(shipped, production, chcl3, z, 60, small);
	assert_non_null(strstr(way_out, "needs less (draft, standard)"));
	_cleanup_free_ char *none = limits_memory_remedy(shipped, standard, chcl3, z, 60, small / 2);
	assert_non_null(strstr(none, "smaller model"));
	assert_null(strstr(none, "draft"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(elements), cmocka_unit_test(size), cmocka_unit_test(memory) };
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
