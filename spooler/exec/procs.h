/* Looking at processes through /proc. */
#ifndef NMR_EXEC_PROCS_H
#define NMR_EXEC_PROCS_H

#include <sys/types.h>

#include "base/util.h"

/* Every process of a run carries the run's id in this variable. */
#define RUN_ID_ENV "NMR_RUN_ID"

struct pids { pid_t *pid; size_t n; };
void pids_release(struct pids *p);
bool pids_have(const struct pids *p, pid_t pid);
void pids_add(struct pids *p, pid_t pid);

/* Every descendant of root, zombies left out. */
void procs_descendants(pid_t root, struct pids *ret_p);
/* What nmr-exec started in dir: processes that carry NMR_RUN_ID=run_id in their
 * environment, wherever they are, or any NMR_RUN_ID and work in dir or below it.
 * A shell of somebody who looks around in dir is none of them. run_id may be NULL. */
void procs_of_run(const char *dir, const char *run_id, struct pids *ret_p);
/* Resident memory of the processes together, bytes: proportional, each shared page
 * once; and the cheap upper bound that counts it for each process. */
uint64_t procs_memory(const struct pids *p);
uint64_t procs_resident(const struct pids *p);
/* Start time in clock ticks since boot; 0 when gone. */
unsigned long long procs_start_time(pid_t pid);
/* Boot id and pid namespace, for records that outlive us. */
void procs_boot_id(char ret_id[40]);
unsigned long long procs_pid_namespace(void);
void procs_signal(const struct pids *p, int sig);
/* Stops, then kills them all: stopped first, so that none forks meanwhile. */
void procs_kill(const struct pids *p);

#endif
