/* xTB: arguments and output. `xtb in.xyz --gfn 2 --chrg q --opt tight --alpb S`.
 * xtb ends with status 0 and its closing lines even when an optimisation ran out of
 * cycles: its own words decide, not its status. The geometry comes from
 * xtbopt.xyz, the energy from the last summary.
 * Rungs: 0 tight thresholds; 1 normal thresholds, many cycles, an electronic
 * temperature of 1000 K and more iterations (for a closed shell with a gap the
 * same energy to 1e-6 hartree). Pure; never logs. */
#include "nmr/xtb.h"

#include <string.h>

void strv_free(char **v)
{
	for (char **p = v; p && *p; p++)
		free(*p);
	free(v);
}

char **xtb_args(const struct xtb_calc *c, const char *xyz_file)
{
	char **v = xcalloc(16, sizeof(char *));
	size_t n = 0;
	v[n++] = xstrdup(xyz_file);
	v[n++] = xstrdup("--gfn");
	v[n++] = xstrdup("2");
	v[n++] = xstrdup("--chrg");
	v[n++] = xasprintf("%d", c->charge);
	if (c->optimise) {
		v[n++] = xstrdup("--opt");
		v[n++] = xstrdup(c->rung ? "normal" : "tight");
	}
	if (c->rung) {
		v[n++] = xstrdup("--iterations");
		v[n++] = xstrdup("1000");
		v[n++] = xstrdup("--etemp");
		v[n++] = xstrdup("1000");
		if (c->optimise) {
			v[n++] = xstrdup("--cycles");
			v[n++] = xstrdup("1000");
		}
	}
	if (c->solvent->alpb) {
		v[n++] = xstrdup("--alpb");
		v[n++] = xstrdup(c->solvent->alpb);
	}
	return v;
}

void xtb_canonical(const struct xtb_calc *c, struct buf *b)
{
	char **v = xtb_args(c, "in.xyz");
	for (char **a = v; *a; a++)
		buf_addf(b, "%s ", *a);
	buf_addc(b, '\n');
	strv_free(v);
	geometry_canonical(c->geometry, b);
}

int xtb_next_rung(int rung, enum cause c, const char **ret_why)
{
	if (rung > 0 || (c != CAUSE_SCF && c != CAUSE_OPT_STEPS))
		return -1;
	*ret_why = "normal thresholds and a higher electronic temperature";
	return 1;
}

/* The last occurrence of a needle within n bytes. */
static const char *find_last(const char *s, size_t n, const char *needle)
{
	const char *found = NULL, *p = s;
	size_t m = strlen(needle);
	while (n >= m && (p = memmem(p, n - (size_t)(p - s), needle, m))) {
		found = p;
		p += m;
	}
	return found;
}

static char *line_at(const char *s, size_t n, const char *p)
{
	const char *end = memchr(p, '\n', n - (size_t)(p - s));
	char *line = xstrndup(p, (size_t)((end ? end : s + n) - p));
	char *out = xstrdup(str_trim(line));
	free(line);
	return out;
}

static enum cause find_cause(const char *out, size_t n, char **ret_detail)
{
	static const struct { const char *words; enum cause cause; } table[] = {
		{ "FAILED TO CONVERGE GEOMETRY OPTIMIZATION", CAUSE_OPT_STEPS },
		{ "did not converge", CAUSE_SCF },
		{ "convergence criteria cannot be satisfied", CAUSE_SCF },
		{ "No space left", CAUSE_DISK_FULL },
		{ "llocation", CAUSE_MEMORY },
		{ "-1- ", CAUSE_INPUT },   /* the innermost line of xtb's error stack */
		{ "[ERROR]", CAUSE_INPUT },
		{ "abnormal termination", CAUSE_OTHER },
	};
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *p = find_last(out, n, table[i].words);
		if (p) {
			*ret_detail = line_at(out, n, p);
			return table[i].cause;
		}
	}
	return CAUSE_TRUNCATED;
}

static char *version_of(const char *out, size_t n)
{
	const char *p = memmem(out, n, "xtb version ", 12);
	if (!p)
		return xstrdup("?");
	p += 12;
	size_t left = n - (size_t)(p - out), k = 0;
	while (k < left && p[k] > ' ')
		k++;
	return xstrndup(p, k);
}

enum verdict xtb_parse(const char *out, size_t n, const char *opt, size_t opt_n, const struct xtb_calc *c,
		       json_t **ret_result, enum cause *ret_cause, char **ret_detail)
{
	_cleanup_(geometry_release) struct geometry g = { 0 };
	char *detail = NULL;
	double energy = 0;
	const char *e = find_last(out, n, "TOTAL ENERGY");
	char number[64] = "";
	if (e)
		snprintf(number, sizeof(number), "%.*s", (int)MIN((size_t)40, n - (size_t)(e - out) - 12), e + 12);
	bool failed = find_last(out, n, "FAILED TO CONVERGE GEOMETRY") != NULL;
	bool done = find_last(out, n, "finished run on") && e && sscanf(number, "%lf", &energy) == 1 && !failed;
	bool shape = !c->optimise || (opt && geometry_from_xyz(opt, opt_n, &g) == 0 &&
				      g.natoms == c->geometry->natoms);
	if (!done || !shape) {
		*ret_cause = find_cause(out, n, &detail);
		*ret_detail = detail;
		return *ret_cause == CAUSE_TRUNCATED || *ret_cause == CAUSE_DISK_FULL ? VERDICT_RETRY : VERDICT_FAIL;
	}
	_cleanup_free_ char *version = version_of(out, n);
	*ret_result = json_pack("{s:s,s:f,s:o}", "version", version, "energy_hartree", energy, "coords",
				geometry_coords_to_json(c->optimise ? &g : c->geometry));
	return VERDICT_OK;
}
