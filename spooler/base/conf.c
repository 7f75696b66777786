/* Loading the configuration: the table's defaults, then one file, then the
 * environment, then --data. What comes later wins. Every way to give a value
 * goes through conf_row_set(), so all are checked alike; the first error ends it
 * with a sentence that names the file and line or the variable. Never logs. */
#include "base/conf.h"

#include <errno.h>
#include <string.h>

#include "base/conf-internal.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/words.h"

static void set_defaults(struct conf *c)
{
	_cleanup_(buf_release) struct buf why = BUF_INIT;
	const struct conf_row *row;
	for (size_t i = 0; (row = conf_row_at(i)); i++)
		if (row->type != CONF_PAIRS && row->type != CONF_HOT)
			conf_row_set(c, row, row->option.fallback, NULL, &why);
}

static void clear_hot(struct conf *c)
{
	for (size_t i = 0; i < c->nhot; i++) {
		free(c->hot[i].name);
		conf_pairs_free(c->hot[i].options, c->hot[i].noptions);
	}
	free(c->hot);
	c->hot = NULL;
	c->nhot = 0;
}

static int set_from_env(struct conf *c, const struct conf_row *row, const char *value, char **ret_error)
{
	_cleanup_(buf_release) struct buf why = BUF_INIT;
	if (row->type == CONF_PAIRS || row->type == CONF_HOT) {
		if (row->type == CONF_HOT)
			clear_hot(c);
		return conf_text_read(c, row, value, ret_error);
	}
	if (conf_row_set(c, row, value, NULL, &why) == 0)
		return 0;
	*ret_error = xasprintf("environment variable %s%s%s: %s", row->option.env, row->type == CONF_URL ? "" : "=",
			       row->type == CONF_URL ? "" : value, why.s);
	return -EINVAL;
}

/* Only near misses are refused: others may have NMR_ variables for reasons of
 * their own. */
static int refuse_misspelt(const char *name, char **ret_error)
{
	const char *known[96];
	size_t n = 0;
	for (size_t i = 0; conf_option_at(i) && n < ARRAY_SIZE(known) - 1; i++)
		known[n++] = conf_option_at(i)->env;
	known[n++] = "NMR_CONF";
	for (size_t i = 0; i < n; i++)
		if (str_eq(name, known[i]))
			return 0;
	for (size_t i = 0; i < n; i++) {
		if (words_distance(name, known[i]) > (strlen(known[i]) > 10 ? 2 : 1))
			continue;
		*ret_error = xasprintf("environment variable %s is not known, did you mean %s?", name, known[i]);
		return -EINVAL;
	}
	return 0;
}

static int check_environment(char **ret_error)
{
	for (char **e = environ; *e; e++) {
		if (!str_has_prefix(*e, "NMR_") && !str_has_prefix(*e, "NWCHEM_"))
			continue;
		_cleanup_free_ char *name = xstrndup(*e, strcspn(*e, "="));
		if (refuse_misspelt(name, ret_error) < 0)
			return -EINVAL;
	}
	return 0;
}

static int read_environment(struct conf *c, char **ret_error)
{
	const struct conf_row *row;
	for (size_t i = 0; (row = conf_row_at(i)); i++) {
		/* An empty variable is an unset one: compose files write them. */
		const char *value = getenv(row->option.env);
		if (value && *value && set_from_env(c, row, value, ret_error) < 0)
			return -EINVAL;
	}
	return check_environment(ret_error);
}

/* The first file that exists. Caller frees; NULL: none. */
static char *find_file(void)
{
	_cleanup_free_ char *share = conf_find_share();
	const char *xdg = getenv("XDG_CONFIG_HOME");
	char *candidate[] = {
		xdg && *xdg == '/' ? xasprintf("%s/nmr-spool/nmr.conf", xdg)
				   : conf_absolute("~/.config/nmr-spool/nmr.conf", NULL),
		xstrdup(NMR_SYSCONFDIR "/nmr-spool/nmr.conf"),
		xasprintf("%s/nmr.conf", share),
	};
	char *found = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(candidate); i++) {
		if (!found && file_exists(candidate[i]))
			found = candidate[i];
		else
			free(candidate[i]);
	}
	return found;
}

static int read_file(struct conf *c, const char *path, char **ret_error)
{
	const char *env = getenv("NMR_CONF");
	if (!path && env && *env)
		path = env;
	c->file = path ? conf_absolute(path, NULL) : find_file();
	return c->file ? conf_file_read(c, c->file, ret_error) : 0;
}

static void override_data(struct conf *c, const char *data)
{
	char **below[] = { &c->data, &c->inbox, &c->outbox, &c->door, &c->spool, &c->scratch };
	for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
		free(*below[i]);
		*below[i] = NULL;
	}
	c->data = conf_absolute(data, NULL);
}

struct conf *conf_load(const char *path, const char *data_override, char **ret_error)
{
	struct conf *c = xcalloc(1, sizeof(*c));
	set_defaults(c);
	if (read_file(c, path, ret_error) < 0 || read_environment(c, ret_error) < 0) {
		conf_free(c);
		return NULL;
	}
	if (data_override)
		override_data(c, data_override);
	conf_fill_folders(c);
	conf_engine_resolve(c);
	return c;
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	char *strings[] = { c->file, c->data, c->inbox, c->outbox, c->door, c->spool, c->scratch, c->share,
			    c->log_level, c->web_listen, c->web_user, c->web_password, c->web_token, c->smtp_url, c->smtp_user, c->smtp_password,
			    c->notify_from, c->notify_email, c->webhook_url, c->base_url };
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		free(strings[i]);
	conf_pairs_free(c->defaults, c->ndefaults);
	clear_hot(c);
	for (size_t i = 0; i < c->nengines; i++) {
		free(c->engines[i].name);
		free(c->engines[i].command);
	}
	free(c->engines);
	free(c);
}

const struct conf_hot *conf_hot(const struct conf *c, const char *folder)
{
	for (size_t i = 0; i < c->nhot; i++)
		if (str_ieq(c->hot[i].name, folder))
			return &c->hot[i];
	return NULL;
}

int conf_cores(const struct conf *c) { return c->cores > 0 ? c->cores : machine_cores(); }

uint64_t conf_memory_bytes(const struct conf *c)
{
	return c->memory_mb > 0 ? (uint64_t)c->memory_mb << 20 : machine_memory_bytes() / 5 * 4;
}

void conf_forget_secrets(void)
{
	static const char *const secret[] = { "NMR_SMTP_PASSWORD", "NMR_WEB_PASSWORD", "NMR_WEB_TOKEN", "NMR_WEBHOOK_URL" };
	for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
		unsetenv(secret[i]);
}
