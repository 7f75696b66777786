/* Reading NWChem outputs (7.0 and 7.2). A result is taken only from an output that
 * ends with NWChem's own closing line; geometries, energies and shieldings come
 * from the last complete block. Works on a buffer and its length: a fuzzer needs
 * nothing else. Pure. */
#include "nmr/nwchem.h"

#include <errno.h>
#include <math.h>
#include <string.h>

struct span { const char *s, *end; };

static const char *find(struct span t, const char *needle)
{
	return t.s < t.end ? memmem(t.s, (size_t)(t.end - t.s), needle, strlen(needle)) : NULL;
}

static const char *find_last(struct span t, const char *needle)
{
	const char *found = NULL, *p;
	while ((p = find(t, needle))) {
		found = p;
		t.s = p + 1;
	}
	return found;
}

static const char *line_end(struct span t, const char *p)
{
	const char *e = memchr(p, '\n', (size_t)(t.end - p));
	return e ? e : t.end;
}

/* The line at p into a bounded, NUL-ended copy; returns the start of the next one,
 * or NULL when this line has no end (the output stops in it). */
static const char *take_line(struct span t, const char *p, char *line, size_t size)
{
	if (!p || p >= t.end)
		return NULL;
	const char *e = memchr(p, '\n', (size_t)(t.end - p));
	size_t n = (size_t)((e ? e : t.end) - p);
	n = MIN(n, size - 1);
	memcpy(line, p, n);
	line[n] = '\0';
	return e ? e + 1 : NULL;
}

static char *words_at(struct span t, const char *p)
{
	while (p > t.s && p[-1] != '\n')
		p--;
	size_t n = MIN((size_t)(line_end(t, p) - p), (size_t)200);
	_cleanup_free_ char *raw = xstrndup(p, n);
	return xstrdup(str_trim(raw));
}

/* ---- geometries */

/* One block "Output coordinates in angstroms" at p: 0 when whole and of the right
 * atoms. */
static int read_block(struct span t, const char *p, struct geometry *g)
{
	char line[256], tag[32];
	/* Title, blank, heads, rule. */
	for (int i = 0; i < 4; i++)
		if (!(p = take_line(t, p, line, sizeof(line))))
			return -EBADMSG;
	for (int i = 0; i < g->natoms; i++) {
		double charge, *x = g->xyz[i];
		int no;
		if (!(p = take_line(t, p, line, sizeof(line))) ||
		    sscanf(line, "%d %31s %lf %lf %lf %lf", &no, tag, &charge, &x[0], &x[1], &x[2]) != 6 ||
		    no != i + 1 || (int)lround(charge) != g->z[i] || !isfinite(x[0] + x[1] + x[2]))
			return -EBADMSG;
	}
	/* A blank line ends the block: an atom more would be another molecule. */
	return take_line(t, p, line, sizeof(line)) && !*str_trim(line) ? 0 : -EBADMSG;
}

/* Blocks in atomic units are not looked for: the inputs ask for angstroms. */
static const char block_title[] = "Output coordinates in angstroms";

int nwchem_last_geometry(const char *out, size_t n, struct geometry *g)
{
	struct span t = { out, out + n };
	_cleanup_(geometry_release) struct geometry block = { 0 };
	bool found = false;
	geometry_copy(&block, g);
	for (struct span s = t; (s.s = find(s, block_title)) != NULL; s.s++)
		if (read_block(t, s.s, &block) == 0) {
			memcpy(g->xyz, block.xyz, (size_t)g->natoms * sizeof(*g->xyz));
			found = true;
		}
	return found ? 0 : -ENOENT;
}

/* ---- causes */

/* The sign that comes last in an output names the cause: an early complaint that
 * NWChem got over is not why it ended. */
static const struct { const char *words; enum cause cause; } signs[] = {
	{ "No space left on device", CAUSE_DISK_FULL },
	{ "failed to locate basis", CAUSE_BASIS },
	{ "SCF residual greater than", CAUSE_CPHF },
	{ "cphf: failed to converge", CAUSE_CPHF },
	{ "CPHF failed", CAUSE_CPHF },
	{ "!! Either AUTOZ failed", CAUSE_AUTOZ },
	{ "geom_binvr: #indep variables incorrect", CAUSE_AUTOZ },
	{ "Failed to converge in maximum number of steps", CAUSE_OPT_STEPS },
	{ "Calculation failed to converge", CAUSE_SCF },
	{ "Global memory limit unreasonable", CAUSE_MEMORY },
	{ "not enuf mem", CAUSE_MEMORY },
	{ "nsufficient memory", CAUSE_MEMORY },
	{ "ma_alloc", CAUSE_MEMORY },
	{ "MA_alloc", CAUSE_MEMORY },
	{ "MA_push", CAUSE_MEMORY },
	{ "ma_push", CAUSE_MEMORY },
	{ "push_get failed", CAUSE_MEMORY },
	{ "pushget failed", CAUSE_MEMORY },
	{ "ga_create failed", CAUSE_MEMORY },
	{ "xc_setquad: out of memory", CAUSE_MEMORY },
	{ "could not create global array", CAUSE_MEMORY },
	{ "Could not allocate", CAUSE_MEMORY },
	{ "There are not enough slots available", CAUSE_MPI },
	{ "ORTE was unable to", CAUSE_MPI },
	{ "unable to launch", CAUSE_MPI },
};

static enum cause last_sign(struct span t, const char **ret_p)
{
	enum cause c = CAUSE_NONE;
	*ret_p = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		const char *p = find_last(t, signs[i].words);
		if (p && (!*ret_p || p > *ret_p)) {
			*ret_p = p;
			c = signs[i].cause;
		}
	}
	return c;
}

/* NWChem's own words for what has no sign: the line above its closing box
 *     ---------
 *     words of the routine that gave up            -1
 *     ---------
 *      current input line : */
static char *box_words(struct span t)
{
	const char *p = find(t, "current input line :");
	for (int up = 0; p && up < 3; up++) {
		while (p > t.s && p[-1] != '\n')
			p--;
		if (p == t.s)
			return NULL;
		p--;
	}
	return p ? words_at(t, p) : NULL;
}

static enum cause find_cause(struct span t, char **ret_detail)
{
	const char *p;
	enum cause c = last_sign(t, &p);
	if (p) {
		*ret_detail = words_at(t, p);
		return c;
	}
	*ret_detail = box_words(t);
	if (find(t, "There is an error in the input file"))
		return CAUSE_INPUT;
	return *ret_detail || find(t, "For further details see manual section") ? CAUSE_OTHER : CAUSE_TRUNCATED;
}

/* ---- results */

static bool read_number_after(struct span t, const char *p, const char *sign, double *ret_v)
{
	char line[256];
	const char *eq = p ? memmem(p, (size_t)(line_end(t, p) - p), sign, strlen(sign)) : NULL;
	if (!eq)
		return false;
	take_line(t, eq + strlen(sign), line, sizeof(line));
	char *end;
	double v = strtod(line, &end);
	if (end == line || !isfinite(v))
		return false;
	*ret_v = v;
	return true;
}

static char *read_version(struct span t)
{
	const char *p = find(t, "(NWChem)");
	char line[256] = "";
	if (!p)
		return xstrdup("?");
	take_line(t, p + strlen("(NWChem)"), line, sizeof(line));
	return xstrdup(str_trim(line));
}

static json_t *read_optimise(struct span t, int natoms)
{
	const char *converged = find_last(t, "Optimization converged");
	const char *energy = find_last(t, "Total DFT energy");
	double e;
	_cleanup_(geometry_release) struct geometry g = { 0 };
	if (!converged || !read_number_after(t, energy, "=", &e))
		return NULL;
	/* The block that follows the sign of convergence is the optimised geometry. */
	const char *p = find_last(t, block_title);
	if (!p || p < converged)
		return NULL;
	geometry_resize(&g, natoms);
	char line[256], tag[32];
	const char *q = p;
	for (int i = 0; i < 4; i++)
		q = take_line(t, q, line, sizeof(line));
	for (int i = 0; i < natoms; i++) {
		double charge = 0;
		int no;
		q = take_line(t, q, line, sizeof(line));
		if (!q || sscanf(line, "%d %31s %lf", &no, tag, &charge) != 3)
			return NULL;
		g.z[i] = (int)lround(charge);
	}
	if (read_block(t, p, &g) < 0)
		return NULL;
	int steps = 0;
	for (struct span s = t; (s.s = find(s, "\n@")) != NULL; s.s++) {
		int k;
		if (take_line(t, s.s + 2, line, sizeof(line)) && sscanf(line, "%d", &k) == 1)
			steps = k;
	}
	_cleanup_free_ char *version = read_version(t);
	return json_pack("{s:s,s:f,s:o,s:i}", "version", version, "energy_hartree", e, "coords",
			 geometry_coords_to_json(&g), "iterations", steps);
}

static json_t *read_shield(struct span t, int natoms)
{
	const char *head = find_last(t, "Chemical Shielding Tensors (GIAO");
	const char *energy = find_last(t, "Total DFT energy");
	double e;
	if (!head || !read_number_after(t, energy, "=", &e))
		return NULL;
	_cleanup_json_ json_t *iso = json_array();
	struct span rest = { head, t.end };
	for (int i = 1; i <= natoms; i++) {
		char line[256];
		int no = 0;
		double v;
		const char *atom = find(rest, "Atom:");
		if (!atom || !take_line(t, atom + 5, line, sizeof(line)) || sscanf(line, "%d", &no) != 1 || no != i)
			return NULL;
		struct span block = { atom, t.end };
		if (!read_number_after(t, find(block, "isotropic"), "=", &v))
			return NULL;
		json_array_append_new(iso, json_real(v));
		rest.s = atom + 5;
	}
	/* One atom more would be another molecule's output. */
	if (find(rest, "Atom:"))
		return NULL;
	_cleanup_free_ char *version = read_version(t);
	return json_pack("{s:s,s:f,s:O}", "version", version, "energy_hartree", e, "isotropic", iso);
}

static json_t *read_energy(struct span t)
{
	double e;
	/* One that did not converge has its energy printed all the same. */
	if (find(t, "failed to converge") || !read_number_after(t, find_last(t, "Total DFT energy"), "=", &e))
		return NULL;
	_cleanup_free_ char *version = read_version(t);
	return json_pack("{s:s,s:f}", "version", version, "energy_hartree", e);
}

static json_t *read_result(struct span t, enum nwchem_task task, int natoms)
{
	switch (task) {
	case NWCHEM_ENERGY: return read_energy(t);
	case NWCHEM_OPTIMISE: return read_optimise(t, natoms);
	case NWCHEM_SHIELD: return read_shield(t, natoms);
	}
	return NULL;
}

enum verdict nwchem_parse(const char *out, size_t n, enum nwchem_task task, int natoms, json_t **ret_result,
			  enum cause *ret_cause, char **ret_detail)
{
	struct span t = { out, out + n };
	const char *times = find_last(t, "Total times  cpu:");
	bool ended = natoms > 0 && times && line_end(t, times) < t.end;
	json_t *result = ended ? read_result(t, task, natoms) : NULL;
	if (result) {
		*ret_result = result;
		return VERDICT_OK;
	}
	char *detail = NULL;
	enum cause c = find_cause(t, &detail);
	if (ended && c == CAUSE_TRUNCATED)
		c = CAUSE_OTHER;
	*ret_cause = c;
	*ret_detail = detail;
	return c == CAUSE_TRUNCATED || c == CAUSE_DISK_FULL || c == CAUSE_MPI ? VERDICT_RETRY : VERDICT_FAIL;
}

/* ---- live progress */

/* "@    3    -154.1 -2.4D-04   0.00071   0.00030   0.00280   0.00721      12.3" */
static bool read_opt_line(struct span t, const char *p, struct nwchem_opt_step *ret_s)
{
	char line[256];
	if (!take_line(t, p, line, sizeof(line)))
		return false;
	for (char *d = line; *d; d++)
		*d = *d == 'D' ? 'E' : *d;
	double delta;
	return sscanf(line, "%d %lf %lf %lf %lf", &ret_s->step, &ret_s->energy, &delta, &ret_s->gmax, &ret_s->grms) == 5;
}

size_t nwchem_opt_steps(const char *out, size_t n, struct nwchem_opt_step *ret_s, size_t max)
{
	struct span t = { out, out + n };
	size_t k = 0;
	struct nwchem_opt_step one;
	for (struct span s = t; (s.s = find(s, "\n@")) != NULL; s.s++) {
		if (!read_opt_line(t, s.s + 2, &one))
			continue;
		/* The last one is printed twice; one that begins anew counts from 0 again. */
		if (one.step == 0)
			k = 0;
		else if (k && ret_s[k - 1].step == one.step)
			k--;
		if (k == max)
			memmove(ret_s, ret_s + 1, --k * sizeof(*ret_s));
		ret_s[k++] = one;
	}
	return k;
}

/* " d= 0,ls=0.0,diis     2   -115.68..." : damping and level shift vary. */
static int scf_iteration(struct span t)
{
	int found = -1;
	char line[256];
	for (struct span s = t; (s.s = find(s, "\n d=")) != NULL; s.s++) {
		int k;
		const char *diis = take_line(t, s.s + 1, line, sizeof(line)) ? strstr(line, "diis") : NULL;
		if (diis && sscanf(diis + 4, "%d", &k) == 1)
			found = k;
	}
	return found;
}

/* The table "iter nsub residual time" of the response module. */
static int cphf_iteration(struct span t)
{
	const char *p = find(t, "nsub   residual");
	int found = 0;
	char line[256];
	p = p ? take_line(t, p, line, sizeof(line)) : NULL;
	p = p ? take_line(t, p, line, sizeof(line)) : NULL;
	while (p && (p = take_line(t, p, line, sizeof(line)))) {
		int k, nsub;
		if (sscanf(line, "%d %d", &k, &nsub) != 2)
			break;
		found = k;
	}
	return found;
}

void nwchem_progress(const char *out, size_t n, struct nwchem_progress *ret_p)
{
	struct span t = { out, out + n };
	*ret_p = (struct nwchem_progress){ -1, 0, 0, -1, -1 };
	struct nwchem_opt_step last;
	if (nwchem_opt_steps(out, n, &last, 1)) {
		ret_p->opt_step = last.step;
		ret_p->energy = last.energy;
		ret_p->gmax = last.gmax;
	}
	const char *cphf = find_last(t, "NWChem CPHF Module");
	if (cphf)
		ret_p->cphf_iter = cphf_iteration((struct span){ cphf, t.end });
	else
		ret_p->scf_iter = scf_iteration(t);
}
