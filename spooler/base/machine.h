/* What this process may use of the machine: the CPU affinity and the limits of
 * its cgroup (v1 and v2), which are what counts in a container. */
#ifndef NMR_BASE_MACHINE_H
#define NMR_BASE_MACHINE_H

#include "base/util.h"

/* Cores to use, at least 1. */
int machine_cores(void);
/* The smaller of the machine's memory and the cgroup's limit, bytes. What the
 * engines may have of it is conf_memory_bytes(). */
uint64_t machine_memory_bytes(void);

/* As many open files as this process may have. */
void machine_raise_descriptors(void);

/* A program (or folder) by its name relative to the folder of the running program, when
 * it is there; NULL. Caller frees. */
char *machine_beside_program(const char *name);

/* The cgroup's limits alone, 0 when there is none. root is put before /proc and
 * /sys: "" in life, a folder in tests. */
double machine_cgroup_cores(const char *root);
uint64_t machine_cgroup_memory(const char *root);
/* Processes of the cgroup that the kernel has killed for want of memory; 0: unknown, too. */
long machine_cgroup_oom_kills(const char *root);

#endif
