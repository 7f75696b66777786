/* Looking through the outbox, sweeping stale status folders, retiring old results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "outbox/outbox.h"

#define ID "0123456789ab"

static char dir[64];
static struct outbox out;

static int set_up(_unused_ void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/nmr-look-XXXXXX");
	assert_non_null(mkdtemp(dir));
	out = (struct outbox){ dir, 0644, 0755 };
	return 0;
}

static int tear_down(_unused_ void **state) { return file_rm_rf(dir); }

static char *in_box(const char *relative) { return xasprintf("%s/%s", dir, relative); }

static void put(const char *relative, const char *text)
{
	_cleanup_free_ char *path = in_box(relative);
	_cleanup_free_ char *above = xstrdup(path);
	*strrchr(above, '/') = '\0';
	assert_int_equal(file_mkdir_p(above, 0755), 0);
	assert_int_equal(file_write(path, text, strlen(text), 0644), 0);
}

static bool there(const char *relative)
{
	_cleanup_free_ char *path = in_box(relative);
	return file_exists(path);
}

static void result(const char *outname)
{
	_cleanup_free_ char *report = xasprintf("%s/report.html", outname);
	_cleanup_free_ char *id = xasprintf("%s/.nmr-id", outname);
	put(report, "x");
	put(id, ID "\n");
}

static int note(const struct outbox_entry *e, void *arg)
{
	static const char kinds[] = { [OUTBOX_RESULT] = '=', [OUTBOX_RUNNING] = '>', [OUTBOX_FAILED] = '!', [OUTBOX_TMP] = '.' };
	struct buf *b = arg;
	buf_addf(b, "%c%s", kinds[e->found], e->outname);
	if (e->found == OUTBOX_RESULT)
		assert_string_equal(e->id, ID);
	return 0;
}

static void every_kind_is_found(_unused_ void **state)
{
	const char *const expected[] = { "=a", "=group/sub/b", ">group/c", "!group/sub/d", "..tmp-x" };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	result("a");
	result("group/sub/b");
	result("a/raw/inner");                   /* inside a result: not entered */
	put("group/c.running/STATUS.txt", "x");
	put("group/sub/d.failed/FAILED.txt", "x");
	put("e.running", "a file");
	put(".tmp-x/y", "x");
	put(".hidden/f.running/STATUS.txt", "x");
	assert_int_equal(outbox_each(&out, note, &b), 0);
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_non_null(strstr(b.s, expected[i]));
		n += strlen(expected[i]);
	}
	assert_int_equal(b.len, n);
}

static void links_are_not_followed(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *link = in_box("link");
	put("g/x.running/STATUS.txt", "x");
	assert_int_equal(symlink("g", link), 0);
	assert_int_equal(outbox_each(&out, note, &b), 0);
	assert_string_equal(b.s, ">g/x");
}

static bool is_live(const char *name, _unused_ void *arg) { return str_eq(name, "g/live"); }

static void stale_status_folders_go(_unused_ void **state)
{
	put("g/live.running/STATUS.txt", "x");
	put("g/dead.running/STATUS.txt", "x");
	put("g/asked.running/STATUS.txt", "x");
	put("g/asked.running/Cancel.txt", "x");
	put("g/used.running/cancelled orders.txt", "x");
	assert_int_equal(outbox_sweep_running(&out, is_live, NULL), 0);
	assert_true(there("g/live.running"));
	assert_false(there("g/dead.running"));
	assert_false(there("g/asked.running"));
	assert_true(there("g/used.running"));
}

static void old_results_go(_unused_ void **state)
{
	result("g/a");
	assert_int_equal(outbox_retire(&out, "g/a", "ffffffffffff"), 0);
	assert_int_equal(outbox_retire(&out, "g/none", ID), 0);
	assert_int_equal(outbox_retire(&out, "../x", ID), 0);
	assert_true(there("g/a/report.html"));
	assert_int_equal(outbox_retire(&out, "g/a", ID), 1);
	assert_false(there("g"));
	assert_true(file_exists(dir));
}

static void set_time(const char *relative, time_t later)
{
	_cleanup_free_ char *path = in_box(relative);
	struct timespec t[2] = { { .tv_sec = time(NULL) + later }, { .tv_sec = time(NULL) + later } };
	assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static void changed_results_stay(_unused_ void **state)
{
	result("a");
	put("a/.DS_Store", "x");
	put("a/raw/01-x/output.txt", "x");
	set_time("a/raw/01-x/output.txt", 3600);
	assert_int_equal(outbox_retire(&out, "a", ID), 0);
	assert_true(there("a/report.html"));
	set_time("a/raw/01-x/output.txt", 0);
	set_time("a/.DS_Store", 3600);
	assert_int_equal(outbox_retire(&out, "a", ID), 1);
}

static void old_failures_go(_unused_ void **state)
{
	put("a.failed/FAILED.txt", "Id: " ID "\n");
	put("b.failed/FAILED.txt", "Id: " ID "\n");
	put("b.failed/retry.txt", "x");
	set_time("b.failed/retry.txt", 3600);
	assert_int_equal(outbox_retire_failed(&out, "a", "ffffffffffff"), 0);
	assert_int_equal(outbox_retire_failed(&out, "a", ID), 1);
	assert_int_equal(outbox_retire_failed(&out, "b", ID), 0);
	assert_false(there("a.failed"));
	assert_true(there("b.failed/FAILED.txt"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = { T(every_kind_is_found), T(links_are_not_followed), T(stale_status_folders_go),
					    T(old_results_go), T(changed_results_stay), T(old_failures_go) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
