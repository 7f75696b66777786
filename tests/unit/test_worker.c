/* A worker: order, hand-back, being busy, the end, and a piece that hangs. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/worker.h"

struct note { struct worker *w; char text[64]; pthread_t worked, finished; int rest; };
struct letter { struct note *n; char c; };

static void work_letter(void *arg)
{
	struct letter *l = arg;
	size_t k = strlen(l->n->text);
	l->n->text[k] = l->c;
	l->n->worked = pthread_self();
}

static void done_letter(void *arg)
{
	struct letter *l = arg;
	l->n->finished = pthread_self();
	l->n->rest--;
}

static void dispatch_until(struct worker *w, const int *rest)
{
	struct pollfd p = { .fd = worker_fd(w), .events = POLLIN };
	while (*rest > 0) {
		assert_int_equal(poll(&p, 1, 5000), 1);
		worker_dispatch(w);
	}
}

static void test_order(_unused_ void **state)
{
	struct note n = { .rest = 26 };
	struct letter l[26];
	struct worker *w = worker_new("test");
	for (int i = 0; i < 26; i++) {
		l[i] = (struct letter){ &n, (char)('a' + i) };
		worker_post(w, work_letter, done_letter, &l[i]);
	}
	dispatch_until(w, &n.rest);
	assert_string_equal(n.text, "abcdefghijklmnopqrstuvwxyz");
	assert_false(pthread_equal(n.worked, pthread_self()));
	assert_true(pthread_equal(n.finished, pthread_self()));
	assert_int_equal(worker_pending(w), 0);
	assert_true(worker_busy_s(w) == 0);
	/* Nothing to dispatch: harmless, and the descriptor is quiet. */
	worker_dispatch(w);
	struct pollfd p = { .fd = worker_fd(w), .events = POLLIN };
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_true(worker_free(w, 1));
	assert_true(worker_free(NULL, 1));
}

static void pause_50(_unused_ void *arg) { nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL); }

static void test_free_finishes(_unused_ void **state)
{
	struct note n = { .rest = 2 };
	struct letter a = { &n, 'a' }, b = { &n, 'b' };
	struct worker *w = worker_new("test");
	worker_post(w, pause_50, NULL, NULL);
	worker_post(w, work_letter, done_letter, &a);
	worker_post(w, work_letter, done_letter, &b);
	worker_free(w, 5);
	assert_string_equal(n.text, "ab");
	assert_int_equal(n.rest, 0);
}

static void post_more(void *arg)
{
	struct letter *l = arg;
	if (l->n->rest-- > 0)
		worker_post(l->n->w, work_letter, post_more, l);
}

static void test_free_finishes_what_done_posts(_unused_ void **state)
{
	struct note n = { .rest = 3 };
	struct letter a = { &n, 'a' };
	n.w = worker_new("test");
	worker_post(n.w, work_letter, post_more, &a);
	worker_free(n.w, 5);
	assert_string_equal(n.text, "aaaa");
}

struct hang { pthread_mutex_t lock; };

static void work_hang(void *arg)
{
	struct hang *h = arg;
	pthread_mutex_lock(&h->lock);
	pthread_mutex_unlock(&h->lock);
}

static void never(_unused_ void *arg) { fail_msg("a piece of an abandoned worker was handed back"); }

static void test_hung_is_abandoned(_unused_ void **state)
{
	static struct hang h = { PTHREAD_MUTEX_INITIALIZER };
	pthread_mutex_lock(&h.lock);
	struct worker *w = worker_new("test");
	worker_post(w, work_hang, never, &h);
	worker_post(w, pause_50, never, NULL);
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	assert_true(worker_busy_s(w) > 0.02);
	assert_int_equal(worker_pending(w), 2);
	double start = clock_mono();
	assert_false(worker_free(w, 0.1));
	double took = clock_mono() - start;
	assert_true(took > 0.09 && took < 2);
	/* It comes back after all: it ends and frees what it was left. */
	pthread_mutex_unlock(&h.lock);
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
}

static void work_signals(void *arg)
{
	pthread_sigmask(SIG_SETMASK, NULL, arg);
}

static void test_signals_are_the_loops(_unused_ void **state)
{
	sigset_t set;
	struct worker *w = worker_new("a name longer than the kernel takes");
	worker_post(w, work_signals, NULL, &set);
	worker_free(w, 5);
	assert_int_equal(sigismember(&set, SIGTERM), 1);
	assert_int_equal(sigismember(&set, SIGIO), 1);
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	assert_int_equal(sigismember(&set, SIGTERM), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_free_finishes),
		cmocka_unit_test(test_free_finishes_what_done_posts),
		cmocka_unit_test(test_hung_is_abandoned),
		cmocka_unit_test(test_signals_are_the_loops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
