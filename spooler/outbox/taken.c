/* Which names are taken in a folder of the outbox, whatever the case and the form of their
 * letters. A small folder is read for each question. A large one, where each of a hundred
 * thousand files would read a hundred thousand names, is read for no more than a small
 * part of the time: between two readings the last one answers. What it does not know yet
 * is no harm: a name that is there to the letter was asked for before, names of jobs are in
 * the queue, and publishing takes no name that is there. Never logs. */
#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "outbox/internal.h"

#define LARGE 1000
#define PART 20          /* of the time, one in so many */
#define FOLDERS 4        /* are remembered */

struct taken {
	char *dir;
	struct timespec changed; /* the folder's own time, before it was read */
	bool quiet;              /* that lay a while back: a change since then shows */
	double until;            /* on the monotonic clock: not read again before */
	uint64_t *hash;          /* of folded names without ending, sorted */
	size_t n, cap;
};

/* Several workers ask: those of the inbox and that of the door. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct taken known[FOLDERS];
static size_t oldest;

static uint64_t hash_of(const char *s, size_t n)
{
	uint64_t h = 0xcbf29ce484222325ULL;
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3ULL;
	return h;
}

/* Most names are ASCII, for which folding is quick. */
static char *fold(const char *name)
{
	char *s = xstrdup(name);
	for (char *p = s; *p; p++) {
		if ((unsigned char)*p >= 0x80) {
			free(s);
			return outbox_fold(name);
		}
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 'a' - 'A');
	}
	return s;
}

static void add(struct taken *t, uint64_t hash)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 256;
		t->hash = xreallocarray(t->hash, t->cap, sizeof(*t->hash));
	}
	t->hash[t->n++] = hash;
}

/* A name with an ending takes the one without it, too. */
static void add_name(struct taken *t, const char *name)
{
	static const char *const endings[] = { RUNNING, FAILED };
	_cleanup_free_ char *f = fold(name);
	add(t, hash_of(f, strlen(f)));
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (outbox_has_ending(f, endings[i]))
			add(t, hash_of(f, strlen(f) - strlen(endings[i])));
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static bool has(const struct taken *t, const char *name)
{
	_cleanup_free_ char *f = fold(name);
	uint64_t h = hash_of(f, strlen(f));
	return t->n && bsearch(&h, t->hash, t->n, sizeof(h), compare);
}

static struct timespec changed(const char *dir)
{
	struct stat st;
	return stat(dir, &st) == 0 ? st.st_mtim : (struct timespec){ 0 };
}

static void read_folder(struct taken *t, const char *dir)
{
	double begin = clock_mono();
	t->n = 0;
	t->changed = changed(dir);
	t->quiet = clock_wall() - (double)t->changed.tv_sec > 3;
	_cleanup_closedir_ DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));)
		add_name(t, e->d_name);
	if (t->n)
		qsort(t->hash, t->n, sizeof(*t->hash), compare);
	t->until = clock_mono() + PART * (clock_mono() - begin);
}

static void forget(struct taken *t)
{
	free(t->dir);
	free(t->hash);
	*t = (struct taken){ 0 };
}

static bool is_fresh(const struct taken *t)
{
	struct timespec now = changed(t->dir);
	bool same = t->quiet && now.tv_sec == t->changed.tv_sec && now.tv_nsec == t->changed.tv_nsec;
	return same || clock_mono() < t->until;
}

/* The folder's place among the known; NULL: none. */
static struct taken *find(const char *dir)
{
	for (size_t i = 0; i < FOLDERS; i++)
		if (known[i].dir && str_eq(known[i].dir, dir))
			return &known[i];
	return NULL;
}

static void remember(struct taken *t, const char *dir)
{
	struct taken *place = find(dir);
	if (!place) {
		place = &known[oldest];
		oldest = (oldest + 1) % FOLDERS;
	}
	forget(place);
	*place = *t;
	place->dir = xstrdup(dir);
	*t = (struct taken){ 0 };
}

bool outbox_taken(const char *dir, const char *name)
{
	struct taken fresh = { 0 };
	pthread_mutex_lock(&lock);
	const struct taken *t = find(dir);
	bool answered = t && is_fresh(t), yes = answered && has(t, name);
	pthread_mutex_unlock(&lock);
	if (answered)
		return yes;
	/* Outside the lock: on a mount it may take long. */
	read_folder(&fresh, dir);
	yes = has(&fresh, name);
	if (fresh.n >= LARGE) {
		pthread_mutex_lock(&lock);
		remember(&fresh, dir);
		pthread_mutex_unlock(&lock);
	}
	forget(&fresh);
	return yes;
}
