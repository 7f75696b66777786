/* Opening what strangers named. Everything is opened relative to the root's
 * descriptor with openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), so that a link
 * put in place of a folder, at any moment, leads nowhere. Where the call is
 * missing (old kernels, some container profiles) the path is walked one
 * component at a time with O_NOFOLLOW, which comes to the same. O_NONBLOCK: a
 * FIFO must not hold the worker. O_NOATIME is not asked for: it needs ownership. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/path.h"

#define OPEN_FLAGS (O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

static int open2(int rootfd, const char *relative, int flags, uint64_t resolve)
{
	struct open_how how = { .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | resolve };
	long fd = -1;
	how.flags = (unsigned)(flags | OPEN_FLAGS);
	/* EAGAIN: something was renamed meanwhile and the kernel cannot vouch for "beneath". */
	for (int i = 0; i < 8; i++) {
		fd = syscall(SYS_openat2, rootfd, relative, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

static int step_into(int *fd, const char *name)
{
	int next = openat(*fd, name, O_RDONLY | O_DIRECTORY | OPEN_FLAGS);
	int r = next < 0 ? -errno : 0;
	close(*fd);
	*fd = next;
	return r;
}

static int open_walking(int rootfd, const char *relative, int flags)
{
	_cleanup_free_ char *copy = xstrdup(relative);
	_cleanup_close_ int fd = fcntl(rootfd, F_DUPFD_CLOEXEC, 3);
	char *name = copy;
	if (fd < 0)
		return -errno;
	for (char *slash; (slash = strchr(name, '/')); name = slash + 1) {
		*slash = '\0';
		if (str_eq(name, ".."))
			return -EXDEV;
		int r = *name ? step_into(&fd, name) : 0;
		if (r < 0)
			return r;
	}
	if (str_eq(name, ".."))
		return -EXDEV;
	int r = openat(fd, *name ? name : ".", flags | OPEN_FLAGS);
	return r < 0 ? -errno : r;
}

int path_open(int rootfd, const char *relative, int flags)
{
	if (!*relative)
		relative = ".";
	int fd = open2(rootfd, relative, flags, 0);
	/* EPERM may be a real refusal: then walking says so too. */
	if (fd == -ENOSYS || fd == -EPERM)
		fd = open_walking(rootfd, relative, flags);
	return fd;
}

int path_open_here(int rootfd, const char *relative, int flags)
{
	struct stat a, b;
	if (!*relative)
		relative = ".";
	int fd = open2(rootfd, relative, flags, RESOLVE_NO_XDEV);
	if (fd != -ENOSYS && fd != -EPERM)
		return fd;
	/* Seen only once it is open: the best that an old kernel gives. */
	fd = open_walking(rootfd, relative, flags);
	if (fd >= 0 && fstat(rootfd, &a) == 0 && fstat(fd, &b) == 0 && a.st_dev != b.st_dev) {
		close(fd);
		return -EXDEV;
	}
	return fd;
}

int path_open_parent(int rootfd, const char *relative, const char **ret_name)
{
	const char *slash = strrchr(relative, '/');
	_cleanup_free_ char *dir = slash ? xstrndup(relative, (size_t)(slash - relative)) : xstrdup("");
	int fd = path_open(rootfd, dir, O_RDONLY | O_DIRECTORY);
	if (fd >= 0)
		*ret_name = slash ? slash + 1 : relative;
	return fd;
}

int path_open_root(const char *root)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

char *path_join(const char *dir, const char *name)
{
	return *dir ? xasprintf("%s/%s", dir, name) : xstrdup(name);
}

bool path_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       time_equal(a->st_mtim, b->st_mtim) && time_equal(a->st_ctim, b->st_ctim);
}
