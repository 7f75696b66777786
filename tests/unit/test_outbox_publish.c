/* Publishing: whole or not at all, repeatable, never over somebody's folder. */
#include <sys/wait.h>
#include <signal.h>

#include "drop_help.h"
#include "outbox/outbox.h"

#define ID "0123456789ab"
#define OTHER "ba9876543210"

struct out { struct box b; struct outbox o; };

static int setup(void **state)
{
	struct out *x = xcalloc(1, sizeof(*x));
	box_new(&x->b);
	x->o = (struct outbox){ x->b.root, 0640, 0750 };
	_cleanup_free_ char *raw = xasprintf("%s/raw/1", x->b.stage), *report = xasprintf("%s/report.html", x->b.stage),
			     *out = xasprintf("%s/raw/1/output.txt", x->b.stage), *link = xasprintf("%s/link", x->b.stage);
	assert_int_equal(file_mkdir_p(raw, 0700), 0);
	assert_int_equal(file_write(report, "report", 6, 0600), 0);
	assert_int_equal(file_write(out, "output", 6, 0600), 0);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct out *x = *state;
	box_free(&x->b);
	free(x);
	return 0;
}

static bool has_text(struct out *x, const char *rel, const char *text)
{
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	_cleanup_free_ char *path = box_path(&x->b, rel);
	return file_read(path, 1 << 20, &t) == 0 && str_eq(t.s, text);
}

static void assert_published(struct out *x, const char *name)
{
	struct stat st;
	_cleanup_free_ char *dir = box_path(&x->b, name), *report = xasprintf("%s/report.html", name),
			     *raw = xasprintf("%s/raw/1/output.txt", name), *id = xasprintf("%s/.nmr-id", name),
			     *link = xasprintf("%s/link", name);
	assert_true(has_text(x, report, "report"));
	assert_true(has_text(x, raw, "output"));
	assert_true(has_text(x, id, ID "\n"));
	assert_false(box_has(&x->b, link));
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	_cleanup_free_ char *file = box_path(&x->b, raw);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_false(box_has(&x->b, ".tmp-" ID));
}

static void test_publish(void **state)
{
	struct out *x = *state;
	assert_int_equal(outbox_status(&x->o, "ethanol", "s"), 0);
	assert_int_equal(outbox_publish(&x->o, x->b.stage, "ethanol", ID), 0);
	assert_published(x, "ethanol");
	assert_false(box_has(&x->b, "ethanol.running"));
	assert_int_equal(outbox_publish(&x->o, x->b.stage, "batch/sub/1-ethanol", ID), 0);
	assert_published(x, "batch/sub/1-ethanol");
}

static void test_again(void **state)
{
	struct out *x = *state;
	assert_int_equal(outbox_publish(&x->o, x->b.stage, "ethanol", ID), 0);
	box_put(&x->b, "ethanol/my notes.txt", "mine");
	assert_int_equal(outbox_status(&x->o, "ethanol", "s"), 0);
	/* It was done; what people put there since stays; the source may be gone. */
	assert_int_equal(outbox_publish(&x->o, "/nonexistent", "ethanol", ID), 0);
	assert_true(has_text(x, "ethanol/my notes.txt", "mine"));
	assert_false(box_has(&x->b, "ethanol.running"));
}

static void test_leftovers(void **state)
{
	struct out *x = *state;
	box_dir(&x->b, ".tmp-" ID "/raw");
	box_put(&x->b, ".tmp-" ID "/half.html", "hal");
	assert_int_equal(outbox_publish(&x->o, x->b.stage, "ethanol", ID), 0);
	assert_published(x, "ethanol");
	assert_false(box_has(&x->b, "ethanol/half.html"));
}

static void test_taken(void **state)
{
	struct out *x = *state;
	box_dir(&x->b, "ethanol");
	box_put(&x->b, "ethanol/precious", "x");
	assert_int_equal(outbox_publish(&x->o, x->b.stage, "ethanol", ID), -EEXIST);
	assert_true(has_text(x, "ethanol/precious", "x"));
	assert_false(box_has(&x->b, "ethanol/report.html"));
	assert_int_equal(outbox_publish(&x->o, x->b.stage, "other", OTHER), 0);
	assert_int_equal(outbox_publish(&x->o, x->b.stage, "other", ID), -EEXIST);
	box_dir(&x->b, "empty");                 /* not even an empty folder is replaced */
	assert_int_equal(outbox_publish(&x->o, x->b.stage, "empty", ID), -EEXIST);
	assert_false(box_has(&x->b, ".tmp-" ID));
}

static void test_errors(void **state)
{
	struct out *x = *state;
	assert_int_equal(outbox_publish(&x->o, "/nonexistent", "a", ID), -ENOENT);
	assert_int_equal(outbox_publish(&x->o, x->b.stage, "a", "../x"), -EINVAL);
	assert_false(box_has(&x->b, "a"));
	assert_false(box_has(&x->b, ".tmp-" ID));
}

static bool in_use(const char *id, void *arg)
{
	*(int *)arg += 1;
	return str_eq(id, ID);
}

static void test_sweep(void **state)
{
	struct out *x = *state;
	int asked = 0;
	box_dir(&x->b, ".tmp-" ID "/x");
	box_dir(&x->b, ".tmp-" OTHER "/x");
	box_dir(&x->b, ".tmp-failed-" OTHER);
	box_put(&x->b, ".tmp-file-" OTHER, "x");
	box_dir(&x->b, "ethanol.tmp-");
	box_dir(&x->b, ".other");
	assert_int_equal(outbox_sweep(&x->o, in_use, &asked), 0);
	assert_int_equal(asked, 2);
	assert_true(box_has(&x->b, ".tmp-" ID "/x"));
	assert_false(box_has(&x->b, ".tmp-" OTHER));
	assert_false(box_has(&x->b, ".tmp-failed-" OTHER));
	assert_false(box_has(&x->b, ".tmp-file-" OTHER));
	assert_true(box_has(&x->b, "ethanol.tmp-"));
	assert_true(box_has(&x->b, ".other"));
}

/* Killed at many moments: the name holds all or nothing, and a repeat makes it whole. */
static void test_killed(void **state)
{
	struct out *x = *state;
	int whole = 0;
	for (int i = 0; i < 40; i++) {
		_cleanup_free_ char *target = box_path(&x->b, "ethanol");
		assert_int_equal(file_rm_rf(target), 0);
		pid_t pid = fork();
		if (pid == 0)
			_exit(outbox_publish(&x->o, x->b.stage, "ethanol", ID) < 0);
		assert_true(pid > 0);
		sleep_s(i * 0.0005);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		if (box_has(&x->b, "ethanol")) {
			whole++;
			assert_true(has_text(x, "ethanol/report.html", "report"));
			assert_true(has_text(x, "ethanol/raw/1/output.txt", "output"));
			assert_true(has_text(x, "ethanol/.nmr-id", ID "\n"));
		}
		assert_int_equal(outbox_publish(&x->o, x->b.stage, "ethanol", ID), 0);
		assert_published(x, "ethanol");
	}
	assert_true(whole < 40);                 /* else nothing was tested */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_publish), T(test_again), T(test_leftovers), T(test_taken), T(test_errors), T(test_sweep), T(test_killed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
