/* Parts of nmr submit that nmr predict uses. Both print what is wrong. */
#ifndef NMR_CLI_SUBMIT_H
#define NMR_CLI_SUBMIT_H

#include "cli/cli.h"

/* CLI_OK or CLI_USAGE: the job options of the command line. */
int submit_check_options(const struct cli *c);
/* Puts what was typed into the door of conf. CLI_OK or CLI_FAILED. */
int submit_one(const struct cli *c, const struct conf *conf, const char *typed, char ret_id[ID_LEN + 1]);

#endif
