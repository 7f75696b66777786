/* The child's side of a run: from fork to the program. For nmr-exec alone. */
#ifndef NMR_EXEC_PROGRAM_H
#define NMR_EXEC_PROGRAM_H

#include <sys/types.h>

#include "base/util.h"

struct program {
	const char *dir;  /* working directory; stdout and stderr are written there */
	char **argv;
	int nice;
	bool stack;       /* unlimited */
};

/* Starts the program in a session of its own; it dies with the caller. 0, or
 * -errno of what kept it from starting; *ret_pid is set as soon as there is a
 * child, which the caller reaps in any case. */
int program_start(const struct program *p, pid_t *ret_pid);

#endif
