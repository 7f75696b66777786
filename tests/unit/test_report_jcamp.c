/* Spectra as JCAMP-DX. */
#include "report_help.h"

#include "report/curve.h"
#include "report/jcamp.h"

#define assert_near(a, b, by) assert_true(fabs((a) - (b)) <= (by))

/* The number after a label. */
static double number(const struct buf *b, const char *label)
{
	const char *p = strstr(b->s, label);
	if (!p)
		fail_msg("%s is missing", label);
	return strtod(p + strlen(label), NULL);
}

/* All Y of the table, as they are; each line's X is where it must be. */
static size_t table(const struct buf *b, long *y)
{
	double first = number(b, "##FIRSTX="), last = number(b, "##LASTX="), factor = number(b, "##YFACTOR=");
	size_t n = 0;
	assert_near(factor, 1e-5, 1e-12);
	for (char *p = strstr(b->s, "##XYDATA= (X++(Y..Y))\n") + 22; strncmp(p, "##END=", 6) != 0; p++) {
		double x = strtod(p, &p);
		assert_near(x, first + (last - first) * (double)n / (JCAMP_POINTS - 1), 1e-4);
		while (*p == ' ' && n < JCAMP_POINTS)
			y[n++] = strtol(p, &p, 10);
		assert_int_equal(*p, '\n');
	}
	return n;
}

static void test_head(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf h = BUF_INIT, c = BUF_INIT;
	assert_int_equal(report_jcamp(j, "1H", &h), 0);
	assert_memory_equal(h.s, "##TITLE= ethanol - predicted 1H NMR\n##JCAMP-DX= 5.01\n##DATA TYPE= NMR SPECTRUM\n", 76);
	has(&h, "\n##.OBSERVE FREQUENCY= 500.000000\n##.OBSERVE NUCLEUS= ^1H\n##.SOLVENT NAME= CDCl3\n");
	has(&h, "##COMMENTS= predicted by quantum chemistry, not measured\ncouplings not computed\n");
	has(&h, "\nH2, 3.6812, 2, 7 8\nH1, 1.2216, 3, 4 5 6\nH3, 0.9421, 1, 9\n##");
	has(&h, "\n##FIRSTX= 5000.000000\n##LASTX= 0.000000\n");
	assert_int_equal(report_jcamp(j, "13C", &c), 0);
	has(&c, "\n##.OBSERVE FREQUENCY= 125.725100\n##.OBSERVE NUCLEUS= ^13C\n");
	has(&c, "proton-decoupled");
	lacks(&c, "couplings");
	assert_int_equal(report_jcamp(j, "15N", &c), -EINVAL);
	assert_int_equal(report_jcamp(NULL, "1H", &c), -EBADMSG);
}

/* The maxima of the curve are the signals, to half a point. */
static void check_maxima(const char *name, const char *nucleus, size_t want)
{
	_cleanup_json_ json_t *j = sample(name);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_(doc_signals_release) struct doc_signals s;
	_cleanup_free_ long *y = xcalloc(JCAMP_POINTS, sizeof(long));
	assert_int_equal(report_jcamp(j, nucleus, &b), 0);
	assert_int_equal(table(&b, y), JCAMP_POINTS);
	doc_signals(j, (enum doc_nucleus)doc_nucleus_from(nucleus), &s);
	doc_signals_hide(&s);
	double first = number(&b, "##FIRSTX="), step = (number(&b, "##LASTX=") - first) / (JCAMP_POINTS - 1);
	size_t found = 0;
	for (size_t i = 1; i + 1 < JCAMP_POINTS; i++) {
		if (y[i] < 50000 || y[i] <= y[i - 1] || y[i] < y[i + 1])
			continue;
		assert_true(found < s.n);
		double x = (first + step * (double)i) / number(&b, "##.OBSERVE FREQUENCY=");
		assert_near(x, s.item[found].shift, 0.51 * fabs(step) / number(&b, "##.OBSERVE FREQUENCY="));
		assert_true(y[i] > 90000 * (long)s.item[found++].natoms);
	}
	assert_int_equal(found, want);
}

static void test_maxima(_unused_ void **state)
{
	check_maxima("ethanol", "1H", 3);
	check_maxima("ethanol", "13C", 2);
	check_maxima("styrene", "1H", 6);
	check_maxima("bromohydrin", "1H", 2);
}

static void test_exchanged(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("bromohydrin");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_jcamp(j, "1H", &b), 0);
	has(&b, "\n1 exchangeable H left out: exchanged in this solvent\n");
	has(&b, "##.SOLVENT NAME= D2O\n");
}

static void test_uncalibrated(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("anisole");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_jcamp(j, "13C", &b), 0);
	has(&b, "\nuncalibrated: referenced to TMS and benzene\n");
}

/* Flat, with the reason; not a number is not a signal. */
static void test_no_signal(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ long *y = xcalloc(JCAMP_POINTS, sizeof(long));
	json_t *c = json_arr(json_object_get(j, "shifts"), "13C");
	json_array_remove(c, 1);
	json_object_set_new(json_array_get(c, 0), "shift", json_null());
	assert_int_equal(report_jcamp(j, "13C", &b), 0);
	has(&b, "\nno carbon in this molecule\n");
	has(&b, "##MAXY= 0.00000\n");
	lacks(&b, "nan");
	assert_int_equal(table(&b, y), JCAMP_POINTS);
	for (size_t i = 0; i < JCAMP_POINTS; i++)
		assert_int_equal(y[i], 0);
}

static void test_strangers_strings(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_object_set_new(j, "name", json_string("β\n##END=\n$$$ x"));
	json_object_set_new(json_array_get(json_arr(json_object_get(j, "shifts"), "1H"), 0), "label",
			    json_string("##END=\n"));
	assert_int_equal(report_jcamp(j, "1H", &b), 0);
	assert_memory_equal(b.s, "##TITLE= ? #?END= $?$ x - predicted 1H NMR\n##JCAMP-DX=", 53);
	has(&b, "\n#?END=, 3.6812, 2, 7 8\n");
	assert_int_equal(occurrences(b.s, "##END="), 1);
	assert_int_equal(occurrences(b.s, "$$"), 0);
}

static void test_lines(_unused_ void **state)
{
	static const char *const names[] = { "ethanol", "styrene", "anisole", "bromohydrin", "crowded", "hostile" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_json_ json_t *j = sample(names[i]);
		_cleanup_(buf_release) struct buf b = BUF_INIT;
		assert_int_equal(report_jcamp(j, "1H", &b), 0);
		assert_int_equal(report_jcamp(j, "13C", &b), 0);
		fits(&b, 80, false);
		for (size_t k = 0; k < b.len; k++)
			assert_true(b.s[k] == '\n' || (b.s[k] >= ' ' && b.s[k] <= '~'));
	}
}

static void test_curve(_unused_ void **state)
{
	struct doc_signal item[] = { { .shift = 5, .natoms = 3 }, { .shift = 5, .natoms = 1, .exchangeable = true } };
	struct doc_signals s = { item, 2 };
	assert_near(curve_at(&s, 0.01, 5, CURVE_ALL), 4, 1e-12);
	assert_near(curve_at(&s, 0.01, 5.01, CURVE_FIRM), 1.5, 1e-9);
	assert_near(curve_at(&s, 0.01, 4.98, CURVE_EXCHANGEABLE), 0.2, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head), cmocka_unit_test(test_maxima), cmocka_unit_test(test_exchanged),
		cmocka_unit_test(test_uncalibrated), cmocka_unit_test(test_no_signal),
		cmocka_unit_test(test_strangers_strings), cmocka_unit_test(test_lines), cmocka_unit_test(test_curve),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
