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

/* If the name is taken again, its owner has replaced this version himself. */
static void put_back(int claimed, const char *aside, int parent, const char *name)
{
	if (rename_noreplace(claimed, aside, parent, name) == -EEXIST)
		unlinkat(claimed, aside, 0);
}

/* A file out of reach: what lies under that name in that folder; fd < 0: none. */
struct aside { int fd; char name[ID_LEN + 1]; };

static void aside_close(struct aside *a)
{
	if (a->fd >= 0)
		close(a->fd);
}

static int take_aside(int rootfd, int parent, const char *name, const struct original *o, struct aside *a)
{
	struct stat st;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!is_same_inode(&st, o) || !time_equal(st.st_ctim, o->ctime))
		return -ESTALE;
	int r = move_aside(rootfd, parent, name, a->name, sizeof(a->name), &a->fd);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (may_be_removed(a->fd, a->name, o))
		return 0;
	put_back(a->fd, a->name, parent, name);
	close(a->fd);
	a->fd = -1;
	return -ESTALE;
}

static int drop_aside(const struct aside *a)
{
	return a->fd >= 0 && unlinkat(a->fd, a->name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* The ticket lies beside its structure, and leaves only with it: a new structure may
 * need it. It goes first: what is left of a removal that was cut short must not be a
 * ticket alone, while the structure is known by its claim. */
static int remove_both(int rootfd, int parent, const struct drop_claim *c)
{
	struct original s = { c->dev, c->ino, c->ctime, c->mtime };
	struct original t = { c->tdev, c->tino, c->tctime, c->tmtime };
	_cleanup_(aside_close) struct aside ticket = { .fd = -1 };
	_cleanup_(aside_close) struct aside structure = { .fd = -1 };
	int rt = c->ticket ? take_aside(rootfd, parent, last_part(c->ticket), &t, &ticket) : 0;
	int r = take_aside(rootfd, parent, last_part(c->path), &s, &structure);
	if (r < 0) {
		if (ticket.fd >= 0)
			put_back(ticket.fd, ticket.name, parent, last_part(c->ticket));
		return r;
	}
	r = drop_aside(&structure);
	int r2 = drop_aside(&ticket);
	return r < 0 ? r : rt < 0 ? rt : r2;
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
