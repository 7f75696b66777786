/* Removing the original of a durable job. Looking and unlinking are two steps, so
 * the name is first moved out of everybody's reach, into .nmr-claimed/ on the same
 * mount, and looked at there: if it turns out to be another file than the one that
 * was claimed, or changed, or open for writing, it goes back under its name and is
 * a drop of its own. Only then it is unlinked, and the folder is synced, because
 * the caller forgets the claim after that.
 *
 * A crash leaves at most a file in .nmr-claimed/: either its job is durable, or it
 * was not the claimed one and lies there whole. Names there are unique, so a
 * leftover never stands in the way. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "drop/internal.h"

struct original {
	dev_t dev;
	ino_t ino;
	struct timespec ctime, mtime;
	const char *sha256;
};

static int rename_noreplace(int fromdir, const char *from, int todir, const char *to)
{
	struct stat st;
	if (syscall(SYS_renameat2, fromdir, from, todir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* NFS and FUSE cannot promise it; the window is small and the name ours. */
	if (fstatat(todir, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return renameat(fromdir, from, todir, to) < 0 ? -errno : 0;
}

static int open_claimed(int dirfd)
{
	if (mkdirat(dirfd, CLAIMED_DIR, 0700) < 0 && errno != EEXIST)
		return -errno;
	return path_open(dirfd, CLAIMED_DIR, O_RDONLY | O_DIRECTORY);
}

static bool is_same_inode(const struct stat *st, const struct original *o)
{
	return st->st_dev == o->dev && st->st_ino == o->ino;
}

/* Moved into the folder .nmr-claimed of basedir. */
static int move_into(int basedir, int parent, const char *name, char *ret_new, size_t n, int *ret_fd)
{
	int fd = open_claimed(basedir);
	if (fd < 0)
		return fd;
	int r = -EEXIST;
	for (int i = 0; i < 16 && r == -EEXIST; i++) {
		char id[ID_LEN + 1];
		id_new(id);
		snprintf(ret_new, n, "%s", id);
		r = rename_noreplace(parent, name, fd, ret_new);
	}
	if (r < 0)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}

/* At the root, or beside the file where the root is another mount or not ours to
 * write. */
static int move_aside(int rootfd, int parent, const char *name, char *ret_new, size_t n, int *ret_fd)
{
	int r = move_into(rootfd, parent, name, ret_new, n, ret_fd);
	if (r == -EXDEV || r == -EACCES || r == -EPERM || r == -EROFS)
		r = move_into(parent, parent, name, ret_new, n, ret_fd);
	return r;
}

/* Is what lies aside what was claimed, and does nobody write to it? The rename
 * has changed its ctime, so content is judged by mtime. */
static bool may_be_removed(int claimed, const char *name, const struct original *o)
{
	struct stat st;
	if (fstatat(claimed, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !is_same_inode(&st, o) ||
	    !time_equal(st.st_mtim, o->mtime))
		return false;
	_cleanup_close_ int fd = path_open(claimed, name, O_RDONLY);
	return fd < 0 || lease_take(fd) != LEASE_IN_USE;
}

/* A change time is also new after a chmod, or when another hard link of the file was
 * taken away. With the claimed content and modification time it is the claimed file all
 * the same; left there, it would be computed twice. */
static bool is_claimed(int parent, const char *name, const struct stat *st, const struct original *o)
{
	char sha[SHA256_HEX_LEN];
	if (!is_same_inode(st, o))
		return false;
	if (time_equal(st->st_ctim, o->ctime))
		return true;
	if (!time_equal(st->st_mtim, o->mtime))
		return false;
	_cleanup_close_ int fd = path_open(parent, name, O_RDONLY);
	return fd >= 0 && hash_fd(fd, sha) == 0 && str_eq(sha, o->sha256);
}

/* If the name is taken again, its owner has replaced this version himself. */
static void put_back(int claimed, const char *aside, int parent, const char *name)
{
	if (rename_noreplace(claimed, aside, parent, name) == -EEXIST)
		unlinkat(claimed, aside, 0);
}

static int remove_from(int rootfd, int parent, const char *name, const struct original *o)
{
	char aside[ID_LEN + 1];
	struct stat st;
	int fd = -1;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!is_claimed(parent, name, &st, o))
		return -ESTALE;
	const struct original now = { st.st_dev, st.st_ino, st.st_ctim, st.st_mtim, o->sha256 };
	int r = move_aside(rootfd, parent, name, aside, sizeof(aside), &fd);
	_cleanup_close_ int claimed = fd;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!may_be_removed(claimed, aside, &now)) {
		put_back(claimed, aside, parent, name);
		return -ESTALE;
	}
	return unlinkat(claimed, aside, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* The ticket lies beside its structure, and leaves only with it: a new structure
 * may need it. */
static int remove_both(int rootfd, int parent, const struct drop_claim *c)
{
	char ticket[SHA256_HEX_LEN];
	sha256_hex(c->ticket_text ? c->ticket_text : "", c->ticket_len, ticket);
	struct original s = { c->dev, c->ino, c->ctime, c->mtime, c->sha256 };
	struct original t = { c->tdev, c->tino, c->tctime, c->tmtime, ticket };
	int r = remove_from(rootfd, parent, last_part(c->path), &s);
	return r == 0 && c->ticket ? remove_from(rootfd, parent, last_part(c->ticket), &t) : r;
}

int drop_take_away(const char *root, const struct drop_claim *c)
{
	const char *name;
	_cleanup_close_ int rootfd = path_open_root(root);
	if (rootfd < 0)
		return rootfd;
	_cleanup_close_ int parent = path_open_parent(rootfd, c->path, &name);
	if (parent < 0)
		return parent == -ENOENT ? 0 : parent;
	int r = remove_both(rootfd, parent, c);
	/* At the root it stays, to be there for the next file; people's own folders
	 * are left as they were. */
	if (name != c->path)
		unlinkat(parent, CLAIMED_DIR, AT_REMOVEDIR);
	/* Some servers refuse to sync a folder; the removal itself has happened. */
	return r == 0 && file_sync_fd(parent) == -EIO ? -EIO : r;
}
