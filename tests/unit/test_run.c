/* Runs under the real supervisor: ends of every kind, limits, and what happens
 * when the supervisor or the spooler is killed. The programs are small shells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "exec/procs.h"
#include "exec/run.h"

struct fixture { char dir[64]; };

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	const char *bin = getenv("NMR_TEST_BIN");
	_cleanup_free_ char *exec = xasprintf("%s/nmr-exec", bin ? bin : "build/bin");
	run_set_supervisor(exec);
	snprintf(f->dir, sizeof(f->dir), "/tmp/nmr-run-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	run_set_supervisor(NULL);
	file_rm_rf(f->dir);
	free(f);
	return 0;
}

static void nap(double s) { poll(NULL, 0, (int)(s * 1000)); }

static struct run *begin(struct fixture *f, struct run_spec spec, const char *script)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct run *r = NULL;
	spec.dir = f->dir;
	spec.argv = argv;
	if (spec.grace_s <= 0)
		spec.grace_s = 0.3;
	assert_int_equal(run_start(&spec, &r), 0);
	return r;
}

static struct run_record end(struct run *r)
{
	struct run_record rec;
	struct pollfd p = { .fd = run_pidfd(r), .events = POLLIN };
	assert_int_equal(poll(&p, 1, 20000), 1);
	run_reap(r, &rec);
	return rec;
}

static bool has_processes(struct fixture *f)
{
	_cleanup_(pids_release) struct pids p = { 0 };
	procs_of_run(f->dir, NULL, &p);
	return p.n > 0;
}

static void wait_file(struct fixture *f, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", f->dir, name);
	for (int i = 0; i < 500 && !file_exists(path); i++)
		nap(0.02);
	assert_true(file_exists(path));
}

static void output_and_code_are_kept(void **state)
{
	struct fixture *f = *state;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *out = xasprintf("%s/stdout", f->dir);
	struct run_record rec = end(begin(f, (struct run_spec){ 0 }, "echo hello; exit 7"));
	assert_int_equal(rec.reason, RUN_EXITED);
	assert_int_equal(rec.code, 7);
	assert_int_equal(file_read(out, 100, &b), 0);
	assert_string_equal(b.s, "hello\n");
}

static void environment_reaches_the_program(void **state)
{
	struct fixture *f = *state;
	const char *env[] = { "NMR_WORD=a b", NULL };
	struct run_record rec = end(begin(f, (struct run_spec){ .env = env }, "test \"$NMR_WORD\" = 'a b'"));
	assert_int_equal(rec.code, 0);
}

static void a_signal_is_told(void **state)
{
	struct run_record rec = end(begin(*state, (struct run_spec){ 0 }, "kill -SEGV $$"));
	assert_int_equal(rec.reason, RUN_SIGNALLED);
	assert_int_equal(rec.signal, SIGSEGV);
}

static void a_missing_program_is_told(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "/no/such/program", NULL };
	struct run *r = NULL;
	assert_int_equal(run_start(&(struct run_spec){ .dir = f->dir, .argv = argv }, &r), 0);
	struct run_record rec = end(r);
	assert_int_equal(rec.reason, RUN_NOT_STARTED);
	assert_int_equal(rec.err, ENOENT);
}

static void time_is_limited_even_for_the_deaf(void **state)
{
	struct run_record rec = end(begin(*state, (struct run_spec){ .timeout_s = 0.3 },
					  "trap '' TERM; while :; do sleep 0.1; done"));
	assert_int_equal(rec.reason, RUN_TIMEOUT);
	assert_false(has_processes(*state));
}

static void memory_is_limited(void **state)
{
	struct run_record rec = end(begin(*state, (struct run_spec){ .memory_bytes = 60u << 20 },
		"perl -e '$x = \"a\" x (200 << 20); sleep 30'"));
	assert_int_equal(rec.reason, RUN_MEMORY);
	assert_true(rec.max_rss > 60u << 20);
}

static void stop_ends_sessions_of_their_own(void **state)
{
	struct fixture *f = *state;
	struct run *r = begin(f, (struct run_spec){ 0 },
			      "setsid sh -c 'trap \"\" TERM HUP; echo x > ready; while :; do sleep 0.1; done' &"
			      "setsid -f sleep 100; wait");
	wait_file(f, "ready");
	assert_int_equal(run_stop(r), 0);
	assert_int_equal(end(r).reason, RUN_STOPPED);
	assert_false(has_processes(f));
}

static void leftovers_of_a_finished_program_go(void **state)
{
	struct fixture *f = *state;
	struct run_record rec = end(begin(f, (struct run_spec){ 0 }, "setsid -f sleep 100; exit 0"));
	assert_int_equal(rec.reason, RUN_EXITED);
	assert_int_equal(rec.code, 0);
	assert_false(has_processes(f));
}

static void a_killed_supervisor_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct run *r = begin(f, (struct run_spec){ 0 }, "setsid -f sleep 100; echo x > ready; sleep 100");
	wait_file(f, "ready");
	kill(run_pid(r), SIGKILL);
	struct run_record rec = end(r);
	assert_int_equal(rec.reason, RUN_LOST);
	assert_false(has_processes(f));
}

/* A "spooler" that starts a run and is killed. */
static void a_killed_spooler_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	pid_t spooler = fork();
	if (spooler == 0) {
		begin(f, (struct run_spec){ 0 }, "setsid -f sleep 100; echo x > ready; sleep 100");
		for (;;)
			pause();
	}
	wait_file(f, "ready");
	kill(spooler, SIGKILL);
	waitpid(spooler, NULL, 0);
	for (int i = 0; i < 200 && has_processes(f); i++)
		nap(0.02);
	assert_false(has_processes(f));
	wait_file(f, "exit.json");
	struct run_record rec;
	assert_int_equal(run_record_read(f->dir, &rec), 0);
	assert_int_equal(rec.reason, RUN_ORPHANED);
}

static void leftovers_are_found_by_their_record(void **state)
{
	struct fixture *f = *state;
	struct run *r = begin(f, (struct run_spec){ 0 }, "cd /; setsid -f sleep 100; echo x > \"$OLDPWD\"/ready; sleep 100");
	wait_file(f, "ready");
	assert_int_equal(run_end_leftover(f->dir, 10), 0);
	struct run_record rec = end(r);
	assert_int_equal(rec.reason, RUN_STOPPED);
	assert_int_equal(run_end_leftover(f->dir, 1), 0);
}

static void capture_is_bounded(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	int status = -1;
	const char *ok[] = { "sh", "-c", "echo out; echo err >&2; exit 3", NULL };
	const char *slow[] = { "sleep", "100", NULL };
	const char *flood[] = { "yes", NULL };
	assert_int_equal(run_capture(ok, 10, 1000, &b, &status), 0);
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_non_null(strstr(b.s, "out"));
	assert_non_null(strstr(b.s, "err"));
	buf_clear(&b);
	assert_int_equal(run_capture(slow, 0.2, 1000, &b, &status), -ETIMEDOUT);
	assert_int_equal(run_capture(flood, 10, 10000, &b, &status), -EFBIG);
}

/* MPI ranks sit in groups of their own: only a subreaper ends them all. */
static void mpi_ends_completely(void **state)
{
	struct fixture *f = *state;
	const char *env[] = { "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", NULL };
	if (system("command -v mpirun >/dev/null 2>&1") != 0)
		skip();
	struct run *r = begin(f, (struct run_spec){ .env = env },
			      "exec mpirun --bind-to none --oversubscribe -n 2 sh -c 'echo x > ready; exec sleep 100'");
	wait_file(f, "ready");
	run_stop(r);
	assert_int_equal(end(r).reason, RUN_STOPPED);
	assert_false(has_processes(f));
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(output_and_code_are_kept), T(environment_reaches_the_program), T(a_signal_is_told),
		T(a_missing_program_is_told), T(time_is_limited_even_for_the_deaf), T(memory_is_limited),
		T(stop_ends_sessions_of_their_own), T(leftovers_of_a_finished_program_go),
		T(a_killed_supervisor_leaves_nothing), T(a_killed_spooler_leaves_nothing),
		T(leftovers_are_found_by_their_record), T(capture_is_bounded), T(mpi_ends_completely),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
