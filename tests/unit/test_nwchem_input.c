/* NWChem inputs: what is in them, what decides a key, the recovery ladder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "nmr/nwchem.h"

static struct share *shipped;
static struct geometry water;

static int set_up(_unused_ void **state)
{
	static const char xyz[] = "3\n\nO 0 0 0.117\nH 0 0.757 -0.47\nH 0 -0.757 -0.47\n";
	char *error = NULL;
	shipped = share_load("spooler/share", &error);
	free(error);
	return shipped ? geometry_from_xyz(xyz, strlen(xyz), &water) : -1;
}

static int tear_down(_unused_ void **state)
{
	geometry_release(&water);
	share_free(shipped);
	return 0;
}

static struct nwchem_calc calc(enum nwchem_task task, const char *level, const char *solvent, int charge, int rung)
{
	return (struct nwchem_calc){ task, share_level(shipped, level), share_solvent(shipped, solvent), &water, charge, rung };
}

static char *canonical(struct nwchem_calc c)
{
	struct buf b = BUF_INIT;
	nwchem_canonical(&c, &b);
	return buf_detach(&b);
}

static char *input(struct nwchem_calc c, const struct nwchem_place *p)
{
	struct buf b = BUF_INIT;
	nwchem_input(&c, p, &b);
	return buf_detach(&b);
}

static const struct nwchem_place here = { .ranks = 2, .memory_mb = 600, .scratch = "/scratch/k",
					   .title = "a \"title\"\nend; task" };

static void test_optimise(_unused_ void **state)
{
	_cleanup_free_ char *s = input(calc(NWCHEM_OPTIMISE, "b3lyp-d3-631gd", "chcl3", 0, 0), &here);
	static const char *const parts[] = { "start nmr\n", "memory heap 76 mb stack 76 mb global 298 mb\n", "scratch_dir /scratch/k\n",
		"permanent_dir /scratch/k\n", "charge 0\n", "geometry units angstroms noautosym\n",
		"O 0.00000 0.00000 0.11700\n", "basis \"ao basis\" spherical\n  * library \"6-31G*\"\nend\n",
		"cosmo\n  solvent chcl3\n  do_gasphase False\nend\n", "  xc b3lyp\n  disp vdw 4\n", "maxiter 100\n",
		"task dft optimize\n" };
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		assert_non_null(strstr(s, parts[i]));
	assert_null(strstr(s, "noautoz"));
	assert_null(strstr(s, "direct\n"));
	/* Integrals leave room in heap and stack for the gradient (23 MB at 15 atoms, and more
	 * stack than that during the SCF), and say nothing of the result. */
	const char *cache = strstr(s, "  semidirect memsize ");
	assert_non_null(cache);
	long words = strtol(cache + strlen("  semidirect memsize "), NULL, 10);
	assert_true(words > 0 && words * 8 < (2 * 76 - 40) * 1048576L);
	_cleanup_free_ char *key = canonical(calc(NWCHEM_OPTIMISE, "b3lyp-d3-631gd", "chcl3", 0, 0));
	assert_null(strstr(key, "semidirect"));
	/* A title cannot smuggle lines in. */
	assert_non_null(strstr(s, "title \"a _title__end_ task\"\n"));
}

static void test_shield(_unused_ void **state)
{
	_cleanup_free_ char *s = input(calc(NWCHEM_SHIELD, "b3lyp-6311g2dp", "vacuum", -1, 0), &here);
	assert_non_null(strstr(s, "charge -1\n"));
	assert_non_null(strstr(s, "  * library \"6-311+G(2d,p)\"\n"));
	assert_non_null(strstr(s, "  direct\n"));
	assert_null(strstr(s, "semidirect"));
	assert_non_null(strstr(s, "property\n  shielding\nend\ntask dft property\n"));
	assert_null(strstr(s, "cosmo"));
	assert_null(strstr(s, "disp"));
}

static void test_paths_that_nwchem_cannot_read(_unused_ void **state)
{
	struct nwchem_place p = here;
	p.scratch = "/home/me/My Data/scratch";
	_cleanup_free_ char *s = input(calc(NWCHEM_SHIELD, "pbe0-def2svp", "vacuum", 0, 0), &p);
	assert_null(strstr(s, "_dir"));
	assert_non_null(strstr(s, "global 298 mb\ncharge 0\n"));
}

static void test_restart_changes_the_input_alone(_unused_ void **state)
{
	struct geometry moved = { 0 };
	geometry_copy(&moved, &water);
	moved.xyz[0][2] = 0.2;
	struct nwchem_place again = here;
	again.restart = &moved;
	struct nwchem_calc c = calc(NWCHEM_OPTIMISE, "b3lyp-d3-631gd", "dmso", 0, 0);
	_cleanup_free_ char *s = input(c, &again), *key = canonical(c);
	assert_non_null(strstr(s, "O 0.00000 0.00000 0.20000\n"));
	assert_non_null(strstr(key, "O 0.00000 0.00000 0.11700\n"));
	geometry_release(&moved);
}

/* Everything that decides the result is in the key; ranks, memory, paths and title
 * are not. */
static void test_canonical(_unused_ void **state)
{
	const struct nwchem_calc plain = calc(NWCHEM_SHIELD, "pbe0-def2svp", "chcl3", 0, 0);
	struct nwchem_calc others[] = {
		calc(NWCHEM_OPTIMISE, "pbe0-def2svp", "chcl3", 0, 0), calc(NWCHEM_SHIELD, "b3lyp-6311g2dp", "chcl3", 0, 0),
		calc(NWCHEM_SHIELD, "pbe0-def2svp", "dmso", 0, 0),    calc(NWCHEM_SHIELD, "pbe0-def2svp", "chcl3", 1, 0),
		calc(NWCHEM_SHIELD, "pbe0-def2svp", "chcl3", 0, 1),   calc(NWCHEM_SHIELD, "pbe0-def2svp", "chcl3", 0, 2),
	};
	_cleanup_free_ char *a = canonical(plain), *again = canonical(plain);
	assert_string_equal(a, again);
	assert_null(strstr(a, "memory"));
	assert_null(strstr(a, "_dir"));
	assert_null(strstr(a, "title"));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		_cleanup_free_ char *b = canonical(others[i]);
		assert_string_not_equal(a, b);
	}
}

/* Whatever goes wrong, the ladder has an end, goes up only, and every rung is a
 * different input. */
static void test_ladder(_unused_ void **state)
{
	static const enum cause causes[] = { CAUSE_AUTOZ, CAUSE_SCF, CAUSE_CPHF, CAUSE_OPT_STEPS };
	for (int task = NWCHEM_ENERGY; task <= NWCHEM_SHIELD; task++)
		for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
			const char *level = task == NWCHEM_SHIELD ? "b3lyp-6311g2dp" : "b3lyp-d3-631gd", *why = NULL;
			char *before = canonical(calc((enum nwchem_task)task, level, "chcl3", 0, 0));
			int rung = 0, next;
			while ((next = nwchem_next_rung((enum nwchem_task)task, rung, causes[i], &why)) >= 0) {
				assert_true(next > rung && next < 6 && why && *why);
				char *now = canonical(calc((enum nwchem_task)task, level, "chcl3", 0, next));
				assert_string_not_equal(before, now);
				free(before);
				before = now;
				rung = next;
			}
			free(before);
			bool helps = task == NWCHEM_ENERGY ? causes[i] == CAUSE_SCF || causes[i] == CAUSE_AUTOZ
				   : task == NWCHEM_SHIELD ? causes[i] != CAUSE_OPT_STEPS : causes[i] != CAUSE_CPHF;
			assert_true(helps == (rung > 0));
		}
}

static void test_rungs_do_what_the_cause_asks(_unused_ void **state)
{
	const char *why = NULL;
	int r = nwchem_next_rung(NWCHEM_OPTIMISE, 0, CAUSE_AUTOZ, &why);
	_cleanup_free_ char *cartesian = canonical(calc(NWCHEM_OPTIMISE, "b3lyp-d3-631gd", "chcl3", 0, r));
	assert_non_null(strstr(cartesian, "noautosym noautoz"));
	assert_null(strstr(cartesian, "lshift"));
	r = nwchem_next_rung(NWCHEM_OPTIMISE, 0, CAUSE_SCF, &why);
	_cleanup_free_ char *patient = canonical(calc(NWCHEM_OPTIMISE, "b3lyp-d3-631gd", "chcl3", 0, r));
	assert_non_null(strstr(patient, "lshift"));
	assert_null(strstr(patient, "noautoz"));
	/* Both troubles after one another. */
	r = nwchem_next_rung(NWCHEM_OPTIMISE, r, CAUSE_AUTOZ, &why);
	_cleanup_free_ char *both = canonical(calc(NWCHEM_OPTIMISE, "b3lyp-d3-631gd", "chcl3", 0, r));
	assert_non_null(strstr(both, "noautoz"));
	assert_non_null(strstr(both, "lshift"));
	/* Without internal coordinates, else the same, and on from there. */
	static const enum nwchem_task fixed[] = { NWCHEM_ENERGY, NWCHEM_SHIELD };
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		_cleanup_free_ char *plain = canonical(calc(fixed[i], "b3lyp-6311g2dp", "chcl3", 0, 0));
		r = nwchem_next_rung(fixed[i], 0, CAUSE_AUTOZ, &why);
		_cleanup_free_ char *linear = canonical(calc(fixed[i], "b3lyp-6311g2dp", "chcl3", 0, r));
		assert_null(strstr(plain, "noautoz"));
		const char *at = strstr(linear, " noautoz");
		assert_non_null(at);
		_cleanup_free_ char *without = xasprintf("%.*s%s", (int)(at - linear), linear, at + strlen(" noautoz"));
		/* But for the line that tells the rung. */
		*strstr(without, "rung ") = *strstr(plain, "rung ") = '\0';
		assert_string_equal(without, plain);
		r = nwchem_next_rung(fixed[i], r, CAUSE_SCF, &why);
		_cleanup_free_ char *both_again = canonical(calc(fixed[i], "b3lyp-6311g2dp", "chcl3", 0, r));
		assert_non_null(strstr(both_again, " noautoz"));
		assert_int_equal(nwchem_next_rung(fixed[i], r, CAUSE_SCF, &why), -1);
	}
	r = nwchem_next_rung(NWCHEM_SHIELD, 0, CAUSE_CPHF, &why);
	_cleanup_free_ char *cphf = canonical(calc(NWCHEM_SHIELD, "b3lyp-d3-631gd", "chcl3", 0, r));
	assert_non_null(strstr(cphf, "direct"));
	assert_non_null(strstr(cphf, "tolerances tight"));
	static const enum cause hopeless[] = { CAUSE_NONE, CAUSE_TRUNCATED, CAUSE_DISK_FULL, CAUSE_MEMORY, CAUSE_BASIS,
		CAUSE_INPUT, CAUSE_MPI, CAUSE_TIMEOUT, CAUSE_OTHER };
	for (size_t i = 0; i < ARRAY_SIZE(hopeless); i++) {
		assert_int_equal(nwchem_next_rung(NWCHEM_OPTIMISE, 0, hopeless[i], &why), -1);
		assert_int_equal(nwchem_next_rung(NWCHEM_SHIELD, 0, hopeless[i], &why), -1);
	}
	assert_int_equal(nwchem_next_rung(NWCHEM_OPTIMISE, 99, CAUSE_SCF, &why), -1);
	assert_int_equal(nwchem_next_rung(NWCHEM_OPTIMISE, -1, CAUSE_SCF, &why), -1);
}

static void test_memory(_unused_ void **state)
{
	const struct nwchem_calc c = calc(NWCHEM_SHIELD, "b3lyp-6311g2dp", "chcl3", 0, 0);
	/* TMS, PBE0/def2-SVP: NWChem reported 23270976 bytes of global arrays. */
	struct geometry tms = { 0 };
	geometry_resize(&tms, 17);
	for (int i = 0; i < 17; i++)
		tms.z[i] = i == 0 ? 14 : i < 5 ? 6 : 1;
	struct nwchem_calc big = calc(NWCHEM_SHIELD, "pbe0-def2svp", "chcl3", 0, 0);
	big.geometry = &tms;
	assert_true(nwchem_memory(&big, 1) > nwchem_memory(&c, 1) + 23270976);
	geometry_release(&tms);
	assert_true(nwchem_memory(&c, 1) > 100u << 20);
	assert_true(nwchem_memory(&c, 2) > nwchem_memory(&c, 1));
	assert_true(nwchem_memory(&c, 2) < 2u << 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_optimise), cmocka_unit_test(test_shield),
		cmocka_unit_test(test_paths_that_nwchem_cannot_read),
		cmocka_unit_test(test_restart_changes_the_input_alone), cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_ladder), cmocka_unit_test(test_rungs_do_what_the_cause_asks),
		cmocka_unit_test(test_memory),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
