/* nmr-spooler --check and --repair: queue, steps, folders and outbox against each
 * other. One line for each finding on stdout, and a summary. */
#ifndef NMR_DAEMON_CHECK_H
#define NMR_DAEMON_CHECK_H

#include "daemon/arguments.h"

/* The exit status: 0 clean (or all mended), 1 findings, 2 cannot check. */
int check_run(const struct arguments *a);

#endif
