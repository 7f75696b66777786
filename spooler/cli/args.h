/* The command line of nmr, taken apart. Options may stand anywhere, before or
 * after the command and its arguments; "--" ends them. All strings are borrowed
 * from argv but those of options. */
#ifndef NMR_CLI_ARGS_H
#define NMR_CLI_ARGS_H

#include "base/conf.h"

struct args {
	const char *command;         /* NULL: none given */
	char **operand;              /* what follows it; points into an array of our own */
	size_t noperands;
	const char *config, *data, *out, *levels, *shieldings;
	bool json, all, wait, keep, steps, help, version;
	double timeout_s;            /* 0: not given */
	int limit;                   /* 0: not given */
	struct conf_pair *options;   /* of the job: --solvent D2O, -o solvent=D2O */
	size_t noptions;
	unsigned given;              /* bit mask of enum args_flag */
};

/* What not every command takes. */
enum args_flag {
	ARGS_OUT = 1, ARGS_ALL = 2, ARGS_WAIT = 4, ARGS_KEEP = 8, ARGS_TIMEOUT = 16, ARGS_LIMIT = 32,
	ARGS_JOB_OPTION = 64, ARGS_STEPS = 128, ARGS_LEVELS = 256, ARGS_SHIELDINGS = 512,
};

/* 0, or -EINVAL with a sentence (caller frees). */
int args_parse(struct args *a, int argc, char **argv, char **ret_error);
void args_release(struct args *a);
/* The name of the first option given that is not in `allowed`, or NULL. */
const char *args_not_allowed(const struct args *a, unsigned allowed);

#endif
