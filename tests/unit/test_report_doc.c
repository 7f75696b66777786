/* Reading result documents, whole and broken. */
#include "report_help.h"

#include "report/doc.h"

static json_t *parse(const char *text)
{
	json_t *j = json_loads(text, 0, NULL);
	assert_non_null(j);
	return j;
}

static void test_signals(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(doc_signals_release) struct doc_signals s;
	doc_signals(j, DOC_1H, &s);
	assert_int_equal(s.n, 3);
	assert_string_equal(s.item[0].label, "H2");
	assert_int_equal(s.item[0].natoms, 2);
	assert_true(s.item[0].shift > s.item[1].shift && s.item[1].shift > s.item[2].shift);
	assert_true(isfinite(s.item[0].uncertainty));
	assert_true(s.item[2].exchangeable && !s.item[2].exchanged && isnan(s.item[2].uncertainty));
	assert_non_null(s.item[2].reason);
}

static void test_exchange(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("bromohydrin");
	_cleanup_(doc_signals_release) struct doc_signals s;
	size_t exchanged = 0;
	assert_true(doc_exchanges(j));
	doc_signals(j, DOC_1H, &s);
	for (size_t i = 0; i < s.n; i++)
		exchanged += s.item[i].exchanged;
	assert_int_equal(exchanged, 1);
}

static void test_nonsense(_unused_ void **state)
{
	_cleanup_json_ json_t *j = parse("{\"name\":7,\"shifts\":{\"1H\":[{\"shift\":\"a\"},{},3,null,{\"shift\":1e300},"
					 "{\"shift\":2.5,\"atoms\":\"x\"}],\"13C\":{}},\"level\":[],\"warnings\":{}}");
	_cleanup_(doc_signals_release) struct doc_signals s, c;
	size_t i = 0;
	doc_signals(j, DOC_1H, &s);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.item[0].label, "?");
	assert_int_equal(s.item[0].natoms, 1);
	doc_signals(j, DOC_13C, &c);
	assert_int_equal(c.n, 0);
	assert_string_equal(doc_name(j), "molecule");
	assert_string_equal(doc_solvent(j), "solvent not given");
	assert_false(doc_exchanges(j));
	assert_false(doc_all_calibrated(j));
	assert_null(doc_lowest(j));
	assert_null(doc_warning(j, &i, true));
}

static void test_calibration(_unused_ void **state)
{
	_cleanup_json_ json_t *yes = sample("styrene"), *no = sample("anisole");
	assert_true(doc_all_calibrated(yes));
	assert_false(doc_all_calibrated(no));
	size_t i = 0, k = 0;
	assert_non_null(strstr(doc_warning(no, &i, true), "Uncalibrated"));
	assert_null(strstr(doc_warning(no, &k, false), "Uncalibrated"));
}

static void test_lowest(_unused_ void **state)
{
	_cleanup_json_ json_t *j = parse("{\"conformers\":[{\"id\":4,\"energy_kcal\":1},{\"id\":9,\"energy_kcal\":0},"
					 "{\"id\":2,\"energy_kcal\":2}]}");
	assert_int_equal(json_int(doc_lowest(j), "id", 0), 9);
}

static void test_atoms(_unused_ void **state)
{
	_cleanup_json_ json_t *a = parse("[1,2,3,5,6,9]");
	struct buf b = BUF_INIT;
	doc_atoms(&b, a, ", ", true);
	assert_string_equal(b.s, "1–3, 5, 6, 9");
	buf_clear(&b);
	doc_atoms(&b, a, " ", false);
	assert_string_equal(b.s, "1 2 3 5 6 9");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals), cmocka_unit_test(test_exchange), cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_calibration), cmocka_unit_test(test_lowest), cmocka_unit_test(test_atoms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
