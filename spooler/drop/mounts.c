/* What is mounted below a folder: told by the kernel's table, which answers even when
 * the server behind a mount does not. Nothing below the root is touched. */
#include <errno.h>
#include <mntent.h>

#include "drop/internal.h"

static bool has_junk_part(const char *relative)
{
	_cleanup_free_ char *copy = xstrdup(relative);
	char *save;
	for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save))
		if (drop_name_is_junk(part))
			return true;
	return false;
}

bool drop_mounts_have(char *const *path, size_t n, const char *relative)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(path[i], relative))
			return true;
	return false;
}

int drop_mounts(const char *root, char ***ret_path, size_t *ret_n)
{
	struct mntent m;
	char line[3 * 4096 + 512];
	char **path = NULL;
	size_t n = 0;
	_cleanup_free_ char *real = realpath(root, NULL);
	if (!real)
		return -errno;
	FILE *f = setmntent("/proc/self/mounts", "re");
	if (!f)
		return -errno;
	size_t len = str_eq(real, "/") ? 0 : strlen(real);
	while (getmntent_r(f, &m, line, sizeof(line))) {
		const char *relative = m.mnt_dir + len + 1;
		if (strncmp(m.mnt_dir, real, len) != 0 || m.mnt_dir[len] != '/' || !*relative)
			continue;
		/* One over the other is one place. */
		if (drop_mounts_have(path, n, relative) || has_junk_part(relative))
			continue;
		path = xreallocarray(path, n + 1, sizeof(*path));
		path[n++] = xstrdup(relative);
	}
	endmntent(f);
	*ret_path = path;
	*ret_n = n;
	return 0;
}
