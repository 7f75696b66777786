/* The private door: whole folders and requests, renamed in by programs of ours. What
 * does not look right is left alone. Never logs. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "drop/drop.h"

void door_list_release(struct door_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->item[i].name);
		free(l->item[i].file);
		free(l->item[i].ticket);
	}
	free(l->item);
	*l = (struct door_list){ 0 };
}

static struct door_item *add(struct door_list *l, const char *name)
{
	l->item = xreallocarray(l->item, l->n + 1, sizeof(*l->item));
	l->item[l->n] = (struct door_item){ .name = xstrdup(name) };
	return &l->item[l->n++];
}

static void read_folder(const char *door, struct door_item *it)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", door, it->name);
	_cleanup_closedir_ DIR *dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (e->d_name[0] == '.' || (e->d_type != DT_REG && e->d_type != DT_UNKNOWN))
			continue;
		char **where = str_eq(e->d_name, "ticket") ? &it->ticket : &it->file;
		if (!*where)
			*where = xstrdup(e->d_name);
	}
}

int door_scan(const char *door, struct door_list *ret_l)
{
	_cleanup_closedir_ DIR *dir = opendir(door);
	if (!dir)
		return -errno;
	for (struct dirent *e; (e = readdir(dir));) {
		if (id_valid(e->d_name)) {
			struct door_item *it = add(ret_l, e->d_name);
			read_folder(door, it);
			if (!it->file) {
				free(it->name);
				free(it->ticket);
				ret_l->n--;
			}
		} else if (str_has_prefix(e->d_name, "req-") && str_has_suffix(e->d_name, ".json") &&
			   strlen(e->d_name) > strlen("req-.json"))
			add(ret_l, e->d_name)->request = true;
	}
	return 0;
}
