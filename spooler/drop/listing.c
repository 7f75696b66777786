/* One folder's names and how they pair up. Sorted without case (then by bytes),
 * so that files are taken in the order people see, a name is found by bisection,
 * and all names of one stem are neighbours. Pairing is by names alone; whether a
 * .txt is really a ticket its content says later. Types come from readdir where
 * the filesystem tells them. */
#include <errno.h>
#include <fcntl.h>
#include <strings.h>

#include "drop/internal.h"

static int compare_names(const char *a, const char *b)
{
	int c = strcasecmp(a, b);
	return c ? c : strcmp(a, b);
}

static int compare(const void *a, const void *b)
{
	return compare_names(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static bool is_partial(const char *name)
{
	static const char *const ends[] = { ".part", ".crdownload", ".partial", ".filepart", ".download" };
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (str_has_isuffix(name, ends[i]))
			return true;
	return false;
}

static unsigned char type_of(int dirfd, const struct dirent *d)
{
	struct stat st;
	if (d->d_type != DT_UNKNOWN)
		return d->d_type;
	if (fstatat(dirfd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_REG;          /* the look at it will tell */
	return (unsigned char)IFTODT(st.st_mode);
}

static void add_entry(struct listing *l, size_t *cap, const char *name, unsigned char type)
{
	if (l->n == *cap) {
		*cap = *cap ? *cap * 2 : 64;
		l->e = xreallocarray(l->e, *cap, sizeof(*l->e));
	}
	l->e[l->n++] = (struct entry){ .name = xstrdup(name), .type = type, .own = -1, .maybe = -1, .txt_owner = -1,
				   .marker = -1 };
}

/* Index of the first name that is not below (name, its length), without case. */
static size_t lower_bound(const struct listing *l, const char *name)
{
	size_t lo = 0, hi = l->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (strcasecmp(l->e[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The file of that name; if only the case differs, that one; -1. */
static ssize_t find_file(const struct listing *l, const char *stem, size_t n, const char *ext)
{
	_cleanup_free_ char *name = xasprintf("%.*s%s", (int)n, stem, ext);
	ssize_t found = -1;
	for (size_t i = lower_bound(l, name); i < l->n && strcasecmp(l->e[i].name, name) == 0; i++) {
		if (l->e[i].type == DT_DIR)
			continue;
		if (strcmp(l->e[i].name, name) == 0)
			return (ssize_t)i;
		found = found < 0 ? (ssize_t)i : found;
	}
	return found;
}

static size_t stem_length(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot && dot > name ? (size_t)(dot - name) : strlen(name);
}

static void pair(struct listing *l, size_t i)
{
	struct entry *e = &l->e[i];
	size_t len = strlen(e->name), stem = stem_length(e->name);
	bool txt = ticket_is_txt(e->name);
	e->own = find_file(l, e->name, len, ".conf");
	if (e->own < 0)
		e->own = find_file(l, e->name, stem, ".conf");
	if (e->own < 0 && !txt) {
		e->maybe = find_file(l, e->name, len, ".txt");
		if (e->maybe < 0)
			e->maybe = find_file(l, e->name, stem, ".txt");
	}
	ssize_t t = e->own >= 0 ? e->own : e->maybe;
	if (t >= 0 && txt)
		l->e[t].txt_owner = (ssize_t)i;
	else if (t >= 0)
		l->e[t].owners++;
}

static void pair_all(struct listing *l)
{
	bool any = false;
	for (size_t i = 0; i < l->n && !any; i++)
		any = ticket_is_conf(l->e[i].name) || ticket_is_txt(l->e[i].name);
	for (size_t i = 0; any && i < l->n; i++)
		if (l->e[i].type == DT_REG && !ticket_is_conf(l->e[i].name))
			pair(l, i);
}

/* A marker is no structure: no ticket waits for it. */
static void no_owner(struct listing *l, size_t i)
{
	struct entry *e = &l->e[i];
	ssize_t t = e->own >= 0 ? e->own : e->maybe;
	if (t >= 0)
		l->e[t].owners--;
	e->own = e->maybe = -1;
}

void listing_pair_markers(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct entry *e = &l->e[i];
		if (e->type == DT_DIR)
			continue;
		if (str_has_isuffix(e->name, MARKER_SUFFIX)) {
			no_owner(l, i);
			continue;
		}
		e->marker = find_file(l, e->name, strlen(e->name), MARKER_SUFFIX);
		if (e->marker < 0)
			e->marker = find_file(l, e->name, stem_length(e->name), MARKER_SUFFIX);
		if (e->marker >= 0)
			l->e[e->marker].marks++;
	}
}

int listing_read(int dirfd, struct listing *ret_l)
{
	struct listing l = { 0 };
	size_t cap = 0;
	int fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		int r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	struct dirent *d;
	for (errno = 0; (d = readdir(dir)); errno = 0) {
		l.partials = l.partials || is_partial(d->d_name);
		/* A partial is kept until the end to tell which empty file is one's shadow. */
		if (!drop_name_is_junk(d->d_name))
			add_entry(&l, &cap, d->d_name, type_of(dirfd, d));
		else if (is_partial(d->d_name) && d->d_name[0] != '.')
			add_entry(&l, &cap, d->d_name, DT_WHT);
	}
	int r = -errno;
	if (r < 0) {
		listing_release(&l);
		return r;
	}
	if (l.n)
		qsort(l.e, l.n, sizeof(*l.e), compare);
	pair_all(&l);
	*ret_l = l;
	return 0;
}

void listing_release(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->e[i].name);
	free(l->e);
	*l = (struct listing){ 0 };
}

/* Browsers put something between stem and ".part": "ethanol.Xy12.xyz.part". */
bool listing_has_partial(const struct listing *l, const char *name)
{
	size_t stem = stem_length(name);
	_cleanup_free_ char *prefix = xstrndup(name, stem);
	for (size_t i = l->partials ? lower_bound(l, prefix) : l->n; i < l->n; i++) {
		if (strncasecmp(l->e[i].name, prefix, stem) != 0)
			break;
		if (l->e[i].type == DT_WHT)
			return true;
	}
	return false;
}

void listing_range(const struct listing *l, size_t t, size_t *ret_first, size_t *ret_end)
{
	size_t stem = stem_length(l->e[t].name);
	_cleanup_free_ char *prefix = xstrndup(l->e[t].name, stem);
	size_t i = lower_bound(l, prefix);
	*ret_first = i;
	while (i < l->n && strncasecmp(l->e[i].name, prefix, stem) == 0)
		i++;
	*ret_end = i;
}
