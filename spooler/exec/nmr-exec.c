/* nmr-exec: supervisor of one run.
 *
 * It is the subreaper of everything the run starts: MPI ranks put themselves into
 * process groups of their own and daemons re-parent, but all of them stay our
 * descendants. They are all ended, TERM first, KILL after the grace time, when the
 * wall clock is up, memory is exceeded, we are asked to stop (SIGTERM), or the
 * spooler is gone (end of file on the lifeline). exit.json is written when
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
#include "base/machine.h"
#include "exec/procs.h"
#include "exec/program.h"
#include "exec/record.h"

#define POLL_S 1.0          /* a look at memory */
#define STOP_POLL_S 0.05
#define KILL_POLL_S 0.005   /* faster than those that keep forking */
#define ORPHAN_GRACE_S 1.0  /* nobody waits for a result any more */
#define GIVE_UP_S 60.0      /* after KILL: what is left hangs in the kernel */

struct supervisor {
	struct program program;
	double timeout_s, grace_s;
	uint64_t memory;
	int lifeline, sigfd;
	char run_id[ID_LEN + 1];
	pid_t child;
	bool child_ended, stopping;
	int status;
	double since, stop_since;
	uint64_t resident; /* when memory was last weighed */
	long oom_kills;    /* at the start */
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
		case 'd': s->program.dir = optarg; break;
		case 't': s->timeout_s = number(optarg); break;
		case 'm': s->memory = (uint64_t)number(optarg); break;
		case 'g': s->grace_s = number(optarg); break;
		case 'n': s->program.nice = (int)number(optarg); break;
		case 's': s->program.stack = true; break;
		case 'l': s->lifeline = (int)number(optarg); break;
		case 'e': putenv(optarg); break;
		case 'V': puts("nmr-exec " NMR_VERSION); exit(0);
		default: usage();
		}
	}
	s->program.argv = argv + optind;
	if (!s->program.dir || !*s->program.argv)
		usage();
}

/* ---- watching */

/* Whether something of the run is left. The kernel knows better than any look at
 * /proc, which may pass between a parent that ends and a child that was just born:
 * whoever loses its parents becomes our child, so without children we are alone. */
static bool reap(struct supervisor *s)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == s->child) {
			s->child_ended = true;
			s->status = status;
		}
	return pid == 0;
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
	if (why == RUN_ORPHANED || why == RUN_EXITED)
		s->grace_s = MIN(s->grace_s, ORPHAN_GRACE_S);
	procs_descendants(getpid(), &p);
	procs_signal(&p, SIGCONT);
	procs_signal(&p, SIGTERM);
}

/* Weighing shared pages costs the kernel a walk through them all: done only when
 * the cheap upper bound has grown. */
static void weigh(struct supervisor *s, const struct pids *p)
{
	uint64_t bound = procs_resident(p);
	if (bound <= s->resident + s->resident / 50)
		return;
	s->resident = bound;
	uint64_t used = procs_memory(p);
	s->rec.max_rss = MAX(s->rec.max_rss, used);
	if (s->memory && used > s->memory)
		begin_stop(s, RUN_MEMORY);
}

static void check_limits(struct supervisor *s, const struct pids *p)
{
	if (s->timeout_s > 0 && clock_awake() - s->since >= s->timeout_s)
		begin_stop(s, RUN_TIMEOUT);
	weigh(s, p);
}

static double next_wait(const struct supervisor *s)
{
	if (s->stopping)
		return STOP_POLL_S;
	if (s->timeout_s <= 0)
		return POLL_S;
	double left = s->since + s->timeout_s - clock_awake();
	return MAX(0.0, MIN(POLL_S, left));
}

/* Events until `wait_s` is over or something happened. */
static void wait_event(struct supervisor *s, double wait_s)
{
	struct pollfd fd[2] = { { .fd = s->sigfd, .events = POLLIN }, { .fd = s->lifeline, .events = POLLIN } };
	struct signalfd_siginfo si;
	if (poll(fd, s->lifeline >= 0 ? 2 : 1, (int)(wait_s * 1000) + 1) <= 0)
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
	while (reap(s)) {
		/* The program is done; what it left behind is not wanted. */
		if (s->child_ended)
			begin_stop(s, RUN_EXITED);
		procs_descendants(getpid(), &p);
		check_limits(s, &p);
		double stopped = s->stopping ? clock_mono() - s->stop_since : 0;
		bool killing = s->stopping && stopped > s->grace_s;
		if (stopped > s->grace_s + GIVE_UP_S)
			return;
		/* Again and again: one may have forked before it was stopped. */
		if (killing)
			procs_kill(&p);
		wait_event(s, killing ? KILL_POLL_S : next_wait(s));
	}
}

/* By the kernel, faster than we look: 137 is what a shell and mpirun make of it. */
static bool killed_for_memory(const struct supervisor *s)
{
	bool killed = WIFSIGNALED(s->status) ? WTERMSIG(s->status) == SIGKILL : WEXITSTATUS(s->status) == 128 + SIGKILL;
	return killed && machine_cgroup_oom_kills("") > s->oom_kills;
}

static void fill_record(struct supervisor *s)
{
	struct rusage u;
	s->rec.wall_s = clock_awake() - s->since;
	if (getrusage(RUSAGE_CHILDREN, &u) == 0) {
		s->rec.cpu_s = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
			       1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
		s->rec.max_rss = MAX(s->rec.max_rss, (uint64_t)u.ru_maxrss << 10);
	}
	if (s->rec.reason != RUN_EXITED)
		return;
	if (killed_for_memory(s))
		s->rec.reason = RUN_MEMORY;
	else if (WIFSIGNALED(s->status)) {
		s->rec.reason = RUN_SIGNALLED;
		s->rec.signal = WTERMSIG(s->status);
	} else
		s->rec.code = WEXITSTATUS(s->status);
}

static int identify(struct supervisor *s)
{
	struct run_identity id = { .pid = getpid(), .start = procs_start_time(getpid()),
				   .pidns = procs_pid_namespace() };
	id_new(s->run_id);
	procs_boot_id(id.boot);
	memcpy(id.run_id, s->run_id, sizeof(id.run_id));
	setenv(RUN_ID_ENV, s->run_id, 1);
	return record_write_identity(s->program.dir, &id);
}

/* Signals become events; they may have been waiting since before the exec. */
static int open_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* Nothing we open may land on 0, 1 or 2. */
static void fill_standard_files(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static int set_up(struct supervisor *s)
{
	fill_standard_files();
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (s->lifeline >= 0)
		fcntl(s->lifeline, F_SETFD, FD_CLOEXEC);
	s->sigfd = open_signals();
	return s->sigfd < 0 ? s->sigfd : identify(s);
}

int main(int argc, char **argv)
{
	struct supervisor s = { .grace_s = 5, .lifeline = -1 };
	parse(&s, argc, argv);
	int r = set_up(&s);
	s.since = clock_awake();
	s.oom_kills = machine_cgroup_oom_kills("");
	/* Without a run.json nobody could clean up after us: then not at all. */
	if (r == 0)
		r = program_start(&s.program, &s.child);
	if (s.child > 0)
		supervise(&s);
	if (r < 0)
		s.rec = (struct run_record){ .reason = RUN_NOT_STARTED, .err = -r };
	fill_record(&s);
	return record_write(s.program.dir, &s.rec) < 0 ? 1 : 0;
}
