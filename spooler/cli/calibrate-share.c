/* The share folder of a calibration: the shipped one, but with a preset for each pair of
 * levels, and with factors that only keep the pipeline from computing TMS and benzene for
 * each. Conformer windows and limits are those of a shipped preset that optimises its
 * geometries in the same way, because the factors will serve there. */
#include "cli/calibrate.h"

#include <string.h>

#include "base/file.h"
#include "cli/result.h"

const char *calibrate_geometry_name(const struct calibrate_pair *p) { return p->geometry ? p->geometry->name : "xtb"; }

char *calibrate_pair_text(const struct calibrate_pair *p)
{
	return p->shipped ? xstrdup(p->preset) : xasprintf("%s//%s", p->level[0]->name, calibrate_geometry_name(p));
}

static const struct preset *model(const struct calibrate *k, const struct calibrate_pair *p)
{
	const struct preset *s, *close = NULL;
	if (p->shipped)
		return p->shipped;
	for (size_t i = 0; (s = share_preset_at(k->share, i)); i++) {
		if (s->optimise == p->geometry)
			return s;
		if (!s->optimise == !p->geometry)
			close = s;
	}
	return close ? close : share_preset_at(k->share, 0);
}

/* Without its name, which decides nothing. */
static void add_settings(const struct calibrate *k, const struct calibrate_pair *p, struct buf *b)
{
	const struct preset *m = model(k, p);
	if (m->screen)
		buf_addf(b, "    screen = \"%s\";\n", m->screen->name);
	if (p->geometry)
		buf_addf(b, "    optimise = \"%s\";\n", p->geometry->name);
	buf_addf(b, "    shield_h = \"%s\"; shield_c = \"%s\";\n", p->level[0]->name, p->level[1]->name);
	buf_addf(b, "    conformers_max = %d; conformers_screen_max = %d; conformers_dft_max = %d;\n", m->conformers_max,
		 m->conformers_screen_max, m->conformers_dft_max);
	buf_addf(b, "    window_xtb = %.3f; window_screen = %.3f; window_dft = %.3f; population = %.4f; atoms_max = %d; }",
		 m->window_xtb, m->window_screen, m->window_dft, m->population, m->atoms_max);
}

static void add_preset(const struct calibrate *k, const struct calibrate_pair *p, struct buf *b)
{
	buf_addf(b, "  { name = \"%s\"; summary = \"%s on %s geometries\";\n", p->preset, p->level[0]->text,
		 p->geometry ? p->geometry->text : "GFN2-xTB");
	add_settings(k, p, b);
}

/* The shipped ones under names of their own, too: nmr.conf may name them. */
static void add_shipped(const struct calibrate *k, struct buf *b)
{
	const struct preset *s;
	for (size_t i = 0; (s = share_preset_at(k->share, i)); i++) {
		bool taken = false;
		for (int n = 0; n < k->nknown; n++)
			taken = taken || str_eq(k->pair[n].preset, s->name);
		const struct calibrate_pair p = { .level = { s->shield_h, s->shield_c }, .geometry = s->optimise, .shipped = s,
						  .preset = (char *)s->name };
		if (!taken) {
			buf_adds(b, ",\n");
			add_preset(k, &p, b);
		}
	}
}

static void add_lines(struct buf *b, const char *what, const char *const *lines)
{
	for (; *lines; lines++)
		buf_addf(b, "%s %s\n", what, *lines);
}

static void add_level(struct buf *b, const struct level *l)
{
	if (!l)
		return;
	add_lines(b, "xc", l->xc);
	add_lines(b, "basis", l->basis);
	buf_addf(b, "%s %d %d\n", l->dispersion ? l->dispersion : "-", l->direct, l->spherical);
}

void calibrate_hash(struct calibrate *k)
{
	for (int i = 0; i < k->nknown; i++) {
		struct calibrate_pair *p = &k->pair[i];
		_cleanup_(buf_release) struct buf b = BUF_INIT;
		char hex[SHA256_HEX_LEN];
		add_settings(k, p, &b);
		add_level(&b, model(k, p)->screen);
		add_level(&b, p->geometry);
		add_level(&b, p->level[0]);
		add_level(&b, p->level[1] == p->level[0] ? NULL : p->level[1]);
		/* The preset is that above, whatever is the default today. */
		for (int o = 0; o < OPTION_COUNT; o++)
			if (o != OPTION_PRESET)
				buf_addf(&b, "%s = %s\n", option_name((enum option)o), k->opt.value[o]);
		sha256_hex(b.s, b.len, hex);
		snprintf(p->hash, sizeof(p->hash), "%.8s", hex);
	}
}

static bool is_placed(const struct calibrate *k, int pair, int nucleus)
{
	for (int i = 0; i < pair; i++)
		if (k->pair[i].geometry == k->pair[pair].geometry && k->pair[i].level[nucleus] == k->pair[pair].level[nucleus])
			return true;
	return false;
}

static void add_placeholder(const struct calibrate *k, const struct calibrate_pair *p, int nucleus, struct buf *b)
{
	static const char *const name[] = { "1H", "13C" };
	static const double intercept[] = { 31.8, 190 };
	buf_addf(b, "%s  { nucleus = \"%s\"; geometry = \"%s\"; level = \"%s\"; solvent = \"%s\"; slope = -1.0; intercept = %.1f;\n"
		    "    rmsd = 1.0; n = 1; source = \"placeholder of a calibration\"; reference = \"none\"; }",
		 p == k->pair && nucleus == 0 ? "" : ",\n", name[nucleus], calibrate_geometry_name(p), p->level[nucleus]->name, k->solvent->code, intercept[nucleus]);
}

int calibrate_write_share(const struct calibrate *k)
{
	_cleanup_free_ char *dir = xasprintf("%s/share", k->dir);
	_cleanup_(buf_release) struct buf presets = BUF_INIT, factors = BUF_INIT;
	file_rm_rf(dir);
	int r = result_copy_tree(k->c->conf->share, dir);
	if (r < 0) {
		cli_error("cannot copy %s to %s: %s", k->c->conf->share, dir, strerror(-r));
		return CLI_FAILED;
	}
	buf_adds(&presets, "presets = (\n");
	buf_adds(&factors, "scaling = (\n");
	for (int i = 0; i < k->nknown; i++) {
		add_preset(k, &k->pair[i], &presets);
		buf_adds(&presets, i + 1 < k->nknown ? ",\n" : "");
		for (int n = 0; n < 2; n++)
			if (!is_placed(k, i, n))
				add_placeholder(k, &k->pair[i], n, &factors);
	}
	add_shipped(k, &presets);
	buf_adds(&presets, "\n);\n");
	buf_adds(&factors, "\n);\n");
	int e = calibrate_write(k, "share/presets.conf", &presets);
	return e == CLI_OK ? calibrate_write(k, "share/scaling.conf", &factors) : e;
}
