/* A thread with a queue. Three places for a piece of work: the queue, the
 * thread's hand, the list of finished pieces; one mutex guards them all. The
 * eventfd is written once for each finished piece, under that mutex, so that a
 * loop that reads it and then takes the whole list misses nothing.
 *
 * A thread that hangs in the kernel cannot be ended. worker_free() then gives it
 * the structure to keep: the thread frees it if it ever comes back. Signals are
 * blocked in the thread; they belong to the loop. Never logs. */
#include "base/worker.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "base/clock.h"

struct piece {
	void (*work)(void *);
	void (*done)(void *);
	void *arg;
	struct piece *next;
};

struct pieces { struct piece *first, **end; };

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;      /* work came, work was finished, the end was asked for */
	struct pieces queue, finished;
	size_t pending;              /* posted and not yet dispatched */
	double since;                /* of the piece in hand; 0: idle */
	int fd;
	bool stop, abandoned;
};

static void pieces_init(struct pieces *p)
{
	p->first = NULL;
	p->end = &p->first;
}

static void pieces_add(struct pieces *p, struct piece *x)
{
	x->next = NULL;
	*p->end = x;
	p->end = &x->next;
}

static struct piece *pieces_take(struct pieces *p)
{
	struct piece *x = p->first;
	if (x && !(p->first = x->next))
		p->end = &p->first;
	return x;
}

static void pieces_free(struct pieces *p)
{
	for (struct piece *x; (x = pieces_take(p));)
		free(x);
}

static void worker_destroy(struct worker *w)
{
	pieces_free(&w->queue);
	pieces_free(&w->finished);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->changed);
	close(w->fd);
	free(w);
}

/* The next piece, or NULL at the end. Called with the lock held. */
static struct piece *wait_for_piece(struct worker *w)
{
	while (!w->queue.first && !w->stop && !w->abandoned)
		pthread_cond_wait(&w->changed, &w->lock);
	return w->abandoned ? NULL : pieces_take(&w->queue);
}

static void finish_piece(struct worker *w, struct piece *p)
{
	static const uint64_t one = 1;
	pieces_add(&w->finished, p);
	w->since = 0;
	pthread_cond_broadcast(&w->changed);
	/* Fails only when 2^64 pieces wait: then the loop has been told anyway. */
	while (write(w->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void *thread_main(void *arg)
{
	struct worker *w = arg;
	pthread_mutex_lock(&w->lock);
	for (struct piece *p; (p = wait_for_piece(w));) {
		w->since = clock_mono();
		pthread_mutex_unlock(&w->lock);
		p->work(p->arg);
		pthread_mutex_lock(&w->lock);
		finish_piece(w, p);
	}
	bool abandoned = w->abandoned;
	pthread_mutex_unlock(&w->lock);
	if (abandoned)
		worker_destroy(w);
	return NULL;
}

static void init_condition(pthread_cond_t *c)
{
	pthread_condattr_t a;
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(c, &a);
	pthread_condattr_destroy(&a);
}

static int start_thread(struct worker *w, const char *name)
{
	sigset_t all, old;
	char short_name[16];
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int r = pthread_create(&w->thread, NULL, thread_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	snprintf(short_name, sizeof(short_name), "%s", name);
	if (r == 0)
		pthread_setname_np(w->thread, short_name);
	return -r;
}

struct worker *worker_new(const char *name)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	pieces_init(&w->queue);
	pieces_init(&w->finished);
	pthread_mutex_init(&w->lock, NULL);
	init_condition(&w->changed);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd >= 0 && start_thread(w, name) == 0)
		return w;
	/* Without its threads the program can do nothing, and nothing has begun. */
	die("cannot start the thread \"%s\": too many threads or open files", name);
}

void worker_post(struct worker *w, void (*work)(void *), void (*done)(void *), void *arg)
{
	struct piece *p = xmalloc(sizeof(*p));
	*p = (struct piece){ work, done, arg, NULL };
	pthread_mutex_lock(&w->lock);
	assert(!w->stop);
	pieces_add(&w->queue, p);
	w->pending++;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

int worker_fd(const struct worker *w) { return w->fd; }

static struct piece *take_finished(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	struct piece *p = pieces_take(&w->finished);
	if (p)
		w->pending--;
	pthread_mutex_unlock(&w->lock);
	return p;
}

void worker_dispatch(struct worker *w)
{
	uint64_t n;
	/* Cleared before the list is taken: a piece that ends meanwhile rings again. */
	ssize_t r = read(w->fd, &n, sizeof(n));
	(void)r;
	for (struct piece *p; (p = take_finished(w));) {
		if (p->done)
			p->done(p->arg);
		free(p);
	}
}

size_t worker_pending(const struct worker *w)
{
	struct worker *m = (struct worker *)w;
	pthread_mutex_lock(&m->lock);
	size_t n = m->pending;
	pthread_mutex_unlock(&m->lock);
	return n;
}

double worker_busy_s(const struct worker *w)
{
	struct worker *m = (struct worker *)w;
	pthread_mutex_lock(&m->lock);
	double s = m->since > 0 ? clock_mono() - m->since : 0;
	pthread_mutex_unlock(&m->lock);
	return s;
}

static void deadline_in(double s, struct timespec *ret_t)
{
	clock_gettime(CLOCK_MONOTONIC, ret_t);
	s = MAX(s, 0);
	ret_t->tv_sec += (time_t)s;
	ret_t->tv_nsec += (long)((s - (double)(time_t)s) * 1e9);
	if (ret_t->tv_nsec >= 1000000000) {
		ret_t->tv_nsec -= 1000000000;
		ret_t->tv_sec++;
	}
}

/* Waits until something is finished or nothing is left. False: time is up. */
static bool wait_finished(struct worker *w, const struct timespec *deadline)
{
	int r = 0;
	pthread_mutex_lock(&w->lock);
	while (!w->finished.first && w->pending && r == 0)
		r = pthread_cond_timedwait(&w->changed, &w->lock, deadline);
	bool ok = w->finished.first || !w->pending;
	pthread_mutex_unlock(&w->lock);
	return ok;
}

/* Runs what is queued, and what its done functions post. True: all done. */
static bool drain(struct worker *w, double wait_s)
{
	struct timespec deadline;
	deadline_in(wait_s, &deadline);
	while (worker_pending(w)) {
		if (!wait_finished(w, &deadline))
			return false;
		worker_dispatch(w);
	}
	return true;
}

static void abandon(struct worker *w)
{
	pthread_t thread = w->thread;
	pthread_mutex_lock(&w->lock);
	w->abandoned = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	/* w belongs to the thread from here on. */
	pthread_detach(thread);
}

bool worker_free(struct worker *w, double wait_s)
{
	if (!w)
		return true;
	if (!drain(w, wait_s)) {
		abandon(w);
		return false;
	}
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	worker_destroy(w);
	return true;
}
