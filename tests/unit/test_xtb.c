/* xTB: arguments, and real outputs of two versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "nmr/xtb.h"

static const char *const versions[] = { "6.5.1", "6.7.1" };
static const struct solvent chcl3 = { .code = "chcl3", .name = "chloroform", .alpb = "chcl3" };
static const struct solvent vacuum = { .code = "vacuum", .name = "gas phase" };

static void golden(const char *version, const char *name, const char *ext, struct buf *b)
{
	_cleanup_free_ char *path = xasprintf(TEST_DIR "/golden/xtb-%s/%s.%s", version, name, ext);
	assert_int_equal(file_read(path, 1 << 24, b), 0);
}

static char *joined(const struct xtb_calc *c)
{
	struct buf b = BUF_INIT;
	char **v = xtb_args(c, "in.xyz");
	for (char **a = v; *a; a++)
		buf_addf(&b, "%s%s", b.len ? " " : "", *a);
	strv_free(v);
	return buf_detach(&b);
}

static void test_arguments(_unused_ void **state)
{
	struct geometry g = { 0 };
	struct xtb_calc c = { .geometry = &g, .solvent = &chcl3, .charge = -1 };
	_cleanup_free_ char *plain = joined(&c);
	assert_string_equal(plain, "in.xyz --gfn 2 --chrg -1 --opt tight --alpb chcl3");
	c.solvent = &vacuum;
	c.task = XTB_HESSIAN;
	_cleanup_free_ char *hessian = joined(&c);
	assert_string_equal(hessian, "in.xyz --gfn 2 --chrg -1 --hess");
	c.task = XTB_THERMO;
	c.temperature = 310;
	_cleanup_free_ char *thermo = joined(&c);
	assert_string_equal(thermo, "in.xyz --gfn 2 --chrg -1 --bhess --input xtb.inp");
	_cleanup_(buf_release) struct buf input = BUF_INIT;
	xtb_input(&c, &input);
	assert_non_null(strstr(input.s, "temp=310.00\n"));
	c.task = XTB_OPTIMISE;
	c.rung = 1;
	_cleanup_free_ char *rung = joined(&c);
	assert_non_null(strstr(rung, "--opt normal"));
	assert_non_null(strstr(rung, "--iterations 1000"));
	strv_free(NULL);
}

static void test_canonical(_unused_ void **state)
{
	static const char xyz[] = "1\n\nHe 0 0 0\n";
	_cleanup_(geometry_release) struct geometry g = { 0 };
	_cleanup_(buf_release) struct buf a = BUF_INIT, b = BUF_INIT, d = BUF_INIT;
	assert_int_equal(geometry_from_xyz(xyz, strlen(xyz), &g), 0);
	struct xtb_calc c = { .geometry = &g, .solvent = &chcl3 };
	xtb_canonical(&c, &a);
	c.charge = 1;
	xtb_canonical(&c, &b);
	c.charge = 0;
	c.task = XTB_THERMO;
	c.temperature = 300;
	_cleanup_(buf_release) struct buf cold = BUF_INIT, warm = BUF_INIT;
	xtb_canonical(&c, &cold);
	c.temperature = 310;
	xtb_canonical(&c, &warm);
	assert_string_not_equal(cold.s, warm.s);
	c.task = XTB_OPTIMISE;
	c.rung = 1;
	xtb_canonical(&c, &d);
	assert_string_not_equal(a.s, b.s);
	assert_string_not_equal(a.s, d.s);
	assert_non_null(strstr(a.s, "He 0.00000"));
}

static void test_ladder(_unused_ void **state)
{
	const char *why = NULL;
	assert_int_equal(xtb_next_rung(0, CAUSE_SCF, &why), 1);
	assert_non_null(why);
	assert_int_equal(xtb_next_rung(0, CAUSE_OPT_STEPS, &why), 1);
	assert_int_equal(xtb_next_rung(1, CAUSE_SCF, &why), -1);
	assert_int_equal(xtb_next_rung(0, CAUSE_INPUT, &why), -1);
}

struct parsed { enum verdict verdict; json_t *result; enum cause cause; char *detail; };

static void parsed_release(struct parsed *p)
{
	json_decref(p->result);
	free(p->detail);
}

static struct parsed parse(const struct buf *out, size_t n, const struct buf *opt, int natoms, enum xtb_task task)
{
	struct parsed p = { .cause = CAUSE_NONE };
	struct geometry g = { 0 };
	geometry_resize(&g, natoms);
	memset(g.xyz, 0, (size_t)natoms * sizeof(*g.xyz));
	const struct xtb_calc c = { .task = task, .geometry = &g, .solvent = &chcl3, .temperature = 310 };
	char *exact = xmalloc(n ? n : 1);
	memcpy(exact, out->s, n);
	p.verdict = xtb_parse(exact, n, opt ? opt->s : NULL, opt ? opt->len : 0, &c, &p.result, &p.cause, &p.detail);
	free(exact);
	geometry_release(&g);
	return p;
}

static void test_good(_unused_ void **state)
{
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		_cleanup_(buf_release) struct buf out = BUF_INIT, opt = BUF_INIT;
		golden(versions[v], "ethanol", "out", &out);
		golden(versions[v], "ethanol", "xyz", &opt);
		_cleanup_(parsed_release) struct parsed p = parse(&out, out.len, &opt, 9, XTB_OPTIMISE);
		assert_int_equal(p.verdict, VERDICT_OK);
		assert_string_equal(json_str(p.result, "version", ""), versions[v]);
		assert_true(fabs(json_num(p.result, "energy_hartree", 0) + 11.400638) < 1e-5);
		assert_int_equal(json_array_size(json_arr(p.result, "coords")), 9);
		/* Another molecule's geometry, and none at all. */
		_cleanup_(parsed_release) struct parsed other = parse(&out, out.len, &opt, 8, XTB_OPTIMISE);
		_cleanup_(parsed_release) struct parsed none = parse(&out, out.len, NULL, 9, XTB_OPTIMISE);
		assert_true(other.verdict != VERDICT_OK && none.verdict != VERDICT_OK);
	}
}

static void test_hessian(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf out = BUF_INIT, h = BUF_INIT;
	golden("6.5.1", "ethanol-hessian", "out", &out);
	golden("6.5.1", "ethanol-hessian", "hessian", &h);
	_cleanup_(parsed_release) struct parsed p = parse(&out, out.len, &h, 9, XTB_HESSIAN);
	assert_int_equal(p.verdict, VERDICT_OK);
	_cleanup_free_ double *v = xtb_read_hessian(h.s, h.len, 9);
	assert_non_null(v);
	/* Symmetric, and a force constant on the diagonal. */
	assert_true(fabs(v[1] - v[27]) < 1e-6);
	assert_true(v[0] > 0.1);
	_cleanup_(parsed_release) struct parsed other = parse(&out, out.len, &h, 8, XTB_HESSIAN);
	_cleanup_(parsed_release) struct parsed none = parse(&out, out.len, NULL, 9, XTB_HESSIAN);
	h.len -= 40;
	_cleanup_(parsed_release) struct parsed cut = parse(&out, out.len, &h, 9, XTB_HESSIAN);
	assert_true(other.verdict != VERDICT_OK && none.verdict != VERDICT_OK && cut.verdict != VERDICT_OK);
}

/* Ethene has a rotational number of 4 in xTB's free energy, which is taken out. */
static void test_thermo(_unused_ void **state)
{
	static const struct { const char *name; int natoms; double printed, sigma; } cases[] = {
		{ "ethanol-thermo", 9, 0.050891868456, 1 }, { "ethene-thermo", 6, 0.027937082654, 4 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(buf_release) struct buf out = BUF_INIT;
		golden("6.5.1", cases[i].name, "out", &out);
		_cleanup_(parsed_release) struct parsed p = parse(&out, out.len, NULL, cases[i].natoms, XTB_THERMO);
		assert_int_equal(p.verdict, VERDICT_OK);
		double rt = 8.314462618e-3 * 310 / 2625.4996394799;   /* hartree */
		assert_true(fabs(json_num(p.result, "gibbs_hartree", 0) - (cases[i].printed - rt * log(cases[i].sigma))) < 1e-8);
		assert_int_equal(json_int(p.result, "imaginary", -1), 0);
	}
}

static void test_failures(_unused_ void **state)
{
	static const struct { const char *name; int natoms; enum cause cause; const char *detail; } cases[] = {
		/* xtb ends these with status 0 and "normal termination" ... */
		{ "methanol-steps", 6, CAUSE_OPT_STEPS, "FAILED TO CONVERGE GEOMETRY" },
		/* ... and these with an error. */
		{ "methanol-scf", 6, CAUSE_SCF, "did not converge" },
		{ "water-solvent", 3, CAUSE_INPUT, "'pyridine' is not parametrized" },
	};
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++)
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			_cleanup_(buf_release) struct buf out = BUF_INIT, opt = BUF_INIT;
			golden(versions[v], cases[i].name, "out", &out);
			if (i == 0)
				golden(versions[v], cases[i].name, "xyz", &opt);
			_cleanup_(parsed_release) struct parsed p = parse(&out, out.len, &opt, cases[i].natoms, XTB_OPTIMISE);
			assert_int_equal(p.verdict, VERDICT_FAIL);
			assert_string_equal(cause_to_string(p.cause), cause_to_string(cases[i].cause));
			assert_non_null(p.detail);
			assert_non_null(strstr(p.detail, cases[i].detail));
		}
}

static void test_cut_short(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf out = BUF_INIT, opt = BUF_INIT;
	golden("6.7.1", "ethanol", "out", &out);
	golden("6.7.1", "ethanol", "xyz", &opt);
	size_t end = (size_t)(strstr(out.s, "finished run on") - out.s);
	for (size_t n = end; n > 0; n -= MIN(n, 37)) {
		_cleanup_(parsed_release) struct parsed p = parse(&out, n, &opt, 9, XTB_OPTIMISE);
		assert_int_equal(p.verdict, VERDICT_RETRY);
		assert_int_equal(p.cause, CAUSE_TRUNCATED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments), cmocka_unit_test(test_canonical), cmocka_unit_test(test_ladder),
		cmocka_unit_test(test_good), cmocka_unit_test(test_hessian), cmocka_unit_test(test_thermo), cmocka_unit_test(test_failures), cmocka_unit_test(test_cut_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
