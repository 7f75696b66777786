/* The NMReDATA record. */
#include "report_help.h"

#include "report/nmredata.h"

static json_t *signals_of(json_t *j, const char *nucleus) { return json_arr(json_object_get(j, "shifts"), nucleus); }

static void test_record(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_nmredata_sdf(j, &b), 0);
	assert_memory_equal(b.s, "ethanol\n  nmrspool          3D\n\n  9  8  0", 39);
	has(&b, "M  END\n> <NMREDATA_VERSION>\n1.1\\\n\n> <NMREDATA_LEVEL>\n0\\\n\n");
	has(&b, "> <NMREDATA_SOLVENT>\nCDCl3\\\n\n> <NMREDATA_TEMPERATURE>\n298.15 K ;");
	has(&b, "> <NMREDATA_SMILES>\nCCO\\\n\n");
	has(&b, "> <NMREDATA_INCHI>\nInChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3\\\n\n");
	has(&b, "\nTitle=ethanol\\\nComment=Predicted by quantum chemistry. Nothing here was measured.\\\n");
	assert_int_equal(occurrences(b.s, "$$$$\n"), 1);
}

static void test_assignment(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_nmredata_sdf(j, &b), 0);
	has(&b, "> <NMREDATA_ASSIGNMENT>\n;predicted, not measured\\\n"
		"H2, 3.6812, 7, 8 ;CH2, uncertainty 0.18 ppm\\\n"
		"H1, 1.2216, 4, 5, 6 ;CH3, uncertainty 0.19 ppm\\\n"
		"H3, 0.9421, 9 ;OH, exchangeable\\\n"
		"C2, 58.3710, 2 ;CH2, uncertainty 2.9 ppm\\\n"
		"C1, 18.2140, 1 ;CH3, uncertainty 3.1 ppm\\\n\n");
}

static void test_spectra(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_nmredata_sdf(j, &b), 0);
	has(&b, "> <NMREDATA_1D_1H>\n;predicted, not measured, couplings not computed\\\nLarmor=500.0000\\\n"
		"Spectrum_Location=file:./spectrum-1H.jdx\\\nJcamp_location=file:spectrum-1H.jdx\\\n"
		"3.6812, N=2, L=H2\\\n1.2216, N=3, L=H1\\\n0.9421, N=1, L=H3\\\n\n");
	has(&b, "> <NMREDATA_1D_13C>\n;predicted, not measured\\\nLarmor=125.7251\\\nDecoupled=1H\\\n");
	has(&b, "\n58.3710, L=C2\\\n18.2140, L=C1\\\n\n$$$$\n");
	lacks(&b, "S=");
	lacks(&b, "J=");
	lacks(&b, "NMREDATA_J>");
}

/* Assigned, but not in the spectrum. */
static void test_exchanged(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("bromohydrin");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_nmredata_sdf(j, &b), 0);
	has(&b, "exchanged for D in this solvent\\\n");
	assert_int_equal(occurrences(b.s, ", L=H"), 2);
}

static void test_uncalibrated(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("anisole");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_nmredata_sdf(j, &b), 0);
	assert_int_equal(occurrences(b.s, ", uncalibrated\\\n"), 2);
	lacks(&b, "scaled");
}

/* Every line of a tag ends with the separator, which is nowhere else. */
static void check_lines(const struct buf *b)
{
	bool ours = false;
	for (const char *p = strstr(b->s, "M  END"); p && *p;) {
		size_t n = strcspn(p, "\n");
		_cleanup_free_ char *line = xstrndup(p, n);
		p += n + (p[n] == '\n');
		if (!n || str_has_prefix(line, "> <"))
			ours = str_has_prefix(line, "> <NMREDATA_");
		else if (ours) {
			assert_ptr_equal(strchr(line, '\\'), line + n - 1);
			assert_true(occurrences(line, ";") <= 1);
		}
	}
}

static void test_strangers_strings(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	json_t *mol = json_object_get(j, "molecule"), *h = signals_of(j, "1H"), *c = signals_of(j, "13C");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_object_set_new(j, "name", json_string("a\\;b\n\n> <NMREDATA_J>\n$$$$\n"));
	json_object_set_new(mol, "smiles", json_string("F/C=C\\F"));
	json_object_set_new(mol, "inchi", json_string("InChI=1S/CH4.H2O/h1H4;1H2"));
	json_object_set_new(json_array_get(h, 0), "label", json_string("a,b;\\/(1)"));
	json_object_set_new(json_array_get(h, 1), "type", json_string("x\\\n;y"));
	json_object_set_new(json_array_get(c, 0), "label", json_string("h1"));
	assert_int_equal(report_nmredata_sdf(j, &b), 0);
	check_lines(&b);
	assert_int_equal(occurrences(b.s, "\n$$$$"), 1);
	assert_int_equal(occurrences(b.s, "\n> <NMREDATA_J>"), 0);
	has(&b, "\nTitle=a/,b > <NMREDATA_J> $$$$\\\n");
	lacks(&b, "NMREDATA_SMILES");
	lacks(&b, "NMREDATA_INCHI");
	has(&b, "> <SMILES>\nF/C=C\\F\n\n> <INCHI>\nInChI=1S/CH4.H2O/h1H4;1H2\n\n");
	has(&b, "\na_b____1_, 3.6812, 7, 8 ;");
	/* Unique for those who know no case. */
	has(&b, "\nh1_2, 58.3710, 2 ;");
	has(&b, ", L=h1_2\\\n");
}

static void test_samples_hold_to_the_lines(_unused_ void **state)
{
	static const char *const names[] = { "ethanol", "styrene", "anisole", "bromohydrin", "crowded", "hostile" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_json_ json_t *j = sample(names[i]);
		_cleanup_(buf_release) struct buf b = BUF_INIT;
		assert_int_equal(report_nmredata_sdf(j, &b), 0);
		check_lines(&b);
	}
}

/* No shift, and atoms that are not there: such a signal is not in the record. */
static void test_left_out(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	json_t *h = signals_of(j, "1H");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_object_set_new(json_array_get(h, 0), "shift", json_null());
	json_object_set_new(json_array_get(h, 1), "atoms", json_pack("[i]", 10));
	json_object_set_new(json_array_get(h, 2), "atoms", json_array());
	assert_int_equal(report_nmredata_sdf(j, &b), 0);
	lacks(&b, "NMREDATA_1D_1H");
	lacks(&b, "nan");
	has(&b, "> <NMREDATA_ASSIGNMENT>\n;predicted, not measured\\\nC2, ");
	json_array_clear(signals_of(j, "13C"));
	buf_clear(&b);
	assert_int_equal(report_nmredata_sdf(j, &b), 0);
	lacks(&b, "NMREDATA_1D");
	lacks(&b, "NMREDATA_ASSIGNMENT");
}

static void test_misfits(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_array_remove(json_arr(json_array_get(json_arr(j, "conformers"), 0), "coords"), 4);
	assert_int_equal(report_nmredata_sdf(j, &b), -EBADMSG);
	json_object_set_new(json_object_get(j, "molecule"), "molblock", json_null());
	assert_int_equal(report_nmredata_sdf(j, &b), -ENODATA);
	assert_int_equal(b.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record), cmocka_unit_test(test_assignment), cmocka_unit_test(test_spectra),
		cmocka_unit_test(test_exchanged), cmocka_unit_test(test_uncalibrated),
		cmocka_unit_test(test_strangers_strings), cmocka_unit_test(test_samples_hold_to_the_lines),
		cmocka_unit_test(test_left_out), cmocka_unit_test(test_misfits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
