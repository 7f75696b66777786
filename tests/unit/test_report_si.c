/* Supporting information. */
#include "report_help.h"

#include "report/si.h"

static void expect_line(const char *name, const char *nucleus, const char *want)
{
	_cleanup_json_ json_t *j = sample(name);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	report_acs_line(j, nucleus, &b);
	assert_string_equal(b.s, want);
}

static void test_lines(_unused_ void **state)
{
	expect_line("ethanol", "1H", "¹H NMR (CDCl₃, calcd) δ 3.68 (2H, H2), 1.22 (3H, H1), 0.94 (1H, H3, exchangeable).");
	expect_line("ethanol", "13C", "¹³C NMR (CDCl₃, calcd) δ 58.4 (C2), 18.2 (C1).");
	expect_line("anisole", "13C", "¹³C NMR (toluene-d₈, calcd, uncalibrated) δ 131.5 (C3), 125.8 (C6), 121.2 (2C, C5), "
				      "116.0 (2C, C4), 54.2 (C1).");
	/* The hydroxyl is not seen in D2O. */
	expect_line("bromohydrin", "1H", "¹H NMR (D₂O, calcd) δ 3.75 (2H, H2), 3.43 (2H, H3).");
	expect_line("ethanol", "15N", "");
}

static void test_text(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_si_text(j, &b), 0);
	has(&b, "SMILES: CCO\n");
	has(&b, "COMPUTATIONAL DETAILS");
	has(&b, "(1) RDKit");
	has(&b, "Conformer 1: E = -155.03382260 hartree; relative energy 0.00 kcal/mol; population 44.5 %");
	has(&b, "   1  C      -0.862800     0.220560     0.204510\n");
	has(&b, "RMSD 0.16 ppm, n = 335");
	lacks(&b, "nan");
}

static void test_says_what_is_hidden(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("bromohydrin");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_si_text(j, &b), 0);
	has(&b, "Not listed: 1 exchangeable hydrogen (");
}

static void test_hostile(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("hostile");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_si_text(j, &b), 0);
	lacks(&b, "\n$$$$");
	lacks(&b, "\x07");
	lacks(&b, "\r");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines), cmocka_unit_test(test_text),
					    cmocka_unit_test(test_says_what_is_hidden), cmocka_unit_test(test_hostile) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
