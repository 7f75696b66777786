/* The engines' command lines. They are configuration: words as a shell would cut
 * them, run without a shell, with {ranks}, {threads} and {input} filled in.
 * Debian calls NWChem's program nwchem.openmpi (or .mpich) where the
 * alternative "nwchem" is not installed; conf_engine_resolve() puts in the name
 * that this machine has. Never fails, never logs. */
#include <string.h>

#include "base/conf-internal.h"
#include "base/words.h"

static struct conf_engine *find(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->nengines; i++)
		if (str_eq(c->engines[i].name, name))
			return &c->engines[i];
	return NULL;
}

const char *conf_engine(const struct conf *c, const char *name)
{
	const struct conf_engine *e = find(c, name);
	return e && *e->command ? e->command : NULL;
}

void conf_engine_set(struct conf *c, const char *name, const char *command)
{
	struct conf_engine *e = find(c, name);
	if (!e) {
		c->engines = xreallocarray(c->engines, c->nengines + 1, sizeof(*c->engines));
		e = &c->engines[c->nengines++];
		*e = (struct conf_engine){ .name = xstrdup(name) };
	}
	free(e->command);
	e->command = xstrdup(command);
}

bool conf_program_exists(const char *program)
{
	if (strchr(program, '/'))
		return access(program, X_OK) == 0;
	const char *path = getenv("PATH");
	for (const char *p = path ? path : "/usr/local/bin:/usr/bin:/bin"; *p;) {
		size_t n = strcspn(p, ":");
		_cleanup_free_ char *file = xasprintf("%.*s/%s", (int)n, n ? p : ".", program);
		if (access(file, X_OK) == 0)
			return true;
		p += n + (p[n] == ':');
	}
	return false;
}

/* Replaces the blank-separated word `from`, the rest of the line stays as typed. */
static char *replace_word(const char *line, const char *from, const char *to)
{
	size_t n = strlen(from);
	for (const char *p = strstr(line, from); p; p = strstr(p + 1, from))
		if ((p == line || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return xasprintf("%.*s%s%s", (int)(p - line), line, to, p + n);
	return NULL;
}

void conf_engine_resolve(struct conf *c)
{
	static const char *const names[] = { "nwchem.openmpi", "nwchem.mpich" };
	const char *command = conf_engine(c, "nwchem");
	if (!command || conf_program_exists("nwchem"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!conf_program_exists(names[i]))
			continue;
		_cleanup_free_ char *resolved = replace_word(command, "nwchem", names[i]);
		if (resolved)
			conf_engine_set(c, "nwchem", resolved);
		return;
	}
}

static char *fill_in(const char *word, int ranks, int threads, const char *input)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	while (*word) {
		if (str_has_prefix(word, "{ranks}") || str_has_prefix(word, "{threads}")) {
			buf_addf(&b, "%d", word[1] == 'r' ? ranks : threads);
			word = strchr(word, '}') + 1;
		} else if (str_has_prefix(word, "{input}")) {
			buf_adds(&b, input);
			word = strchr(word, '}') + 1;
		} else
			buf_addc(&b, *word++);
	}
	return buf_detach(&b);
}

char **conf_engine_argv(const struct conf *c, const char *name, int ranks, const char *input)
{
	const char *command = conf_engine(c, name);
	char **words = NULL;
	if (!command || words_split(command, &words) < 0)
		return NULL;
	if (!words[0]) {
		words_free(words);
		return NULL;
	}
	/* A command with both is one thread a rank: together they are the cores of the run. */
	int threads = strstr(command, "{ranks}") ? 1 : ranks;
	for (char **w = words; *w; w++) {
		char *filled = fill_in(*w, ranks, threads, input);
		free(*w);
		*w = filled;
	}
	return words;
}

void conf_argv_free(char **argv) { words_free(argv); }
