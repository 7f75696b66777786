/* The lock of a spool. The rest of base/file.h is seen at work in all other tests. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <cmocka.h>

#define PATH "/tmp/nmr-test-lock-XXXXXX"

static int lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return file_lock(fd);
}

/* Ends when the test does. */
static pid_t fork_sleeper(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

/* A spooler that is killed while a child of it has not come to its exec. */
static void a_child_does_not_have_it(_unused_ void **state)
{
	char path[] = PATH;
	int told[2], status;
	pid_t child = 0;
	close(mkstemp(path));
	assert_int_equal(pipe(told), 0);
	pid_t holder = fork();
	if (holder == 0) {
		int r = lock(path);
		child = fork_sleeper();
		_exit(r || write(told[1], &child, sizeof(child)) != (ssize_t)sizeof(child));
	}
	assert_int_equal(read(told[0], &child, sizeof(child)), sizeof(child));
	assert_int_equal(waitpid(holder, &status, 0), holder);
	assert_int_equal(status, 0);
	assert_int_equal(kill(child, 0), 0);
	assert_int_equal(lock(path), 0);
	kill(child, SIGKILL);
	unlink(path);
}

static void one_process_has_it(_unused_ void **state)
{
	char path[] = PATH;
	int status;
	close(mkstemp(path));
	assert_int_equal(lock(path), 0);
	pid_t other = fork();
	if (other == 0) {
		int r = lock(path);
		_exit(r == -EAGAIN || r == -EACCES ? 0 : 1);
	}
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_int_equal(status, 0);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_does_not_have_it), cmocka_unit_test(one_process_has_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
