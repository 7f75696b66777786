/* The scan: what is finished, what waits, what is told; kinds, names, pairs. */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "drop_help.h"

static const struct drop_rules quick = { .quiet_s = 0.05, .quiet_remote_s = 0.1, .empty_report_s = 0.15,
					 .size_max = 1 << 20 };

static int setup(void **state)
{
	struct box *b = xcalloc(1, sizeof(*b));
	box_new(b);
	box_rules(b, &quick);
	drop_scan_set_hole(b->scan, 0.4);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	box_free(*state);
	free(*state);
	return 0;
}

static void test_empty_inbox(void **state)
{
	struct seen_pass p;
	box_pass(*state, 10, &p);
	assert_int_equal(p.l.n, 0);
	assert_int_equal(p.ndirs, 0);
	assert_true(p.next_s < 0);
	pass_release(&p);
}

static void test_quiet_time(void **state)
{
	struct box *b = *state;
	struct seen_pass p;
	box_put(b, "ethanol.smi", "CCO\n");
	box_pass(b, 10, &p);
	assert_int_equal(p.l.n, 0);
	assert_true(p.next_s > 0 && p.next_s < 0.051);
	pass_release(&p);
	sleep_s(0.06);
	box_put(b, "ethanol.smi", "CCCO\n");     /* changed: the time starts again */
	box_pass(b, 10, &p);
	assert_int_equal(p.l.n, 0);
	pass_release(&p);
	sleep_s(0.06);
	box_pass(b, 10, &p);
	assert_settled(&p, "ethanol.smi", NULL);
	assert_int_equal(p.l.item[0].size, 5);
	assert_true(p.next_s > 0 && p.next_s < 0.051);   /* to see that it is gone */
	pass_release(&p);
	box_pass(b, 10, &p);
	assert_int_equal(p.l.n, 1);
	assert_true(p.next_s < 0);               /* asked for once only */
	pass_release(&p);
}

/* Same size, and the time of modification set back: the time of change tells. */
static void test_rewritten_with_old_times(void **state)
{
	struct box *b = *state;
	struct seen_pass p;
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	_cleanup_free_ char *path = box_path(b, "a.smi");
	box_put(b, "a.smi", "CCO\n");
	utimensat(AT_FDCWD, path, old, 0);
	box_pass(b, 10, &p);
	pass_release(&p);
	sleep_s(0.06);
	box_put(b, "a.smi", "CCN\n");
	utimensat(AT_FDCWD, path, old, 0);
	box_pass(b, 10, &p);
	assert_int_equal(p.l.n, 0);
	pass_release(&p);
}

static void *writer(void *arg)
{
	FILE *f = fopen(arg, "w");
	for (int i = 0; i < 20; i++) {
		fputs("CCO\n", f);
		fflush(f);
		sleep_s(0.02);
	}
	fclose(f);
	return NULL;
}

static void test_growing(void **state)
{
	struct box *b = *state;
	pthread_t t;
	struct seen_pass all;
	_cleanup_free_ char *path = box_path(b, "grows.smi");
	box_put(b, "grows.smi", "C");
	pthread_create(&t, NULL, writer, path);
	box_settle(b, &all);
	pthread_join(t, NULL);
	assert_settled(&all, "grows.smi", NULL);
	assert_int_equal(item_of(&all, "grows.smi")->size, 80);
	pass_release(&all);
}

static void test_held_open(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	_cleanup_free_ char *path = box_path(b, "open.smi");
	box_put(b, "open.smi", "CCO\n");
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	box_settle(b, &all);
	assert_int_equal(all.l.n, 1);
	assert_trouble(&all, "open.smi", "busy");
	pass_release(&all);
	close(fd);
	box_settle(b, &all);
	assert_settled(&all, "open.smi", NULL);
	pass_release(&all);
}

static void test_mapped_writer(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	_cleanup_free_ char *path = box_path(b, "map.smi");
	box_put(b, "map.smi", "CCO\n");
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *m = mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	assert_true(m != MAP_FAILED);
	box_settle(b, &all);
	assert_trouble(&all, "map.smi", "busy");
	pass_release(&all);
	munmap(m, 4);
}

static void test_readers_do_not_matter(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	_cleanup_free_ char *path = box_path(b, "read.smi");
	box_put(b, "read.smi", "CCO\n");
	_unused_ _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	box_settle(b, &all);
	assert_settled(&all, "read.smi", NULL);
	pass_release(&all);
}

static void test_hole(void **state)
{
	struct box *b = *state;
	struct seen_pass all, p;
	_cleanup_free_ char *path = box_path(b, "hole.sdf");
	box_put(b, "hole.sdf", "begin");
	assert_int_equal(truncate(path, 100000), 0);
	box_pass(b, 10, &p);
	pass_release(&p);
	sleep_s(0.1);
	box_pass(b, 10, &p);
	assert_int_equal(p.l.n, 0);              /* quiet, but with a hole */
	pass_release(&p);
	box_settle(b, &all);
	assert_settled(&all, "hole.sdf", NULL);  /* it is just like that */
	pass_release(&all);
}

static void test_kinds(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	_cleanup_free_ char *fifo = box_path(b, "fifo.xyz"), *dangling = box_path(b, "dangling.mol"),
			     *outward = box_path(b, "outward.mol"), *loop = box_path(b, "loop.mol"),
			     *ancestor = box_path(b, "up"), *huge = box_path(b, "huge.sdf"),
			     *hard = box_path(b, "hard.smi"), *outside = xasprintf("%s/outside.smi", b->dir);
	assert_int_equal(mkfifo(fifo, 0644), 0);
	assert_int_equal(symlink("nowhere", dangling), 0);
	assert_int_equal(symlink("/etc/passwd", outward), 0);
	assert_int_equal(symlink("loop.mol", loop), 0);
	assert_int_equal(symlink("..", ancestor), 0);
	assert_int_equal(file_write(outside, "CCO\n", 4, 0644), 0);
	assert_int_equal(link(outside, hard), 0);
	box_put(b, "huge.sdf", "x");
	assert_int_equal(truncate(huge, (off_t)1 << 40), 0);
	box_put(b, "empty.mol", "");
	box_dir(b, "a.xyz");
	box_put(b, "a.xyz/in.smi", "CCO\n");
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/s.mol", b->root);
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&sun, sizeof(sun)), 0);
	box_settle(b, &all);
	assert_trouble(&all, "fifo.xyz", "not-a-file");
	assert_trouble(&all, "dangling.mol", "not-a-file");
	assert_trouble(&all, "outward.mol", "not-a-file");
	assert_trouble(&all, "loop.mol", "not-a-file");
	assert_trouble(&all, "up", "not-a-file");
	assert_trouble(&all, "s.mol", "not-a-file");
	assert_trouble(&all, "huge.sdf", "too-large");
	assert_trouble(&all, "empty.mol", "empty");
	assert_settled(&all, "a.xyz/in.smi", NULL);
	assert_settled(&all, "hard.smi", NULL);
	assert_int_equal(all.l.n, 10);
	pass_release(&all);
}

static void test_unreadable(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	_cleanup_free_ char *file = box_path(b, "secret.smi"), *dir = box_path(b, "closed");
	box_put(b, "secret.smi", "CCO\n");
	box_dir(b, "closed");
	assert_int_equal(chmod(file, 0) | chmod(dir, 0), 0);
	powers(false);
	box_settle(b, &all);
	powers(true);
	assert_trouble(&all, "secret.smi", "unreadable");
	assert_trouble(&all, "closed", "unreadable");
	pass_release(&all);
	assert_int_equal(chmod(dir, 0755) | chmod(file, 0644), 0);
	box_settle(b, &all);
	assert_settled(&all, "secret.smi", NULL);
	pass_release(&all);
}

/* Another owner's file cannot be leased: it settles, but after the longer time. */
static void test_no_lease(void **state)
{
	struct box *b = *state;
	struct seen_pass p, all;
	_cleanup_free_ char *path = box_path(b, "a.smi");
	/* A second, because a busy machine does not wake the test in time. */
	static const struct drop_rules slow = { .quiet_s = 0.05, .quiet_remote_s = 1, .empty_report_s = 30, .size_max = 1 << 20 };
	if (geteuid() != 0)
		return;                          /* one owner only */
	box_rules(b, &slow);
	box_put(b, "a.smi", "CCO\n");
	assert_int_equal(chown(path, 65534, 65534), 0);
	powers(false);
	box_pass(b, 10, &p);
	pass_release(&p);
	sleep_s(0.06);
	box_pass(b, 10, &p);
	size_t early = p.l.n;
	pass_release(&p);
	box_settle(b, &all);
	powers(true);
	assert_int_equal(early, 0);
	assert_settled(&all, "a.smi", NULL);
	assert_int_equal(all.l.item[0].uid, 65534);
	pass_release(&all);
}

static void test_trouble_comes_once(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	box_put(b, "empty.mol", "");
	box_settle(b, &all);
	assert_trouble(&all, "empty.mol", "empty");
	pass_release(&all);
	box_settle(b, &all);
	assert_int_equal(all.l.n, 0);
	box_put(b, "empty.mol", "CCO\n");
	box_settle(b, &all);
	assert_settled(&all, "empty.mol", NULL);
	pass_release(&all);
}

/* Firefox: an empty file of the final name beside the part file. */
static void test_download_shadow(void **state)
{
	struct box *b = *state;
	struct seen_pass p;
	box_put(b, "ethanol.mol", "");
	box_put(b, "ethanol.Ab12.mol.part", "half");
	for (int i = 0; i < 3; i++) {
		box_pass(b, 10, &p);
		assert_int_equal(p.l.n, 0);
		assert_true(p.next_s >= 0);
		pass_release(&p);
		sleep_s(0.1);
	}
}

static void test_names(void **state)
{
	static const char *const names[] = {
		"-rf.smi", "new\nline.smi", "tab\t.smi", "q'uo\"te.smi", "$(reboot).smi", "%s%n.smi", "(1).smi",
		"inv\xff\xfe.smi", "caf\xc3\xa9.smi", "cafe\xcc\x81.smi", ("rtl\xe2\x80\xae" "ims.smi"), "A.smi", "a.smi",
		"dot.", "blank ", "CON", ".xyz", "none", "s.mol", "s.sdf", "*.smi", "back\\slash.smi",
	};
	struct box *b = *state;
	struct seen_pass all;
	char longest[256];
	memset(longest, 'x', 255);
	memcpy(longest + 251, ".smi", 5);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		box_put(b, names[i], "CCO\n");
	box_put(b, longest, "CCO\n");
	box_dir(b, "one");
	box_put(b, "one/A.smi", "CCO\n");
	box_settle(b, &all);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_settled(&all, names[i], NULL);
	assert_settled(&all, longest, NULL);
	assert_settled(&all, "one/A.smi", NULL);
	assert_int_equal(all.l.n, ARRAY_SIZE(names) + 2);
	pass_release(&all);
}

static void test_junk(void **state)
{
	static const char *const junk[] = {
		".DS_Store", "._ethanol.mol", "Thumbs.db", "desktop.ini", "~$ethanol.docx", ".~lock.a.csv#", "a.mol~",
		".a.mol.swp", "4913", ".#a.mol", "a.mol.part", "a.mol.crdownload", "a.partial", "a.filepart", "a.TMP",
		".syncthing.a.mol.tmp", "~syncthing~a.mol", ".a.mol.Xy12Zw", ".goutputstream-AB12", ".fuse_hidden0001",
		".nfs000001", "a.aria2", "README.txt", "readme.TXT", "#a.mol#", ".nmr-claimed", "a.mol.ocTransferId12.part",
		".hidden", "thumbs.DB", "System Volume Information",
	};
	static const char *const fine[] = { "a.mol", ".xyz", ".SMI", "READ.txt", "README", "tmp", "part.mol", "49134",
					    "download.mol", "#1.mol", "README.mol", "~a.mol" };
	struct box *b = *state;
	struct seen_pass all;
	for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
		assert_true(drop_name_is_junk(junk[i]));
		box_put(b, junk[i], "CCO\n");
	}
	for (size_t i = 0; i < ARRAY_SIZE(fine); i++)
		assert_false(drop_name_is_junk(fine[i]));
	box_dir(b, ".hiddendir");
	box_put(b, ".hiddendir/a.mol", "x");
	box_dir(b, "@eaDir/deep");
	box_put(b, "@eaDir/deep/a.mol", "x");
	box_settle(b, &all);
	assert_int_equal(all.l.n, 0);
	pass_release(&all);
}

static void test_folders(void **state)
{
	struct box *b = *state;
	struct seen_pass p;
	box_dir(b, "a/b/c");
	box_pass(b, 10, &p);
	assert_int_equal(p.ndirs, 3);
	assert_string_equal(p.dirs[0], "a");
	assert_string_equal(p.dirs[1], "a/b");
	assert_string_equal(p.dirs[2], "a/b/c");
	pass_release(&p);
	box_pass(b, 10, &p);
	assert_int_equal(p.ndirs, 0);            /* told once */
	pass_release(&p);
	assert_true(box_has(b, "a/b/c"));        /* empty folders stay */
	/* Another folder in its place is a new one. */
	_cleanup_free_ char *c = box_path(b, "a/b/c"), *d = box_path(b, "d");
	assert_int_equal(mkdir(d, 0755), 0);
	assert_int_equal(rmdir(c), 0);
	assert_int_equal(rename(d, c), 0);
	box_pass(b, 10, &p);
	assert_int_equal(p.ndirs, 1);
	assert_string_equal(p.dirs[0], "a/b/c");
	pass_release(&p);
}

/* Deeper than any path the system takes. */
static void test_too_deep(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	char name[201];
	memset(name, 'd', 200);
	name[200] = '\0';
	int fd = open(b->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 25; i++) {
		assert_int_equal(mkdirat(fd, name, 0755), 0);
		int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
		assert_true(fd >= 0);
	}
	close(fd);
	box_settle(b, &all);
	assert_int_equal(all.l.n, 1);
	assert_string_equal(all.l.item[0].trouble, "too-deep");
	pass_release(&all);
	/* What rm -rf by whole paths cannot reach. */
	for (int depth = 24; depth >= 0; depth--) {
		fd = open(b->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		for (int i = 0; i < depth; i++) {
			int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			close(fd);
			fd = next;
		}
		assert_int_equal(unlinkat(fd, name, AT_REMOVEDIR), 0);
		close(fd);
	}
}

static void test_own_results_are_no_input(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	box_dir(b, "ethanol/input");
	box_put(b, "ethanol/.nmr-id", "0123456789ab\n");
	box_put(b, "ethanol/geometry.xyz", "9\n");
	box_put(b, "ethanol/input/ethanol.mol", "x");
	box_settle(b, &all);
	assert_int_equal(all.l.n, 1);            /* passed over, and said */
	assert_int_equal(all.l.item[0].kind, DROP_TROUBLE);
	assert_string_equal(all.l.item[0].path, "ethanol");
	pass_release(&all);
}

static void test_root_replaced(void **state)
{
	struct box *b = *state;
	struct seen_pass p;
	_cleanup_free_ char *aside = xasprintf("%s/aside", b->dir);
	box_pass(b, 10, &p);
	pass_release(&p);
	assert_int_equal(rename(b->root, aside), 0);
	assert_int_equal(drop_scan_pass(b->scan, 10, &p.l, &p.dirs, &p.ndirs, &p.next_s), -ENOENT);
	assert_int_equal(mkdir(b->root, 0755), 0);
	box_put(b, "a.smi", "CCO\n");
	box_pass(b, 10, &p);
	assert_int_equal(p.ndirs, 1);
	assert_string_equal(p.dirs[0], "");
	pass_release(&p);
}

static void test_ignored(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	box_put(b, "a.smi", "CCO\n");
	box_put(b, "a.conf", "solvent = D2O\n");
	box_settle(b, &all);
	const struct drop_item *it = item_of(&all, "a.smi");
	drop_scan_ignore(b->scan, it->dev, it->ino, it->ctime);
	pass_release(&all);
	box_settle(b, &all);
	assert_int_equal(all.l.n, 0);
	box_put(b, "a.smi", "CCN\n");            /* another version is another drop */
	box_settle(b, &all);
	assert_settled(&all, "a.smi", "a.conf");
	pass_release(&all);
}

static void test_max(void **state)
{
	struct box *b = *state;
	struct seen_pass p;
	for (int i = 0; i < 10; i++) {
		_cleanup_free_ char *name = xasprintf("m%d.smi", i);
		box_put(b, name, "CCO\n");
	}
	box_pass(b, 3, &p);
	pass_release(&p);
	sleep_s(0.06);
	box_pass(b, 3, &p);
	assert_int_equal(p.l.n, 3);
	assert_string_equal(p.l.item[0].path, "m0.smi");
	assert_true(p.next_s == 0);
	pass_release(&p);
}

static void make_many(const struct box *b, int from, int to)
{
	_unused_ _cleanup_close_ int fd = open(b->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = from; i < to; i++) {
		char name[32];
		snprintf(name, sizeof(name), "mol-%05d.smi", i);
		int f = openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		assert_int_equal(write(f, "CCO\n", 4), 4);
		close(f);
	}
}

/* Processor time of a pass that meets all files anew, seconds. */
static double cost_of_pass(const struct box *b)
{
	static const struct drop_rules never = { .quiet_s = 3600, .quiet_moved_s = 3600, .size_max = 1 << 20 };
	struct timespec from, to;
	struct seen_pass p;
	struct drop_scan *s = drop_scan_new(b->root, "", &never);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	assert_int_equal(drop_scan_pass(s, 256, &p.l, &p.dirs, &p.ndirs, &p.next_s), 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	assert_int_equal(p.l.n, 0);
	pass_release(&p);
	drop_scan_free(s);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9;
}

static void test_many(void **state)
{
	struct box *b = *state;
	struct seen_pass p;
	make_many(b, 0, 2000);
	double few = cost_of_pass(b);
	make_many(b, 2000, 20000);
	double many = cost_of_pass(b);
	/* Ten times as many; a look-up by walking would cost a hundred times as much. */
	assert_true(many < 40 * few);
	box_pass(b, 256, &p);
	assert_int_equal(p.l.n, 0);
	pass_release(&p);
	sleep_s(0.05);
	for (int i = 0; i < 3; i++) {
		box_pass(b, 256, &p);
		assert_int_equal(p.l.n, 256);
		pass_release(&p);
	}
	box_pass(b, 1000000, &p);
	assert_int_equal(p.l.n, 20000);
	pass_release(&p);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_empty_inbox), T(test_quiet_time), T(test_rewritten_with_old_times), T(test_growing),
		T(test_held_open), T(test_mapped_writer), T(test_readers_do_not_matter), T(test_hole), T(test_kinds),
		T(test_unreadable), T(test_no_lease), T(test_trouble_comes_once), T(test_download_shadow), T(test_names), T(test_junk),
		T(test_folders), T(test_too_deep), T(test_own_results_are_no_input), T(test_root_replaced), T(test_ignored), T(test_max), T(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
