/* Following jobs: what is told, when it ends, and with which result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/file.h"
#include "cli/follow.h"

static char *dir;
static struct queue *q;
static FILE *out;
static char *text;
static size_t len;
static struct conf conf = { .outbox = (char *)"/out" };
static const struct term plain = { .columns = 80, .rows = 24 };
static const struct term tty = { .tty = true, .columns = 80, .rows = 6 };

static int setup(_unused_ void **state)
{
	char template[] = "/tmp/test-follow-XXXXXX";
	char *error = NULL;
	if (!mkdtemp(template))
		return -1;
	dir = xstrdup(template);
	_cleanup_free_ char *path = xasprintf("%s/queue.db", dir);
	if (queue_open(path, &q, &error) < 0)
		return -1;
	out = open_memstream(&text, &len);
	return 0;
}

static int teardown(_unused_ void **state)
{
	fclose(out);
	free(text);
	queue_close(q);
	int r = file_rm_rf(dir);
	free(dir);
	return r;
}

static struct job add(const char *id, const char *name, long long batch)
{
	struct job j;
	job_init(&j);
	snprintf(j.id, sizeof(j.id), "%s", id);
	j.stage = xstrdup("read");
	j.name = xstrdup(name);
	j.outname = xasprintf("%s%s", batch ? "b/" : "", name);
	j.options = json_object();
	j.batch_row = batch;
	assert_int_equal(queue_job_add(q, &j), 0);
	return j;
}

static void change(struct job *j, enum job_event e) { assert_int_equal(queue_set_job_state(q, j, e, NULL, NULL), 0); }

static void look(struct follow *f)
{
	rewind(out);
	follow_update(f, q);
	fputc('\0', out);
	fflush(out);
}

static void test_lines_tell_changes_once(_unused_ void **state)
{
	struct follow *f = follow_new(&conf, out, &plain, FOLLOW_LINES);
	follow_add(f, "0123456789ab");
	look(f);
	assert_string_equal(text, "");
	assert_false(follow_ended(f));
	struct job j = add("0123456789ab", "ethanol", 0);
	look(f);
	assert_string_equal(text, "ethanol: queued, waiting\n");
	look(f);
	assert_string_equal(text, "");
	change(&j, JOB_EV_START);
	look(f);
	assert_non_null(strstr(text, "ethanol: 0 %, reading the file"));
	j.progress = 0.3;
	assert_int_equal(queue_job_set_progress(q, &j), 0);
	look(f);
	assert_string_equal(text, "");
	assert_false(follow_ended(f));
	assert_int_equal(queue_set_job_state(q, &j, JOB_EV_FAIL, "It is a radical.", NULL), 0);
	look(f);
	assert_string_equal(text, "ethanol: failed, It is a radical.\n");
	assert_true(follow_ended(f));
	assert_int_equal(follow_failures(f), 1);
	job_release(&j);
	follow_free(f);
}

/* A file of many records: the job becomes a batch with the same id. */
static void test_job_becomes_a_batch(_unused_ void **state)
{
	struct follow *f = follow_new(&conf, out, &plain, FOLLOW_SILENT);
	follow_add(f, "0123456789ab");
	struct job j = add("0123456789ab", "many", 0);
	look(f);
	struct batch b;
	batch_init(&b);
	snprintf(b.id, sizeof(b.id), "0123456789ab");
	b.name = xstrdup("many");
	b.outname = xstrdup("many");
	b.total = 2;
	assert_int_equal(queue_batch_add(q, &b), 0);
	struct job one = add("aaaaaaaaaaaa", "1", b.row), two = add("bbbbbbbbbbbb", "2", b.row);
	assert_int_equal(queue_job_delete(q, j.row), 0);
	look(f);
	assert_false(follow_ended(f));
	change(&one, JOB_EV_START);
	change(&one, JOB_EV_PUBLISH);
	change(&one, JOB_EV_FINISH);
	look(f);
	assert_false(follow_ended(f));
	change(&two, JOB_EV_CANCEL);
	look(f);
	assert_true(follow_ended(f));
	assert_int_equal(follow_failures(f), 1);
	struct job *all[] = { &j, &one, &two };
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		job_release(all[i]);
	batch_release(&b);
	follow_free(f);
}

static void test_bars_stay_on_the_screen(_unused_ void **state)
{
	struct follow *f = follow_new(&conf, out, &tty, FOLLOW_BARS);
	look(f);
	assert_non_null(strstr(text, "nothing is running"));
	for (int i = 0; i < 9; i++) {
		char id[16], name[16];
		snprintf(id, sizeof(id), "%012d", i);
		snprintf(name, sizeof(name), "job%d", i);
		struct job j = add(id, name, 0);
		if (i == 5)
			change(&j, JOB_EV_START);
		job_release(&j);
	}
	look(f);
	assert_true(str_has_prefix(text, "\033[1A\rjob5"));     /* what runs comes first */
	assert_non_null(strstr(text, "and 5 more"));
	look(f);
	assert_true(str_has_prefix(text, "\033[5A"));
	assert_false(follow_ended(f));
	follow_free(f);
}

static void test_json(_unused_ void **state)
{
	struct follow *f = follow_new(&conf, out, &plain, FOLLOW_JSON);
	follow_add(f, "ethanol");
	struct job j = add("0123456789ab", "ethanol", 0);
	look(f);
	json_t *o = json_loads(text, 0, NULL);
	assert_non_null(o);
	assert_string_equal(json_str(o, "state", ""), "queued");
	json_decref(o);
	job_release(&j);
	follow_free(f);
}

static void test_no_queue_yet(_unused_ void **state)
{
	struct follow *f = follow_new(&conf, out, &plain, FOLLOW_LINES);
	follow_add(f, "x");
	follow_update(f, NULL);
	assert_false(follow_ended(f));
	follow_clear(f);
	follow_free(f);
	follow_free(NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_lines_tell_changes_once), T(test_job_becomes_a_batch),
					    T(test_bars_stay_on_the_screen), T(test_json), T(test_no_queue_yet) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
