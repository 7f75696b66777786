/* Reading a set of molecules with measured shifts. A line that cannot be read is an
 * error: a shift that is left out quietly would make a fit look better than it is.
 * Pure; never logs. */
#include "nmr/benchmark.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static const char *const fields[] = { "EXPERIMENTAL_1H", "EXPERIMENTAL_13C" };
static const char *const symbols[] = { "H", "C" };

/* The next line without its end; advances *p. NULL at the end. */
static char *next_line(const char **p, const char *end)
{
	if (*p >= end)
		return NULL;
	const char *eol = memchr(*p, '\n', (size_t)(end - *p));
	const char *stop = eol ? eol : end, *from = *p;
	*p = eol ? eol + 1 : end;
	if (stop > from && stop[-1] == '\r')
		stop--;
	return xstrndup(from, (size_t)(stop - from));
}

/* A field that was meant for us and that would be passed over; NULL: it is none. */
static char *strange_field(const char *line)
{
	const char *from = line[0] == '>' ? strchr(line, '<') : NULL, *to = from ? strchr(from, '>') : NULL;
	if (!to || strncasecmp(from + 1, "EXPERIMENTAL", strlen("EXPERIMENTAL")) != 0)
		return NULL;
	_cleanup_free_ char *tag = xstrndup(from + 1, (size_t)(to - from) - 1);
	return str_eq(tag, fields[0]) || str_eq(tag, fields[1]) ? NULL
		: xasprintf("there is no field <%s>; measured shifts are in <%s> and <%s>", tag, fields[0], fields[1]);
}

static bool is_field(const char *line, const char *name)
{
	_cleanup_free_ char *tag = xasprintf("<%s>", name);
	return line[0] == '>' && strstr(line, tag);
}

/* Symbols of the atom block, in order, each followed by a blank: " C H H ". NULL: not V2000. */
static char *atom_symbols(const char *record, int *ret_n)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	const char *p = record, *end = record + strlen(record);
	int natoms = -1;
	for (int i = 0; i < 4; i++) {
		_cleanup_free_ char *line = next_line(&p, end);
		if (i == 3 && line && strlen(line) >= 6 && strstr(line, "V2000")) {
			_cleanup_free_ char *count = xstrndup(line, 3);
			natoms = atoi(count);
		}
	}
	buf_addc(&b, ' ');
	for (int i = 0; i < natoms; i++) {
		_cleanup_free_ char *line = next_line(&p, end);
		char symbol[4];
		if (!line || sscanf(line, "%*f %*f %*f %3s", symbol) != 1)
			return NULL;
		buf_addf(&b, "%s ", symbol);
	}
	*ret_n = natoms;
	return natoms > 0 ? buf_detach(&b) : NULL;
}

static bool symbol_is(const char *symbols_text, int atom, const char *symbol)
{
	const char *p = symbols_text + 1;
	for (int i = 1; i < atom; i++)
		p = strchr(p, ' ') + 1;
	size_t n = strlen(symbol);
	return strncmp(p, symbol, n) == 0 && p[n] == ' ';
}

/* "62.49 1": NULL, or what is wrong with it. */
static char *read_shift(const char *line, const char *atoms, int natoms, int nucleus, struct benchmark_shift *ret)
{
	char *end;
	ret->ppm = strtod(line, &end);
	if (end == line || !isfinite(ret->ppm))
		return xasprintf("\"%s\" does not start with a shift in ppm", line);
	for (const char *p = end;; p = end) {
		while (isspace((unsigned char)*p))
			p++;
		if (!*p)
			break;
		long a = strtol(p, &end, 10);
		if (end == p || a < 1 || a > natoms)
			return xasprintf("\"%s\" names an atom that is not there", line);
		if (!symbol_is(atoms, (int)a, symbols[nucleus]))
			return xasprintf("\"%s\": atom %ld is no %s", line, a, nucleus ? "carbon" : "hydrogen");
		ret->atom = xreallocarray(ret->atom, (size_t)ret->natoms + 1, sizeof(int));
		ret->atom[ret->natoms++] = (int)a;
	}
	return ret->natoms ? NULL : xasprintf("\"%s\" names no atoms", line);
}

/* Is an atom of the last line on it twice, or on one before? */
static bool is_repeated(const struct benchmark_molecule *m, int nucleus)
{
	const struct benchmark_shift *last = &m->shift[nucleus][m->n[nucleus] - 1];
	for (int i = 0; i < last->natoms; i++)
		for (int k = 0; k < m->n[nucleus]; k++)
			for (int j = 0; j < m->shift[nucleus][k].natoms; j++)
				if (m->shift[nucleus][k].atom[j] == last->atom[i] && (k < m->n[nucleus] - 1 || j != i))
					return true;
	return false;
}

/* What stands between a field's end and the next field. */
static char *stray_line(const char *p, const char *end)
{
	for (;;) {
		_cleanup_free_ char *line = next_line(&p, end);
		if (!line || line[0] == '>')
			return NULL;
		if (line[strspn(line, " \t")])
			return xasprintf("\"%s\" stands after the empty line that ends a field; take the empty line out", line);
	}
}

static char *read_shifts(struct benchmark_molecule *m, int nucleus, const char **p, const char *end, int natoms)
{
	for (;;) {
		_cleanup_free_ char *line = next_line(p, end);
		if (!line || !line[strspn(line, " \t")])
			return stray_line(*p, end);
		m->shift[nucleus] = xreallocarray(m->shift[nucleus], (size_t)m->n[nucleus] + 1, sizeof(*m->shift[nucleus]));
		struct benchmark_shift *s = &m->shift[nucleus][m->n[nucleus]++];
		*s = (struct benchmark_shift){ 0 };
		char *why = read_shift(line, m->symbols, natoms, nucleus, s);
		if (!why && is_repeated(m, nucleus))
			why = xasprintf("\"%s\" names an atom that was named before", line);
		if (why)
			return why;
	}
}

/* What is computed, without its name and the fields. False: the mol block has no end. */
static bool hash_structure(struct benchmark_molecule *m)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	const char *p = m->text, *end = p + strlen(p);
	bool is_end = false;
	for (int i = 0; !is_end; i++) {
		_cleanup_free_ char *line = next_line(&p, end);
		if (!line || (i >= 3 && line[0] == '>'))
			return false;
		size_t n = strlen(line);
		while (n > 0 && isspace((unsigned char)line[n - 1]))
			n--;
		if (i >= 3)
			buf_addf(&b, "%.*s\n", (int)n, line);
		/* The lines before are the title and a comment, which may say anything. */
		is_end = i >= 3 && str_has_prefix(line, "M  END");
	}
	m->block_len = (size_t)(p - m->text);
	sha256_hex(b.s, b.len, m->structure);
	return true;
}

static char *read_fields(struct benchmark_molecule *m)
{
	int natoms = 0;
	const char *p = m->text, *end = p + strlen(p);
	m->symbols = atom_symbols(m->text, &natoms);
	if (!m->symbols)
		return xstrdup("its atoms cannot be read; it must be a V2000 mol block");
	if (!hash_structure(m))
		return xstrdup("its mol block has no \"M  END\"");
	char *line;
	while ((line = next_line(&p, end))) {
		char *why = strange_field(line);
		if (is_field(line, "SOLVENT") && !m->solvent)
			m->solvent = next_line(&p, end);
		for (int k = 0; k < 2 && !why; k++)
			if (is_field(line, fields[k]))
				why = read_shifts(m, k, &p, end, natoms);
		free(line);
		if (why)
			return why;
	}
	return NULL;
}

static char *add_record(struct benchmark *b, const char *from, size_t len)
{
	b->molecule = xreallocarray(b->molecule, (size_t)b->n + 1, sizeof(*b->molecule));
	struct benchmark_molecule *m = &b->molecule[b->n++];
	*m = (struct benchmark_molecule){ .text = xstrndup(from, len) };
	const char *p = m->text;
	m->name = next_line(&p, m->text + strlen(m->text));
	if (!m->name || !*m->name) {
		free(m->name);
		m->name = xasprintf("record %d", b->n);
	}
	_cleanup_free_ char *why = read_fields(m);
	if (!why && m->n[0] + m->n[1] == 0)
		return xasprintf("record %d (%s) has no EXPERIMENTAL_1H and no EXPERIMENTAL_13C", b->n, m->name);
	return why ? xasprintf("record %d (%s): %s", b->n, m->name, why) : NULL;
}

static bool is_blank(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isspace((unsigned char)s[i]))
			return false;
	return true;
}

int benchmark_parse(const char *text, size_t len, struct benchmark *ret_b, char **ret_error)
{
	const char *p = text, *end = text + len, *from = text;
	*ret_b = (struct benchmark){ 0 };
	char *why = memchr(text, '\0', len) ? xstrdup("it is no text") : NULL;
	while (!why && p < end) {
		const char *start = p;
		_cleanup_free_ char *line = next_line(&p, end);
		if (str_has_prefix(line, "$$$$")) {
			why = add_record(ret_b, from, (size_t)(start - from));
			from = p;
		}
	}
	if (!why && !is_blank(from, (size_t)(end - from)))
		why = add_record(ret_b, from, (size_t)(end - from));
	if (!why && ret_b->n == 0)
		why = xstrdup("it has no molecules");
	if (!why)
		return 0;
	benchmark_release(ret_b);
	*ret_error = why;
	return -EINVAL;
}

void benchmark_release(struct benchmark *b)
{
	for (int i = 0; i < b->n; i++) {
		struct benchmark_molecule *m = &b->molecule[i];
		for (int k = 0; k < 2; k++) {
			for (int j = 0; j < m->n[k]; j++)
				free(m->shift[k][j].atom);
			free(m->shift[k]);
		}
		free(m->name);
		free(m->text);
		free(m->solvent);
		free(m->symbols);
	}
	free(b->molecule);
	*b = (struct benchmark){ 0 };
}
