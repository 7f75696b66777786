/* Options of nmr-spooler's command line. (Apart from the rest because getopt's
 * struct option and our enum option share a name.) */
#ifndef NMR_DAEMON_ARGUMENTS_H
#define NMR_DAEMON_ARGUMENTS_H

#include "base/util.h"

struct arguments {
	const char *config, *data;   /* NULL: not given */
	bool once, private, check, repair;
};
void arguments_parse(struct arguments *a, int argc, char **argv);

#endif
