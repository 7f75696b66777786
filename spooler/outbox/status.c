/* The folders that talk: <name>.running with STATUS.txt, <name>.failed with
 * FAILED.txt, and the plain files of the queue and of batches. None of it is
 * needed to be right after a power failure (the queue is), except that a failure
 * that was told stays told: that folder is synced and appears by one rename. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "outbox/internal.h"


static bool is_there(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

/* ---- taken names */

bool outbox_has(const struct outbox *o, const char *outname)
{
	static const char *const suffixes[] = { "", RUNNING, FAILED };
	_cleanup_free_ char *path = outbox_path(o, outname, "");
	if (!path)
		return true;                     /* a name that must not be used */
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		_cleanup_free_ char *exact = xasprintf("%s%s", path, suffixes[i]);
		if (is_there(exact))
			return true;
	}
	char *slash = strrchr(path, '/');
	*slash = '\0';
	return outbox_taken(path, slash + 1);
}

/* ---- running */

int outbox_status(const struct outbox *o, const char *outname, const char *text)
{
	bool held;
	_cleanup_free_ char *dir = outbox_path(o, outname, RUNNING);
	if (!dir)
		return -EINVAL;
	_cleanup_free_ char *path = xasprintf("%s/STATUS.txt", dir);
	int r = outbox_mkdir(o, dir);
	return r < 0 ? r : outbox_replace(o, path, text, strlen(text), false, &held);
}

bool outbox_running_exists(const struct outbox *o, const char *outname)
{
	struct stat st;
	_cleanup_free_ char *dir = outbox_path(o, outname, RUNNING);
	return dir && lstat(dir, &st) == 0 && S_ISDIR(st.st_mode);
}

static int remove_folder(const struct outbox *o, const char *outname, const char *suffix)
{
	_cleanup_free_ char *dir = outbox_path(o, outname, suffix);
	return dir ? outbox_remove(o, dir) : -EINVAL;
}

int outbox_remove_running(const struct outbox *o, const char *outname) { return remove_folder(o, outname, RUNNING); }
int outbox_remove_failed(const struct outbox *o, const char *outname) { return remove_folder(o, outname, FAILED); }

int outbox_publish_end(const struct outbox *o, const char *outname)
{
	int r = outbox_remove_running(o, outname);
	return outbox_is_held(r) ? 0 : r;
}

/* ---- failed */

static int build_failed(const struct outbox *o, const char *tmp, const char *text, const char *input_dir,
			const char *source)
{
	_cleanup_free_ char *file = xasprintf("%s/FAILED.txt", tmp);
	_cleanup_free_ char *mark = xasprintf("%s/" SOURCE_FILE, tmp);
	_cleanup_free_ char *input = xasprintf("%s/input", tmp);
	int r = outbox_mkdir(o, tmp);
	if (r == 0)
		r = outbox_new_file(o, file, text, strlen(text));
	if (r == 0 && input_dir)
		r = outbox_copy_tree(o, input_dir, input);
	if (r == 0 && source)
		r = outbox_new_file(o, mark, source, strlen(source));
	return r == 0 ? outbox_sync_folder(tmp) : r;
}

/* An older failure of the same name makes room. */
static int put_failed(const struct outbox *o, const char *tmp, const char *dir)
{
	int r = outbox_mkdir_above(o, dir);
	if (r == 0)
		r = outbox_rename(tmp, dir);
	if (r == -EEXIST) {
		r = outbox_remove(o, dir);
		if (r == 0)
			r = outbox_rename(tmp, dir);
	}
	return r == 0 ? outbox_sync_above(dir) : r;
}

int outbox_failed_of(const struct outbox *o, const char *outname, const char *text, const char *input_dir,
		     const char *source)
{
	char id[ID_LEN + 1];
	_cleanup_free_ char *dir = outbox_path(o, outname, FAILED);
	if (!dir)
		return -EINVAL;
	id_new(id);
	_cleanup_free_ char *tag = xasprintf("failed-%s", id);
	_cleanup_free_ char *tmp = outbox_tmp(o, tag);
	int r = build_failed(o, tmp, text, input_dir, source);
	if (r == 0)
		r = put_failed(o, tmp, dir);
	if (r < 0) {
		file_rm_rf(tmp);
		return r;
	}
	if (!source)
		return outbox_publish_end(o, outname);
	return 0;
}

int outbox_failed(const struct outbox *o, const char *outname, const char *text, const char *input_dir)
{
	return outbox_failed_of(o, outname, text, input_dir, NULL);
}

/* ---- plain files */

int outbox_file(const struct outbox *o, const char *relative, const void *data, size_t n, bool durable)
{
	bool held = false;
	_cleanup_free_ char *path = outbox_path(o, relative, "");
	if (!path)
		return -EINVAL;
	int r = outbox_mkdir_above(o, path);
	if (r == 0)
		r = outbox_replace(o, path, data, n, durable, &held);
	/* What is rewritten all the time may skip one update, the last one may not. */
	return r == 0 && held && durable ? -EBUSY : r;
}
