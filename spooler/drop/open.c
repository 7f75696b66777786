/* Opening what strangers dropped. RESOLVE_BENEATH keeps every path inside the
 * root, links are refused. Never logs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "drop/internal.h"

/* Kernels without openat2: no link at the end, and no ".." in the path. */
static int open_old(int dir, const char *path, int flags)
{
	if (str_eq(path, "..") || str_has_prefix(path, "../") || strstr(path, "/../"))
		return -EXDEV;
	int fd = openat(dir, path, flags | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int drop_open(const char *root, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)(flags | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW),
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	_cleanup_close_ int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	long fd = syscall(SYS_openat2, dir, *path ? path : ".", &how, sizeof(how));
	if (fd >= 0)
		return (int)fd;
	if (errno == ENOSYS || errno == EPERM)
		return open_old(dir, *path ? path : ".", flags | O_NONBLOCK | O_CLOEXEC);
	return -errno;
}

int drop_lease(int fd)
{
	/* Without F_SETSIG a broken lease sends SIGIO, which ends a program. SIGURG is
	 * ignored by default. */
	if (fcntl(fd, F_SETSIG, SIGURG) < 0)
		return -errno;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
		return 1;
	return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
}

void drop_lease_end(int fd) { fcntl(fd, F_SETLEASE, F_UNLCK); }
