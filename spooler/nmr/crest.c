/* CREST: arguments and output. Success is told by its closing line and by an ensemble
 * of the right atoms. Pure; never logs. */
#include "nmr/crest.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "nmr/xtb.h"

char **crest_args(const struct crest_calc *c, const char *xyz_file)
{
	char **v = xcalloc(12, sizeof(char *));
	size_t n = 0;
	v[n++] = xstrdup(xyz_file);
	v[n++] = xstrdup("--gfn2");
	v[n++] = xstrdup("--chrg");
	v[n++] = xasprintf("%d", c->charge);
	v[n++] = xstrdup("--ewin");
	v[n++] = xasprintf("%.6g", c->window_kcal);
	if (c->solvent->alpb) {
		v[n++] = xstrdup("--alpb");
		v[n++] = xstrdup(c->solvent->alpb);
	}
	return v;
}

void crest_canonical(const struct crest_calc *c, struct buf *b)
{
	char **v = crest_args(c, "in.xyz");
	for (char **a = v; *a; a++)
		buf_addf(b, "%s ", *a);
	buf_addc(b, '\n');
	strv_free(v);
	geometry_canonical(c->geometry, b);
}

static const char *find(const char *s, size_t n, const char *needle)
{
	return n ? memmem(s, n, needle, strlen(needle)) : NULL;
}

static char *line_of(const char *s, size_t n, const char *p)
{
	const char *from = p, *end = memchr(p, '\n', n - (size_t)(p - s));
	while (from > s && from[-1] != '\n')
		from--;
	_cleanup_free_ char *line = xstrndup(from, MIN((size_t)((end ? end : s + n) - from), (size_t)200));
	return xstrdup(str_trim(line));
}

static char *version_of(const char *out, size_t n)
{
	const char *p = find(out, n, "Version ");
	if (!p)
		return xstrdup("?");
	p += strlen("Version ");
	size_t left = n - (size_t)(p - out), k = 0;
	while (k < left && (isalnum((unsigned char)p[k]) || p[k] == '.'))
		k++;
	return xstrndup(p, k);
}

static bool same_atoms(const struct geometry *a, const struct geometry *b)
{
	return a->natoms == b->natoms && !memcmp(a->z, b->z, (size_t)a->natoms * sizeof(*a->z));
}

/* The end of the block of lines at p, or NULL when the text ends before. */
static const char *after_lines(const char *p, const char *end, int lines)
{
	for (; p && lines > 0; lines--) {
		const char *nl = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
		p = nl ? nl + 1 : NULL;
	}
	return p;
}

static bool read_block(const char *p, const char *end, const struct crest_calc *c, json_t *list)
{
	_cleanup_(geometry_release) struct geometry g = { 0 };
	char comment[128];
	double energy;
	const char *second = after_lines(p, end, 1);
	if (!second || geometry_from_xyz(p, (size_t)(end - p), &g) < 0 || !same_atoms(&g, c->geometry))
		return false;
	snprintf(comment, sizeof(comment), "%.*s", (int)MIN((size_t)100, (size_t)(end - second)), second);
	if (sscanf(comment, "%lf", &energy) != 1 || !isfinite(energy) || energy >= 0)
		return false;
	json_array_append_new(list, json_pack("{s:f,s:o}", "energy_hartree", energy, "coords",
					      geometry_coords_to_json(&g)));
	return true;
}

/* A block that is cut short or of other atoms makes the whole no result. */
static json_t *read_ensemble(const char *s, size_t n, const struct crest_calc *c, int most, int *ret_found)
{
	const char *p = s, *end = s + n;
	_cleanup_json_ json_t *list = json_array();
	_cleanup_json_ json_t *rest = json_array();
	*ret_found = 0;
	if (n == 0 || end[-1] != '\n')
		return NULL;
	while (p && p < end) {
		if (!read_block(p, end, c, *ret_found < most ? list : rest))
			return NULL;
		json_array_clear(rest);
		++*ret_found;
		p = after_lines(p, end, c->geometry->natoms + 2);
	}
	return *ret_found ? json_incref(list) : NULL;
}

static enum cause find_cause(const char *out, size_t n, char **ret_detail)
{
	static const struct { const char *words; enum cause cause; } table[] = {
		{ "No space left", CAUSE_DISK_FULL },
		{ "llocation", CAUSE_MEMORY },
		{ "Change in topology detected", CAUSE_OTHER },
		{ "Initial geometry optimization failed", CAUSE_OTHER },
		{ "ERROR STOP", CAUSE_OTHER },
		/* 3.x says how it ended. */
		{ "CREST terminated with", CAUSE_OTHER },
		{ "CREST terminated due to", CAUSE_OTHER },
		{ "CREST terminated abnormally", CAUSE_OTHER },
		{ "Safety termination of CREST", CAUSE_OTHER },
	};
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *p = find(out, n, table[i].words);
		if (p) {
			*ret_detail = line_of(out, n, p);
			return table[i].cause;
		}
	}
	return CAUSE_TRUNCATED;
}

enum verdict crest_parse(const char *out, size_t n, const char *ensemble, size_t ensemble_n,
			 const struct crest_calc *c, int most, json_t **ret_result, enum cause *ret_cause,
			 char **ret_detail)
{
	int found = 0;
	bool done = find(out, n, "CREST terminated normally") != NULL;
	json_t *list = done && ensemble ? read_ensemble(ensemble, ensemble_n, c, most, &found) : NULL;
	if (list) {
		_cleanup_free_ char *version = version_of(out, n);
		*ret_result = json_pack("{s:s,s:i,s:o}", "version", version, "found", found, "conformers", list);
		return VERDICT_OK;
	}
	*ret_detail = NULL;
	*ret_cause = find_cause(out, n, ret_detail);
	return *ret_cause == CAUSE_TRUNCATED || *ret_cause == CAUSE_DISK_FULL ? VERDICT_RETRY : VERDICT_FAIL;
}

/* 2.x: "MTD Iteration  1", "*Meta-MTD 14 finished*"; 3.x: "Meta-Dynamics Iteration 1",
 * "*MTD   7 completed successfully ...". */
static void read_progress(const char *line, struct crest_progress *p)
{
	static const char *const headings[] = { "MTD Iteration", "Meta-Dynamics Iteration" };
	int run;
	for (size_t i = 0; i < ARRAY_SIZE(headings); i++)
		if (str_has_prefix(line, headings[i]) && sscanf(line + strlen(headings[i]), "%d", &run) == 1)
			*p = (struct crest_progress){ .iteration = run };
	p->done += sscanf(line, "*Meta-MTD %d finished", &run) == 1 && strstr(line, "finished");
	p->done += sscanf(line, "*MTD %d completed", &run) == 1 && strstr(line, "completed");
}

void crest_progress(const char *out, size_t n, struct crest_progress *ret_p)
{
	*ret_p = (struct crest_progress){ 0 };
	for (const char *p = out, *end = out + n; p && p < end; p = after_lines(p, end, 1)) {
		char line[80];
		snprintf(line, sizeof(line), "%.*s", (int)MIN((size_t)(end - p), sizeof(line) - 1), p);
		line[strcspn(line, "\n")] = '\0';
		read_progress(str_trim(line), ret_p);
	}
}
