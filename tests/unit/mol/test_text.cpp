/* Text that strangers sent: encodings, splitting, excerpts. */
#include "cmocka.hpp"

#include "mol/text.hpp"

using namespace mol;

static void encodings(void **)
{
	assert_text(*text_decode("CCO\r\nCC\rC"), "CCO\nCC\nC");
	assert_text(*text_decode("\xEF\xBB\xBF" "CCO"), "CCO");
	assert_text(*text_decode(std::string("\xFF\xFE" "C\0C\0O\0", 8)), "CCO");
	assert_text(*text_decode(std::string("\xFE\xFF" "\0C\0C\0O", 8)), "CCO");
	assert_text(*text_decode(std::string("C\0C\0C\0C\0O\0", 10)), "CCCCO");
	assert_text(*text_decode(std::string("\xFF\xFE\x3D\xD8\x00\xDE", 6)), "\xF0\x9F\x98\x80"); /* a surrogate pair */
	assert_text(*text_decode("a name with \xE9"), "a name with \xC3\xA9"); /* Windows-1252 */
	assert_text(*text_decode("CCO\x1A"), "CCO");
}

static void binary(void **)
{
	assert_false(text_decode(std::string("CC\0O", 4)).has_value());
	assert_false(text_decode("\x01\x02\x03").has_value());
	assert_false(text_decode("\x82\x82\x82\x82").has_value());
}

static void splitting(void **)
{
	const auto w = text_split("\"a,b\", c ,\"say \"\"x\"\"\"", ',');
	assert_int_equal(w.size(), 3);
	assert_text(w[0], "a,b");
	assert_text(w[1], "c");
	assert_text(w[2], "say \"x\"");
	assert_int_equal(text_split("  C 1.0\t2.0  ", ' ').size(), 3);
	assert_int_equal(text_lines("a\nb\n").size(), 2);
	assert_int_equal(text_lines("").size(), 0);
}

static void numbers(void **)
{
	assert_int_equal(*text_int("+1"), 1);
	assert_int_equal(*text_int("-2"), -2);
	assert_false(text_int("1.5").has_value());
	assert_false(text_int("").has_value());
	assert_true(*text_double("1e-3") == 1e-3);
	assert_false(text_double("1.0x").has_value());
	assert_false(text_double("nan").has_value());
}

static void words(void **)
{
	assert_text(text_list({"a"}), "a");
	assert_text(text_list({"a", "b", "c"}), "a, b and c");
	assert_text(text_excerpt("  abcdef ", 3), "abc...");
	assert_text(text_excerpt("ab\xC3\xA9", 3), "ab..."); /* not in the middle of a letter */
	assert_text(text_sentence("it broke"), "it broke.");
}

int main()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodings), cmocka_unit_test(binary), cmocka_unit_test(splitting),
		cmocka_unit_test(numbers), cmocka_unit_test(words)};
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
