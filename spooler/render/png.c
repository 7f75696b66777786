/* Rasterising with librsvg and cairo.
 *
 * cairo writes no pHYs chunk, without which word processors take a picture for 72
 * or 96 dpi and show it four times too large; so the chunk is put in after IHDR,
 * which is always 25 bytes long and comes first.
 *
 * Never logs. */
#include "render/png.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include <librsvg/rsvg.h>

#define SIGNATURE_AND_IHDR (8 + 25)
#define INCH 0.0254

static void put32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (24 - 8 * i));
}

/* CRC-32 of ISO 3309, as PNG wants it; bit by bit will do for 13 bytes. */
static uint32_t crc32_of(const unsigned char *p, size_t n)
{
	uint32_t c = 0xFFFFFFFFu;
	for (size_t i = 0; i < n; i++) {
		c ^= p[i];
		for (int k = 0; k < 8; k++)
			c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
	}
	return ~c;
}

static void phys_chunk(unsigned char ret_chunk[21], double dpi)
{
	uint32_t per_metre = (uint32_t)lround(dpi / INCH);
	put32(ret_chunk, 9);
	memcpy(ret_chunk + 4, "pHYs", 4);
	put32(ret_chunk + 8, per_metre);
	put32(ret_chunk + 12, per_metre);
	ret_chunk[16] = 1;       /* per metre */
	put32(ret_chunk + 17, crc32_of(ret_chunk + 4, 13));
}

static int add_phys(const struct buf *png, double dpi, struct buf *b)
{
	unsigned char chunk[21];
	if (png->len < SIGNATURE_AND_IHDR || memcmp(png->s + 12, "IHDR", 4) != 0)
		return -EBADMSG;
	phys_chunk(chunk, dpi);
	buf_add(b, png->s, SIGNATURE_AND_IHDR);
	buf_add(b, chunk, sizeof(chunk));
	buf_add(b, png->s + SIGNATURE_AND_IHDR, png->len - SIGNATURE_AND_IHDR);
	return 0;
}

static cairo_status_t collect(void *arg, const unsigned char *data, unsigned int n)
{
	buf_add(arg, data, n);
	return CAIRO_STATUS_SUCCESS;
}

/* Draws the whole picture into w x h pixels and encodes it. */
static int draw(RsvgHandle *svg, int w, int h, struct buf *png)
{
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
	cairo_t *c = cairo_create(surface);
	RsvgRectangle all = { 0, 0, w, h };
	cairo_set_source_rgb(c, 1, 1, 1);
	cairo_paint(c);
	int r = rsvg_handle_render_document(svg, c, &all, NULL) ? 0 : -EBADMSG;
	cairo_surface_flush(surface);
	if (r == 0 && cairo_surface_write_to_png_stream(surface, collect, png) != CAIRO_STATUS_SUCCESS)
		r = -EIO;
	cairo_destroy(c);
	cairo_surface_destroy(surface);
	return r;
}

static int rasterise(RsvgHandle *svg, struct buf *b)
{
	_cleanup_(buf_release) struct buf png = BUF_INIT;
	double w = 0, h = 0, dpi = PNG_DPI;
	rsvg_handle_set_dpi(svg, 96);
	if (!rsvg_handle_get_intrinsic_size_in_pixels(svg, &w, &h) || !(w >= 1) || !(h >= 1))
		return -EBADMSG;
	dpi = fmin(dpi, 96 * PNG_SIDE_MAX / fmax(w, h));
	int r = draw(svg, (int)lround(w * dpi / 96), (int)lround(h * dpi / 96), &png);
	return r < 0 ? r : add_phys(&png, dpi, b);
}

int png_from_svg(const char *svg, size_t n, struct buf *ret_png)
{
	RsvgHandle *h = rsvg_handle_new_from_data((const guint8 *)svg, n, NULL);
	if (!h)
		return -EBADMSG;
	int r = rasterise(h, ret_png);
	g_object_unref(h);
	return r;
}
