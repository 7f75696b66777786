/* inotify over a whole tree, as a hint that it is time to look. Each watch
 * remembers its folder's path; a new folder is watched first and then looked
 * into, because what came before its watch gave no event. Lost events (overflow,
 * the root moved, deleted or unmounted) are told as a rescan; the scan finds the
 * truth. Our own doings (.nmr-claimed, temporary names) wake nobody.
 *
 * libinotifytools gives the names of events and the kernel's limits. Its own
 * watching is not used: it keeps one global state and ends the program when
 * memory is short. Everything here belongs to the loop's thread. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/inotify.h>
#include <inotifytools/inotifytools.h>

#include "base/file.h"
#include "drop/internal.h"

#define MOVED_MAX 4096           /* of many at once the rest settles as what was copied */
#define MASK (IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

struct drop_watch {
	int fd;
	char *root;
	char **dir;              /* by watch descriptor: relative path, or NULL */
	size_t ndir;
	char **moved;            /* files that were renamed into place, not asked for yet */
	size_t nmoved;
	bool local;              /* walking new folders at once is cheap */
	char last[NAME_MAX + 96];
};

/* Another mount may not answer, and this is the loop's thread. */
static bool is_elsewhere(const struct drop_watch *w, const char *relative)
{
	_cleanup_close_ int root = open(w->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = root < 0 ? -1 : path_open_here(root, relative, O_RDONLY | O_DIRECTORY);
	return fd == -EXDEV;
}

static int watch_dir(struct drop_watch *w, const char *relative)
{
	_cleanup_free_ char *path = *relative ? xasprintf("%s/%s", w->root, relative) : xstrdup(w->root);
	if (*relative && is_elsewhere(w, relative))
		return -EXDEV;
	/* The root may be a link of the administrator's; nothing below may be one. */
	int wd = inotify_add_watch(w->fd, path, MASK | (*relative ? IN_DONT_FOLLOW : 0));
	if (wd < 0)
		return -errno;
	size_t i = (size_t)wd;
	if (i >= w->ndir) {
		size_t n = MAX(i + 1, w->ndir * 2);
		w->dir = xreallocarray(w->dir, n, sizeof(*w->dir));
		memset(w->dir + w->ndir, 0, (n - w->ndir) * sizeof(*w->dir));
		w->ndir = n;
	}
	/* relative may be the very string that is replaced. */
	char *copy = xstrdup(relative);
	free(w->dir[i]);
	w->dir[i] = copy;
	return 0;
}

/* The folder and all below it. Gone meanwhile is fine; one that may not be read is
 * told about by the scan, and is new to it once it may be. */
static int watch_tree(struct drop_watch *w, const char *relative)
{
	int r = watch_dir(w, relative);
	if ((r == -EACCES || r == -EXDEV) && *relative)
		return 0;
	if (r < 0 || !w->local)
		return r == -ENOENT || r == -ENOTDIR ? 0 : r;
	_cleanup_free_ char *path = path_join(w->root, relative);
	_cleanup_closedir_ DIR *dir = opendir(path);
	for (struct dirent *d; r == 0 && dir && (d = readdir(dir));)
		if (d->d_type == DT_DIR && !drop_name_is_junk(d->d_name)) {
			_cleanup_free_ char *below = path_join(relative, d->d_name);
			r = watch_tree(w, below);
		}
	return r;
}

int drop_watch_new(const char *root, struct drop_watch **ret_w)
{
	const char *why;
	struct drop_watch *w = xcalloc(1, sizeof(*w));
	w->root = xstrdup(root);
	w->local = drop_classify(root, &why) == DROP_EVENTS;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int r = w->fd < 0 ? -errno : watch_dir(w, "");
	if (r == 0)
		r = w->local ? watch_tree(w, "") : 0;
	/* Too few watches for all folders: the root's is worth having, and the scan
	 * reports the others, whose adding then fails in the caller's sight. */
	if (r < 0 && r != -ENOSPC) {
		drop_watch_free(w);
		return r;
	}
	if (r == -ENOSPC && w->ndir == 0) {
		drop_watch_free(w);
		return r;
	}
	*ret_w = w;
	return 0;
}

void drop_watch_free(struct drop_watch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->ndir; i++)
		free(w->dir[i]);
	free(w->dir);
	for (size_t i = 0; i < w->nmoved; i++)
		free(w->moved[i]);
	free(w->moved);
	free(w->root);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}

int drop_watch_fd(const struct drop_watch *w) { return w->fd; }

int drop_watch_add(struct drop_watch *w, const char *dir_relative)
{
	int r = watch_dir(w, dir_relative);
	return r == -ENOENT || r == -ENOTDIR || r == -EXDEV ? 0 : r;
}

const char *drop_watch_last(const struct drop_watch *w) { return w->last; }

static void remember(struct drop_watch *w, const struct inotify_event *e)
{
	snprintf(w->last, sizeof(w->last), "%s%s%s", inotifytools_event_to_str((int)e->mask), e->len ? " " : "",
		 e->len ? e->name : "");
}

static const char *dir_of(const struct drop_watch *w, int wd)
{
	return wd >= 0 && (size_t)wd < w->ndir ? w->dir[wd] : NULL;
}

/* A watch went away. If its folder is back already it is watched again. */
static void handle_ignored(struct drop_watch *w, int wd, bool *look, bool *rescan)
{
	_cleanup_free_ char *relative = w->dir[wd];
	w->dir[wd] = NULL;
	if (!relative)
		return;
	*look = true;
	int r = watch_tree(w, relative);
	if (!*relative || (r < 0 && r != -ENOENT))
		*rescan = true;
}

/* The root under that name is another folder now, or none. */
static void handle_root_moved(struct drop_watch *w, int wd, bool *rescan)
{
	inotify_rm_watch(w->fd, wd);
	free(w->dir[wd]);
	w->dir[wd] = NULL;
	watch_tree(w, "");
	*rescan = true;
}

static void note_moved(struct drop_watch *w, char *path)
{
	if (w->nmoved == MOVED_MAX) {
		free(path);
		return;
	}
	if ((w->nmoved & (w->nmoved - 1)) == 0)
		w->moved = xreallocarray(w->moved, w->nmoved ? w->nmoved * 2 : 1, sizeof(*w->moved));
	w->moved[w->nmoved++] = path;
}

char **drop_watch_moved(struct drop_watch *w, size_t *ret_n)
{
	char **moved = w->moved;
	*ret_n = w->nmoved;
	w->moved = NULL;
	w->nmoved = 0;
	return moved;
}

static void handle_name(struct drop_watch *w, const char *dir, const struct inotify_event *e, bool *look,
			bool *rescan)
{
	if (e->len && drop_name_is_junk(e->name))
		return;
	*look = true;
	if (e->len && (e->mask & IN_MOVED_TO) && !(e->mask & IN_ISDIR))
		note_moved(w, path_join(dir, e->name));
	if (e->len && (e->mask & IN_ISDIR) && (e->mask & (IN_CREATE | IN_MOVED_TO))) {
		_cleanup_free_ char *below = path_join(dir, e->name);
		if (watch_tree(w, below) < 0)
			*rescan = true;
	}
}

static void handle(struct drop_watch *w, const struct inotify_event *e, bool *look, bool *rescan)
{
	const char *dir = dir_of(w, e->wd);
	remember(w, e);
	if (e->mask & IN_Q_OVERFLOW)
		*rescan = true;
	else if (!dir)
		return;
	else if (e->mask & IN_IGNORED)
		handle_ignored(w, e->wd, look, rescan);
	else if ((e->mask & IN_MOVE_SELF) && !*dir)
		handle_root_moved(w, e->wd, rescan);
	else if (e->mask & IN_UNMOUNT)
		*rescan = true;
	else
		handle_name(w, dir, e, look, rescan);
}

int drop_watch_read(struct drop_watch *w, bool *ret_look, bool *ret_rescan)
{
	char events[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool look = false, rescan = false;
	ssize_t n;
	while ((n = read(w->fd, events, sizeof(events))) > 0)
		for (char *p = events; p < events + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(const void *)p;
			handle(w, e, &look, &rescan);
			p += sizeof(*e) + e->len;
		}
	int r = n < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
	*ret_look = look || rescan;
	*ret_rescan = rescan;
	return r;
}

/* libinotifytools up to 3.22 looks for it under a name that does not exist. */
static long queue_length(void)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	long n = inotifytools_get_max_queued_events();
	if (n < 0 && (file_read("/proc/sys/fs/inotify/max_queued_events", 64, &b) < 0 ||
		      str_to_long(str_trim(b.s), &n) < 0))
		return -1;
	return n;
}

void drop_watch_limits(struct drop_limits *ret_l)
{
	*ret_l = (struct drop_limits){ inotifytools_get_max_user_watches(), inotifytools_get_max_user_instances(),
				       queue_length() };
}
