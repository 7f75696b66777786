/* The building blocks: folders and files with our permissions, renames that never
 * replace, trees copied and synced. Permissions are set explicitly, because the
 * umask of a service is nobody's business here; a share that has none of its own
 * (EPERM, EOPNOTSUPP) is fine. A share's users may hold any file open: whoever
 * replaces or moves one must expect EBUSY and EACCES. Never logs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/file.h"
#include "outbox/internal.h"

static bool leads_out(const char *p)
{
	if (*p == '/' || !*p)
		return true;
	for (; *p; p += strcspn(p, "/"), p += *p == '/') {
		size_t n = strcspn(p, "/");
		if (n == 0 || (n <= 2 && strspn(p, ".") >= n))
			return true;
	}
	return false;
}

char *outbox_path(const struct outbox *o, const char *relative, const char *suffix)
{
	return leads_out(relative) ? NULL : xasprintf("%s/%s%s", o->root, relative, suffix);
}

char *outbox_tmp(const struct outbox *o, const char *tag) { return xasprintf("%s/" TMP_PREFIX "%s", o->root, tag); }

static int set_mode(int fd, mode_t mode)
{
	if (fchmod(fd, mode) == 0 || errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS)
		return 0;
	return -errno;
}

/* One level. A link planted in a folder's place is not a folder. */
static int make_folder(const char *path, mode_t mode)
{
	struct stat st;
	if (mkdir(path, mode) < 0) {
		if (errno != EEXIST)
			return -errno;
		if (lstat(path, &st) < 0)
			return -errno;
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	}
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return set_mode(fd, mode);
}

int outbox_mkdir_above(const struct outbox *o, const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path);
	for (char *slash = copy + strlen(o->root); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		int r = make_folder(copy, o->mode_dirs);
		if (r < 0)
			return r;
		*slash = '/';
	}
	return 0;
}

int outbox_mkdir(const struct outbox *o, const char *path)
{
	int r = outbox_mkdir_above(o, path);
	return r < 0 ? r : make_folder(path, o->mode_dirs);
}

/* closed checked: network filesystems report a full disk only then */
static int finish_file(int fd, int r, mode_t mode, bool durable)
{
	if (r == 0)
		r = set_mode(fd, mode);
	if (r == 0 && durable)
		r = file_sync_fd(fd);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

static int create_file(const char *path, const void *data, size_t n, mode_t mode, bool durable)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	return finish_file(fd, file_write_all(fd, data, n), mode, durable);
}

int outbox_new_file(const struct outbox *o, const char *path, const void *data, size_t n)
{
	return create_file(path, data, n, o->mode_files, true);
}

static bool is_held(int error) { return error == EBUSY || error == EACCES || error == EPERM || error == ETXTBSY; }

int outbox_replace(const struct outbox *o, const char *path, const void *data, size_t n, bool durable,
		   bool *ret_held)
{
	char id[ID_LEN + 1];
	id_new(id);
	_cleanup_free_ char *tag = xasprintf("file-%s", id);
	_cleanup_free_ char *tmp = outbox_tmp(o, tag);
	int r = create_file(tmp, data, n, o->mode_files, durable);
	bool held = false;
	if (r == 0 && rename(tmp, path) < 0) {
		held = is_held(errno);
		r = held ? 0 : -errno;
		unlink(tmp);
	} else if (r < 0)
		unlink(tmp);
	if (r == 0)
		*ret_held = held;
	return r == 0 && durable ? outbox_sync_above(path) : r;
}

/* ---- trees */

static int copy_file(const struct outbox *o, const char *from, const char *to)
{
	int r = file_copy(from, to, o->mode_files);
	if (r < 0)
		return r;
	int fd = open(to, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : finish_file(fd, 0, o->mode_files, true);
}

static int copy_entry(const struct outbox *o, const char *from, const char *to)
{
	struct stat st;
	if (lstat(from, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return outbox_copy_tree(o, from, to);
	return S_ISREG(st.st_mode) ? copy_file(o, from, to) : 0;
}

int outbox_copy_tree(const struct outbox *o, const char *from, const char *to)
{
	_cleanup_closedir_ DIR *dir = opendir(from);
	if (!dir)
		return -errno;
	if (mkdir(to, o->mode_dirs) < 0)
		return -errno;
	int r = 0;
	struct dirent *d;
	for (errno = 0; r == 0 && (d = readdir(dir)); errno = 0) {
		if (str_eq(d->d_name, ".") || str_eq(d->d_name, ".."))
			continue;
		_cleanup_free_ char *a = xasprintf("%s/%s", from, d->d_name);
		_cleanup_free_ char *b = xasprintf("%s/%s", to, d->d_name);
		r = copy_entry(o, a, b);
	}
	if (r == 0)
		r = -errno;
	_cleanup_close_ int fd = r == 0 ? open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd >= 0)
		r = set_mode(fd, o->mode_dirs);
	return r == 0 ? outbox_sync_folder(to) : r;
}

/* ---- renames */

static int rename_once(const char *from, const char *to)
{
	struct stat st;
	if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* NFS and FUSE do not know the flag. rename() would replace an empty folder
	 * only, so the worst that can happen is that one disappears. */
	if (lstat(to, &st) == 0)
		return -EEXIST;
	return rename(from, to) < 0 ? (errno == ENOTEMPTY ? -EEXIST : -errno) : 0;
}

int outbox_rename(const char *from, const char *to)
{
	int r = 0;
	for (long ms = 50; ms <= 800; ms *= 2) {
		r = rename_once(from, to);
		if (r == 0 || !is_held(-r))
			return r;
		nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
	}
	return r;
}

int outbox_remove(const struct outbox *o, const char *path)
{
	char id[ID_LEN + 1];
	struct stat st;
	if (lstat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	id_new(id);
	_cleanup_free_ char *tag = xasprintf("gone-%s", id);
	_cleanup_free_ char *tmp = outbox_tmp(o, tag);
	int r = outbox_rename(path, tmp);
	if (r == -ENOENT)
		return 0;
	/* A Windows server moves no folder in which a file is open. */
	return file_rm_rf(r == 0 ? tmp : path);
}

int outbox_sync_folder(const char *path)
{
	int r = file_fsync_dir(path);
	/* Some servers cannot sync a folder; nothing more can be done there. */
	return r == -EINVAL || r == -EOPNOTSUPP || r == -ENOSYS ? 0 : r;
}

int outbox_sync_above(const char *path)
{
	_cleanup_free_ char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	*slash = '\0';
	return outbox_sync_folder(slash == dir ? "/" : dir);
}
