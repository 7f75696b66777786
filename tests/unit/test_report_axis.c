/* Ranges, ticks and the spreading of labels. */
#include "report_help.h"

#include "report/axis.h"

static struct axis axis_of(enum doc_nucleus n, const double *shift, size_t count)
{
	struct doc_signals s = { xcalloc(count, sizeof(*s.item)), count };
	struct axis a;
	for (size_t i = 0; i < count; i++)
		s.item[i].shift = shift[i];
	axis_init(&a, n, &s, 100, 1000);
	doc_signals_release(&s);
	return a;
}

static void test_range(_unused_ void **state)
{
	struct axis a = axis_of(DOC_1H, (double[]){ 3.7, 1.2 }, 2);
	assert_float_equal(a.hi, 10, 1e-9);
	assert_float_equal(a.lo, 0, 1e-9);
	assert_float_equal(a.step, 1, 1e-9);
	assert_float_equal(axis_x(&a, 10), 100, 1e-9);
	assert_float_equal(axis_x(&a, 0), 1100, 1e-9);
	a = axis_of(DOC_1H, (double[]){ 13.9, -0.4 }, 2);
	assert_float_equal(a.hi, 15, 1e-9);
	assert_float_equal(a.lo, -1, 1e-9);
	a = axis_of(DOC_1H, (double[]){ 0.1 }, 1);
	assert_float_equal(a.lo, -1, 1e-9);
	a = axis_of(DOC_13C, NULL, 0);
	assert_float_equal(a.hi, 220, 1e-9);
	assert_float_equal(a.lo, 0, 1e-9);
	assert_float_equal(a.step, 20, 1e-9);
	a = axis_of(DOC_13C, (double[]){ 219.9, -88 }, 2);
	assert_float_equal(a.hi, 230, 1e-9);
	assert_float_equal(a.lo, -100, 1e-9);
}

static void test_ticks_stay_few(_unused_ void **state)
{
	for (double hi = 1; hi < 5000; hi *= 1.7) {
		struct axis a = axis_of(DOC_1H, &hi, 1);
		double n = (a.hi - a.lo) / a.step;
		assert_true(n >= 4 && n <= 13);
	}
}

static void check_spread(double *x, size_t n, double gap, double lo, double hi)
{
	axis_spread(x, n, gap, lo, hi);
	for (size_t i = 0; i < n; i++) {
		assert_true(x[i] >= lo - 1e-9 && x[i] <= hi + 1e-9);
		assert_true(i == 0 || x[i] - x[i - 1] >= gap - 1e-9);
	}
}

static void test_spread(_unused_ void **state)
{
	double free_x[] = { 10, 30, 70 };
	check_spread(free_x, 3, 10, 0, 100);
	assert_float_equal(free_x[1], 30, 1e-9);
	double three[] = { 50, 50, 50 };
	check_spread(three, 3, 10, 0, 100);
	assert_float_equal(three[0], 40, 1e-9);
	assert_float_equal(three[2], 60, 1e-9);
	double edge[] = { 99, 99.5, 100 };
	check_spread(edge, 3, 10, 0, 100);
	assert_float_equal(edge[2], 100, 1e-9);
	double full[11] = { 0 };
	check_spread(full, 11, 10, 0, 100);
	assert_float_equal(full[10], 100, 1e-9);
	axis_spread(full, 0, 10, 0, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_range), cmocka_unit_test(test_ticks_stay_few),
					    cmocka_unit_test(test_spread) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
