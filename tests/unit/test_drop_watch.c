/* The watch only has to say "look", in time and not for our own doings; and where
 * a folder is, remote or local. */

#include "drop_help.h"

struct watched { struct box b; struct drop_watch *w; };

static int setup(void **state)
{
	struct watched *x = xcalloc(1, sizeof(*x));
	box_new(&x->b);
	assert_int_equal(drop_watch_new(x->b.root, &x->w), 0);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct watched *x = *state;
	drop_watch_free(x->w);
	box_free(&x->b);
	free(x);
	return 0;
}

/* 0 nothing, 1 look, 3 look and rescan */
static int drain(struct watched *x)
{
	bool look = false, rescan = false;
	assert_int_equal(drop_watch_read(x->w, &look, &rescan), 0);
	return look | rescan << 1;
}

static void test_files(void **state)
{
	struct watched *x = *state;
	_cleanup_free_ char *a = box_path(&x->b, "a.smi"), *moved = box_path(&x->b, "b.smi"),
			     *linked = box_path(&x->b, "l.smi"), *fifo = box_path(&x->b, "f.smi");
	assert_int_equal(drain(x), 0);
	box_put(&x->b, "a.smi", "CCO");
	assert_int_equal(drain(x), 1);
	assert_string_equal(drop_watch_last(x->w), "CLOSE_WRITE,CLOSE a.smi");
	assert_int_equal(rename(a, moved), 0);
	assert_int_equal(drain(x), 1);
	assert_int_equal(link(moved, linked), 0);
	assert_int_equal(drain(x), 1);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(drain(x), 1);
	assert_int_equal(chmod(moved, 0600), 0);
	assert_int_equal(drain(x), 1);
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	assert_int_equal(file_read(moved, 100, &t), 0);
	assert_int_equal(unlink(moved), 0);
	assert_int_equal(drain(x), 0);           /* reading and removing is nothing to look at */
}

static void test_junk_is_silent(void **state)
{
	struct watched *x = *state;
	box_put(&x->b, ".tmp-x", "x");
	box_put(&x->b, "README.txt", "x");
	box_put(&x->b, "a.mol.part", "x");
	box_dir(&x->b, ".nmr-claimed");
	box_put(&x->b, ".nmr-claimed/y", "x");
	assert_int_equal(drain(x), 0);
	_cleanup_free_ char *from = box_path(&x->b, "a.mol.part"), *to = box_path(&x->b, "a.mol");
	assert_int_equal(rename(from, to), 0);   /* the end of a download */
	assert_int_equal(drain(x), 1);
}

/* The events of the inner folders came before their watches; later ones count. */
static void test_new_tree(void **state)
{
	struct watched *x = *state;
	box_dir(&x->b, "a/b/c");
	assert_int_equal(drain(x), 1);
	drain(x);
	box_put(&x->b, "a/b/c/x.smi", "CCO");
	assert_int_equal(drain(x), 1);
	box_put(&x->b, "a/b/y.smi", "CCO");
	assert_int_equal(drain(x), 1);
	/* A tree moved in. */
	_cleanup_free_ char *out = xasprintf("%s/tree/deep", x->b.dir), *from = xasprintf("%s/tree", x->b.dir),
			     *to = box_path(&x->b, "tree");
	assert_int_equal(file_mkdir_p(out, 0755), 0);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(drain(x), 1);
	drain(x);
	box_put(&x->b, "tree/deep/z.smi", "CCO");
	assert_int_equal(drain(x), 1);
	/* Removed and made again at once: the watch is the new one's. */
	_cleanup_free_ char *deep = box_path(&x->b, "tree/deep");
	assert_int_equal(file_rm_rf(deep), 0);
	box_dir(&x->b, "tree/deep");
	assert_int_equal(drain(x), 1);
	drain(x);
	box_put(&x->b, "tree/deep/z.smi", "CCO");
	assert_int_equal(drain(x), 1);
	assert_int_equal(drop_watch_add(x->w, "tree/deep"), 0);
	assert_int_equal(drop_watch_add(x->w, "nowhere"), 0);
}

static void test_root_moves(void **state)
{
	struct watched *x = *state;
	_cleanup_free_ char *aside = xasprintf("%s/aside", x->b.dir);
	assert_int_equal(rename(x->b.root, aside), 0);
	assert_int_equal(mkdir(x->b.root, 0755), 0);
	assert_int_equal(drain(x), 3);
	drain(x);
	box_put(&x->b, "a.smi", "CCO");
	assert_int_equal(drain(x), 1);
	assert_int_equal(file_rm_rf(x->b.root), 0);
	assert_int_equal(drain(x), 3);
	assert_int_equal(mkdir(x->b.root, 0755), 0);
	assert_int_equal(drain(x), 0);           /* nobody tells; the scan reports "" */
	assert_int_equal(drop_watch_add(x->w, ""), 0);
	box_put(&x->b, "a.smi", "CCO");
	assert_int_equal(drain(x), 1);
}

static void test_overflow(void **state)
{
	struct watched *x = *state;
	struct drop_limits l;
	drop_watch_limits(&l);
	assert_true(l.watches > 0 && l.instances > 0 && l.queued > 0);
	if (l.queued > 100000)
		return;
	_cleanup_free_ char *a = box_path(&x->b, "a.smi"), *b = box_path(&x->b, "b.smi");
	box_put(&x->b, "a.smi", "CCO");
	for (long i = 0; i < l.queued / 2 + 1; i++) {
		assert_int_equal(rename(a, b), 0);
		assert_int_equal(rename(b, a), 0);
	}
	assert_int_equal(drain(x), 3);
	assert_int_equal(drain(x), 0);
}

static void test_no_root(_unused_ void **state)
{
	struct drop_watch *w = NULL;
	assert_int_equal(drop_watch_new("/nonexistent", &w), -ENOENT);
	assert_null(w);
	drop_watch_free(NULL);
}

static void test_classify(void **state)
{
	struct watched *x = *state;
	const char *why = NULL;
	assert_int_equal(drop_classify(x->b.root, &why), DROP_EVENTS);
	assert_non_null(why);
	why = NULL;
	assert_int_equal(drop_classify("/nonexistent", &why), DROP_POLL);
	assert_non_null(why);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_files), T(test_junk_is_silent), T(test_new_tree), T(test_root_moves), T(test_overflow),
		cmocka_unit_test(test_no_root), T(test_classify),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
