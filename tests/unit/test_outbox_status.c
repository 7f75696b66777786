/* Status and failure folders, taken names, plain files, control files. */
#include "drop_help.h"
#include "outbox/outbox.h"

struct out { struct box b; struct outbox o; };

static int setup(void **state)
{
	struct out *x = xcalloc(1, sizeof(*x));
	box_new(&x->b);
	x->o = (struct outbox){ x->b.root, 0664, 0775 };
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

static void assert_text(struct out *x, const char *rel, const char *text)
{
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	_cleanup_free_ char *path = box_path(&x->b, rel);
	assert_int_equal(file_read(path, 1 << 20, &t), 0);
	assert_string_equal(t.s, text);
}

static void assert_mode(struct out *x, const char *rel, mode_t mode)
{
	struct stat st;
	_cleanup_free_ char *path = box_path(&x->b, rel);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

/* No temporary is left at the top. */
static void assert_clean(struct out *x)
{
	_cleanup_closedir_ DIR *dir = opendir(x->b.root);
	for (struct dirent *d; (d = readdir(dir));)
		assert_false(str_has_prefix(d->d_name, ".tmp-"));
}

static void test_status(void **state)
{
	struct out *x = *state;
	assert_false(outbox_running_exists(&x->o, "group/ethanol"));
	assert_int_equal(outbox_status(&x->o, "group/ethanol", "one"), 0);
	assert_text(x, "group/ethanol.running/STATUS.txt", "one");
	assert_mode(x, "group/ethanol.running/STATUS.txt", 0664);
	assert_mode(x, "group/ethanol.running", 0775);
	assert_mode(x, "group", 0775);
	assert_true(outbox_running_exists(&x->o, "group/ethanol"));
	assert_int_equal(outbox_status(&x->o, "group/ethanol", "two"), 0);
	assert_text(x, "group/ethanol.running/STATUS.txt", "two");
	assert_int_equal(outbox_remove_running(&x->o, "group/ethanol"), 0);
	assert_false(outbox_running_exists(&x->o, "group/ethanol"));
	assert_int_equal(outbox_remove_running(&x->o, "group/ethanol"), 0);
	assert_true(box_has(&x->b, "group"));
	assert_clean(x);
}

/* What cannot be replaced just now is left for the next time. */
static void test_status_held(void **state)
{
	struct out *x = *state;
	assert_int_equal(outbox_status(&x->o, "a", "old"), 0);
	_cleanup_free_ char *dir = box_path(&x->b, "a.running");
	assert_int_equal(chmod(dir, 0555), 0);
	powers(false);
	int r = outbox_status(&x->o, "a", "new");
	powers(true);
	assert_int_equal(r, 0);
	assert_text(x, "a.running/STATUS.txt", "old");
	assert_clean(x);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(outbox_status(&x->o, "a", "new"), 0);
	assert_text(x, "a.running/STATUS.txt", "new");
}

static void test_names_that_lead_out(void **state)
{
	struct out *x = *state;
	static const char *const bad[] = { "../x", "/etc/x", "a/../../x", "", ".", "..", "a//b", "a/.", "./a" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(outbox_status(&x->o, bad[i], "x"), -EINVAL);
		assert_int_equal(outbox_failed(&x->o, bad[i], "x", NULL), -EINVAL);
		assert_int_equal(outbox_file(&x->o, bad[i], "x", 1, false), -EINVAL);
		assert_int_equal(outbox_remove_failed(&x->o, bad[i]), -EINVAL);
		assert_int_equal(outbox_publish(&x->o, x->b.stage, bad[i], "0123456789ab"), -EINVAL);
		assert_true(outbox_has(&x->o, bad[i]));
	}
	/* A link in a folder's place is not followed. */
	_cleanup_free_ char *link = box_path(&x->b, "l.running");
	assert_int_equal(symlink(x->b.stage, link), 0);
	assert_int_equal(outbox_status(&x->o, "l", "x"), -ENOTDIR);
	_cleanup_free_ char *outside = xasprintf("%s/STATUS.txt", x->b.stage);
	assert_false(file_exists(outside));
}

static void test_has(void **state)
{
	struct out *x = *state;
	assert_false(outbox_has(&x->o, "ethanol"));
	box_dir(&x->b, "Ethanol");
	assert_true(outbox_has(&x->o, "Ethanol"));
	assert_true(outbox_has(&x->o, "eTHANOL"));
	assert_false(outbox_has(&x->o, "Ethanol-2"));
	assert_false(outbox_has(&x->o, "Ethan"));
	box_dir(&x->b, "caf\xc3\xa9.running");
	assert_true(outbox_has(&x->o, "cafe\xcc\x81"));
	assert_true(outbox_has(&x->o, "CAF\xc3\x89"));
	box_dir(&x->b, "group/x.failed");
	assert_true(outbox_has(&x->o, "group/X"));
	assert_false(outbox_has(&x->o, "x"));
	assert_false(outbox_has(&x->o, "nogroup/x"));
}

/* A large folder is not read for each question. */
static void test_has_among_many(void **state)
{
	struct out *x = *state;
	for (int i = 0; i < 1200; i++) {
		_cleanup_free_ char *name = xasprintf("many/Molecule %d%s", i, i % 3 == 0 ? "" : i % 3 == 1 ? ".running" : ".failed");
		box_dir(&x->b, name);
	}
	box_dir(&x->b, "many/caf\xc3\xa9");
	for (int again = 0; again < 2; again++) {
		assert_true(outbox_has(&x->o, "many/molecule 0"));
		assert_true(outbox_has(&x->o, "many/MOLECULE 1"));
		assert_true(outbox_has(&x->o, "many/molecule 1199"));
		assert_true(outbox_has(&x->o, "many/CAF\xc3\x89"));
		assert_false(outbox_has(&x->o, "many/molecule 1200"));
		assert_false(outbox_has(&x->o, "many/molecule"));
	}
	/* To the letter at once, in another case as soon as it is read again. */
	box_dir(&x->b, "many/Benzene.failed");
	assert_true(outbox_has(&x->o, "many/Benzene"));
	bool seen = false;
	for (int i = 0; i < 10000 && !seen; i++) {
		seen = outbox_has(&x->o, "many/benzene");
		usleep(1000);
	}
	assert_true(seen);
	_cleanup_free_ char *all = box_path(&x->b, "many");
	assert_int_equal(file_rm_rf(all), 0);
}

static void test_failed(void **state)
{
	struct out *x = *state;
	_cleanup_free_ char *input = xasprintf("%s/ethanol.mol", x->b.stage), *id = box_path(&x->b, "a.failed/old");
	assert_int_equal(file_write(input, "x", 1, 0600), 0);
	assert_int_equal(outbox_status(&x->o, "a", "s"), 0);
	assert_int_equal(outbox_failed(&x->o, "a", "why", x->b.stage), 0);
	assert_text(x, "a.failed/FAILED.txt", "why");
	assert_text(x, "a.failed/input/ethanol.mol", "x");
	assert_mode(x, "a.failed/input/ethanol.mol", 0664);
	assert_mode(x, "a.failed/input", 0775);
	assert_false(box_has(&x->b, "a.running"));
	assert_true(file_exists(input));
	assert_int_equal(file_write(id, "x", 1, 0600), 0);
	assert_int_equal(outbox_failed(&x->o, "a", "again", NULL), 0);   /* replaces, not merges */
	assert_text(x, "a.failed/FAILED.txt", "again");
	assert_false(box_has(&x->b, "a.failed/old"));
	assert_false(box_has(&x->b, "a.failed/input"));
	assert_int_equal(outbox_failed(&x->o, "b/1-c", "why", "/nonexistent"), -ENOENT);
	assert_false(box_has(&x->b, "b/1-c.failed"));
	assert_int_equal(outbox_remove_failed(&x->o, "a"), 0);
	assert_false(box_has(&x->b, "a.failed"));
	assert_clean(x);
}

static void test_file(void **state)
{
	struct out *x = *state;
	assert_int_equal(outbox_file(&x->o, "QUEUE.html", "one", 3, false), 0);
	assert_int_equal(outbox_file(&x->o, "QUEUE.html", "two!", 4, false), 0);
	assert_text(x, "QUEUE.html", "two!");
	assert_int_equal(outbox_file(&x->o, "batch/summary.csv", "", 0, true), 0);
	assert_text(x, "batch/summary.csv", "");
	assert_mode(x, "batch/summary.csv", 0664);
	assert_clean(x);
}

static bool find_control(const struct outbox_controls *c, enum outbox_verb verb, const char *outname)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->item[i].verb == verb && str_eq(c->item[i].outname, outname))
			return true;
	return false;
}

static void test_controls(void **state)
{
	struct out *x = *state;
	struct outbox_controls c;
	static const char *const dirs[] = { "a.running", "b.running", "c.running", "d.failed", "done", "e.running",
					    "group/f.running", "group/batch/1-g.failed", "h.failed", "i.running",
					    "x/y/z/deep.running", ".tmp-0123456789ab/j.running", "result/raw.running", "k.running/cancel" };
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		box_dir(&x->b, dirs[i]);
	box_put(&x->b, "a.running/cancel", "");
	box_put(&x->b, "b.running/Cancel.txt.txt", "");
	box_put(&x->b, "c.running/CANCEL (1).TXT", "");
	box_put(&x->b, "d.failed/retry.txt", "");
	box_put(&x->b, "e.running/cancelled.txt", "");
	box_put(&x->b, "e.running/STATUS.txt", "");
	box_put(&x->b, "group/f.running/cancel.", "");
	box_put(&x->b, "group/batch/1-g.failed/Retry", "");
	box_put(&x->b, "h.failed/cancel", "");           /* no such wish there */
	box_put(&x->b, "i.running/retry", "");
	box_put(&x->b, "e.running/hold", "");
	box_put(&x->b, "i.running/Release.txt", "");
	box_put(&x->b, "x/y/z/deep.running/cancel", "");
	box_put(&x->b, ".tmp-0123456789ab/j.running/cancel", "");
	box_put(&x->b, "done/.nmr-id", "0123456789ab");
	box_put(&x->b, "done/cancel", "");
	box_put(&x->b, "result/.nmr-id", "0123456789ab");
	box_put(&x->b, "result/raw.running/cancel", "");
	assert_int_equal(outbox_controls(&x->o, &c), 0);
	assert_int_equal(c.n, 10);
	assert_true(find_control(&c, OUTBOX_CANCEL, "x/y/z/deep"));
	assert_true(find_control(&c, OUTBOX_HOLD, "e"));
	assert_true(find_control(&c, OUTBOX_RELEASE, "i"));
	assert_true(find_control(&c, OUTBOX_CANCEL, "a"));
	assert_true(find_control(&c, OUTBOX_CANCEL, "b"));
	assert_true(find_control(&c, OUTBOX_CANCEL, "c"));
	assert_true(find_control(&c, OUTBOX_RETRY, "d"));
	assert_true(find_control(&c, OUTBOX_CANCEL, "group/f"));
	assert_true(find_control(&c, OUTBOX_RETRY, "group/batch/1-g"));
	assert_true(find_control(&c, OUTBOX_CANCEL, "k"));       /* a folder called cancel */
	for (size_t i = 0; i < c.n; i++)
		assert_int_equal(outbox_control_remove(&x->o, &c.item[i]), 0);
	outbox_controls_release(&c);
	assert_int_equal(outbox_controls(&x->o, &c), 0);
	assert_int_equal(c.n, 0);
	outbox_controls_release(&c);
	assert_int_equal(outbox_controls(&(struct outbox){ .root = "/nonexistent" }, &c), -ENOENT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_status), T(test_status_held), T(test_names_that_lead_out), T(test_has), T(test_has_among_many), T(test_failed),
		T(test_file), T(test_controls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
