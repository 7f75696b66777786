/* Files in the inbox that cannot be taken are told about in a .failed folder, like
 * jobs. The folder remembers which file it is of: two files of one stem have two
 * folders, what a job said is never replaced, the same trouble told after a restart
 * makes no second folder, and the folder goes when its file is taken after all. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "outbox/internal.h"

#define CANDIDATES 64

static char *candidate(const char *outname, int n)
{
	const char *slash = strrchr(outname, '/');
	_cleanup_free_ char *name = outbox_name_candidate(slash ? slash + 1 : outname, n);
	return slash ? xasprintf("%.*s/%s", (int)(slash - outname), outname, name) : xstrdup(name);
}

static bool is_there(const struct outbox *o, const char *outname)
{
	static const char *const suffixes[] = { "", RUNNING, FAILED };
	bool found = false;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes) && !found; i++) {
		_cleanup_free_ char *path = outbox_path(o, outname, suffixes[i]);
		found = path && file_exists(path);
	}
	return found;
}

static bool is_of(const struct outbox *o, const char *outname, const char *source)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *dir = outbox_path(o, outname, FAILED);
	if (!dir)
		return false;
	_cleanup_free_ char *path = xasprintf("%s/" SOURCE_FILE, dir);
	return file_read(path, 1 << 16, &b) == 0 && str_eq(b.s, source);
}

/* The name of the folder that tells of this file; NULL: there is none. Asked for each
 * file that is taken, so it must not read the outbox: it ends at the first name that
 * nothing has, but for the first, which may be taken in another case. */
static char *find(const struct outbox *o, const char *outname, const char *source)
{
	for (int n = 1; n <= CANDIDATES; n++) {
		char *name = candidate(outname, n);
		if (is_of(o, name, source))
			return name;
		bool more = n == 1 || is_there(o, name);
		free(name);
		if (!more)
			break;
	}
	return NULL;
}

static char *find_free(const struct outbox *o, const char *outname)
{
	for (int n = 1; n <= CANDIDATES; n++) {
		char *name = candidate(outname, n);
		if (!outbox_has(o, name))
			return name;
		free(name);
	}
	return NULL;
}

int outbox_trouble(const struct outbox *o, const char *outname, const char *source, const char *text)
{
	_cleanup_free_ char *name = find(o, outname, source);
	if (!name)
		name = find_free(o, outname);
	return name ? outbox_failed_of(o, name, text, NULL, source) : -EEXIST;
}

int outbox_trouble_over(const struct outbox *o, const char *outname, const char *source)
{
	_cleanup_free_ char *name = find(o, outname, source);
	return name ? outbox_remove_failed(o, name) : 0;
}
