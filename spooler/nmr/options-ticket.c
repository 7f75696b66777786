/* Tickets: the few lines that people put beside a structure, from Notepad, Word's
 * clipboard, a script or a phone. Any encoding with a mark is understood
 * (UTF-8, UTF-16), any line end, "key = value", "key: value" or "key value", one
 * or several on a line. What is not understood is an error with its line number,
 * all of them in one message. Works on a buffer and its length; pure. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "nmr/options-internal.h"

static void add_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
	} else if (c < 0x800) {
		buf_addc(b, (char)(0xc0 | c >> 6));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_addc(b, (char)(0xe0 | c >> 12));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_addc(b, (char)(0xf0 | c >> 18));
		buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	}
}

static uint32_t unit16(const unsigned char *p, bool little)
{
	return little ? (uint32_t)(p[0] | p[1] << 8) : (uint32_t)(p[1] | p[0] << 8);
}

static void decode_utf16(const unsigned char *p, size_t n, bool little, struct buf *b)
{
	for (size_t i = 0; i + 1 < n; i += 2) {
		uint32_t c = unit16(p + i, little);
		if (c >= 0xd800 && c < 0xdc00 && i + 3 < n) {
			uint32_t low = unit16(p + i + 2, little);
			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i += 2;
			}
		}
		add_utf8(b, c >= 0xd800 && c < 0xe000 ? 0xfffd : c ? c : ' ');
	}
}

/* As UTF-8 without NUL bytes. Without a mark, a zero in one of the first two
 * bytes gives UTF-16 away: a ticket starts with an ASCII letter. */
static void decode(const unsigned char *p, size_t n, struct buf *b)
{
	if (n >= 2 && p[0] == 0xff && p[1] == 0xfe)
		decode_utf16(p + 2, n - 2, true, b);
	else if (n >= 2 && p[0] == 0xfe && p[1] == 0xff)
		decode_utf16(p + 2, n - 2, false, b);
	else if (n >= 2 && p[0] && !p[1])
		decode_utf16(p, n, true, b);
	else if (n >= 2 && !p[0] && p[1])
		decode_utf16(p, n, false, b);
	else {
		size_t skip = n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
		buf_add(b, p + skip, n - skip);
		for (size_t i = 0; i < b->len; i++)
			if (!b->s[i])
				b->s[i] = ' ';
	}
}

/* Typography that means plain ASCII. plain "-" is skipped where dashes stay. */
static const struct { const char *fancy; char plain; } typography[] = {
	{ "\xc2\xa0", ' ' }, { "\xe2\x80\xaf", ' ' }, { "\xe3\x80\x80", ' ' },
	{ "\xe2\x80\x9c", '"' }, { "\xe2\x80\x9d", '"' }, { "\xe2\x80\x9e", '"' },
	{ "\xc2\xab", '"' }, { "\xc2\xbb", '"' },
	{ "\xe2\x80\x98", '\'' }, { "\xe2\x80\x99", '\'' },
	{ "\xe2\x88\x92", '-' }, { "\xe2\x80\x93", '-' }, { "\xe2\x80\x94", '-' }, { "\xe2\x80\x91", '-' },
};

static char *plain_text(const char *s, bool verbatim)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	while (*s) {
		size_t i = 0;
		while (i < ARRAY_SIZE(typography) && !str_has_prefix(s, typography[i].fancy))
			i++;
		if (i == ARRAY_SIZE(typography) || (verbatim && strchr("-'", typography[i].plain))) {
			buf_addc(&b, *s++);
			continue;
		}
		buf_addc(&b, typography[i].plain);
		s += strlen(typography[i].fancy);
	}
	return buf_detach(&b);
}

static void cut_comment(char *s)
{
	for (char *p = s; *p; p++)
		if ((p == s || isspace((unsigned char)p[-1])) && (*p == '#' || (p[0] == '/' && p[1] == '/'))) {
			*p = '\0';
			return;
		}
}

char *option_value_clean(const char *value, bool verbatim)
{
	_cleanup_free_ char *text = plain_text(value, verbatim);
	if (!verbatim)
		cut_comment(text);
	char *s = str_trim(text);
	for (size_t n = strlen(s); n && strchr(";,", s[n - 1]); n = strlen(s)) {
		s[n - 1] = '\0';
		s = str_trim(s);
	}
	size_t n = strlen(s);
	if (n >= 2 && strchr("\"'`", s[0]) && s[n - 1] == s[0]) {
		s[n - 1] = '\0';
		s = str_trim(s + 1);
	}
	return xstrdup(s);
}

struct ticket {
	struct options *o;
	const struct share *share;
	const char *origin;
	int line;
	struct buf problems;
};

static void problem(struct ticket *t, const char *text)
{
	buf_addf(&t->problems, "%sline %d: %s", t->problems.len ? "\n" : "", t->line, text);
}

/* Where the value starts and how long the name is; false: no "key = value". */
static bool split_setting(const char *s, size_t *ret_name, const char **ret_value)
{
	size_t n = strcspn(s, "=:");
	if (!s[n]) {            /* "solvent CDCl3", if the first word is an option */
		n = strcspn(s, " \t");
		_cleanup_free_ char *word = xstrndup(s, n);
		if (!s[n] || option_find(word) < 0)
			return false;
	}
	*ret_name = n;
	*ret_value = s + n + 1;
	return true;
}

/* "solvent = CDCl3; preset = draft": a ';' ends a setting when another one follows. */
static char *next_setting(char *value)
{
	for (char *p = value; (p = strchr(p, ';')); p++) {
		size_t name_len;
		const char *ignored;
		char *rest = p + 1 + strspn(p + 1, " \t");
		if (!split_setting(rest, &name_len, &ignored))
			continue;
		_cleanup_free_ char *name = xstrndup(rest, name_len);
		if (option_find(str_trim(name)) < 0)
			continue;
		*p = '\0';
		return rest;
	}
	return NULL;
}

static void read_setting(struct ticket *t, char *s)
{
	while (s) {
		size_t name_len;
		const char *value;
		if (!split_setting(s, &name_len, &value)) {
			_cleanup_free_ char *text = xasprintf("\"%.80s\" is not understood; write name = value.", s);
			problem(t, text);
			return;
		}
		char *next = next_setting(s + (value - s));
		_cleanup_free_ char *raw = xstrndup(s, name_len);
		_cleanup_free_ char *name = option_value_clean(raw, false);
		_cleanup_free_ char *error = NULL;
		if (options_set(t->o, t->share, name, value, t->origin, &error) < 0)
			problem(t, error);
		s = next;
	}
}

static bool is_comment(const char *s)
{
	/* "[nmr]" and "---" are headings, "{" and "}" what libconfig habits leave. */
	return !*s || *s == '#' || *s == ';' || str_has_prefix(s, "//") ||
	       (*s == '[' && str_has_suffix(s, "]")) || strspn(s, "-={}* \t") == strlen(s);
}

int options_ticket(struct options *o, const struct share *share, const char *text, size_t n,
		   const char *origin, char **ret_error)
{
	struct ticket t = { .o = o, .share = share, .origin = origin, .problems = BUF_INIT };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	decode((const unsigned char *)text, n, &b);
	char *end = b.s + b.len;
	for (char *line = b.s; line < end;) {
		size_t len = strcspn(line, "\r\n");
		char *next = line + len + (line[len] == '\r' && line[len + 1] == '\n') + 1;
		_cleanup_free_ char *raw = xstrndup(line, len);
		_cleanup_free_ char *plain = plain_text(raw, true);
		char *s = str_trim(plain);
		t.line++;
		if (!is_comment(s))
			read_setting(&t, s);
		line = next;
	}
	if (!t.problems.len)
		return 0;
	*ret_error = buf_detach(&t.problems);
	return -EINVAL;
}
