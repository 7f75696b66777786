/* Inbox and door together: which trees there are, and what their workers share. A
 * share may be mounted below the inbox, or go away, at any time; the kernel tells. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/intake-internal.h"

/* Copies of files whose commit failed: it may yet prove to have reached the disk. */
struct doubt { char *dir; struct doubt *next; };

char *intake_dir(const struct conf *conf, const char *id)
{
	return xasprintf("%s/intake/%s", conf->spool, id);
}

uint64_t intake_names_on_disk(const struct outbox *o, const char *base)
{
	uint64_t bits = 0;
	for (int n = 1; n <= 64; n++) {
		_cleanup_free_ char *name = intake_candidate(base, n);
		if (!outbox_has(o, name))
			break;
		bits |= (uint64_t)1 << (n - 1);
	}
	return bits;
}

void intake_show_accepted(struct daemon *d, const char *id, const char *path)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (queue_job_get(d->q, id, &j) < 0)
		return;
	log_event(LOG_INFO, "accepted", "job", j.id, "file", path, "name", j.outname, NULL);
	folder_accepted(d->folder, &j);
}

void intake_doubt(struct intake *in, char *dir)
{
	struct doubt *x = xcalloc(1, sizeof(*x));
	*x = (struct doubt){ dir, in->doubt };
	in->doubt = x;
}

/* A later commit takes the place of the failed one on disk. */
void intake_end_doubt(struct intake *in, bool remove)
{
	while (in->doubt) {
		struct doubt *x = in->doubt;
		in->doubt = x->next;
		if (remove)
			file_rm_rf(x->dir);
		free(x->dir);
		free(x);
	}
}

bool intake_open(const struct daemon *d)
{
	return !d->stopping && !commit_broken(d->commit) && !disk_short(d->disk);
}

struct drop_watch *intake_watch(struct intake *in, const char *folder, void (*fn)(void *), void *arg,
				struct loop_source **ret_source)
{
	struct drop_watch *w;
	int r = drop_watch_new(folder, &w);
	*ret_source = NULL;
	if (r < 0) {
		log_event(LOG_WARN, "no-watch", "folder", folder, "error", strerror(-r), "remedy",
			  "the folder is polled; \"nmr doctor\" tells about the limits", NULL);
		return NULL;
	}
	*ret_source = loop_add(in->d->loop, drop_watch_fd(w), fn, arg);
	return w;
}

/* ---- trees */

static struct tree *find_tree(const struct intake *in, const char *base)
{
	for (struct tree *t = in->trees; t; t = tree_next(t))
		if (str_eq(tree_base(t), base))
			return t;
	return NULL;
}

void intake_mounted(struct intake *in, char *const *mount, size_t n)
{
	if (in->ending)
		return;
	for (struct tree **p = tree_next_of(in->trees); *p;) {
		struct tree *t = *p;
		if (drop_mounts_have(mount, n, tree_base(t)) || tree_busy(t)) {
			p = tree_next_of(t);
			continue;
		}
		log_event(LOG_INFO, "unmounted", "folder", tree_base(t), NULL);
		*p = tree_next(t);
		tree_free(t);
	}
	for (size_t i = 0; i < n; i++) {
		if (find_tree(in, mount[i]))
			continue;
		struct tree *t = tree_new(in, mount[i]);
		*tree_next_of(t) = tree_next(in->trees);
		*tree_next_of(in->trees) = t;
		log_event(LOG_INFO, "mounted", "folder", mount[i], NULL);
		tree_look(t);
	}
}

static void on_mounts(void *arg)
{
	struct intake *in = arg;
	tree_look(in->trees);
}

void intake_hung(struct intake *in)
{
	folder_stale(in->d->folder);
	if (in->d->once && intake_notice(in, NULL))
		in->d->failed++;
	daemon_check_once(in->d);
}

bool intake_notice(const struct intake *in, struct buf *b)
{
	bool any = false;
	for (const struct tree *t = in->trees; t; t = tree_next(t))
		any = tree_notice(t, b) || any;
	return any;
}

/* ---- life */

struct intake *intake_new(struct daemon *d)
{
	struct intake *in = xcalloc(1, sizeof(*in));
	in->d = d;
	in->folders = drop_folders(d->conf);
	in->trees = tree_new(in, "");
	in->door = door_new(in);
	in->mounts_fd = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);
	return in;
}

void intake_start(struct intake *in)
{
	char **mount = NULL;
	size_t n = 0;
	if (in->mounts_fd >= 0)
		loop_add_exception(in->d->loop, in->mounts_fd, on_mounts, in);
	tree_watch(in->trees);
	/* Before the first look: what was interrupted on a mount is its own tree's. */
	if (drop_mounts(in->d->conf->inbox, &mount, &n) == 0)
		intake_mounted(in, mount, n);
	for (size_t i = 0; i < n; i++)
		free(mount[i]);
	free(mount);
	tree_look(in->trees);
	door_start(in->door);
}

void intake_look(struct intake *in)
{
	for (struct tree *t = in->trees; t; t = tree_next(t))
		tree_look(t);
	door_look(in->door);
}

bool intake_idle(const struct intake *in)
{
	for (const struct tree *t = in->trees; t; t = tree_next(t))
		if (!tree_idle(t))
			return false;
	return door_idle(in->door);
}

void intake_free(struct intake *in)
{
	if (!in)
		return;
	in->ending = true;
	while (in->trees) {
		struct tree *t = in->trees;
		in->trees = tree_next(t);
		in->hangs = !tree_free(t) || in->hangs;
	}
	in->hangs = !door_free(in->door) || in->hangs;
	intake_end_doubt(in, false);
	/* A thread that hangs may come back: what it works with stays. */
	in->d->hangs = in->hangs;
	if (in->hangs)
		return;
	free(in->folders);
	if (in->mounts_fd >= 0)
		close(in->mounts_fd);
	free(in);
}
