/* Tables for spreadsheets, programs and terminals. */
#include "report_help.h"

#include "report/tables.h"

static void test_shifts_csv(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_shifts_csv(j, &b), 0);
	assert_memory_equal(b.s, "\xEF\xBB\xBFnucleus,label,", 17);
	has(&b, "1H,H2,7 8,2,CH2,3.681,");
	has(&b, "13C,C1,1,1,CH3,18.21,");
	has(&b, "1H,H3,9,1,OH,0.942,,30.906,yes,scaled,\"exchangeable hydrogen");
	assert_int_equal(occurrences(b.s, "\r\n"), 6);
}

static void test_uncalibrated_in_each_row(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("anisole");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_shifts_csv(j, &b), 0);
	assert_int_equal(occurrences(b.s, ",uncalibrated,"), 9);
}

static void test_hostile_csv(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("hostile");
	json_t *first = json_array_get(json_arr(json_object_get(j, "shifts"), "1H"), 0);
	json_object_set_new(first, "label", json_string("=cmd|' /C calc'!A0\n,x"));
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_shifts_csv(j, &b), 0);
	has(&b, "1H,\"'=cmd|' /C calc'!A0 ,x\",");
}

static void test_shieldings_csv(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_shieldings_csv(j, &b), 0);
	/* Two conformers of six H and two C. */
	assert_int_equal(occurrences(b.s, "\r\n"), 1 + 2 * 8);
	has(&b, "1,0.000,0.4451,1H,4,H1,30.");
	has(&b, "2,0.280,0.5549,13C,2,C2,120.");
}

static void test_shifts_json(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol"), *back = NULL;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_shifts_json(j, &b), 0);
	back = json_loadb(b.s, b.len, 0, NULL);
	assert_int_equal(json_int(back, "schema", 0), 1);
	assert_null(json_object_get(back, "options"));
	assert_null(json_object_get(back, "structure_svg"));
	const json_t *c = json_array_get(json_arr(back, "conformers"), 1);
	assert_null(json_object_get(c, "coords"));
	assert_null(json_object_get(c, "shieldings"));
	assert_int_equal(json_int(c, "id", 0), 2);
	assert_int_equal(json_array_size(json_arr(json_object_get(back, "shifts"), "1H")), 3);
	/* The document itself is as it was. */
	assert_non_null(json_object_get(j, "options"));
	assert_non_null(json_object_get(json_array_get(json_arr(j, "conformers"), 0), "coords"));
}

static void test_provenance(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol"), *back = NULL;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_provenance_json(j, &b), 0);
	back = json_loadb(b.s, b.len, 0, NULL);
	assert_int_equal(json_array_size(json_arr(back, "options")), 10);
	assert_int_equal(json_array_size(json_arr(back, "steps")), 4);
	assert_non_null(json_string_value(json_object_get(json_object_get(back, "input"), "sha256")));
	assert_non_null(json_object_get(json_object_get(back, "level"), "programs"));
}

static void test_text(_unused_ void **state)
{
	static const char *const names[] = { "ethanol", "styrene", "anisole", "bromohydrin", "crowded", "hostile" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_json_ json_t *j = sample(names[i]);
		_cleanup_(buf_release) struct buf b = BUF_INIT;
		assert_int_equal(report_table_text(j, &b), 0);
		fits(&b, 80, false);
		lacks(&b, "\x07");
		lacks(&b, "\x1b");
		assert_true((strstr(b.s, "UNCALIBRATED") != NULL) == str_eq(names[i], "anisole"));
	}
}

static void test_text_says(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_table_text(j, &b), 0);
	has(&b, "ethanol · C₂H₆O · CDCl₃\n");
	has(&b, "  H2              3.68  ± 0.18     2H  CH2         7, 8\n");
	has(&b, "OH*");
	has(&b, "exchangeable: the shift depends on conditions");
	lacks(&b, "no uncertainty");
	assert_int_equal(report_table_text(NULL, &b), -EBADMSG);
	_cleanup_json_ json_t *anisole = sample("anisole");
	_cleanup_(buf_release) struct buf other = BUF_INIT;
	assert_int_equal(report_table_text(anisole, &other), 0);
	const char *first = strstr(other.s, "    no uncertainty: the level has no calibration in this solvent\n");
	assert_non_null(first);
	assert_null(strstr(first + strlen("    no"), "no uncertainty"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shifts_csv), cmocka_unit_test(test_uncalibrated_in_each_row),
		cmocka_unit_test(test_hostile_csv), cmocka_unit_test(test_shieldings_csv),
		cmocka_unit_test(test_shifts_json), cmocka_unit_test(test_provenance), cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
