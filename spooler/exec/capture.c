/* Short commands in the foreground: versions, doctor. Bounded in time and output;
 * the command's process group is killed at the end of either. Never logs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/clock.h"
#include "exec/run.h"

static void become_command(const char *const *argv, int out)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0);
	if (null >= 0)
		dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	close_range(3, ~0U, 0);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/* Until the end of the output, the limit or the deadline. 0 or -errno. */
static int read_output(int fd, double deadline, size_t max, struct buf *out)
{
	char chunk[4096];
	for (;;) {
		double left = deadline - clock_mono();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		if (left <= 0)
			return -ETIMEDOUT;
		int n = poll(&p, 1, (int)(left * 1000) + 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0)
			continue;
		ssize_t k = read(fd, chunk, sizeof(chunk));
		if (k == 0)
			return 0;
		if (k < 0 && errno != EINTR)
			return -errno;
		if (k > 0)
			buf_add(out, chunk, (size_t)k);
		if (out->len > max)
			return -EFBIG;
	}
}

int run_capture(const char *const *argv, double timeout_s, size_t max_bytes, struct buf *ret_out, int *ret_status)
{
	int fd[2];
	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		become_command(argv, fd[1]);
	int err = errno;
	close(fd[1]);
	if (pid < 0) {
		close(fd[0]);
		return -err;
	}
	int r = read_output(fd[0], clock_mono() + timeout_s, max_bytes, ret_out);
	close(fd[0]);
	if (r < 0)
		kill(-pid, SIGKILL);
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r == 0)
		*ret_status = status;
	return r;
}
