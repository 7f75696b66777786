/* Notes what a program does to a folder in terms of what a power cut would leave of
 * it: loaded with LD_PRELOAD, it writes an event for each sync, rename and removal
 * below POWERLOSS_DATA into POWERLOSS_LOG/events, with the whole tree as it is then:
 *   E <TAB> number <TAB> what <TAB> identity of what is synced <TAB> path
 *   T <TAB> d or f <TAB> identity <TAB> copy of its content, or - <TAB> path
 * A sync's event has the tree from before it (what is written meanwhile is not promised
 * to be on the disk), every other one the tree from after it. Contents are copied where
 * they matter: of what is synced, of everything at the first event and at syncfs(), and
 * of *.json always. Identities are inode and time of birth, so that a name tells whether
 * it still means the same file. Nothing is really synced: the disk is the log.
 *
 * All processes of one run write to one log, one after the other. POWERLOSS_BOOT is
 * told for the boot id: to the spooler that comes after, the machine was down. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BOOT "/proc/sys/kernel/random/boot_id"

int open64(const char *path, int flags, ...);
int renameat2(int fromdir, const char *from, int todir, const char *to, unsigned flags);

static const char *data, *where;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The function that this library stands before. */
#define REAL(name) ((__typeof__(&name))real_of(#name))

static void *real_of(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);
	if (!p)
		abort();
	return p;
}

struct event { FILE *out; int number, lock_fd; bool whole; char synced[64]; };

static void identity(const struct statx *st, char id[64])
{
	snprintf(id, 64, "%llu-%lld.%09u", (unsigned long long)st->stx_ino, (long long)st->stx_btime.tv_sec,
		 st->stx_btime.tv_nsec);
}

/* ---- copies */

static void copy_file(const char *from, const char *to)
{
	char block[65536];
	int in = REAL(open64)(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int out = REAL(open64)(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	for (ssize_t n; in >= 0 && out >= 0 && (n = read(in, block, sizeof(block))) > 0;)
		if (write(out, block, (size_t)n) != n)
			abort();
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
}

/* Clocks of filesystems are coarse: a file written a moment ago may be written again
 * without a later time, so its copy serves this event alone. */
static void copy_content(struct event *e, const char *path, const char *id, const struct statx *st, char name[160])
{
	char to[PATH_MAX];
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	long long age_ms = (now.tv_sec - st->stx_mtime.tv_sec) * 1000 + (now.tv_nsec - (long)st->stx_mtime.tv_nsec) / 1000000;
	int n = snprintf(name, 160, "%s-%lld.%09u-%llu", id, (long long)st->stx_mtime.tv_sec, st->stx_mtime.tv_nsec,
			 (unsigned long long)st->stx_size);
	if (age_ms < 100)
		snprintf(name + n, 160 - (size_t)n, "-%d", e->number);
	snprintf(to, sizeof(to), "%s/content/%s", where, name);
	if (access(to, F_OK) < 0)
		copy_file(path, to);
}

/* ---- the tree */

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), k = strlen(tail);
	return n >= k && strcmp(s + n - k, tail) == 0;
}

static void note_tree(struct event *e, const char *path);

static void note_entry(struct event *e, const char *path)
{
	struct statx st;
	char id[64], content[160] = "-";
	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &st) < 0)
		return;
	identity(&st, id);
	bool folder = S_ISDIR(st.stx_mode);
	/* SQLite's shared memory is nothing that lasts. */
	if ((!folder && !S_ISREG(st.stx_mode)) || ends_with(path, "-shm"))
		return;
	if (!folder && (e->whole || strcmp(id, e->synced) == 0 || ends_with(path, ".json")))
		copy_content(e, path, id, &st, content);
	fprintf(e->out, "T\t%c\t%s\t%s\t%s\n", folder ? 'd' : 'f', id, content, path + strlen(data));
	if (folder)
		note_tree(e, path);
}

static void note_tree(struct event *e, const char *path)
{
	char below[PATH_MAX];
	DIR *dir = opendir(path);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, d->d_name);
		note_entry(e, below);
	}
	if (dir)
		closedir(dir);
}

/* ---- events */

static int count(int fd)
{
	int n = 0;
	if (pread(fd, &n, sizeof(n), 0) < 0)
		abort();
	n++;
	if (pwrite(fd, &n, sizeof(n), 0) != sizeof(n))
		abort();
	return n;
}

static void begin(struct event *e)
{
	char path[PATH_MAX];
	*e = (struct event){ 0 };
	pthread_mutex_lock(&lock);
	snprintf(path, sizeof(path), "%s/lock", where);
	e->lock_fd = REAL(open64)(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (e->lock_fd < 0 || flock(e->lock_fd, LOCK_EX) < 0)
		abort();
	e->number = count(e->lock_fd);
}

static void note(struct event *e, const char *what, const char *path)
{
	char log[PATH_MAX];
	snprintf(log, sizeof(log), "%s/events", where);
	e->out = fopen(log, "ae");
	if (!e->out)
		abort();
	fprintf(e->out, "E\t%d\t%s\t%s\t%s\n", e->number, what, *e->synced ? e->synced : "-", path + strlen(data));
	note_entry(e, data);
	if (fclose(e->out) != 0)
		abort();
}

static void end(struct event *e)
{
	int kept = errno;
	close(e->lock_fd);
	pthread_mutex_unlock(&lock);
	errno = kept;
}

static bool is_ours(const char *path)
{
	size_t n = data ? strlen(data) : 0;
	return n && strncmp(path, data, n) == 0 && (path[n] == '/' || !path[n]);
}

static bool path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool full_path(int dirfd, const char *name, char path[PATH_MAX])
{
	char dir[PATH_MAX];
	if (*name == '/')
		snprintf(path, PATH_MAX, "%s", name);
	else if (dirfd == AT_FDCWD ? !getcwd(dir, sizeof(dir)) : !path_of(dirfd, dir))
		return false;
	else if (snprintf(path, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		return false;
	return is_ours(path);
}

static int note_sync(int fd, const char *what, bool whole)
{
	char path[PATH_MAX];
	struct statx st;
	struct event e;
	if (!path_of(fd, path) || !is_ours(path))
		return 0;
	begin(&e);
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &st) == 0)
		identity(&st, e.synced);
	e.whole = whole;
	note(&e, what, path);
	end(&e);
	return 0;
}

/* The call and its event, with no other's event in between. */
#define NOTED(what, ours, path, call)             \
	({                                        \
		struct event e_;                  \
		bool ours_ = (ours);              \
		if (ours_)                        \
			begin(&e_);               \
		__typeof__(call) r_ = (call);     \
		int kept_ = errno;                \
		if (ours_ && r_ == 0)             \
			note(&e_, what, path);    \
		errno = kept_;                    \
		if (ours_)                        \
			end(&e_);                 \
		r_;                               \
	})

__attribute__((constructor)) static void start(void)
{
	char log[PATH_MAX];
	struct event e;
	data = getenv("POWERLOSS_DATA");
	where = getenv("POWERLOSS_LOG");
	if (!data || !where) {
		data = NULL;
		return;
	}
	snprintf(log, sizeof(log), "%s/events", where);
	if (access(log, F_OK) == 0)
		return;
	begin(&e);
	e.whole = true;
	note(&e, "start", data);
	end(&e);
}

/* ---- what is watched */

int fsync(int fd) { return note_sync(fd, "fsync", false); }
int fdatasync(int fd) { return note_sync(fd, "fdatasync", false); }
int syncfs(int fd) { return note_sync(fd, "syncfs", true); }

int renameat(int fromdir, const char *from, int todir, const char *to)
{
	char path[PATH_MAX];
	return NOTED("rename", full_path(todir, to, path), path, REAL(renameat)(fromdir, from, todir, to));
}

int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

int renameat2(int fromdir, const char *from, int todir, const char *to, unsigned flags)
{
	char path[PATH_MAX];
	return NOTED("rename", full_path(todir, to, path), path, REAL(renameat2)(fromdir, from, todir, to, flags));
}

long syscall(long n, ...)
{
	long a[6];
	va_list ap;
	va_start(ap, n);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (n == SYS_renameat2)
		return renameat2((int)a[0], (const char *)a[1], (int)a[2], (const char *)a[3], (unsigned)a[4]);
	return REAL(syscall)(n, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int unlinkat(int dirfd, const char *name, int flags)
{
	char path[PATH_MAX];
	return NOTED("remove", full_path(dirfd, name, path), path, REAL(unlinkat)(dirfd, name, flags));
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

int remove(const char *name)
{
	int r = unlink(name);
	return r < 0 && errno == EISDIR ? rmdir(name) : r;
}

int open64(const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	mode_t mode = va_arg(ap, mode_t);
	va_end(ap);
	const char *boot = getenv("POWERLOSS_BOOT");
	return REAL(open64)(boot && strcmp(path, BOOT) == 0 ? boot : path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	mode_t mode = va_arg(ap, mode_t);
	va_end(ap);
	return open64(path, flags, mode);
}
