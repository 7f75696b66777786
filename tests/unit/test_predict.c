/* From shieldings to the prediction, on molecules small enough to work out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "nmr/predict.h"

/* The shipped data with factors of our own: in chloroform for production, none for draft. */
static struct share *shipped;

static const char factors[] =
	"scaling = (\n"
	"{ nucleus = \"1H\"; geometry = \"b3lyp-d3-631gd\"; level = \"b3lyp-6311g2dp\"; solvent = \"chcl3\"; slope = -0.93753;\n"
	"  intercept = 29.9176; rmsd = 0.163; n = 335; elements = \"H C N O F\"; source = \"a fit\"; reference = \"DELTA50\"; },\n"
	"{ nucleus = \"13C\"; geometry = \"b3lyp-d3-631gd\"; level = \"b3lyp-6311g2dp\"; solvent = \"chcl3\"; slope = -0.94972;\n"
	"  intercept = 172.6893; rmsd = 2.691; lomo = 2.8; n = 219; elements = \"H C N O F\"; source = \"a fit\"; reference = \"DELTA50\";\n"
	"  kinds = ( { environment = \"sp3\"; rmsd = 1.5; n = 80; molecules = 30; }, { environment = \"sp\"; rmsd = 1.1; n = 4; molecules = 2; },\n"
	"            { environment = \"C=X\"; offset = -1.75; rmsd = 4.4; n = 5; molecules = 5; } ); }\n);\n";

static int set_up(_unused_ void **state)
{
	static const char *const files[] = { "solvents.conf", "levels.conf", "presets.conf" };
	char dir[] = "/tmp/nmr-predict-XXXXXX", *error = NULL;
	if (!mkdtemp(dir))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *from = xasprintf("spooler/share/%s", files[i]), *to = xasprintf("%s/%s", dir, files[i]);
		file_copy(from, to, 0644);
	}
	_cleanup_free_ char *to = xasprintf("%s/scaling.conf", dir);
	file_write(to, factors, strlen(factors), 0644);
	shipped = share_load(dir, &error);
	file_rm_rf(dir);
	free(error);
	return shipped ? 0 : -1;
}

static int tear_down(_unused_ void **state)
{
	share_free(shipped);
	return 0;
}

/* Methanol, canonical order C O H H H H(O); in the file the oxygen comes first and
 * the carbon second, so canonical atom 0 is number 2. */
static const char methanol_mol[] =
	"{\"ok\":true,\"smiles\":\"CO\",\"inchi\":\"InChI=1S/CH4O/c1-2/h2H,1H3\",\"inchikey\":\"OKKJLVBELUTLKV-UHFFFAOYSA-N\","
	"\"formula\":\"CH4O\",\"mass\":32.04,\"charge\":0,\"natoms\":6,\"elements\":[\"C\",\"O\",\"H\",\"H\",\"H\",\"H\"],"
	"\"number\":[2,1,3,4,5,6],\"order\":[1,0,2,3,4,5],\"molblock\":\"block\",\"groups\":["
	"{\"element\":\"C\",\"atoms\":[0],\"label\":\"C2\",\"type\":\"CH3\",\"exchangeable\":false},"
	"{\"element\":\"H\",\"atoms\":[2,3,4],\"label\":\"H2\",\"type\":\"CH3\",\"exchangeable\":false},"
	"{\"element\":\"H\",\"atoms\":[5],\"label\":\"H1\",\"type\":\"OH\",\"exchangeable\":true}],"
	"\"warnings\":[{\"code\":\"tautomer\",\"text\":\"a note of nmr-mol\"}]}";
static const char methanol_xyz[] = "6\n\nC -0.37 0.01 0\nO 0.90 -0.59 0.12\nH -0.86 -0.29 -0.94\nH -0.99 -0.30 0.84\n"
				   "H -0.27 1.10 0.01\nH 1.48 -0.29 -0.61\n";
static const char ethene_mol[] =
	"{\"ok\":true,\"smiles\":\"C=C\",\"charge\":0,\"natoms\":6,\"elements\":[\"C\",\"C\",\"H\",\"H\",\"H\",\"H\"],"
	"\"number\":[1,2,3,4,5,6],\"order\":[0,1,2,3,4,5],\"groups\":["
	"{\"element\":\"C\",\"atoms\":[0,1],\"label\":\"C1\",\"type\":\"CH2\"},"
	"{\"element\":\"H\",\"atoms\":[2,3,4,5],\"label\":\"H1\",\"type\":\"CH2\"}],\"warnings\":[]}";
static const char ethene_xyz[] = "6\n\nC 0.66 0 0\nC -0.66 0 0\nH 1.23 0.92 0\nH 1.23 -0.92 0\nH -1.23 0.92 0\nH -1.23 -0.92 0\n";

static const double low[] = { 140, 330, 28, 28.3, 28.6, 31 }, high[] = { 120, 320, 27, 27.3, 27.6, 32 };
static const double ethene_shield[] = { 60, 62, 25.9, 26.1, 26.0, 26.0 };
static const struct predict_reference reference = { true, 31.8, 195.0, 24.3, 65.0 };

struct scene {
	struct geometry g;
	json_t *mol;
	struct predict_conformer c[2];
	struct predict_input in;
};

static void scene_init(struct scene *s, const char *mol, const char *xyz, const char *preset, const char *solvent)
{
	*s = (struct scene){ 0 };
	s->mol = json_loads(mol, 0, NULL);
	assert_non_null(s->mol);
	assert_int_equal(geometry_from_xyz(xyz, strlen(xyz), &s->g), 0);
	s->c[0] = (struct predict_conformer){ 1, -115.0, 0, 1, &s->g, low, low };
	s->c[1] = (struct predict_conformer){ 2, -115.0 + 0.5 / KCAL_PER_HARTREE, 0, 2, &s->g, high, high };
	s->in = (struct predict_input){ .share = shipped, .preset = share_preset(shipped, preset),
					.solvent = share_solvent(shipped, solvent), .temperature_k = 298.15, .mol = s->mol,
					.conformers = s->c, .n = 1, .reference = &reference, .geometry_text = "a geometry",
					.weights_text = "B3LYP-D3(BJ)/6-31G*" };
}

static void scene_release(struct scene *s)
{
	geometry_release(&s->g);
	json_decref(s->mol);
}

static const json_t *signal_of(const json_t *doc, const char *nucleus, size_t i)
{
	return json_array_get(json_object_get(json_object_get(doc, "shifts"), nucleus), i);
}

static bool has_warning(const json_t *doc, const char *code)
{
	const json_t *w;
	size_t i;
	json_array_foreach(json_arr(doc, "warnings"), i, w)
		if (str_eq(json_str(w, "code", ""), code))
			return true;
	return false;
}

static void assert_near(double a, double b, double e)
{
	if (!(fabs(a - b) <= e))
		print_error("%.6f is not %.6f\n", a, b);
	assert_true(fabs(a - b) <= e);
}

static void test_one_conformer_scaled(_unused_ void **state)
{
	_cleanup_(scene_release) struct scene s;
	scene_init(&s, methanol_mol, methanol_xyz, "production", "CDCl3");
	_cleanup_json_ json_t *doc = predict_result(&s.in);
	const json_t *c = signal_of(doc, "13C", 0), *h = signal_of(doc, "1H", 0), *oh = signal_of(doc, "1H", 1);
	assert_near(json_num(c, "shift", 0), -0.94972 * 140 + 172.6893, 1e-3);
	/* Without a kind that of all, each molecule by the others. */
	assert_near(json_num(c, "uncertainty", 0), 2.8, 1e-9);
	/* The methyl's three hydrogens are one signal at their mean. */
	assert_near(json_num(h, "shielding", 0), 28.3, 1e-4);
	assert_near(json_num(h, "shift", 0), -0.93753 * 28.3 + 29.9176, 1e-3);
	assert_int_equal(json_array_size(json_arr(h, "atoms")), 3);
	assert_string_equal(json_str(h, "label", ""), "H2");
	/* Highest shift first; the OH has no uncertainty, and the reason is said. */
	assert_string_equal(json_str(oh, "type", ""), "OH");
	assert_true(json_is_null(json_object_get(oh, "uncertainty")));
	assert_non_null(strstr(json_str(oh, "uncertainty_reason", ""), "exchangeable"));
	assert_true(json_is_null(json_object_get(h, "uncertainty_reason")));
	assert_true(json_flag(json_object_get(doc, "level"), "calibrated", false));
	assert_false(has_warning(doc, "uncalibrated"));
	assert_true(has_warning(doc, "tautomer") && has_warning(doc, "exchangeable-hydrogens"));
}

/* Numbers and order are those of the file, whatever the canonical order is. */
static void test_file_order(_unused_ void **state)
{
	_cleanup_(scene_release) struct scene s;
	scene_init(&s, methanol_mol, methanol_xyz, "production", "CDCl3");
	_cleanup_json_ json_t *doc = predict_result(&s.in);
	const json_t *m = json_object_get(doc, "molecule"), *k = json_array_get(json_arr(doc, "conformers"), 0);
	assert_string_equal(json_string_value(json_array_get(json_arr(m, "elements"), 0)), "O");
	assert_string_equal(json_str(m, "molblock", ""), "block");
	assert_near(json_number_value(json_array_get(json_array_get(json_arr(k, "coords"), 0), 0)), 0.90, 1e-9);
	assert_int_equal(json_integer_value(json_array_get(json_arr(signal_of(doc, "13C", 0), "atoms"), 0)), 2);
	const json_t *shieldings = json_object_get(k, "shieldings");
	assert_near(json_num(json_object_get(shieldings, "13C"), "2", 0), 140, 1e-9);
	assert_int_equal(json_object_size(json_object_get(shieldings, "13C")), 1);
	assert_int_equal(json_object_size(json_object_get(shieldings, "1H")), 4);
}

static void test_two_conformers(_unused_ void **state)
{
	_cleanup_(scene_release) struct scene s;
	scene_init(&s, methanol_mol, methanol_xyz, "production", "CDCl3");
	s.in.n = 2;
	_cleanup_json_ json_t *doc = predict_result(&s.in);
	double x = 2 * exp(-0.5 / (GAS_CONSTANT_KCAL * 298.15)), p = x / (1 + x);
	const json_t *second = json_array_get(json_arr(doc, "conformers"), 1), *c = signal_of(doc, "13C", 0);
	assert_near(json_num(second, "population", 0), p, 1e-6);
	assert_near(json_num(second, "energy_kcal", 0), 0.5, 1e-3);
	assert_near(json_num(c, "shielding", 0), 140 - 20 * p, 1e-3);
	/* Two conformers 20 ppm apart: the doubt about weights outweighs that of the fit. */
	assert_true(json_num(c, "uncertainty", 0) > 4 && json_num(c, "uncertainty", 0) < 8);
	assert_non_null(strstr(json_str(doc, "methods_text", ""), "Boltzmann-averaged over 2 conformers"));
}

static void test_referenced(_unused_ void **state)
{
	_cleanup_(scene_release) struct scene s, e;
	scene_init(&s, methanol_mol, methanol_xyz, "draft", "CDCl3");
	scene_init(&e, ethene_mol, ethene_xyz, "draft", "C6D6");
	e.c[0].shield_h = e.c[0].shield_c = ethene_shield;
	_cleanup_json_ json_t *sp3 = predict_result(&s.in), *sp2 = predict_result(&e.in);
	/* sp3: TMS. sp2: benzene, as measured in this solvent. */
	assert_near(json_num(signal_of(sp3, "13C", 0), "shift", 0), 195 - 140, 1e-6);
	assert_near(json_num(signal_of(sp3, "1H", 0), "shift", 0), 31.8 - 28.3, 1e-6);
	assert_near(json_num(signal_of(sp2, "13C", 0), "shift", 0), 128.62 + 65 - 61, 1e-6);
	assert_near(json_num(signal_of(sp2, "1H", 0), "shift", 0), 7.15 + 24.3 - 26.0, 1e-6);
	assert_true(json_is_null(json_object_get(signal_of(sp3, "13C", 0), "uncertainty")));
	assert_non_null(strstr(json_str(signal_of(sp3, "13C", 0), "uncertainty_reason", ""), "calibration"));
	const json_t *level = json_object_get(sp3, "level");
	assert_false(json_flag(level, "calibrated", true));
	assert_string_equal(json_str(json_object_get(json_object_get(level, "calibration"), "1H"), "kind", ""), "referenced");
	assert_true(has_warning(sp3, "uncalibrated") && has_warning(sp2, "aromatic-solvent"));
	assert_non_null(strstr(json_str(sp3, "methods_text", ""), "TMS"));
	assert_null(strstr(json_str(sp3, "methods_text", ""), "linear functions"));
}

/* No reference, no shift: a zero would look like one. */
static void test_no_reference_no_number(_unused_ void **state)
{
	_cleanup_(scene_release) struct scene s;
	scene_init(&s, methanol_mol, methanol_xyz, "draft", "CDCl3");
	s.in.reference = NULL;
	_cleanup_json_ json_t *doc = predict_result(&s.in);
	assert_true(json_is_null(json_object_get(signal_of(doc, "13C", 0), "shift")));
}

static const char *reason_with(const char *key, json_t *value, const char *solvent, bool kept, char *out, size_t size)
{
	_cleanup_(scene_release) struct scene s;
	scene_init(&s, methanol_mol, methanol_xyz, "production", solvent);
	if (value)
		json_object_set_new(s.mol, key, value);
	s.in.geometry_kept = kept;
	_cleanup_json_ json_t *doc = predict_result(&s.in);
	const json_t *c = signal_of(doc, "13C", 0);
	assert_true(json_is_null(json_object_get(c, "uncertainty")));
	snprintf(out, size, "%s", json_str(c, "uncertainty_reason", ""));
	return out;
}

static void test_what_is_not_known_is_null(_unused_ void **state)
{
	char s[200];
	json_t *sulfur = json_pack("[s,s,s,s,s,s]", "C", "S", "H", "H", "H", "H");
	json_t *bromide = json_pack("[{s:s,s:[i],s:s,s:s,s:b}]", "element", "C", "atoms", 0, "label", "C1", "type", "CH3",
				    "heavy_halogen", 1);
	json_t *zwitterion = json_pack("[{s:s,s:s}]", "code", "zwitterion", "text", "t");
	assert_non_null(strstr(reason_with("charge", json_integer(1), "CDCl3", false, s, sizeof(s)), "ions"));
	assert_non_null(strstr(reason_with("warnings", zwitterion, "CDCl3", false, s, sizeof(s)), "ions"));
	assert_non_null(strstr(reason_with("elements", sulfur, "CDCl3", false, s, sizeof(s)), "with S"));
	assert_non_null(strstr(reason_with("groups", bromide, "CDCl3", false, s, sizeof(s)), "Br or I"));
	assert_non_null(strstr(reason_with("", NULL, "vacuum", false, s, sizeof(s)), "no calibration for this level in gas phase"));
	assert_non_null(strstr(reason_with("", NULL, "CDCl3", true, s, sizeof(s)), "optimised geometries"));
}

static double uncertainty_of(const char *environment, const char *solvent)
{
	_cleanup_(scene_release) struct scene s;
	scene_init(&s, methanol_mol, methanol_xyz, "production", solvent);
	if (environment)
		json_object_set_new(json_array_get(json_arr(s.mol, "groups"), 0), "environment", json_string(environment));
	_cleanup_json_ json_t *doc = predict_result(&s.in);
	const json_t *c = signal_of(doc, "13C", 0);
	assert_near(json_num(c, "shift", 0), -0.94972 * 140 + 172.6893 - (str_eq(environment, "C=X") ? 1.75 : 0), 1e-3);
	return json_num(c, "uncertainty", -1);
}

/* That of its kind, where there were enough of it to tell; never better than all when
 * there were few; none when there were none. */
static void test_uncertainty_is_that_of_the_kind(_unused_ void **state)
{
	assert_near(uncertainty_of("sp3", "CDCl3"), 1.5, 1e-9);
	assert_near(uncertainty_of("sp", "CDCl3"), 2.8, 1e-9);
	assert_near(uncertainty_of("C=X", "CDCl3"), 4.4, 1e-9);
	assert_near(uncertainty_of("sp2", "CDCl3"), -1, 1e-9);
}

static void test_factors_of_chloroform_serve_others(_unused_ void **state)
{
	double moved = share_solvent(shipped, "dmso")->transfer_c;
	assert_true(moved > 0);
	assert_near(uncertainty_of("sp3", "DMSO-d6"), round(sqrt(1.5 * 1.5 + moved * moved) * 10) / 10, 1e-9);
	_cleanup_(scene_release) struct scene s;
	scene_init(&s, methanol_mol, methanol_xyz, "production", "DMSO-d6");
	_cleanup_json_ json_t *doc = predict_result(&s.in);
	const json_t *level = json_object_get(doc, "level");
	assert_true(json_flag(level, "calibrated", false));
	assert_string_equal(json_str(json_object_get(json_object_get(level, "calibration"), "13C"), "solvent", ""), "chcl3");
}

static void test_warnings(_unused_ void **state)
{
	static const struct { const char *solvent, *code; } cases[] = {
		{ "D2O", "exchanged-hydrogens" }, { "CD3OD", "exchanged-hydrogens" }, { "D2O", "protic-solvent" },
		{ "C6D6", "aromatic-solvent" }, { "toluene-d8", "aromatic-solvent" }, { "pyridine-d5", "solvent-substitution" },
		{ "DMSO-d6", "transferred" }, { "THF-d8", "transferred" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(scene_release) struct scene s;
		scene_init(&s, methanol_mol, methanol_xyz, "production", cases[i].solvent);
		_cleanup_json_ json_t *doc = predict_result(&s.in);
		assert_true(has_warning(doc, cases[i].code));
	}
	_cleanup_(scene_release) struct scene s;
	scene_init(&s, methanol_mol, methanol_xyz, "production", "CDCl3");
	_cleanup_json_ json_t *doc = predict_result(&s.in);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_false(has_warning(doc, cases[i].code));
}

static bool cites(const json_t *doc, const char *what)
{
	const json_t *r;
	size_t i;
	json_array_foreach(json_arr(doc, "references"), i, r)
		if (strstr(json_string_value(r), what))
			return true;
	return false;
}

static void test_methods_say_what_was_done(_unused_ void **state)
{
	_cleanup_(scene_release) struct scene s, d, k;
	_cleanup_json_ json_t *programs = json_pack("{s:s,s:s}", "nwchem", "7.0.2", "xtb", "6.5.1");
	scene_init(&s, methanol_mol, methanol_xyz, "production", "CDCl3");
	scene_init(&d, methanol_mol, methanol_xyz, "draft", "vacuum");
	scene_init(&k, methanol_mol, methanol_xyz, "production", "CDCl3");
	s.in.programs = programs;
	k.in.geometry_kept = true;
	_cleanup_json_ json_t *production = predict_result(&s.in), *draft = predict_result(&d.in), *kept = predict_result(&k.in);
	const char *p = json_str(production, "methods_text", ""), *t = json_str(draft, "methods_text", "");
	assert_non_null(strstr(p, "NWChem 7.0.2"));
	assert_non_null(strstr(p, "xtb 6.5.1"));
	assert_non_null(strstr(p, "delta(1H) = 29.9176 - 0.93753 sigma"));
	assert_non_null(strstr(p, "B3LYP/6-311+G(2d,p) (COSMO, chloroform)"));
	assert_true(cites(production, "COSMO") && cites(production, "D3") && cites(production, "DELTA50") && cites(production, "ALPB"));
	assert_non_null(strstr(t, "gas phase"));
	assert_null(strstr(t, "COSMO"));
	assert_null(strstr(t, "ALPB"));
	assert_false(cites(draft, "COSMO") || cites(draft, "D3") || cites(draft, "DELTA50") || cites(draft, "ALPB"));
	assert_non_null(strstr(json_str(kept, "methods_text", ""), "as given"));
	assert_null(strstr(json_str(kept, "methods_text", ""), "GFN2"));
	assert_false(cites(kept, "GFN2"));
}

static json_t *of_kind(const char *environment)
{
	_cleanup_(scene_release) struct scene s;
	scene_init(&s, methanol_mol, methanol_xyz, "production", "CDCl3");
	json_object_set_new(json_array_get(json_arr(s.mol, "groups"), 0), "environment", json_string(environment));
	return predict_result(&s.in);
}

/* The carbons of a kind are off their line together. */
static void test_offset_of_kind(_unused_ void **state)
{
	_cleanup_json_ json_t *plain = of_kind("sp3"), *moved = of_kind("C=X"), *strange = of_kind("sp2");
	double line = json_num(signal_of(plain, "13C", 0), "shift", 0);
	assert_near(line, 172.6893 - 0.94972 * json_num(signal_of(plain, "13C", 0), "shielding", 0), 1e-3);
	assert_near(json_num(signal_of(moved, "13C", 0), "shift", 0), line - 1.75, 1e-3);
	assert_near(json_num(signal_of(strange, "13C", 0), "shift", 0), line, 1e-3);
	const json_t *calibration = json_object_get(json_object_get(plain, "level"), "calibration");
	const json_t *offsets = json_object_get(json_object_get(calibration, "13C"), "offsets");
	assert_int_equal(json_object_size(offsets), 1);
	assert_near(json_num(offsets, "C=X", 0), -1.75, 1e-9);
	assert_true(json_is_null(json_object_get(json_object_get(calibration, "1H"), "offsets")));
	assert_non_null(strstr(json_str(plain, "methods_text", ""), "0.94972 sigma, plus by kind of carbon (X: a heteroatom) -1.75 for C=X (a fit)"));
}

/* A preset whose hydrogens alone have factors: each nucleus is spoken of for itself. */
static void test_one_nucleus_calibrated(_unused_ void **state)
{
	struct preset half = *share_preset(shipped, "production");
	half.shield_c = share_level(shipped, "camb3lyp-def2svp");
	_cleanup_(scene_release) struct scene s;
	scene_init(&s, methanol_mol, methanol_xyz, "production", "DMSO-d6");
	s.in.preset = &half;
	_cleanup_json_ json_t *doc = predict_result(&s.in);
	const char *said = NULL, *methods = json_str(doc, "methods_text", "");
	const json_t *w;
	size_t i;
	json_array_foreach(json_arr(doc, "warnings"), i, w)
		if (str_eq(json_str(w, "code", ""), "uncalibrated"))
			said = json_str(w, "text", "");
	assert_non_null(said);
	assert_non_null(strstr(said, "Uncalibrated (13C): there are no scaling factors for CAM-B3LYP/def2-SVP"));
	assert_non_null(strstr(said, "Shifts of 13C are referenced"));
	assert_true(has_warning(doc, "transferred"));
	assert_non_null(strstr(methods, "Shifts of 1H are linear functions of the shieldings: delta(1H) = 29.9176"));
	assert_non_null(strstr(methods, "Those of 13C are referenced to TMS"));
	assert_null(strstr(methods, "delta(13C)"));
	assert_true(cites(doc, "DELTA50") && cites(doc, "Benzene reference"));
	assert_true(json_is_number(json_object_get(signal_of(doc, "1H", 1), "uncertainty")) ||
		    json_is_number(json_object_get(signal_of(doc, "1H", 0), "uncertainty")));
	assert_true(json_is_null(json_object_get(signal_of(doc, "13C", 0), "uncertainty")));
}

/* What was left out of an ensemble is no part of its error any more when it is most of it. */
static void test_single_conformer(_unused_ void **state)
{
	_cleanup_(scene_release) struct scene s;
	scene_init(&s, methanol_mol, methanol_xyz, "production", "CDCl3");
	s.in.single = true;
	s.in.force_field = "UFF";
	s.in.embedder = "ETKDGv3 and KDG";
	s.in.population_lost = 0.4;
	_cleanup_json_ json_t *doc = predict_result(&s.in);
	const char *methods = json_str(doc, "methods_text", "");
	assert_non_null(strstr(methods, "ETKDGv3 and KDG, and relaxed with UFF, as implemented in"));
	assert_true(cites(doc, "UFF: A. K. Rappe") && cites(doc, "KDG: S. Riniker") && !cites(doc, "MMFF94s"));
	assert_non_null(strstr(methods, "; the one of lowest energy was taken. It was optimised at B3LYP-D3(BJ)/6-31G* (COSMO, chloroform)"));
	assert_null(strstr(methods, "at most"));
	assert_true(json_is_number(json_object_get(signal_of(doc, "13C", 0), "uncertainty")));
	s.in.population_lost = 0.7;
	_cleanup_json_ json_t *few = predict_result(&s.in);
	assert_true(json_is_null(json_object_get(signal_of(few, "13C", 0), "uncertainty")));
	assert_string_equal(json_str(signal_of(few, "13C", 0), "uncertainty_reason", ""),
			    "the conformers that were computed hold only about 30 % of the population");
	s.in.single = false;
	s.in.conformers_max = 3;
	_cleanup_json_ json_t *three = predict_result(&s.in);
	assert_non_null(strstr(json_str(three, "methods_text", ""), "(at most 3)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_conformer_scaled), cmocka_unit_test(test_file_order),
		cmocka_unit_test(test_two_conformers), cmocka_unit_test(test_referenced),
		cmocka_unit_test(test_no_reference_no_number), cmocka_unit_test(test_what_is_not_known_is_null),
		cmocka_unit_test(test_uncertainty_is_that_of_the_kind), cmocka_unit_test(test_factors_of_chloroform_serve_others),
		cmocka_unit_test(test_warnings), cmocka_unit_test(test_methods_say_what_was_done),
		cmocka_unit_test(test_offset_of_kind), cmocka_unit_test(test_one_nucleus_calibrated), cmocka_unit_test(test_single_conformer),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
