/* Control files: what a person without a shell puts into a folder to be heard. A
 * file (or folder: on Windows that is quicker to make) called cancel, hold or release
 * in .running, retry in .failed, whatever the case and the extension. Looked for at the top and
 * in the folders that hold batches and groups, but never inside a result: those
 * carry .nmr-id and may be many. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "outbox/internal.h"

#define DEPTH 2

static const struct { const char *suffix, *word; enum outbox_verb verb; } kinds[] = {
	{ ".running", "cancel", OUTBOX_CANCEL },
	{ ".running", "hold", OUTBOX_HOLD },
	{ ".running", "release", OUTBOX_RELEASE },
	{ ".failed", "retry", OUTBOX_RETRY },
};

/* "cancel", "Cancel.txt.txt", "cancel (1).txt", "retry - Copy", not "cancelled". */
static bool is_word(const char *name, const char *word)
{
	size_t n = strlen(word);
	return strncasecmp(name, word, n) == 0 && !isalnum((unsigned char)name[n]);
}

static char *join(const char *a, const char *b) { return *a ? xasprintf("%s/%s", a, b) : xstrdup(b); }

static DIR *open_below(int rootfd, const char *relative)
{
	int fd = openat(rootfd, *relative ? relative : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

static char *find_word(int rootfd, const char *relative, const char *word)
{
	_cleanup_closedir_ DIR *dir = open_below(rootfd, relative);
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (is_word(d->d_name, word))
			return join(relative, d->d_name);
	return NULL;
}

static void look_into(int rootfd, const char *relative, size_t kind, struct outbox_controls *c)
{
	char *file = find_word(rootfd, relative, kinds[kind].word);
	if (!file)
		return;
	c->item = xreallocarray(c->item, c->n + 1, sizeof(*c->item));
	c->item[c->n++] = (struct outbox_control){ kinds[kind].verb,
		xstrndup(relative, strlen(relative) - strlen(kinds[kind].suffix)), file };
}

static bool is_folder(int dirfd, const struct dirent *d)
{
	struct stat st;
	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return fstatat(dirfd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static bool is_result(int dirfd, const char *name)
{
	_cleanup_free_ char *id = join(name, ID_FILE);
	return faccessat(dirfd, id, F_OK, 0) == 0;
}

static bool has_ending(const char *name, const char *suffix)
{
	return strlen(name) > strlen(suffix) && str_has_suffix(name, suffix);
}

static int walk(int rootfd, const char *relative, int depth, struct outbox_controls *c)
{
	_cleanup_closedir_ DIR *dir = open_below(rootfd, relative);
	if (!dir)
		return -errno;
	for (struct dirent *d; (d = readdir(dir));) {
		size_t kind = 0;
		if (d->d_name[0] == '.' || !is_folder(dirfd(dir), d))
			continue;
		_cleanup_free_ char *path = join(relative, d->d_name);
		bool ours = false;
		for (; kind < ARRAY_SIZE(kinds); kind++)
			if (has_ending(d->d_name, kinds[kind].suffix)) {
				ours = true;
				look_into(rootfd, path, kind, c);
			}
		if (!ours && depth < DEPTH && !is_result(dirfd(dir), d->d_name))
			walk(rootfd, path, depth + 1, c);
	}
	return 0;
}

int outbox_controls(const struct outbox *o, struct outbox_controls *ret_c)
{
	struct outbox_controls c = { 0 };
	_cleanup_close_ int rootfd = open(o->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rootfd < 0)
		return -errno;
	int r = walk(rootfd, "", 0, &c);
	if (r < 0)
		outbox_controls_release(&c);
	else
		*ret_c = c;
	return r;
}

void outbox_controls_release(struct outbox_controls *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->item[i].outname);
		free(c->item[i].file);
	}
	free(c->item);
	*c = (struct outbox_controls){ 0 };
}

/* A folder with something in it is not ours to remove. */
int outbox_control_remove(const struct outbox *o, const struct outbox_control *c)
{
	_cleanup_free_ char *path = outbox_path(o, c->file, "");
	if (!path)
		return -EINVAL;
	return remove(path) < 0 && errno != ENOENT ? -errno : 0;
}
