/* Geometries as files. */
#include "report_help.h"

#include "report/sdf.h"

static void test_v2000(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_geometry_sdf(j, &b), 0);
	assert_memory_equal(b.s, "ethanol\n  nmrspool          3D\n\n  9  8  0", 39);
	has(&b, "\n   -0.8628    0.2206    0.2045 C   0");
	has(&b, "\n  3  9  1  0\nM  END\n> <CONFORMER>\n1\n");
	has(&b, "> <ENERGY_HARTREE>\n-155.03382260\n\n");
	assert_int_equal(occurrences(b.s, "$$$$\n"), 1);
}

static void test_conformers(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_conformers_sdf(j, &b), 0);
	assert_int_equal(occurrences(b.s, "$$$$\n"), 2);
	has(&b, "> <POPULATION>\n0.5549\n\n> <DEGENERACY>\n2.0000\n");
}

static void test_one_record_whatever_the_name(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("hostile");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_geometry_sdf(j, &b), 0);
	assert_int_equal(occurrences(b.s, "\n$$$$\n"), 1);
	assert_int_equal(strcspn(strchr(b.s, '\n') + 1, "\n"), strlen("  nmrspool          3D"));
}

static void test_a_name_that_ends_records(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_object_set_new(j, "name", json_string("$$$$ 5"));
	assert_int_equal(report_geometry_sdf(j, &b), 0);
	assert_memory_equal(b.s, " $$$$ 5\n", 8);
	assert_int_equal(occurrences(b.s, "\n$$$$"), 1);
}

static void test_wedges_go(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	json_t *mol = json_object_get(j, "molecule");
	_cleanup_(buf_release) struct buf b = BUF_INIT, t = BUF_INIT;
	const char *block = json_str(mol, "molblock", ""), *bond = strstr(block, "  1  2  1  0");
	assert_non_null(bond);
	buf_add(&t, block, (size_t)(bond - block));
	buf_adds(&t, "  1  2  1  1");
	buf_adds(&t, bond + 12);
	char *end = strstr(t.s, "M  END");
	_cleanup_free_ char *charged = xasprintf("%.*sM  CHG  1   3  -1\nM  END\n", (int)(end - t.s), t.s);
	json_object_set_new(mol, "molblock", json_string(charged));
	assert_int_equal(report_geometry_sdf(j, &b), 0);
	has(&b, "\n  1  2  1  0\n");
	has(&b, "\nM  CHG  1   3  -1\nM  END\n");
}

/* A chain of n carbons as V3000. */
static json_t *chain(int n)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_t *coords = json_array(), *elements = json_array();
	buf_adds(&b, "x\n\n\n  0  0  0     0  0            999 V3000\nM  V30 BEGIN CTAB\n");
	buf_addf(&b, "M  V30 COUNTS %d %d 0 0 0\nM  V30 BEGIN ATOM\n", n, n - 1);
	for (int i = 1; i <= n; i++) {
		buf_addf(&b, "M  V30 %d C 0 0 0 0%s\n", i, i == 2 ? " CHG=1" : "");
		json_array_append_new(coords, json_pack("[f,f,f]", 1.5 * i, 0.25, -1.0));
		json_array_append_new(elements, json_string("C"));
	}
	buf_adds(&b, "M  V30 END ATOM\nM  V30 BEGIN BOND\n");
	for (int i = 1; i < n; i++)
		buf_addf(&b, "M  V30 %d 1 %d %d%s\n", i, i, i + 1, i == 1 ? " CFG=1" : "");
	buf_adds(&b, "M  V30 END BOND\nM  V30 END CTAB\nM  END\n");
	return json_pack("{s:{s:s,s:o},s:[{s:i,s:f,s:o}]}", "molecule", "molblock", b.s, "elements", elements,
			 "conformers", "id", 1, "energy_kcal", 0.0, "coords", coords);
}

static void test_v3000(_unused_ void **state)
{
	_cleanup_json_ json_t *j = chain(1001);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_geometry_sdf(j, &b), 0);
	has(&b, "V3000\n");
	has(&b, "M  V30 2 C 3.000000 0.250000 -1.000000 0 CHG=1\n");
	has(&b, "M  V30 1001 C 1501.500000 0.250000 -1.000000 0\n");
	has(&b, "M  V30 1 1 1 2\n");
	lacks(&b, "CFG");
}

static void test_xyz(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_geometry_xyz(j, &b), 0);
	assert_memory_equal(b.s, "9\nethanol; conformer 1; E = -155.03382260 hartree;", 50);
	assert_int_equal(occurrences(b.s, "\n"), 11);
}

/* What does not fit together is refused and nothing is written. */
static void test_misfits(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	json_t *c = json_array_get(json_arr(j, "conformers"), 0);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_array_set_new(json_array_get(json_arr(c, "coords"), 4), 1, json_string("x"));
	assert_int_equal(report_geometry_sdf(j, &b), -EBADMSG);
	assert_int_equal(report_geometry_xyz(j, &b), -EBADMSG);
	json_array_remove(json_arr(c, "coords"), 4);
	assert_int_equal(report_geometry_sdf(j, &b), -EBADMSG);
	assert_int_equal(report_geometry_xyz(j, &b), -EBADMSG);
	json_object_set_new(json_object_get(j, "molecule"), "molblock", json_string("x\n\n\n 99 99  0 V2000\n"));
	assert_int_equal(report_conformers_sdf(j, &b), -EBADMSG);
	json_object_set_new(json_object_get(j, "molecule"), "molblock", json_null());
	assert_int_equal(report_conformers_sdf(j, &b), -ENODATA);
	assert_int_equal(b.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v2000), cmocka_unit_test(test_conformers),
		cmocka_unit_test(test_one_record_whatever_the_name),
		cmocka_unit_test(test_a_name_that_ends_records), cmocka_unit_test(test_wedges_go),
		cmocka_unit_test(test_v3000), cmocka_unit_test(test_xyz), cmocka_unit_test(test_misfits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
