/* The command line of nmr. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cli/args.h"

#define PARSE(...) parse((char *[]){ "nmr", __VA_ARGS__, NULL })

static struct args a;

static void parse(char **argv)
{
	char *error = NULL;
	int argc = 0;
	while (argv[argc])
		argc++;
	args_release(&a);
	if (args_parse(&a, argc, argv, &error) < 0)
		fail_msg("%s", error);
}

#define REFUSE(words, ...) refuse(words, (char *[]){ "nmr", __VA_ARGS__, NULL })

static void refuse(const char *words, char **argv)
{
	struct args b;
	char *error = NULL;
	int argc = 0;
	while (argv[argc])
		argc++;
	assert_int_equal(args_parse(&b, argc, argv, &error), -EINVAL);
	args_release(&b);
	if (!strstr(error, words))
		fail_msg("\"%s\" does not say \"%s\"", error, words);
	free(error);
}

static int teardown(_unused_ void **state)
{
	args_release(&a);
	return 0;
}

static void test_order_is_free(_unused_ void **state)
{
	PARSE("--data", "/d", "submit", "CCO", "--json", "a.mol", "-w", "-cfile", "--timeout=2.5", "-n", "3");
	assert_string_equal(a.command, "submit");
	assert_int_equal(a.noperands, 2);
	assert_string_equal(a.operand[0], "CCO");
	assert_string_equal(a.operand[1], "a.mol");
	assert_string_equal(a.data, "/d");
	assert_string_equal(a.config, "file");
	assert_true(a.json && a.wait && !a.keep);
	assert_true(a.timeout_s == 2.5);
	assert_int_equal(a.limit, 3);
}

static void test_negative_numbers_are_words(_unused_ void **state)
{
	PARSE("priority", "-7", "-t", "3", "ethanol");
	assert_int_equal(a.noperands, 2);
	assert_string_equal(a.operand[0], "-7");
	assert_string_equal(a.operand[1], "ethanol");
	assert_true(a.timeout_s == 3);
}

static void test_job_options(_unused_ void **state)
{
	PARSE("submit", "C", "--solvent", "D2O", "--max-conformers=5", "-o", "temp=300", "--option", "name: a b",
	      "--charge", "-1");
	static const char *const expected[][2] = { { "solvent", "D2O" }, { "max_conformers", "5" }, { "temp", "300" },
						   { "name", " a b" }, { "charge", "-1" } };
	assert_int_equal(a.noptions, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_string_equal(a.options[i].name, expected[i][0]);
		assert_string_equal(a.options[i].value, expected[i][1]);
	}
}

static void test_double_dash(_unused_ void **state)
{
	PARSE("submit", "--", "--json", "-", "-x");
	assert_int_equal(a.noperands, 3);
	assert_string_equal(a.operand[0], "--json");
	assert_false(a.json);
	PARSE("show", "-");
	assert_string_equal(a.operand[0], "-");
}

static void test_refusals(_unused_ void **state)
{
	REFUSE("unknown option --jsno, did you mean --json?", "status", "--jsno");
	REFUSE("unknown option --solvnet, did you mean --solvent?", "submit", "--solvnet", "x");
	REFUSE("unknown option --frobnicate;", "status", "--frobnicate");
	REFUSE("unknown option -x", "-x");
	REFUSE("--data wants a value", "--data");
	REFUSE("--solvent wants a value", "submit", "--solvent");
	REFUSE("--json takes no value", "--json=1");
	REFUSE("--data is empty", "--data", "");
	REFUSE("wants seconds", "--timeout", "soon");
	REFUSE("wants seconds", "--timeout", "-1");
	REFUSE("wants a number", "--limit", "0");
	REFUSE("name=value", "-o", "solvent");
	REFUSE("name=value", "-o", "=x");
}

static void test_not_allowed(_unused_ void **state)
{
	PARSE("status", "--json", "--all");
	assert_null(args_not_allowed(&a, ARGS_ALL));
	assert_string_equal(args_not_allowed(&a, 0), "all");
	PARSE("status", "--solvent", "D2O", "--out", "x");
	assert_string_equal(args_not_allowed(&a, ARGS_OUT), "solvent");
	assert_string_equal(args_not_allowed(&a, ARGS_JOB_OPTION), "out");
}

static void test_nothing(_unused_ void **state)
{
	parse((char *[]){ "nmr", NULL });
	assert_null(a.command);
	assert_int_equal(a.noperands, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = { T(test_order_is_free), T(test_negative_numbers_are_words), T(test_job_options), T(test_double_dash),
					    T(test_refusals), T(test_not_allowed), T(test_nothing) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
