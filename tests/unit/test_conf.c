/* Configuration: the shipped nmr.conf against the table, precedence, refusals,
 * engines' command lines, folders. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>

#include "base/conf.h"
#include "base/file.h"

#define SHIPPED "spooler/share/nmr.conf"

static char *dir;

static void clear_env(void)
{
	for (size_t i = 0; conf_option_at(i); i++)
		unsetenv(conf_option_at(i)->env);
	unsetenv("NMR_CONF");
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
}

static int setup(_unused_ void **state)
{
	char template[] = "/tmp/test-conf-XXXXXX";
	if (!mkdtemp(template))
		return -1;
	dir = xstrdup(template);
	clear_env();
	return 0;
}

static int teardown(_unused_ void **state)
{
	int r = file_rm_rf(dir);
	free(dir);
	clear_env();
	return r;
}

static char *write_conf(const char *text)
{
	char *path = xasprintf("%s/nmr.conf", dir);
	assert_int_equal(file_write(path, text, strlen(text), 0644), 0);
	return path;
}

static struct conf *load(const char *text)
{
	char *error = NULL;
	_cleanup_free_ char *path = write_conf(text);
	struct conf *c = conf_load(path, NULL, &error);
	if (!c)
		print_error("%s\n", error);
	assert_non_null(c);
	return c;
}

static void refused(const char *text, const char *words)
{
	char *error = NULL;
	_cleanup_free_ char *path = write_conf(text);
	assert_null(conf_load(path, NULL, &error));
	assert_non_null(error);
	if (!strstr(error, words))
		fail_msg("\"%s\" does not say \"%s\"", error, words);
	free(error);
}

/* The shipped file with every "#name = " line live again. */
static void uncomment(const char *text, struct buf *b)
{
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");
		bool live = *line == '#' && n > 1 && (line[1] == '\t' || line[1] == '}' || strspn(line + 1, "abcdefghijklmnopqrstuvwxyz_") > 0);
		buf_add(b, line + live, n - live);
		buf_addc(b, '\n');
		line += n + (line[n] == '\n');
	}
}

static const char *group_of(const char *name, char *ret_member, size_t size)
{
	const char *dot = strchr(name, '.');
	snprintf(ret_member, size, "%s", dot ? dot + 1 : name);
	return dot ? "\n#\t" : "\n#";
}

static void test_shipped_file_has_every_option(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf text = BUF_INIT;
	assert_int_equal(file_read(SHIPPED, 1 << 20, &text), 0);
	for (size_t i = 0; conf_option_at(i); i++) {
		const struct conf_option *o = conf_option_at(i);
		char member[64];
		const char *start = group_of(o->name, member, sizeof(member));
		_cleanup_free_ char *line = xasprintf("%s%s = ", str_eq(o->name, "hot") ? "\n" : start, member);
		if (!strstr(text.s, line))
			fail_msg("%s is not in %s", o->name, SHIPPED);
		if (!strstr(text.s, o->env))
			fail_msg("%s is not in %s", o->env, SHIPPED);
		assert_true(strlen(o->help) > 10);
	}
}

static void test_manual_has_every_option(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf text = BUF_INIT;
	assert_int_equal(file_read("man/nmr.conf.5", 1 << 20, &text), 0);
	for (size_t i = 0; conf_option_at(i); i++) {
		const struct conf_option *o = conf_option_at(i);
		_cleanup_free_ char *line = xasprintf(".It Va %s Pq Ev %s\n", o->name, o->env);
		const char *entry = strstr(text.s, line);
		if (!entry)
			fail_msg("%s is not in nmr.conf(5)", o->name);
		/* Its default, in its entry: numbers, at least. */
		_cleanup_free_ char *body = xstrndup(entry, strcspn(entry + 1, "\n") + 400);
		if (strspn(o->fallback, "0123456789.") && !strstr(body, o->fallback))
			fail_msg("the default of %s, %s, is not in nmr.conf(5)", o->name, o->fallback);
	}
}

/* Nothing but options is there: an unknown one would be refused. And the values
 * shown are the defaults. */
static void test_shipped_file_loads_and_shows_defaults(_unused_ void **state)
{
	char *error = NULL;
	_cleanup_(buf_release) struct buf text = BUF_INIT, live = BUF_INIT;
	assert_int_equal(file_read(SHIPPED, 1 << 20, &text), 0);
	uncomment(text.s, &live);
	struct conf *all = load(live.s), *c = conf_load(SHIPPED, NULL, &error);
	assert_non_null(c);
	assert_string_equal(all->data, "/var/lib/nmr-spool");
	assert_int_equal(all->ndefaults, 2);
	assert_int_equal(all->cores, c->cores);
	assert_int_equal(all->records_max, c->records_max);
	assert_int_equal(all->file_size_max_mb, c->file_size_max_mb);
	assert_int_equal(all->nice, c->nice);
	assert_int_equal(all->mode_files, 0664);
	assert_int_equal(c->mode_files, 0664);
	assert_int_equal(c->mode_dirs, 0775);
	assert_true(all->step_timeout_h == c->step_timeout_h && all->crest_timeout_h == c->crest_timeout_h && all->quiet_s == c->quiet_s);
	assert_true(all->quiet_remote_s == c->quiet_remote_s && all->scan_s == c->scan_s);
	assert_true(all->scan_remote_s == c->scan_remote_s && all->status_s == c->status_s);
	assert_true(all->empty_report_s == c->empty_report_s);
	assert_string_equal(all->log_level, c->log_level);
	assert_string_equal(all->web_listen, c->web_listen);
	const char *none[] = { all->web_token, all->web_user, all->web_password, all->smtp_url, all->smtp_user, all->smtp_password, all->notify_from, all->notify_email,
			       all->webhook_url, all->base_url };
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_string_equal(none[i], "");
	assert_string_equal(conf_engine(all, "nwchem"), conf_engine(c, "nwchem"));
	assert_string_equal(conf_engine(all, "xtb"), conf_engine(c, "xtb"));
	assert_int_equal(c->nhot, 4);
	assert_string_equal(conf_hot(c, "dmso-D6")->options[0].value, "DMSO-d6");
	assert_null(conf_hot(c, "C6D6"));
	conf_free(all);
	conf_free(c);
}

static void test_precedence(_unused_ void **state)
{
	static const char text[] = "data = \"below\"; scratch = \"/fast\"; cores = 3; quiet_s = 2;";
	struct conf *c = load(text);
	_cleanup_free_ char *below = xasprintf("%s/below", dir);
	_cleanup_free_ char *inbox = xasprintf("%s/below/inbox", dir);
	assert_string_equal(c->data, below);
	assert_string_equal(c->inbox, inbox);
	assert_string_equal(c->scratch, "/fast");
	assert_int_equal(conf_cores(c), 3);
	assert_true(c->quiet_s == 2);
	assert_string_equal(strrchr(c->file, '/'), "/nmr.conf");
	conf_free(c);

	setenv("NMR_CORES", "5", 1);
	setenv("NMR_OUTBOX", "/srv/out", 1);
	setenv("NMR_DEFAULTS", "solvent = \"D2O\"; charge = -1; temperature = 310.5", 1);
	setenv("NMR_MEMORY_MB", "", 1);
	c = load(text);
	assert_int_equal(c->cores, 5);
	assert_string_equal(c->outbox, "/srv/out");
	assert_int_equal(c->ndefaults, 3);
	assert_string_equal(c->defaults[1].name, "charge");
	assert_string_equal(c->defaults[1].value, "-1");
	assert_string_equal(c->defaults[2].value, "310.5");
	conf_free(c);
}

static void test_data_override_moves_every_folder(_unused_ void **state)
{
	char *error = NULL;
	_cleanup_free_ char *path = write_conf("inbox = \"/srv/inbox\"; scratch = \"/fast\"; cores = 2;");
	setenv("NMR_SPOOL", "/srv/spool", 1);
	struct conf *c = conf_load(path, "/private", &error);
	assert_non_null(c);
	const char *got[] = { c->data, c->inbox, c->outbox, c->door, c->spool, c->scratch };
	for (size_t i = 0; i < ARRAY_SIZE(got); i++)
		assert_true(str_has_prefix(got[i], "/private"));
	assert_int_equal(c->cores, 2);
	conf_free(c);
}

static void test_misspelt(_unused_ void **state)
{
	refused("cores = 1;\ncorse = 2;\n", "nmr.conf:2: unknown option \"corse\", did you mean \"cores\"?");
	refused("banana = 2;", "unknown option \"banana\"");
	refused("engines = { nwchm = \"x\"; };", "\"engines.nwchm\", did you mean \"nwchem\"?");
	refused("engine = { xtb = \"x\"; };", "did you mean \"engines\"?");
	setenv("NMR_INBOXX", "/tmp", 1);
	refused("cores = 1;", "NMR_INBOXX is not known, did you mean NMR_INBOX?");
	unsetenv("NMR_INBOXX");
	setenv("NMR_SOMETHING_ELSE", "1", 1);
	conf_free(load("cores = 1;"));
	unsetenv("NMR_SOMETHING_ELSE");
}

static void test_bad_values(_unused_ void **state)
{
	refused("cores = \"many\";", "nmr.conf:1: option \"cores\" must be a whole number from 0 to 65536");
	refused("cores = -1;", "whole number");
	refused("cores = 2.5;", "whole number");
	refused("cores = { };", "single value");
	refused("quiet_s = \"soon\";", "must be a number");
	refused("status_s = 0.0;", "from 1 to 3600");
	refused("log_level = \"loud\";", "must be one of: debug info warn error");
	refused("mode_files = 0664;", "in quotes, like \"0664\"");
	refused("mode_files = \"0968\";", "octal");
	refused("engines = { xtb = \"xtb 'x\"; };", "quote that is not closed");
	refused("defaults = 3;", "must be a group");
	refused("defaults = { a = { }; };", "single value");
	refused("hot = { A = { }; a = { }; };", "twice");
	refused("hot = ( { solvent = \"D2O\"; } );", "needs a name");
	refused("hot = ( { folder = \"a/b\"; } );", "without \"/\"");
	refused("cores = = 1;", "nmr.conf:1: syntax error");
	setenv("NMR_CORES", "x", 1);
	refused("", "environment variable NMR_CORES=x: must be a whole number");
	unsetenv("NMR_CORES");
	setenv("NMR_DEFAULTS", "solvent D2O", 1);
	refused("", "NMR_DEFAULTS: syntax error");
	unsetenv("NMR_DEFAULTS");
	char *error = NULL;
	assert_null(conf_load("/nonexistent/nmr.conf", NULL, &error));
	assert_non_null(strstr(error, "/nonexistent/nmr.conf: cannot be read: No such file"));
	free(error);
}

static void test_mail_and_webhook(_unused_ void **state)
{
	struct conf *c = load("smtp_url = \"smtps://mail.example.org:465\"; notify_from = \"nmr@example.org\";"
			      "webhook_url = \"https://[::1]:8443/hook?a=b%20c\"; base_url = \"http://nmr_1.example.org/x/\";");
	assert_string_equal(c->smtp_url, "smtps://mail.example.org:465");
	assert_string_equal(c->notify_from, "nmr@example.org");
	assert_string_equal(c->webhook_url, "https://[::1]:8443/hook?a=b%20c");
	conf_free(c);
	static const char *const bad[] = { "smtp_url = \"mail.example.org\";", "smtp_url = \"http://mail.example.org\";",
		"smtp_url = \"smtp://u:secret@mail.example.org\";", "smtp_url = \"smtp://\";", "smtp_url = \"smtp://a:x\";",
		"webhook_url = \"file:///etc/passwd\";", "webhook_url = \"http://a b/\";", "webhook_url = \"http:///x\";",
		"webhook_url = \"gopher://a/\";", "base_url = \"javascript:x\";", "base_url = \"http://a/\\r\\nX: y\";" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refused(bad[i], "with no user in it");
	refused("notify_email = \"a@b.c, d@e.f\";", "must be one e-mail address");
	/* A password in the wrong place is not told to whoever reads the error. */
	char *error = NULL;
	setenv("NMR_SMTP_URL", "smtp://u:secret@mail.example.org", 1);
	_cleanup_free_ char *path = write_conf("");
	assert_null(conf_load(path, NULL, &error));
	assert_non_null(strstr(error, "NMR_SMTP_URL"));
	assert_null(strstr(error, "secret"));
	free(error);
	unsetenv("NMR_SMTP_URL");
}

static void test_hot_list(_unused_ void **state)
{
	struct conf *c = load("hot = ( { folder = \"Group 7\"; solvent = \"D2O\"; preset = \"draft\"; } );");
	assert_int_equal(c->nhot, 1);
	assert_int_equal(conf_hot(c, "group 7")->noptions, 2);
	assert_string_equal(conf_hot(c, "group 7")->options[1].value, "draft");
	conf_free(c);
}

static void test_engine_argv(_unused_ void **state)
{
	struct conf *c = load("engines = { nwchem = \"run -n {ranks} 'my nw' {input} -t{threads}\"; crest = \"\"; };");
	char **argv = conf_engine_argv(c, "nwchem", 4, "a b.nw");
	static const char *const expected[] = { "run", "-n", "4", "my nw", "a b.nw", "-t1", NULL };
	for (size_t i = 0; expected[i]; i++)
		assert_string_equal(argv[i], expected[i]);
	assert_null(argv[6]);
	conf_argv_free(argv);
	assert_null(conf_engine(c, "crest"));
	assert_null(conf_engine_argv(c, "crest", 1, ""));
	assert_null(conf_engine_argv(c, "gaussian", 1, ""));
	argv = conf_engine_argv(c, "xtb", 1, "");
	assert_string_equal(argv[0], "xtb");
	conf_argv_free(argv);
	conf_free(c);
	c = load("engines = { nwchem = \"nwchem -t {threads}\"; };");
	argv = conf_engine_argv(c, "nwchem", 4, "");
	assert_string_equal(argv[2], "4");
	conf_argv_free(argv);
	conf_free(c);
}

/* Debian without the alternative "nwchem": the name that is there is taken. */
static void test_engine_resolve(_unused_ void **state)
{
	_cleanup_free_ char *program = xasprintf("%s/nwchem.openmpi", dir);
	_cleanup_free_ char *path = xstrdup(getenv("PATH"));
	assert_int_equal(file_write(program, "#!/bin/sh\n", 10, 0755), 0);
	setenv("PATH", dir, 1);
	struct conf *c = load("");
	setenv("PATH", path, 1);
	assert_string_equal(conf_engine(c, "nwchem"),
			    "mpirun --bind-to none --oversubscribe -n {ranks} nwchem.openmpi {input}");
	conf_free(c);
}

static int make(const char *text, char **ret_error)
{
	struct conf *c = load(text);
	int r = conf_make_folders(c, ret_error);
	conf_free(c);
	return r;
}

static void test_folders(_unused_ void **state)
{
	char *error = NULL;
	struct stat st;
	assert_int_equal(make("data = \"d\"; mode_dirs = \"0777\"; hot = { D2O = { solvent = \"D2O\"; }; };", &error), 0);
	_cleanup_free_ char *hot = xasprintf("%s/d/inbox/D2O", dir);
	_cleanup_free_ char *spool = xasprintf("%s/d/spool", dir);
	assert_int_equal(stat(hot, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0777);
	assert_int_equal(stat(spool, &st), 0);
	assert_int_equal(st.st_mode & 022, 0);
}

static void test_folders_refused(_unused_ void **state)
{
	static const struct { const char *text, *words; } cases[] = {
		{ "data = \"d\"; outbox = \"d/inbox/out\";", "outbox" },
		{ "data = \"d\"; outbox = \"d/inbox\";", "inbox and outbox are the same folder" },
		{ "data = \"d\"; door = \"d/spool/../spool/door\";", "lies inside spool" },
		{ "data = \"d\"; inbox = \".\";", "lies inside inbox" },
		{ "data = \"/proc/nothing\";", "cannot be made" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *error = NULL;
		assert_true(make(cases[i].text, &error) < 0);
		if (!strstr(error, cases[i].words))
			fail_msg("\"%s\" does not say \"%s\"", error, cases[i].words);
		free(error);
	}
}

static void test_folder_through_a_link(_unused_ void **state)
{
	char *error = NULL;
	_cleanup_free_ char *link = xasprintf("%s/link", dir);
	_cleanup_free_ char *inbox = xasprintf("%s/d/inbox", dir);
	assert_int_equal(file_mkdir_p(inbox, 0755), 0);
	assert_int_equal(symlink(inbox, link), 0);
	assert_int_equal(make("data = \"d\"; outbox = \"link\";", &error), -EINVAL);
	assert_non_null(strstr(error, "same folder"));
	free(error);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_shipped_file_has_every_option), T(test_manual_has_every_option),
		T(test_shipped_file_loads_and_shows_defaults),
		T(test_precedence), T(test_data_override_moves_every_folder), T(test_misspelt), T(test_bad_values),
		T(test_mail_and_webhook), T(test_hot_list), T(test_engine_argv), T(test_engine_resolve), T(test_folders),
		T(test_folders_refused), T(test_folder_through_a_link),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
