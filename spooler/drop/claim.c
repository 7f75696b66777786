/* Taking a settled file: a durable copy first, the original away last. Between the
 * two is the job's row; a file that changed in between stays where it is, as what
 * it now is: a new drop. Never logs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "drop/internal.h"

#define TICKET_MAX 65536
#define CLAIMED ".nmr-claimed"

void drop_claim_release(struct drop_claim *c)
{
	free(c->path);
	free(c->ticket);
	free(c->key);
	free(c->ticket_text);
	*c = (struct drop_claim){ 0 };
}

static bool is_item(const struct drop_item *it, const struct stat *st)
{
	return it->dev == st->st_dev && it->ino == st->st_ino && it->size == st->st_size &&
	       drop_same_time(it->mtime, st->st_mtim) && drop_same_time(it->ctime, st->st_ctim);
}

static int write_durable(const char *dir, const char *name, const struct buf *b)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	return file_write_atomic(path, b->s, b->len, 0644, true);
}

static int copy_structure(const char *root, const struct drop_item *item, const char *dir, size_t size_max,
			  struct drop_claim *c)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_close_ int fd = drop_open(root, item->path, O_RDONLY);
	struct stat st;
	if (fd < 0)
		return fd == -ENOENT || fd == -EBUSY || fd == -ETXTBSY || fd == -EACCES ? -EAGAIN : fd;
	if (drop_lease(fd) == 0)
		return -EAGAIN;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !is_item(item, &st))
		return -EAGAIN;
	int r = file_read_fd(fd, size_max, &b);
	if (r < 0)
		return r;
	/* Unchanged after the copy, by the same measures. */
	if (fstat(fd, &st) < 0 || !is_item(item, &st) || (off_t)b.len != st.st_size)
		return -EAGAIN;
	sha256_hex(b.s, b.len, c->sha256);
	c->size = st.st_size;
	c->uid = st.st_uid;
	c->dev = st.st_dev;
	c->ino = st.st_ino;
	c->ctime = st.st_ctim;
	return write_durable(dir, "structure", &b);
}

static int copy_ticket(const char *root, const char *path, const char *dir, struct drop_claim *c)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_close_ int fd = drop_open(root, path, O_RDONLY);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	int r = file_read_fd(fd, TICKET_MAX, &b);
	if (r < 0)
		return r == -EFBIG ? 0 : r;
	c->ticket = xstrdup(path);
	c->ticket_len = b.len;
	c->tdev = st.st_dev;
	c->tino = st.st_ino;
	c->tctime = st.st_ctim;
	r = write_durable(dir, "ticket", &b);
	c->ticket_text = buf_detach(&b);
	return r;
}

static char *make_key(const struct drop_claim *c)
{
	char hex[SHA256_HEX_LEN];
	_cleanup_free_ char *text = xasprintf("%s\n%llu\n%llu\n%lld.%09ld\n%s", c->path, (unsigned long long)c->dev,
					      (unsigned long long)c->ino, (long long)c->ctime.tv_sec,
					      c->ctime.tv_nsec, c->sha256);
	sha256_hex(text, strlen(text), hex);
	return xstrdup(hex);
}

int drop_claim(const char *root, const struct drop_item *item, const char *dir, size_t size_max,
	       struct drop_claim *ret_c)
{
	struct drop_claim c = { .path = xstrdup(item->path) };
	int r = copy_structure(root, item, dir, size_max, &c);
	if (r == 0 && item->ticket)
		r = copy_ticket(root, item->ticket, dir, &c);
	if (r < 0) {
		drop_claim_release(&c);
		return r;
	}
	c.key = make_key(&c);
	*ret_c = c;
	return 0;
}

/* ---- away with the original */

static bool still_is(const char *root, const char *path, dev_t dev, ino_t ino, struct timespec ctime)
{
	_cleanup_free_ char *full = xasprintf("%s/%s", root, path);
	struct stat st;
	return lstat(full, &st) == 0 && st.st_dev == dev && st.st_ino == ino && drop_same_time(st.st_ctim, ctime);
}

/* Moved aside first: the rename is what decides a race with somebody who replaces
 * the file; what was moved by mistake is put back. */
static int remove_one(const char *root, const char *path, dev_t dev, ino_t ino, struct timespec ctime)
{
	_cleanup_free_ char *full = xasprintf("%s/%s", root, path);
	_cleanup_free_ char *aside_dir = xasprintf("%s/" CLAIMED, root);
	_cleanup_free_ char *aside = xasprintf("%s/%llx-%llx", aside_dir, (unsigned long long)dev, (unsigned long long)ino);
	struct stat st;
	if (lstat(full, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!still_is(root, path, dev, ino, ctime))
		return -ESTALE;
	if (mkdir(aside_dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (rename(full, aside) < 0) {
		/* Another mount below the inbox, or a folder we may not write. */
		if (errno == EXDEV)
			return unlink(full) < 0 && errno != ENOENT ? -errno : 0;
		return errno == ENOENT ? 0 : -errno;
	}
	/* A rename changes ctime; the inode tells whether it was the right one. */
	if (lstat(aside, &st) == 0 && (st.st_dev != dev || st.st_ino != ino)) {
		if (renameat2(AT_FDCWD, aside, AT_FDCWD, full, RENAME_NOREPLACE) < 0)
			rename(aside, full);
		return -ESTALE;
	}
	return unlink(aside) < 0 && errno != ENOENT ? -errno : 0;
}

int drop_take_away(const char *root, const struct drop_claim *c)
{
	int r = remove_one(root, c->path, c->dev, c->ino, c->ctime);
	if (c->ticket) {
		int t = remove_one(root, c->ticket, c->tdev, c->tino, c->tctime);
		r = r < 0 ? r : t;
	}
	_cleanup_free_ char *aside = xasprintf("%s/" CLAIMED, root);
	rmdir(aside);
	return r;
}
