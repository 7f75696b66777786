/* Copying a settled file into staging. What was looked at must be what is copied:
 * the open file is compared with the scan's stat before, with itself after, and a
 * lease keeps writers out in between where the filesystem grants one. A writer
 * that waits for our lease at the end wants to change the file, so the claim is
 * revoked: it would be a job for content that is about to be replaced. The copy
 * is durable (files and folder) when drop_claim() returns 0; on any failure
 * nothing is left in the folder. The original is not touched here. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sha2.h>
#include <sys/ioctl.h>

#include "base/file.h"
#include "drop/internal.h"

#define BLOCK 262144

struct source { int fd; struct stat st; enum lease lease; };

static void source_close(struct source *s)
{
	if (s->lease == LEASE_HELD)
		lease_release(s->fd);
	if (s->fd >= 0)
		close(s->fd);
}

/* Opened, a regular file, and nobody writes to it. */
static int source_open(int rootfd, const char *path, struct source *s)
{
	const char *name, *why;
	_cleanup_close_ int dirfd = path_open_parent(rootfd, path, &name);
	if (dirfd < 0)
		return dirfd;
	s->fd = path_open(dirfd, name, O_RDONLY);
	if (s->fd < 0)
		return s->fd;
	if (!place_is_remote(dirfd, &why))
		s->lease = lease_take(s->fd);
	if (s->lease == LEASE_IN_USE)
		return -EAGAIN;
	if (fstat(s->fd, &s->st) < 0)
		return -errno;
	return S_ISREG(s->st.st_mode) ? 0 : -EINVAL;
}

static bool source_unchanged(const struct source *s)
{
	struct stat now;
	if (s->lease == LEASE_HELD && !lease_intact(s->fd))
		return false;
	return fstat(s->fd, &now) == 0 && path_same(&s->st, &now);
}

static bool is_the_item(const struct stat *st, const struct drop_item *it)
{
	return st->st_dev == it->dev && st->st_ino == it->ino && st->st_size == it->size &&
	       time_equal(st->st_mtim, it->mtime) && time_equal(st->st_ctim, it->ctime);
}

/* It is the file's own disk or server that fails, not ours. */
static int source_error(int r) { return r == -EIO ? -EREMOTEIO : r; }

static int copy_blocks(int in, int out, off_t max)
{
	_cleanup_free_ char *block = xmalloc(BLOCK);
	for (off_t total = 0;;) {
		ssize_t n = read(in, block, BLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? source_error(-errno) : 0;
		total += n;
		if (total > max)
			return -EAGAIN;          /* it grew */
		int r = file_write_all(out, block, (size_t)n);
		if (r < 0)
			return r;
	}
}

/* The hash is taken of the copy, so that it is true of what the job will read. */
static int copy_fd(int in, off_t size, int dirfd, const char *name, char *ret_sha)
{
	struct stat st;
	_cleanup_close_ int out = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (out < 0)
		return -errno;
	int r = ioctl(out, FICLONE, in) == 0 ? 0 : copy_blocks(in, out, size);
	if (r == 0 && fstat(out, &st) == 0 && st.st_size != size)
		r = -EAGAIN;
	if (r == 0 && ret_sha)
		r = source_error(hash_fd(out, ret_sha));
	return r == 0 ? file_sync_fd(out) : r;
}

static int claim_structure(int rootfd, const struct drop_item *item, int dirfd, size_t max,
			   struct source *s, struct drop_claim *c)
{
	int r = source_open(rootfd, item->path, s);
	if (r < 0)
		return r;
	if (!is_the_item(&s->st, item) || s->st.st_size == 0)
		return -EAGAIN;
	if ((uint64_t)s->st.st_size > max)
		return -EFBIG;
	r = copy_fd(s->fd, s->st.st_size, dirfd, "structure", c->sha256);
	/* A remote file must be for the third time what it was twice. */
	if (r == 0 && *item->sha256 && !str_eq(item->sha256, c->sha256))
		r = -EAGAIN;
	c->path = xstrdup(item->path);
	c->size = s->st.st_size;
	c->uid = s->st.st_uid;
	c->dev = s->st.st_dev;
	c->ino = s->st.st_ino;
	c->ctime = s->st.st_ctim;
	c->mtime = s->st.st_mtim;
	return r;
}

static int read_ticket(int dirfd, struct drop_claim *c)
{
	struct buf b = BUF_INIT;
	_cleanup_close_ int fd = openat(dirfd, "ticket", O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : file_read_fd(fd, TICKET_MAX, &b);
	if (r < 0) {
		buf_release(&b);
		return r;
	}
	c->ticket_len = b.len;
	c->ticket_text = buf_detach(&b);
	return 0;
}

static int claim_ticket(int rootfd, const char *path, int dirfd, struct source *s, struct drop_claim *c)
{
	int r = source_open(rootfd, path, s);
	if (r < 0)
		return r == -ENOENT ? -EAGAIN : r;
	if (s->st.st_size > TICKET_MAX)
		return -EFBIG;
	r = copy_fd(s->fd, s->st.st_size, dirfd, "ticket", NULL);
	if (r == 0)
		r = read_ticket(dirfd, c);
	c->ticket = xstrdup(path);
	c->tdev = s->st.st_dev;
	c->tino = s->st.st_ino;
	c->tctime = s->st.st_ctim;
	c->tmtime = s->st.st_mtim;
	return r;
}

/* Path, inode, time of change and content: the same drop is known again after a
 * crash, and the same file dropped once more is another drop. */
static char *claim_key(const struct drop_claim *c)
{
	char hex[SHA256_HEX_LEN];
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	buf_add(&b, c->path, strlen(c->path) + 1);
	buf_addf(&b, "%llu %lld.%09ld %s", (unsigned long long)c->ino, (long long)c->ctime.tv_sec,
		 c->ctime.tv_nsec, c->sha256);
	sha256_hex(b.s, b.len, hex);
	return xstrdup(hex);
}

static int claim_both(int rootfd, const struct drop_item *item, int dirfd, size_t max, struct drop_claim *c)
{
	_cleanup_(source_close) struct source s = { .fd = -1, .lease = LEASE_UNKNOWN };
	_cleanup_(source_close) struct source t = { .fd = -1, .lease = LEASE_UNKNOWN };
	int r = claim_structure(rootfd, item, dirfd, max, &s, c);
	if (r == 0 && item->ticket)
		r = claim_ticket(rootfd, item->ticket, dirfd, &t, c);
	if (r < 0)
		return r;
	if (!source_unchanged(&s) || (item->ticket && !source_unchanged(&t)))
		return -EAGAIN;
	return file_sync_fd(dirfd);
}

/* What the world calls a file in use or on the move. */
static int claim_error(int r)
{
	switch (-r) {
	case EBUSY: case ETXTBSY: case ESTALE: case ENOENT: case ELOOP: case ENOTDIR: case EINVAL: case ENXIO:
	case EXDEV:
		return -EAGAIN;
	default:
		return r;
	}
}

int drop_claim(const char *root, const struct drop_item *item, const char *dir, size_t size_max,
	       struct drop_claim *ret_c)
{
	struct drop_claim c = { 0 };
	_cleanup_close_ int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return -errno;
	_cleanup_close_ int rootfd = path_open_root(root);
	if (rootfd < 0)
		return rootfd;
	int r = claim_both(rootfd, item, dirfd, size_max, &c);
	if (r < 0) {
		unlinkat(dirfd, "structure", 0);
		unlinkat(dirfd, "ticket", 0);
		drop_claim_release(&c);
		return claim_error(r);
	}
	c.key = claim_key(&c);
	c.marker = item->marker ? xstrdup(item->marker) : NULL;
	c.mdev = item->mdev;
	c.mino = item->mino;
	c.mctime = item->mctime;
	*ret_c = c;
	return 0;
}

void drop_claim_release(struct drop_claim *c)
{
	char *s[] = { c->path, c->ticket, c->marker, c->key, c->ticket_text };
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		free(s[i]);
	*c = (struct drop_claim){ 0 };
}
