/* What is asked of one file, on a remote filesystem above all: there the content
 * must be the same twice. Time is an argument, so nothing here waits. */
#include "drop_help.h"
#include "drop/internal.h"

static const struct drop_rules rules = { .quiet_s = 1, .quiet_remote_s = 10, .empty_report_s = 60, .size_max = 1000 };

struct look { struct box b; struct seen_table t; int dirfd; };

static int setup(void **state)
{
	struct look *l = xcalloc(1, sizeof(*l));
	box_new(&l->b);
	seen_init(&l->t);
	l->dirfd = open(l->b.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = l;
	return 0;
}

static int teardown(void **state)
{
	struct look *l = *state;
	seen_release(&l->t);
	close(l->dirfd);
	box_free(&l->b);
	free(l);
	return 0;
}

static struct verdict look(struct look *l, const char *name, bool remote, double now)
{
	struct stat st;
	struct seen *s = seen_get(&l->t, name);
	struct question q = { &rules, 300, remote ? rules.quiet_remote_s : rules.quiet_s, remote, false, now };
	assert_int_equal(fstatat(l->dirfd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	seen_update(s, &st, now);
	return settle_look(s, l->dirfd, name, &q);
}

static void assert_wait(struct verdict v, double least, double most)
{
	assert_int_equal(v.settle, SETTLE_WAIT);
	assert_true(v.wait_s >= least - 1e-6 && v.wait_s <= most + 1e-6);
}

static void test_local(void **state)
{
	struct look *l = *state;
	box_put(&l->b, "a", "CCO");
	assert_wait(look(l, "a", false, 100), 1, 1);
	assert_wait(look(l, "a", false, 100.25), 0.75, 0.75);
	assert_int_equal(look(l, "a", false, 101).settle, SETTLE_READY);
}

static void test_remote_same_twice(void **state)
{
	struct look *l = *state;
	box_put(&l->b, "a", "CCO");
	assert_wait(look(l, "a", true, 100), 10, 10);
	assert_wait(look(l, "a", true, 105), 5, 5);
	assert_wait(look(l, "a", true, 110), 10, 10);    /* first sum */
	assert_wait(look(l, "a", true, 115), 5, 5);
	assert_int_equal(look(l, "a", true, 120).settle, SETTLE_READY);
	assert_int_equal(look(l, "a", true, 121).settle, SETTLE_READY);
	/* Handed out and back again: it must prove itself anew. */
	settle_again(seen_get(&l->t, "a"));
	assert_wait(look(l, "a", true, 122), 10, 10);
}

/* The server's size and times stand still while the content changes. */
static void test_remote_content_moves(void **state)
{
	struct look *l = *state;
	struct seen *s;
	box_put(&l->b, "a", "CCO");
	look(l, "a", true, 100);
	assert_wait(look(l, "a", true, 110), 10, 10);
	s = seen_get(&l->t, "a");
	s->sum[0] = s->sum[0] == '0' ? '1' : '0';        /* what it was then */
	assert_wait(look(l, "a", true, 120), 10, 10);
	assert_int_equal(look(l, "a", true, 130).settle, SETTLE_READY);
}

static void test_writer_is_remote_too(void **state)
{
	struct look *l = *state;
	_cleanup_free_ char *path = box_path(&l->b, "a");
	box_put(&l->b, "a", "CCO");
	_unused_ _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	look(l, "a", true, 100);
	look(l, "a", true, 110);
	/* A lease proves nothing about other machines, so none is asked for. */
	assert_int_equal(look(l, "a", true, 120).settle, SETTLE_READY);
}

static void test_busy_backs_off(void **state)
{
	struct look *l = *state;
	_cleanup_free_ char *path = box_path(&l->b, "a");
	box_put(&l->b, "a", "CCO");
	_unused_ _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	look(l, "a", false, 100);
	assert_wait(look(l, "a", false, 101), 1, 1);
	assert_wait(look(l, "a", false, 102), 2, 2);
	assert_wait(look(l, "a", false, 104), 4, 4);
	assert_wait(look(l, "a", false, 108), 5, 5);
	assert_wait(look(l, "a", false, 158), 2, 2);     /* told after 60 s */
	struct verdict v = look(l, "a", false, 160);
	assert_int_equal(v.settle, SETTLE_TROUBLE);
	assert_string_equal(v.code, "busy");
}

static void test_limits(void **state)
{
	struct look *l = *state;
	char text[1002];
	memset(text, 'C', sizeof(text) - 1);
	text[1001] = '\0';
	box_put(&l->b, "large", text);
	text[1000] = '\0';
	box_put(&l->b, "fits", text);
	look(l, "large", false, 100);
	look(l, "fits", false, 100);
	struct verdict v = look(l, "large", false, 101);
	assert_int_equal(v.settle, SETTLE_TROUBLE);
	assert_string_equal(v.code, "too-large");
	assert_int_equal(look(l, "fits", false, 101).settle, SETTLE_READY);
}

static void test_hole(void **state)
{
	struct look *l = *state;
	_cleanup_free_ char *path = box_path(&l->b, "a");
	struct drop_rules big = rules;
	struct question q = { &big, 300, big.quiet_s, false, false, 0 };
	struct seen *s = seen_get(&l->t, "a");
	struct stat st;
	big.size_max = 1 << 30;
	box_put(&l->b, "a", "x");
	assert_int_equal(truncate(path, 1 << 20), 0);
	assert_int_equal(stat(path, &st), 0);
	seen_update(s, &st, 100);
	q.now = 110;
	assert_wait(settle_look(s, l->dirfd, "a", &q), 5, 5);
	q.now = 398;
	assert_wait(settle_look(s, l->dirfd, "a", &q), 2, 2);
	q.now = 400;
	assert_int_equal(settle_look(s, l->dirfd, "a", &q).settle, SETTLE_READY);
}

static void test_table(_unused_ void **state)
{
	struct seen_table t;
	seen_init(&t);
	for (int i = 0; i < 5000; i++) {
		char path[32];
		snprintf(path, sizeof(path), "sub/%d.mol", i);
		struct seen *s = seen_get(&t, path);
		s->pass = i % 2 ? 7 : 6;
		assert_ptr_equal(seen_get(&t, path), s);
	}
	assert_int_equal(t.n, 5000);
	seen_sweep(&t, 7);
	assert_int_equal(t.n, 2500);
	assert_null(seen_find(&t, "sub/10.mol"));
	assert_non_null(seen_find(&t, "sub/11.mol"));
	seen_release(&t);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_local), T(test_remote_same_twice), T(test_remote_content_moves), T(test_writer_is_remote_too),
		T(test_busy_backs_off), T(test_limits), T(test_hole), cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
