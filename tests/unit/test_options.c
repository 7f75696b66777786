/* Options as people type them, refusals, tickets in every encoding, JSON. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/conf.h"
#include "base/file.h"
#include "nmr/options.h"

static struct share *share;
static struct options o;

static int load(_unused_ void **state)
{
	char *error = NULL;
	share = share_load("spooler/share", &error);
	if (!share)
		print_error("%s\n", error);
	free(error);
	return share ? 0 : -1;
}

static int unload(_unused_ void **state)
{
	share_free(share);
	return 0;
}

static int setup(_unused_ void **state)
{
	options_init(&o, share);
	return 0;
}

static int teardown(_unused_ void **state)
{
	options_release(&o);
	return 0;
}

static void accept(const char *name, const char *value, enum option i, const char *stored)
{
	char *error = NULL;
	if (options_set(&o, share, name, value, "test", &error) < 0)
		fail_msg("%s = %s: %s", name, value, error);
	if (!str_eq(o.value[i], stored))
		fail_msg("%s = %s is stored as %s, not %s", name, value, o.value[i], stored);
	assert_string_equal(o.origin[i], "test");
}

static void refuse(const char *name, const char *value, int code, const char *words)
{
	char *error = NULL;
	assert_int_equal(options_set(&o, share, name, value, "test", &error), code);
	if (!strstr(error, words))
		fail_msg("\"%s\" does not say \"%s\"", error, words);
	free(error);
}

static void test_defaults(_unused_ void **state)
{
	static const char *const expected[OPTION_COUNT] = {
		[OPTION_SOLVENT] = "chcl3", [OPTION_PRESET] = "standard", [OPTION_MODE] = "auto",
		[OPTION_GEOMETRY] = "auto", [OPTION_CHARGE] = "auto", [OPTION_NAME] = "",
		[OPTION_TEMPERATURE] = "298.15", [OPTION_PRIORITY] = "0", [OPTION_COMPONENT] = "all",
		[OPTION_MAX_CONFORMERS] = "auto", [OPTION_NOTIFY] = "",
		[OPTION_CONFORMERS] = "auto", [OPTION_FREE_ENERGY] = "no", [OPTION_POPULATION_MIN] = "0.9",
	};
	for (int i = 0; i < OPTION_COUNT; i++) {
		char *error = NULL;
		assert_string_equal(o.value[i], expected[i]);
		assert_string_equal(o.origin[i], "default");
		/* A default is a value that would be accepted. */
		assert_int_equal(options_set(&o, share, option_name((enum option)i), expected[i], "default", &error), 0);
		assert_string_equal(o.value[i], expected[i]);
	}
}

static void test_values(_unused_ void **state)
{
	accept("solvent", "CDCl3", OPTION_SOLVENT, "chcl3");
	accept("Solvent", " \"DMSO-d6\"; ", OPTION_SOLVENT, "dmso");
	accept("SOLVENT", "d2o", OPTION_SOLVENT, "water");
	accept("solvent", "Chloroform-D1 (CDCl3)", OPTION_SOLVENT, "chcl3");
	accept("solvent", "water  # for Anna", OPTION_SOLVENT, "water");
	accept("preset", "Draft", OPTION_PRESET, "draft");
	accept("conformer_mode", "Ensemble", OPTION_MODE, "ensemble");
	accept("geometry", "KEEP", OPTION_GEOMETRY, "keep");
	accept("keep geometry", "yes", OPTION_GEOMETRY, "keep");
	accept("T", "25 C", OPTION_TEMPERATURE, "298.15");
	accept("temp", "37,5 \xc2\xb0""C", OPTION_TEMPERATURE, "310.65");
	accept("temperature", "300K", OPTION_TEMPERATURE, "300");
	accept("priority", "high", OPTION_PRIORITY, "5");
	accept("prio", "+3", OPTION_PRIORITY, "3");
	accept("component", "Largest", OPTION_COMPONENT, "largest");
	accept("max-conformers", "20", OPTION_MAX_CONFORMERS, "20");
	accept("MaxConformers", "auto", OPTION_MAX_CONFORMERS, "auto");
	accept("NMR_solvent", "vacuum", OPTION_SOLVENT, "vacuum");
}

static void test_charges(_unused_ void **state)
{
	static const char *const cases[][2] = {
		{ "1", "1" }, { "+1", "1" }, { "1+", "1" }, { "-2", "-2" }, { "2-", "-2" },
		{ "\xe2\x88\x92" "1", "-1" }, { "0", "0" }, { "neutral", "0" }, { "Auto", "auto" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		accept("charge", cases[i][0], OPTION_CHARGE, cases[i][1]);
	refuse("charge", "10", -EINVAL, "from -9 to 9");
	refuse("charge", "one", -EINVAL, "charge = \"one\"");
	refuse("charge", "--1", -EINVAL, "whole number");
	refuse("charge", "1.0", -EINVAL, "whole number");
}

static void test_names(_unused_ void **state)
{
	accept("name", "'ethanol'", OPTION_NAME, "ethanol");
	accept("title", "  Compound #7 // b ", OPTION_NAME, "Compound #7 // b");
	accept("name", "2\xe2\x80\x93methyl", OPTION_NAME, "2\xe2\x80\x93methyl");
	accept("name", "a\tb\x01", OPTION_NAME, "a b");
	accept("name", "", OPTION_NAME, "");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	for (int i = 0; i < 100; i++)
		buf_adds(&b, "\xc3\xa4");
	accept("name", b.s, OPTION_NAME, b.s);
	buf_addc(&b, 'x');
	refuse("name", b.s, -EINVAL, "101 characters, at most 100");
}

static void test_refusals(_unused_ void **state)
{
	refuse("solvnt", "CDCl3", -ENOENT, "\"solvnt\" is not an option; did you mean \"solvent\"?");
	refuse("frequency", "400", -ENOENT, "Options: solvent, preset, mode,");
	refuse("", "400", -ENOENT, "is not an option");
	refuse("solvent", "CDC3", -EINVAL, "did you mean \"");
	refuse("solvent", "beer", -EINVAL, "chcl3 (CDCl3)");
	refuse("solvent", " ; ", -EINVAL, "is empty");
	refuse("preset", "fast", -EINVAL, "Presets: ");
	refuse("preset", "prodcution", -EINVAL, "did you mean \"production\"?");
	refuse("mode", "many", -EINVAL, "Values: auto, single, ensemble.");
	refuse("temperature", "77 F", -EINVAL, "kelvin");
	refuse("temperature", "25", -EINVAL, "from 100 to 600");
	refuse("temperature", "nan", -EINVAL, "kelvin");
	refuse("priority", "11", -EINVAL, "-10 to 10");
	refuse("max_conformers", "0", -EINVAL, "1 to 500");
	assert_string_equal(o.value[OPTION_SOLVENT], "chcl3");
	assert_string_equal(o.origin[OPTION_SOLVENT], "default");
}

static void test_notify(_unused_ void **state)
{
	static const char *const bad[] = { "anna", "@example.org", "anna@", "a@b@c.d", "a b@example.org", "a@example.org b@example.org",
		"a@example.org,b@example.org", "Anna <a@example.org>", "<a@example.org>", "a@example.org\r\nBcc: b@example.org",
		"a@example.org\nBcc: b", "a@example..org", ".a@example.org", "a@-example.org", "a@[127.0.0.1]", "\"a b\"@example.org",
		"j\xc3\xb6rg@example.org", "a;b@example.org", "a@exa_mple.org", "a@example.org." };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	accept("notify", "Anna.B+nmr@Chem.example.org", OPTION_NOTIFY, "Anna.B+nmr@Chem.example.org");
	accept("notification_email", " \"anna@example.org\"; ", OPTION_NOTIFY, "anna@example.org");
	accept("Notify", "root@localhost", OPTION_NOTIFY, "root@localhost");
	accept("notify", "", OPTION_NOTIFY, "");
	accept("notify", "x@example.org", OPTION_NOTIFY, "x@example.org");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refuse("notify", bad[i], -EINVAL, "is not a usable e-mail address");
	while (b.len < 300)
		buf_adds(&b, "abcdefghij.");
	buf_adds(&b, "a@example.org");
	refuse("notify", b.s, -EINVAL, "is not a usable e-mail address");
	assert_string_equal(o.value[OPTION_NOTIFY], "x@example.org");
	assert_false(options_is_record_field("notify"));
	assert_false(options_is_record_field("NMR_notify"));
	assert_false(options_is_record_field("nmr.notification_email"));
}

static void test_record_fields(_unused_ void **state)
{
	static const char *const yes[] = { "solvent", "Solvent", "charge", "max_conformers", "NMR_solvent",
					   "nmr.temp", "NMR_solvnt", "NMR_conformers", "nmr.free_energy" };
	static const char *const no[] = { "conformers", "free_energy", "population_min", "temp", "title", "t", "PUBCHEM_COMPOUND_CID", "NMREDATA_SOLVENT",
					  "Spectrum 13C 0", "NMR_", "nmr.spectrum_1H", "" };
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (!options_is_record_field(yes[i]))
			fail_msg("%s should count", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (options_is_record_field(no[i]))
			fail_msg("%s should not count", no[i]);
}

static int ticket(const char *text, size_t n, char **ret_error)
{
	return options_ticket(&o, share, text, n, "ticket t.conf", ret_error);
}

static void ticket_is(const char *text, size_t n, const char *solvent, const char *preset)
{
	char *error = NULL;
	options_release(&o);
	options_init(&o, share);
	if (ticket(text, n, &error) < 0)
		fail_msg("%s", error);
	assert_string_equal(o.value[OPTION_SOLVENT], solvent);
	assert_string_equal(o.value[OPTION_PRESET], preset);
}

#define TICKET(text) text, sizeof(text) - 1

static void test_tickets(_unused_ void **state)
{
	ticket_is(TICKET("solvent = DMSO-d6\npreset = draft\n"), "dmso", "draft");
	ticket_is(TICKET("# mine\r\n\r\n  Solvent:\tDMSO-d6 ;\r\nPRESET: 'draft',\r\n"), "dmso", "draft");
	ticket_is(TICKET("solvent=\"D2O\";\rpreset=draft;\r// end"), "water", "draft");
	ticket_is(TICKET("[nmr]\n; comment\n---\nsolvent D2O\n"), "water", "standard");
	ticket_is(TICKET("solvent = D2O; preset = draft; name = a;b"), "water", "draft");
	assert_string_equal(o.value[OPTION_NAME], "a;b");
	ticket_is(TICKET("solvent = \xe2\x80\x9c" "D2O\xe2\x80\x9d\n"), "water", "standard");
	ticket_is(TICKET("\xef\xbb\xbfsolvent = D2O"), "water", "standard");
	ticket_is(TICKET("solvent = D2O\nsolvent = DMSO"), "dmso", "standard");
	ticket_is(TICKET(""), "chcl3", "standard");
	assert_string_equal(o.origin[OPTION_SOLVENT], "default");
	ticket_is(TICKET("name: 50:50 = mixture"), "chcl3", "standard");
	assert_string_equal(o.value[OPTION_NAME], "50:50 = mixture");
	assert_string_equal(o.origin[OPTION_NAME], "ticket t.conf");
}

static void test_utf16_tickets(_unused_ void **state)
{
	static const char ascii[] = "solvent = D2O\r\nname = x";
	char little[2 + 2 * sizeof(ascii)] = "\xff\xfe", big[2 + 2 * sizeof(ascii)] = "\xfe\xff";
	size_t n = sizeof(ascii) - 1;
	for (size_t i = 0; i < n; i++) {
		little[2 + 2 * i] = ascii[i];
		little[3 + 2 * i] = 0;
		big[2 + 2 * i] = 0;
		big[3 + 2 * i] = ascii[i];
	}
	ticket_is(little, 2 + 2 * n, "water", "standard");
	assert_string_equal(o.value[OPTION_NAME], "x");
	ticket_is(big, 2 + 2 * n, "water", "standard");
	ticket_is(little + 2, 2 * n, "water", "standard");
	ticket_is(big + 2, 2 * n, "water", "standard");
	ticket_is(little, 2 + 2 * n - 1, "water", "standard");   /* half a character at the end */
	static const char smile[] = "\xff\xfen\0a\0m\0e\0=\0\x3d\xd8\x00\xde";
	ticket_is(TICKET(smile), "chcl3", "standard");
	assert_string_equal(o.value[OPTION_NAME], "\xf0\x9f\x98\x80");
}

static void test_bad_ticket_tells_all(_unused_ void **state)
{
	char *error = NULL;
	assert_int_equal(ticket(TICKET("solvnt = D2O\n\npreset = draft\ntemperature = hot\nplease hurry\n"), &error), -EINVAL);
	assert_non_null(strstr(error, "line 1: \"solvnt\" is not an option"));
	assert_non_null(strstr(error, "line 4: temperature = \"hot\""));
	assert_non_null(strstr(error, "line 5: \"please hurry\" is not understood"));
	assert_string_equal(o.value[OPTION_PRESET], "draft");
	free(error);
}

static void test_ticket_noise(_unused_ void **state)
{
	unsigned char noise[512];
	uint32_t x = 1;
	for (int round = 0; round < 300; round++) {
		size_t n = (size_t)round;
		for (size_t i = 0; i < n; i++) {
			x = x * 1664525u + 1013904223u;
			noise[i] = (unsigned char)(x >> 24);
		}
		char *error = NULL;
		/* A copy of the exact size, so that reading past the end is seen. */
		char *exact = xmalloc(n);
		memcpy(exact, noise, n);
		ticket(exact, n, &error);
		free(exact);
		free(error);
	}
}

static void test_json(_unused_ void **state)
{
	struct options back;
	accept("solvent", "D2O", OPTION_SOLVENT, "water");
	json_t *j = options_to_json(&o);
	assert_string_equal(json_str(json_object_get(j, "solvent"), "value", ""), "water");
	assert_string_equal(json_str(json_object_get(j, "solvent"), "origin", ""), "test");
	assert_int_equal(json_object_size(j), OPTION_COUNT);
	options_init(&back, share);
	assert_int_equal(options_from_json(&back, j), 0);
	for (int i = 0; i < OPTION_COUNT; i++) {
		assert_string_equal(back.value[i], o.value[i]);
		assert_string_equal(back.origin[i], o.origin[i]);
	}
	json_object_del(j, "component");        /* a row of an older version */
	assert_int_equal(options_from_json(&back, j), 0);
	json_object_set_new(j, "colour", json_pack("{s:s,s:s}", "value", "red", "origin", "x"));
	assert_int_equal(options_from_json(&back, j), -EBADMSG);
	json_decref(j);
	assert_int_equal(options_from_json(&back, NULL), -EBADMSG);
	options_release(&back);
}

static void test_copy(_unused_ void **state)
{
	struct options copy = { 0 };
	accept("name", "x", OPTION_NAME, "x");
	options_copy(&copy, &o);
	accept("name", "y", OPTION_NAME, "y");
	assert_string_equal(copy.value[OPTION_NAME], "x");
	options_copy(&copy, &o);
	assert_string_equal(copy.value[OPTION_NAME], "y");
	options_release(&copy);
}

static void test_conf_pairs(_unused_ void **state)
{
	struct conf_pair good = { (char *)"solvent", (char *)"D2O" }, bad = { (char *)"solvnt", (char *)"D2O" };
	struct conf_hot hot[] = { { .name = (char *)"A", .options = &good, .noptions = 1 },
				  { .name = (char *)"B", .options = &bad, .noptions = 1 } };
	struct conf conf = { .defaults = &good, .ndefaults = 1, .hot = hot, .nhot = 1 };
	char *error = NULL;
	assert_int_equal(options_check_conf(&conf, share, &error), 0);
	conf.nhot = 2;
	assert_int_equal(options_check_conf(&conf, share, &error), -EINVAL);
	assert_true(str_has_prefix(error, "hot folder B: \"solvnt\" is not an option"));
	free(error);
}

/* The shipped configuration, too, has to be understood. */
static void test_shipped_conf(_unused_ void **state)
{
	char *error = NULL;
	struct conf *conf = conf_load("spooler/share/nmr.conf", NULL, &error);
	assert_non_null(conf);
	assert_true(conf->nhot > 0);
	assert_int_equal(options_check_conf(conf, share, &error), 0);
	conf_free(conf);
}

static void test_manual_has_every_option(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf text = BUF_INIT;
	assert_int_equal(file_read("man/nmr.1", 1 << 20, &text), 0);
	for (int i = 0; i < OPTION_COUNT; i++) {
		_cleanup_free_ char *entry = xasprintf("\n.It Fl -%s Ar", option_name((enum option)i));
		for (char *p = entry; *p; p++)
			*p = *p == '_' ? '-' : *p;
		if (!strstr(text.s, entry))
			fail_msg("%s is not in nmr(1)", option_name((enum option)i));
		assert_in_range(strlen(option_help((enum option)i)), 10, 80 - 21);
	}
	for (size_t i = 0; share_solvent_at(share, i); i++)
		assert_non_null(strstr(text.s, share_solvent_at(share, i)->code));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_defaults), T(test_values), T(test_charges), T(test_names), T(test_refusals),
		T(test_record_fields), T(test_notify), T(test_tickets), T(test_utf16_tickets), T(test_bad_ticket_tells_all),
		T(test_ticket_noise), T(test_json), T(test_copy), T(test_conf_pairs), T(test_shipped_conf),
		T(test_manual_has_every_option),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
