/* Looking through the whole outbox: results (told by .nmr-id), status folders and
 * leftovers, at any depth, but never inside one of them. Folders that are none of
 * these hold groups and batches, or are somebody's own; links are not followed.
 * Names come in no order; an entry may be removed while it is shown. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "outbox/internal.h"


struct visit { const struct outbox *o; outbox_fn fn; void *arg; };

static int show(const struct visit *v, enum outbox_found found, const char *relative, size_t ending, const char *id)
{
	_cleanup_free_ char *outname = xstrndup(relative, strlen(relative) - ending);
	struct outbox_entry e = { found, relative, outname, id };
	return v->fn(&e, v->arg);
}

static int walk(const struct visit *v, const char *relative, int depth);

static int visit_folder(const struct visit *v, const char *relative, const char *name, int depth)
{
	_cleanup_(buf_release) struct buf id = BUF_INIT;
	_cleanup_free_ char *file = xasprintf("%s/%s/" ID_FILE, v->o->root, relative);
	if (file_read(file, 256, &id) == 0)
		return show(v, OUTBOX_RESULT, relative, 0, str_trim(id.s));
	if (outbox_has_ending(name, RUNNING))
		return show(v, OUTBOX_RUNNING, relative, strlen(RUNNING), NULL);
	if (outbox_has_ending(name, FAILED))
		return show(v, OUTBOX_FAILED, relative, strlen(FAILED), NULL);
	return depth < DEPTH_MAX ? walk(v, relative, depth + 1) : 0;
}

static int walk(const struct visit *v, const char *relative, int depth)
{
	_cleanup_free_ char *path = outbox_join(v->o->root, relative);
	_cleanup_closedir_ DIR *dir = opendir(*relative ? path : v->o->root);
	if (!dir)
		return depth ? 0 : -errno;
	int r = 0;
	for (struct dirent *d; r == 0 && (d = readdir(dir));) {
		struct stat st;
		_cleanup_free_ char *below = outbox_join(relative, d->d_name);
		if (depth == 0 && str_has_prefix(d->d_name, TMP_PREFIX))
			r = show(v, OUTBOX_TMP, below, 0, NULL);
		else if (d->d_name[0] != '.' && fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			 S_ISDIR(st.st_mode))
			r = visit_folder(v, below, d->d_name, depth);
	}
	return r;
}

int outbox_each(const struct outbox *o, outbox_fn fn, void *arg)
{
	struct visit v = { o, fn, arg };
	return walk(&v, "", 0);
}

int outbox_discard(const struct outbox *o, const char *relative)
{
	_cleanup_free_ char *path = outbox_path(o, relative, "");
	return path ? outbox_remove(o, path) : -EINVAL;
}

static bool is_ours(const char *name)
{
	return name[0] == '.' || str_eq(name, "STATUS.txt") || str_ieq(name, "desktop.ini") || str_ieq(name, "Thumbs.db") ||
	       outbox_is_control(name, RUNNING);
}

bool outbox_running_is_ours(const struct outbox *o, const char *relative)
{
	_cleanup_free_ char *path = outbox_path(o, relative, "");
	_cleanup_closedir_ DIR *dir = path ? opendir(path) : NULL;
	if (!dir)
		return false;
	for (struct dirent *d; (d = readdir(dir));)
		if (!is_ours(d->d_name))
			return false;
	return true;
}

struct sweep { const struct outbox *o; bool (*live)(const char *, void *); void *arg; int r; };

static int sweep_one(const struct outbox_entry *e, void *arg)
{
	struct sweep *s = arg;
	if (e->found != OUTBOX_RUNNING || s->live(e->outname, s->arg) || !outbox_running_is_ours(s->o, e->relative))
		return 0;
	int r = outbox_discard(s->o, e->relative);
	s->r = s->r < 0 ? s->r : r;
	return 0;
}

int outbox_sweep_running(const struct outbox *o, bool (*live)(const char *outname, void *arg), void *arg)
{
	struct sweep s = { o, live, arg, 0 };
	int r = outbox_each(o, sweep_one, &s);
	return r < 0 ? r : s.r;
}
