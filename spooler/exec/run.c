/* The spooler's side of a run: forks nmr-exec, holds the lifeline, reads the
 * record. The lifeline is a pipe whose write end only the spooler has: when the
 * spooler goes away, however it does, the supervisor reads its end and cleans up.
 * Never logs. */
#include "exec/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/machine.h"
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
	if (supervisor)
		return supervisor;
	supervisor = machine_beside_program("nmr-exec");
	if (!supervisor)
		supervisor = xstrdup("nmr-exec");
	return supervisor;
}

/* The supervisor's command line; the strings are owned. */
struct args { char **v; size_t n; };

static void args_release(struct args *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
	free(a->v);
}

static void add_arg(struct args *a, char *s)
{
	a->v = xreallocarray(a->v, a->n + 2, sizeof(*a->v));
	a->v[a->n++] = s;
	a->v[a->n] = NULL;
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

/* Between fork and exec: only what is safe there. Signals stay blocked: a stop that
 * comes before the supervisor listens waits for it. */
static void become_supervisor(char *const *argv, int lifeline, pid_t parent)
{
	/* Out of the way first: a spooler without standard files has it on one of them. */
	int high = fcntl(lifeline, F_DUPFD, 10), null = open("/dev/null", O_RDWR);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	if (getppid() != parent || high < 0 || null < 0)
		_exit(127);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	dup2(high, LIFELINE_FD);
	close_range(LIFELINE_FD + 1, ~0U, 0);
	execvp(argv[0], argv);
	_exit(127);
}

static pid_t fork_supervisor(const struct run_spec *spec, int lifeline)
{
	_cleanup_(args_release) struct args a = { 0 };
	sigset_t all, old;
	build_args(spec, &a);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		become_supervisor(a.v, lifeline, parent);
	int err = errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return pid < 0 ? -err : pid;
}

static void forget_earlier_run(const char *dir)
{
	_cleanup_free_ char *record = xasprintf("%s/exit.json", dir);
	_cleanup_free_ char *identity = xasprintf("%s/run.json", dir);
	unlink(record);
	unlink(identity);
}

int run_start(const struct run_spec *spec, struct run **ret_run)
{
	int lifeline[2];
	forget_earlier_run(spec->dir);
	if (pipe2(lifeline, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork_supervisor(spec, lifeline[0]);
	close(lifeline[0]);
	if (pid < 0) {
		close(lifeline[1]);
		return pid;
	}
	struct run *r = xcalloc(1, sizeof(*r));
	*r = (struct run){ .pid = pid, .lifeline = lifeline[1], .dir = xstrdup(spec->dir), .since = clock_mono() };
	/* The descriptor closes on exec by itself. */
	r->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (r->pidfd < 0) {
		struct run_record rec;
		int err = errno;
		run_stop(r);
		run_reap(r, &rec);
		return -err;
	}
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
			/* A supervisor that is there and could not begin lacked memory or files. */
			ret_rec->err = access(find_supervisor(), X_OK) == 0 ? EAGAIN : ENOENT;
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

/* Two empty looks in a row: one alone may pass between a parent that ends and a
 * child that was just born. */
static int end_processes(const char *dir, const char *run_id, double deadline)
{
	_cleanup_(pids_release) struct pids left = { 0 };
	for (int empty = 0; empty < 2;) {
		procs_of_run(dir, run_id, &left);
		procs_kill(&left);
		empty = left.n ? 0 : empty + 1;
		if (left.n && clock_mono() > deadline)
			return -EBUSY;
		nap(0.01);
	}
	return 0;
}

int run_end_leftover(const char *dir, double wait_s)
{
	struct run_identity id = { 0 };
	char boot[40];
	double start = clock_mono();
	bool known = record_read_identity(dir, &id) == 0;
	procs_boot_id(boot);
	if (known && !str_eq(boot, id.boot))
		return 0;
	bool ours = known && id.pidns == procs_pid_namespace();
	/* The supervisor first: it ends its run politely and writes the record. */
	if (ours && is_alive(&id))
		kill((pid_t)id.pid, SIGTERM);
	while (ours && is_alive(&id) && clock_mono() < start + wait_s / 2)
		nap(0.02);
	if (ours && is_alive(&id))
		kill((pid_t)id.pid, SIGKILL);
	return end_processes(dir, *id.run_id ? id.run_id : NULL, start + wait_s);
}
