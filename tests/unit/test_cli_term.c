/* Text that fits a terminal and cannot take it over. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cli/term.h"

static const struct term utf8 = { .utf8 = true, .columns = 40, .rows = 24 };
static const struct term ascii = { .columns = 40, .rows = 24 };
static bool have_utf8;

static void fits(const struct term *t, const char *text, int columns, const char *expected)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	term_fit(t, &b, text, columns);
	assert_string_equal(b.s, expected);
}

static void test_fit(_unused_ void **state)
{
	fits(&ascii, "ethanol", 10, "ethanol   ");
	fits(&ascii, "ethanol", 7, "ethanol");
	fits(&ascii, "ethanol", 6, "eth...");
	fits(&ascii, "ethanol", 2, "et");
	fits(&ascii, "ethanol", 0, "");
	fits(&ascii, "", 3, "   ");
	if (!have_utf8)
		return;
	fits(&utf8, "ethanol", 6, "ethan\xe2\x80\xa6");
	fits(&utf8, "\xc3\xa4thanol", 8, "\xc3\xa4thanol ");
	fits(&utf8, "\xe6\xb0\xb4\xe6\xb0\xb4\xe6\xb0\xb4", 5, "\xe6\xb0\xb4\xe6\xb0\xb4\xe2\x80\xa6");
	fits(&utf8, "\xe6\xb0\xb4\xe6\xb0\xb4\xe6\xb0\xb4", 6, "\xe6\xb0\xb4\xe6\xb0\xb4\xe6\xb0\xb4");
	assert_int_equal(term_width(&utf8, "\xe6\xb0\xb4" "a"), 3);
}

static void test_control_characters(_unused_ void **state)
{
	fits(&ascii, "a\033[2Jb\n\x7f", 8, "a?[2Jb??");
	fits(&ascii, "\xc3\xa4", 2, "? ");
	fits(&utf8, "a\xff\xc3", 4, "a?? ");
	fits(&utf8, "\xc2\x9b" "31m", 4, "?31m");               /* CSI as one character */
	fits(&utf8, "\xe2\x80\xae" "cba", 4, "?cba");           /* right to left */
	fits(&utf8, "\xe2\x80", 3, "??" " ");
	fits(&utf8, "\xf5\x80\x80\x80", 4, "????");
}

static void test_ascii_look_alikes(_unused_ void **state)
{
	fits(&ascii, "\xc2\xb9\xc2\xb3" "C", 4, "13C ");
	fits(&ascii, "C\xe2\x82\x82H\xe2\x82\x86O", 5, "C2H6O");
	fits(&ascii, "4\xe2\x80\x93" "6 \xce\xb4 \xe2\x94\x80\xe2\x88\x92", 9, "4-6 d -- ");
	fits(&ascii, "\xc2\x9b", 1, "?");
	fits(&ascii, "\xce\xb1", 1, "?");
}

static void bar(const struct term *t, double f, const char *expected)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	term_bar(t, &b, f, 4);
	assert_string_equal(b.s, expected);
}

#define FULL "\xe2\x96\x88"
#define LIGHT "\xe2\x96\x91"

static void test_bar(_unused_ void **state)
{
	bar(&ascii, 0, "....");
	bar(&ascii, 0.5, "##..");
	bar(&ascii, 1, "####");
	bar(&ascii, -1, "....");
	bar(&ascii, 7, "####");
	bar(&ascii, 0.0 / 0.0, "....");
	bar(&utf8, 0.25, FULL LIGHT LIGHT LIGHT);
	bar(&utf8, 0.375, FULL "\xe2\x96\x8c" LIGHT LIGHT);
	bar(&utf8, 1, FULL FULL FULL FULL);
}

static void test_style(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	struct term colour = utf8;
	colour.colour = true;
	term_style(&utf8, &b, TERM_RED, "a");
	term_style(&colour, &b, TERM_PLAIN, "b");
	term_style(&colour, &b, TERM_RED, "c");
	assert_string_equal(b.s, "ab\033[31mc\033[0m");
}

static void test_wrap(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	term_wrap(&ascii, &b, "a line that is longer than forty columns are wide\nand another", 4);
	assert_string_equal(b.s, "    a line that is longer than forty\n    columns are wide\n    and another\n");
	buf_clear(&b);
	term_wrap(&ascii, &b, "", 2);
	assert_string_equal(b.s, "  \n");
}

static void test_init(_unused_ void **state)
{
	struct term t;
	int fd[2];
	assert_int_equal(pipe(fd), 0);
	setenv("COLUMNS", "132", 1);
	term_init(&t, fd[1]);
	assert_false(t.tty || t.colour);
	assert_int_equal(t.columns, 132);
	unsetenv("COLUMNS");
	term_init(&t, fd[1]);
	assert_int_equal(t.columns, 80);
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	have_utf8 = setlocale(LC_CTYPE, "C.UTF-8") != NULL;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fit), cmocka_unit_test(test_control_characters), cmocka_unit_test(test_ascii_look_alikes), cmocka_unit_test(test_bar),
		cmocka_unit_test(test_style), cmocka_unit_test(test_wrap), cmocka_unit_test(test_init),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
