/* Short commands in the foreground: versions, doctor. Bounded in time and output:
 * at the end of either, the command's process group is killed. What it left in
 * the background is killed with it. Never logs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/clock.h"
#include "exec/run.h"

static void become_command(const char *const *argv, int out)
{
	sigset_t none;
	int high = fcntl(out, F_DUPFD, 10), null = open("/dev/null", O_RDONLY);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	if (null < 0 || dup2(null, 0) < 0 || dup2(high, 1) < 0 || dup2(high, 2) < 0)
		_exit(127);
	close_range(3, ~0U, 0);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/* 0, -ETIMEDOUT or -errno. */
static int wait_readable(int fd, double deadline)
{
	for (;;) {
		double left = deadline - clock_mono();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		if (left <= 0)
			return -ETIMEDOUT;
		int n = poll(&p, 1, (int)(MIN(left, 3600.0) * 1000) + 1);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

/* Until the end of the output, the limit or the deadline. 0 or -errno. */
static int read_output(int fd, double deadline, size_t max, struct buf *out)
{
	char chunk[4096];
	for (;;) {
		int r = wait_readable(fd, deadline);
		if (r < 0)
			return r;
		ssize_t k = read(fd, chunk, sizeof(chunk));
		if (k == 0)
			return 0;
		if (k < 0)
			return -errno;
		if (out->len + (size_t)k > max)
			return -EFBIG;
		buf_add(out, chunk, (size_t)k);
	}
}

/* A command may close its output and go on. */
static int wait_end(pid_t pid, double deadline)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return fd < 0 ? -errno : wait_readable(fd, deadline);
}

static pid_t fork_command(const char *const *argv, int out)
{
	pid_t pid = fork();
	if (pid == 0)
		become_command(argv, out);
	if (pid < 0)
		return -errno;
	/* Here as well as there: whoever comes first, the group exists from now on. */
	setpgid(pid, pid);
	return pid;
}

int run_capture(const char *const *argv, double timeout_s, size_t max_bytes, struct buf *ret_out, int *ret_status)
{
	_cleanup_(buf_release) struct buf out = BUF_INIT;
	double deadline = clock_mono() + timeout_s;
	int fd[2], status = 0;
	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	_cleanup_close_ int from = fd[0];
	pid_t pid = fork_command(argv, fd[1]);
	close(fd[1]);
	if (pid < 0)
		return pid;
	int r = read_output(from, deadline, max_bytes, &out);
	if (r == 0)
		r = wait_end(pid, deadline);
	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return r;
	buf_add(ret_out, out.s, out.len);
	*ret_status = status;
	return 0;
}
