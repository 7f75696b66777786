/* Names of results: safe everywhere, never empty, never too long, never ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "outbox/outbox.h"

static void test_safe(_unused_ void **state)
{
	static const struct { const char *from, *to; } cases[] = {
		{ "ethanol.mol", "ethanol" }, { "ethanol.MOL", "ethanol" }, { "a.mol.xyz", "a.mol" }, { "a.docx", "a.docx" },
		{ "1,2-dichloroethane.smi", "1,2-dichloroethane" }, { "2'-deoxy (R).sdf", "2'-deoxy (R)" },
		{ "a/b\\c:d*e?f\"g<h>i|j.mol", "a_b_c_d_e_f_g_h_i_j" }, { "new\nline\t x.smi", "new line x" },
		{ "ctrl\x01\x7f.smi", "ctrl__" }, { "$(reboot)`x`.smi", "_(reboot)_x_" }, { "-rf.smi", "_rf" },
		{ "~root.smi", "_root" }, { "...hidden.mol", "hidden" }, { "trail. . .mol", "trail" }, { " sp .mol", "sp" },
		{ ".xyz", "molecule" }, { "", "molecule" }, { "...", "molecule" }, { "\xe2\x80\xae.mol", "molecule" },
		{ "CON", "_CON" }, { "con.mol", "_con" }, { "nul.1.mol", "_nul.1" }, { "COM1.smi", "_COM1" }, { "lpt\xc2\xb9", "_lpt\xc2\xb9" },
		{ "console.mol", "console" }, { "com10.mol", "com10" }, { "x.failed", "x.failed_" }, { "x.RUNNING.mol", "x.RUNNING_" },
		{ "queue.html", "queue.html_" }, { "inv\xff\xfe.smi", "inv__" }, { "cut\xc3", "cut_" },
		{ "caf\xc3\xa9.mol", "caf\xc3\xa9" }, { "cafe\xcc\x81.mol", "caf\xc3\xa9" },
		{ "gpj\xe2\x80\xae.exe", "gpj.exe" }, { "zero\xe2\x80\x8bwidth", "zerowidth" }, { "nb\xc2\xa0space", "nb space" },
		{ "\xd0\xb1\xd0\xb5\xd0\xbd\xd0\xb7\xd0\xbe\xd0\xbb.mol", "\xd0\xb1\xd0\xb5\xd0\xbd\xd0\xb7\xd0\xbe\xd0\xbb" },
		{ "%s%n.mol", "%s%n" }, { "\xed\xa0\x80.mol", "___" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *s = outbox_safe_name(cases[i].from);
		assert_string_equal(s, cases[i].to);
		_cleanup_free_ char *again = outbox_safe_name(s);
		_cleanup_free_ char *extended = xasprintf("%s.docx", s);
		if (!strchr(s, '.'))
			assert_string_equal(again, s);   /* a safe name stays as it is */
		_cleanup_free_ char *e = outbox_safe_name(extended);
		assert_true(strlen(e) > 5);
	}
}

static void test_folders(_unused_ void **state)
{
	static const struct { const char *from, *to; } cases[] = {
		{ "anna", "anna" }, { "data.sdf", "data.sdf" }, { "a ", "a" }, { "CON", "_CON" }, { "..", "folder" }, { "", "folder" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *s = outbox_safe_folder_name(cases[i].from);
		assert_string_equal(s, cases[i].to);
	}
}

static void test_length(_unused_ void **state)
{
	char name[256];
	memset(name, 'n', 255);
	name[255] = '\0';
	_cleanup_free_ char *s = outbox_safe_name(name);
	assert_int_equal(strlen(s), 120);
	_cleanup_free_ char *ten = outbox_name_candidate(s, 10);
	assert_int_equal(strlen(ten), 120);
	assert_string_equal(ten + 117, "-10");
	/* Two-byte characters are not cut in half. */
	char wide[256];
	for (size_t i = 0; i < 254; i += 2)
		memcpy(wide + 1 + i, "\xc3\xa9", 2);
	wide[0] = 'x';
	wide[255] = '\0';
	_cleanup_free_ char *w = outbox_safe_name(wide);
	assert_int_equal(strlen(w), 119);
	name[119] = '.';
	_cleanup_free_ char *dot = outbox_safe_name(name);
	assert_int_equal(strlen(dot), 119);
	memcpy(name, "x.failed", 8);
	memcpy(name + 112, ".failed", 8);
	_cleanup_free_ char *ours = outbox_safe_name(name);
	assert_true(strlen(ours) <= 120);
	assert_false(str_has_isuffix(ours, ".failed"));
}

static void test_candidates(_unused_ void **state)
{
	_cleanup_free_ char *one = outbox_name_candidate("ethanol", 1), *two = outbox_name_candidate("ethanol", 2);
	assert_string_equal(one, "ethanol");
	assert_string_equal(two, "ethanol-2");
}

static void test_fold(_unused_ void **state)
{
	static const char *const same[][2] = {
		{ "Ethanol", "eTHANOL" }, { "CAF\xc3\x89", "cafe\xcc\x81" }, { "\xd0\x91\xd0\x95", "\xd0\xb1\xd0\xb5" },
		{ "A\xff", "a\xff" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		_cleanup_free_ char *a = outbox_fold(same[i][0]), *b = outbox_fold(same[i][1]);
		assert_string_equal(a, b);
	}
	_cleanup_free_ char *a = outbox_fold("ethanol"), *b = outbox_fold("ethanal");
	assert_string_not_equal(a, b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_safe), cmocka_unit_test(test_folders), cmocka_unit_test(test_length),
		cmocka_unit_test(test_candidates), cmocka_unit_test(test_fold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
