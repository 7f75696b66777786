/* inotify over a tree: hints only. Every watch is of a folder, added before the
 * folder is scanned, so that nothing falls between. Names from watch descriptors are
 * not needed: any event means "look". Never logs. */
#include <errno.h>
#include <inotifytools/inotify.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/util.h"
#include "drop/drop.h"

#define MASK (IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

struct drop_watch {
	int fd;
	char *root;
};

int drop_watch_new(const char *root, struct drop_watch **ret_w)
{
	struct drop_watch *w = xcalloc(1, sizeof(*w));
	w->root = xstrdup(root);
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int r = w->fd < 0 ? -errno : drop_watch_add(w, "");
	if (r < 0) {
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
	if (w->fd >= 0)
		close(w->fd);
	free(w->root);
	free(w);
}

int drop_watch_fd(const struct drop_watch *w) { return w->fd; }

int drop_watch_add(struct drop_watch *w, const char *dir)
{
	_cleanup_free_ char *path = *dir ? xasprintf("%s/%s", w->root, dir) : xstrdup(w->root);
	return inotify_add_watch(w->fd, path, MASK) < 0 ? -errno : 0;
}

int drop_watch_read(struct drop_watch *w, bool *ret_look, bool *ret_rescan)
{
	_Alignas(struct inotify_event) char b[16384];
	for (;;) {
		ssize_t n = read(w->fd, b, sizeof(b));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		for (char *p = b; p < b + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(void *)p;
			*ret_look = true;
			if (e->mask & (IN_Q_OVERFLOW | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF))
				*ret_rescan = true;
			p += sizeof(*e) + e->len;
		}
	}
}

enum drop_mode drop_classify(const char *root, const char **ret_why)
{
	static const struct { unsigned long magic; const char *why; } remote[] = {
		{ 0x6969, "NFS: a client hears nothing of what others write" },
		{ 0xFF534D42, "CIFS: a client hears nothing of what others write" },
		{ 0xFE534D42, "SMB: a client hears nothing of what others write" },
		{ 0x65735546, "FUSE: events are not reliable" },
		{ 0x01021997, "9p: changes made by the host give no events" },
	};
	struct statfs s;
	if (statfs(root, &s) < 0) {
		*ret_why = "the folder cannot be examined";
		return DROP_POLL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(remote); i++)
		if (((unsigned long)s.f_type & 0xffffffffUL) == remote[i].magic) {
			*ret_why = remote[i].why;
			return DROP_POLL;
		}
	*ret_why = "a local filesystem";
	return DROP_EVENTS;
}
