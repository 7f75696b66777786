/* The shipped data files, and what happens to broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "nmr/geometry.h"
#include "nmr/options.h"
#include "nmr/share.h"

#define SHARE "spooler/share"

static struct share *shipped;

static int set_up(_unused_ void **state)
{
	char *error = NULL;
	shipped = share_load(SHARE, &error);
	if (!shipped)
		print_error("%s\n", error);
	free(error);
	return shipped ? 0 : -1;
}

static int tear_down(_unused_ void **state)
{
	share_free(shipped);
	return 0;
}

static void test_solvents_people_type(_unused_ void **state)
{
	static const char *const cases[][2] = {
		{ "CDCl3", "chcl3" }, { "cdcl3", "chcl3" }, { "Chloroform", "chcl3" }, { "chloroform-d", "chcl3" },
		{ "CHCl3", "chcl3" }, { "DMSO-d6", "dmso" }, { "dmso_d6", "dmso" }, { "d6-DMSO", "dmso" },
		{ "DMSO", "dmso" }, { "D2O", "water" }, { "H2O", "water" }, { "Water", "water" }, { "CD3OD", "methanol" },
		{ "MeOD", "methanol" }, { "methanol-d4", "methanol" }, { "MeOH", "methanol" }, { "C6D6", "benzene" },
		{ "benzene-d6", "benzene" }, { "CD2Cl2", "dcm" }, { "dichloromethane", "dcm" }, { "acetone-d6", "acetone" },
		{ "CD3CN", "acetonitrile" }, { "MeCN", "acetonitrile" }, { "THF-d8", "thf" }, { "toluene-d8", "toluene" },
		{ "pyridine-d5", "pyridine" }, { "DMF-d7", "dmf" }, { "gas", "vacuum" }, { "vacuum", "vacuum" },
		{ "acetone (CD3)2CO", NULL }, { "CCl4", NULL }, { "", NULL }, { "-", NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct solvent *s = share_solvent(shipped, cases[i][0]);
		if (!cases[i][1])
			assert_null(s);
		else {
			assert_non_null(s);
			assert_string_equal(s->code, cases[i][1]);
		}
	}
}

static void test_solvents_complete(_unused_ void **state)
{
	static const char *const codes[] = { "acetone", "acetonitrile", "benzene", "chcl3", "dcm", "dmf", "dmso",
		"methanol", "pyridine", "thf", "toluene", "vacuum", "water" };
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		assert_string_equal(share_solvent_at(shipped, i)->code, codes[i]);
	assert_null(share_solvent_at(shipped, ARRAY_SIZE(codes)));
	assert_null(share_solvent(shipped, "vacuum")->nwchem);
	assert_null(share_solvent(shipped, "vacuum")->alpb);
	assert_string_equal(share_solvent(shipped, "acetonitrile")->nwchem, "acetntrl");
	assert_non_null(share_solvent(shipped, "pyridine")->alpb_note);
	assert_true(share_solvent(shipped, "D2O")->exchanges && share_solvent(shipped, "CD3OD")->exchanges);
	assert_false(share_solvent(shipped, "DMSO")->exchanges);
	assert_true(share_solvent(shipped, "toluene")->aromatic);
}

static void test_factors_need_their_whole_key(_unused_ void **state)
{
	const struct preset *draft = share_preset(shipped, "draft"), *production = share_preset(shipped, "Production");
	const struct solvent *chcl3 = share_solvent(shipped, "chcl3"), *water = share_solvent(shipped, "water");
	assert_non_null(draft);
	assert_non_null(production);
	assert_null(share_preset(shipped, "produktion"));
	const struct scaling *h = share_scaling(shipped, "1H", production, chcl3);
	const struct scaling *c = share_scaling(shipped, "13C", production, chcl3);
	assert_non_null(h);
	assert_non_null(c);
	assert_true(h->slope < -0.9 && h->intercept > 29 && h->rmsd < 0.2 && h->n > 50);
	assert_true(c->slope < -0.9 && c->intercept > 160 && c->rmsd > 0.5 && c->n > 50);
	assert_false(share_is_uncalibrated(shipped, production, chcl3));
	/* Chloroform's serve where there are no others. */
	assert_ptr_equal(share_scaling(shipped, "1H", production, water), h);
	assert_false(share_is_uncalibrated(shipped, production, water));
	/* The same level on another geometry is another method. */
	struct preset other = *production;
	other.optimise = NULL;
	assert_null(share_scaling(shipped, "1H", &other, chcl3));
	assert_true(share_is_uncalibrated(shipped, &other, chcl3));
	assert_null(c->warning);
	assert_true(scaling_has_element(c, "N"));
	assert_false(scaling_has_element(c, "S"));
	assert_false(scaling_has_element(c, "Cl"));
	assert_false(scaling_has_element(c, NULL));
}

/* All presets have factors of their own, with the error of molecules outside the fit; "best"
 * is what its name says. */
static void test_calibrated(_unused_ void **state)
{
	static const char *const names[] = { "draft", "standard", "best", "production" }, *const nuclei[] = { "1H", "13C" };
	static const double most[4][2] = { { 0.15, 2.5 }, { 0.11, 1.8 }, { 0.09, 1.8 }, { 0.09, 2.0 } };
	const struct solvent *chcl3 = share_solvent(shipped, "CDCl3");
	for (int i = 0; i < 4; i++)
		for (int n = 0; n < 2; n++) {
			const struct preset *p = share_preset(shipped, names[i]);
			const struct scaling *s = p ? share_scaling(shipped, nuclei[n], p, chcl3) : NULL;
			assert_non_null(s);
			assert_true(s->lomo > s->rmsd && s->lomo < most[i][n] && s->molecules == 38 && s->nkinds > 3);
			assert_true(p->cpu_s > 0);
		}
	struct options o;
	options_init(&o, shipped);
	assert_string_equal(o.value[OPTION_PRESET], "standard");
	options_release(&o);
}

static void test_elements(_unused_ void **state)
{
	const struct preset *draft = share_preset(shipped, "draft"), *production = share_preset(shipped, "production");
	const int ok[] = { 1, 5, 6, 7, 8, 9, 14, 15, 16, 17 }, br[] = { 6, 1, 35 }, iodine[] = { 6, 53 },
		  na[] = { 11, 6 }, unknown[] = { 6, 0 };
	assert_int_equal(share_unsupported_element(production, ok, (int)ARRAY_SIZE(ok)), 0);
	assert_int_equal(share_unsupported_element(draft, ok, (int)ARRAY_SIZE(ok)), 0);
	assert_int_equal(share_unsupported_element(production, br, 3), 35);
	assert_int_equal(share_unsupported_element(draft, br, 3), 0);
	assert_int_equal(share_unsupported_element(share_preset(shipped, "standard"), br, 3), 0);
	assert_int_equal(share_unsupported_element(draft, iodine, 2), 53);
	assert_int_equal(share_unsupported_element(draft, na, 2), 11);
	assert_true(share_unsupported_element(draft, unknown, 2) != 0);
}

/* Counted by NWChem itself for these molecules (spherical functions). */
static void test_functions(_unused_ void **state)
{
	const int ethanol[] = { 6, 6, 8, 1, 1, 1, 1, 1, 1 };
	assert_int_equal(level_functions(share_level(shipped, "b3lyp-6311g2dp"), ethanol, 9), 117);
	assert_int_equal(level_functions(share_level(shipped, "b3lyp-d3-631gd"), ethanol, 9), 54);
	assert_int_equal(level_functions(share_level(shipped, "pbe0-def2svp"), ethanol, 9), 72);
	assert_null(share_level(shipped, "b3lyp"));
}

static void test_faults(_unused_ void **state)
{
	static const struct { double slope, rmsd, offset, of_kind; const char *fault; } c[] = {
		{ -1.0, 1.0, 0.5, 1.0, NULL },
		{ -0.5, 0.0001, 20, 0.0001, NULL },
		{ -1.5, 1.0, -20, 1.0, NULL },
		{ -0.49, 1.0, 0.5, 1.0, "its slope is -0.49, not between -1.5 and -0.5" },
		{ -1.51, 1.0, 0.5, 1.0, "slope" },
		{ NAN, 1.0, 0.5, 1.0, "slope" },
		{ -1.0, 0.00004, 0.5, 1.0, "rmsd is 4e-05" },
		{ -1.0, 1.0, -20.1, 1.0, "offset" },
		{ -1.0, 1.0, NAN, 1.0, "offset" },
		{ -1.0, 1.0, 0.5, 0.0, "rmsd of at least" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(c); i++) {
		const struct scaling_kind kind = { "sp3", c[i].of_kind, c[i].offset, 9, 9 };
		const struct scaling s = { .slope = c[i].slope, .rmsd = c[i].rmsd, .kind = &kind, .nkinds = 1 };
		_cleanup_free_ char *fault = scaling_fault(&s);
		assert_true(c[i].fault ? fault && strstr(fault, c[i].fault) : !fault);
	}
}

/* ---- broken data */

static char *load_changed(const char *file, const char *from, const char *to)
{
	static const char *const files[] = { "solvents.conf", "levels.conf", "presets.conf", "scaling.conf" };
	char dir[] = "/tmp/nmr-share-XXXXXX", *error = NULL;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_(buf_release) struct buf b = BUF_INIT, out = BUF_INIT;
		_cleanup_free_ char *in = xasprintf("%s/%s", SHARE, files[i]), *path = xasprintf("%s/%s", dir, files[i]);
		assert_int_equal(file_read(in, 1 << 20, &b), 0);
		const char *at = str_eq(file, files[i]) ? strstr(b.s, from) : NULL;
		assert_true(at || !str_eq(file, files[i]));
		buf_add(&out, b.s, at ? (size_t)(at - b.s) : b.len);
		if (at) {
			buf_adds(&out, to);
			buf_adds(&out, at + strlen(from));
		}
		assert_int_equal(file_write(path, out.s, out.len, 0644), 0);
	}
	struct share *s = share_load(dir, &error);
	share_free(s);
	file_rm_rf(dir);
	assert_true((s == NULL) == (error != NULL));
	return error;
}

static void test_broken_data(_unused_ void **state)
{
	static const struct { const char *file, *from, *to, *says; } cases[] = {
		{ "solvents.conf", "code = \"dmf\";", "code == \"dmf\";", "solvents.conf:" },
		{ "solvents.conf", "code = \"dmf\";", "", "has no \"code\"" },
		{ "solvents.conf", "\"MeCN\"", "\"D2O\"", "two solvents are called \"D2O\"" },
		{ "solvents.conf", "benzene_h = 7.15;", "", "no shifts of benzene" },
		{ "levels.conf", "xc = [ \"xc pbe0\" ];", "", "needs xc" },
		{ "levels.conf", "levels =", "level =", "no list \"levels\"" },
		{ "presets.conf", "optimise = \"b3lyp-d3-631gd\"", "optimise = \"b3lyp-631\"", "names a level" },
		{ "presets.conf", "shield_c = \"pbe0-def2svp\"", "shield_c = \"pbe\"", "names a level" },
		{ "presets.conf", "conformers_max = 50", "conformers_max = 0", "lets nothing through" },
		{ "scaling.conf", "slope = -", "slope = ", "entry 1 (1H, b3lyp-6311g2dp, chcl3): its slope is 0.9" },
		{ "scaling.conf", "solvent = \"chcl3\"", "solvent = \"chcl4\"", "entry 1" },
		{ "scaling.conf", "environment = \"sp3\";", "environment = \"sp3\"; offset = 171;", "an offset of at most 20 ppm" },
		{ "scaling.conf", "environment = \"sp3\";", "environment = \"sp3\"; offset = \"-1.7\";", "an offset of at most 20 ppm" },
		{ "scaling.conf", "environment = \"sp3-X\";", "environment = \"sp2\";", "a kind stands there once" },
		{ "scaling.conf", "nucleus = \"13C\"", "nucleus = \"C13\"", "entry 2" },
		{ "scaling.conf", "nucleus = \"13C\"", "nucleus = \"1H\"",
		  "entries 1 and 2 are both for 1H, b3lyp-6311g2dp on b3lyp-d3-631gd geometries, in chcl3: remove one" },
	};
	char *error = load_changed("solvents.conf", "MeCN", "MeCN");
	assert_null(error);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		error = load_changed(cases[i].file, cases[i].from, cases[i].to);
		assert_non_null(error);
		if (!strstr(error, cases[i].says))
			print_error("\"%s\" does not say \"%s\"\n", error, cases[i].says);
		assert_non_null(strstr(error, cases[i].says));
		free(error);
	}
	error = NULL;
	assert_null(share_load("/nonexistent", &error));
	assert_non_null(strstr(error, "/nonexistent/solvents.conf"));
	free(error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_solvents_people_type), cmocka_unit_test(test_solvents_complete),
		cmocka_unit_test(test_factors_need_their_whole_key), cmocka_unit_test(test_calibrated), cmocka_unit_test(test_elements),
		cmocka_unit_test(test_functions), cmocka_unit_test(test_faults), cmocka_unit_test(test_broken_data),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
