/* Relative paths below a root folder, for names that strangers chose: nothing leads out
 * of the root, no link is followed, nothing blocks. */
#ifndef NMR_BASE_PATH_H
#define NMR_BASE_PATH_H

#include <sys/stat.h>

#include "base/util.h"

/* Opens below rootfd: never leaves it, never follows a link, never blocks and
 * never changes what it opens. "" is the root itself. fd or -errno. */
int path_open(int rootfd, const char *relative, int flags);
/* The same, but never onto another mount: -EXDEV, and that mount is not asked. */
int path_open_here(int rootfd, const char *relative, int flags);
/* The folder that a path lies in, opened; *ret_name points into relative. */
int path_open_parent(int rootfd, const char *relative, const char **ret_name);
char *path_join(const char *dir, const char *name);
/* The root folder, opened. fd or -errno. */
int path_open_root(const char *root);
static inline bool time_equal(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}
/* What must stand still for a file to count as unchanged. */
bool path_same(const struct stat *a, const struct stat *b);

#endif
