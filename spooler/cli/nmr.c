/* nmr: main. Takes the command line apart, loads the configuration, and hands
 * over to the command. Each command declares what it takes, so that an option
 * that would be ignored is refused. Every problem is one line on stderr. */
#include <errno.h>
#include <locale.h>
#include <string.h>

#include "base/words.h"
#include "cli/cli.h"
#include "nmr/options.h"

struct command {
	const char *name, *operands;
	int (*run)(struct cli *c);
	size_t least, most;          /* operands */
	unsigned options;            /* enum args_flag */
	const char *help;
};

#define ANY SIZE_MAX

static const struct command commands[] = {
	{ "status", "[TEXT]", cmd_status, 0, 1, ARGS_ALL | ARGS_LIMIT, "the queue at a glance; TEXT: part of a name" },
	{ "show", "ID", cmd_show, 1, 1, 0, "everything about one job, with its shifts when done" },
	{ "watch", "[ID...]", cmd_watch, 0, ANY, 0, "live progress; with an ID until that has ended" },
	{ "submit", "FILE|SMILES...", cmd_submit, 1, ANY, ARGS_WAIT | ARGS_JOB_OPTION, "hand in structures; prints their ids" },
	{ "predict", "FILE|SMILES", cmd_predict, 1, 1, ARGS_OUT | ARGS_KEEP | ARGS_JOB_OPTION,
	  "compute one structure now, without a spooler" },
	{ "calibrate", "SET.sdf", cmd_calibrate, 1, 1, ARGS_OUT | ARGS_LEVELS | ARGS_SHIELDINGS | ARGS_JOB_OPTION,
	  "fit scaling factors to measured shifts" },
	{ "cancel", "ID...", cmd_request, 1, ANY, ARGS_TIMEOUT, "end a job" },
	{ "retry", "ID...", cmd_request, 1, ANY, ARGS_TIMEOUT, "run a failed or cancelled job again" },
	{ "hold", "ID...", cmd_request, 1, ANY, ARGS_TIMEOUT, "keep a job from running" },
	{ "release", "ID...", cmd_request, 1, ANY, ARGS_TIMEOUT, "let a held job run" },
	{ "priority", "NUMBER ID...", cmd_priority, 2, ANY, ARGS_TIMEOUT, "-10 to 10, low, normal or high: higher goes first" },
	{ "republish", "ID...", cmd_request, 1, ANY, ARGS_TIMEOUT, "publish a deleted result again" },
	{ "backup", "DIR", cmd_backup, 1, 1, ARGS_STEPS, "copy the queue and the files it needs, at any time" },
	{ "restore", "DIR", cmd_restore, 1, 1, 0, "put a backup into an empty data folder" },
	{ "health", "", cmd_health, 0, 0, 0, "is the spooler alive? For containers and monitors" },
	{ "doctor", "", cmd_doctor, 0, 0, 0, "check engines, folders and limits" },
};

static void print_help(void)
{
	fputs("usage: nmr [--data DIR] [--config FILE] [--json] COMMAND [ARGUMENTS]\n\n", stdout);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		_cleanup_free_ char *left = xasprintf("%s %s", commands[i].name, commands[i].operands);
		printf("  %-24s %s\n", left, commands[i].help);
	}
	fputs("  version, help\n\n"
	      "  -d, --data DIR           the spooler's data folder\n"
	      "  -c, --config FILE        read this nmr.conf\n"
	      "  -j, --json               for programs\n"
	      "  -a, --all  -n, --limit N status: all jobs; the latest N\n"
	      "  -w, --wait               submit: follow to the end\n"
	      "  -O, --out DIR            predict: copy the result folder into DIR;\n"
	      "                           calibrate: its folder, taken up again\n"
	      "  -l, --levels L//G,...    calibrate: levels of shieldings on geometries,\n"
	      "                           or names of presets\n"
	      "  -s, --shieldings DIR     calibrate: take those computed before\n"
	      "  -k, --keep               predict: keep the temporary folder\n"
	      "  -S, --steps              backup: finished steps, too\n"
	      "  -t, --timeout SECONDS    cancel, retry ...: wait so long for the answer\n\n"
	      "Options of a job (submit, predict, calibrate), also as -o NAME=VALUE:\n", stdout);
	for (int i = 0; i < OPTION_COUNT; i++) {
		_cleanup_free_ char *name = xasprintf("--%s", option_name((enum option)i));
		for (char *p = name; *p; p++)
			*p = *p == '_' ? '-' : *p;
		printf("  %-18s %s\n", name, option_help((enum option)i));
	}
	fputs("\nAn ID is a job's id, the start of one, its name or its result folder.\n"
	      "Exit status: 0 good, 1 a job failed, 2 usage, 3 not found, 4 no spooler.\n"
	      "See nmr(1).\n", stdout);
}

static int print_version(const struct cli *c)
{
	if (c->args.json)
		cli_put_json(json_pack("{s:s}", "version", NMR_VERSION), false);
	else
		puts("nmr " NMR_VERSION);
	return CLI_OK;
}

static const struct command *find_command(const char *name)
{
	const char *names[ARRAY_SIZE(commands)];
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (str_eq(commands[i].name, name))
			return &commands[i];
		names[i] = commands[i].name;
	}
	const char *close = words_closest(name, names, ARRAY_SIZE(names));
	if (close)
		cli_error("unknown command \"%s\", did you mean \"%s\"?", name, close);
	else
		cli_error("unknown command \"%s\"; \"nmr help\" lists them", name);
	return NULL;
}

static bool is_used_rightly(const struct command *cmd, const struct args *a)
{
	const char *extra = args_not_allowed(a, cmd->options);
	if (extra)
		cli_error("%s takes no option --%s; \"nmr help\" lists what does", cmd->name, extra);
	else if (a->noperands < cmd->least || a->noperands > cmd->most)
		cli_error("usage: nmr %s %s", cmd->name, cmd->operands);
	else
		return true;
	return false;
}

static int run_command(struct cli *c)
{
	_cleanup_free_ char *error = NULL;
	const struct command *cmd = find_command(c->args.command);
	if (!cmd || !is_used_rightly(cmd, &c->args))
		return CLI_USAGE;
	c->conf = conf_load(c->args.config, c->args.data, &error);
	if (!c->conf) {
		cli_error("%s", error);
		return CLI_USAGE;
	}
	int e = cmd->run(c);
	conf_free(c->conf);
	return e;
}

static int dispatch(struct cli *c)
{
	const char *command = c->args.command;
	if (c->args.version || str_eq(command, "version"))
		return print_version(c);
	if (c->args.help || str_eq(command, "help")) {
		print_help();
		return CLI_OK;
	}
	if (!command) {
		cli_error("which command? \"nmr status\" shows the queue, \"nmr help\" lists the commands");
		return CLI_USAGE;
	}
	return run_command(c);
}

int main(int argc, char **argv)
{
	struct cli c = { 0 };
	_cleanup_free_ char *error = NULL;
	setlocale(LC_CTYPE, "");
	term_init(&c.out, STDOUT_FILENO);
	term_init(&c.err, STDERR_FILENO);
	int e = CLI_USAGE;
	if (args_parse(&c.args, argc, argv, &error) < 0)
		cli_error("%s", error);
	else
		e = dispatch(&c);
	args_release(&c.args);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		cli_error("cannot write the output: %s", strerror(errno));
		return CLI_FAILED;
	}
	return e;
}
