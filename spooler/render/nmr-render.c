/* nmr-render: writes everything that is shown to people from a result document.
 *
 *   nmr-render --in result.json --out DIR [--input FILE]...
 *
 * All or nothing by its exit status: 0 when every file is written, 1 with one line
 * on stderr otherwise, 2 for a wrong command line. What it writes depends on the
 * document alone, so the same result gives the same bytes. */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "render/png.h"
#include "report/html.h"
#include "report/jcamp.h"
#include "report/nmredata.h"
#include "report/sdf.h"
#include "report/si.h"
#include "report/spectrum.h"
#include "report/tables.h"

struct render { const char *in, *out; json_t *doc; };

static int put(const struct render *r, const char *name, const struct buf *b)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", r->out, name);
	return file_write(path, b->s, b->len, 0644);
}

static int fail(const char *what, int r)
{
	fprintf(stderr, "nmr-render: %s: %s\n", what,
		r == -EBADMSG ? "the result document does not make sense there" : strerror(-r));
	return 1;
}

/* ---- files that are one function of the document */

static const struct { const char *name; int (*write)(const json_t *result, struct buf *b); } files[] = {
	{ "report.html", report_html },
	{ "shifts.csv", report_shifts_csv },
	{ "shifts.json", report_shifts_json },
	{ "shieldings.csv", report_shieldings_csv },
	{ "SI.txt", report_si_text },
	{ "geometry.xyz", report_geometry_xyz },
	{ "geometry.sdf", report_geometry_sdf },
	{ "conformers.sdf", report_conformers_sdf },
	{ "nmredata.sdf", report_nmredata_sdf },
	{ "provenance.json", report_provenance_json },
};

static int write_files(const struct render *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_(buf_release) struct buf b = BUF_INIT;
		int e = files[i].write(r->doc, &b);
		/* Without bonds there is no SDF; hours of work are not lost for that. */
		if (e == -ENODATA)
			continue;
		if (e == 0)
			e = put(r, files[i].name, &b);
		if (e < 0)
			return fail(files[i].name, e);
	}
	return 0;
}

/* ---- pictures */

static int write_picture(const struct render *r, const char *stem, const struct buf *svg)
{
	_cleanup_(buf_release) struct buf png = BUF_INIT;
	_cleanup_free_ char *svg_name = xasprintf("%s.svg", stem), *png_name = xasprintf("%s.png", stem);
	int e = put(r, svg_name, svg);
	if (e < 0)
		return fail(svg_name, e);
	e = png_from_svg(svg->s, svg->len, &png);
	if (e == 0)
		e = put(r, png_name, &png);
	return e < 0 ? fail(png_name, e) : 0;
}

static int write_spectrum(const struct render *r, const char *nucleus)
{
	_cleanup_(buf_release) struct buf svg = BUF_INIT, jdx = BUF_INIT;
	_cleanup_free_ char *stem = xasprintf("spectrum-%s", nucleus), *jdx_name = xasprintf("%s.jdx", stem);
	int e = report_jcamp(r->doc, nucleus, &jdx);
	if (e == 0)
		e = put(r, jdx_name, &jdx);
	if (e < 0)
		return fail(jdx_name, e);
	e = report_spectrum_svg(r->doc, nucleus, &svg);
	return e < 0 ? fail(stem, e) : write_picture(r, stem, &svg);
}

/* A molecule that could not be drawn has no picture; the report says so. */
static int write_structure(const struct render *r)
{
	_cleanup_(buf_release) struct buf svg = BUF_INIT;
	buf_adds(&svg, json_str(r->doc, "structure_svg", ""));
	return svg.len ? write_picture(r, "structure", &svg) : 0;
}

/* ---- the dropped files */

static int copy_input(const struct render *r, const char *file)
{
	const char *slash = strrchr(file, '/');
	_cleanup_free_ char *dir = xasprintf("%s/input", r->out);
	_cleanup_free_ char *to = xasprintf("%s/%s", dir, slash ? slash + 1 : file);
	int e = file_mkdir_p(dir, 0755);
	if (e == 0)
		e = file_rm_rf(to);
	if (e == 0)
		e = file_copy(file, to, 0644);
	return e < 0 ? fail(file, e) : 0;
}

static int usage(FILE *f, int status)
{
	fputs("usage: nmr-render --in result.json --out DIR [--input FILE]...\n"
	      "Writes report, tables, spectra and geometries of a result document into DIR;\n"
	      "--input copies a file into DIR/input/.\n", f);
	return status;
}

static int render(struct render *r, char *const *inputs, size_t ninputs)
{
	int e = json_read_file(r->in, &r->doc);
	if (e < 0)
		return fail(r->in, e);
	if ((e = file_mkdir_p(r->out, 0755)) < 0)
		return fail(r->out, e);
	int status = write_files(r);
	if (!status)
		status = write_spectrum(r, "1H");
	if (!status)
		status = write_spectrum(r, "13C");
	if (!status)
		status = write_structure(r);
	for (size_t i = 0; !status && i < ninputs; i++)
		status = copy_input(r, inputs[i]);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "in", required_argument, NULL, 'i' },
						 { "out", required_argument, NULL, 'o' },
						 { "input", required_argument, NULL, 'I' },
						 { "help", no_argument, NULL, 'h' },
						 { "version", no_argument, NULL, 'V' }, { 0 } };
	struct render r = { 0 };
	_cleanup_free_ char **inputs = xcalloc((size_t)argc, sizeof(*inputs));
	size_t n = 0;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (c) {
		case 'i': r.in = optarg; break;
		case 'o': r.out = optarg; break;
		case 'I': inputs[n++] = optarg; break;
		case 'h': return usage(stdout, 0);
		case 'V': puts("nmr-render " NMR_VERSION); return 0;
		default: return usage(stderr, 2);
		}
	if (!r.in || !r.out || optind != argc)
		return usage(stderr, 2);
	int status = render(&r, inputs, n);
	json_decref(r.doc);
	return status;
}
