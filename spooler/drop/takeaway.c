/* Removing the original of a durable job. Looking and unlinking are two steps, so
 * the name is first moved out of everybody's reach, into .nmr-claimed/ on the same
 * mount, and looked at there: if it turns out to be another file than the one that
 * was claimed, or changed, or open for writing, it goes back under its name and is
 * a drop of its own. Only then it is unlinked, and the folder is synced, because
 * the caller forgets the claim after that.
 *
 * A crash or a failing disk leaves at most a file in .nmr-claimed/, under the id of
 * its job. drop_take_away_rest() decides about it again by content: it is what the
 * job has, and goes, or it was another file, and is put back. Where the name is
 * taken by a leftover, a random one does: a leftover never stands in the way. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "drop/internal.h"

#define TICKET_SUFFIX ".ticket"

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

/* A file's name in .nmr-claimed. */
struct aside {
	const char *job, *suffix;
	char name[64];
	int fd;                  /* of that .nmr-claimed; < 0: none */
};

/* Moved into the folder .nmr-claimed of basedir. */
static int move_into(int basedir, int parent, const char *name, struct aside *a, int *ret_fd)
{
	int fd = open_claimed(basedir);
	if (fd < 0)
		return fd;
	int r = -EEXIST;
	for (int i = 0; i < 16 && r == -EEXIST; i++) {
		char id[ID_LEN + 1];
		id_new(id);
		snprintf(a->name, sizeof(a->name), "%s%s", i == 0 && *a->job ? a->job : id, a->suffix);
		r = rename_noreplace(parent, name, fd, a->name);
	}
	if (r < 0)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}

/* At the root, or beside the file where the root is another mount or not ours to
 * write. */
static int move_aside(int rootfd, int parent, const char *name, struct aside *a, int *ret_fd)
{
	int r = move_into(rootfd, parent, name, a, ret_fd);
	if (r == -EXDEV || r == -EACCES || r == -EPERM || r == -EROFS)
		r = move_into(parent, parent, name, a, ret_fd);
	return r;
}

/* Is what lies aside what was claimed, and does nobody write to it? The rename
 * has changed its ctime, so content is judged by mtime. */
static int may_be_removed(int claimed, const char *name, const struct original *o, bool *ret_yes)
{
	struct stat st;
	if (fstatat(claimed, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*ret_yes = is_same_inode(&st, o) && time_equal(st.st_mtim, o->mtime);
	if (!*ret_yes)
		return 0;
	_cleanup_close_ int fd = path_open(claimed, name, O_RDONLY);
	*ret_yes = fd < 0 || lease_take(fd) != LEASE_IN_USE;
	return 0;
}

/* A change time is also new after a chmod, or when another hard link of the file was
 * taken away. With the claimed content and time of writing it is the claimed file all
 * the same; left there, it would be computed twice. Written anew, it is another drop,
 * even with the old inode's number. */
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
static int put_back(int claimed, const char *aside, int parent, const char *name)
{
	int r = rename_noreplace(claimed, aside, parent, name);
	if (r == -EEXIST)
		r = unlinkat(claimed, aside, 0) < 0 ? -errno : 0;
	return r;
}

static void aside_close(struct aside *a)
{
	if (a->fd >= 0)
		close(a->fd);
}

/* Out of reach, and looked at there; a->fd < 0: it was gone already. */
static int take_aside(int rootfd, int parent, const char *name, const struct original *o, struct aside *a)
{
	struct stat st;
	bool yes = false;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!is_claimed(parent, name, &st, o))
		return -ESTALE;
	const struct original now = { st.st_dev, st.st_ino, st.st_ctim, st.st_mtim, o->sha256 };
	int r = move_aside(rootfd, parent, name, a, &a->fd);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = may_be_removed(a->fd, a->name, &now, &yes);
	if (r < 0 || yes)
		return r;
	r = put_back(a->fd, a->name, parent, name);
	close(a->fd);
	a->fd = -1;
	return r < 0 ? r : -ESTALE;
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
	char sha[SHA256_HEX_LEN];
	sha256_hex(c->ticket_text ? c->ticket_text : "", c->ticket_len, sha);
	struct original s = { c->dev, c->ino, c->ctime, c->mtime, c->sha256 };
	struct original t = { c->tdev, c->tino, c->tctime, c->tmtime, sha };
	_cleanup_(aside_close) struct aside ticket = { .job = c->job, .suffix = TICKET_SUFFIX, .fd = -1 };
	_cleanup_(aside_close) struct aside structure = { .job = c->job, .suffix = "", .fd = -1 };
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

/* Last, and only the one that was seen: a new one belongs to a new file. Left over after
 * a crash it vouches for nothing that is written later, and is told about. */
static void remove_marker(int parent, const struct drop_claim *c)
{
	struct stat st;
	const char *name = last_part(c->marker);
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == c->mdev && st.st_ino == c->mino &&
	    time_equal(st.st_ctim, c->mctime))
		unlinkat(parent, name, 0);
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
	if (r == 0 && c->marker)
		remove_marker(parent, c);
	/* At the root it stays, to be there for the next file; people's own folders
	 * are left as they were. */
	if (name != c->path)
		unlinkat(parent, CLAIMED_DIR, AT_REMOVEDIR);
	/* Some servers refuse to sync a folder; the removal itself has happened. */
	return r == 0 && file_sync_fd(parent) == -EIO ? -EIO : r;
}

/* ---- what was interrupted */

/* Does the file aside hold what the job's own copy holds? */
static int same_content(int claimed, const char *name, const char *copy, bool *ret_same)
{
	char a[65], b[65];
	_cleanup_close_ int fd = path_open(claimed, name, O_RDONLY);
	_cleanup_close_ int own = open(copy, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (own < 0 && errno != ENOENT))
		return fd < 0 ? fd : -errno;
	*ret_same = false;
	if (own < 0)
		return 0;
	int r = hash_fd(fd, a);
	if (r == 0)
		r = hash_fd(own, b);
	*ret_same = r == 0 && str_eq(a, b);
	return r;
}

/* One name in basedir's .nmr-claimed; it need not be there. */
static int decide_again(int basedir, const char *aside, const char *copy, int parent, const char *name)
{
	bool same = false;
	_cleanup_close_ int claimed = path_open(basedir, CLAIMED_DIR, O_RDONLY | O_DIRECTORY);
	int r = claimed < 0 ? claimed : same_content(claimed, aside, copy, &same);
	if (r == 0)
		r = !same ? put_back(claimed, aside, parent, name) : unlinkat(claimed, aside, 0) < 0 ? -errno : 0;
	if (r == 0 && file_sync_fd(claimed) == -EIO)
		r = -EIO;
	return r == -ENOENT ? 0 : r;
}

int drop_take_away_rest(const char *root, const char *job, const char *path, const char *dir, bool *ret_there)
{
	static const char *const kinds[][2] = { { "", "structure" }, { TICKET_SUFFIX, "ticket" } };
	const char *name;
	struct stat st;
	int r = 0;
	_cleanup_close_ int rootfd = path_open_root(root);
	_cleanup_close_ int parent = rootfd < 0 ? rootfd : path_open_parent(rootfd, path, &name);
	if (rootfd < 0 || (parent < 0 && parent != -ENOENT))
		return rootfd < 0 ? rootfd : parent;
	int to = parent < 0 ? rootfd : parent;
	name = last_part(path);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kinds); i++) {
		_cleanup_free_ char *aside = xasprintf("%s%s", job, kinds[i][0]);
		_cleanup_free_ char *copy = xasprintf("%s/%s", dir, kinds[i][1]);
		_cleanup_free_ char *as = i ? xasprintf("%s.conf", name) : xstrdup(name);
		r = decide_again(rootfd, aside, copy, to, as);
		if (r == 0 && to != rootfd)
			r = decide_again(to, aside, copy, to, as);
	}
	*ret_there = fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
	return r;
}
