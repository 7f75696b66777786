/* From fork to the program: limits, session, signals, files. Between fork and
 * exec only system calls, in an order that matters: the descriptors come last,
 * because a failure is reported through one of them. Never logs. */
#include "exec/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Open MPI closes every descriptor up to the limit in each child, and containers
 * are known to allow a billion. */
#define FILES_MAX 4096

static void set_limit(__rlimit_resource_t what, rlim_t v)
{
	struct rlimit l;
	if (getrlimit(what, &l) == 0) {
		l.rlim_cur = l.rlim_max == RLIM_INFINITY || v < l.rlim_max ? v : l.rlim_max;
		setrlimit(what, &l);
	}
}

static void set_limits(const struct program *p)
{
	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_NOFILE, FILES_MAX);
	if (p->stack)
		set_limit(RLIMIT_STACK, RLIM_INFINITY);
	/* The engine is the first to go when the machine runs out of memory. */
	int oom = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	ssize_t w = oom < 0 ? 0 : write(oom, "500", 3);
	(void)w;
	if (p->nice)
		setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + p->nice);
}

static void reset_signals(void)
{
	sigset_t none;
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int open_output(const char *name)
{
	return open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

/* 0, or the errno. */
static int connect_files(const char *dir)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (in < 0 || chdir(dir) < 0)
		return errno;
	int out = open_output("stdout"), err = open_output("stderr");
	if (out < 0 || err < 0)
		return errno;
	return dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 ? errno : 0;
}

static void become(const struct program *p, int report, pid_t parent)
{
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	set_limits(p);
	int e = connect_files(p->dir);
	if (!e) {
		reset_signals();
		close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
		execvp(p->argv[0], p->argv);
		e = errno;
	}
	ssize_t w = write(report, &e, sizeof(e));
	(void)w;
	_exit(127);
}

int program_start(const struct program *p, pid_t *ret_pid)
{
	int report[2], e = 0;
	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		become(p, report[1], parent);
	int err = errno;
	close(report[1]);
	if (pid > 0) {
		*ret_pid = pid;
		/* End of file: exec closed the pipe. */
		err = read(report[0], &e, sizeof(e)) == (ssize_t)sizeof(e) ? e : 0;
	}
	close(report[0]);
	return -err;
}
