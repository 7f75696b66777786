/* Where results of the inbox's subfolders go. Two people who write "Group 7" and
 * "group 7" mean two folders on Linux and one on a Windows share, which would then
 * show only one of ours: so the first spelling that is there wins. A subfolder called
 * like a result must not end inside it, because results are looked at as wholes. */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "outbox/internal.h"

#define CANDIDATES 64

/* The entry of dir that is name on a Windows share; NULL: none. */
static char *spelt(const char *dir, const char *name)
{
	struct stat st;
	_cleanup_free_ char *exact = xasprintf("%s/%s", dir, name);
	if (lstat(exact, &st) == 0)
		return xstrdup(name);
	_cleanup_free_ char *folded = outbox_fold(name);
	_cleanup_closedir_ DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));) {
		_cleanup_free_ char *f = outbox_fold(e->d_name);
		if (str_eq(f, folded))
			return xstrdup(e->d_name);
	}
	return NULL;
}

static bool is_group(const char *dir, const char *name)
{
	struct stat st;
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	_cleanup_free_ char *id = xasprintf("%s/" ID_FILE, path);
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && !file_exists(id);
}

/* The folder of that name to be used in dir: there already, or to be made. */
static char *group(const char *dir, const char *name)
{
	for (int n = 1; n <= CANDIDATES; n++) {
		_cleanup_free_ char *c = outbox_name_candidate(name, n);
		char *there = spelt(dir, c);
		if (!there)
			return xstrdup(c);
		if (is_group(dir, there))
			return there;
		free(there);
	}
	return xstrdup(name);
}

char *outbox_place(const struct outbox *o, const char *outname)
{
	_cleanup_(buf_release) struct buf dir = BUF_INIT;
	buf_adds(&dir, o->root);
	for (const char *slash; (slash = strchr(outname, '/')); outname = slash + 1) {
		_cleanup_free_ char *part = xstrndup(outname, (size_t)(slash - outname));
		_cleanup_free_ char *name = group(dir.s, part);
		buf_addf(&dir, "/%s", name);
		/* If that fails, writing the status will, and says so. */
		outbox_mkdir(o, dir.s);
	}
	buf_addf(&dir, "/%s", outname);
	return xstrdup(dir.s + strlen(o->root) + 1);
}
