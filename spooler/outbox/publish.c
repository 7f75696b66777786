/* Publishing: a result folder appears whole, by one rename, or not at all.
 *   1. outbox/.tmp-<id>/ is built anew; each file and folder is synced;
 *   2. .nmr-id with the job's id is written into it, last;
 *   3. it is renamed to its name, and both parents are synced;
 *   4. the .running folder goes.
 * Killed at any moment it can be repeated: before 3 the temporary is thrown away,
 * after 3 the .nmr-id under the final name says that it was done. A name that holds
 * something else is never touched: -EEXIST. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "outbox/internal.h"

/* Does the folder carry this id? */
static bool carries(const char *dir, const char *id)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *path = xasprintf("%s/" ID_FILE, dir);
	return file_read(path, 256, &b) == 0 && str_eq(str_trim(b.s), id);
}

static int build(const struct outbox *o, const char *from, const char *tmp, const char *id)
{
	_cleanup_free_ char *path = xasprintf("%s/" ID_FILE, tmp);
	_cleanup_free_ char *line = xasprintf("%s\n", id);
	int r = file_rm_rf(tmp);
	if (r == 0)
		r = outbox_copy_tree(o, from, tmp);
	if (r == 0)
		r = outbox_new_file(o, path, line, strlen(line));
	return r == 0 ? outbox_sync_folder(tmp) : r;
}

/* The name is on disk when its folder is, and that one's, up to the root. */
static int sync_names(const struct outbox *o, const char *target)
{
	_cleanup_free_ char *path = xstrdup(target);
	int r = 0;
	while (r == 0 && strlen(path) > strlen(o->root)) {
		r = outbox_sync_above(path);
		*strrchr(path, '/') = '\0';
	}
	return r;
}

static int put(const struct outbox *o, const char *tmp, const char *target, const char *id)
{
	int r = outbox_mkdir_above(o, target);
	if (r == 0)
		r = outbox_rename(tmp, target);
	if (r == -EEXIST && carries(target, id))
		r = 0;
	return r == 0 ? sync_names(o, target) : r;
}

int outbox_publish_build(const struct outbox *o, const char *from, const char *outname, const char *id)
{
	_cleanup_free_ char *target = outbox_path(o, outname, "");
	_cleanup_free_ char *tmp = outbox_tmp(o, id);
	if (!target || !id_valid(id))
		return -EINVAL;
	return carries(target, id) ? 0 : build(o, from, tmp, id);
}

int outbox_publish_put(const struct outbox *o, const char *outname, const char *id)
{
	_cleanup_free_ char *target = outbox_path(o, outname, "");
	_cleanup_free_ char *tmp = outbox_tmp(o, id);
	if (!target)
		return -EINVAL;
	/* Done before, perhaps a moment before the machine stopped: sync once more. */
	int r = carries(target, id) ? sync_names(o, target) : put(o, tmp, target, id);
	int e = file_rm_rf(tmp);
	return r == 0 ? e : r;
}

int outbox_publish(const struct outbox *o, const char *from, const char *outname, const char *id)
{
	int r = outbox_publish_build(o, from, outname, id);
	if (r == 0)
		r = outbox_publish_put(o, outname, id);
	return r == 0 ? outbox_publish_end(o, outname) : r;
}

/* ".tmp-<id>" of a job that is at work stays; everything else of that kind is
 * the leftover of an earlier run. */
static bool is_leftover(const char *name, bool (*in_use)(const char *, void *), void *arg)
{
	if (!str_has_prefix(name, TMP_PREFIX))
		return false;
	const char *id = name + strlen(TMP_PREFIX);
	return !id_valid(id) || !in_use(id, arg);
}

int outbox_sweep(const struct outbox *o, bool (*in_use)(const char *id, void *arg), void *arg)
{
	_cleanup_closedir_ DIR *dir = opendir(o->root);
	if (!dir)
		return -errno;
	int r = 0;
	for (struct dirent *d; (d = readdir(dir));) {
		if (!is_leftover(d->d_name, in_use, arg))
			continue;
		_cleanup_free_ char *path = xasprintf("%s/%s", o->root, d->d_name);
		int e = file_rm_rf(path);
		r = r == 0 ? e : r;
	}
	return r;
}
