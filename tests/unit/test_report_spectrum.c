/* Spectra as pictures, and the pictures as PNG. */
#include "report_help.h"

#include "render/png.h"
#include "report/spectrum.h"

static void test_says(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("ethanol");
	_cleanup_(buf_release) struct buf h = BUF_INIT, c = BUF_INIT;
	assert_int_equal(report_spectrum_svg(j, "1H", &h), 0);
	has(&h, "δ / ppm");
	has(&h, "couplings not computed");
	has(&h, "3.68 (2H, H2)");
	has(&h, "stroke-dasharray");
	has(&h, "dashed: exchangeable H");
	has(&h, "B3LYP/6-311+G(2d,p) // B3LYP/6-31G* (COSMO)");
	lacks(&h, "UNCALIBRATED");
	assert_int_equal(report_spectrum_svg(j, "13C", &c), 0);
	has(&c, "58.4 (C2)");
	has(&c, ">220<");
	lacks(&c, "couplings");
	lacks(&c, "dasharray");
	assert_int_equal(report_spectrum_svg(j, "15N", &c), -EINVAL);
}

static void test_exchanged_is_hidden(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("bromohydrin");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_spectrum_svg(j, "1H", &b), 0);
	lacks(&b, "dasharray");
	lacks(&b, ", H1)");
	has(&b, "1 exchangeable H not shown: exchanged in D₂O");
}

static void test_uncalibrated(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("anisole");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_spectrum_svg(j, "1H", &b), 0);
	has(&b, "UNCALIBRATED");
}

/* x positions of the upright labels: in order, apart, inside. */
static void check_labels(const char *svg, size_t want)
{
	size_t n = 0;
	double before = -1;
	for (const char *p = svg; (p = strstr(p, "<text transform=\"translate(")); p++, n++) {
		double x = strtod(p + strlen("<text transform=\"translate("), NULL);
		double font = strtod(strstr(p, "font-size=\"") + strlen("font-size=\""), NULL);
		assert_true(x > 0 && x < 720);
		assert_true(before < 0 || x - before >= font);
		before = x;
	}
	assert_int_equal(n, want);
}

static void test_labels_keep_apart(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("crowded");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	size_t n = json_array_size(json_arr(json_object_get(j, "shifts"), "13C"));
	assert_true(n >= 50);
	assert_int_equal(report_spectrum_svg(j, "13C", &b), 0);
	check_labels(b.s, n);
}

/* More signals than labels have room: neighbours share one. */
static void test_too_many(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("crowded");
	json_t *list = json_arr(json_object_get(j, "shifts"), "13C");
	for (int i = 0; i < 300; i++)
		json_array_append_new(list, json_pack("{s:s,s:[i],s:s,s:f}", "label", "C", "atoms", i + 1, "type", "C",
						      "shift", 100 + 0.1 * i));
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	assert_int_equal(report_spectrum_svg(j, "13C", &b), 0);
	has(&b, " signals)");
	assert_true(occurrences(b.s, "rotate(-90)") < 100);
	check_labels(b.s, occurrences(b.s, "rotate(-90)"));
}

static void test_empty(_unused_ void **state)
{
	_cleanup_json_ json_t *j = json_pack("{s:s,s:{s:[],s:[]}}", "name", "nothing", "shifts", "1H", "13C");
	_cleanup_(buf_release) struct buf b = BUF_INIT, png = BUF_INIT;
	assert_int_equal(report_spectrum_svg(j, "1H", &b), 0);
	has(&b, "no hydrogen in this molecule");
	assert_int_equal(png_from_svg(b.s, b.len, &png), 0);
}

static void test_hostile(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("hostile");
	json_t *first = json_array_get(json_arr(json_object_get(j, "shifts"), "1H"), 0);
	json_object_set_new(first, "label", json_string("<a>&"));
	_cleanup_(buf_release) struct buf b = BUF_INIT, png = BUF_INIT;
	assert_int_equal(report_spectrum_svg(j, "1H", &b), 0);
	lacks(&b, "<script");
	lacks(&b, "<a>");
	/* librsvg parses strictly: it draws only what is well-formed. */
	assert_int_equal(png_from_svg(b.s, b.len, &png), 0);
}

static void test_png(_unused_ void **state)
{
	_cleanup_json_ json_t *j = sample("styrene");
	_cleanup_(buf_release) struct buf svg = BUF_INIT, png = BUF_INIT;
	assert_int_equal(report_spectrum_svg(j, "1H", &svg), 0);
	assert_int_equal(png_from_svg(svg.s, svg.len, &png), 0);
	assert_memory_equal(png.s, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
	/* 180 mm x 105 mm at 300 dpi */
	assert_memory_equal(png.s + 16, "\0\0\x08\x4e\0\0\x04\xd8", 8);
	/* 11811 pixels a metre, with its CRC */
	assert_memory_equal(png.s + 33, "\0\0\0\x09pHYs\0\0\x2e\x23\0\0\x2e\x23\x01\x78\xa5\x3f\x76", 21);
	assert_memory_equal(png.s + png.len - 8, "IEND", 4);
	buf_clear(&png);
	assert_int_equal(png_from_svg("no svg", 6, &png), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says), cmocka_unit_test(test_exchanged_is_hidden), cmocka_unit_test(test_uncalibrated),
		cmocka_unit_test(test_labels_keep_apart), cmocka_unit_test(test_too_many), cmocka_unit_test(test_empty),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_png),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
