/* Event loop on epoll. Removed sources are freed only between rounds, so that an
 * event already fetched never meets freed memory. Timers are a short unsorted
 * list: the daemon has a handful. Never logs. */
#include "base/loop.h"

#include <errno.h>
#include <math.h>
#include <sys/epoll.h>

#include "base/clock.h"

struct loop_source {
	int fd;                 /* -1: a timer */
	double due;
	void (*fn)(void *arg);
	void *arg;
	bool removed;
	struct loop_source *next;
};

struct loop {
	int epfd;
	bool quit;
	struct loop_source *all;
};

struct loop *loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd < 0) {
		free(l);
		return NULL;
	}
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	while (l->all) {
		struct loop_source *s = l->all;
		l->all = s->next;
		free(s);
	}
	close(l->epfd);
	free(l);
}

static struct loop_source *add_source(struct loop *l, int fd, void (*fn)(void *), void *arg)
{
	struct loop_source *s = xcalloc(1, sizeof(*s));
	*s = (struct loop_source){ .fd = fd, .fn = fn, .arg = arg, .next = l->all };
	l->all = s;
	return s;
}

static struct loop_source *add_fd(struct loop *l, int fd, uint32_t events, void (*fn)(void *), void *arg)
{
	struct loop_source *s = add_source(l, fd, fn, arg);
	struct epoll_event ev = { .events = events, .data.ptr = s };
	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		s->removed = true;
		return NULL;
	}
	return s;
}

struct loop_source *loop_add(struct loop *l, int fd, void (*fn)(void *arg), void *arg)
{
	return add_fd(l, fd, EPOLLIN, fn, arg);
}

struct loop_source *loop_add_exception(struct loop *l, int fd, void (*fn)(void *arg), void *arg)
{
	return add_fd(l, fd, EPOLLPRI, fn, arg);
}

struct loop_source *loop_after(struct loop *l, double seconds, void (*fn)(void *arg), void *arg)
{
	struct loop_source *s = add_source(l, -1, fn, arg);
	s->due = clock_mono() + seconds;
	return s;
}

void loop_remove(struct loop *l, struct loop_source *s)
{
	if (!s || s->removed)
		return;
	if (s->fd >= 0)
		epoll_ctl(l->epfd, EPOLL_CTL_DEL, s->fd, NULL);
	s->removed = true;
}

static void sweep(struct loop *l)
{
	struct loop_source **p = &l->all;
	while (*p) {
		struct loop_source *s = *p;
		if (s->removed) {
			*p = s->next;
			free(s);
		} else
			p = &s->next;
	}
}

static int next_timeout_ms(const struct loop *l)
{
	double due = INFINITY;
	for (const struct loop_source *s = l->all; s; s = s->next)
		if (s->fd < 0 && !s->removed)
			due = fmin(due, s->due);
	if (isinf(due))
		return -1;
	double ms = ceil((due - clock_mono()) * 1000);
	return ms <= 0 ? 0 : ms > 3600e3 ? 3600000 : (int)ms;
}

static void run_timers(struct loop *l)
{
	double now = clock_mono();
	for (struct loop_source *s = l->all; s && !l->quit; s = s->next) {
		if (s->fd >= 0 || s->removed || s->due > now)
			continue;
		s->removed = true;
		s->fn(s->arg);
	}
}

int loop_run(struct loop *l)
{
	struct epoll_event ev[32];
	l->quit = false;
	while (!l->quit) {
		int n = epoll_wait(l->epfd, ev, (int)ARRAY_SIZE(ev), next_timeout_ms(l));
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n && !l->quit; i++) {
			struct loop_source *s = ev[i].data.ptr;
			if (!s->removed)
				s->fn(s->arg);
		}
		if (!l->quit)
			run_timers(l);
		sweep(l);
	}
	return 0;
}

void loop_quit(struct loop *l) { l->quit = true; }
