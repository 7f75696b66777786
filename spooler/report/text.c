/* Escaping and measuring of text.
 *
 * Invariants: what is appended is valid UTF-8 without control characters other
 * than the line ends asked for; no character that is special in the target
 * format survives unescaped. Direction marks (U+202A..202E, U+2066..2069) are
 * dropped to U+FFFD: with them a name could be made to read as another one.
 *
 * Pure; never logs. */
#include "report/text.h"

#include <math.h>
#include <string.h>

#define REPLACEMENT 0xFFFDu
/* A blank that does not break; never in text_line's output. */
#define GLUE '\x1f'

static bool is_tail(unsigned char c) { return (c & 0xC0) == 0x80; }

/* Length and lowest value of a sequence by its first byte; 0: not a first byte. */
static int sequence(unsigned char c, uint32_t *ret_bits, uint32_t *ret_least)
{
	if (c < 0x80)
		return *ret_bits = c, *ret_least = 0, 1;
	if (c >= 0xC2 && c <= 0xDF)
		return *ret_bits = c & 0x1Fu, *ret_least = 0x80, 2;
	if (c >= 0xE0 && c <= 0xEF)
		return *ret_bits = c & 0x0Fu, *ret_least = 0x800, 3;
	if (c >= 0xF0 && c <= 0xF4)
		return *ret_bits = c & 0x07u, *ret_least = 0x10000, 4;
	return 0;
}

uint32_t text_next(const char **s)
{
	const unsigned char *p = (const unsigned char *)*s;
	uint32_t v = 0, least = 0;
	if (!*p)
		return 0;
	int n = sequence(*p, &v, &least);
	for (int i = 1; i < n; i++) {
		if (!is_tail(p[i])) {
			n = 0;
			break;
		}
		v = v << 6 | (p[i] & 0x3Fu);
	}
	if (n == 0 || v < least || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF)) {
		*s += 1;
		return REPLACEMENT;
	}
	*s += n;
	return v;
}

static void add_char(struct buf *b, uint32_t c)
{
	if (c < 0x80)
		buf_addc(b, (char)c);
	else if (c < 0x800) {
		buf_addc(b, (char)(0xC0 | c >> 6));
		buf_addc(b, (char)(0x80 | (c & 0x3F)));
	} else if (c < 0x10000) {
		buf_addc(b, (char)(0xE0 | c >> 12));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3F)));
		buf_addc(b, (char)(0x80 | (c & 0x3F)));
	} else {
		buf_addc(b, (char)(0xF0 | c >> 18));
		buf_addc(b, (char)(0x80 | (c >> 12 & 0x3F)));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3F)));
		buf_addc(b, (char)(0x80 | (c & 0x3F)));
	}
}

static bool is_blank(uint32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x2028 || c == 0x2029;
}

/* Characters that are never shown: controls, direction marks, non-characters. */
static uint32_t harmless(uint32_t c)
{
	bool bad = c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
		   (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F || (c & 0xFFFE) == 0xFFFE || c == 0xFEFF;
	return bad ? REPLACEMENT : c;
}

void text_html(struct buf *b, const char *s)
{
	for (uint32_t c; s && (c = text_next(&s));)
		switch (c) {
		case '&': buf_adds(b, "&amp;"); break;
		case '<': buf_adds(b, "&lt;"); break;
		case '>': buf_adds(b, "&gt;"); break;
		case '"': buf_adds(b, "&quot;"); break;
		case '\'': buf_adds(b, "&#39;"); break;
		default: add_char(b, is_blank(c) && c != 0xA0 ? ' ' : harmless(c));
		}
}

void text_csv(struct buf *b, const char *s)
{
	_cleanup_free_ char *line = text_line_new(s, 0);
	bool formula = *line && strchr("=+-@", *line);
	bool quote = strpbrk(line, ",;\"'\t") != NULL || formula;
	if (quote)
		buf_addc(b, '"');
	if (formula)
		buf_addc(b, '\'');
	for (const char *p = line; *p; p++) {
		if (*p == '"')
			buf_addc(b, '"');
		buf_addc(b, *p);
	}
	if (quote)
		buf_addc(b, '"');
}

/* Combining marks and joiners take no column; the big East Asian blocks and emoji
 * take two. */
static size_t columns(uint32_t c)
{
	if ((c >= 0x300 && c <= 0x36F) || c == 0x200B || c == 0x200C || c == 0x200D || (c >= 0xFE00 && c <= 0xFE0F) ||
	    (c >= 0x20D0 && c <= 0x20FF))
		return 0;
	if ((c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
	    (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
	    (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD))
		return 2;
	return 1;
}

size_t text_width(const char *s)
{
	size_t n = 0;
	for (uint32_t c; s && (c = text_next(&s));)
		n += columns(c);
	return n;
}

/* Blanks in a row become one; the ends are trimmed. */
static void one_line(struct buf *b, const char *s)
{
	bool gap = false, any = false;
	for (uint32_t c; s && (c = text_next(&s));) {
		if (is_blank(c)) {
			gap = any;
			continue;
		}
		if (gap)
			buf_addc(b, ' ');
		gap = false;
		any = true;
		add_char(b, harmless(c));
	}
}

void text_line(struct buf *b, const char *s, size_t max)
{
	_cleanup_(buf_release) struct buf line = BUF_INIT;
	one_line(&line, s);
	if (max == 0 || text_width(line.s) <= max) {
		buf_add(b, line.s, line.len);
		return;
	}
	const char *p = line.s, *end = p;
	for (size_t n = 0; *p; end = p) {
		uint32_t c = text_next(&p);
		n += columns(c);
		if (n + 1 > max)
			break;
	}
	while (end > line.s && end[-1] == ' ')
		end--;
	buf_add(b, line.s, (size_t)(end - line.s));
	buf_adds(b, "…");
}

char *text_line_new(const char *s, size_t max)
{
	struct buf b = BUF_INIT;
	text_line(&b, s, max);
	return buf_detach(&b);
}

static void blanks(struct buf *b, size_t n)
{
	while (n-- > 0)
		buf_addc(b, ' ');
}

void text_pad(struct buf *b, const char *s, size_t cols, bool right)
{
	_cleanup_free_ char *line = text_line_new(s, cols);
	size_t w = text_width(line), gap = w < cols ? cols - w : 0;
	if (right)
		blanks(b, gap);
	buf_adds(b, line);
	if (!right)
		blanks(b, gap);
}

/* ---- wrapping */

struct wrap {
	struct buf *b;
	const char *eol;
	size_t indent, width, col;
	bool fresh;              /* nothing but the indent in this line */
};

static void wrap_break(struct wrap *w)
{
	buf_adds(w->b, w->eol);
	blanks(w->b, w->indent);
	w->col = w->indent;
	w->fresh = true;
}

/* A word longer than a line is broken where the line ends. */
static void wrap_word(struct wrap *w, const char *word)
{
	size_t n = text_width(word);
	if (!w->fresh && w->col + 1 + n > w->width)
		wrap_break(w);
	if (!w->fresh) {
		buf_addc(w->b, ' ');
		w->col++;
	}
	for (uint32_t c; (c = text_next(&word));) {
		if (w->col + columns(c) > w->width)
			wrap_break(w);
		add_char(w->b, c == GLUE ? ' ' : c);
		w->col += columns(c);
		w->fresh = false;
	}
}

/* "key = value" is typed into a ticket: it stays in one line. */
static void glue_equals(char *line)
{
	for (char *p = line; (p = strstr(p, " = ")); p += 3)
		p[0] = p[2] = GLUE;
}

static void wrap_paragraph(struct wrap *w, const char *s, size_t n)
{
	_cleanup_free_ char *copy = xstrndup(s, n);
	_cleanup_free_ char *line = text_line_new(copy, 0);
	char *save = NULL;
	glue_equals(line);
	for (char *t = strtok_r(line, " ", &save); t; t = strtok_r(NULL, " ", &save))
		wrap_word(w, t);
}

void text_wrap(struct buf *b, const char *s, const char *first, size_t width, const char *eol)
{
	struct wrap w = { .b = b, .eol = eol, .indent = text_width(first), .width = width, .fresh = true };
	buf_adds(b, first);
	w.col = w.indent;
	for (const char *p = s ? s : ""; *p;) {
		size_t n = strcspn(p, "\n");
		wrap_paragraph(&w, p, n);
		p += n + (p[n] == '\n');
		if (*p)
			wrap_break(&w);
	}
	buf_adds(b, eol);
}

/* ---- chemistry's typography */

static const char *const subs[] = { "₀", "₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉" };
static const char *const sups[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* A charge stands at the end and its sign before its number: "C4H4O4-2". */
static bool is_charge(const char *p)
{
	if (*p != '+' && *p != '-')
		return false;
	for (p++; is_digit(*p); p++)
		;
	return *p == '\0';
}

static void add_charge(struct buf *b, const char *p)
{
	const char *sign = *p++ == '+' ? "⁺" : "⁻";
	for (; is_digit(*p); p++)
		buf_adds(b, sups[*p - '0']);
	buf_adds(b, sign);
}

void text_subscripts(struct buf *b, const char *s)
{
	_cleanup_free_ char *line = text_line_new(s, 0);
	bool after = false;              /* after a letter, a bracket or such a digit */
	for (const char *p = line; *p; p++) {
		if (p > line && is_charge(p)) {
			add_charge(b, p);
			return;
		}
		if (is_digit(*p) && after) {
			buf_adds(b, subs[*p - '0']);
			continue;
		}
		buf_addc(b, *p);
		after = (*p | 32) >= 'a' && (*p | 32) <= 'z';
		after = after || *p == ')' || *p == ']';
	}
}

char *text_subscripts_new(const char *s)
{
	struct buf b = BUF_INIT;
	text_subscripts(&b, s);
	return buf_detach(&b);
}

void text_number(struct buf *b, double v, int digits, bool pretty)
{
	if (!isfinite(v)) {
		buf_adds(b, pretty ? "–" : "");
		return;
	}
	_cleanup_free_ char *s = xasprintf("%.*f", digits, v);
	bool zero = strspn(s, "-0.") == strlen(s), minus = *s == '-';
	if (minus && !zero)
		buf_adds(b, pretty ? "−" : "-");
	buf_adds(b, s + (minus ? 1 : 0));
}

char *text_number_new(double v, int digits)
{
	struct buf b = BUF_INIT;
	text_number(&b, v, digits, true);
	return buf_detach(&b);
}

void text_base64(struct buf *b, const void *data, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = data;
	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)p[i] << 16 | (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0u);
		buf_addc(b, digits[v >> 18 & 63]);
		buf_addc(b, digits[v >> 12 & 63]);
		buf_addc(b, i + 1 < n ? digits[v >> 6 & 63] : '=');
		buf_addc(b, i + 2 < n ? digits[v & 63] : '=');
	}
}
