/* NWChem outputs: real ones of two versions, good and failed in each way, cut short
 * at every place, and damaged at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "nmr/nwchem.h"

static const char *const versions[] = { "7.0.2", "7.2.3" };

static void golden(const char *version, const char *name, struct buf *b)
{
	_cleanup_free_ char *path = xasprintf(TEST_DIR "/golden/nwchem-%s/%s.out", version, name);
	int r = file_read(path, 1 << 24, b);
	if (r < 0)
		print_error("%s: %s\n", path, strerror(-r));
	assert_int_equal(r, 0);
}

struct parsed { enum verdict verdict; json_t *result; enum cause cause; char *detail; };

static void parsed_release(struct parsed *p)
{
	json_decref(p->result);
	free(p->detail);
}

/* The text in a block of exactly its size, so that a sanitizer sees a read past it. */
static struct parsed parse(const char *s, size_t n, enum nwchem_task task, int natoms)
{
	struct parsed p = { .cause = CAUSE_NONE };
	char *exact = xmalloc(n ? n : 1);
	memcpy(exact, s, n);
	p.verdict = nwchem_parse(exact, n, task, natoms, &p.result, &p.cause, &p.detail);
	free(exact);
	return p;
}

static double iso(const json_t *result, size_t i)
{
	return json_number_value(json_array_get(json_arr(result, "isotropic"), i));
}

static void test_optimised(_unused_ void **state)
{
	static const struct { const char *name; int natoms, iterations; double energy[2]; } cases[] = {
		{ "ethanol-optimise", 9, 5, { -155.0447814, -155.0447831 } },
		{ "methane-optimise", 5, 2, { -40.51990695, -40.51995486 } },
		{ "hcn-optimise", 3, 3, { -93.42797595, -93.42801132 } },
	};
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++)
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			_cleanup_(buf_release) struct buf b = BUF_INIT;
			golden(versions[v], cases[i].name, &b);
			_cleanup_(parsed_release) struct parsed p = parse(b.s, b.len, NWCHEM_OPTIMISE, cases[i].natoms);
			assert_int_equal(p.verdict, VERDICT_OK);
			assert_string_equal(json_str(p.result, "version", ""), versions[v]);
			assert_int_equal(json_int(p.result, "iterations", -1), cases[i].iterations);
			assert_true(fabs(json_num(p.result, "energy_hartree", 0) - cases[i].energy[v]) < 1e-6);
			assert_int_equal(json_array_size(json_arr(p.result, "coords")), cases[i].natoms);
			/* Atoms of another molecule are not ours. */
			_cleanup_(parsed_release) struct parsed less = parse(b.s, b.len, NWCHEM_OPTIMISE, cases[i].natoms - 1);
			_cleanup_(parsed_release) struct parsed more = parse(b.s, b.len, NWCHEM_OPTIMISE, cases[i].natoms + 1);
			assert_true(less.verdict != VERDICT_OK && more.verdict != VERDICT_OK);
		}
}

/* The last block, not the first, which is the geometry that went in. */
static void test_geometry_is_the_optimised_one(_unused_ void **state)
{
	static const char title[] = "Output coordinates in angstroms";
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_(geometry_release) struct geometry first = { 0 };
	_cleanup_(geometry_release) struct geometry last = { 0 };
	golden("7.0.2", "hcn-optimise", &b);
	geometry_resize(&first, 3);
	const int z[] = { 6, 7, 1 };
	memcpy(first.z, z, sizeof(z));
	geometry_copy(&last, &first);
	const char *second = strstr(strstr(b.s, title) + 1, title);
	assert_int_equal(nwchem_last_geometry(b.s, (size_t)(second - b.s), &first), 0);
	assert_int_equal(nwchem_last_geometry(b.s, b.len, &last), 0);
	double cn[2] = { 0, 0 };
	for (int k = 0; k < 3; k++) {
		cn[0] += pow(first.xyz[0][k] - first.xyz[1][k], 2);
		cn[1] += pow(last.xyz[0][k] - last.xyz[1][k], 2);
	}
	assert_true(fabs(sqrt(cn[1]) - 1.157) < 0.003);   /* B3LYP/6-31G*: r(CN) = 1.157 */
	assert_true(fabs(sqrt(cn[0]) - sqrt(cn[1])) > 0.001);
	_cleanup_(parsed_release) struct parsed p = parse(b.s, b.len, NWCHEM_OPTIMISE, 3);
	assert_int_equal(geometry_coords_from_json(json_arr(p.result, "coords"), &first), 0);
	assert_memory_equal(first.xyz, last.xyz, 3 * sizeof(*last.xyz));
	/* Other atoms: not this molecule. */
	last.z[0] = 7;
	assert_int_equal(nwchem_last_geometry(b.s, b.len, &last), -ENOENT);
}

static void test_shieldings(_unused_ void **state)
{
	static const struct { const char *name; int natoms; double first[2], last[2]; } cases[] = {
		{ "methane-shield", 5, { 190.3123, 190.4342 }, { 31.6500, 31.6485 } },
		{ "ammonium-shield", 5, { 244.5320, 244.6313 }, { 26.5594, 26.5601 } },
		{ "water-shield-vacuum", 3, { 339.1909, 339.1909 }, { 31.2623, 31.2623 } },
	};
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++)
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			_cleanup_(buf_release) struct buf b = BUF_INIT;
			golden(versions[v], cases[i].name, &b);
			_cleanup_(parsed_release) struct parsed p = parse(b.s, b.len, NWCHEM_SHIELD, cases[i].natoms);
			assert_int_equal(p.verdict, VERDICT_OK);
			assert_string_equal(json_str(p.result, "version", ""), versions[v]);
			assert_int_equal(json_array_size(json_arr(p.result, "isotropic")), cases[i].natoms);
			assert_true(fabs(iso(p.result, 0) - cases[i].first[v]) < 1e-4);
			assert_true(fabs(iso(p.result, (size_t)cases[i].natoms - 1) - cases[i].last[v]) < 1e-4);
			_cleanup_(parsed_release) struct parsed less = parse(b.s, b.len, NWCHEM_SHIELD, cases[i].natoms - 1);
			_cleanup_(parsed_release) struct parsed more = parse(b.s, b.len, NWCHEM_SHIELD, cases[i].natoms + 1);
			_cleanup_(parsed_release) struct parsed other = parse(b.s, b.len, NWCHEM_OPTIMISE, cases[i].natoms);
			assert_true(less.verdict != VERDICT_OK && more.verdict != VERDICT_OK && other.verdict != VERDICT_OK);
		}
}

/* Geometry and shieldings as the inputs of this program gave them, against what is
 * measured for ethanol in CDCl3 (18.2, 58.4; 1.2, 3.7 ppm). */
static void test_ethanol_comes_out_right(_unused_ void **state)
{
	char *error = NULL;
	struct share *share = share_load("spooler/share", &error);
	assert_non_null(share);
	const struct preset *production = share_preset(share, "production");
	const struct solvent *chcl3 = share_solvent(share, "CDCl3");
	const struct scaling *h = share_scaling(share, "1H", production, chcl3), *c = share_scaling(share, "13C", production, chcl3);
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		_cleanup_(buf_release) struct buf b = BUF_INIT;
		golden(versions[v], "ethanol-shield", &b);
		_cleanup_(parsed_release) struct parsed p = parse(b.s, b.len, NWCHEM_SHIELD, 9);
		assert_int_equal(p.verdict, VERDICT_OK);
		double ch3 = (iso(p.result, 3) + iso(p.result, 4) + iso(p.result, 5)) / 3;
		double ch2 = (iso(p.result, 6) + iso(p.result, 7)) / 2;
		assert_true(fabs(scaling_shift(c, iso(p.result, 0), "sp3") - 18.2) < 3);
		assert_true(fabs(scaling_shift(c, iso(p.result, 1), "sp3-X") - 58.4) < 3);
		assert_true(fabs(scaling_shift(h, ch3, "sp3") - 1.2) < 0.3);
		assert_true(fabs(scaling_shift(h, ch2, "sp3-X") - 3.7) < 0.3);
	}
	share_free(share);
}

static void test_failures(_unused_ void **state)
{
	static const struct { const char *name; enum nwchem_task task; int natoms; enum verdict verdict; enum cause cause;
			      const char *detail; } cases[] = {
		{ "butyne-optimise-autoz", NWCHEM_OPTIMISE, 10, VERDICT_FAIL, CAUSE_AUTOZ, "geom_binvr" },
		{ "methanol-optimise-scf", NWCHEM_OPTIMISE, 6, VERDICT_FAIL, CAUSE_SCF, "failed to converge" },
		{ "methane-shield-scf", NWCHEM_SHIELD, 5, VERDICT_FAIL, CAUSE_SCF, "failed to converge" },
		{ "methanol-optimise-steps", NWCHEM_OPTIMISE, 6, VERDICT_FAIL, CAUSE_OPT_STEPS, "maximum number of steps" },
		{ "methanol-shield-cphf", NWCHEM_SHIELD, 6, VERDICT_FAIL, CAUSE_CPHF, "SCF residual greater than" },
		{ "bromomethane-shield-basis", NWCHEM_SHIELD, 5, VERDICT_FAIL, CAUSE_BASIS, "br_6-311+g(2d,p)" },
		{ "ethanol-shield-memory", NWCHEM_SHIELD, 9, VERDICT_FAIL, CAUSE_MEMORY, "not enuf mem" },
		{ "water-shield-input", NWCHEM_SHIELD, 3, VERDICT_FAIL, CAUSE_INPUT, "dft_input: unknown directive" },
		{ "ethanol-shield-killed", NWCHEM_SHIELD, 9, VERDICT_RETRY, CAUSE_TRUNCATED, NULL },
	};
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++)
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			_cleanup_(buf_release) struct buf b = BUF_INIT;
			golden(versions[v], cases[i].name, &b);
			_cleanup_(parsed_release) struct parsed p = parse(b.s, b.len, cases[i].task, cases[i].natoms);
			assert_null(p.result);
			assert_string_equal(cause_to_string(p.cause), cause_to_string(cases[i].cause));
			assert_int_equal(p.verdict, cases[i].verdict);
			if (cases[i].detail) {
				assert_non_null(p.detail);
				assert_non_null(strstr(p.detail, cases[i].detail));
			}
		}
}

/* A stopped optimisation goes on from its last whole geometry. */
static void test_goes_on_from_a_failed_run(_unused_ void **state)
{
	const int z[] = { 6, 8, 1, 1, 1, 1 };
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		_cleanup_(buf_release) struct buf b = BUF_INIT;
		_cleanup_(geometry_release) struct geometry g = { 0 };
		golden(versions[v], "methanol-optimise-steps", &b);
		geometry_resize(&g, 6);
		memcpy(g.z, z, sizeof(z));
		assert_int_equal(nwchem_last_geometry(b.s, b.len, &g), 0);
		assert_int_equal(nwchem_last_geometry(b.s, 2000, &g), -ENOENT);
	}
}

static void cut_everywhere(const char *name, enum nwchem_task task, int natoms)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	golden("7.0.2", name, &b);
	/* Every length near the end, then steps that meet no line's length. */
	for (size_t n = b.len - 1; n > 0; n -= n > b.len - 120 ? 1 : MIN(n, 1009)) {
		_cleanup_(parsed_release) struct parsed p = parse(b.s, n, task, natoms);
		struct nwchem_progress progress;
		assert_null(p.result);
		assert_int_equal(p.verdict, VERDICT_RETRY);
		assert_int_equal(p.cause, CAUSE_TRUNCATED);
		nwchem_progress(b.s, n, &progress);
		assert_true(progress.opt_step <= 5 && progress.scf_iter < 50 && progress.cphf_iter < 50);
	}
}

static void test_cut_short_is_no_result(_unused_ void **state)
{
	cut_everywhere("ethanol-optimise", NWCHEM_OPTIMISE, 9);
	cut_everywhere("methane-shield", NWCHEM_SHIELD, 5);
}

static void test_progress(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf opt = BUF_INIT, shield = BUF_INIT;
	struct nwchem_progress p;
	golden("7.2.3", "ethanol-optimise", &opt);
	nwchem_progress(opt.s, opt.len, &p);
	assert_int_equal(p.opt_step, 5);
	assert_true(p.gmax >= 0 && p.gmax < 0.00045 && fabs(p.energy + 155.0447831) < 1e-6);
	assert_true(p.scf_iter > 0);
	assert_int_equal(p.cphf_iter, -1);
	nwchem_progress(opt.s, 1000, &p);
	assert_true(p.opt_step == -1 && p.scf_iter == -1 && p.cphf_iter == -1);
	golden("7.0.2", "methane-shield", &shield);
	nwchem_progress(shield.s, shield.len, &p);
	assert_int_equal(p.opt_step, -1);
	assert_int_equal(p.cphf_iter, 3);
	size_t half = (size_t)(strstr(shield.s, "2.33D-03") - shield.s);
	nwchem_progress(shield.s, half, &p);
	assert_int_equal(p.cphf_iter, 1);
	nwchem_progress(shield.s, (size_t)(strstr(shield.s, "NWChem CPHF Module") - shield.s), &p);
	assert_true(p.cphf_iter == -1 && p.scf_iter > 3);
	nwchem_progress("", 0, &p);
	assert_int_equal(p.opt_step, -1);
}

static void test_opt_steps(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf opt = BUF_INIT;
	struct nwchem_opt_step s[20];
	golden("7.2.3", "ethanol-optimise", &opt);
	assert_int_equal(nwchem_opt_steps(opt.s, opt.len, s, 20), 6);
	for (int i = 0; i < 6; i++)
		assert_int_equal(s[i].step, i);
	assert_true(fabs(s[0].energy + 155.04380647) < 1e-9 && fabs(s[0].gmax - 0.00806) < 1e-9 && fabs(s[0].grms - 0.00258) < 1e-9);
	assert_true(fabs(s[5].energy + 155.04478312) < 1e-9);
	/* Only the last ones. */
	assert_int_equal(nwchem_opt_steps(opt.s, opt.len, s, 2), 2);
	assert_true(s[0].step == 4 && s[1].step == 5);
	/* One that begins anew. */
	_cleanup_(buf_release) struct buf twice = BUF_INIT;
	buf_add(&twice, opt.s, opt.len / 2);
	buf_add(&twice, opt.s, opt.len);
	assert_int_equal(nwchem_opt_steps(twice.s, twice.len, s, 20), 6);
	assert_int_equal(nwchem_opt_steps(opt.s, 1000, s, 20), 0);
}

/* Numbers of a small generator of our own: the same everywhere. */
static uint32_t random_next(uint32_t *x) { return (*x = *x * 1664525u + 1013904223u) >> 8; }

/* No damage may crash the reader or make it read past the end. */
static void test_damaged(_unused_ void **state)
{
	static const struct { const char *name; enum nwchem_task task; int natoms; } cases[] = {
		{ "methane-shield", NWCHEM_SHIELD, 5 }, { "hcn-optimise", NWCHEM_OPTIMISE, 3 } };
	uint32_t x = 1;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (int round = 0; round < 150; round++) {
			_cleanup_(buf_release) struct buf b = BUF_INIT;
			_cleanup_(geometry_release) struct geometry g = { 0 };
			struct nwchem_progress progress;
			golden("7.0.2", cases[i].name, &b);
			for (int k = 0; k < 200; k++)
				b.s[random_next(&x) % b.len] = (char)random_next(&x);
			size_t n = round % 2 ? b.len : random_next(&x) % b.len;
			_cleanup_(parsed_release) struct parsed p = parse(b.s, n, cases[i].task, cases[i].natoms);
			assert_true((p.verdict == VERDICT_OK) == (p.result != NULL));
			nwchem_progress(b.s, n, &progress);
			geometry_resize(&g, 3);
			g.z[0] = 6, g.z[1] = 7, g.z[2] = 1;
			nwchem_last_geometry(b.s, n, &g);
		}
	_cleanup_(parsed_release) struct parsed none = parse("", 0, NWCHEM_SHIELD, 0);
	assert_int_equal(none.verdict, VERDICT_RETRY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_optimised), cmocka_unit_test(test_geometry_is_the_optimised_one),
		cmocka_unit_test(test_shieldings), cmocka_unit_test(test_ethanol_comes_out_right),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_goes_on_from_a_failed_run), cmocka_unit_test(test_cut_short_is_no_result),
		cmocka_unit_test(test_progress), cmocka_unit_test(test_opt_steps), cmocka_unit_test(test_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
