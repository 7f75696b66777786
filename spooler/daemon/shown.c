/* See shown.h: a hash table with chains, twice as large whenever it is full. Ids are
 * random, so that any simple sum of their letters spreads them. Never logs. */
#include "daemon/shown.h"

#include <string.h>

static size_t slot_of(size_t nslots, const char *id)
{
	size_t h = 0;
	for (; *id; id++)
		h = h * 31 + (unsigned char)*id;
	return h & (nslots - 1);
}

static void grow(struct shown_table *t)
{
	size_t n = t->nslots ? 2 * t->nslots : 64;
	struct shown **slot = xcalloc(n, sizeof(*slot));
	for (size_t i = 0; i < t->nslots; i++)
		for (struct shown *s = t->slot[i], *next; s; s = next) {
			next = s->next;
			struct shown **head = &slot[slot_of(n, s->id)];
			s->next = *head;
			*head = s;
		}
	free(t->slot);
	t->slot = slot;
	t->nslots = n;
}

struct shown *shown_find(const struct shown_table *t, const char *id)
{
	struct shown *s = t->nslots ? t->slot[slot_of(t->nslots, id)] : NULL;
	while (s && !str_eq(s->id, id))
		s = s->next;
	return s;
}

struct shown *shown_get(struct shown_table *t, const char *id)
{
	struct shown *s = shown_find(t, id);
	if (s)
		return s;
	if (t->n >= t->nslots)
		grow(t);
	struct shown **head = &t->slot[slot_of(t->nslots, id)];
	s = xcalloc(1, sizeof(*s));
	snprintf(s->id, sizeof(s->id), "%s", id);
	s->at = -1e9;
	s->next = *head;
	*head = s;
	t->n++;
	return s;
}

void shown_forget(struct shown_table *t, const char *id)
{
	struct shown **p = t->nslots ? &t->slot[slot_of(t->nslots, id)] : NULL;
	while (p && *p && !str_eq((*p)->id, id))
		p = &(*p)->next;
	if (!p || !*p)
		return;
	struct shown *s = *p;
	*p = s->next;
	t->n--;
	free(s);
}

void shown_release(struct shown_table *t)
{
	for (size_t i = 0; i < t->nslots; i++)
		for (struct shown *s = t->slot[i], *next; s; s = next) {
			next = s->next;
			free(s);
		}
	free(t->slot);
	*t = (struct shown_table){ 0 };
}
