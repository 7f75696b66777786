/* A job as people and programs see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cli/view.h"
#include "client/job-json.h"

static const struct term t = { .columns = 80, .rows = 24 };
static struct conf conf = { .outbox = (char *)"/out" };

static struct job running(void)
{
	return (struct job){
		.id = "0123456789ab", .state = JOB_RUNNING, .stage = (char *)"optimise", .name = (char *)"ethanol",
		.outname = (char *)"batch/3-ethanol", .steps_done = 1, .steps_total = 3, .progress = 0.429,
		.eta_s = 600, .updated = 1000, .created = 500, .started = 600,
	};
}

static void detail_is(const struct job *j, const char *expected)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	view_detail(&b, j);
	assert_string_equal(b.s, expected);
}

static void test_detail(_unused_ void **state)
{
	struct job j = running();
	detail_is(&j, "optimising geometries, step 2 of 3");
	j.steps_done = 3;
	detail_is(&j, "optimising geometries, step 3 of 3");
	j.detail = (char *)"optimising conformer 2 of 3, step 7";
	detail_is(&j, "optimising conformer 2 of 3, step 7");
	j.state = JOB_QUEUED;
	detail_is(&j, "waiting");
	j.state = JOB_DONE;
	j.finished = 640;
	detail_is(&j, "took 40 s");
	j.state = JOB_FAILED;
	j.reason = (char *)"It is a radical.";
	detail_is(&j, "It is a radical.");
}

static void test_left(_unused_ void **state)
{
	struct job j = running();
	assert_true(view_left(&j, 1000) == 600);
	assert_true(view_left(&j, 1100) == 500);
	assert_true(view_left(&j, 9999) == 0);
	j.eta_s = -1;
	assert_true(view_left(&j, 1000) < 0);
	j = running();
	j.state = JOB_DONE;
	assert_true(view_left(&j, 1000) < 0);
}

static void test_folder(_unused_ void **state)
{
	static const struct { enum job_state s; const char *folder; } cases[] = {
		{ JOB_RUNNING, "/out/batch/3-ethanol.running" }, { JOB_QUEUED, "/out/batch/3-ethanol.running" },
		{ JOB_DONE, "/out/batch/3-ethanol" }, { JOB_FAILED, "/out/batch/3-ethanol.failed" },
	};
	struct job j = running();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		j.state = cases[i].s;
		_cleanup_free_ char *folder = job_folder(&conf, &j);
		assert_string_equal(folder, cases[i].folder);
	}
	j.state = JOB_CANCELLED;
	assert_null(job_folder(&conf, &j));
}

static void test_rows_fit_and_are_harmless(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	struct job j = running();
	j.outname = (char *)"a\033[31mb and a name that is far too long for its column";
	j.detail = (char *)"words that go on and on and on and on\nand on and on and on and on and on";
	view_table_row(&t, &b, &j, 1000);
	assert_int_equal(b.len, 81);
	assert_null(strchr(b.s, '\033'));
	assert_ptr_equal(strchr(b.s, '\n'), b.s + 80);
	assert_non_null(strstr(b.s, "42 %, "));
	for (int columns = 20; columns < 140; columns += 7) {
		struct term narrow = { .columns = columns, .rows = 24 };
		buf_clear(&b);
		view_progress(&narrow, &b, &j, 1000);
		assert_true((int)b.len < MAX(columns, 36));
		assert_null(strchr(b.s, '\n'));
	}
}

static void test_line(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	struct job j = running();
	view_line(&t, &b, &j, 1000);
	assert_string_equal(b.s, "ethanol: 42 %, 10 min left, optimising geometries, step 2 of 3");
	buf_clear(&b);
	j.state = JOB_CANCELLED;
	view_line(&t, &b, &j, 1000);
	assert_string_equal(b.s, "ethanol: cancelled");
	buf_clear(&b);
	j.state = JOB_FAILED;
	j.reason = (char *)"It is a radical.";
	j.remedy = (char *)"Draw it closed-shell.";
	view_line(&t, &b, &j, 1000);
	assert_string_equal(b.s, "ethanol: failed, It is a radical. Draw it closed-shell.");
	buf_clear(&b);
	j.state = JOB_HELD;
	view_line(&t, &b, &j, 1000);
	assert_string_equal(b.s, "ethanol: held until it is released");
}

static void test_counts(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	int count[JOB_STATE_COUNT] = { 0 };
	view_counts(&b, count);
	assert_string_equal(b.s, "");
	count[JOB_DONE] = 3;
	count[JOB_RUNNING] = 1;
	view_counts(&b, count);
	assert_string_equal(b.s, "1 running, 3 done");
}

static void test_json(_unused_ void **state)
{
	struct job j = running();
	j.options = json_pack("{s:{s:s,s:s}}", "solvent", "value", "water", "origin", "ticket");
	json_t *o = job_json(&conf, &j);
	assert_string_equal(json_str(o, "id", ""), "0123456789ab");
	assert_string_equal(json_str(o, "state", ""), "running");
	assert_string_equal(json_str(o, "created", ""), "1970-01-01T00:08:20Z");
	assert_true(json_is_null(json_object_get(o, "finished")));
	assert_true(json_is_null(json_object_get(o, "reason")));
	assert_string_equal(json_str(json_object_get(json_object_get(o, "options"), "solvent"), "value", ""), "water");
	assert_true(json_num(o, "left_s", 0) == 600);
	json_decref(o);
	json_decref(j.options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_detail), cmocka_unit_test(test_left), cmocka_unit_test(test_folder),
		cmocka_unit_test(test_rows_fit_and_are_harmless), cmocka_unit_test(test_line),
		cmocka_unit_test(test_counts), cmocka_unit_test(test_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
