/* nmr-exec: supervisor of one run.
 *
 * It is the subreaper of everything the run starts: MPI ranks put themselves into
 * process groups of their own and daemons re-parent, but all of them stay our
 * descendants. They are all ended, TERM first, KILL after the grace time, when the
 * wall clock is up, memory is exceeded, we are asked to stop (SIGTERM), or the
 * spooler is gone (end of file on the lifeline). exit.json is written durably when
 * nothing is left. Logs nothing: the record says it all. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "exec/procs.h"
#include "exec/record.h"

#define POLL_S 0.25
#define MEMORY_S 1.0

struct supervisor {
	const char *dir;
	double timeout_s, grace_s;
	uint64_t memory;
	int nice, lifeline;
	bool stack;
	char **argv;
	char run_id[ID_LEN + 1];
	int sigfd;
	pid_t child;
	bool child_ended, stopping;
	int status;
	double since, stop_since, memory_at;
	struct run_record rec;
};

static void usage(void)
{
	fputs("usage: nmr-exec --dir=DIR [--timeout=S] [--memory=BYTES] [--grace=S] [--nice=N] [--stack]\n"
	      "                [--lifeline=FD] [--env=NAME=VALUE]... -- PROGRAM [ARGUMENT]...\n", stderr);
	exit(2);
}

static double number(const char *s)
{
	double v;
	if (str_to_double(s, &v) < 0 || v < 0)
		usage();
	return v;
}

static void parse(struct supervisor *s, int argc, char **argv)
{
	static const struct option longs[] = { { "dir", 1, NULL, 'd' }, { "timeout", 1, NULL, 't' },
					       { "memory", 1, NULL, 'm' }, { "grace", 1, NULL, 'g' },
					       { "nice", 1, NULL, 'n' }, { "stack", 0, NULL, 's' },
					       { "lifeline", 1, NULL, 'l' }, { "env", 1, NULL, 'e' },
					       { "version", 0, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	for (int c; (c = getopt_long(argc, argv, "+", longs, NULL)) != -1;) {
		switch (c) {
		case 'd': s->dir = optarg; break;
		case 't': s->timeout_s = number(optarg); break;
		case 'm': s->memory = (uint64_t)number(optarg); break;
		case 'g': s->grace_s = number(optarg); break;
		case 'n': s->nice = (int)number(optarg); break;
		case 's': s->stack = true; break;
		case 'l': s->lifeline = (int)number(optarg); break;
		case 'e': putenv(optarg); break;
		case 'V': puts("nmr-exec " NMR_VERSION); exit(0);
		default: usage();
		}
	}
	s->argv = argv + optind;
	if (!s->dir || !*s->argv)
		usage();
}

/* ---- the child */

static void set_limit(int what, rlim_t v)
{
	struct rlimit l;
	if (getrlimit(what, &l) == 0) {
		l.rlim_cur = l.rlim_max == RLIM_INFINITY || v < l.rlim_max ? v : l.rlim_max;
		setrlimit(what, &l);
	}
}

static int open_output(const char *name) { return open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644); }

static void become_program(const struct supervisor *s, int report, pid_t parent)
{
	sigset_t none;
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC), out = -1, err = -1;
	sigemptyset(&none);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	set_limit(RLIMIT_CORE, 0);
	if (s->stack)
		set_limit(RLIMIT_STACK, RLIM_INFINITY);
	/* The engine is the first to go when the machine runs out of memory. */
	int oom = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (oom >= 0 && write(oom, "500", 3) < 0)
		errno = 0;
	if (s->nice && setpriority(PRIO_PROCESS, 0, s->nice) < 0)
		errno = 0;
	if (getppid() == parent && chdir(s->dir) == 0)
		out = open_output("stdout"), err = open_output("stderr");
	if (in >= 0 && out >= 0 && err >= 0) {
		dup2(in, 0);
		dup2(out, 1);
		dup2(err, 2);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGPIPE, SIG_DFL);
		close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
		execvp(s->argv[0], s->argv);
	}
	int e = errno;
	ssize_t w = write(report, &e, sizeof(e));
	(void)w;
	_exit(127);
}

/* 0, or the errno of the exec that failed. */
static int start(struct supervisor *s)
{
	int report[2], e = 0;
	if (pipe2(report, O_CLOEXEC) < 0)
		return errno;
	pid_t parent = getpid();
	s->child = fork();
	if (s->child == 0)
		become_program(s, report[1], parent);
	int err = errno;
	close(report[1]);
	if (s->child < 0) {
		close(report[0]);
		return err;
	}
	if (read(report[0], &e, sizeof(e)) != (ssize_t)sizeof(e))
		e = 0;
	close(report[0]);
	return e;
}

/* ---- watching */

static void reap(struct supervisor *s)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		if (pid == s->child) {
			s->child_ended = true;
			s->status = status;
		}
}

static void tell_all(const struct pids *p, int sig)
{
	for (size_t i = 0; i < p->n; i++)
		kill(p->pid[i], sig);
}

static void begin_stop(struct supervisor *s, enum run_reason why)
{
	if (s->stopping)
		return;
	_cleanup_(pids_release) struct pids p = { 0 };
	s->stopping = true;
	s->stop_since = clock_mono();
	if (!s->child_ended)
		s->rec.reason = why;
	procs_descendants(getpid(), &p);
	tell_all(&p, SIGCONT);
	tell_all(&p, SIGTERM);
}

static void check_limits(struct supervisor *s, const struct pids *p)
{
	double now = clock_mono();
	if (s->timeout_s > 0 && now - s->since > s->timeout_s)
		begin_stop(s, RUN_TIMEOUT);
	if (now - s->memory_at < MEMORY_S)
		return;
	s->memory_at = now;
	uint64_t used = procs_memory(p);
	s->rec.max_rss = MAX(s->rec.max_rss, used);
	if (s->memory && used > s->memory)
		begin_stop(s, RUN_MEMORY);
}

/* Events until `wait_s` is over or something happened. */
static void wait_event(struct supervisor *s, double wait_s)
{
	struct pollfd fd[2] = { { .fd = s->sigfd, .events = POLLIN }, { .fd = s->lifeline, .events = POLLIN } };
	struct signalfd_siginfo si;
	if (poll(fd, s->lifeline >= 0 ? 2 : 1, (int)(wait_s * 1000)) <= 0)
		return;
	if ((fd[0].revents & POLLIN) && read(s->sigfd, &si, sizeof(si)) == (ssize_t)sizeof(si) &&
	    si.ssi_signo != SIGCHLD)
		begin_stop(s, RUN_STOPPED);
	if (s->lifeline >= 0 && fd[1].revents) {
		begin_stop(s, RUN_ORPHANED);
		s->lifeline = -1;
	}
}

static void supervise(struct supervisor *s)
{
	_cleanup_(pids_release) struct pids p = { 0 };
	for (;;) {
		reap(s);
		procs_descendants(getpid(), &p);
		if (s->child_ended && !p.n)
			return;
		/* The program is done; what it left behind is not wanted. */
		if (s->child_ended)
			begin_stop(s, RUN_EXITED);
		check_limits(s, &p);
		double grace = s->child_ended ? MIN(s->grace_s, 1.0) : s->grace_s;
		if (s->stopping && clock_mono() - s->stop_since > grace)
			procs_kill(&p);
		wait_event(s, s->stopping ? 0.02 : POLL_S);
	}
}

static void fill_record(struct supervisor *s)
{
	struct rusage u;
	s->rec.wall_s = clock_mono() - s->since;
	if (getrusage(RUSAGE_CHILDREN, &u) == 0) {
		s->rec.cpu_s = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
			       1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
		s->rec.max_rss = MAX(s->rec.max_rss, (uint64_t)u.ru_maxrss << 10);
	}
	if (s->rec.reason != RUN_EXITED)
		return;
	if (WIFSIGNALED(s->status)) {
		s->rec.reason = RUN_SIGNALLED;
		s->rec.signal = WTERMSIG(s->status);
	} else
		s->rec.code = WEXITSTATUS(s->status);
}

static void identify(struct supervisor *s)
{
	struct run_identity id = { .pid = getpid(), .start = procs_start_time(getpid()),
				   .pidns = procs_pid_namespace() };
	id_new(s->run_id);
	procs_boot_id(id.boot);
	memcpy(id.run_id, s->run_id, sizeof(id.run_id));
	setenv("NMR_RUN_ID", s->run_id, 1);
	record_write_identity(s->dir, &id);
}

int main(int argc, char **argv)
{
	struct supervisor s = { .grace_s = 5, .lifeline = -1 };
	sigset_t set;
	parse(&s, argc, argv);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	s.sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s.lifeline >= 0)
		fcntl(s.lifeline, F_SETFD, FD_CLOEXEC);
	identify(&s);
	s.since = clock_mono();
	int e = s.sigfd < 0 ? errno : start(&s);
	if (e)
		s.rec = (struct run_record){ .reason = RUN_NOT_STARTED, .err = e };
	if (s.child > 0)
		supervise(&s);
	fill_record(&s);
	return record_write(s.dir, &s.rec) < 0 ? 1 : 0;
}
