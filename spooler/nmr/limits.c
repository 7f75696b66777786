#include "nmr/limits.h"

#include <string.h>

#include "base/buf.h"
#include "nmr/nwchem.h"

static void add_name(struct buf *b, const char *name) { buf_addf(b, "%s%s", b->len ? ", " : "", name); }

char *limits_size_remedy(const struct share *sh, const struct preset *p)
{
	_cleanup_(buf_release) struct buf larger = BUF_INIT;
	const struct preset *o;
	for (size_t i = 0; (o = share_preset_at(sh, i)); i++)
		if (o->atoms_max > p->atoms_max)
			buf_addf(&larger, "%s\"preset = %s\" takes %d atoms", larger.len ? ", " : "", o->name, o->atoms_max);
	return larger.len ? xasprintf("Cut the molecule to the part of interest, or use a preset with a larger limit: %s.", larger.s)
			  : xstrdup("Cut the molecule to the part of interest.");
}

char *limits_element(const struct share *sh, const struct preset *p, const int *z, int n, char **ret_remedy)
{
	int bad = share_unsupported_element(p, z, n);
	if (!bad)
		return NULL;
	_cleanup_(buf_release) struct buf others = BUF_INIT;
	const struct preset *o;
	for (size_t i = 0; (o = share_preset_at(sh, i)); i++)
		if (!share_unsupported_element(o, z, n))
			add_name(&others, o->name);
	*ret_remedy = others.len
		? xasprintf("Use a preset that covers %s: %s (for example a line \"preset = %.*s\" in a text file of the same name "
			    "beside the structure).", element_symbol(bad), others.s, (int)strcspn(others.s, ","), others.s)
		: xasprintf("No preset covers %s. Replace the element by a lighter one for an estimate.", element_symbol(bad));
	return xasprintf("The level of the preset \"%s\" has no basis set for %s.", p->name, element_symbol(bad));
}

uint64_t limits_memory(const struct preset *p, const struct solvent *solvent, const int *z, int n, const struct level **ret_at)
{
	struct geometry g = { .natoms = n, .z = (int *)(uintptr_t)z };
	const struct level *levels[] = { p->shield_h, p->shield_c };
	uint64_t most = 0;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		struct nwchem_calc c = { .task = NWCHEM_SHIELD, .level = levels[i], .solvent = solvent, .geometry = &g };
		uint64_t need = nwchem_memory(&c, 1);
		if (need > most && ret_at)
			*ret_at = levels[i];
		most = MAX(most, need);
	}
	return most;
}

char *limits_memory_remedy(const struct share *sh, const struct preset *p, const struct solvent *solvent, const int *z, int n,
			   uint64_t have)
{
	_cleanup_(buf_release) struct buf others = BUF_INIT;
	const struct preset *o;
	for (size_t i = 0; (o = share_preset_at(sh, i)); i++)
		if (o != p && n <= o->atoms_max && !share_unsupported_element(o, z, n) &&
		    limits_memory(o, solvent, z, n, NULL) <= have)
			add_name(&others, o->name);
	return others.len ? xasprintf("Use a preset that needs less (%s), or a machine with more memory (memory_mb in nmr.conf).", others.s)
			  : xstrdup("Use a machine with more memory (memory_mb in nmr.conf), or a smaller model of the molecule.");
}
