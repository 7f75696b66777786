/* CREST: arguments, and recorded outputs of 2.12 and 3.0.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "nmr/crest.h"
#include "nmr/xtb.h"

static const struct solvent chcl3 = { .code = "chcl3", .name = "chloroform", .alpb = "chcl3" };
static const struct solvent vacuum = { .code = "vacuum", .name = "gas phase" };

static const char *version = "2.12";

static void golden(const char *name, struct buf *b)
{
	_cleanup_free_ char *path = xasprintf(TEST_DIR "/golden/crest-%s/%s", version, name);
	assert_int_equal(file_read(path, 1 << 24, b), 0);
}

static char *joined(const struct crest_calc *c)
{
	struct buf b = BUF_INIT;
	char **v = crest_args(c, "in.xyz");
	for (char **a = v; *a; a++)
		buf_addf(&b, "%s%s", b.len ? " " : "", *a);
	strv_free(v);
	return buf_detach(&b);
}

static void test_arguments(_unused_ void **state)
{
	struct geometry g = { 0 };
	struct crest_calc c = { &g, &chcl3, 1, 6 };
	_cleanup_free_ char *a = joined(&c);
	assert_string_equal(a, "in.xyz --gfn2 --chrg 1 --ewin 6 --alpb chcl3");
	c.solvent = &vacuum;
	_cleanup_free_ char *b = joined(&c);
	assert_string_equal(b, "in.xyz --gfn2 --chrg 1 --ewin 6");
}

struct parsed { enum verdict verdict; json_t *result; enum cause cause; char *detail; };

static void parsed_release(struct parsed *p)
{
	json_decref(p->result);
	free(p->detail);
}

static struct parsed parse(const struct buf *out, const struct buf *ensemble, size_t n, const char *first, int most)
{
	struct parsed p = { .cause = CAUSE_NONE };
	_cleanup_(geometry_release) struct geometry g = { 0 };
	_cleanup_(buf_release) struct buf start = BUF_INIT;
	golden(first, &start);
	assert_int_equal(geometry_from_xyz(start.s, start.len, &g), 0);
	const struct crest_calc c = { &g, &chcl3, 0, 6 };
	/* Exactly as long as said: a reader that goes on past the end is seen. */
	char *exact = xmalloc(n ? n : 1);
	if (ensemble)
		memcpy(exact, ensemble->s, n);
	p.verdict = crest_parse(out->s, out->len, ensemble ? exact : NULL, n, &c, most, &p.result, &p.cause, &p.detail);
	free(exact);
	return p;
}

static void test_good(_unused_ void **state)
{
	static const struct { const char *version, *name; int natoms, found; double lowest; } cases[] = {
		{ "2.12", "ethanol", 9, 3, -11.40063448 }, { "2.12", "butanol", 15, 17, -17.73188981 },
		{ "3.0.2", "ethanol", 9, 2, -11.40063250 }, { "3.0.2", "butanol", 15, 17, -17.73189165 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		version = cases[i].version;
		_cleanup_(buf_release) struct buf out = BUF_INIT, xyz = BUF_INIT;
		_cleanup_free_ char *o = xasprintf("%s.out", cases[i].name), *x = xasprintf("%s.xyz", cases[i].name);
		golden(o, &out);
		golden(x, &xyz);
		_cleanup_(parsed_release) struct parsed p = parse(&out, &xyz, xyz.len, x, 100);
		assert_int_equal(p.verdict, VERDICT_OK);
		assert_string_equal(json_str(p.result, "version", ""), cases[i].version);
		assert_int_equal(json_int(p.result, "found", 0), cases[i].found);
		const json_t *list = json_arr(p.result, "conformers"), *first = json_array_get(list, 0);
		assert_int_equal(json_array_size(list), cases[i].found);
		assert_true(fabs(json_num(first, "energy_hartree", 0) - cases[i].lowest) < 1e-9);
		assert_int_equal(json_array_size(json_arr(first, "coords")), cases[i].natoms);
		double last = -1e9;
		for (size_t k = 0; k < json_array_size(list); k++) {
			double e = json_num(json_array_get(list, k), "energy_hartree", 0);
			assert_true(e >= last);
			last = e;
		}
		_cleanup_(parsed_release) struct parsed few = parse(&out, &xyz, xyz.len, x, 2);
		assert_int_equal(json_array_size(json_arr(few.result, "conformers")), 2);
		assert_int_equal(json_int(few.result, "found", 0), cases[i].found);
	}
	version = "2.12";
}

static void test_progress(_unused_ void **state)
{
	static const struct { const char *version, *name, *until; int iteration, done; } cases[] = {
		{ "2.12", "ethanol.out", "Starting a trial MTD", 0, 0 }, { "2.12", "ethanol.out", "*Meta-MTD 11 finished*", 1, 3 },
		{ "3.0.2", "ethanol.out", "Starting trial MTD", 0, 0 }, { "3.0.2", "ethanol.out", "*MTD   5 completed", 1, 4 },
		{ "3.0.2", "butanol.out", "Meta-Dynamics Iteration 2", 1, 14 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(buf_release) struct buf out = BUF_INIT;
		struct crest_progress p;
		version = cases[i].version;
		golden(cases[i].name, &out);
		crest_progress(out.s, (size_t)(strstr(out.s, cases[i].until) - out.s), &p);
		assert_int_equal(p.iteration, cases[i].iteration);
		assert_int_equal(p.done, cases[i].done);
	}
	version = "2.12";
}

static void test_failures(_unused_ void **state)
{
	static const struct { const char *version, *name, *detail; } cases[] = {
		{ "2.12", "solvent.out", "Initial geometry optimization failed!" }, { "2.12", "topology.out", "Change in topology detected" },
		{ "3.0.2", "topology.out", "Change in topology detected" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(buf_release) struct buf out = BUF_INIT;
		version = cases[i].version;
		golden(cases[i].name, &out);
		version = "2.12";
		_cleanup_(parsed_release) struct parsed p = parse(&out, NULL, 0, "ethanol.xyz", 100);
		assert_int_equal(p.verdict, VERDICT_FAIL);
		assert_non_null(p.detail);
		assert_non_null(strstr(p.detail, cases[i].detail));
	}
}

/* The closing lines of 3.x, put in the place of a recorded one: a run that ended so is not tried again. */
static void test_closing_lines(_unused_ void **state)
{
	static const char *const lines[] = { "CREST terminated with errors.", "CREST terminated due to invalid parameters.",
		"CREST terminated abnormally.", "Safety termination of CREST." };
	_cleanup_(buf_release) struct buf out = BUF_INIT, xyz = BUF_INIT;
	golden("ethanol.out", &out);
	golden("ethanol.xyz", &xyz);
	out.len = (size_t)(strstr(out.s, "CREST terminated") - out.s);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_(buf_release) struct buf ended = BUF_INIT;
		buf_add(&ended, out.s, out.len);
		buf_addf(&ended, "%s\n", lines[i]);
		_cleanup_(parsed_release) struct parsed p = parse(&ended, &xyz, xyz.len, "ethanol.xyz", 100);
		assert_int_equal(p.verdict, VERDICT_FAIL);
		assert_string_equal(p.detail, lines[i]);
	}
}

/* Whatever is missing at the end, it is no result. */
static void test_cut_short(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf out = BUF_INIT, xyz = BUF_INIT;
	golden("ethanol.out", &out);
	golden("ethanol.xyz", &xyz);
	int whole = 0;
	for (size_t n = xyz.len - 1; n > 0; n -= MIN(n, 37)) {
		_cleanup_(parsed_release) struct parsed p = parse(&out, &xyz, n, "ethanol.xyz", 100);
		whole += p.verdict == VERDICT_OK;
	}
	assert_int_equal(whole, 0);
	_cleanup_(parsed_release) struct parsed other = parse(&out, &xyz, xyz.len, "butanol.xyz", 100);
	assert_true(other.verdict != VERDICT_OK);
	out.len = (size_t)(strstr(out.s, "CREST terminated") - out.s);
	out.s[out.len] = '\0';
	_cleanup_(parsed_release) struct parsed p = parse(&out, &xyz, xyz.len, "ethanol.xyz", 100);
	assert_int_equal(p.verdict, VERDICT_RETRY);
	assert_int_equal(p.cause, CAUSE_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments), cmocka_unit_test(test_good), cmocka_unit_test(test_failures),
		cmocka_unit_test(test_closing_lines), cmocka_unit_test(test_progress),
		cmocka_unit_test(test_cut_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
