/* Whole-file reads and writes, trees, fsync.  Never logs. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/fs.h>
#include <sha2.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

int file_read_fd(int fd, size_t max, struct buf *ret_b)
{
	for (;;) {
		buf_reserve(ret_b, 65536);
		ssize_t n = read(fd, ret_b->s + ret_b->len, ret_b->cap - ret_b->len - 1);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (n == 0)
			return 0;
		ret_b->len += (size_t)n;
		ret_b->s[ret_b->len] = '\0';
		if (ret_b->len > max)
			return -EFBIG;
	}
}

int file_read(const char *path, size_t max, struct buf *ret_b)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return file_read_fd(fd, max, ret_b);
}

int file_read_tail(const char *path, size_t n, struct buf *ret_b)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	off_t end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return -errno;
	if (lseek(fd, end > (off_t)n ? end - (off_t)n : 0, SEEK_SET) < 0)
		return -errno;
	return file_read_fd(fd, SIZE_MAX / 2, ret_b);
}

int file_write_all(int fd, const void *data, size_t n)
{
	const char *p = data;
	while (n > 0) {
		ssize_t k = write(fd, p, n);
		if (k < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

/* ---- sync. Every fsync of the spooler goes through file_sync_fd(), so that a group of
 * them can be replaced by one sync of the filesystem. */

static _Thread_local int group = -1;

/* The kernel reports failed writes of a whole filesystem since 5.8; before that a
 * success proves nothing. */
static bool syncfs_tells(void)
{
	struct utsname u;
	int major = 0, minor = 0;
	return uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 8));
}

/* Servers and FUSE programs may take syncfs() for nothing. */
static bool is_local(int fd)
{
	static const uint32_t local[] = { 0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1,
					  0xf2f52010, 0xca451a4e };
	struct statfs fs;
	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(local); i++)
		if ((uint32_t)fs.f_type == local[i])
			return true;
	return false;
}

bool file_group_begin(const char *path)
{
	int fd = group < 0 && syncfs_tells() ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd >= 0 && !is_local(fd)) {
		close(fd);
		fd = -1;
	}
	group = fd >= 0 ? fd : group;
	return fd >= 0;
}

int file_group_end(void)
{
	if (group < 0)
		return 0;
	int r = syncfs(group) < 0 ? -errno : 0;
	close(group);
	group = -1;
	return r;
}

int file_sync_fd(int fd) { return group >= 0 ? 0 : fsync(fd) < 0 ? -errno : 0; }

static int fill_file(int fd, const void *data, size_t n, bool durable)
{
	if (fd < 0)
		return -errno;
	int r = file_write_all(fd, data, n);
	if (r == 0 && durable)
		r = file_sync_fd(fd);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

int file_write(const char *path, const void *data, size_t n, mode_t mode)
{
	return fill_file(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode), data, n, false);
}

static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

static char *temporary_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	return xasprintf("%.*s.tmp-%s", (int)(name - path), path, name);
}

/* What a crash left of an earlier try makes room: it can be met here only, because the
 * name is that of the file. */
static int write_temporary(const char *tmp, const void *data, size_t n, mode_t mode, bool durable)
{
	int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0 && errno == EEXIST && unlink(tmp) == 0)
		fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	return fill_file(fd, data, n, durable);
}

int file_write_atomic(const char *path, const void *data, size_t n, mode_t mode, bool durable)
{
	_cleanup_free_ char *dir = parent_of(path);
	_cleanup_free_ char *tmp = temporary_of(path);
	int r = write_temporary(tmp, data, n, mode, durable);
	if (r == 0 && rename(tmp, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(tmp);
		return r;
	}
	return durable ? file_fsync_dir(dir) : 0;
}

int file_copy(const char *from, const char *to, mode_t mode)
{
	_cleanup_close_ int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (in < 0)
		return -errno;
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (out < 0)
		return -errno;
	int r = 0;
	if (ioctl(out, FICLONE, in) < 0) {
		ssize_t n;
		while ((n = sendfile(out, in, NULL, 1 << 24)) > 0)
			;
		if (n < 0)
			r = -errno;
	}
	if (close(out) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		unlink(to);
	return r;
}

static int fsync_path(const char *path, int flags)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | flags);
	if (fd < 0)
		return -errno;
	return file_sync_fd(fd);
}

int file_fsync_dir(const char *path) { return fsync_path(path, O_DIRECTORY); }

static int sync_one(const char *p, _unused_ const struct stat *st, int type, _unused_ struct FTW *f)
{
	int r = type == FTW_F ? fsync_path(p, 0) : type == FTW_DP ? fsync_path(p, O_DIRECTORY) : 0;
	if (r < 0)
		errno = -r;
	return r < 0 ? -1 : 0;
}

int file_fsync_tree(const char *path)
{
	return nftw(path, sync_one, 32, FTW_PHYS | FTW_DEPTH) < 0 ? -errno : 0;
}

/* Not flock(): a child has that one, too, from fork to exec. When a spooler was killed at
 * such a moment, the next one would be told that it is still at work. */
int file_lock(int fd)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	return fcntl(fd, F_SETLK, &l) < 0 ? -errno : 0;
}

int file_mkdir_p(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0)
		return 0;
	if (errno == EEXIST) {
		struct stat st;
		if (stat(path, &st) < 0)
			return -errno;
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	}
	if (errno != ENOENT)
		return -errno;
	_cleanup_free_ char *up = parent_of(path);
	if (str_eq(up, path))
		return -ENOENT;
	int r = file_mkdir_p(up, mode);
	if (r < 0)
		return r;
	return mkdir(path, mode) < 0 && errno != EEXIST ? -errno : 0;
}

static int rm_one(const char *p, _unused_ const struct stat *st, _unused_ int type, _unused_ struct FTW *f)
{
	return remove(p) < 0 && errno != ENOENT ? -1 : 0;
}

int file_rm_rf(const char *path)
{
	if (nftw(path, rm_one, 32, FTW_PHYS | FTW_DEPTH) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

bool file_is_dir(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool file_exists(const char *path) { return access(path, F_OK) == 0; }

static _Thread_local uint64_t tree_bytes;

static int size_one(_unused_ const char *p, const struct stat *st, int type, _unused_ struct FTW *f)
{
	if (type == FTW_F)
		tree_bytes += (uint64_t)st->st_size;
	return 0;
}

uint64_t file_tree_size(const char *path)
{
	tree_bytes = 0;
	nftw(path, size_one, 32, FTW_PHYS);
	return tree_bytes;
}

void sha256_hex(const void *data, size_t n, char ret_hex[SHA256_HEX_LEN])
{
	SHA2_CTX ctx;
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA256Init(&ctx);
	SHA256Update(&ctx, data, n);
	SHA256Final(digest, &ctx);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}
