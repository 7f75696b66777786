/* Where the folders are, and making them. The five folders may lie anywhere, but
 * never one inside another: an outbox inside the inbox would feed the spooler its
 * own results. They are compared by their real paths once they exist, so that
 * links and "..", too, are seen through. The spool must be on a local disk,
 * because SQLite's WAL needs shared memory. Never logs. */
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/conf-internal.h"
#include "base/machine.h"
#include "base/file.h"

#define SYSTEM_DATA "/var/lib/nmr-spool"
#define UID_SYSTEM_MAX 999      /* login.defs: SYS_UID_MAX */

static char *home_folder(void)
{
	const char *home = getenv("HOME");
	if (home && *home == '/')
		return xstrdup(home);
	struct passwd *pw = getpwuid(getuid());
	return xstrdup(pw && pw->pw_dir && *pw->pw_dir == '/' ? pw->pw_dir : "/");
}

char *conf_absolute(const char *path, const char *base)
{
	if (*path == '/')
		return xstrdup(path);
	if (*path == '~' && (path[1] == '/' || !path[1])) {
		_cleanup_free_ char *home = home_folder();
		return xasprintf("%s%s", home, path + 1);
	}
	if (base)
		return xasprintf("%s/%s", base, path);
	_cleanup_free_ char *cwd = getcwd(NULL, 0);
	return str_eq(path, ".") ? xstrdup(cwd ? cwd : "/") : xasprintf("%s/%s", cwd ? cwd : "", path);
}

static char *default_data(void)
{
	struct stat st;
	bool system = getuid() <= UID_SYSTEM_MAX;
	if (system && stat(SYSTEM_DATA, &st) == 0 && S_ISDIR(st.st_mode))
		return xstrdup(SYSTEM_DATA);
	_cleanup_free_ char *home = home_folder();
	return xasprintf("%s/nmr-spool", str_eq(home, "/") ? "" : home);
}

static bool is_share(const char *dir)
{
	_cleanup_free_ char *file = xasprintf("%s/levels.conf", dir);
	return file_exists(file);
}

/* Installed: <prefix>/bin and <prefix>/share/nmr-spool. In the source tree:
 * build/bin and spooler/share. */
char *conf_find_share(void)
{
	static const char *const beside[] = { "../share/nmr-spool", "../../spooler/share" };
	const char *env = getenv("NMR_SHARE");
	if (env && *env)
		return conf_absolute(env, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		_cleanup_free_ char *dir = machine_beside_program(beside[i]);
		char *real = dir ? realpath(dir, NULL) : NULL;
		if (real && is_share(real))
			return real;
		free(real);
	}
	return xstrdup(NMR_SHAREDIR);
}

void conf_fill_folders(struct conf *c)
{
	struct { char **path; const char *name; } folder[] = {
		{ &c->inbox, "inbox" }, { &c->outbox, "outbox" }, { &c->door, "door" },
		{ &c->spool, "spool" }, { &c->scratch, "scratch" },
	};
	if (!c->data)
		c->data = default_data();
	for (size_t i = 0; i < ARRAY_SIZE(folder); i++)
		if (!*folder[i].path)
			*folder[i].path = xasprintf("%s/%s", c->data, folder[i].name);
	if (!c->share)
		c->share = conf_find_share();
}

static int make_folder(const char *path, mode_t mode, char **ret_error)
{
	bool new = !file_exists(path);
	int r = file_mkdir_p(path, 0755);
	if (r < 0) {
		*ret_error = xasprintf("%s: cannot be made: %s; make the folder by hand, or name another in nmr.conf",
				       path, strerror(-r));
		return r;
	}
	/* The umask has no say in what the administrator asked for. */
	if (new)
		chmod(path, mode);
	return 0;
}

static bool is_inside(const char *inner, const char *outer)
{
	size_t n = strlen(outer);
	return strncmp(inner, outer, n) == 0 && (inner[n] == '/' || !inner[n] || outer[n - 1] == '/');
}

/* Bind mounts show one folder under two paths: device and inode tell. */
static bool is_same(const char *a, const char *b)
{
	struct stat x, y;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int check_pair(const char *a, const char *a_name, const char *b, const char *b_name, char **ret_error)
{
	if (is_same(a, b))
		*ret_error = xasprintf("%s and %s are the same folder, %s; give each a folder of its own in nmr.conf",
				       a_name, b_name, a);
	else if (is_inside(a, b))
		*ret_error = xasprintf("%s (%s) lies inside %s (%s); put them side by side", a_name, a, b_name, b);
	else if (is_inside(b, a))
		*ret_error = xasprintf("%s (%s) lies inside %s (%s); put them side by side", b_name, b, a_name, a);
	else
		return 0;
	return -EINVAL;
}

#define NFOLDERS 5

static int check_nesting(const char *const paths[NFOLDERS], const char *const names[NFOLDERS], char **ret_error)
{
	char *real[NFOLDERS];
	int r = 0;
	for (size_t i = 0; i < NFOLDERS; i++)
		real[i] = realpath(paths[i], NULL);
	for (size_t i = 0; i < NFOLDERS && r == 0; i++)
		for (size_t j = i + 1; j < NFOLDERS && r == 0; j++)
			if (real[i] && real[j])
				r = check_pair(real[i], names[i], real[j], names[j], ret_error);
	for (size_t i = 0; i < NFOLDERS; i++)
		free(real[i]);
	return r;
}

static const char *network_name(const char *path)
{
	struct statfs fs;
	if (statfs(path, &fs) < 0)
		return NULL;
	switch ((uint32_t)fs.f_type) {
	case NFS_SUPER_MAGIC:
		return "NFS";
	case SMB_SUPER_MAGIC:
	case 0xff534d42:        /* CIFS */
	case 0xfe534d42:        /* SMB2 */
		return "SMB";
	case 0x01021997:
		return "9p";
	default:
		return NULL;
	}
}

/* They are there for people's convenience: an inbox that nobody may write to is read
 * without them. */
static int make_hot_folders(const struct conf *c, char **ret_error)
{
	for (size_t i = 0; i < c->nhot; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", c->inbox, c->hot[i].name);
		_cleanup_free_ char *error = NULL;
		int r = make_folder(path, (mode_t)c->mode_dirs, &error);
		if (r == 0 || r == -EROFS || r == -EACCES || r == -EPERM)
			continue;
		*ret_error = error;
		error = NULL;
		return r;
	}
	return 0;
}

int conf_make_folders(const struct conf *c, char **ret_error)
{
	const char *const paths[NFOLDERS] = { c->inbox, c->outbox, c->door, c->spool, c->scratch };
	static const char *const names[NFOLDERS] = { "inbox", "outbox", "door", "spool", "scratch" };
	for (size_t i = 0; i < NFOLDERS; i++) {
		/* People write to the first three; the others are the spooler's. */
		int r = make_folder(paths[i], i < 3 ? (mode_t)c->mode_dirs : 0755, ret_error);
		if (r < 0)
			return r;
	}
	int r = check_nesting(paths, names, ret_error);
	if (r < 0)
		return r;
	const char *network = network_name(c->spool);
	if (network) {
		*ret_error = xasprintf("the spool (%s) is on a network filesystem (%s), where its database would be damaged; "
				       "set \"spool\" in nmr.conf to a local folder", c->spool, network);
		return -EINVAL;
	}
	return make_hot_folders(c, ret_error);
}
