/* Status folders, failures, publishing, sweeping. Every folder that people see
 * appears by one rename; everything renamed was synced before. Only this file
 * renames in the outbox. Never logs. */
#include "outbox/outbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define ID_FILE ".nmr-id"

static char *path_of(const struct outbox *o, const char *name, const char *tail)
{
	return xasprintf("%s/%s%s", o->root, name, tail);
}

bool outbox_has(const struct outbox *o, const char *outname)
{
	static const char *const tails[] = { "", ".running", ".failed" };
	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		_cleanup_free_ char *p = path_of(o, outname, tails[i]);
		struct stat st;
		if (lstat(p, &st) == 0)
			return true;
	}
	return false;
}

/* The folders above a name: groups and batches. */
static int make_parent(const struct outbox *o, const char *outname)
{
	_cleanup_free_ char *path = path_of(o, outname, "");
	*strrchr(path, '/') = '\0';
	return file_mkdir_p(path, o->mode_dirs);
}

static int sync_parent(const struct outbox *o, const char *outname)
{
	_cleanup_free_ char *path = path_of(o, outname, "");
	*strrchr(path, '/') = '\0';
	return file_fsync_dir(path);
}

/* Somebody on a Windows share has it open, or the share hiccups: next time. */
static bool is_busy(int r) { return r == -EBUSY || r == -EACCES || r == -ETXTBSY || r == -EPERM; }

static int write_text(const struct outbox *o, const char *path, const void *data, size_t n)
{
	int r = file_write_atomic(path, data, n, o->mode_files, false);
	if (r == 0 && chmod(path, o->mode_files) < 0 && errno != EPERM)
		r = -errno;
	return r;
}

int outbox_status(const struct outbox *o, const char *outname, const char *text)
{
	_cleanup_free_ char *dir = path_of(o, outname, ".running");
	_cleanup_free_ char *file = path_of(o, outname, ".running/STATUS.txt");
	int r = make_parent(o, outname);
	if (r == 0)
		r = file_mkdir_p(dir, o->mode_dirs);
	if (r == 0)
		r = write_text(o, file, text, strlen(text));
	return is_busy(r) ? 0 : r;
}

bool outbox_running_exists(const struct outbox *o, const char *outname)
{
	_cleanup_free_ char *dir = path_of(o, outname, ".running");
	return file_exists(dir);
}

int outbox_remove_running(const struct outbox *o, const char *outname)
{
	_cleanup_free_ char *dir = path_of(o, outname, ".running");
	return file_rm_rf(dir);
}

int outbox_remove_failed(const struct outbox *o, const char *outname)
{
	_cleanup_free_ char *dir = path_of(o, outname, ".failed");
	return file_rm_rf(dir);
}

int outbox_file(const struct outbox *o, const char *relative, const void *data, size_t n)
{
	_cleanup_free_ char *path = path_of(o, relative, "");
	int r = make_parent(o, relative);
	if (r == 0)
		r = write_text(o, path, data, n);
	return is_busy(r) ? 0 : r;
}

/* ---- trees */

static int copy_tree(const char *from, const char *to, const struct outbox *o)
{
	struct stat st;
	if (lstat(from, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode)) {
		int r = file_copy(from, to, o->mode_files);
		return r == 0 && chmod(to, o->mode_files) < 0 ? -errno : r;
	}
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (mkdir(to, o->mode_dirs) < 0 && errno != EEXIST)
		return -errno;
	chmod(to, o->mode_dirs);
	_cleanup_closedir_ DIR *dir = opendir(from);
	if (!dir)
		return -errno;
	int r = 0;
	for (struct dirent *e; r == 0 && (e = readdir(dir));) {
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		_cleanup_free_ char *a = xasprintf("%s/%s", from, e->d_name);
		_cleanup_free_ char *b = xasprintf("%s/%s", to, e->d_name);
		r = copy_tree(a, b, o);
	}
	return r;
}

/* A rename that a virus scanner or an indexer on the share may hold up. */
static int rename_patiently(const char *from, const char *to)
{
	for (int i = 0; ; i++) {
		if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
			return 0;
		/* Not every filesystem knows NOREPLACE; a folder is never replaced unless empty. */
		if ((errno == EINVAL || errno == ENOSYS) && rename(from, to) == 0)
			return 0;
		if (!is_busy(-errno) || i >= 5)
			return -errno;
		usleep(200000);
	}
}

static char *temporary(const struct outbox *o, const char *outname, const char *id)
{
	const char *slash = strrchr(outname, '/');
	return slash ? xasprintf("%s/%.*s/.tmp-%s", o->root, (int)(slash - outname), outname, id)
		     : xasprintf("%s/.tmp-%s", o->root, id);
}

/* ---- failure */

int outbox_failed(const struct outbox *o, const char *outname, const char *text, const char *input_dir)
{
	_cleanup_free_ char *tmp = temporary(o, outname, "failed");
	_cleanup_free_ char *to = path_of(o, outname, ".failed");
	_cleanup_free_ char *file = xasprintf("%s/FAILED.txt", tmp);
	_cleanup_free_ char *input = xasprintf("%s/input", tmp);
	int r = make_parent(o, outname);
	if (r == 0)
		r = file_rm_rf(tmp);
	if (r == 0)
		r = file_mkdir_p(tmp, o->mode_dirs);
	if (r == 0)
		r = write_text(o, file, text, strlen(text));
	if (r == 0 && input_dir)
		r = copy_tree(input_dir, input, o);
	if (r == 0)
		r = file_fsync_tree(tmp);
	if (r == 0)
		r = file_rm_rf(to);
	if (r == 0)
		r = rename_patiently(tmp, to);
	if (r == 0)
		r = sync_parent(o, outname);
	if (input_dir)
		file_rm_rf(input_dir);
	return r < 0 ? r : outbox_remove_running(o, outname);
}

/* ---- publish */

static bool carries_id(const char *dir, const char *id)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *path = xasprintf("%s/" ID_FILE, dir);
	return file_read(path, 4096, &b) == 0 && str_eq(str_trim(b.s), id);
}

int outbox_publish(const struct outbox *o, const char *from, const char *outname, const char *id)
{
	_cleanup_free_ char *tmp = temporary(o, outname, id);
	_cleanup_free_ char *to = path_of(o, outname, "");
	_cleanup_free_ char *mark = xasprintf("%s/" ID_FILE, tmp);
	if (carries_id(to, id))
		return outbox_remove_running(o, outname);
	int r = make_parent(o, outname);
	if (r == 0)
		r = file_rm_rf(tmp);
	if (r == 0)
		r = copy_tree(from, tmp, o);
	if (r == 0)
		r = file_write(mark, id, strlen(id), o->mode_files);
	if (r == 0)
		r = file_fsync_tree(tmp);
	if (r == 0)
		r = rename_patiently(tmp, to);
	if (r == 0)
		r = sync_parent(o, outname);
	return r < 0 ? r : outbox_remove_running(o, outname);
}

/* ---- sweep */

static int sweep_dir(const char *path, int depth, bool (*in_use)(const char *, void *), void *arg)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	if (!dir)
		return -errno;
	for (struct dirent *e; (e = readdir(dir));) {
		_cleanup_free_ char *sub = xasprintf("%s/%s", path, e->d_name);
		if (str_has_prefix(e->d_name, ".tmp-")) {
			if (!in_use(e->d_name + strlen(".tmp-"), arg))
				file_rm_rf(sub);
		} else if (depth > 0 && e->d_name[0] != '.' && e->d_type == DT_DIR)
			sweep_dir(sub, depth - 1, in_use, arg);
	}
	return 0;
}

int outbox_sweep(const struct outbox *o, bool (*in_use)(const char *id, void *arg), void *arg)
{
	return sweep_dir(o->root, 2, in_use, arg);
}
