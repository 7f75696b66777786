/* The door's entries, the inbox's README, and paths that lead out. */
#include "drop_help.h"
#include "drop/internal.h"
#include "nmr/options.h"

static int setup(void **state)
{
	struct box *b = xcalloc(1, sizeof(*b));
	box_new(b);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	box_free(*state);
	free(*state);
	return 0;
}

static void test_door(void **state)
{
	struct box *b = *state;
	struct door_list l;
	struct timespec times[2] = { { 100, 0 }, { 100, 0 } };
	_cleanup_free_ char *old = box_path(b, "req-1.json"), *link = box_path(b, "bbbbbbbbbbbb"),
			     *file_link = box_path(b, "cccccccccccc/a.mol");
	box_dir(b, "0123456789ab");
	box_put(b, "0123456789ab/ethanol.mol", "x");
	box_put(b, "0123456789ab/ticket", "solvent = D2O\n");
	box_put(b, "0123456789ab/.hidden", "x");
	box_dir(b, "aaaaaaaaaaaa");              /* without a structure */
	box_put(b, "aaaaaaaaaaaa/ticket", "x");
	assert_int_equal(symlink("0123456789ab", link), 0);
	box_dir(b, "cccccccccccc");
	assert_int_equal(symlink("/etc/passwd", file_link), 0);
	box_dir(b, ".tmp-dddddddddddd");
	box_put(b, ".tmp-dddddddddddd/a.mol", "x");
	box_dir(b, "not an id");
	box_put(b, "eeeeeeeeeeee", "a file");
	box_put(b, "req-1.json", "{}");
	box_put(b, "req-.json", "{}");
	box_put(b, ".req-2.json", "{}");
	box_dir(b, "req-3.json");
	assert_int_equal(utimensat(AT_FDCWD, old, times, 0), 0);
	assert_int_equal(door_scan(b->root, &l), 0);
	assert_int_equal(l.n, 4);
	assert_int_equal(l.error, 0);
	assert_string_equal(l.item[0].name, "req-1.json");       /* the oldest first */
	assert_true(l.item[0].request);
	assert_null(l.item[0].file);
	bool seen[3] = { false };
	for (size_t i = 1; i < l.n; i++) {
		const struct door_item *it = &l.item[i];
		assert_false(it->request);
		if (str_eq(it->name, "0123456789ab")) {
			assert_string_equal(it->file, "ethanol.mol");
			assert_string_equal(it->ticket, "ticket");
			seen[0] = true;
		} else {
			assert_null(it->file);
			seen[str_eq(it->name, "aaaaaaaaaaaa") ? 1 : 2] = true;
		}
	}
	assert_true(seen[0] && seen[1] && seen[2]);
	door_list_release(&l);
	assert_int_equal(door_scan("/nonexistent", &l), -ENOENT);
}

static void test_readme(void **state)
{
	struct box *b = *state;
	static const char *const hot[] = { "CDCl3", "DMSO-d6" };
	struct stat one, two;
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	_cleanup_free_ char *path = box_path(b, "README.txt");
	_cleanup_free_ char *error = NULL;
	struct share *share = share_load("spooler/share", &error);
	assert_non_null(share);
	assert_int_equal(drop_write_readme(b->root, share, hot, 2), 0);
	assert_int_equal(file_read(path, 1 << 16, &t), 0);
	assert_non_null(strstr(t.s, "      DMSO-d6\r\n"));
	assert_non_null(strstr(t.s, "disappears"));
	assert_non_null(strstr(t.s, "cancel"));
	assert_non_null(strstr(t.s, "retry"));
	for (enum option i = 0; i < OPTION_COUNT; i++)
		assert_non_null(strstr(t.s, option_help(i)));
	for (size_t i = 0; share_solvent_at(share, i); i++)
		assert_non_null(strstr(t.s, share_solvent_at(share, i)->deuterated ?: share_solvent_at(share, i)->code));
	for (size_t i = 0; i < t.len; i++)
		assert_true(t.s[i] != '\n' || (i > 0 && t.s[i - 1] == '\r'));
	assert_true(drop_name_is_junk("README.txt"));
	assert_int_equal(stat(path, &one), 0);
	assert_int_equal(drop_write_readme(b->root, share, hot, 2), 0);
	assert_int_equal(stat(path, &two), 0);
	assert_true(one.st_ino == two.st_ino && time_equal(one.st_mtim, two.st_mtim));
	assert_int_equal(drop_write_readme(b->root, share, NULL, 0), 0);
	buf_clear(&t);
	assert_int_equal(file_read(path, 1 << 16, &t), 0);
	assert_null(strstr(t.s, "      DMSO-d6\r\n"));
	assert_true(drop_write_readme("/nonexistent", share, hot, 2) < 0);
	share_free(share);
}

static void test_paths(void **state)
{
	struct box *b = *state;
	const char *name;
	_cleanup_close_ int root = path_open_root(b->root);
	_cleanup_free_ char *up = box_path(b, "up"), *here = box_path(b, "sub/here");
	box_dir(b, "sub");
	box_put(b, "sub/a.mol", "x");
	assert_int_equal(symlink("..", up), 0);
	assert_int_equal(symlink("a.mol", here), 0);
	int fd = path_open(root, "sub/a.mol", O_RDONLY);
	assert_true(fd >= 0);
	close(fd);
	fd = path_open(root, "", O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	close(fd);
	assert_true(path_open(root, "../stage", O_RDONLY) < 0);
	assert_true(path_open(root, "sub/../../stage", O_RDONLY) < 0);
	assert_true(path_open(root, "up/stage", O_RDONLY) < 0);
	assert_true(path_open(root, "sub/here", O_RDONLY) < 0);
	assert_true(path_open(root, "/etc/passwd", O_RDONLY) < 0);
	fd = path_open_parent(root, "sub/a.mol", &name);
	assert_true(fd >= 0);
	assert_string_equal(name, "a.mol");
	close(fd);
	fd = path_open_parent(root, "top.mol", &name);
	assert_true(fd >= 0);
	assert_string_equal(name, "top.mol");
	close(fd);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = { T(test_door), T(test_readme), T(test_paths) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
