/* Reading measured shifts, and the fit: against lines that are known and against the
 * plain way of doing what it does in sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "nmr/benchmark.h"
#include "nmr/calibration.h"
#include "report/calibration.h"

#define METHANE(title, fields) title "\n  x\n\n  5  4  0  0  0  0  0  0  0  0999 V2000\n" \
	"    0.0000    0.0000    0.0000 C   0  0\n    0.6291    0.6291    0.6291 H   0  0\n" \
	"   -0.6291   -0.6291    0.6291 H   0  0\n   -0.6291    0.6291   -0.6291 H   0  0\n" \
	"    0.6291   -0.6291   -0.6291 H   0  0\n  1  2  1  0\n  1  3  1  0\n  1  4  1  0\n  1  5  1  0\nM  END\n" fields

static void reads_records(_unused_ void **state)
{
	static const char text[] = METHANE("methane", ">  <SOLVENT>\r\nCDCl3\r\n\r\n>  <EXPERIMENTAL_13C>\n-2.30 1\n\n"
					   ">  <EXPERIMENTAL_1H>\n0.22 2 3\n0.24 4 5\n\n") "$$$$\n"
		METHANE("", "> <EXPERIMENTAL_1H>\n0.23 2 3 4 5\n");
	struct benchmark b;
	char *error = NULL;
	assert_int_equal(benchmark_parse(text, strlen(text), &b, &error), 0);
	assert_int_equal(b.n, 2);
	assert_string_equal(b.molecule[0].name, "methane");
	assert_string_equal(b.molecule[0].solvent, "CDCl3");
	assert_int_equal(b.molecule[0].n[0], 2);
	assert_int_equal(b.molecule[0].n[1], 1);
	assert_float_equal(b.molecule[0].shift[1][0].ppm, -2.30, 1e-9);
	assert_int_equal(b.molecule[0].shift[0][1].natoms, 2);
	assert_int_equal(b.molecule[0].shift[0][1].atom[1], 5);
	assert_null(strstr(b.molecule[0].text, "$$$$"));
	assert_string_equal(b.molecule[1].name, "record 2");
	assert_null(b.molecule[1].solvent);
	assert_int_equal(b.molecule[1].n[1], 0);
	benchmark_release(&b);
}

static void refuses_what_it_cannot_read(_unused_ void **state)
{
	static const struct { const char *text, *says; } bad[] = {
		{ "", "no molecules" },
		{ METHANE("m", ""), "has no EXPERIMENTAL_1H" },
		{ METHANE("m", ">  <EXPERIMENTAL_1H>\n0.2 1\n"), "atom 1 is no hydrogen" },
		{ METHANE("m", ">  <EXPERIMENTAL_13C>\n0.2 2\n"), "atom 2 is no carbon" },
		{ METHANE("m", ">  <EXPERIMENTAL_1H>\n0.2 6\n"), "names an atom that is not there" },
		{ METHANE("m", ">  <EXPERIMENTAL_1H>\n0.2 2 x\n"), "names an atom that is not there" },
		{ METHANE("m", ">  <EXPERIMENTAL_1H>\n0.2\n"), "names no atoms" },
		{ METHANE("m", ">  <EXPERIMENTAL_1H>\n0.2 2 3 2\n"), "named before" },
		{ METHANE("m", ">  <EXPERIMENTAL_1H>\n0.2 2 3\n0.3 3 4\n"), "named before" },
		{ METHANE("m", ">  <EXPERIMENTAL_1H>\nabout 2\n"), "does not start with a shift" },
		{ METHANE("m", ">  <EXPERIMENTAL_1H>\nnan 2\n"), "does not start with a shift" },
		{ "m\n\n\n  0  0  0  0  0  0  0  0  0  0999 V3000\nM  END\n", "V2000" },
		{ "m\n\n\n  9  0  0  0  0  0  0  0  0  0999 V2000\n", "V2000" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct benchmark b;
		char *error = NULL;
		assert_int_equal(benchmark_parse(bad[i].text, strlen(bad[i].text), &b, &error), -EINVAL);
		if (!strstr(error, bad[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error, bad[i].says);
		free(error);
	}
}

/* Five molecules, 17 points about a line, the same each time. */
static int cloud(struct calibration_point *p)
{
	unsigned short seed[3] = { 1, 2, 3 };
	int n = 0;
	for (int m = 0; m < 5; m++)
		for (int i = 0; i < 3 + m % 2; i++) {
			double x = 20 + 12 * erand48(seed);
			p[n++] = (struct calibration_point){ .molecule = m, .shielding = x, .environment = i ? "sp3" : "sp2",
							     .shift = 31 - 0.95 * x + 0.3 * (erand48(seed) - 0.5) };
		}
	return n;
}

static void plain_line(const struct calibration_point *p, int n, int without, double *slope, double *intercept)
{
	double k = 0, mx = 0, my = 0, xy = 0, xx = 0;
	for (int i = 0; i < n; i++)
		if (p[i].molecule != without) {
			k++;
			mx += p[i].shielding;
			my += p[i].shift;
		}
	mx /= k;
	my /= k;
	for (int i = 0; i < n; i++)
		if (p[i].molecule != without) {
			xy += (p[i].shielding - mx) * (p[i].shift - my);
			xx += (p[i].shielding - mx) * (p[i].shielding - mx);
		}
	*slope = xy / xx;
	*intercept = my - *slope * mx;
}

static void an_exact_line_is_found(_unused_ void **state)
{
	struct calibration_point p[32];
	struct calibration c;
	int n = cloud(p);
	for (int i = 0; i < n; i++)
		p[i].shift = 31.25 - 0.9375 * p[i].shielding;
	assert_int_equal(calibration_fit(p, n, false, &c), 0);
	assert_float_equal(c.slope, -0.9375, 1e-9);
	assert_float_equal(c.intercept, 31.25, 1e-9);
	assert_float_equal(c.rmsd, 0, 1e-9);
	assert_float_equal(c.lomo, 0, 1e-9);
	assert_float_equal(c.r2, 1, 1e-9);
	assert_float_equal(c.slope_ci.low, c.slope_ci.high, 1e-9);
	assert_int_equal(c.molecules, 5);
}

static void leaving_out_is_what_it_says(_unused_ void **state)
{
	struct calibration_point p[32];
	struct calibration c;
	int n = cloud(p);
	double slope, intercept, ss = 0, fit = 0, kind = 0;
	int of_kind = 0;
	assert_int_equal(calibration_fit(p, n, false, &c), 0);
	plain_line(p, n, -1, &slope, &intercept);
	assert_float_equal(c.slope, slope, 1e-9);
	assert_float_equal(c.intercept, intercept, 1e-9);
	for (int i = 0; i < n; i++) {
		double off = c.slope * p[i].shielding + c.intercept - p[i].shift;
		assert_float_equal(p[i].error, off, 1e-9);
		fit += off * off;
		plain_line(p, n, p[i].molecule, &slope, &intercept);
		off = slope * p[i].shielding + intercept - p[i].shift;
		assert_float_equal(p[i].lomo, off, 1e-9);
		ss += off * off;
		if (str_eq(p[i].environment, "sp2")) {
			kind += off * off;
			of_kind++;
		}
	}
	assert_float_equal(c.rmsd, sqrt(fit / n), 1e-9);
	assert_float_equal(c.lomo, sqrt(ss / n), 1e-9);
	assert_true(c.lomo > c.rmsd);
	assert_int_equal(c.nkinds, 2);
	assert_string_equal(c.kind[0].environment, "sp3");
	assert_float_equal(c.kind[1].rmsd, sqrt(kind / of_kind), 1e-9);
	assert_int_equal(c.kind[1].n, 5);
	assert_int_equal(c.kind[1].molecules, 5);
	assert_true(c.slope_ci.low < c.slope && c.slope < c.slope_ci.high);
	assert_true(c.lomo_ci.low < c.lomo && c.lomo < c.lomo_ci.high);
}

/* Where the sum of squares and the prior is smallest all its derivatives are zero. */
static void is_smallest(const struct calibration_point *p, int n, const struct calibration *c)
{
	double of_slope = 0, of_intercept = 0;
	for (int i = 0; i < n; i++) {
		of_slope += p[i].error * p[i].shielding;
		of_intercept += p[i].error;
	}
	assert_true(fabs(of_slope) < 1e-7);
	assert_true(fabs(of_intercept) < 1e-8);
	for (int k = 0; k < c->nkinds; k++) {
		double of_offset = CALIBRATION_PRIOR * c->kind[k].offset;
		if (c->kind[k].molecules < CALIBRATION_MOLECULES_MIN) {
			assert_true(c->kind[k].offset == 0);
			continue;
		}
		for (int i = 0; i < n; i++)
			of_offset += str_eq(p[i].environment, c->kind[k].environment) ? p[i].error : 0;
		assert_true(fabs(of_offset) < 1e-8);
	}
}

static double by_kind(const struct calibration *c, const struct calibration_point *p)
{
	double shift = c->slope * p->shielding + c->intercept;
	for (int k = 0; k < c->nkinds; k++)
		shift += str_eq(c->kind[k].environment, p->environment) ? c->kind[k].offset : 0;
	return shift;
}

static void kinds_have_offsets(_unused_ void **state)
{
	struct calibration_point p[32];
	struct calibration c, line;
	int n = cloud(p);
	for (int i = 0; i < n; i++)
		p[i].shift += str_eq(p[i].environment, "sp2") ? 2 : 0;
	assert_int_equal(calibration_fit(p, n, false, &line), 0);
	assert_true(line.kind[0].offset == 0);
	assert_int_equal(calibration_fit(p, n, true, &c), 0);
	assert_int_equal(c.nkinds, 2);
	is_smallest(p, n, &c);
	assert_true(c.kind[1].offset - c.kind[0].offset > 1 && c.kind[1].offset - c.kind[0].offset < 2);
	assert_true(c.lomo < line.lomo);
	for (int i = 0; i < n; i++)
		assert_true(fabs(p[i].error - (by_kind(&c, &p[i]) - p[i].shift)) < 1e-9);
	/* Left out: as if the molecule had never been there. */
	for (int m = 0; m < 5; m++) {
		struct calibration_point rest[32];
		struct calibration r;
		int k = 0;
		for (int i = 0; i < n; i++)
			if (p[i].molecule != m)
				rest[k++] = p[i];
		assert_int_equal(calibration_fit(rest, k, true, &r), 0);
		for (int i = 0; i < n; i++)
			if (p[i].molecule == m)
				assert_true(fabs(p[i].lomo - (by_kind(&r, &p[i]) - p[i].shift)) < 1e-8);
	}
	/* More kinds than there is room for, and points without one: by the line. */
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", NULL };
	for (int i = 0; i < n; i++)
		p[i].environment = names[i % 11];
	assert_int_equal(calibration_fit(p, n, true, &c), 0);
	assert_int_equal(c.nkinds, CALIBRATION_KINDS_MAX);
	is_smallest(p, n, &c);
	/* A kind of three molecules, however many points, has none; the others still do. */
	n = cloud(p);
	for (int i = 0; i < n; i++)
		p[i].environment = p[i].molecule < 3 ? "sp" : i % 2 ? "sp3" : "sp2";
	assert_int_equal(calibration_fit(p, n, true, &c), 0);
	is_smallest(p, n, &c);
	n = cloud(p);
	for (int i = 0, seen = -1; i < n; i++) {
		p[i].environment = p[i].molecule < 4 && p[i].molecule != seen ? "sp" : "sp3";
		seen = p[i].molecule;
	}
	assert_int_equal(calibration_fit(p, n, true, &c), 0);
	is_smallest(p, n, &c);
	assert_true(c.kind[0].offset != 0 && c.kind[1].offset != 0 && c.kind[1].molecules == 4);
}

static void a_fit_needs_molecules(_unused_ void **state)
{
	struct calibration_point p[32];
	struct calibration c;
	int n = cloud(p);
	for (int i = 0; i < n; i++)
		p[i].molecule %= 2;
	assert_int_equal(calibration_fit(p, n, false, &c), -EINVAL);
	n = cloud(p);
	for (int i = 0; i < n; i++)
		p[i].shielding = 30;
	assert_int_equal(calibration_fit(p, n, false, &c), -EINVAL);
	assert_int_equal(calibration_fit(p, 0, false, &c), -EINVAL);
}

/* Names of strangers: nothing of them is markup or ends a string. */
static void names_are_escaped(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf html = BUF_INIT, conf = BUF_INIT, svg = BUF_INIT;
	_cleanup_json_ json_t *doc = json_pack(
		"{s:{s:s,s:s,s:i},s:s,s:[{s:{s:s},s:{s:s},s:s,s:s,s:s,s:s,s:i,s:f,s:[],s:{s:i,s:f,s:f,s:f,s:f,s:{s:[f,f]},s:[],s:["
		"{s:s,s:[i],s:f,s:f,s:f,s:s}]}}]}",
		"dataset", "file", "a\"<b>\\.sdf", "sha256", "0123456789abcdef", "molecules", 1, "mode", "single", "fits", "level", "13C",
		"l", "level_text", "13C", "<i>L</i>", "geometry", "xtb", "geometry_text", "G", "solvent", "chcl3", "solvent_name", "chloroform",
		"done", 1, "cpu_s", 3.0, "missing", "13C", "n", 1, "slope", -1.0, "intercept", 190.0, "rmsd", 1.0, "lomo", 1.5, "ci",
		"lomo", 1.0, 2.0, "kinds", "points", "molecule", "<script>x</script>", "atoms", 1, "shielding", 100.0, "shift", 90.5,
		"lomo", 0.5, "environment", "sp3");
	assert_non_null(doc);
	calibration_html(doc, &html);
	calibration_conf(doc, &conf);
	calibration_svg(json_array_get(json_arr(doc, "fits"), 0), "13C", &svg);
	assert_null(strstr(html.s, "<script>"));
	assert_null(strstr(html.s, "<b>\\.sdf"));
	assert_null(strstr(html.s, "<i>L"));
	assert_non_null(strstr(svg.s, "&lt;i&gt;L"));
	assert_non_null(strstr(conf.s, "level = \"l\""));
	assert_non_null(strstr(conf.s, "a\\\"<b>\\\\.sdf"));
	assert_non_null(strstr(svg.s, "&lt;script&gt;"));
	assert_null(strstr(svg.s, "nan"));
}

/* What the spooler would refuse in scaling.conf is not written, and said. */
static void faulty_factors_are_not_written(_unused_ void **state)
{
	for (int faulty = 0; faulty < 2; faulty++) {
		_cleanup_(buf_release) struct buf conf = BUF_INIT, table = BUF_INIT;
		_cleanup_json_ json_t *doc = json_pack(
			"{s:[{s:{s:s},s:s,s:s,s:s,s:{s:s?,s:i,s:f,s:f,s:f,s:f,s:[]}}]}", "fits", "level", "13C", "l", "geometry", "xtb",
			"solvent", "chcl3", "preset", "p", "13C", "fault", faulty ? "its slope is 1" : NULL, "n", 9, "slope", -1.0, "intercept",
			190.0, "rmsd", 1.0, "lomo", 1.5, "kinds");
		assert_non_null(doc);
		calibration_conf(doc, &conf);
		calibration_table(doc, &table);
		assert_int_equal(conf.len == 0, faulty);
		assert_int_equal(strstr(table.s, "13C, p: not in scaling.conf, for its slope is 1: see") != NULL, faulty);
	}
}

/* Residuals of any size: names find a place, and the picture ends. */
static void names_find_places(_unused_ void **state)
{
	unsigned short seed[3] = { 4, 5, 6 };
	for (int round = 0; round < 3000; round++) {
		_cleanup_(buf_release) struct buf svg = BUF_INIT;
		json_t *points = json_array();
		for (int i = 0; i < 5; i++)
			json_array_append_new(points, json_pack("{s:s,s:[i],s:f,s:f,s:f}", "molecule", "m", "atoms", 1, "shielding",
								100.0 * erand48(seed), "shift", 100.0 * erand48(seed), "lomo",
								(i ? 1 : 3) * (erand48(seed) - 0.5)));
		_cleanup_json_ json_t *fit = json_pack("{s:{s:f,s:f,s:o}}", "13C", "slope", -1.0, "intercept", 190.0, "points", points);
		calibration_svg(fit, "13C", &svg);
		assert_true(svg.len > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_records),
		cmocka_unit_test(refuses_what_it_cannot_read),
		cmocka_unit_test(an_exact_line_is_found),
		cmocka_unit_test(leaving_out_is_what_it_says),
		cmocka_unit_test(kinds_have_offsets),
		cmocka_unit_test(a_fit_needs_molecules),
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(faulty_factors_are_not_written),
		cmocka_unit_test(names_find_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
