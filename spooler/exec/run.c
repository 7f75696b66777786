/* The spooler's side of a run: forks nmr-exec, holds the lifeline, reads the
 * record. The lifeline is a pipe whose write end only the spooler has: when the
 * spooler goes away, however it does, the supervisor reads its end and cleans up.
 * Never logs. */
#include "exec/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "exec/procs.h"
#include "exec/record.h"

#define LIFELINE_FD 3

struct run {
	pid_t pid;
	int pidfd, lifeline;
	char *dir;
	double since;
};

static char *supervisor;

void run_set_supervisor(const char *path)
{
	free(supervisor);
	supervisor = path ? xstrdup(path) : NULL;
}

static const char *find_supervisor(void)
{
	char exe[PATH_MAX];
	if (supervisor)
		return supervisor;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n > 0) {
		exe[n] = '\0';
		*strrchr(exe, '/') = '\0';
		supervisor = xasprintf("%s/nmr-exec", exe);
		if (access(supervisor, X_OK) == 0)
			return supervisor;
		free(supervisor);
	}
	supervisor = xstrdup("nmr-exec");
	return supervisor;
}

struct args { char *v[512]; size_t n; };

static void add_arg(struct args *a, char *s)
{
	if (a->n + 1 < ARRAY_SIZE(a->v))
		a->v[a->n++] = s;
	else
		free(s);
}

static void free_args(struct args *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
}

static void build_args(const struct run_spec *spec, struct args *a)
{
	add_arg(a, xstrdup(find_supervisor()));
	add_arg(a, xasprintf("--dir=%s", spec->dir));
	add_arg(a, xasprintf("--timeout=%.3f", spec->timeout_s));
	add_arg(a, xasprintf("--memory=%llu", (unsigned long long)spec->memory_bytes));
	add_arg(a, xasprintf("--grace=%.3f", spec->grace_s > 0 ? spec->grace_s : 5.0));
	add_arg(a, xasprintf("--nice=%d", spec->nice));
	add_arg(a, xasprintf("--lifeline=%d", LIFELINE_FD));
	if (spec->unlimited_stack)
		add_arg(a, xstrdup("--stack"));
	for (size_t i = 0; spec->env && spec->env[i]; i++)
		add_arg(a, xasprintf("--env=%s", spec->env[i]));
	add_arg(a, xstrdup("--"));
	for (size_t i = 0; spec->argv[i]; i++)
		add_arg(a, xstrdup(spec->argv[i]));
}

/* Between fork and exec: only what is safe there. */
static void become_supervisor(char *const *argv, int lifeline, pid_t parent)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (getppid() != parent || null < 0)
		_exit(127);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (lifeline != LIFELINE_FD)
		dup2(lifeline, LIFELINE_FD);
	else
		fcntl(lifeline, F_SETFD, 0);
	close_range(LIFELINE_FD + 1, ~0U, 0);
	execvp(argv[0], argv);
	_exit(127);
}

int run_start(const struct run_spec *spec, struct run **ret_run)
{
	struct args a = { 0 };
	int pipe_fd[2];
	_cleanup_free_ char *old = xasprintf("%s/exit.json", spec->dir);
	_cleanup_free_ char *older = xasprintf("%s/run.json", spec->dir);
	unlink(old);
	unlink(older);
	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return -errno;
	build_args(spec, &a);
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		become_supervisor(a.v, pipe_fd[0], parent);
	int err = errno;
	free_args(&a);
	close(pipe_fd[0]);
	if (pid < 0) {
		close(pipe_fd[1]);
		return -err;
	}
	struct run *r = xcalloc(1, sizeof(*r));
	*r = (struct run){ .pid = pid, .lifeline = pipe_fd[1], .dir = xstrdup(spec->dir), .since = clock_mono() };
	r->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (r->pidfd < 0) {
		struct run_record rec;
		err = errno;
		kill(pid, SIGTERM);
		run_reap(r, &rec);
		return -err;
	}
	fcntl(r->pidfd, F_SETFD, FD_CLOEXEC);
	*ret_run = r;
	return 0;
}

int run_pidfd(const struct run *r) { return r->pidfd; }
pid_t run_pid(const struct run *r) { return r->pid; }
int run_stop(struct run *r) { return kill(r->pid, SIGTERM) < 0 ? -errno : 0; }

void run_reap(struct run *r, struct run_record *ret_rec)
{
	int status = 0;
	while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (run_record_read(r->dir, ret_rec) < 0) {
		*ret_rec = (struct run_record){ .reason = RUN_LOST, .wall_s = clock_mono() - r->since };
		if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
			ret_rec->reason = RUN_NOT_STARTED;
			ret_rec->err = ENOENT;
		}
		run_end_leftover(r->dir, 10);
	}
	if (r->pidfd >= 0)
		close(r->pidfd);
	close(r->lifeline);
	free(r->dir);
	free(r);
}

/* ---- leftovers */

static bool is_alive(const struct run_identity *id)
{
	return id->pid > 0 && procs_start_time((pid_t)id->pid) == id->start && id->start > 0;
}

static void nap(double s)
{
	struct timespec t = { (time_t)s, (long)((s - (double)(time_t)s) * 1e9) };
	nanosleep(&t, NULL);
}

int run_end_leftover(const char *dir, double wait_s)
{
	struct run_identity id = { 0 };
	char boot[40];
	_cleanup_(pids_release) struct pids left = { 0 };
	double end = clock_mono() + wait_s;
	bool known = record_read_identity(dir, &id) == 0;
	procs_boot_id(boot);
	if (known && !str_eq(boot, id.boot))
		return 0;
	bool ours = known && id.pidns == procs_pid_namespace();
	/* The supervisor first: it ends its run politely and writes the record. */
	if (ours && is_alive(&id))
		kill((pid_t)id.pid, SIGTERM);
	while (ours && is_alive(&id) && clock_mono() < end - wait_s / 2)
		nap(0.02);
	for (;;) {
		procs_of_run(dir, known && *id.run_id ? id.run_id : NULL, &left);
		if (!left.n)
			return 0;
		procs_kill(&left);
		if (clock_mono() > end)
			return -EBUSY;
		nap(0.02);
	}
}
