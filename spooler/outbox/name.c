/* Names of results: from any bytes to something that every filesystem, Windows
 * share and shell takes. Text is brought to Unicode's composed form (NFC), because
 * a Mac sends the decomposed one and two names that look alike must be one. What
 * Windows forbids becomes '_'; what is invisible or turns the direction of writing
 * (a trick to disguise extensions) is left out. Names that mean something to
 * Windows (CON, NUL ...) or to us (.running, QUEUE.html) get an underscore. Pure. */
#include <ctype.h>
#include <string.h>
#include <utf8proc.h>

#include "base/ending.h"
#include "outbox/internal.h"

#define NAME_MAX_BYTES 120

static size_t without_extension(const char *s) { return strlen(s) - ending_of_structure(s); }

static bool is_invisible(utf8proc_int32_t c)
{
	return c == 0x00ad || c == 0x061c || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || c >= 0xe0000;
}

static void add_character(struct buf *b, utf8proc_int32_t c)
{
	utf8proc_uint8_t u[4];
	utf8proc_category_t k = utf8proc_category(c);
	if (is_invisible(c))
		return;
	if (k == UTF8PROC_CATEGORY_ZS || k == UTF8PROC_CATEGORY_ZL || k == UTF8PROC_CATEGORY_ZP || c == '\t' || c == '\n' ||
	    c == '\r') {
		if (b->len && b->s[b->len - 1] != ' ')
			buf_addc(b, ' ');
		return;
	}
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c < 0x80 && strchr("<>:\"/\\|?*$`", (int)c)) ||
	    k == UTF8PROC_CATEGORY_CN || k == UTF8PROC_CATEGORY_CS)
		c = '_';
	buf_add(b, u, (size_t)utf8proc_encode_char(c, u));
}

static void add_clean(struct buf *b, const char *s, size_t n)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)s;
	while (n > 0) {
		utf8proc_int32_t c;
		utf8proc_ssize_t k = utf8proc_iterate(p, (utf8proc_ssize_t)n, &c);
		add_character(b, k > 0 ? c : '?');
		p += k > 0 ? k : 1;
		n -= k > 0 ? (size_t)k : 1;
	}
}

/* Composed form of UTF-8 text; false: it is not UTF-8. */
static bool compose(const char *s, int extra, char **ret_s)
{
	utf8proc_uint8_t *out = NULL;
	int o = UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE | extra;
	if (utf8proc_map((const utf8proc_uint8_t *)s, 0, &out, (utf8proc_option_t)o) < 0)
		return false;
	*ret_s = xstrdup((char *)out);
	free(out);
	return true;
}

/* At most max bytes, whole characters, no dot or blank at the end. */
static void cut(char *s, size_t max)
{
	size_t n = strlen(s);
	if (n > max) {
		for (n = max; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80;)
			n--;
	}
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '.'))
		n--;
	s[n] = '\0';
}

/* CON, con.1, "nul  .x": Windows looks at what comes before the first dot. */
static bool is_device(const char *s)
{
	static const char *const names[] = { "con", "prn", "aux", "nul", "conin$", "conout$", "clock$" };
	size_t n = strcspn(s, ".");
	while (n > 0 && s[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (n == strlen(names[i]) && strncasecmp(s, names[i], n) == 0)
			return true;
	if (n < 4 || (strncasecmp(s, "com", 3) && strncasecmp(s, "lpt", 3)))
		return false;
	return (n == 4 && isdigit((unsigned char)s[3])) ||
	       (n == 5 && (!memcmp(s + 3, "\xc2\xb9", 2) || !memcmp(s + 3, "\xc2\xb2", 2) || !memcmp(s + 3, "\xc2\xb3", 2)));
}

static bool is_ours(const char *s)
{
	return str_has_isuffix(s, ".running") || str_has_isuffix(s, ".failed") || str_ieq(s, "QUEUE.html") ||
	       str_ieq(s, "summary.csv") || str_ieq(s, "desktop.ini");
}

static char *safe(const char *any, size_t n, const char *fallback)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	add_clean(&b, any, n);
	_cleanup_free_ char *text = NULL;
	if (!compose(b.s, 0, &text))
		text = xstrdup(b.s);
	char *s = text + strspn(text, " .");
	/* A leading '-' or '~' is an option or a home to a shell. */
	if (*s == '-' || *s == '~')
		*s = '_';
	cut(s, NAME_MAX_BYTES);
	if (!*s)
		return xstrdup(fallback);
	if (is_device(s))
		return xasprintf("_%s", s);      /* "con.1_" would still be the console */
	if (!is_ours(s))
		return xstrdup(s);
	cut(s, NAME_MAX_BYTES - 1);
	return xasprintf("%s_", s);
}

char *outbox_safe_name(const char *any)
{
	return safe(any, without_extension(any), "molecule");
}

char *outbox_safe_folder_name(const char *any) { return safe(any, strlen(any), "folder"); }

char *outbox_safe_file_name(const char *any)
{
	size_t n = without_extension(any);
	_cleanup_free_ char *stem = safe(any, n, "molecule");
	return xasprintf("%s%s", stem, any + n);
}

char *outbox_name_candidate(const char *name, int n)
{
	if (n <= 1)
		return xstrdup(name);
	_cleanup_free_ char *number = xasprintf("-%d", n);
	_cleanup_free_ char *base = xstrdup(name);
	cut(base, NAME_MAX_BYTES - strlen(number));
	return xasprintf("%s%s", base, number);
}

char *outbox_fold(const char *name)
{
	char *s;
	if (compose(name, UTF8PROC_CASEFOLD, &s))
		return s;
	s = xstrdup(name);
	for (char *p = s; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return s;
}
