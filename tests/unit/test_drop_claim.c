/* Claiming and taking away: what was looked at is what is copied and removed; a
 * file that is another one by then is never lost. */
#include <pthread.h>

#include "drop_help.h"
#include "drop/internal.h"

static const struct drop_rules quick = { .quiet_s = 0.02, .quiet_remote_s = 0.05, .empty_report_s = 5, .size_max = 1 << 30 };
#define MAX_SIZE ((size_t)1 << 30)

static int setup(void **state)
{
	struct box *b = xcalloc(1, sizeof(*b));
	box_new(b);
	box_rules(b, &quick);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	box_free(*state);
	free(*state);
	return 0;
}

static char *staged(const struct box *b, const char *name, char *ret, size_t n)
{
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	_cleanup_free_ char *path = xasprintf("%s/%s", b->stage, name);
	snprintf(ret, n, "%s", file_read(path, 1 << 20, &t) == 0 ? t.s : "(none)");
	return ret;
}

static bool stage_is_empty(const struct box *b)
{
	char text[16];
	return str_eq(staged(b, "structure", text, sizeof(text)), "(none)") &&
	       str_eq(staged(b, "ticket", text, sizeof(text)), "(none)");
}

static void settle_one(struct box *b, const char *path, struct seen_pass *all)
{
	box_settle(b, all);
	assert_non_null(item_of(all, path));
}

static void test_claim_and_take_away(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	struct drop_claim c;
	char text[64];
	box_dir(b, "sub");
	box_put(b, "sub/a.mol", "structure");
	box_put(b, "sub/a.conf", "solvent = D2O\n");
	settle_one(b, "sub/a.mol", &all);
	assert_int_equal(drop_claim(b->root, item_of(&all, "sub/a.mol"), b->stage, MAX_SIZE, &c), 0);
	assert_string_equal(c.path, "sub/a.mol");
	assert_string_equal(c.ticket, "sub/a.conf");
	assert_string_equal(c.ticket_text, "solvent = D2O\n");
	assert_int_equal(c.ticket_len, 14);
	assert_int_equal(c.size, 9);
	assert_int_equal(strlen(c.key), 64);
	char sum[SHA256_HEX_LEN];
	sha256_hex("structure", 9, sum);
	assert_string_equal(c.sha256, sum);
	assert_string_equal(staged(b, "structure", text, sizeof(text)), "structure");
	assert_string_equal(staged(b, "ticket", text, sizeof(text)), "solvent = D2O\n");
	assert_true(box_has(b, "sub/a.mol"));    /* not before its row is durable */
	assert_int_equal(drop_take_away(b->root, &c), 0);
	assert_false(box_has(b, "sub/a.mol"));
	assert_false(box_has(b, "sub/a.conf"));
	assert_true(box_has(b, "sub"));
	assert_int_equal(drop_take_away(b->root, &c), 0);    /* gone is fine */
	drop_claim_release(&c);
	pass_release(&all);
	/* Nothing is left in the folder for claimed files. */
	_cleanup_free_ char *claimed = box_path(b, CLAIMED_DIR);
	assert_int_equal(rmdir(claimed), 0);
}

/* The key knows a drop again, and another drop of the same content is another. */
static void test_key(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	struct drop_claim one, two;
	_cleanup_free_ char *path = box_path(b, "a.smi"), *structure = xasprintf("%s/structure", b->stage);
	box_put(b, "a.smi", "CCO");
	settle_one(b, "a.smi", &all);
	assert_int_equal(drop_claim(b->root, item_of(&all, "a.smi"), b->stage, MAX_SIZE, &one), 0);
	unlink(structure);
	assert_int_equal(drop_claim(b->root, item_of(&all, "a.smi"), b->stage, MAX_SIZE, &two), 0);
	unlink(structure);
	assert_string_equal(one.key, two.key);
	drop_claim_release(&two);
	pass_release(&all);
	unlink(path);
	box_put(b, "a.smi", "CCO");              /* often the same inode */
	settle_one(b, "a.smi", &all);
	assert_int_equal(drop_claim(b->root, item_of(&all, "a.smi"), b->stage, MAX_SIZE, &two), 0);
	assert_string_not_equal(one.key, two.key);
	assert_int_equal(drop_take_away(b->root, &one), -ESTALE);
	assert_int_equal(drop_take_away(b->root, &two), 0);
	drop_claim_release(&one);
	drop_claim_release(&two);
	pass_release(&all);
}

static void test_changed_before_claim(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	struct drop_claim c;
	_cleanup_free_ char *path = box_path(b, "a.smi"), *other = box_path(b, "b.smi");
	box_put(b, "a.smi", "CCO");
	settle_one(b, "a.smi", &all);
	const struct drop_item *it = item_of(&all, "a.smi");
	box_put(b, "a.smi", "CCN");              /* rewritten in place */
	assert_int_equal(drop_claim(b->root, it, b->stage, MAX_SIZE, &c), -EAGAIN);
	box_put(b, "b.smi", "CCO");
	assert_int_equal(rename(other, path), 0);    /* replaced */
	assert_int_equal(drop_claim(b->root, it, b->stage, MAX_SIZE, &c), -EAGAIN);
	assert_int_equal(unlink(path), 0);       /* gone */
	assert_int_equal(drop_claim(b->root, it, b->stage, MAX_SIZE, &c), -EAGAIN);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(drop_claim(b->root, it, b->stage, MAX_SIZE, &c), -EAGAIN);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(drop_claim(b->root, it, b->stage, MAX_SIZE, &c), -EAGAIN);
	assert_true(stage_is_empty(b));
	pass_release(&all);
}

static void test_folder_becomes_a_link(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	struct drop_claim c;
	_cleanup_free_ char *sub = box_path(b, "sub"), *aside = xasprintf("%s/aside", b->dir);
	box_dir(b, "sub");
	box_put(b, "sub/a.smi", "CCO");
	settle_one(b, "sub/a.smi", &all);
	assert_int_equal(rename(sub, aside), 0);
	assert_int_equal(symlink(aside, sub), 0);
	/* The very same file, but by way of a link that leads out of the inbox. */
	assert_int_equal(drop_claim(b->root, item_of(&all, "sub/a.smi"), b->stage, MAX_SIZE, &c), -EAGAIN);
	assert_true(stage_is_empty(b));
	pass_release(&all);
}

static void test_open_writer(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	struct drop_claim c;
	_cleanup_free_ char *path = box_path(b, "a.smi"), *ticket = box_path(b, "a.conf");
	box_put(b, "a.smi", "CCO");
	box_put(b, "a.conf", "solvent = D2O\n");
	settle_one(b, "a.smi", &all);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(drop_claim(b->root, item_of(&all, "a.smi"), b->stage, MAX_SIZE, &c), -EAGAIN);
	close(fd);
	fd = open(ticket, O_WRONLY | O_CLOEXEC);
	assert_int_equal(drop_claim(b->root, item_of(&all, "a.smi"), b->stage, MAX_SIZE, &c), -EAGAIN);
	close(fd);
	assert_true(stage_is_empty(b));
	unlink(ticket);                          /* a ticket that has gone changes the options */
	assert_int_equal(drop_claim(b->root, item_of(&all, "a.smi"), b->stage, MAX_SIZE, &c), -EAGAIN);
	assert_true(stage_is_empty(b));
	pass_release(&all);
}

static void test_sizes(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	struct drop_claim c;
	box_put(b, "a.smi", "CCO");
	settle_one(b, "a.smi", &all);
	assert_int_equal(drop_claim(b->root, item_of(&all, "a.smi"), b->stage, 2, &c), -EFBIG);
	assert_true(stage_is_empty(b));
	assert_int_equal(drop_claim(b->root, item_of(&all, "a.smi"), b->stage, 3, &c), 0);
	drop_claim_release(&c);
	/* The staging folder must be there and without an earlier claim. */
	assert_int_equal(drop_claim(b->root, item_of(&all, "a.smi"), "/nonexistent", 3, &c), -ENOENT);
	pass_release(&all);
}

/* ---- while the copy is being made */

struct race { struct box *b; void (*act)(struct box *b); };

static void *race_main(void *arg)
{
	struct race *r = arg;
	_cleanup_free_ char *copy = xasprintf("%s/structure", r->b->stage);
	while (!file_exists(copy))
		sleep_s(0.0005);
	r->act(r->b);
	return NULL;
}

static void act_replace(struct box *b)
{
	_cleanup_free_ char *path = box_path(b, "a.sdf"), *other = box_path(b, "new.tmp");
	rename(other, path);
}

static void act_open(struct box *b)
{
	_cleanup_free_ char *path = box_path(b, "a.sdf");
	/* Waits in the kernel until the lease is given back. */
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "NEW", 3, 0), 3);
	close(fd);
}

static void run_race(struct box *b, void (*act)(struct box *b), const char *expected)
{
	struct seen_pass all;
	struct drop_claim c;
	pthread_t t;
	struct race race = { b, act };
	_cleanup_free_ char *path = box_path(b, "a.sdf"), *big = xmalloc(24 << 20);
	memset(big, 'x', 24 << 20);
	assert_int_equal(file_write(path, big, 24 << 20, 0644), 0);
	box_put(b, "new.tmp", "NEW");
	settle_one(b, "a.sdf", &all);
	pthread_create(&t, NULL, race_main, &race);
	int r = drop_claim(b->root, item_of(&all, "a.sdf"), b->stage, MAX_SIZE, &c);
	pthread_join(t, NULL);
	assert_int_equal(r, -EAGAIN);
	assert_true(stage_is_empty(b));
	char head[4] = "";
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, head, 3), 3);
	assert_string_equal(head, expected);
	pass_release(&all);
}

static void test_replaced_during_copy(void **state) { run_race(*state, act_replace, "NEW"); }
static void test_opened_during_copy(void **state) { run_race(*state, act_open, "NEW"); }

/* ---- between claim and removal */

static void claim_one(struct box *b, const char *name, struct drop_claim *c)
{
	struct seen_pass all;
	settle_one(b, name, &all);
	assert_int_equal(drop_claim(b->root, item_of(&all, name), b->stage, MAX_SIZE, c), 0);
	pass_release(&all);
}

static void test_replaced_before_removal(void **state)
{
	struct box *b = *state;
	struct drop_claim c;
	_cleanup_free_ char *path = box_path(b, "a.smi"), *other = box_path(b, "b");
	_cleanup_(buf_release) struct buf t = BUF_INIT;
	box_put(b, "a.smi", "CCO");
	box_put(b, "a.conf", "solvent = D2O\n");
	claim_one(b, "a.smi", &c);
	box_put(b, "b", "CCN");
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(drop_take_away(b->root, &c), -ESTALE);
	assert_int_equal(file_read(path, 100, &t), 0);
	assert_string_equal(t.s, "CCN");
	assert_true(box_has(b, "a.conf"));       /* the new one's ticket now */
	drop_claim_release(&c);
}

static void test_rewritten_before_removal(void **state)
{
	struct box *b = *state;
	struct drop_claim c;
	box_put(b, "a.smi", "CCO");
	claim_one(b, "a.smi", &c);
	box_put(b, "a.smi", "CCN");
	assert_int_equal(drop_take_away(b->root, &c), -ESTALE);
	assert_true(box_has(b, "a.smi"));
	drop_claim_release(&c);
}

/* Somebody opened it after the claim and goes on writing: it comes back. */
static void test_writer_before_removal(void **state)
{
	struct box *b = *state;
	struct drop_claim c;
	_cleanup_free_ char *path = box_path(b, "a.smi");
	box_put(b, "a.smi", "CCO");
	claim_one(b, "a.smi", &c);
	_unused_ _cleanup_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(drop_take_away(b->root, &c), -ESTALE);
	assert_true(box_has(b, "a.smi"));
	drop_claim_release(&c);
}

static void test_longest_name(void **state)
{
	struct box *b = *state;
	struct drop_claim c;
	char name[256];
	memset(name, 'n', 255);
	name[255] = '\0';
	box_put(b, name, "CCO");
	claim_one(b, name, &c);
	assert_int_equal(drop_take_away(b->root, &c), 0);
	assert_false(box_has(b, name));
	drop_claim_release(&c);
}

/* A folder that may be read and not written. */
static void test_read_only(void **state)
{
	struct box *b = *state;
	struct drop_claim c;
	_cleanup_free_ char *sub = box_path(b, "sub");
	box_dir(b, "sub");
	box_put(b, "sub/a.smi", "CCO");
	claim_one(b, "sub/a.smi", &c);
	assert_int_equal(chmod(sub, 0555) | chmod(b->root, 0555), 0);
	powers(false);
	int r = drop_take_away(b->root, &c);
	powers(true);
	assert_int_equal(r, -EACCES);
	assert_true(box_has(b, "sub/a.smi"));
	assert_int_equal(chmod(sub, 0755) | chmod(b->root, 0755), 0);
	drop_claim_release(&c);
}

/* The root is not ours to write, the subfolder is: claimed beside the file. */
static void test_only_subfolder_writable(void **state)
{
	struct box *b = *state;
	struct drop_claim c;
	_cleanup_free_ char *sub = box_path(b, "sub");
	box_dir(b, "sub");
	box_put(b, "sub/a.smi", "CCO");
	claim_one(b, "sub/a.smi", &c);
	assert_int_equal(chmod(sub, 0755) | chmod(b->root, 0555), 0);
	powers(false);
	int r = drop_take_away(b->root, &c);
	powers(true);
	assert_int_equal(r, 0);
	assert_false(box_has(b, "sub/a.smi"));
	assert_false(box_has(b, "sub/" CLAIMED_DIR));
	assert_int_equal(chmod(b->root, 0755), 0);
	drop_claim_release(&c);
}

/* Interrupted between moving aside and removing: what the job has goes, anything else
 * is put back. */
static void test_rest(void **state)
{
	struct box *b = *state;
	struct drop_claim c;
	static const char job[] = "0123456789ab";
	_cleanup_free_ char *copy = xasprintf("%s/ticket", b->stage);
	bool there = true;
	box_dir(b, "sub");
	box_put(b, "sub/a.smi", "CCO");
	claim_one(b, "sub/a.smi", &c);           /* b->stage/structure */
	drop_claim_release(&c);
	assert_int_equal(file_write(copy, "solvent = D2O\n", 14, 0644), 0);
	box_dir(b, CLAIMED_DIR);
	box_put(b, CLAIMED_DIR "/0123456789ab", "CCO");
	box_put(b, CLAIMED_DIR "/0123456789ab.ticket", "solvent = CDCl3\n");
	box_put(b, CLAIMED_DIR "/ba9876543210", "CCO");
	assert_int_equal(drop_take_away_rest(b->root, job, "sub/a.smi", b->stage, &there), 0);
	assert_true(there);
	assert_false(box_has(b, CLAIMED_DIR "/0123456789ab"));
	assert_true(box_has(b, "sub/a.smi"));
	assert_false(box_has(b, CLAIMED_DIR "/0123456789ab.ticket"));
	assert_true(box_has(b, "sub/a.smi.conf"));       /* another ticket than the job has */
	assert_true(box_has(b, CLAIMED_DIR "/ba9876543210"));
	box_put(b, CLAIMED_DIR "/0123456789ab", "CCC");
	assert_int_equal(drop_take_away_rest(b->root, job, "gone/b.smi", b->stage, &there), 0);
	assert_true(box_has(b, "b.smi"));                /* its folder is gone */
	assert_int_equal(drop_take_away_rest(b->root, job, "sub/c.smi", b->stage, &there), 0);
	assert_false(there);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_claim_and_take_away), T(test_key), T(test_changed_before_claim), T(test_folder_becomes_a_link),
		T(test_open_writer), T(test_sizes), T(test_replaced_during_copy), T(test_opened_during_copy),
		T(test_replaced_before_removal), T(test_rewritten_before_removal), T(test_writer_before_removal),
		T(test_longest_name), T(test_read_only), T(test_only_subfolder_writable),
		T(test_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
