/* Connections to the queue, one for each thread that reads at the same time. */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "webui/server/web.h"

#define KEPT 8

struct pool {
	const struct conf *conf;
	pthread_mutex_t lock;
	struct queue *free[KEPT];
	size_t n;
};

struct pool *pool_new(const struct conf *conf)
{
	struct pool *p = xcalloc(1, sizeof(*p));
	p->conf = conf;
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	while (p->n)
		queue_close(p->free[--p->n]);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static struct queue *take(struct pool *p, char **ret_error, int *ret_r)
{
	struct queue *q = NULL;
	pthread_mutex_lock(&p->lock);
	if (p->n)
		q = p->free[--p->n];
	pthread_mutex_unlock(&p->lock);
	*ret_r = 0;
	if (q)
		return q;
	_cleanup_free_ char *path = xasprintf("%s/db/queue.db", p->conf->spool);
	*ret_r = queue_open_readonly(path, &q, ret_error);
	return *ret_r == 0 ? q : NULL;
}

struct queue *pool_try(struct pool *p)
{
	int r;
	_cleanup_free_ char *error = NULL;
	return take(p, &error, &r);
}

struct queue *pool_get(struct http_request *rq)
{
	int r;
	_cleanup_free_ char *error = NULL;
	struct queue *q = take(rq->web->pool, &error, &r);
	if (!q)
		http_error(rq, 503, "no-queue", "No queue", "%s", r == -ENOENT
			   ? "The spooler has not been started here yet. What is uploaded waits for it."
			   : "The queue cannot be read; \"nmr doctor\" on the server tells why.");
	return q;
}

void pool_put(struct pool *p, struct queue *q)
{
	if (!q)
		return;
	pthread_mutex_lock(&p->lock);
	bool room = p->n < KEPT;
	if (room)
		p->free[p->n++] = q;
	pthread_mutex_unlock(&p->lock);
	if (!room)
		queue_close(q);
}
