/* Terminal output. Names come from strangers' files: nothing they contain may
 * reach the terminal as a control sequence, so every text goes through
 * next_character(), which lets only printable characters pass. Widths are
 * computed here for UTF-8 whatever the locale is; in a locale that is not UTF-8
 * everything beyond ASCII is shown as "?". Never logs. */
#include "cli/term.h"

#include <langinfo.h>
#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

void term_init(struct term *t, int fd)
{
	struct winsize w = { 0 };
	const char *no_color = getenv("NO_COLOR"), *name = getenv("TERM"), *columns = getenv("COLUMNS");
	long v;
	t->tty = isatty(fd) && name && !str_eq(name, "dumb");
	t->colour = t->tty && !(no_color && *no_color);
	t->utf8 = str_ieq(nl_langinfo(CODESET), "UTF-8");
	t->columns = 80;
	t->rows = 24;
	if (t->tty && ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col >= 20) {
		t->columns = w.ws_col;
		t->rows = MAX(w.ws_row, 4);
	} else if (columns && str_to_long(columns, &v) == 0 && v >= 20 && v <= 1000)
		t->columns = (int)v;
}

void term_style(const struct term *t, struct buf *b, enum term_style style, const char *text)
{
	static const char *const codes[] = { "", "1", "2", "31", "32", "33", "36" };
	if (t->colour && style != TERM_PLAIN)
		buf_addf(b, "\033[%sm%s\033[0m", codes[style], text);
	else
		buf_adds(b, text);
}

/* What a locale without UTF-8 shows instead, so that tables keep their columns:
 * typography and the superscripts of 13C; 0 when there is nothing alike. */
static char ascii_for(uint32_t c)
{
	static const struct { uint16_t from, to; char first; bool counts; } ranges[] = {
		{ 0xa0, 0xa0, ' ', false }, { 0xb0, 0xb0, 'o', false }, { 0xb1, 0xb1, '~', false },
		{ 0xb2, 0xb3, '2', true }, { 0xb7, 0xb7, '.', false }, { 0xb9, 0xb9, '1', false },
		{ 0xc5, 0xc5, 'A', false }, { 0xd7, 0xd7, 'x', false }, { 0x3b4, 0x3b4, 'd', false },
		{ 0x2010, 0x2015, '-', false }, { 0x2018, 0x2019, '\'', false }, { 0x201c, 0x201d, '"', false },
		{ 0x2070, 0x2070, '0', false }, { 0x2074, 0x2079, '4', true }, { 0x207a, 0x207a, '+', false },
		{ 0x207b, 0x207b, '-', false }, { 0x2080, 0x2089, '0', true }, { 0x2212, 0x2212, '-', false },
		{ 0x2500, 0x2500, '-', false },
	};
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return (char)(ranges[i].first + (ranges[i].counts ? (int)(c - ranges[i].from) : 0));
	return 0;
}

/* Borrowed one-character strings. */
static const char *ascii_string(char c)
{
	static const char all[] = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
	return &all[c - ' '];
}

/* One character of UTF-8 text: its bytes to show (length in *ret_n, taken from
 * *ret_s), its columns, and *p moved on. */
static int next_character(const struct term *t, const char **p, const char **ret_s, size_t *ret_n)
{
	const unsigned char *s = (const unsigned char *)*p;
	size_t n = *s < 0x80 ? 1 : *s >= 0xf5 ? 0 : *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc2 ? 2 : 0;
	uint32_t c = n == 1 ? *s : n ? *s & (0x7fu >> n) : 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			n = 0;
			break;
		}
		c = c << 6 | (s[i] & 0x3f);
	}
	*ret_s = *p;
	*ret_n = n;
	*p += n ? n : 1;
	int width = c < 0x80 ? 1 : wcwidth((wchar_t)c);
	/* U+202A..E and U+2066..9 turn the direction of what follows. */
	bool bad = n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
		   (c >= 0x2066 && c <= 0x2069) || (c >= 0x80 && (!t->utf8 || width < 0));
	if (!bad)
		return width;
	char alike = n > 1 && !t->utf8 ? ascii_for(c) : 0;
	*ret_s = ascii_string(alike ? alike : '?');
	*ret_n = 1;
	return 1;
}

int term_width(const struct term *t, const char *text)
{
	int width = 0;
	const char *s;
	size_t n;
	while (*text)
		width += next_character(t, &text, &s, &n);
	return width;
}

/* Adds what fits; returns the columns used. */
static int add_cut(const struct term *t, struct buf *b, const char *text, int columns)
{
	const char *dots = t->utf8 ? "\xe2\x80\xa6" : "...", *s;
	int used = 0, dots_width = t->utf8 ? 1 : 3;
	size_t n;
	bool whole = term_width(t, text) <= columns;
	int room = whole || columns < dots_width ? columns : columns - dots_width;
	while (*text) {
		int w = next_character(t, &text, &s, &n);
		if (used + w > room)
			break;
		buf_add(b, s, n);
		used += w;
	}
	if (!whole && columns >= dots_width) {
		buf_adds(b, dots);
		used += dots_width;
	}
	return used;
}

void term_cut(const struct term *t, struct buf *b, const char *text, int columns)
{
	add_cut(t, b, text, columns);
}

void term_fit(const struct term *t, struct buf *b, const char *text, int columns)
{
	for (int used = add_cut(t, b, text, columns); used < columns; used++)
		buf_addc(b, ' ');
}

void term_bar(const struct term *t, struct buf *b, double fraction, int columns)
{
	/* Eighths of a block, U+258F (one) to U+2588 (all eight). */
	double f = fraction >= 0 ? fmin(fraction, 1) : 0;
	int eighths = (int)lround(f * columns * 8);
	for (int i = 0; i < columns; i++) {
		int part = MIN(MAX(eighths - 8 * i, 0), 8);
		if (!t->utf8)
			buf_addc(b, part >= 4 ? '#' : '.');
		else if (part == 0)
			buf_adds(b, "\xe2\x96\x91");
		else {
			buf_addc(b, '\xe2');
			buf_addc(b, '\x96');
			buf_addc(b, (char)(0x90 - part));
		}
	}
}

static void new_line(struct buf *b, int indent)
{
	buf_addf(b, "%*s", indent, "");
}

void term_wrap(const struct term *t, struct buf *b, const char *text, int indent)
{
	int room = MAX(MIN(t->columns, 100) - indent, 20), used = 0;
	new_line(b, indent);
	while (*text) {
		size_t blank = strspn(text, " ");
		if (text[blank] == '\n') {
			buf_addc(b, '\n');
			new_line(b, indent);
			used = 0;
			text += blank + 1;
			continue;
		}
		size_t n = strcspn(text + blank, " \n");
		_cleanup_free_ char *word = xstrndup(text + blank, n);
		int w = term_width(t, word);
		if (used > 0 && used + 1 + w > room) {
			buf_addc(b, '\n');
			new_line(b, indent);
			used = 0;
		} else if (used > 0 && n) {
			buf_addc(b, ' ');
			used++;
		}
		term_cut(t, b, word, w);
		used += w;
		text += blank + n;
	}
	buf_addc(b, '\n');
}
