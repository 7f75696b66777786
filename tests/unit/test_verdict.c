/* Causes: a name, a sentence and a remedy for each, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "nmr/verdict.h"

static void test_every_cause_has_its_words(void **state)
{
	(void)state;
	for (int c = CAUSE_NONE; c <= CAUSE_OTHER; c++) {
		const char *sentence = cause_sentence((enum cause)c);
		assert_int_equal(cause_from_string(cause_to_string((enum cause)c)), c);
		assert_true(sentence[strlen(sentence) - 1] == '.');
		assert_true(c == CAUSE_NONE || strlen(cause_remedy((enum cause)c)) > 20);
	}
}

static void test_codes_are_stable(void **state)
{
	(void)state;
	assert_string_equal(cause_to_string(CAUSE_AUTOZ), "autoz");
	assert_string_equal(cause_to_string(CAUSE_OPT_STEPS), "opt-steps");
	assert_string_equal(cause_to_string(CAUSE_DISK_FULL), "disk-full");
	assert_int_equal(cause_from_string("no such cause"), CAUSE_OTHER);
	assert_int_equal(cause_from_string(NULL), CAUSE_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cause_has_its_words), cmocka_unit_test(test_codes_are_stable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
