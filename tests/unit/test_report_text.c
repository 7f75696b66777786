/* Escaping, measuring and wrapping of strangers' strings. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "report/text.h"

static void expect(struct buf *b, const char *want)
{
	assert_string_equal(b->s, want);
	buf_release(b);
}

static void test_html(_unused_ void **state)
{
	struct buf b = BUF_INIT;
	text_html(&b, "<script>\"a\" & 'b'</script>\x07\n");
	expect(&b, "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;\xEF\xBF\xBD ");
	text_html(&b, "δ\xff\xc3");
	expect(&b, "δ\xEF\xBF\xBD\xEF\xBF\xBD");
	text_html(&b, "a\xE2\x80\xAE" "b");      /* right-to-left override */
	expect(&b, "a\xEF\xBF\xBD" "b");
	text_html(&b, "\xED\xA0\x80\xC0\xAF");    /* surrogate, overlong slash */
	assert_null(strchr(b.s, '/'));
	buf_release(&b);
	text_html(&b, NULL);
	assert_int_equal(b.len, 0);
}

static void test_csv(_unused_ void **state)
{
	static const char *const cases[][2] = {
		{ "ethanol", "ethanol" }, { "a,b", "\"a,b\"" }, { "say \"x\"", "\"say \"\"x\"\"\"" },
		{ "=1+1", "\"'=1+1\"" }, { "+1", "\"'+1\"" }, { "-1", "\"'-1\"" }, { "@x", "\"'@x\"" },
		{ "\t=1", "\"'=1\"" }, { " \r\n=1", "\"'=1\"" }, { "a\r\nb", "a b" }, { "x;=1", "\"x;=1\"" }, { "", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b = BUF_INIT;
		text_csv(&b, cases[i][0]);
		expect(&b, cases[i][1]);
	}
}

static void test_line(_unused_ void **state)
{
	struct buf b = BUF_INIT;
	text_line(&b, "  a \n b\t\tc  ", 0);
	expect(&b, "a b c");
	text_line(&b, "abcdef", 4);
	expect(&b, "abc…");
	text_line(&b, "abcd", 4);
	expect(&b, "abcd");
	text_line(&b, "分子分子", 5);
	expect(&b, "分子…");
	assert_int_equal(text_width("分子 a"), 6);
	assert_int_equal(text_width("e\xCC\x81"), 1);
	text_pad(&b, "δ", 3, false);
	text_pad(&b, "δ", 3, true);
	expect(&b, "δ    δ");
}

static void test_wrap(_unused_ void **state)
{
	struct buf b = BUF_INIT;
	text_wrap(&b, "one two three", "- ", 9, "\n");
	expect(&b, "- one two\n  three\n");
	text_wrap(&b, "abcdefghij", "  ", 6, "\r\n");
	expect(&b, "  abcd\r\n  efgh\r\n  ij\r\n");
	text_wrap(&b, "a\n\nb", "", 10, "\n");
	expect(&b, "a\n\nb\n");
	text_wrap(&b, "write component = largest", "", 21, "\n");
	expect(&b, "write\ncomponent = largest\n");
	text_wrap(&b, NULL, "x", 10, "\n");
	expect(&b, "x\n");
}

static void test_subscripts(_unused_ void **state)
{
	static const char *const cases[][2] = { { "CDCl3", "CDCl₃" }, { "DMSO-d6", "DMSO-d₆" }, { "D2O", "D₂O" },
						{ "C10H22", "C₁₀H₂₂" }, { "C2H3O2-", "C₂H₃O₂⁻" },
						{ "C4H4O4-2", "C₄H₄O₄²⁻" }, { "H4N+", "H₄N⁺" }, { "", "" } };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b = BUF_INIT;
		text_subscripts(&b, cases[i][0]);
		expect(&b, cases[i][1]);
	}
}

static void test_number(_unused_ void **state)
{
	struct buf b = BUF_INIT;
	text_number(&b, -0.001, 2, true);
	expect(&b, "0.00");
	text_number(&b, -1.256, 2, true);
	expect(&b, "−1.26");
	text_number(&b, -1.256, 2, false);
	expect(&b, "-1.26");
	text_number(&b, NAN, 2, false);
	expect(&b, "");
	text_number(&b, INFINITY, 2, true);
	expect(&b, "–");
}

static void test_base64(_unused_ void **state)
{
	static const char *const cases[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
						{ "foobar", "Zm9vYmFy" } };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b = BUF_INIT;
		text_base64(&b, cases[i][0], strlen(cases[i][0]));
		expect(&b, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_html), cmocka_unit_test(test_csv), cmocka_unit_test(test_line),
		cmocka_unit_test(test_wrap), cmocka_unit_test(test_subscripts), cmocka_unit_test(test_number),
		cmocka_unit_test(test_base64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
