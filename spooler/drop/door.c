/* The door: what our own programs put there is whole, because it was renamed in,
 * so nothing has to settle. A folder <id>/ holds one structure and maybe a file
 * called ticket; anything that does not look like that, or is hidden (still being
 * made), is passed over. Oldest first: a request finds the job it speaks of. */
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

/* False: no structure in it. */
static bool read_folder(int doorfd, const char *name, struct door_item *it)
{
	int fd = path_open(doorfd, name, O_RDONLY | O_DIRECTORY);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	for (struct dirent *d; (d = readdir(dir));) {
		if (d->d_name[0] == '.' || !is_regular(dirfd(dir), d->d_name))
			continue;
		char **to = str_eq(d->d_name, "ticket") ? &it->ticket : &it->file;
		free(*to);
		*to = xstrdup(d->d_name);
	}
	return it->file != NULL;
}

static bool is_request(const char *name)
{
	return str_has_prefix(name, "req-") && str_has_suffix(name, ".json") && strlen(name) > strlen("req-.json");
}

static bool read_entry(int doorfd, const char *name, struct found *f)
{
	struct stat st;
	*f = (struct found){ 0 };
	if (fstatat(doorfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	f->at = st.st_mtim;
	f->item.request = is_request(name) && S_ISREG(st.st_mode);
	if (f->item.request || (id_valid(name) && S_ISDIR(st.st_mode) && read_folder(doorfd, name, &f->item))) {
		f->item.name = xstrdup(name);
		return true;
	}
	item_release(&f->item);
	return false;
}

int door_scan(const char *door, struct door_list *ret_l)
{
	_cleanup_closedir_ DIR *dir = opendir(door);
	_cleanup_free_ struct found *found = NULL;
	size_t n = 0, cap = 0;
	if (!dir)
		return -errno;
	for (struct dirent *d; (d = readdir(dir));) {
		if (n == cap) {
			cap = cap ? cap * 2 : 16;
			found = xreallocarray(found, cap, sizeof(*found));
		}
		n += read_entry(dirfd(dir), d->d_name, &found[n]);
	}
	if (n)
		qsort(found, n, sizeof(*found), compare);
	*ret_l = (struct door_list){ xcalloc(n, sizeof(struct door_item)), n };
	for (size_t i = 0; i < n; i++)
		ret_l->item[i] = found[i].item;
	return 0;
}
