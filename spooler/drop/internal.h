/* Shared by the files of drop/ alone. */
#ifndef NMR_DROP_INTERNAL_H
#define NMR_DROP_INTERNAL_H

#include <sys/stat.h>

#include "drop/drop.h"

/* Opens below root without following any link and without leaving it: -errno
 * (-ELOOP, -EXDEV for links). Never blocks on FIFOs. */
int drop_open(const char *root, const char *path, int flags);
/* A read lease: granted only while nobody has the file open for writing.
 * 1 granted, 0 a writer is there, -errno: cannot be known here. */
int drop_lease(int fd);
void drop_lease_end(int fd);
static inline bool drop_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

#endif
