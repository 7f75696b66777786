/* From libconfig text to struct conf. Every setting is looked up in the table of
 * options; one that is not there is an error, told with its line and the name
 * that was probably meant, because a misspelt option that is quietly ignored is
 * the worst kind. Reading stops at the first error. Never logs. */
#include <errno.h>
#include <libconfig.h>
#include <libgen.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/conf-internal.h"
#include "base/words.h"

struct reader {
	struct conf *c;
	const char *where;     /* file, or name of the environment variable */
	bool is_file;          /* lines of a variable are not worth a number */
	char *base;            /* relative paths start here */
	char *error;           /* the first one */
};

static int complain(struct reader *r, const config_setting_t *s, const char *fmt, ...) _printf_(3, 4);

static int complain(struct reader *r, const config_setting_t *s, const char *fmt, ...)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	const char *file = config_setting_source_file(s);
	if (r->is_file)
		buf_addf(&b, "%s:%u: ", file ? file : r->where, config_setting_source_line(s));
	else
		buf_addf(&b, "%s: ", r->where);
	va_list ap;
	va_start(ap, fmt);
	_cleanup_free_ char *text = xvasprintf(fmt, ap);
	va_end(ap);
	buf_adds(&b, text);
	if (!r->error)
		r->error = buf_detach(&b);
	return -EINVAL;
}

/* A scalar as text; NULL for groups and lists. */
static char *scalar_text(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return xasprintf("%lld", config_setting_get_int64(s));
	case CONFIG_TYPE_FLOAT:
		return xasprintf("%.15g", config_setting_get_float(s));
	case CONFIG_TYPE_BOOL:
		return xstrdup(config_setting_get_bool(s) ? "true" : "false");
	case CONFIG_TYPE_STRING:
		return xstrdup(config_setting_get_string(s));
	default:
		return NULL;
	}
}

static config_setting_t *child(const config_setting_t *s, int i)
{
	return config_setting_get_elem(s, (unsigned)i);
}

static int unknown_option(struct reader *r, const config_setting_t *s, const char *prefix, const char *name)
{
	const char *known[96];
	size_t n = 0;
	for (size_t i = 0; conf_row_at(i) && n < ARRAY_SIZE(known); i++)
		if (str_has_prefix(conf_row_at(i)->option.name, prefix))
			known[n++] = conf_row_at(i)->option.name + strlen(prefix);
	if (!*prefix && n < ARRAY_SIZE(known))
		known[n++] = "engines";
	const char *close = words_closest(name, known, n);
	return complain(r, s, "unknown option \"%s%s\"%s%s%s; nmr.conf(5) lists what there is", prefix, name,
			close ? ", did you mean \"" : "", close ? close : "", close ? "\"?" : "");
}

static int read_scalar(struct reader *r, const struct conf_row *row, const config_setting_t *s)
{
	_cleanup_(buf_release) struct buf why = BUF_INIT;
	_cleanup_free_ char *text = scalar_text(s);
	/* libconfig drops the leading zero of 0664 and reads it as it likes. */
	bool bare_mode = row->type == CONF_MODE && config_setting_type(s) != CONFIG_TYPE_STRING;
	if (!text)
		return complain(r, s, "option \"%s\" must be a single value", row->option.name);
	if (conf_row_set(r->c, row, bare_mode ? "" : text, r->base, &why) < 0)
		return complain(r, s, "option \"%s\" %s", row->option.name, why.s);
	return 0;
}

static bool is_one_of(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (str_eq(*names, name))
			return true;
	return false;
}

/* Adds the scalars of a group to a list of pairs; a later one wins. skip: NULL-terminated. */
static int read_pairs(struct reader *r, const config_setting_t *s, const char *const *skip,
		      struct conf_pair **pairs, size_t *npairs)
{
	if (config_setting_type(s) != CONFIG_TYPE_GROUP)
		return complain(r, s, "must be a group of job options, { solvent = \"CDCl3\"; }");
	for (int i = 0; i < config_setting_length(s); i++) {
		config_setting_t *e = child(s, i);
		const char *name = config_setting_name(e);
		if (is_one_of(skip, name))
			continue;
		char *value = scalar_text(e);
		if (!value)
			return complain(r, e, "job option \"%s\" must be a single value", name);
		*pairs = xreallocarray(*pairs, *npairs + 1, sizeof(**pairs));
		(*pairs)[(*npairs)++] = (struct conf_pair){ xstrdup(name), value };
	}
	return 0;
}

void conf_pairs_free(struct conf_pair *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(p[i].name);
		free(p[i].value);
	}
	free(p);
}

static int read_defaults(struct reader *r, const config_setting_t *s)
{
	conf_pairs_free(r->c->defaults, r->c->ndefaults);
	r->c->defaults = NULL;
	r->c->ndefaults = 0;
	return read_pairs(r, s, NULL, &r->c->defaults, &r->c->ndefaults);
}

static bool is_folder_name(const char *name)
{
	return name && *name && *name != '.' && !strchr(name, '/') && strlen(name) <= 200;
}

/* How files are noticed in the folder, beside the options of its jobs. */
static int read_treatment(struct reader *r, const config_setting_t *s, struct conf_hot *h)
{
	const config_setting_t *quiet = config_setting_get_member(s, "quiet_s");
	const config_setting_t *watch = config_setting_get_member(s, "watch");
	const config_setting_t *markers = config_setting_get_member(s, "markers");
	if (quiet) {
		h->quiet_s = config_setting_type(quiet) == CONFIG_TYPE_INT ? config_setting_get_int(quiet)
									    : config_setting_get_float(quiet);
		if (!config_setting_is_number(quiet) || h->quiet_s < 0 || h->quiet_s > 3600)
			return complain(r, quiet, "\"quiet_s\" of a folder must be a number of seconds, 0 to 3600");
	}
	if (watch) {
		const char *w = config_setting_get_string(watch);
		if (!w || (!str_eq(w, "auto") && !str_eq(w, "events") && !str_eq(w, "poll")))
			return complain(r, watch, "\"watch\" of a folder must be \"auto\", \"events\" or \"poll\"");
		h->watch = str_eq(w, "auto") ? -1 : str_eq(w, "poll");
	}
	if (markers && config_setting_type(markers) != CONFIG_TYPE_BOOL)
		return complain(r, markers, "\"markers\" of a folder must be true or false");
	h->markers = markers && config_setting_get_bool(markers);
	return 0;
}

static int read_hot_folder(struct reader *r, const config_setting_t *s, const char *name)
{
	static const char *const own[] = { "folder", "quiet_s", "watch", "markers", NULL };
	struct conf *c = r->c;
	if (!is_folder_name(name))
		return complain(r, s, "a hot folder needs a name: one folder below the inbox, without \"/\"");
	if (conf_hot(c, name))
		return complain(r, s, "the hot folder \"%s\" is there twice (upper and lower case are the same)", name);
	c->hot = xreallocarray(c->hot, c->nhot + 1, sizeof(*c->hot));
	struct conf_hot *h = &c->hot[c->nhot++];
	*h = (struct conf_hot){ .name = xstrdup(name), .quiet_s = -1, .watch = -1 };
	if (config_setting_type(s) == CONFIG_TYPE_GROUP && read_treatment(r, s, h) < 0)
		return -EINVAL;
	return read_pairs(r, s, own, &h->options, &h->noptions);
}

/* hot = { CDCl3 = { ... }; }, or a list of groups with a member "folder" for
 * names that libconfig does not take. */
static int read_hot(struct reader *r, const config_setting_t *s)
{
	int type = config_setting_type(s);
	if (type != CONFIG_TYPE_GROUP && type != CONFIG_TYPE_LIST)
		return complain(r, s, "\"hot\" must be a group of folders, { CDCl3 = { solvent = \"CDCl3\"; }; }");
	for (int i = 0; i < config_setting_length(s); i++) {
		config_setting_t *e = child(s, i);
		const char *name = config_setting_name(e);
		if (type == CONFIG_TYPE_LIST && config_setting_type(e) == CONFIG_TYPE_GROUP)
			config_setting_lookup_string(e, "folder", &name);
		if (read_hot_folder(r, e, name) < 0)
			return -EINVAL;
	}
	return 0;
}

static int read_engines(struct reader *r, const config_setting_t *s)
{
	if (config_setting_type(s) != CONFIG_TYPE_GROUP)
		return complain(r, s, "\"engines\" must be a group, { xtb = \"xtb\"; }");
	for (int i = 0; i < config_setting_length(s); i++) {
		config_setting_t *e = child(s, i);
		_cleanup_free_ char *name = xasprintf("engines.%s", config_setting_name(e));
		const struct conf_row *row = conf_row_find(name);
		if (!row)
			return unknown_option(r, e, "engines.", config_setting_name(e));
		if (read_scalar(r, row, e) < 0)
			return -EINVAL;
	}
	return 0;
}

static int read_setting(struct reader *r, const config_setting_t *s)
{
	const char *name = config_setting_name(s);
	if (str_eq(name, "engines"))
		return read_engines(r, s);
	const struct conf_row *row = conf_row_find(name);
	if (!row)
		return unknown_option(r, s, "", name);
	if (row->type == CONF_PAIRS)
		return read_defaults(r, s);
	if (row->type == CONF_HOT)
		return read_hot(r, s);
	return read_scalar(r, row, s);
}

static int read_root(struct reader *r, const config_t *cfg)
{
	const config_setting_t *root = config_root_setting(cfg);
	for (int i = 0; i < config_setting_length(root); i++)
		if (read_setting(r, child(root, i)) < 0)
			return -EINVAL;
	return 0;
}

static char *syntax_error(const config_t *cfg, const char *path)
{
	if (config_error_type(cfg) == CONFIG_ERR_FILE_IO)
		return xasprintf("%s: cannot be read: %s", path, strerror(errno ? errno : EIO));
	const char *file = config_error_file(cfg);
	return xasprintf("%s:%d: %s; settings are written name = value; with text in double quotes",
			 file ? file : path, config_error_line(cfg), config_error_text(cfg));
}

int conf_file_read(struct conf *c, const char *path, char **ret_error)
{
	_cleanup_free_ char *copy = xstrdup(path);
	_cleanup_free_ char *folder = conf_absolute(dirname(copy), NULL);
	struct reader r = { .c = c, .where = path, .is_file = true, .base = folder };
	config_t cfg;
	config_init(&cfg);
	config_set_include_dir(&cfg, folder);
	errno = 0;
	if (config_read_file(&cfg, path))
		read_root(&r, &cfg);
	else
		r.error = syntax_error(&cfg, path);
	config_destroy(&cfg);
	if (r.error)
		*ret_error = r.error;
	return r.error ? -EINVAL : 0;
}

int conf_text_read(struct conf *c, const struct conf_row *row, const char *text, char **ret_error)
{
	struct reader r = { .c = c, .where = row->option.env };
	_cleanup_free_ char *whole = xasprintf("%s = { %s };", row->option.name, text);
	config_t cfg;
	config_init(&cfg);
	if (config_read_string(&cfg, whole))
		read_root(&r, &cfg);
	else
		r.error = xasprintf("%s: %s; write it as in nmr.conf, between the braces of \"%s\"",
				    row->option.env, config_error_text(&cfg), row->option.name);
	config_destroy(&cfg);
	if (r.error)
		*ret_error = r.error;
	return r.error ? -EINVAL : 0;
}
