/* Loading solvents, levels, presets and factors. The one file of nmr/ that reads
 * from disk. All strings live in the libconfig trees, which live as long as the
 * struct share. A mistake in the data is an error at load time, with its file: a
 * preset whose level does not exist, a factor for an unknown solvent or a name that
 * two solvents claim would otherwise give wrong numbers silently. Never logs. */
#include "nmr/share.h"

#include <ctype.h>
#include <libconfig.h>
#include <math.h>
#include <string.h>

#include "nmr/geometry.h"

/* A shift falls as the shielding rises, by about as much. */
#define SLOPE_MIN -1.5
#define SLOPE_MAX -0.5
#define OFFSET_MAX 20             /* ppm */
#define RMSD_MIN 0.0001           /* ppm; the digits of scaling.conf end there */
/* Below this a kind's own error is a matter of luck. */
#define KIND_SHIFTS_MIN 8
#define KIND_MOLECULES_MIN 4

struct factor { struct scaling s; const char *geometry, *level; };

/* Where most shifts were measured, and whose factors serve solvents without their own. */
#define COMMON_SOLVENT "chcl3"

struct share {
	config_t cfg[4];
	size_t ncfg;
	struct solvent *solvent;
	struct level *level;
	struct preset *preset;
	struct factor *factor;
	size_t nsolvents, nlevels, npresets, nfactors;
};

static const char *text(const config_setting_t *s, const char *key)
{
	const char *v = NULL;
	return config_setting_lookup_string(s, key, &v) ? v : NULL;
}

static double number(const config_setting_t *s, const char *key, double fallback)
{
	const config_setting_t *m = config_setting_get_member(s, key);
	if (!m)
		return fallback;
	return config_setting_type(m) == CONFIG_TYPE_FLOAT ? config_setting_get_float(m)
							   : (double)config_setting_get_int64(m);
}

static bool flag(const config_setting_t *s, const char *key, bool fallback)
{
	int v;
	return config_setting_lookup_bool(s, key, &v) ? v != 0 : fallback;
}

/* A NULL-terminated list of strings; never NULL. */
static const char *const *list(const config_setting_t *s, const char *key)
{
	const config_setting_t *m = config_setting_get_member(s, key);
	int n = m ? config_setting_length(m) : 0;
	const char **v = xcalloc((size_t)n + 1, sizeof(*v));
	for (int i = 0; i < n; i++)
		v[i] = config_setting_get_string_elem(m, i);
	return v;
}

static void read_solvent(struct share *sh, const config_setting_t *s)
{
	struct solvent *v = &sh->solvent[sh->nsolvents++];
	*v = (struct solvent){ .code = text(s, "code"), .name = text(s, "name"), .deuterated = text(s, "deuterated"),
			       .nwchem = text(s, "nwchem"), .alpb = text(s, "alpb"), .alpb_note = text(s, "alpb_note"),
			       .aromatic = flag(s, "aromatic", false), .protic = flag(s, "protic", false),
			       .exchanges = flag(s, "exchanges", false), .aliases = list(s, "aliases"),
			       .benzene_h = number(s, "benzene_h", 0), .benzene_c = number(s, "benzene_c", 0),
			       .transfer_h = number(s, "transfer_h", 0), .transfer_c = number(s, "transfer_c", 0) };
}

static void read_level(struct share *sh, const config_setting_t *s)
{
	struct level *v = &sh->level[sh->nlevels++];
	*v = (struct level){ .name = text(s, "name"), .text = text(s, "text"), .functional = text(s, "functional"),
			     .basis_text = text(s, "basis_text"), .xc = list(s, "xc"), .basis = list(s, "basis"),
			     .dispersion = text(s, "dispersion"), .direct = flag(s, "direct", true),
			     .spherical = flag(s, "spherical", true), .z_max = (int)number(s, "z_max", 0),
			     .elements = text(s, "elements"), .functions = list(s, "functions"),
			     .reference = text(s, "reference") };
}

static void read_preset(struct share *sh, const config_setting_t *s)
{
	struct preset *v = &sh->preset[sh->npresets++];
	const char *h = text(s, "shield_h"), *c = text(s, "shield_c"), *opt = text(s, "optimise");
	const char *screen = text(s, "screen");
	*v = (struct preset){ .name = text(s, "name"), .summary = text(s, "summary"),
			      .screen = screen ? share_level(sh, screen) : NULL,
			      .optimise = opt ? share_level(sh, opt) : NULL, .shield_h = h ? share_level(sh, h) : NULL,
			      .shield_c = c ? share_level(sh, c) : NULL,
			      .conformers_max = (int)number(s, "conformers_max", 50),
			      .conformers_dft_max = (int)number(s, "conformers_dft_max", 12),
			      .conformers_screen_max = (int)number(s, "conformers_screen_max", 40),
			      .window_screen = number(s, "window_screen", 4),
			      .window_xtb = number(s, "window_xtb", 6), .window_dft = number(s, "window_dft", 3),
			      .population = number(s, "population", 0.99), .atoms_max = (int)number(s, "atoms_max", 150),
			      .cpu_s = number(s, "cpu_s", 0) };
}

static const struct scaling_kind *read_kinds(const config_setting_t *s, size_t *ret_n)
{
	const config_setting_t *l = config_setting_get_member(s, "kinds");
	size_t n = l ? (size_t)config_setting_length(l) : 0;
	struct scaling_kind *k = xcalloc(n + 1, sizeof(*k));
	for (size_t i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(l, (unsigned)i), *offset = config_setting_get_member(e, "offset");
		k[i] = (struct scaling_kind){ .environment = text(e, "environment"), .rmsd = number(e, "rmsd", 0),
					      .offset = offset ? config_setting_is_number(offset) ? number(e, "offset", 0) : NAN : 0,
					      .n = (int)number(e, "n", 0), .molecules = (int)number(e, "molecules", 0) };
	}
	*ret_n = n;
	return k;
}

static void read_factor(struct share *sh, const config_setting_t *s)
{
	struct factor *v = &sh->factor[sh->nfactors++];
	*v = (struct factor){ .s = { .nucleus = text(s, "nucleus"), .solvent = text(s, "solvent"), .slope = number(s, "slope", 0),
				     .intercept = number(s, "intercept", 0), .rmsd = number(s, "rmsd", 0),
				     .lomo = number(s, "lomo", 0), .molecules = (int)number(s, "molecules", 0),
				     .n = (int)number(s, "n", 0), .source = text(s, "source"), .note = text(s, "note"),
				     .reference = text(s, "reference"),
				     .elements = text(s, "elements"), .warning = text(s, "warning") },
			      .geometry = text(s, "geometry"), .level = text(s, "level") };
	v->s.kind = read_kinds(s, &v->s.nkinds);
}

struct kind {
	const char *file, *list;
	void (*read)(struct share *, const config_setting_t *);
	size_t size, where;
	const char *required[6];
};

#define KIND(file, list, read, member, ...) \
	{ file, list, read, sizeof(*((struct share *)0)->member), offsetof(struct share, member), { __VA_ARGS__ } }

static const struct kind kinds[] = {
	KIND("solvents.conf", "solvents", read_solvent, solvent, "code", "name"),
	KIND("levels.conf", "levels", read_level, level, "name", "text", "functional", "basis_text", "reference"),
	KIND("presets.conf", "presets", read_preset, preset, "name", "summary", "shield_h", "shield_c"),
	KIND("scaling.conf", "scaling", read_factor, factor, "nucleus", "geometry", "level", "solvent", "source", "reference"),
};

static char *check_required(const struct kind *k, const char *path, const config_setting_t *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(k->required) && k->required[i]; i++)
		if (!text(s, k->required[i]))
			return xasprintf("%s:%d: the entry has no \"%s\"; install the data files again", path,
					 config_setting_source_line(s), k->required[i]);
	return NULL;
}

static char *load_kind(struct share *sh, const struct kind *k, const char *dir)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, k->file);
	config_t *cfg = &sh->cfg[sh->ncfg++];
	config_init(cfg);
	if (!config_read_file(cfg, path))
		return xasprintf("%s:%d: %s; install the data files again, or set \"share\" in nmr.conf", path,
				 config_error_line(cfg), config_error_text(cfg));
	const config_setting_t *l = config_lookup(cfg, k->list);
	int n = l ? config_setting_length(l) : 0;
	if (n == 0)
		return xasprintf("%s has no list \"%s\"; install the data files again", path, k->list);
	void *array = xcalloc((size_t)n, k->size);
	memcpy((char *)sh + k->where, &array, sizeof(array));
	for (int i = 0; i < n; i++) {
		const config_setting_t *s = config_setting_get_elem(l, (unsigned)i);
		char *error = check_required(k, path, s);
		if (error)
			return error;
		k->read(sh, s);
	}
	return NULL;
}

static int by_code(const void *a, const void *b)
{
	return strcmp(((const struct solvent *)a)->code, ((const struct solvent *)b)->code);
}

static char *check_solvents(const struct share *sh, const char *dir)
{
	for (size_t i = 0; i < sh->nsolvents; i++) {
		const struct solvent *v = &sh->solvent[i];
		const char *const names[] = { v->code, v->name, v->deuterated };
		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			if (names[k] && share_solvent(sh, names[k]) != v)
				return xasprintf("%s/solvents.conf: two solvents are called \"%s\"", dir, names[k]);
		for (const char *const *a = v->aliases; *a; a++)
			if (share_solvent(sh, *a) != v)
				return xasprintf("%s/solvents.conf: two solvents are called \"%s\"", dir, *a);
		if (v->benzene_h <= 0 || v->benzene_c <= 0)
			return xasprintf("%s/solvents.conf: \"%s\" has no shifts of benzene", dir, v->code);
	}
	return NULL;
}

static char *check_levels(const struct share *sh, const char *dir)
{
	for (size_t i = 0; i < sh->nlevels; i++)
		if (!sh->level[i].xc[0] || !sh->level[i].basis[0] || sh->level[i].z_max < 1)
			return xasprintf("%s/levels.conf: the level \"%s\" needs xc, basis and z_max", dir,
					 sh->level[i].name);
	return NULL;
}

static char *check_presets(const struct share *sh, const struct kind *k, const char *dir)
{
	const config_setting_t *l = config_lookup(&sh->cfg[k - kinds], k->list);
	for (size_t i = 0; i < sh->npresets; i++) {
		const struct preset *p = &sh->preset[i];
		const config_setting_t *s = config_setting_get_elem(l, (unsigned)i);
		bool has_optimise = text(s, "optimise") != NULL, has_screen = text(s, "screen") != NULL;
		if (!p->shield_h || !p->shield_c || (has_optimise && !p->optimise) || (has_screen && !p->screen))
			return xasprintf("%s/presets.conf: the preset \"%s\" names a level that levels.conf does not have",
					 dir, p->name);
		if (p->conformers_max < 1 || p->conformers_dft_max < 1 || p->window_xtb <= 0 || p->window_dft <= 0 ||
		    p->conformers_screen_max < 1 || p->window_screen <= 0 ||
		    p->atoms_max < 1)
			return xasprintf("%s/presets.conf: the preset \"%s\" has a limit that lets nothing through", dir,
					 p->name);
	}
	return NULL;
}

static bool same_key(const struct factor *a, const struct factor *b)
{
	return str_eq(a->s.nucleus, b->s.nucleus) && str_eq(a->geometry, b->geometry) && str_eq(a->level, b->level) &&
	       str_eq(a->s.solvent, b->s.solvent);
}

/* NULL: the fit has none of this kind. */
static const struct scaling_kind *kind_of(const struct scaling *s, const char *environment)
{
	for (size_t i = 0; environment && i < s->nkinds; i++)
		if (str_eq(s->kind[i].environment, environment))
			return &s->kind[i];
	return NULL;
}

char *scaling_fault(const struct scaling *s)
{
	if (!(s->slope >= SLOPE_MIN && s->slope <= SLOPE_MAX))
		return xasprintf("its slope is %g, not between %g and %g", s->slope, SLOPE_MIN, SLOPE_MAX);
	if (!(s->rmsd >= RMSD_MIN))
		return xasprintf("its rmsd is %g, not at least %g ppm", s->rmsd, RMSD_MIN);
	for (size_t i = 0; i < s->nkinds; i++) {
		const struct scaling_kind *k = &s->kind[i];
		if (!k->environment || !(k->rmsd >= RMSD_MIN) || k->n < 1 || !(fabs(k->offset) <= OFFSET_MAX) || kind_of(s, k->environment) != k)
			return xasprintf("a kind stands there once, with environment, n, rmsd of at least %g ppm and an offset of at most %d ppm, "
					 "if any", RMSD_MIN, OFFSET_MAX);
	}
	return NULL;
}

static char *check_factors(const struct share *sh, const char *dir)
{
	for (size_t i = 0; i < sh->nfactors; i++) {
		const struct factor *f = &sh->factor[i];
		bool geometry = str_eq(f->geometry, "xtb") || share_level(sh, f->geometry);
		if (!geometry || !share_level(sh, f->level) || !share_solvent(sh, f->s.solvent) ||
		    (!str_eq(f->s.nucleus, "1H") && !str_eq(f->s.nucleus, "13C")))
			return xasprintf("%s/scaling.conf: entry %zu (%s, %s, %s) is not usable", dir, i + 1, f->s.nucleus,
					 f->level, f->s.solvent);
		_cleanup_free_ char *fault = scaling_fault(&f->s);
		if (fault)
			return xasprintf("%s/scaling.conf: entry %zu (%s, %s, %s): %s", dir, i + 1, f->s.nucleus, f->level, f->s.solvent,
					 fault);
		for (size_t k = 0; k < i; k++)
			if (same_key(f, &sh->factor[k]))
				return xasprintf("%s/scaling.conf: entries %zu and %zu are both for %s, %s on %s geometries, in %s: "
						 "remove one of them", dir, k + 1, i + 1, f->s.nucleus, f->level, f->geometry,
						 f->s.solvent);
	}
	return NULL;
}

struct share *share_load(const char *dir, char **ret_error)
{
	struct share *sh = xcalloc(1, sizeof(*sh));
	char *error = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !error; i++)
		error = load_kind(sh, &kinds[i], dir);
	if (!error)
		error = check_solvents(sh, dir);
	if (!error)
		error = check_levels(sh, dir);
	if (!error)
		error = check_presets(sh, &kinds[2], dir);
	if (!error)
		error = check_factors(sh, dir);
	if (error) {
		share_free(sh);
		*ret_error = error;
		return NULL;
	}
	qsort(sh->solvent, sh->nsolvents, sizeof(*sh->solvent), by_code);
	return sh;
}

void share_free(struct share *sh)
{
	if (!sh)
		return;
	for (size_t i = 0; i < sh->nsolvents; i++)
		free((void *)sh->solvent[i].aliases);
	for (size_t i = 0; i < sh->nlevels; i++) {
		free((void *)sh->level[i].xc);
		free((void *)sh->level[i].basis);
		free((void *)sh->level[i].functions);
	}
	for (size_t i = 0; i < sh->nfactors; i++)
		free((void *)sh->factor[i].s.kind);
	for (size_t i = 0; i < sh->ncfg; i++)
		config_destroy(&sh->cfg[i]);
	free(sh->solvent);
	free(sh->level);
	free(sh->preset);
	free(sh->factor);
	free(sh);
}

/* Letters and digits alone, lower case: "DMSO-d6" and "dmso_D6" are the same. */
static void squeeze(const char *s, char *out, size_t size)
{
	size_t n = 0;
	for (; *s && n + 1 < size; s++)
		if (isalnum((unsigned char)*s))
			out[n++] = (char)tolower((unsigned char)*s);
	out[n] = '\0';
}

static bool same(const char *squeezed, const char *name)
{
	char b[64];
	if (!name)
		return false;
	squeeze(name, b, sizeof(b));
	return str_eq(squeezed, b);
}

const struct solvent *share_solvent(const struct share *sh, const char *typed)
{
	char t[64];
	squeeze(typed, t, sizeof(t));
	for (size_t i = 0; *t && i < sh->nsolvents; i++) {
		const struct solvent *s = &sh->solvent[i];
		if (same(t, s->code) || same(t, s->name) || same(t, s->deuterated))
			return s;
		for (const char *const *a = s->aliases; *a; a++)
			if (same(t, *a))
				return s;
	}
	return NULL;
}

const struct solvent *share_solvent_at(const struct share *sh, size_t i)
{
	return i < sh->nsolvents ? &sh->solvent[i] : NULL;
}

const struct preset *share_preset(const struct share *sh, const char *name)
{
	for (size_t i = 0; i < sh->npresets; i++)
		if (str_ieq(sh->preset[i].name, name))
			return &sh->preset[i];
	return NULL;
}

const struct preset *share_preset_at(const struct share *sh, size_t i)
{
	return i < sh->npresets ? &sh->preset[i] : NULL;
}

const struct level *share_level(const struct share *sh, const char *name)
{
	for (size_t i = 0; i < sh->nlevels; i++)
		if (str_eq(sh->level[i].name, name))
			return &sh->level[i];
	return NULL;
}

const struct level *share_level_at(const struct share *sh, size_t i)
{
	return i < sh->nlevels ? &sh->level[i] : NULL;
}

const struct scaling *share_scaling(const struct share *sh, const char *nucleus, const struct preset *p,
				    const struct solvent *solvent)
{
	const char *geometry = p->optimise ? p->optimise->name : "xtb";
	const struct level *level = str_eq(nucleus, "1H") ? p->shield_h : p->shield_c;
	const struct scaling *common = NULL;
	for (size_t i = 0; i < sh->nfactors; i++) {
		const struct factor *f = &sh->factor[i];
		if (!str_eq(f->s.nucleus, nucleus) || !str_eq(f->geometry, geometry) || !str_eq(f->level, level->name))
			continue;
		if (str_eq(f->s.solvent, solvent->code))
			return &f->s;
		/* Not for the gas phase: what COSMO does is in the factors. */
		if (str_eq(f->s.solvent, COMMON_SOLVENT) && solvent->transfer_h > 0 && solvent->transfer_c > 0)
			common = &f->s;
	}
	return common;
}

bool share_is_uncalibrated(const struct share *sh, const struct preset *p, const struct solvent *solvent)
{
	return !share_scaling(sh, "1H", p, solvent) || !share_scaling(sh, "13C", p, solvent);
}

/* Is the symbol a word of "H C N O"? NULL: any is. */
static bool names_element(const char *list, const char *symbol)
{
	size_t n = strlen(symbol);
	if (!list)
		return true;
	for (const char *p = list; (p = strstr(p, symbol)); p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

static bool level_has(const struct level *l, int z)
{
	return z > 0 && z <= l->z_max && names_element(l->elements, element_symbol(z));
}

bool scaling_has_element(const struct scaling *s, const char *symbol)
{
	return symbol && names_element(s->elements, symbol);
}

double scaling_shift(const struct scaling *s, double shielding, const char *environment)
{
	const struct scaling_kind *k = kind_of(s, environment);
	return s->slope * shielding + s->intercept + (k ? k->offset : 0);
}

double scaling_error(const struct scaling *s, const char *environment)
{
	double all = s->lomo > 0 ? s->lomo : s->rmsd;
	const struct scaling_kind *k = kind_of(s, environment);
	if (!k)
		return environment && s->nkinds ? NAN : all;
	/* Too few to believe that they are better than the rest. */
	return k->n >= KIND_SHIFTS_MIN && k->molecules >= KIND_MOLECULES_MIN ? k->rmsd : MAX(all, k->rmsd);
}

int share_unsupported_element(const struct preset *p, const int *z, int n)
{
	const struct level *levels[] = { p->optimise, p->shield_h, p->shield_c };
	for (int i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(levels); k++)
			if (levels[k] && !level_has(levels[k], z[i]))
				return z[i] ? z[i] : -1;
	return 0;
}

/* An element that the table of a level does not name counts like its row. */
static int functions_of(const struct level *l, int z)
{
	for (const char *const *f = l->functions; *f; f++) {
		const char *space = strchr(*f, ' ');
		if (space && strncmp(*f, element_symbol(z), (size_t)(space - *f)) == 0 &&
		    element_symbol(z)[space - *f] == '\0')
			return (int)strtol(space, NULL, 10);
	}
	return z <= 2 ? 6 : z <= 10 ? 22 : z <= 18 ? 30 : 45;
}

int level_functions(const struct level *l, const int *z, int n)
{
	int sum = 0;
	for (int i = 0; i < n; i++)
		sum += functions_of(l, z[i]);
	return sum;
}
