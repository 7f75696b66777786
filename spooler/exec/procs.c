/* /proc walking. A process may go away between any two reads: every failure to
 * read means "gone" and is passed over. Never logs. */
#include "exec/procs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

void pids_release(struct pids *p)
{
	free(p->pid);
	*p = (struct pids){ 0 };
}

bool pids_have(const struct pids *p, pid_t pid)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->pid[i] == pid)
			return true;
	return false;
}

void pids_add(struct pids *p, pid_t pid)
{
	p->pid = xreallocarray(p->pid, p->n + 1, sizeof(*p->pid));
	p->pid[p->n++] = pid;
}

static int read_proc(pid_t pid, const char *name, struct buf *b)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	return file_read(path, 1 << 20, b);
}

/* A file of one short line, read in one go. 0 or -errno. */
static int read_line(pid_t pid, const char *name, char *line, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, line, size - 1);
	if (n < 0)
		return -errno;
	line[n] = '\0';
	return 0;
}

#define LINE_SIZE 1024

/* Fields of /proc/PID/stat from the third on ("state ppid ..."): the second, the
 * command in parentheses, may hold anything. NULL when gone. */
static const char *stat_tail(pid_t pid, char line[LINE_SIZE])
{
	if (read_line(pid, "stat", line, LINE_SIZE) < 0)
		return NULL;
	const char *p = strrchr(line, ')');
	return p && p[1] == ' ' ? p + 2 : NULL;
}

static bool stat_parent(pid_t pid, pid_t *ret_parent)
{
	char line[LINE_SIZE], state;
	long parent;
	const char *p = stat_tail(pid, line);
	if (!p || sscanf(p, "%c %ld", &state, &parent) != 2 || state == 'Z' || state == 'X')
		return false;
	*ret_parent = (pid_t)parent;
	return true;
}

unsigned long long procs_start_time(pid_t pid)
{
	char line[LINE_SIZE];
	const char *p = stat_tail(pid, line);
	if (!p || *p == 'Z')
		return 0;
	/* starttime is field 22; the tail starts at field 3. */
	for (int i = 3; p && i < 22; i++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p ? strtoull(p, NULL, 10) : 0;
}

typedef void (*each_fn)(pid_t pid, void *arg);

static void each_process(each_fn fn, void *arg)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (isdigit((unsigned char)e->d_name[0]))
			fn((pid_t)strtol(e->d_name, NULL, 10), arg);
}

struct family { struct { pid_t pid, parent; } *row; size_t n; };

static void add_family(pid_t pid, void *arg)
{
	struct family *f = arg;
	pid_t parent;
	if (!stat_parent(pid, &parent))
		return;
	f->row = xreallocarray(f->row, f->n + 1, sizeof(*f->row));
	f->row[f->n].pid = pid;
	f->row[f->n++].parent = parent;
}

void procs_descendants(pid_t root, struct pids *ret_p)
{
	struct family f = { 0 };
	each_process(add_family, &f);
	ret_p->n = 0;
	/* Generation by generation; ids are reused, so order tells nothing. */
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < f.n; i++) {
			bool child = f.row[i].parent == root || pids_have(ret_p, f.row[i].parent);
			if (child && !pids_have(ret_p, f.row[i].pid)) {
				pids_add(ret_p, f.row[i].pid);
				more = true;
			}
		}
	}
	free(f.row);
}

struct hunt { const char *dir, *run_id; struct pids *found; };

static bool works_below(pid_t pid, const char *dir)
{
	char path[64], cwd[PATH_MAX];
	snprintf(path, sizeof(path), "/proc/%ld/cwd", (long)pid);
	ssize_t n = readlink(path, cwd, sizeof(cwd) - 1);
	if (n <= 0)
		return false;
	cwd[n] = '\0';
	size_t len = strlen(dir);
	return strncmp(cwd, dir, len) == 0 && (cwd[len] == '\0' || cwd[len] == '/');
}

/* Which of our marks is in the environment the process was started with. */
enum mark { MARK_NONE, MARK_OTHER, MARK_THIS };

static enum mark mark_of(pid_t pid, const char *run_id)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	if (read_proc(pid, "environ", &b) < 0)
		return MARK_NONE;
	for (const char *p = b.s; p < b.s + b.len; p += strlen(p) + 1)
		if (str_has_prefix(p, RUN_ID_ENV "="))
			return str_eq(p + sizeof(RUN_ID_ENV), run_id) ? MARK_THIS : MARK_OTHER;
	return MARK_NONE;
}

static void hunt_one(pid_t pid, void *arg)
{
	struct hunt *h = arg;
	pid_t parent;
	if (pid == getpid() || !stat_parent(pid, &parent))
		return;
	enum mark m = mark_of(pid, h->run_id);
	if (m == MARK_THIS || (m == MARK_OTHER && works_below(pid, h->dir)))
		pids_add(h->found, pid);
}

void procs_of_run(const char *dir, const char *run_id, struct pids *ret_p)
{
	_cleanup_free_ char *real = realpath(dir, NULL);
	struct hunt h = { real ? real : dir, run_id, ret_p };
	ret_p->n = 0;
	each_process(hunt_one, &h);
}

static uint64_t resident_of(pid_t pid)
{
	char line[LINE_SIZE];
	unsigned long pages, resident;
	if (read_line(pid, "statm", line, sizeof(line)) < 0 || sscanf(line, "%lu %lu", &pages, &resident) != 2)
		return 0;
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Pss where the kernel tells it: MPI ranks share memory that Rss counts for each. */
static uint64_t proportional_of(pid_t pid)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	unsigned long kb;
	const char *p = read_proc(pid, "smaps_rollup", &b) == 0 ? strstr(b.s, "\nPss:") : NULL;
	return p && sscanf(p + 5, "%lu", &kb) == 1 ? (uint64_t)kb << 10 : resident_of(pid);
}

static uint64_t sum_of(const struct pids *p, uint64_t (*fn)(pid_t))
{
	uint64_t sum = 0;
	for (size_t i = 0; i < p->n; i++)
		sum += fn(p->pid[i]);
	return sum;
}

uint64_t procs_memory(const struct pids *p) { return sum_of(p, proportional_of); }
uint64_t procs_resident(const struct pids *p) { return sum_of(p, resident_of); }

void procs_boot_id(char ret_id[40])
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	file_read("/proc/sys/kernel/random/boot_id", 4096, &b);
	snprintf(ret_id, 40, "%.36s", str_trim(b.s));
}

unsigned long long procs_pid_namespace(void)
{
	struct stat st;
	return stat("/proc/self/ns/pid", &st) == 0 ? (unsigned long long)st.st_ino : 0;
}

void procs_signal(const struct pids *p, int sig)
{
	for (size_t i = 0; i < p->n; i++)
		kill(p->pid[i], sig);
}

void procs_kill(const struct pids *p)
{
	procs_signal(p, SIGSTOP);
	procs_signal(p, SIGKILL);
}
