/* Atoms in space: elements, XYZ, JSON, the canonical text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "nmr/geometry.h"

static const char water[] = "3\nwater\nO 0.0 0.0 0.117\nh 0.0 0.757 -0.47\nD 0.0 -0.757 -0.47\n";

static void test_elements(void **state)
{
	(void)state;
	assert_int_equal(element_from_symbol("C"), 6);
	assert_int_equal(element_from_symbol("cl"), 17);
	assert_int_equal(element_from_symbol("D"), 1);
	assert_int_equal(element_from_symbol("T"), 1);
	assert_int_equal(element_from_symbol("Pt"), 78);
	assert_int_equal(element_from_symbol("U"), 92);
	assert_int_equal(element_from_symbol("Xx"), 0);
	assert_int_equal(element_from_symbol(""), 0);
	assert_int_equal(element_from_symbol(NULL), 0);
	for (int z = 1; z <= 92; z++) {
		assert_int_equal(element_from_symbol(element_symbol(z)), z);
		assert_true(element_mass(z) > (z > 1 ? 2 : 1));
	}
	assert_string_equal(element_symbol(0), "?");
	assert_string_equal(element_symbol(-3), "?");
	assert_string_equal(element_symbol(4000), "?");
}

static void test_xyz_round_trip(void **state)
{
	_cleanup_(geometry_release) struct geometry g = { 0 };
	_cleanup_(geometry_release) struct geometry again = { 0 };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	(void)state;
	assert_int_equal(geometry_from_xyz(water, strlen(water), &g), 0);
	assert_int_equal(g.natoms, 3);
	assert_int_equal(g.z[0], 8);
	assert_int_equal(g.z[2], 1);
	geometry_to_xyz(&g, "again", &b);
	assert_int_equal(geometry_from_xyz(b.s, b.len, &again), 0);
	assert_memory_equal(g.xyz, again.xyz, 3 * sizeof(*g.xyz));
}

/* Every shorter text is refused and leaves what was there. */
static void test_xyz_cut_short(void **state)
{
	_cleanup_(geometry_release) struct geometry g = { 0 };
	(void)state;
	assert_int_equal(geometry_from_xyz(water, strlen(water), &g), 0);
	for (size_t n = 0; n < strlen(water) - 5; n++) {
		char *part = xmalloc(n ? n : 1);   /* exactly as long: a sanitizer sees a read past it */
		memcpy(part, water, n);
		int r = geometry_from_xyz(part, n, &g);
		free(part);
		assert_int_equal(r, -EBADMSG);
		assert_int_equal(g.natoms, 3);
	}
}

static void test_xyz_nonsense(void **state)
{
	static const char *const bad[] = { "", "x\n\n", "-1\n\n", "0\n\n", "1\n\nQq 0 0 0\n", "1\n\nC 0 0\n", "1\n\nC nan 0 0\n",
					   "1\n\nC inf 0 0\n", "99999999\n\n" };
	_cleanup_(geometry_release) struct geometry g = { 0 };
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(geometry_from_xyz(bad[i], strlen(bad[i]), &g), -EBADMSG);
}

static void test_json(void **state)
{
	_cleanup_(geometry_release) struct geometry g = { 0 };
	(void)state;
	assert_int_equal(geometry_from_xyz(water, strlen(water), &g), 0);
	_cleanup_json_ json_t *a = geometry_coords_to_json(&g);
	g.xyz[0][2] = 9;
	assert_int_equal(geometry_coords_from_json(a, &g), 0);
	assert_true(g.xyz[0][2] == 0.117);
	json_array_remove(a, 0);
	assert_int_equal(geometry_coords_from_json(a, &g), -EBADMSG);
	assert_int_equal(geometry_coords_from_json(NULL, &g), -EBADMSG);
	_cleanup_json_ json_t *words = json_pack("[[s,s,s],[f,f,f],[f,f,f]]", "a", "b", "c", 1., 1., 1., 1., 1., 1.);
	assert_int_equal(geometry_coords_from_json(words, &g), -EBADMSG);
}

/* What is hashed: noise below 1e-5 angstrom and the sign of zero do not count. */
static void test_canonical(void **state)
{
	_cleanup_(geometry_release) struct geometry g = { 0 };
	_cleanup_(buf_release) struct buf a = BUF_INIT;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	(void)state;
	assert_int_equal(geometry_from_xyz(water, strlen(water), &g), 0);
	geometry_canonical(&g, &a);
	assert_string_equal(a.s, "O 0.00000 0.00000 0.11700\nH 0.00000 0.75700 -0.47000\nH 0.00000 -0.75700 -0.47000\n");
	g.xyz[0][0] = -0.0000004;
	g.xyz[1][1] += 0.000003;
	geometry_canonical(&g, &b);
	assert_string_equal(a.s, b.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elements), cmocka_unit_test(test_xyz_round_trip),
		cmocka_unit_test(test_xyz_cut_short), cmocka_unit_test(test_xyz_nonsense),
		cmocka_unit_test(test_json), cmocka_unit_test(test_canonical),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
