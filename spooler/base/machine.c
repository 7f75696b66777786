/* Cores and memory. A limit may sit on any level of the cgroup tree, so every
 * parent is asked; inside a container without a cgroup namespace the path in
 * /proc/self/cgroup does not exist below the mount, and walking up ends at the
 * container's own root, which is the right place. What cannot be read is no
 * limit. Never fails, never logs. */
#include "base/machine.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"

static bool read_small(const char *path, struct buf *b)
{
	buf_clear(b);
	return file_read(path, 65536, b) == 0;
}

/* The path of this process in the hierarchy of a v1 controller, or in v2 when
 * controller is "". *ret_mount: the name of its mount below /sys/fs/cgroup. */
static char *cgroup_path(const char *text, const char *controller, char **ret_mount)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *a = strchr(line, ':'), *b = a ? strchr(a + 1, ':') : NULL;
		if (!b)
			continue;
		_cleanup_free_ char *names = xstrndup(a + 1, (size_t)(b - a - 1));
		_cleanup_free_ char *padded = xasprintf(",%s,", names);
		_cleanup_free_ char *wanted = xasprintf(",%s,", controller);
		if (*controller ? strstr(padded, wanted) != NULL : !*names) {
			*ret_mount = xstrdup(names);
			return xstrndup(b + 1, strcspn(b + 1, "\n"));
		}
	}
	return NULL;
}

/* One level: the limit in `dir`, or infinity. */
typedef double (*limit_fn)(const char *dir);

static double least_up_the_tree(const char *mount, const char *path, limit_fn limit)
{
	_cleanup_free_ char *dir = xasprintf("%s%s", mount, path);
	double least = INFINITY;
	for (;;) {
		least = fmin(least, limit(dir));
		char *slash = strrchr(dir, '/');
		if (!slash || (size_t)(slash - dir) < strlen(mount))
			return least;
		*slash = '\0';
	}
}

static double read_number(const char *dir, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	double v;
	if (!read_small(path, &b) || str_to_double(str_trim(b.s), &v) < 0)
		return INFINITY;       /* "max" comes here too */
	return v;
}

static double cores_v2(const char *dir)
{
	_cleanup_free_ char *path = xasprintf("%s/cpu.max", dir);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	double quota, period;
	if (!read_small(path, &b) || sscanf(b.s, "%lf %lf", &quota, &period) != 2 || !(period > 0))
		return INFINITY;
	return quota / period;
}

static double cores_v1(const char *dir)
{
	double quota = read_number(dir, "cpu.cfs_quota_us");
	double period = read_number(dir, "cpu.cfs_period_us");
	return quota > 0 && period > 0 && !isinf(quota) && !isinf(period) ? quota / period : INFINITY;
}

static double memory_v2(const char *dir)
{
	return fmin(read_number(dir, "memory.max"), read_number(dir, "memory.high"));
}

static double memory_v1(const char *dir)
{
	double v = read_number(dir, "memory.limit_in_bytes");
	return v < 0x1p60 ? v : INFINITY;   /* "no limit" is a number near 2^63 */
}

/* "oom_kill 3" among other lines; what is below a group counts for it, too. */
static double oom_kills(const char *dir, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	double n;
	const char *at = read_small(path, &b) ? strstr(b.s, "oom_kill ") : NULL;
	return at && sscanf(at, "oom_kill %lf", &n) == 1 ? n : INFINITY;
}

static double oom_kills_v2(const char *dir) { return oom_kills(dir, "memory.events"); }
static double oom_kills_v1(const char *dir) { return oom_kills(dir, "memory.oom_control"); }

static double cgroup_limit(const char *root, const char *controller, limit_fn v1, limit_fn v2)
{
	_cleanup_free_ char *self = xasprintf("%s/proc/self/cgroup", root);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	if (!read_small(self, &b))
		return INFINITY;
	double least = INFINITY;
	_cleanup_free_ char *name1 = NULL, *name2 = NULL;
	_cleanup_free_ char *path1 = cgroup_path(b.s, controller, &name1);
	_cleanup_free_ char *path2 = cgroup_path(b.s, "", &name2);
	if (path2) {
		_cleanup_free_ char *mount = xasprintf("%s/sys/fs/cgroup", root);
		least = least_up_the_tree(mount, path2, v2);
	}
	if (path1) {
		_cleanup_free_ char *mount = xasprintf("%s/sys/fs/cgroup/%s", root, name1);
		_cleanup_free_ char *plain = xasprintf("%s/sys/fs/cgroup/%s", root, controller);
		least = fmin(least, least_up_the_tree(file_exists(mount) ? mount : plain, path1, v1));
	}
	return least;
}

double machine_cgroup_cores(const char *root)
{
	double v = cgroup_limit(root, "cpu", cores_v1, cores_v2);
	return isinf(v) ? 0 : v;
}

uint64_t machine_cgroup_memory(const char *root)
{
	double v = cgroup_limit(root, "memory", memory_v1, memory_v2);
	return isinf(v) ? 0 : (uint64_t)v;
}

long machine_cgroup_oom_kills(const char *root)
{
	double v = cgroup_limit(root, "memory", oom_kills_v1, oom_kills_v2);
	return isinf(v) ? 0 : (long)v;
}

/* A mask of fixed size fails with EINVAL on machines with more than 1024 CPUs. */
static int affinity_cores(void)
{
	for (size_t cpus = 1024; cpus <= 1 << 16; cpus *= 2) {
		cpu_set_t *set = CPU_ALLOC(cpus);
		size_t size = CPU_ALLOC_SIZE(cpus);
		int r = set ? sched_getaffinity(0, size, set) : -1;
		int n = r == 0 ? CPU_COUNT_S(size, set) : 0;
		bool again = r < 0 && errno == EINVAL;
		CPU_FREE(set);
		if (!again)
			return n;
	}
	return 0;
}

int machine_cores(void)
{
	int n = affinity_cores();
	if (n < 1)
		n = (int)sysconf(_SC_NPROCESSORS_ONLN);
	double limit = machine_cgroup_cores("");
	if (limit > 0 && limit < n)
		n = (int)floor(limit + 0.01);
	return MAX(n, 1);
}

uint64_t machine_memory_bytes(void)
{
	uint64_t all = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t limit = machine_cgroup_memory("");
	return limit > 0 && limit < all ? limit : all;
}

char *machine_beside_program(const char *name)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	exe[MAX(n, 0)] = '\0';
	char *slash = strrchr(exe, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	char *path = xasprintf("%s/%s", exe, name);
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	return NULL;
}

void machine_raise_descriptors(void)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur == l.rlim_max)
		return;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}
