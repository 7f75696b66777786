/* Server-sent events. One thread looks twice a second whether the queue has changed, and
 * only while somebody listens; a listener's connection sleeps until there is something. */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "webui/server/web.h"

#define LOOK_S 0.5
#define MACHINE_LOOKS 20         /* so many looks between two machine events */
#define LISTENERS_MAX 2000
#define BLOCK 4096

struct listener {
	struct events *events;
	struct MHD_Connection *connection;
	struct buf text;         /* to be sent */
	bool asleep, gone;
	struct listener *next;
};

struct events {
	struct web *web;
	pthread_t thread;
	pthread_mutex_t lock;
	struct listener *first;
	size_t n;
	bool ending;
};

static void wake(struct listener *l)
{
	if (!l->asleep)
		return;
	l->asleep = false;
	MHD_resume_connection(l->connection);
}

/* To all; one that does not read misses events rather than filling the memory. */
static void tell(struct events *e, const char *text)
{
	for (struct listener *l = e->first; l; l = l->next) {
		if (l->text.len < 16384)
			buf_adds(&l->text, text);
		wake(l);
	}
}

static char *machine_event(struct events *e, struct queue *q)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_json_ json_t *j = info_machine_json(e->web, q);
	json_add_to(&b, j, false);
	return xasprintf("event: machine\ndata: %s\n\n", b.s);
}

static void look(struct events *e, long long *version, unsigned n)
{
	struct queue *q = pool_try(e->web->pool);
	long long now = cache_version(e->web->cache);
	_cleanup_free_ char *machine = n % MACHINE_LOOKS == 0 ? machine_event(e, q) : NULL;
	_cleanup_free_ char *change = now != *version ? xasprintf("event: change\ndata: {\"version\":%lld}\n\n", now) : NULL;
	pool_put(e->web->pool, q);
	*version = now;
	pthread_mutex_lock(&e->lock);
	if (change)
		tell(e, change);
	if (machine)
		tell(e, machine);
	pthread_mutex_unlock(&e->lock);
}

static void *run(void *arg)
{
	struct events *e = arg;
	long long version = 0;
	struct timespec nap = { 0, (long)(LOOK_S * 1e9) };
	for (unsigned n = 0;; n++) {
		pthread_mutex_lock(&e->lock);
		bool ending = e->ending, any = e->n;
		pthread_mutex_unlock(&e->lock);
		if (ending)
			return NULL;
		if (any)
			look(e, &version, n);
		nanosleep(&nap, NULL);
	}
}

/* ---- a listener */

static ssize_t read_events(void *cls, _unused_ uint64_t at, char *to, size_t max)
{
	struct listener *l = cls;
	struct events *e = l->events;
	pthread_mutex_lock(&e->lock);
	size_t n = MIN(max, l->text.len);
	ssize_t r = (ssize_t)n;
	if (n) {
		memcpy(to, l->text.s, n);
		memmove(l->text.s, l->text.s + n, l->text.len - n + 1);
		l->text.len -= n;
	} else if (e->ending)
		r = MHD_CONTENT_READER_END_OF_STREAM;
	else {
		l->asleep = true;
		MHD_suspend_connection(l->connection);
	}
	pthread_mutex_unlock(&e->lock);
	return r;
}

static void forget(void *cls)
{
	struct listener *l = cls;
	struct events *e = l->events;
	pthread_mutex_lock(&e->lock);
	for (struct listener **p = &e->first; *p; p = &(*p)->next)
		if (*p == l) {
			*p = l->next;
			e->n--;
			break;
		}
	pthread_mutex_unlock(&e->lock);
	buf_release(&l->text);
	free(l);
}

static struct listener *add(struct events *e, struct MHD_Connection *c)
{
	struct queue *q = pool_try(e->web->pool);
	_cleanup_free_ char *machine = machine_event(e, q);
	pool_put(e->web->pool, q);
	struct listener *l = xcalloc(1, sizeof(*l));
	l->events = e;
	l->connection = c;
	buf_init(&l->text);
	buf_adds(&l->text, "retry: 3000\n\n");
	buf_adds(&l->text, machine);
	pthread_mutex_lock(&e->lock);
	l->next = e->first;
	e->first = l;
	e->n++;
	pthread_mutex_unlock(&e->lock);
	return l;
}

void events_stream(struct http_request *rq)
{
	struct events *e = rq->web->events;
	pthread_mutex_lock(&e->lock);
	bool full = e->n >= LISTENERS_MAX || e->ending;
	pthread_mutex_unlock(&e->lock);
	/* Whoever asks for the headers alone does not listen. */
	if (str_eq(rq->method, "HEAD")) {
		http_reply_text(rq, 200, "text/event-stream", "", 0);
		return;
	}
	if (full) {
		http_error(rq, 503, "busy", "Busy", "Too many pages listen to this server.");
		return;
	}
	MHD_set_connection_option(rq->connection, MHD_CONNECTION_OPTION_TIMEOUT, 0);
	struct listener *l = add(e, rq->connection);
	rq->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_events, l, forget);
	rq->status = 200;
	http_add_header(rq, "Content-Type", "text/event-stream");
	http_add_header(rq, "Cache-Control", "no-store");
	http_add_header(rq, "X-Accel-Buffering", "no");
}

struct events *events_new(struct web *w)
{
	struct events *e = xcalloc(1, sizeof(*e));
	e->web = w;
	pthread_mutex_init(&e->lock, NULL);
	if (pthread_create(&e->thread, NULL, run, e) != 0)
		die("cannot start a thread");
	return e;
}

void events_stop(struct events *e)
{
	pthread_mutex_lock(&e->lock);
	e->ending = true;
	for (struct listener *l = e->first; l; l = l->next)
		wake(l);
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->thread, NULL);
}

void events_free(struct events *e)
{
	pthread_mutex_destroy(&e->lock);
	free(e);
}
