/* Names in the outbox: safe on Windows shares, in shells and for people, and
 * traceable to what was dropped. Pure. */
#include "outbox/outbox.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

#define NAME_MAX_BYTES 120

/* The length of a valid, visible UTF-8 sequence at s; 0: replace the byte. */
static size_t utf8_len(const unsigned char *s)
{
	size_t n = (s[0] >= 0xc2 && s[0] < 0xe0) ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] >= 0xf0 && s[0] < 0xf5) ? 4 : 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0)
		return 0;
	if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)))
		return 0;
	/* U+200B..U+200F, U+2028..U+202E, U+2066..U+2069: invisible, reorder text. */
	if (n == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] >= 0x8b && s[2] <= 0x8f))
		return 0;
	if (n == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] >= 0xa8 && s[2] <= 0xae))
		return 0;
	if (n == 3 && s[0] == 0xe2 && s[1] == 0x81 && (s[2] >= 0xa6 && s[2] <= 0xa9))
		return 0;
	if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)))
		return 0;
	return n;
}

static const char *const extensions[] = { ".smi", ".smiles", ".csv", ".txt", ".mol", ".mdl", ".sdf", ".sd", ".xyz",
	".inchi", ".mol2", ".cdxml", ".cdx", ".tsv", ".pdf", ".png", ".jpg", ".jpeg", ".gif", ".doc", ".docx", ".rtf",
	".html", ".htm", ".gjf", ".com", ".mnova", ".zip", ".rxn", ".xlsx", ".pdb", ".conf" };

static size_t stem_length(const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(extensions); i++)
		if (strlen(s) > strlen(extensions[i]) && str_has_isuffix(s, extensions[i]))
			return strlen(s) - strlen(extensions[i]);
	return strlen(s);
}

/* Windows devices, with or without an extension. */
static bool is_device(const char *s)
{
	static const char *const names[] = { "con", "prn", "aux", "nul", "conin$", "conout$" };
	size_t n = strcspn(s, ".");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (n == strlen(names[i]) && strncasecmp(s, names[i], n) == 0)
			return true;
	return n == 4 && (strncasecmp(s, "com", 3) == 0 || strncasecmp(s, "lpt", 3) == 0) && isdigit((unsigned char)s[3]);
}

/* Suffixes that mean something in the outbox. */
static bool has_own_suffix(const char *s)
{
	return str_has_isuffix(s, ".running") || str_has_isuffix(s, ".failed");
}

char *outbox_safe_name(const char *any)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	const unsigned char *s = (const unsigned char *)any, *end = s + stem_length(any);
	while (s < end && b.len < NAME_MAX_BYTES) {
		size_t n = *s < 0x80 ? 1 : utf8_len(s);
		bool bad = n == 0 || (n == 1 && (*s < 0x20 || *s == 0x7f || strchr("<>:\"/\\|?*", *s)));
		if (b.len + MAX(n, (size_t)1) > NAME_MAX_BYTES)
			break;
		if (bad)
			buf_addc(&b, '_');
		else
			buf_add(&b, s, n);
		s += n ? n : 1;
	}
	while (b.len && strchr(". ", b.s[b.len - 1]))
		b.s[--b.len] = '\0';
	char *start = b.s;
	/* Hidden names, temporary names and options of commands begin so. */
	while (*start == '.' || *start == ' ' || *start == '-' || *start == '~')
		start++;
	if (!*start)
		return xstrdup("molecule");
	if (is_device(start) || has_own_suffix(start))
		return xasprintf("%s_", start);
	return xstrdup(start);
}

char *outbox_name_candidate(const char *safe, int n)
{
	return n <= 1 ? xstrdup(safe) : xasprintf("%s-%d", safe, n);
}

/* ASCII and Latin-1 letters are folded; other scripts are compared as they are:
 * there a clash on a Windows share needs two names that differ in case alone. */
char *outbox_fold(const char *name)
{
	char *f = xstrdup(name);
	for (unsigned char *p = (unsigned char *)f; *p; p++) {
		if (*p < 0x80)
			*p = (unsigned char)tolower(*p);
		else if (*p == 0xc3 && p[1] >= 0x80 && p[1] <= 0x9e && p[1] != 0x97)
			p[1] = (unsigned char)(p[1] + 0x20);
	}
	return f;
}
