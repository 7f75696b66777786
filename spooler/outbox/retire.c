/* Old results go, but never what somebody made theirs: a folder that was moved or
 * renamed is not found under its name, and one in which a file was changed or added
 * since it was published stays. Both times of a file count, because a copy may keep
 * the time of its original. What file managers leave on their own does not count. */
#include <errno.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "outbox/internal.h"

#define SLACK_S 60

static _Thread_local struct { time_t mtime, ctime; } published;

static int is_changed(const char *path, const struct stat *st, int type, _unused_ struct FTW *f)
{
	const char *name = strrchr(path, '/') + 1;
	if (type == FTW_D || type == FTW_DP || name[0] == '.' || str_ieq(name, "Thumbs.db") || str_ieq(name, "desktop.ini"))
		return 0;
	return type != FTW_F || st->st_mtime > published.mtime + SLACK_S || st->st_ctime > published.ctime + SLACK_S;
}

/* mark: the file written last when the folder was made. */
static bool is_untouched(const char *dir, const char *mark)
{
	struct stat st;
	if (lstat(mark, &st) < 0)
		return false;
	published.mtime = st.st_mtime;
	published.ctime = st.st_ctime;
	return nftw(dir, is_changed, 16, FTW_PHYS) == 0;
}

static void remove_empty_above(const struct outbox *o, char *path)
{
	for (char *slash; (slash = strrchr(path, '/')) && slash > path + strlen(o->root);) {
		*slash = '\0';
		if (rmdir(path) < 0)
			return;
	}
}

static int retire(const struct outbox *o, char *dir, const char *mark)
{
	if (!is_untouched(dir, mark))
		return 0;
	int r = outbox_remove(o, dir);
	if (r < 0)
		return r;
	remove_empty_above(o, dir);
	return 1;
}

int outbox_retire(const struct outbox *o, const char *outname, const char *id)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *dir = outbox_path(o, outname, "");
	if (!dir)
		return 0;
	_cleanup_free_ char *mark = xasprintf("%s/" ID_FILE, dir);
	if (file_read(mark, 256, &b) < 0 || !str_eq(str_trim(b.s), id))
		return 0;
	return retire(o, dir, mark);
}

int outbox_retire_failed(const struct outbox *o, const char *outname, const char *id)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *dir = outbox_path(o, outname, FAILED);
	if (!dir)
		return 0;
	_cleanup_free_ char *mark = xasprintf("%s/FAILED.txt", dir);
	if (file_read(mark, 1 << 20, &b) < 0 || !strstr(b.s, id))
		return 0;
	return retire(o, dir, mark);
}
