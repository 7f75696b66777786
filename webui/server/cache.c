/* Answers that many ask for at the same time: the pages of the queue's list. Kept until any
 * other connection has changed the queue. */
#include <pthread.h>
#include <string.h>

#include "webui/server/web.h"

#define ENTRIES 16
#define TEXT_MAX ((size_t)1 << 20)

struct cache {
	const struct conf *conf;
	pthread_mutex_t lock;
	struct queue *q;
	long long version;       /* of the entries */
	struct { char *key; struct buf text; } entry[ENTRIES];
	size_t next;
};

struct cache *cache_new(const struct conf *conf)
{
	struct cache *c = xcalloc(1, sizeof(*c));
	c->conf = conf;
	pthread_mutex_init(&c->lock, NULL);
	for (size_t i = 0; i < ENTRIES; i++)
		buf_init(&c->entry[i].text);
	return c;
}

static void clear(struct cache *c)
{
	for (size_t i = 0; i < ENTRIES; i++) {
		free(c->entry[i].key);
		c->entry[i].key = NULL;
		buf_release(&c->entry[i].text);
	}
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	clear(c);
	queue_close(c->q);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* The queue's present version; what is kept of another one goes. */
static long long look(struct cache *c)
{
	_cleanup_free_ char *path = xasprintf("%s/db/queue.db", c->conf->spool);
	_cleanup_free_ char *error = NULL;
	if (!c->q && queue_open_readonly(path, &c->q, &error) < 0)
		c->q = NULL;
	long long now = c->q ? queue_data_version(c->q) : -1;
	if (now != c->version)
		clear(c);
	c->version = now;
	return now;
}

long long cache_version(struct cache *c)
{
	pthread_mutex_lock(&c->lock);
	long long now = look(c);
	pthread_mutex_unlock(&c->lock);
	return now;
}

bool cache_get(struct cache *c, const char *key, struct buf *ret_text, long long *ret_version)
{
	bool found = false;
	pthread_mutex_lock(&c->lock);
	*ret_version = look(c);
	for (size_t i = 0; *ret_version >= 0 && i < ENTRIES && !found; i++) {
		found = str_eq(c->entry[i].key, key);
		if (found)
			buf_add(ret_text, c->entry[i].text.s, c->entry[i].text.len);
	}
	pthread_mutex_unlock(&c->lock);
	return found;
}

void cache_put(struct cache *c, const char *key, long long version, const struct buf *text)
{
	pthread_mutex_lock(&c->lock);
	/* Changed since it was asked for: it may be of before or after. */
	if (version >= 0 && text->len <= TEXT_MAX && look(c) == version) {
		size_t i = c->next++ % ENTRIES;
		free(c->entry[i].key);
		c->entry[i].key = xstrdup(key);
		buf_clear(&c->entry[i].text);
		buf_add(&c->entry[i].text, text->s, text->len);
	}
	pthread_mutex_unlock(&c->lock);
}
