/* Command line of nmr. Written by hand instead of with getopt_long(), because the
 * job options come from the table in nmr/options.c, an unknown option is answered
 * with the nearest known one, and tests can call it twice. Never prints. */
#include "cli/args.h"

#include <errno.h>
#include <string.h>

#include "base/words.h"
#include "nmr/options.h"

enum kind { KIND_FLAG, KIND_TEXT, KIND_SECONDS, KIND_COUNT, KIND_PAIR };

struct known { const char *name; char letter; enum kind kind; size_t offset; unsigned flag; };

#define AT(member) offsetof(struct args, member)
static const struct known known[] = {
	{ "config", 'c', KIND_TEXT, AT(config), 0 },
	{ "data", 'd', KIND_TEXT, AT(data), 0 },
	{ "json", 'j', KIND_FLAG, AT(json), 0 },
	{ "help", 'h', KIND_FLAG, AT(help), 0 },
	{ "version", 'V', KIND_FLAG, AT(version), 0 },
	{ "out", 'O', KIND_TEXT, AT(out), ARGS_OUT },
	{ "levels", 'l', KIND_TEXT, AT(levels), ARGS_LEVELS },
	{ "shieldings", 's', KIND_TEXT, AT(shieldings), ARGS_SHIELDINGS },
	{ "all", 'a', KIND_FLAG, AT(all), ARGS_ALL },
	{ "wait", 'w', KIND_FLAG, AT(wait), ARGS_WAIT },
	{ "keep", 'k', KIND_FLAG, AT(keep), ARGS_KEEP },
	{ "steps", 'S', KIND_FLAG, AT(steps), ARGS_STEPS },
	{ "timeout", 't', KIND_SECONDS, AT(timeout_s), ARGS_TIMEOUT },
	{ "limit", 'n', KIND_COUNT, AT(limit), ARGS_LIMIT },
	{ "option", 'o', KIND_PAIR, 0, ARGS_JOB_OPTION },
};

struct parser { struct args *a; char **argv; int argc, next; char **ret_error; };

static int refuse(struct parser *p, char *sentence)
{
	*p->ret_error = sentence;
	return -EINVAL;
}

static void add_pair(struct args *a, char *name, const char *value)
{
	a->options = xreallocarray(a->options, a->noptions + 1, sizeof(*a->options));
	a->options[a->noptions++] = (struct conf_pair){ name, xstrdup(value) };
	a->given |= ARGS_JOB_OPTION;
}

/* --max-conformers is the option max_conformers. */
static char *job_option_name(const char *typed, size_t n)
{
	char *name = xstrndup(typed, n);
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : *c;
	return name;
}

static bool is_job_option(const char *name)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (str_eq(option_name((enum option)i), name))
			return true;
	return false;
}

static int take_pair(struct parser *p, const char *text)
{
	size_t n = strcspn(text, "=:");
	if (!text[n] || n == 0)
		return refuse(p, xasprintf("-o wants name=value, not \"%s\"", text));
	add_pair(p->a, job_option_name(text, n), text + n + 1);
	return 0;
}

static int store(struct parser *p, const struct known *k, const char *value)
{
	void *member = (char *)p->a + k->offset;
	long count;
	p->a->given |= k->flag;
	switch (k->kind) {
	case KIND_FLAG:
		*(bool *)member = true;
		return 0;
	case KIND_TEXT:
		*(const char **)member = value;
		return *value ? 0 : refuse(p, xasprintf("--%s is empty", k->name));
	case KIND_SECONDS:
		if (str_to_double(value, member) < 0 || !(*(double *)member > 0))
			return refuse(p, xasprintf("--%s wants seconds, not \"%s\"", k->name, value));
		return 0;
	case KIND_COUNT:
		if (str_to_long(value, &count) < 0 || count < 1 || count > 1000000)
			return refuse(p, xasprintf("--%s wants a number from 1 on, not \"%s\"", k->name, value));
		*(int *)member = (int)count;
		return 0;
	case KIND_PAIR:
		break;
	}
	return take_pair(p, value);
}

static int unknown(struct parser *p, const char *name)
{
	const char *names[ARRAY_SIZE(known) + OPTION_COUNT];
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		names[n++] = known[i].name;
	for (int i = 0; i < OPTION_COUNT; i++)
		names[n++] = option_name((enum option)i);
	const char *close = words_closest(name, names, n);
	return refuse(p, close ? xasprintf("unknown option --%s, did you mean --%s?", name, close)
			       : xasprintf("unknown option --%s; \"nmr help\" lists them", name));
}

/* The value after "=", or the next word. */
static int value_of(struct parser *p, const char *name, const char *inlined, const char **ret_value)
{
	if (!inlined && p->next >= p->argc)
		return refuse(p, xasprintf("%s wants a value", name));
	*ret_value = inlined ? inlined : p->argv[p->next++];
	return 0;
}

static int take_long(struct parser *p, const char *arg)
{
	size_t n = strcspn(arg + 2, "=");
	const char *inlined = arg[2 + n] ? arg + 2 + n + 1 : NULL, *value = inlined;
	_cleanup_free_ char *name = xstrndup(arg + 2, n);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!str_eq(known[i].name, name))
			continue;
		if (known[i].kind == KIND_FLAG && inlined)
			return refuse(p, xasprintf("--%s takes no value", name));
		if (known[i].kind != KIND_FLAG && value_of(p, arg, inlined, &value) < 0)
			return -EINVAL;
		return store(p, &known[i], value);
	}
	_cleanup_free_ char *job = job_option_name(arg + 2, n);
	if (!is_job_option(job))
		return unknown(p, name);
	if (value_of(p, arg, inlined, &value) < 0)
		return -EINVAL;
	add_pair(p->a, xstrdup(job), value);
	return 0;
}

static int take_short(struct parser *p, const char *arg)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const char *value = NULL;
		if (known[i].letter != arg[1])
			continue;
		if (known[i].kind == KIND_FLAG)
			return arg[2] ? refuse(p, xasprintf("unknown option %s", arg)) : store(p, &known[i], NULL);
		if (value_of(p, arg, arg[2] ? arg + 2 : NULL, &value) < 0)
			return -EINVAL;
		return store(p, &known[i], value);
	}
	return refuse(p, xasprintf("unknown option %s; \"nmr help\" lists them", arg));
}

static void take_word(struct args *a, char *word)
{
	if (!a->command)
		a->command = word;
	else
		a->operand[a->noperands++] = word;
}

int args_parse(struct args *a, int argc, char **argv, char **ret_error)
{
	*a = (struct args){ .operand = xcalloc((size_t)argc + 1, sizeof(char *)) };
	struct parser p = { a, argv, argc, 1, ret_error };
	bool options = true;
	while (p.next < argc) {
		char *arg = argv[p.next++];
		int r = 0;
		if (options && str_eq(arg, "--"))
			options = false;
		else if (options && str_has_prefix(arg, "--"))
			r = take_long(&p, arg);
		/* -5 is a number: no option is a digit. */
		else if (options && arg[0] == '-' && arg[1] && !(arg[1] >= '0' && arg[1] <= '9'))
			r = take_short(&p, arg);
		else
			take_word(a, arg);
		if (r < 0)
			return r;
	}
	return 0;
}

void args_release(struct args *a)
{
	for (size_t i = 0; i < a->noptions; i++) {
		free(a->options[i].name);
		free(a->options[i].value);
	}
	free(a->options);
	free(a->operand);
	*a = (struct args){ 0 };
}

const char *args_not_allowed(const struct args *a, unsigned allowed)
{
	unsigned extra = a->given & ~allowed;
	if (extra & ARGS_JOB_OPTION)
		return a->options[0].name;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].flag & extra)
			return known[i].name;
	return NULL;
}
