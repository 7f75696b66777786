/* The report page: what it must say, and that nothing of a stranger's runs in it. */
#include "report_help.h"

#include "report/html.h"

static void page(const char *name, struct buf *b)
{
	_cleanup_json_ json_t *j = sample(name);
	assert_int_equal(report_html(j, b), 0);
	/* Self-contained: no script, nothing fetched. */
	lacks(b, "<script");
	lacks(b, "src=\"http");
	lacks(b, "<link");
	lacks(b, "@import");
	lacks(b, "url(");
	has(b, "default-src 'none'");
	assert_int_equal(occurrences(b->s, "<svg"), 2);
	assert_int_equal(occurrences(b->s, "<table>"), occurrences(b->s, "</table>"));
	assert_int_equal(occurrences(b->s, "<div"), occurrences(b->s, "</div>"));
	assert_int_equal(occurrences(b->s, "<section"), occurrences(b->s, "</section>"));
}

static void test_ethanol(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	page("ethanol", &b);
	has(&b, "<h1>ethanol</h1>");
	has(&b, "C₂H₆O");
	has(&b, "data:image/svg+xml;base64,");
	has(&b, "<span class=\"tag\">exchangeable</span>");
	has(&b, "44.5 %");
	has(&b, "hot folder CDCl3");
	has(&b, "ticket ethanol.conf");
	has(&b, "Boltzmann weights at 298.15 K");
	has(&b, "Compared by single points");
	has(&b, "1 were no longer the molecule");
	has(&b, "<dd>7.0.2</dd>");
	has(&b, "submitted 2026-01-31 12:00 UTC");
	has(&b, "Wang, J. Witek");
	lacks(&b, "UNCALIBRATED");
}

static void test_uncalibrated_is_loud(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	page("anisole", &b);
	const char *box = strstr(b.s, "box loud"), *spectra = strstr(b.s, "<h2>Spectra");
	assert_non_null(box);
	assert_true(box < spectra);
}

static void test_exchanged(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	page("bromohydrin", &b);
	has(&b, "not seen in D₂O");
	has(&b, "spin-orbit effects are not computed");
}

static void test_hostile(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	page("hostile", &b);
	lacks(&b, "<img src=x");
	lacks(&b, "<script>alert(1)");
	has(&b, "1 could not be computed, 1 were cut (within 3.0 kcal/mol, lowest first); about 25.0 % of the population");
	lacks(&b, "<b>..");
	lacks(&b, "<i>x</i>");
	lacks(&b, "\xE2\x80\xAE");
	lacks(&b, "\x07");
	has(&b, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;");
}

static void test_drawing_cannot_run(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_object_set_new(j, "structure_svg", json_string("<svg onload='alert(1)'><script>alert(2)</script></svg>"));
	assert_int_equal(report_html(j, &b), 0);
	lacks(&b, "alert(");
}

static void test_nothing_there(_unused_ void **state)
{
	_cleanup_json_ json_t *j = json_object();
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_html(j, &b), 0);
	has(&b, "<h1>molecule</h1>");
	lacks(&b, "(null)");
	lacks(&b, "nan ");
	lacks(&b, ">nan");
	assert_int_equal(report_html(NULL, &b), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ethanol), cmocka_unit_test(test_uncalibrated_is_loud), cmocka_unit_test(test_exchanged),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_drawing_cannot_run), cmocka_unit_test(test_nothing_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
