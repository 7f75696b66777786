/* The options of a job. One table gives each option its names, its values and its
 * default; everything a person types comes through options_set(), whichever way
 * it came in, and is stored normalised (a solvent's code, kelvin, "auto"), so
 * that two spellings are one option. A value that is refused leaves the option
 * as it was. Tickets are read in options-ticket.c. Pure; never logs. */
#include "nmr/options.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>
#include <string.h>

#include "base/address.h"
#include "base/words.h"
#include "nmr/options-internal.h"

/* A check turns typed text into the stored value, or returns NULL with the end
 * of a sentence in why: "is not ...". */
typedef char *(*check_fn)(const struct share *share, const char *typed, struct buf *why);

static const char *const mode_values[] = { "auto", "single", "ensemble", NULL };
static const char *const geometry_values[] = { "auto", "keep", NULL };
static const char *const conformers_values[] = { "auto", "rdkit", "crest", NULL };
static const char *const yes_values[] = { "no", "yes", NULL };
static const char *const component_values[] = { "all", "largest", NULL };

void option_text_fold(const char *typed, char *ret_s, size_t size)
{
	size_t n = 0;
	for (; *typed && n + 1 < size; typed++)
		if (isalnum((unsigned char)*typed))
			ret_s[n++] = (char)tolower((unsigned char)*typed);
	ret_s[n] = '\0';
}

static void add_list(struct buf *b, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		buf_addf(b, "%s%s", i ? ", " : "", words[i]);
}

static void add_guess(struct buf *b, const char *typed, const char *const *known, size_t n)
{
	const char *close = words_closest(typed, known, n);
	if (close)
		buf_addf(b, "; did you mean \"%s\"?", close);
	else
		buf_addc(b, '.');
}

/* aliases: pairs of folded word and value, NULL-terminated. */
static char *check_word(const char *typed, const char *const *values, const char *const *aliases,
			struct buf *why)
{
	char folded[64];
	option_text_fold(typed, folded, sizeof(folded));
	size_t n = 0;
	for (; values[n]; n++)
		if (str_eq(folded, values[n]))
			return xstrdup(values[n]);
	for (size_t i = 0; aliases[i]; i += 2)
		if (str_eq(folded, aliases[i]))
			return xstrdup(aliases[i + 1]);
	buf_adds(why, "is not one of its values");
	add_guess(why, typed, values, n);
	buf_adds(why, " Values: ");
	add_list(why, values);
	buf_addc(why, '.');
	return NULL;
}

static char *check_mode(_unused_ const struct share *share, const char *typed, struct buf *why)
{
	static const char *const aliases[] = { "singleconformer", "single", "one", "single", "multi", "ensemble",
					       "boltzmann", "ensemble", "automatic", "auto", NULL };
	return check_word(typed, mode_values, aliases, why);
}

static char *check_geometry(_unused_ const struct share *share, const char *typed, struct buf *why)
{
	static const char *const aliases[] = { "kept", "keep", "yes", "keep", "true", "keep", "1", "keep",
					       "asis", "keep", "file", "keep", "no", "auto", "false", "auto",
					       "0", "auto", "optimise", "auto", "optimize", "auto", NULL };
	return check_word(typed, geometry_values, aliases, why);
}

static char *check_component(_unused_ const struct share *share, const char *typed, struct buf *why)
{
	static const char *const aliases[] = { "largestfragment", "largest", "biggest", "largest", "main", "largest",
					       "whole", "all", "everything", "all", NULL };
	return check_word(typed, component_values, aliases, why);
}

/* Databases write "Chloroform-D1 (CDCl3)": what is in brackets is tried, too. */
static const struct solvent *find_solvent(const struct share *share, const char *typed)
{
	const struct solvent *s = share_solvent(share, typed);
	const char *open = strchr(typed, '(');
	if (s || !open)
		return s;
	_cleanup_free_ char *inner = xstrndup(open + 1, strcspn(open + 1, ")"));
	_cleanup_free_ char *outer = xstrndup(typed, (size_t)(open - typed));
	s = share_solvent(share, str_trim(inner));
	return s ? s : share_solvent(share, str_trim(outer));
}

static char *check_solvent(const struct share *share, const char *typed, struct buf *why)
{
	const struct solvent *s = find_solvent(share, typed);
	if (s)
		return xstrdup(s->code);
	const char *known[512];
	size_t n = 0;
	_cleanup_(buf_release) struct buf list = BUF_INIT;
	for (size_t i = 0; (s = share_solvent_at(share, i)); i++) {
		const char *names[] = { s->code, s->deuterated, s->name };
		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			if (names[k] && n < ARRAY_SIZE(known))
				known[n++] = names[k];
		for (size_t k = 0; s->aliases && s->aliases[k] && n < ARRAY_SIZE(known); k++)
			known[n++] = s->aliases[k];
		buf_addf(&list, "%s%s", i ? ", " : "", s->code);
		if (s->deuterated)
			buf_addf(&list, " (%s)", s->deuterated);
	}
	buf_adds(why, "is not a solvent known here");
	add_guess(why, typed, known, n);
	buf_addf(why, " Solvents: %s.", list.s);
	return NULL;
}

static char *check_preset(const struct share *share, const char *typed, struct buf *why)
{
	const char *known[64];
	const struct preset *p;
	size_t n = 0;
	for (size_t i = 0; (p = share_preset_at(share, i)) && n < ARRAY_SIZE(known) - 1; i++) {
		if (str_ieq(p->name, typed))
			return xstrdup(p->name);
		known[n++] = p->name;
	}
	known[n] = NULL;
	buf_adds(why, "is not a preset known here");
	add_guess(why, typed, known, n);
	buf_adds(why, " Presets: ");
	add_list(why, known);
	buf_addc(why, '.');
	return NULL;
}

/* "2+", "+2", "2", "-1", "1-" */
static char *check_charge(_unused_ const struct share *share, const char *typed, struct buf *why)
{
	char folded[16];
	long v;
	option_text_fold(typed, folded, sizeof(folded));
	if (str_eq(folded, "auto") || str_eq(folded, "automatic"))
		return xstrdup("auto");
	if (str_eq(folded, "neutral"))
		return xstrdup("0");
	size_t n = strlen(typed);
	_cleanup_free_ char *turned = n > 1 && strchr("+-", typed[n - 1])
					      ? xasprintf("%c%.*s", typed[n - 1], (int)n - 1, typed) : xstrdup(typed);
	if (str_to_long(turned, &v) == 0 && v >= -9 && v <= 9)
		return xasprintf("%ld", v);
	buf_adds(why, "is not a charge. Values: auto (as drawn), or a whole number from -9 to 9.");
	return NULL;
}

static size_t characters(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static char *check_name(_unused_ const struct share *share, const char *typed, struct buf *why)
{
	_cleanup_json_ json_t *clean = json_text(typed);
	char *name = xstrdup(json_string_value(clean));
	for (char *p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	if (characters(name) <= 100) {
		char *trimmed = xstrdup(str_trim(name));
		free(name);
		return trimmed;
	}
	buf_addf(why, "is too long for a name: %zu characters, at most 100.", characters(name));
	free(name);
	return NULL;
}

static char *check_temperature(_unused_ const struct share *share, const char *typed, struct buf *why)
{
	char *end;
	_cleanup_free_ char *text = xstrdup(typed);
	for (char *p = text; *p; p++)
		if (*p == ',')
			*p = '.';
	double v = strtod(text, &end);
	char unit[16];
	option_text_fold(end, unit, sizeof(unit));
	bool celsius = str_eq(unit, "c") || str_eq(unit, "degc") || str_eq(unit, "celsius");
	bool kelvin = !*unit || str_eq(unit, "k") || str_eq(unit, "kelvin");
	double k = celsius ? v + 273.15 : v;
	if (end != text && (celsius || kelvin) && k >= 100 && k <= 600)
		return xasprintf("%.6g", k);
	buf_adds(why, "is not a usable temperature. Values: kelvin from 100 to 600 (298.15), or \"25 C\".");
	return NULL;
}

static char *check_priority(_unused_ const struct share *share, const char *typed, struct buf *why)
{
	static const struct { const char *word, *value; } words[] = {
		{ "low", "-5" }, { "normal", "0" }, { "high", "5" }, { "urgent", "10" },
	};
	char folded[16];
	long v;
	option_text_fold(typed, folded, sizeof(folded));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(folded, words[i].word))
			return xstrdup(words[i].value);
	if (str_to_long(typed, &v) == 0 && v >= -10 && v <= 10)
		return xasprintf("%ld", v);
	buf_adds(why, "is not a priority. Values: a whole number from -10 to 10 (higher goes first), low, normal, high.");
	return NULL;
}

static char *check_max_conformers(_unused_ const struct share *share, const char *typed, struct buf *why)
{
	char folded[16];
	long v;
	option_text_fold(typed, folded, sizeof(folded));
	if (str_eq(folded, "auto") || str_eq(folded, "automatic"))
		return xstrdup("auto");
	if (str_to_long(typed, &v) == 0 && v >= 1 && v <= 500)
		return xasprintf("%ld", v);
	buf_adds(why, "is not a number of conformers. Values: auto (the preset's limit), or a whole number from 1 to 500.");
	return NULL;
}

static char *check_conformers(_unused_ const struct share *share, const char *typed, struct buf *why)
{
	static const char *const aliases[] = { "etkdg", "rdkit", "kdg", "rdkit", "rdkitkdg", "rdkit", "automatic", "auto",
					       NULL };
	return check_word(typed, conformers_values, aliases, why);
}

static char *check_free_energy(_unused_ const struct share *share, const char *typed, struct buf *why)
{
	static const char *const aliases[] = { "true", "yes", "1", "yes", "on", "yes", "rrho", "yes", "false", "no", "0", "no",
					       "off", "no", NULL };
	return check_word(typed, yes_values, aliases, why);
}

/* "0.9", "90 %" */
static char *check_population(_unused_ const struct share *share, const char *typed, struct buf *why)
{
	char *end;
	_cleanup_free_ char *text = xstrdup(typed);
	for (char *p = text; *p; p++)
		if (*p == ',')
			*p = '.';
	double v = strtod(text, &end);
	const char *unit = str_trim(end);
	if (str_eq(unit, "%"))
		v /= 100;
	if (end != text && (!*unit || str_eq(unit, "%")) && v >= 0.01 && v <= 1)
		return xasprintf("%.6g", v);
	buf_adds(why, "is not a part of the population. Values: from 0.01 to 1 (0.9), or percent (\"90 %\").");
	return NULL;
}

static char *check_notify(_unused_ const struct share *share, const char *typed, struct buf *why)
{
	if (!*typed || address_valid(typed))
		return xstrdup(typed);
	buf_adds(why, "is not a usable e-mail address. Value: one bare address, such as somebody@example.org.");
	return NULL;
}

static const struct {
	const char *name, *fallback, *help;
	const char *aliases;     /* folded, between blanks */
	check_fn check;
} table[OPTION_COUNT] = {
	[OPTION_SOLVENT] = { "solvent", "chcl3", "CDCl3, DMSO-d6, water, vacuum ... (default: CDCl3)",
			     " solv nmrsolvent ", check_solvent },
	[OPTION_PRESET] = { "preset", "standard", "draft, standard, best or production (default: standard)",
			    " level quality ", check_preset },
	[OPTION_MODE] = { "mode", "auto", "conformers: auto, single or ensemble (default: auto)",
			  " conformermode ", check_mode },
	[OPTION_GEOMETRY] = { "geometry", "auto", "auto, or keep: the file's own 3D geometry (default: auto)",
			      " geom keepgeometry ", check_geometry },
	[OPTION_CHARGE] = { "charge", "auto", "auto (as drawn), or from -9 to 9 (default: auto)",
			    " totalcharge formalcharge chg ", check_charge },
	[OPTION_NAME] = { "name", "", "shown in the results (default: the record's or the file's)",
			  " title moleculename ", check_name },
	[OPTION_TEMPERATURE] = { "temperature", "298.15", "of the weights, kelvin, or \"25 C\" (default: 298.15)",
				 " t temp temperaturek ", check_temperature },
	[OPTION_PRIORITY] = { "priority", "0", "-10 to 10, higher goes first (default: 0)", " prio ", check_priority },
	[OPTION_COMPONENT] = { "component", "all", "of a salt: all (refused), or largest (default: all)",
			       " components fragment salt ", check_component },
	[OPTION_MAX_CONFORMERS] = { "max_conformers", "auto", "most conformers: auto, or 1 to 500 (default: auto)",
				    " maxconf maxconfs conformersmax nconf ", check_max_conformers },
	[OPTION_CONFORMERS] = { "conformers", "auto", "searched by: auto, rdkit or crest (default: auto)",
				" conformermethod conformersearch confsearch ", check_conformers },
	[OPTION_FREE_ENERGY] = { "free_energy", "no", "weights from free energies: no or yes (default: no)",
				 " freeenergies gibbs rrho thermo ", check_free_energy },
	[OPTION_POPULATION_MIN] = { "population_min", "0.9", "least population left if some fail (default: 0.9)",
				    " minpopulation populationmin ", check_population },
	[OPTION_NOTIFY] = { "notify", "", "e-mail address that is told of the end (default: none)",
			    " notificationemail notifyemail email mail ", check_notify },
};

const char *option_name(enum option i) { return table[i].name; }
const char *option_help(enum option i) { return table[i].help; }

int option_find(const char *typed)
{
	char folded[64], padded[68], name[64];
	if (strncasecmp(typed, "nmr_", 4) == 0 || strncasecmp(typed, "nmr.", 4) == 0)
		typed += 4;
	option_text_fold(typed, folded, sizeof(folded));
	snprintf(padded, sizeof(padded), " %s ", folded);
	for (int i = 0; i < OPTION_COUNT; i++) {
		option_text_fold(table[i].name, name, sizeof(name));
		if (str_eq(name, folded) || (*folded && strstr(table[i].aliases, padded)))
			return i;
	}
	return -1;
}

/* Files of other programs have fields of these names, with numbers in them. */
static bool is_usual_property(int i) { return i == OPTION_CONFORMERS || i == OPTION_FREE_ENERGY || i == OPTION_POPULATION_MIN; }

bool options_is_record_field(const char *name)
{
	const char *known[OPTION_COUNT];
	if (option_find(name) == OPTION_NOTIFY)
		return false;
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (!is_usual_property(i) && str_ieq(name, table[i].name))
			return true;
		known[i] = table[i].name;
	}
	/* NMR_solvnt was meant for us and is refused; NMR_spectrum_3 was not. */
	bool ours = strncasecmp(name, "nmr_", 4) == 0 || strncasecmp(name, "nmr.", 4) == 0;
	return ours && (option_find(name) >= 0 || words_closest(name + 4, known, OPTION_COUNT));
}

static void put(struct options *o, int i, char *value, const char *origin)
{
	char *copy = xstrdup(origin);
	free(o->value[i]);
	free(o->origin[i]);
	o->value[i] = value;
	o->origin[i] = copy;
}

void options_init(struct options *o, const struct share *share)
{
	*o = (struct options){ 0 };
	for (int i = 0; i < OPTION_COUNT; i++)
		put(o, i, xstrdup(table[i].fallback), "default");
	/* The presets are data: whoever ships others has the first as default. */
	const struct preset *first = share ? share_preset_at(share, 0) : NULL;
	if (first && !share_preset(share, table[OPTION_PRESET].fallback))
		put(o, OPTION_PRESET, xstrdup(first->name), "default");
}

void options_release(struct options *o)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		free(o->value[i]);
		free(o->origin[i]);
	}
	*o = (struct options){ 0 };
}

void options_copy(struct options *dst, const struct options *src)
{
	struct options copy = { 0 };
	for (int i = 0; i < OPTION_COUNT; i++)
		put(&copy, i, xstrdup(src->value[i]), src->origin[i]);
	options_release(dst);
	*dst = copy;
}

static int unknown_name(const char *name, char **ret_error)
{
	const char *known[OPTION_COUNT + 1];
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	for (int i = 0; i < OPTION_COUNT; i++)
		known[i] = table[i].name;
	known[OPTION_COUNT] = NULL;
	buf_addf(&b, "\"%s\" is not an option", name);
	add_guess(&b, name, known, OPTION_COUNT);
	buf_adds(&b, " Options: ");
	add_list(&b, known);
	buf_addc(&b, '.');
	*ret_error = buf_detach(&b);
	return -ENOENT;
}

static bool may_be_empty(int i) { return i == OPTION_NAME || i == OPTION_NOTIFY; }

static bool is_mode(const struct share *share, const char *value)
{
	_cleanup_free_ char *typed = option_value_clean(value, false);
	_cleanup_free_ char *mode = NULL;
	_cleanup_(buf_release) struct buf why = BUF_INIT;
	char folded[16];
	option_text_fold(typed, folded, sizeof(folded));
	return !str_has_prefix(folded, "auto") && (mode = check_mode(share, typed, &why)) != NULL;
}

int options_set(struct options *o, const struct share *share, const char *name,
		const char *value, const char *origin, char **ret_error)
{
	int i = option_find(name);
	if (i < 0)
		return unknown_name(name, ret_error);
	/* "conformers = ensemble" means the mode, which was called so once. */
	if (i == OPTION_CONFORMERS && is_mode(share, value))
		i = OPTION_MODE;
	_cleanup_free_ char *typed = option_value_clean(value, i == OPTION_NAME);
	_cleanup_(buf_release) struct buf why = BUF_INIT;
	char *normal = *typed || may_be_empty(i) ? table[i].check(share, typed, &why) : NULL;
	if (!*typed && !normal)
		buf_addf(&why, "is empty: %s.", table[i].help);
	if (normal) {
		put(o, i, normal, origin);
		return 0;
	}
	*ret_error = xasprintf("%s = \"%.120s\" %s", table[i].name, typed, why.s);
	return -EINVAL;
}

json_t *options_to_json(const struct options *o)
{
	json_t *j = json_object();
	for (int i = 0; i < OPTION_COUNT; i++)
		json_object_set_new(j, table[i].name, json_pack("{s:o,s:o}", "value", json_text(o->value[i]),
								"origin", json_text(o->origin[i])));
	return j;
}

/* Options that a row of an older version does not have keep their defaults. */
int options_from_json(struct options *o, const json_t *j)
{
	const char *name;
	json_t *member;
	if (!json_is_object(j))
		return -EBADMSG;
	json_object_foreach((json_t *)j, name, member) {
		int i = 0;
		while (i < OPTION_COUNT && !str_eq(name, table[i].name))
			i++;
		if (i == OPTION_COUNT || !json_str(member, "value", NULL) || !json_str(member, "origin", NULL))
			return -EBADMSG;
	}
	for (int i = 0; i < OPTION_COUNT; i++)
		if ((member = json_object_get(j, table[i].name)))
			put(o, i, xstrdup(json_str(member, "value", "")), json_str(member, "origin", ""));
	return 0;
}
