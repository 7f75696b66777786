/* Runs under the real supervisor: ends of every kind, limits, and what happens
 * when the supervisor or the spooler is killed. The programs are tests/fakes/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "exec/procs.h"
#include "exec/record.h"
#include "exec/run.h"

struct fixture { char dir[64]; };

static char *fakes;

static void find_supervisor(void)
{
	const char *bin = getenv("NMR_TEST_BIN");
	_cleanup_free_ char *exec = xasprintf("%s/nmr-exec", bin ? bin : "build/bin");
	run_set_supervisor(exec);
}

static int find_fakes(_unused_ void **state)
{
	find_supervisor();
	fakes = realpath(TEST_DIR "/fakes", NULL);
	return fakes ? 0 : -1;
}

static int forget_fakes(_unused_ void **state)
{
	run_set_supervisor(NULL);
	free(fakes);
	return 0;
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	snprintf(f->dir, sizeof(f->dir), "/tmp/nmr-run-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	file_rm_rf(f->dir);
	free(f);
	return 0;
}

static void nap(double s) { poll(NULL, 0, (int)(s * 1000)); }

static struct run *begin(struct fixture *f, struct run_spec spec, const char *const *argv)
{
	struct run *r = NULL;
	spec.dir = f->dir;
	spec.argv = argv;
	if (spec.grace_s <= 0)
		spec.grace_s = 0.3;
	assert_int_equal(run_start(&spec, &r), 0);
	return r;
}

static struct run *begin_shell(struct fixture *f, struct run_spec spec, const char *script)
{
	return begin(f, spec, (const char *[]){ "sh", "-c", script, NULL });
}

static struct run *begin_fake(struct fixture *f, struct run_spec spec, const char *name, const char *arg)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", fakes, name);
	return begin(f, spec, (const char *[]){ path, arg, NULL });
}

static struct run_record end(struct run *r)
{
	struct run_record rec;
	struct pollfd p = { .fd = run_pidfd(r), .events = POLLIN };
	assert_int_equal(poll(&p, 1, 20000), 1);
	run_reap(r, &rec);
	return rec;
}

/* Whether anything of the run lives, wherever it works. */
static bool is_alive(struct fixture *f)
{
	_cleanup_(pids_release) struct pids p = { 0 };
	struct run_identity id;
	assert_int_equal(record_read_identity(f->dir, &id), 0);
	procs_of_run(f->dir, id.run_id, &p);
	return p.n > 0;
}

static void wait_file(struct fixture *f, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", f->dir, name);
	for (int i = 0; i < 500 && !file_exists(path); i++)
		nap(0.02);
	assert_true(file_exists(path));
}

static void assert_output(struct fixture *f, const char *name, const char *text)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *path = xasprintf("%s/%s", f->dir, name);
	assert_int_equal(file_read(path, 1000, &b), 0);
	assert_string_equal(b.s, text);
}

/* ---- how programs end */

static void output_and_code_are_kept(void **state)
{
	struct run_record rec = end(begin_shell(*state, (struct run_spec){ 0 }, "echo hello; echo oh >&2; exit 7"));
	assert_int_equal(rec.reason, RUN_EXITED);
	assert_int_equal(rec.code, 7);
	assert_output(*state, "stdout", "hello\n");
	assert_output(*state, "stderr", "oh\n");
}

static void half_an_output_is_kept_as_it_is(void **state)
{
	struct run_record rec = end(begin_fake(*state, (struct run_spec){ 0 }, "half", NULL));
	assert_int_equal(rec.reason, RUN_EXITED);
	assert_int_equal(rec.code, 0);
	assert_output(*state, "stdout", "line one\nline tw");
}

static void a_signal_is_told(void **state)
{
	struct run_record rec = end(begin_fake(*state, (struct run_spec){ 0 }, "crash", NULL));
	assert_int_equal(rec.reason, RUN_SIGNALLED);
	assert_int_equal(rec.signal, SIGSEGV);
}

static void a_missing_program_is_told(void **state)
{
	struct run_record rec = end(begin_fake(*state, (struct run_spec){ 0 }, "no-such-program", NULL));
	assert_int_equal(rec.reason, RUN_NOT_STARTED);
	assert_int_equal(rec.err, ENOENT);
}

static void a_missing_folder_is_told(_unused_ void **state)
{
	struct fixture nowhere = { "/tmp/nmr-no-such-folder" };
	struct run_record rec = end(begin_shell(&nowhere, (struct run_spec){ 0 }, "true"));
	assert_int_not_equal(rec.reason, RUN_EXITED);
}

static void a_missing_supervisor_is_told(void **state)
{
	_cleanup_free_ char *nothing = xasprintf("%s/no-such-supervisor", fakes);
	run_set_supervisor(nothing);
	struct run_record rec = end(begin_shell(*state, (struct run_spec){ 0 }, "true"));
	find_supervisor();
	assert_int_equal(rec.reason, RUN_NOT_STARTED);
}

/* ---- what a program finds */

static void environment_reaches_the_program(void **state)
{
	const char *env[] = { "NMR_WORD=a b", NULL };
	struct run_record rec = end(begin_shell(*state, (struct run_spec){ .env = env }, "test \"$NMR_WORD\" = 'a b'"));
	assert_int_equal(rec.code, 0);
}

static void descriptors_and_signals_are_clean(void **state)
{
	sigset_t set, old;
	int leak = dup(1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	signal(SIGUSR2, SIG_IGN);
	struct run *r = begin_shell(*state, (struct run_spec){ 0 },
		"ls /proc/self/fd | wc -l; readlink /proc/self/fd/0; grep SigBlk /proc/self/status; "
		/* Signals 1 to 28: 32 and 33 belong to the C library and cannot be reset. */
		"sed -n 's/^SigIgn:.*\\(.......\\)$/SigIgn \\1/p' /proc/self/status; ulimit -c");
	signal(SIGUSR2, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(end(r).code, 0);
	close(leak);
	/* 0, 1, 2, and the folder that ls reads. */
	assert_output(*state, "stdout",
		      "4\n/dev/null\nSigBlk:\t0000000000000000\nSigIgn 0000000\n0\n");
}

static void stack_and_niceness_are_set(void **state)
{
	struct rlimit l;
	getrlimit(RLIMIT_STACK, &l);
	if (l.rlim_max != RLIM_INFINITY)
		skip();
	int here = getpriority(PRIO_PROCESS, 0);
	struct run *r = begin_shell(*state, (struct run_spec){ .unlimited_stack = true, .nice = 1 }, "ulimit -s; nice");
	assert_int_equal(end(r).code, 0);
	_cleanup_free_ char *want = xasprintf("unlimited\n%d\n", here + 1);
	assert_output(*state, "stdout", want);
}

/* ---- limits */

static void time_is_limited_even_for_the_deaf(void **state)
{
	struct run_record rec = end(begin_fake(*state, (struct run_spec){ .timeout_s = 0.3 }, "deaf", NULL));
	assert_int_equal(rec.reason, RUN_TIMEOUT);
	assert_true(rec.wall_s >= 0.3 && rec.wall_s < 5);
	assert_false(is_alive(*state));
}

static void memory_is_limited(void **state)
{
	struct run_record rec = end(begin_fake(*state, (struct run_spec){ .memory_bytes = 60u << 20 }, "hog", "200"));
	assert_int_equal(rec.reason, RUN_MEMORY);
	assert_true(rec.max_rss > 60u << 20);
}

static void a_flood_can_be_stopped(void **state)
{
	struct run *r = begin_fake(*state, (struct run_spec){ 0 }, "flood", NULL);
	nap(0.05);
	assert_int_equal(run_stop(r), 0);
	struct run_record rec = end(r);
	assert_int_equal(rec.reason, RUN_STOPPED);
	assert_true(rec.cpu_s > 0);
}

/* ---- ending all of it */

static void a_stop_right_after_the_start_counts(void **state)
{
	struct run *r = begin_fake(*state, (struct run_spec){ 0 }, "slow", NULL);
	assert_int_equal(run_stop(r), 0);
	assert_int_equal(end(r).reason, RUN_STOPPED);
	assert_false(is_alive(*state));
}

static void stop_ends_sessions_of_their_own(void **state)
{
	struct run *r = begin_fake(*state, (struct run_spec){ 0 }, "runaway", NULL);
	wait_file(*state, "ready");
	assert_true(is_alive(*state));
	assert_int_equal(run_stop(r), 0);
	assert_int_equal(end(r).reason, RUN_STOPPED);
	assert_false(is_alive(*state));
}

static void leftovers_of_a_finished_program_go(void **state)
{
	struct run_record rec = end(begin_fake(*state, (struct run_spec){ 0 }, "runaway", "end"));
	assert_int_equal(rec.reason, RUN_EXITED);
	assert_int_equal(rec.code, 0);
	assert_false(is_alive(*state));
}

static void those_that_keep_forking_are_caught(void **state)
{
	struct run *r = begin_fake(*state, (struct run_spec){ 0 }, "breeder", NULL);
	wait_file(*state, "ready");
	run_stop(r);
	struct run_record rec = end(r);
	assert_int_equal(rec.reason, RUN_STOPPED);
	assert_true(rec.wall_s < 10);
	for (int i = 0; i < 20; i++) {
		assert_false(is_alive(*state));
		nap(0.01);
	}
}

static void a_killed_supervisor_leaves_nothing(void **state)
{
	struct run *r = begin_fake(*state, (struct run_spec){ 0 }, "runaway", NULL);
	wait_file(*state, "ready");
	kill(run_pid(r), SIGKILL);
	assert_int_equal(end(r).reason, RUN_LOST);
	assert_false(is_alive(*state));
}

/* A "spooler" that starts a run and is killed. */
static void a_killed_spooler_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct run_record rec;
	pid_t spooler = fork();
	if (spooler == 0) {
		begin_fake(f, (struct run_spec){ .grace_s = 100 }, "runaway", NULL);
		for (;;)
			pause();
	}
	wait_file(f, "ready");
	kill(spooler, SIGKILL);
	waitpid(spooler, NULL, 0);
	double since = clock_mono();
	while (is_alive(f) && clock_mono() < since + 10)
		nap(0.02);
	assert_true(clock_mono() < since + 2);
	wait_file(f, "exit.json");
	assert_int_equal(run_record_read(f->dir, &rec), 0);
	assert_int_equal(rec.reason, RUN_ORPHANED);
}

/* MPI ranks sit in groups of their own: only a subreaper ends them all. */
static void mpi_ends_completely(void **state)
{
	const char *env[] = { "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", NULL };
	if (system("command -v mpirun >/dev/null 2>&1") != 0)
		skip();
	struct run *r = begin_shell(*state, (struct run_spec){ .env = env },
		"exec mpirun --bind-to none --oversubscribe -n 2 sh -c 'echo x > ready; exec sleep 100'");
	wait_file(*state, "ready");
	run_stop(r);
	assert_int_equal(end(r).reason, RUN_STOPPED);
	assert_false(is_alive(*state));
}

/* ---- after a restart */

static void leftovers_are_found_by_their_record(void **state)
{
	struct fixture *f = *state;
	struct run *r = begin_fake(f, (struct run_spec){ 0 }, "runaway", NULL);
	wait_file(f, "ready");
	assert_int_equal(run_end_leftover(f->dir, 10), 0);
	assert_false(is_alive(f));
	assert_int_equal(end(r).reason, RUN_STOPPED);
	assert_int_equal(run_end_leftover(f->dir, 1), 0);
}

/* Somebody who looks around in the folder is not a leftover. */
static void bystanders_are_left_alone(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(end(begin_shell(f, (struct run_spec){ 0 }, "true")).code, 0);
	pid_t shell = fork();
	if (shell == 0)
		_exit(chdir(f->dir) == 0 ? execlp("sleep", "sleep", "100", NULL) : 1);
	nap(0.1);
	assert_int_equal(run_end_leftover(f->dir, 1), 0);
	assert_int_equal(waitpid(shell, NULL, WNOHANG), 0);
	kill(shell, SIGKILL);
	waitpid(shell, NULL, 0);
}

/* The pid of a record may belong to another program by now. */
static void a_reused_pid_is_left_alone(void **state)
{
	struct fixture *f = *state;
	pid_t other = fork();
	if (other == 0)
		_exit(execlp("sleep", "sleep", "100", NULL));
	struct run_identity id = { .pid = other, .start = procs_start_time(other) + 1,
				   .pidns = procs_pid_namespace(), .run_id = "000000000000" };
	procs_boot_id(id.boot);
	assert_int_equal(record_write_identity(f->dir, &id), 0);
	assert_int_equal(run_end_leftover(f->dir, 1), 0);
	assert_int_equal(waitpid(other, NULL, WNOHANG), 0);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
}

static void a_record_is_whole_or_refused(void **state)
{
	struct fixture *f = *state;
	struct run_record rec = { .code = 42 };
	_cleanup_free_ char *path = xasprintf("%s/exit.json", f->dir);
	assert_int_equal(run_record_read(f->dir, &rec), -ENOENT);
	assert_int_equal(file_write(path, "{\"reason\": \"exi", 15, 0644), 0);
	assert_int_equal(run_record_read(f->dir, &rec), -EBADMSG);
	assert_int_equal(file_write(path, "{\"reason\": \"bored\"}", 19, 0644), 0);
	assert_int_equal(run_record_read(f->dir, &rec), -EBADMSG);
	assert_int_equal(rec.code, 42);
	struct run_record want = { .reason = RUN_SIGNALLED, .signal = 9, .wall_s = 1.5, .cpu_s = 2.25,
				   .max_rss = 5ull << 32 };
	assert_int_equal(record_write(f->dir, &want), 0);
	assert_int_equal(run_record_read(f->dir, &rec), 0);
	assert_int_equal(rec.reason, RUN_SIGNALLED);
	assert_int_equal(rec.signal, 9);
	assert_true(rec.max_rss == want.max_rss && rec.cpu_s == want.cpu_s && rec.wall_s == want.wall_s);
}

/* ---- short commands */

static void capture_keeps_output_and_status(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	int status = -1;
	const char *ok[] = { "sh", "-c", "echo out; echo err >&2; exit 3", NULL };
	const char *missing[] = { "/no/such/program", NULL };
	assert_int_equal(run_capture(ok, 10, 1000, &b, &status), 0);
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_string_equal(b.s, "out\nerr\n");
	assert_int_equal(run_capture(missing, 10, 1000, &b, &status), 0);
	assert_int_equal(WEXITSTATUS(status), 127);
}

static void capture_is_bounded(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	int status = -1;
	const char *slow[] = { "sleep", "100", NULL };
	const char *mute[] = { "sh", "-c", "exec >/dev/null 2>&1; sleep 100", NULL };
	const char *left[] = { "sh", "-c", "sleep 100 & exit 0", NULL };
	const char *flood[] = { "yes", NULL };
	assert_int_equal(run_capture(slow, 0.1, 1000, &b, &status), -ETIMEDOUT);
	assert_int_equal(run_capture(mute, 0.1, 1000, &b, &status), -ETIMEDOUT);
	assert_int_equal(run_capture(left, 0.1, 1000, &b, &status), -ETIMEDOUT);
	assert_int_equal(run_capture(flood, 10, 10000, &b, &status), -EFBIG);
	assert_int_equal(b.len, 0);
	assert_int_equal(status, -1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static void what_was_ended_did_not_fail(_unused_ void **state)
{
	static const struct { struct run_record rec; bool failed; } cases[] = {
		{ { .reason = RUN_EXITED }, false }, { { .reason = RUN_EXITED, .code = 3 }, true },
		{ { .reason = RUN_SIGNALLED, .signal = SIGSEGV }, true }, { { .reason = RUN_SIGNALLED, .signal = SIGKILL }, true },
		{ { .reason = RUN_SIGNALLED, .signal = SIGTERM }, false }, { { .reason = RUN_STOPPED }, false },
		{ { .reason = RUN_ORPHANED }, false }, { { .reason = RUN_LOST }, false },
		{ { .reason = RUN_TIMEOUT }, true }, { { .reason = RUN_MEMORY }, true }, { { .reason = RUN_NOT_STARTED }, true },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(run_failed_by_itself(&cases[i].rec), cases[i].failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(output_and_code_are_kept), T(half_an_output_is_kept_as_it_is), T(a_signal_is_told),
		T(a_missing_program_is_told), T(a_missing_folder_is_told), T(a_missing_supervisor_is_told),
		T(environment_reaches_the_program), T(descriptors_and_signals_are_clean), T(stack_and_niceness_are_set),
		T(time_is_limited_even_for_the_deaf), T(memory_is_limited), T(a_flood_can_be_stopped),
		T(a_stop_right_after_the_start_counts), T(stop_ends_sessions_of_their_own),
		T(leftovers_of_a_finished_program_go), T(those_that_keep_forking_are_caught),
		T(a_killed_supervisor_leaves_nothing), T(a_killed_spooler_leaves_nothing), T(mpi_ends_completely),
		T(leftovers_are_found_by_their_record), T(bystanders_are_left_alone), T(a_reused_pid_is_left_alone),
		T(a_record_is_whole_or_refused), T(what_was_ended_did_not_fail),
		T(capture_keeps_output_and_status), T(capture_is_bounded),
	};
	return cmocka_run_group_tests(tests, find_fakes, forget_fakes);
}
