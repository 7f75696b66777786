/* What earlier scans saw, a hash table keyed by path: 100,000 files must cost
 * one look-up each. Times of change are only ever compared with one another, and
 * "since" is on the clock that no one sets. An entry that a whole pass did not
 * meet is forgotten, so the table is never larger than the folder. */
#include "drop/internal.h"

/* FNV-1a: names come from people, not from attackers of a hash table; a bad day
 * costs time in a worker, nothing else. */
static uint64_t hash_path(const char *s)
{
	uint64_t h = 0xcbf29ce484222325ULL;
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ULL;
	return h;
}

void seen_init(struct seen_table *t) { *t = (struct seen_table){ xcalloc(64, sizeof(struct seen *)), 64, 0 }; }

void seen_release(struct seen_table *t)
{
	for (size_t i = 0; i < t->nslots; i++)
		for (struct seen *s = t->slot[i], *next; s; s = next) {
			next = s->next;
			free(s);
		}
	free(t->slot);
	*t = (struct seen_table){ 0 };
}

static struct seen *find_hashed(const struct seen_table *t, const char *path, uint64_t h)
{
	struct seen *s = t->slot[h & (t->nslots - 1)];
	while (s && (s->hash != h || strcmp(s->path, path) != 0))
		s = s->next;
	return s;
}

struct seen *seen_find(const struct seen_table *t, const char *path)
{
	return find_hashed(t, path, hash_path(path));
}

static void insert(struct seen **slot, size_t nslots, struct seen *s)
{
	struct seen **head = &slot[s->hash & (nslots - 1)];
	s->next = *head;
	*head = s;
}

static void grow(struct seen_table *t)
{
	size_t n = t->nslots * 2;
	struct seen **slot = xcalloc(n, sizeof(*slot));
	for (size_t i = 0; i < t->nslots; i++)
		for (struct seen *s = t->slot[i], *next; s; s = next) {
			next = s->next;
			insert(slot, n, s);
		}
	free(t->slot);
	t->slot = slot;
	t->nslots = n;
}

struct seen *seen_get(struct seen_table *t, const char *path)
{
	uint64_t h = hash_path(path);
	struct seen *s = find_hashed(t, path, h);
	if (s)
		return s;
	if (t->n >= t->nslots)
		grow(t);
	size_t len = strlen(path) + 1;
	s = xcalloc(1, sizeof(*s) + len);
	memcpy(s->path, path, len);
	s->hash = h;
	insert(t->slot, t->nslots, s);
	t->n++;
	return s;
}

void seen_sweep(struct seen_table *t, unsigned pass)
{
	for (size_t i = 0; i < t->nslots; i++)
		for (struct seen **p = &t->slot[i]; *p;) {
			struct seen *s = *p;
			if (s->pass == pass) {
				p = &s->next;
				continue;
			}
			*p = s->next;
			free(s);
			t->n--;
		}
}

bool seen_update(struct seen *s, const struct stat *st, double now)
{
	if (s->since > 0 && s->dev == st->st_dev && s->ino == st->st_ino && s->size == st->st_size &&
	    s->mode == st->st_mode && time_equal(s->mtime, st->st_mtim) && time_equal(s->ctime, st->st_ctim))
		return false;
	s->dev = st->st_dev;
	s->ino = st->st_ino;
	s->size = st->st_size;
	s->mtime = st->st_mtim;
	s->ctime = st->st_ctim;
	s->uid = st->st_uid;
	s->mode = st->st_mode;
	s->since = now;
	s->hashed_at = 0;
	s->told = s->handed = s->same_twice = s->moved = false;
	s->ticket = TRI_UNKNOWN;
	s->busy = s->unread = 0;
	return true;
}
