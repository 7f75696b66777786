/* Is the spooler alive, and is there a queue? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "client/spooler.h"

static char *dir;
static struct queue *q;

static int setup(_unused_ void **state)
{
	char template[] = "/tmp/test-session-XXXXXX";
	char *error = NULL;
	if (!mkdtemp(template))
		return -1;
	dir = xstrdup(template);
	_cleanup_free_ char *db = xasprintf("%s/db", dir);
	_cleanup_free_ char *path = xasprintf("%s/queue.db", db);
	return file_mkdir_p(db, 0755) < 0 ? -1 : queue_open(path, &q, &error);
}

static int teardown(_unused_ void **state)
{
	queue_close(q);
	int r = file_rm_rf(dir);
	free(dir);
	return r;
}

static void heartbeat_is(double seconds_ago, bool running)
{
	struct spooler s;
	_cleanup_free_ char *wall = xasprintf("%.0f", clock_wall() - seconds_ago);
	assert_int_equal(queue_fact_set(q, "heartbeat", wall), 0);
	spooler_look(q, &s);
	assert_int_equal(s.running, running);
	spooler_release(&s);
}

static void test_heartbeat(_unused_ void **state)
{
	struct spooler s;
	spooler_look(q, &s);
	assert_false(s.running);
	assert_null(s.version);
	heartbeat_is(1, true);
	heartbeat_is(20, true);
	heartbeat_is(60, false);
	heartbeat_is(-3600, false);     /* the clock was set back */
	assert_int_equal(queue_fact_set(q, "heartbeat", "0"), 0);
	assert_int_equal(queue_fact_set(q, "spooler", "1.2.3 4711"), 0);
	spooler_look(q, &s);
	assert_false(s.running);        /* ended in peace */
	assert_string_equal(s.version, "1.2.3");
	assert_int_equal(s.pid, 4711);
	spooler_release(&s);
}

static void test_open_queue(_unused_ void **state)
{
	struct conf conf = { .spool = dir, .data = dir };
	struct queue *reader;
	int count[JOB_STATE_COUNT];
	assert_int_equal(cli_open_queue(&conf, &reader), CLI_OK);
	assert_int_equal(queue_job_counts(reader, count), 0);
	queue_close(reader);
}

static void test_signals_end_a_sleep(_unused_ void **state)
{
	cli_catch_signals();
	assert_false(cli_interrupted());
	raise(SIGINT);
	assert_true(cli_interrupted());
	double start = clock_mono();
	cli_sleep(30);
	assert_true(clock_mono() - start < 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_heartbeat, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_queue, setup, teardown),
		cmocka_unit_test(test_signals_end_a_sleep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
