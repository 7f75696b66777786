/* xTB: arguments and output. `xtb in.xyz --gfn 2 --chrg q --opt tight --alpb S`.
 * xtb ends with status 0 and its closing lines even when an optimisation ran out of
 * cycles: its own words decide, not its status. The geometry comes from
 * xtbopt.xyz, the energy from the last summary.
 * Symmetry in the free energy: xTB finds a point group and its rotational number.
 * Rungs: 0 tight thresholds; 1 normal thresholds, many cycles, an electronic
 * temperature of 1000 K and more iterations (for a closed shell with a gap the
 * same energy to 1e-6 hartree). Pure; never logs. */
#include "nmr/xtb.h"

#include <math.h>
#include <string.h>

#include "nmr/predict.h"

void strv_free(char **v)
{
	for (char **p = v; p && *p; p++)
		free(*p);
	free(v);
}

char **xtb_args(const struct xtb_calc *c, const char *xyz_file)
{
	char **v = xcalloc(24, sizeof(char *));
	size_t n = 0;
	v[n++] = xstrdup(xyz_file);
	v[n++] = xstrdup("--gfn");
	v[n++] = xstrdup("2");
	v[n++] = xstrdup("--chrg");
	v[n++] = xasprintf("%d", c->charge);
	switch (c->task) {
	case XTB_OPTIMISE:
		v[n++] = xstrdup("--opt");
		v[n++] = xstrdup(c->rung ? "normal" : "tight");
		break;
	case XTB_HESSIAN:
		v[n++] = xstrdup("--hess");
		break;
	case XTB_THERMO:
		v[n++] = xstrdup("--bhess");
		v[n++] = xstrdup("--input");
		v[n++] = xstrdup(XTB_INPUT);
		break;
	}
	if (c->rung) {
		v[n++] = xstrdup("--iterations");
		v[n++] = xstrdup("1000");
		v[n++] = xstrdup("--etemp");
		v[n++] = xstrdup("1000");
		if (c->task == XTB_OPTIMISE) {
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
	xtb_input(c, b);
	geometry_canonical(c->geometry, b);
}

void xtb_input(const struct xtb_calc *c, struct buf *b)
{
	if (c->task == XTB_THERMO)
		buf_addf(b, "$thermo\n   temp=%.2f\n$end\n", c->temperature);
}

const char *xtb_output_file(enum xtb_task t)
{
	return t == XTB_OPTIMISE ? "xtbopt.xyz" : t == XTB_HESSIAN ? "hessian" : NULL;
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

/* The number after the last occurrence of a label. */
static bool number_after(const char *out, size_t n, const char *label, double *ret_v)
{
	const char *p = find_last(out, n, label);
	char text[64];
	if (!p)
		return false;
	p += strlen(label);
	snprintf(text, sizeof(text), "%.*s", (int)MIN((size_t)40, n - (size_t)(p - out)), p);
	return sscanf(text, "%lf", ret_v) == 1 && isfinite(*ret_v);
}

double *xtb_read_hessian(const char *s, size_t n, int natoms)
{
	size_t want = 9 * (size_t)natoms * (size_t)natoms, got = 0;
	_cleanup_free_ char *text = xstrndup(s, n);
	double *h = xcalloc(want + 1, sizeof(*h));
	char *p = strchr(text, '\n'), *end;
	/* One more would be another molecule's. */
	for (; p && got <= want; p = end, got++) {
		h[got] = strtod(p, &end);
		if (end == p || !isfinite(h[got]))
			break;
	}
	if (got == want && want)
		return h;
	free(h);
	return NULL;
}

static json_t *result_of(const char *out, size_t n, const char *file, size_t file_n, const struct xtb_calc *c)
{
	_cleanup_(geometry_release) struct geometry g = { 0 };
	double gibbs, sigma, imaginary = 0;
	double *h;
	bool whole;
	switch (c->task) {
	case XTB_OPTIMISE:
		if (!file || geometry_from_xyz(file, file_n, &g) < 0 || g.natoms != c->geometry->natoms)
			return NULL;
		return json_pack("{s:o}", "coords", geometry_coords_to_json(&g));
	case XTB_HESSIAN:
		h = file ? xtb_read_hessian(file, file_n, c->geometry->natoms) : NULL;
		whole = h != NULL;
		free(h);
		return whole ? json_object() : NULL;
	case XTB_THERMO:
		if (!number_after(out, n, "G(RRHO) contrib.", &gibbs) || !number_after(out, n, "rotational number", &sigma) ||
		    sigma < 1)
			return NULL;
		number_after(out, n, "# imaginary freq.", &imaginary);
		/* Symmetry is in the degeneracy of each conformer, and must not count twice. */
		gibbs -= GAS_CONSTANT_KCAL / KCAL_PER_HARTREE * c->temperature * log(sigma);
		return json_pack("{s:f,s:i}", "gibbs_hartree", gibbs, "imaginary", (int)imaginary);
	}
	return NULL;
}

enum verdict xtb_parse(const char *out, size_t n, const char *file, size_t file_n, const struct xtb_calc *c,
		       json_t **ret_result, enum cause *ret_cause, char **ret_detail)
{
	char *detail = NULL;
	double energy = 0;
	bool failed = find_last(out, n, "FAILED TO CONVERGE GEOMETRY") != NULL;
	bool done = find_last(out, n, "finished run on") && number_after(out, n, "TOTAL ENERGY", &energy) && !failed;
	json_t *result = done ? result_of(out, n, file, file_n, c) : NULL;
	if (!result) {
		*ret_cause = find_cause(out, n, &detail);
		*ret_detail = detail;
		return *ret_cause == CAUSE_TRUNCATED || *ret_cause == CAUSE_DISK_FULL ? VERDICT_RETRY : VERDICT_FAIL;
	}
	_cleanup_free_ char *version = version_of(out, n);
	json_object_set_new(result, "version", json_string(version));
	json_object_set_new(result, "energy_hartree", json_real(energy));
	*ret_result = result;
	return VERDICT_OK;
}
