/* Control files: what a person without a shell puts into a folder to be heard. A
 * file (or folder: on Windows that is quicker to make) called cancel, hold or release
 * in .running, retry in .failed, whatever the case and the extension. Looked for at
 * the top and in the folders that hold batches and groups, however deep, but never
 * inside a result: those carry .nmr-id and may be many. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "outbox/internal.h"

static const struct { const char *suffix, *word; enum outbox_verb verb; } kinds[] = {
	{ RUNNING, "cancel", OUTBOX_CANCEL },
	{ RUNNING, "hold", OUTBOX_HOLD },
	{ RUNNING, "release", OUTBOX_RELEASE },
	{ FAILED, "retry", OUTBOX_RETRY },
};

/* "cancel", "Cancel.txt.txt", "cancel (1).txt", "retry - Copy", not "cancelled". */
static bool is_word(const char *name, const char *word)
{
	size_t n = strlen(word);
	return strncasecmp(name, word, n) == 0 && !isalnum((unsigned char)name[n]);
}

bool outbox_is_control(const char *name, const char *suffix)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_eq(kinds[i].suffix, suffix) && is_word(name, kinds[i].word))
			return true;
	return false;
}

static DIR *open_below(int rootfd, const char *relative)
{
	int fd = openat(rootfd, *relative ? relative : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

/* Whoever puts in two files of one kind is heard once. */
static bool is_new(const struct outbox_controls *c, size_t from, enum outbox_verb verb)
{
	for (size_t i = from; i < c->n; i++)
		if (c->item[i].verb == verb)
			return false;
	return true;
}

static void look_into(int rootfd, const char *relative, const char *suffix, struct outbox_controls *c)
{
	_cleanup_closedir_ DIR *dir = open_below(rootfd, relative);
	size_t from = c->n;
	for (struct dirent *d; dir && (d = readdir(dir));)
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			if (!str_eq(kinds[k].suffix, suffix) || !is_word(d->d_name, kinds[k].word) ||
			    !is_new(c, from, kinds[k].verb))
				continue;
			c->item = xreallocarray(c->item, c->n + 1, sizeof(*c->item));
			c->item[c->n++] = (struct outbox_control){ kinds[k].verb,
				xstrndup(relative, strlen(relative) - strlen(suffix)), outbox_join(relative, d->d_name) };
		}
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
	_cleanup_free_ char *id = outbox_join(name, ID_FILE);
	return faccessat(dirfd, id, F_OK, 0) == 0;
}

static int walk(int rootfd, const char *relative, int depth, struct outbox_controls *c)
{
	_cleanup_closedir_ DIR *dir = open_below(rootfd, relative);
	if (!dir)
		return -errno;
	for (struct dirent *d; (d = readdir(dir));) {
		if (d->d_name[0] == '.' || !is_folder(dirfd(dir), d))
			continue;
		_cleanup_free_ char *path = outbox_join(relative, d->d_name);
		if (outbox_has_ending(d->d_name, RUNNING))
			look_into(rootfd, path, RUNNING, c);
		else if (outbox_has_ending(d->d_name, FAILED))
			look_into(rootfd, path, FAILED, c);
		else if (depth < DEPTH_MAX && !is_result(dirfd(dir), d->d_name))
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
