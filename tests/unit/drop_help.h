/* A temporary inbox for the tests of drop and outbox. */
#ifndef NMR_TESTS_DROP_HELP_H
#define NMR_TESTS_DROP_HELP_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "drop/drop.h"

struct box { char *dir, *root, *stage; struct drop_scan *scan; };

static inline char *box_path(const struct box *b, const char *rel) { return xasprintf("%s/%s", b->root, rel); }

static inline void box_put(const struct box *b, const char *rel, const char *text)
{
	_cleanup_free_ char *p = box_path(b, rel);
	int fd = open(p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static inline void box_dir(const struct box *b, const char *rel)
{
	_cleanup_free_ char *p = box_path(b, rel);
	assert_int_equal(file_mkdir_p(p, 0755), 0);
}

static inline bool box_has(const struct box *b, const char *rel)
{
	struct stat st;
	_cleanup_free_ char *p = box_path(b, rel);
	return lstat(p, &st) == 0;
}

static inline void box_new(struct box *b)
{
	const char *tmp = getenv("TMPDIR");
	b->dir = xasprintf("%s/nmr-drop-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(b->dir));
	b->root = xasprintf("%s/inbox", b->dir);
	b->stage = xasprintf("%s/stage", b->dir);
	assert_int_equal(mkdir(b->root, 0755), 0);
	assert_int_equal(mkdir(b->stage, 0755), 0);
	b->scan = NULL;
}

static inline void box_rules(struct box *b, const struct drop_rules *rules)
{
	drop_scan_free(b->scan);
	b->scan = drop_scan_new(b->root, "", rules);
}

static inline void box_free(struct box *b)
{
	drop_scan_free(b->scan);
	assert_int_equal(file_rm_rf(b->dir), 0);
	free(b->dir);
	free(b->root);
	free(b->stage);
}

static inline void sleep_s(double s)
{
	struct timespec t = { (time_t)s, (long)((s - (double)(time_t)s) * 1e9) };
	nanosleep(&t, NULL);
}

/* Root's powers over other people's files, switched off and on again. Without
 * root nothing has to be done. */
static inline void powers(bool on)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];
	const unsigned bits = 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH | 1U << CAP_LEASE;
	assert_int_equal(syscall(SYS_capget, &h, d), 0);
	d[0].effective = on ? d[0].effective | (bits & d[0].permitted) : d[0].effective & ~bits;
	assert_int_equal(syscall(SYS_capset, &h, d), 0);
}

struct seen_pass { struct drop_list l; char **dirs; size_t ndirs; double next_s; };

static inline void pass_release(struct seen_pass *p)
{
	drop_list_release(&p->l);
	for (size_t i = 0; i < p->ndirs; i++)
		free(p->dirs[i]);
	free(p->dirs);
	*p = (struct seen_pass){ 0 };
}

static inline void box_pass(struct box *b, size_t max, struct seen_pass *p)
{
	*p = (struct seen_pass){ .next_s = -1 };
	assert_int_equal(drop_scan_pass(b->scan, max, &p->l, &p->dirs, &p->ndirs, &p->next_s), 0);
}

/* Passes until nothing is settling any more; all items of all passes, though an
 * item comes again in each pass as long as it is not taken away, count once. */
static inline void box_settle(struct box *b, struct seen_pass *all)
{
	*all = (struct seen_pass){ .next_s = -1 };
	for (double end = clock_mono() + 10; clock_mono() < end;) {
		struct seen_pass p;
		box_pass(b, 1000000, &p);
		for (size_t i = 0; i < p.l.n; i++) {
			bool known = false;
			for (size_t k = 0; k < all->l.n; k++)
				known = known || (str_eq(all->l.item[k].path, p.l.item[i].path) &&
						  all->l.item[k].kind == p.l.item[i].kind);
			if (known)
				continue;
			all->l.item = xreallocarray(all->l.item, all->l.n + 1, sizeof(*all->l.item));
			all->l.item[all->l.n++] = p.l.item[i];
			p.l.item[i] = (struct drop_item){ 0 };
		}
		double next = p.next_s;
		pass_release(&p);
		if (next < 0)
			return;
		sleep_s(MIN(next, 0.5));
	}
	fail_msg("the inbox does not come to rest");
}

static inline const struct drop_item *item_of(const struct seen_pass *p, const char *path)
{
	for (size_t i = 0; i < p->l.n; i++)
		if (str_eq(p->l.item[i].path, path))
			return &p->l.item[i];
	return NULL;
}

static inline void assert_settled(const struct seen_pass *p, const char *path, const char *ticket)
{
	const struct drop_item *it = item_of(p, path);
	if (!it)
		fail_msg("%s was not found settled", path);
	assert_int_equal(it->kind, DROP_SETTLED);
	if (ticket)
		assert_non_null(it->ticket);
	assert_true(str_eq(it->ticket, ticket));
}

static inline void assert_trouble(const struct seen_pass *p, const char *path, const char *code)
{
	const struct drop_item *it = item_of(p, path);
	if (!it)
		fail_msg("no trouble with %s", path);
	assert_int_equal(it->kind, DROP_TROUBLE);
	assert_string_equal(it->trouble, code);
	assert_true(strlen(it->why) > 5 && strlen(it->remedy) > 5);
}

#endif
