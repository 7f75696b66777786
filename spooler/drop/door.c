/* The door: what our own programs put there is whole, because it was renamed in,
 * so nothing has to settle. A folder <id>/ holds one structure and maybe a file
 * called ticket; a folder without a structure may be what a removal left of one.
 * Anything that does not look like that, or is hidden (still being made), is passed
 * over. Oldest first: a request finds the job it speaks of. */
#include <errno.h>
#include <fcntl.h>

#include "drop/internal.h"

struct found { struct door_item item; struct timespec at; };

static int compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	if (x->at.tv_sec != y->at.tv_sec)
		return x->at.tv_sec < y->at.tv_sec ? -1 : 1;
	if (x->at.tv_nsec != y->at.tv_nsec)
		return x->at.tv_nsec < y->at.tv_nsec ? -1 : 1;
	return strcmp(x->item.name, y->item.name);
}

static void item_release(struct door_item *it)
{
	free(it->name);
	free(it->file);
	free(it->ticket);
}

void door_list_release(struct door_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		item_release(&l->item[i]);
	free(l->item);
	*l = (struct door_list){ 0 };
}

static bool is_regular(int dirfd, const char *name)
{
	struct stat st;
	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* Without a structure, file is NULL. */
static int read_folder(int doorfd, const char *name, struct door_item *it)
{
	int fd = path_open(doorfd, name, O_RDONLY | O_DIRECTORY);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		int r = fd < 0 ? fd : -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	struct dirent *d;
	for (errno = 0; (d = readdir(dir)); errno = 0) {
		if (d->d_name[0] == '.' || !is_regular(dirfd(dir), d->d_name))
			continue;
		char **to = str_eq(d->d_name, "ticket") ? &it->ticket : &it->file;
		free(*to);
		*to = xstrdup(d->d_name);
	}
	/* Half a listing may lack the ticket. */
	return -errno;
}

static bool is_request(const char *name)
{
	return str_has_prefix(name, "req-") && str_has_suffix(name, ".json") && strlen(name) > strlen("req-.json");
}

/* Not there any more, or never ours to read: nothing to try again. */
static int read_error(int r) { return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EACCES ? 0 : r; }

/* 1: an entry; 0: none; or -errno. */
static int read_entry(int doorfd, const char *name, struct found *f)
{
	struct stat st;
	*f = (struct found){ 0 };
	bool request = is_request(name);
	if (!request && !id_valid(name))
		return 0;
	if (fstatat(doorfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return read_error(-errno);
	f->at = st.st_mtim;
	f->item.request = request && S_ISREG(st.st_mode);
	if (!f->item.request && (request || !S_ISDIR(st.st_mode)))
		return 0;
	int r = f->item.request ? 0 : read_folder(doorfd, name, &f->item);
	if (r < 0) {
		item_release(&f->item);
		return read_error(r);
	}
	f->item.name = xstrdup(name);
	return 1;
}

int door_scan(const char *door, struct door_list *ret_l)
{
	_cleanup_closedir_ DIR *dir = opendir(door);
	_cleanup_free_ struct found *found = NULL;
	size_t n = 0, cap = 0;
	int r = 0;
	if (!dir)
		return -errno;
	struct dirent *d;
	for (errno = 0; (d = readdir(dir)); errno = 0) {
		if (n == cap) {
			cap = cap ? cap * 2 : 16;
			found = xreallocarray(found, cap, sizeof(*found));
		}
		int e = read_entry(dirfd(dir), d->d_name, &found[n]);
		r = e < 0 ? e : r;
		n += e == 1;
	}
	r = errno ? -errno : r;
	if (n)
		qsort(found, n, sizeof(*found), compare);
	*ret_l = (struct door_list){ xcalloc(n, sizeof(struct door_item)), n, r };
	for (size_t i = 0; i < n; i++)
		ret_l->item[i] = found[i].item;
	return 0;
}
