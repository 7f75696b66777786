/* A hash table of paths; grows by doubling. Pure. */
#include "drop/table.h"

static size_t hash(const char *s)
{
	size_t h = 1469598103934665603ULL; /* FNV-1a */
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211ULL;
	return h;
}

static void grow(struct table *t)
{
	size_t n = t->nbuckets ? t->nbuckets * 2 : 256;
	struct seen **b = xcalloc(n, sizeof(struct seen *));
	for (size_t i = 0; i < t->nbuckets; i++)
		for (struct seen *s = t->bucket[i], *next; s; s = next) {
			size_t k = hash(s->path) % n;
			next = s->next;
			s->next = b[k];
			b[k] = s;
		}
	free(t->bucket);
	t->bucket = b;
	t->nbuckets = n;
}

struct seen *table_find(const struct table *t, const char *path)
{
	struct seen *s = t->nbuckets ? t->bucket[hash(path) % t->nbuckets] : NULL;
	while (s && !str_eq(s->path, path))
		s = s->next;
	return s;
}

struct seen *table_get(struct table *t, const char *path, bool *ret_new)
{
	struct seen *s = table_find(t, path);
	*ret_new = !s;
	if (s)
		return s;
	if (t->n >= t->nbuckets)
		grow(t);
	size_t k = hash(path) % t->nbuckets;
	s = xcalloc(1, sizeof(*s));
	s->path = xstrdup(path);
	s->next = t->bucket[k];
	t->bucket[k] = s;
	t->n++;
	return s;
}

void table_sweep(struct table *t, unsigned round)
{
	for (size_t i = 0; i < t->nbuckets; i++)
		for (struct seen **p = &t->bucket[i]; *p;) {
			struct seen *s = *p;
			if (s->round != round) {
				*p = s->next;
				free(s->path);
				free(s);
				t->n--;
			} else
				p = &s->next;
		}
}

void table_release(struct table *t)
{
	table_sweep(t, ~0U);
	free(t->bucket);
	*t = (struct table){ 0 };
}
