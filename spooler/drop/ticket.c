/* Telling a ticket from a structure in a .txt file. Both are short lines of text,
 * and "CC=O" is a valid line of either kind at first sight. A line is a setting
 * when a name comes before '=' or ':' and the name cannot be SMILES: it has a
 * letter that SMILES knows only in brackets, or white space before the sign. A
 * text is a ticket when its first line of content is a setting and at least half
 * of them are; what is wrong with the others the options say later. "solvent
 * CDCl3" counts too, but where no line has a sign all must be like that ("name
 * smiles" heads a table). A ticket of UTF-16 (Notepad) is read by leaving out the
 * zero bytes. Works on a buffer and its length; pure. */
#include <ctype.h>

#include "drop/internal.h"
#include "nmr/options.h"

bool ticket_is_conf(const char *name) { return str_has_isuffix(name, ".conf") && strlen(name) > 5; }
bool ticket_is_txt(const char *name) { return str_has_isuffix(name, ".txt") && strlen(name) > 4; }

static bool is_option_name(const char *s, size_t n)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		const char *name = option_name((enum option)i);
		if (strlen(name) == n && strncasecmp(name, s, n) == 0)
			return true;
	}
	return false;
}

/* Of atoms outside brackets; l and r are of Cl and Br. */
#define SMILES_LETTERS "BCNOPSFIHbcnopslr"

/* "solvent CDCl3" */
static bool starts_with_option(const char *s)
{
	size_t n = strcspn(s, " \t");
	return s[n] && is_option_name(s, n);
}

/* "solvent = CDCl3", and no SMILES */
static bool has_sign(const char *s)
{
	size_t n = strcspn(s, "=:");
	bool only_smiles = true;
	if (!s[n] || n == 0 || n > 40 || !isalpha((unsigned char)s[0]))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)s[i]) && !strchr(" \t_-.", s[i]))
			return false;
		only_smiles = only_smiles && (strchr(SMILES_LETTERS, s[i]) || !isalpha((unsigned char)s[i]));
	}
	if (n == 5 && strncasecmp(s, "inchi", 5) == 0)
		return false;
	/* "CCO name: ethanol" is a structure with a remark, "C = 1" is not. */
	size_t word = strspn(s, SMILES_LETTERS);
	if (isspace((unsigned char)s[word]) && word + strspn(s + word, " \t") < n)
		return false;
	return !only_smiles || isspace((unsigned char)s[n - 1]);
}

/* "[nmr]" is a heading, "[NH4+].[Cl-]" a salt. */
static bool is_bracket_atom(const char *s)
{
	const char *end = *s == '[' ? strchr(s, ']') : NULL;
	return end && end[1];
}

/* A copy without marks, zero bytes, and white space at the ends of lines. */
static char *plain(const char *text, size_t n)
{
	char *s = xmalloc(n + 1);
	size_t k = 0;
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3, n -= 3;
	else if (n >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		text += 2, n -= 2;
	for (size_t i = 0; i < n; i++)
		if (text[i])
			s[k++] = text[i] == '\r' ? '\n' : text[i];
	s[k] = '\0';
	return s;
}

static bool is_filler(const char *s)
{
	return !*s || *s == '#' || *s == ';' || *s == '[' || str_has_prefix(s, "//") || strspn(s, "-={}* \t") == strlen(s);
}

bool ticket_looks_like(const char *text, size_t n)
{
	if (n > TICKET_MAX)
		return false;
	_cleanup_free_ char *copy = plain(text, n);
	size_t lines = 0, settings = 0, signs = 0;
	for (char *line = copy, *next; line; line = next) {
		if ((next = strchr(line, '\n')))
			*next++ = '\0';
		char *s = str_trim(line);
		if (is_filler(s) && !is_bracket_atom(s))
			continue;
		bool sign = has_sign(s);
		if (!sign && !starts_with_option(s) && lines == 0)
			return false;
		settings += sign || starts_with_option(s);
		signs += sign;
		lines++;
	}
	return settings > 0 && (signs ? settings * 2 >= lines : settings == lines);
}
