/* One pass over the inbox: what is there, has it settled, what is wrong with it.
 *
 * A file has settled when device, inode, size, mtime and ctime have not changed for
 * the quiet time on the monotonic clock, nobody has it open for writing (lease), it
 * has no hole, and it is not empty. On remote mounts the content must hash the same
 * twice, a quiet time apart. Times in the file are compared for change only.
 * Never logs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "drop/internal.h"
#include "drop/table.h"

#define HOLE_S 300.0      /* a hole for so long is meant to be one */
#define DEPTH_MAX 64

struct drop_scan {
	char *root;
	struct drop_rules rules;
	struct table files, dirs;
	bool remote;
	unsigned round;
};

struct pass {
	struct drop_scan *s;
	size_t max;
	struct drop_list *items;
	char ***dirs;
	size_t *ndirs;
	double now, next_s;
};

struct drop_scan *drop_scan_new(const char *root, const struct drop_rules *rules)
{
	struct drop_scan *s = xcalloc(1, sizeof(*s));
	const char *why;
	*s = (struct drop_scan){ .root = xstrdup(root), .rules = *rules, .remote = drop_classify(root, &why) == DROP_POLL };
	return s;
}

void drop_scan_free(struct drop_scan *s)
{
	if (!s)
		return;
	table_release(&s->files);
	table_release(&s->dirs);
	free(s->root);
	free(s);
}

void drop_list_release(struct drop_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct drop_item *it = &l->item[i];
		char *own[] = { it->path, it->ticket, it->trouble, it->why, it->remedy };
		for (size_t k = 0; k < ARRAY_SIZE(own); k++)
			free(own[k]);
	}
	free(l->item);
	*l = (struct drop_list){ 0 };
}

static struct drop_item *add_item(struct pass *p, enum drop_kind kind, const struct seen *f)
{
	struct drop_list *l = p->items;
	l->item = xreallocarray(l->item, l->n + 1, sizeof(*l->item));
	struct drop_item *it = &l->item[l->n++];
	*it = (struct drop_item){ .kind = kind, .path = xstrdup(f->path), .dev = f->dev, .ino = f->ino, .size = f->size,
				  .mtime = f->mtime, .ctime = f->ctime };
	return it;
}

static void look_again(struct pass *p, double seconds)
{
	seconds = MAX(seconds, 0.02);
	if (p->next_s < 0 || seconds < p->next_s)
		p->next_s = seconds;
}

static void trouble(struct pass *p, struct seen *f, const char *code, const char *why, const char *remedy)
{
	if (f->told)
		return;
	struct drop_item *it = add_item(p, DROP_TROUBLE, f);
	f->told = true;
	it->trouble = xstrdup(code);
	it->why = xstrdup(why);
	it->remedy = xstrdup(remedy);
}

/* Trouble that may pass: told only after a while. */
static void trouble_later(struct pass *p, struct seen *f, double since, const char *code, const char *why,
			  const char *remedy)
{
	double left = since + p->s->rules.empty_report_s - p->now;
	if (left > 0)
		look_again(p, left);
	else
		trouble(p, f, code, why, remedy);
}

/* ---- tickets */

/* Lines "key = value" or "key: value" and nothing else: what a ticket looks like. */
static bool looks_like_ticket(const char *text)
{
	bool any = false;
	while (*text) {
		size_t n = strcspn(text, "\r\n");
		size_t skip = strspn(text, " \t\xef\xbb\xbf");
		if (skip < n && text[skip] != '#') {
			size_t word = strcspn(text + skip, "=:\r\n");
			bool head = skip + word < n && word > 0 && word < 40;
			for (size_t i = 0; head && i < word; i++)
				head = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_- \"'", text[skip + i]) != NULL;
			if (!head)
				return false;
			any = true;
		}
		text += n;
		text += strspn(text, "\r\n");
	}
	return any;
}

static bool file_looks_like_ticket(const struct drop_scan *s, const char *path)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_close_ int fd = drop_open(s->root, path, O_RDONLY);
	/* UTF-16 has NUL bytes: then only the words before the first one are looked at,
	 * which are none; its name must do. */
	return fd >= 0 && file_read_fd(fd, 65536, &b) == 0 && (looks_like_ticket(b.s) ||
							       (b.len > 3 && strlen(b.s) < 4 && !b.s[b.len - 1]));
}

struct names { char **name; size_t n; };

static void names_release(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->name[i]);
	free(l->name);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool has_name(const struct names *l, const char *name)
{
	return bsearch(&name, l->name, l->n, sizeof(char *), by_name) != NULL;
}

static size_t stem_of(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot && dot > name ? (size_t)(dot - name) : strlen(name);
}

static bool could_be_ticket(const char *name)
{
	return str_has_isuffix(name, ".conf") || str_has_isuffix(name, ".txt");
}

static char *join(const char *dir, const char *name)
{
	return *dir ? xasprintf("%s/%s", dir, name) : xstrdup(name);
}

/* Does a structure of this stem (or, for <file>.conf, of this very name) lie there? */
static bool has_structure(const struct names *l, const char *ticket)
{
	size_t n = stem_of(ticket);
	for (size_t i = 0; i < l->n; i++) {
		const char *f = l->name[i];
		if (str_eq(f, ticket) || str_has_isuffix(f, ".conf"))
			continue;
		if (strncmp(f, ticket, n) == 0 && (f[n] == '\0' || (f[n] == '.' && stem_of(f) == n)))
			return true;
	}
	return false;
}

/* The ticket of a structure: <stem>.conf, <stem>.txt or <file>.conf. */
static char *find_ticket(const struct pass *p, const struct names *l, const char *dir, const char *name)
{
	char *list[] = { xasprintf("%s.conf", name), xasprintf("%.*s.conf", (int)stem_of(name), name),
			 xasprintf("%.*s.txt", (int)stem_of(name), name) };
	char *found = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		if (!found && !str_eq(list[i], name) && has_name(l, list[i])) {
			_cleanup_free_ char *path = join(dir, list[i]);
			if (str_has_isuffix(path, ".conf") || file_looks_like_ticket(p->s, path))
				found = xstrdup(path);
		}
		free(list[i]);
	}
	return found;
}

/* ---- one file */

static bool changed(const struct seen *f, const struct stat *st)
{
	return f->dev != st->st_dev || f->ino != st->st_ino || f->size != st->st_size ||
	       !drop_same_time(f->mtime, st->st_mtim) || !drop_same_time(f->ctime, st->st_ctim);
}

static void remember(struct seen *f, const struct stat *st, double now)
{
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->size = st->st_size;
	f->mtime = st->st_mtim;
	f->ctime = st->st_ctim;
	f->since = now;
	f->hash[0] = '\0';
	f->told = f->ignored = false;
}

static bool has_hole(int fd, off_t size)
{
	off_t hole = lseek(fd, 0, SEEK_HOLE);
	return hole >= 0 && hole < size;
}

/* Remote: the same content twice, a quiet time apart. */
static bool content_rests(struct pass *p, struct seen *f, int fd)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	char hex[SHA256_HEX_LEN];
	if (lseek(fd, 0, SEEK_SET) < 0 || file_read_fd(fd, p->s->rules.size_max, &b) < 0)
		return false;
	sha256_hex(b.s, b.len, hex);
	bool same = str_eq(hex, f->hash);
	memcpy(f->hash, hex, sizeof(hex));
	if (!same) {
		f->since = p->now;
		look_again(p, p->s->rules.quiet_remote_s);
	}
	return same;
}

static bool is_settled(struct pass *p, struct seen *f, int fd)
{
	const struct drop_rules *r = &p->s->rules;
	int lease = drop_lease(fd);
	if (lease > 0)
		drop_lease_end(fd);
	/* Where a lease cannot tell about writers, only a longer rest can. */
	double quiet = p->s->remote ? r->quiet_remote_s : lease < 0 ? MAX(r->quiet_s, MIN(5.0, 10 * r->quiet_s)) : r->quiet_s;
	if (lease == 0) {
		f->busy_since = f->busy_since > 0 ? f->busy_since : p->now;
		look_again(p, r->quiet_s);
		trouble_later(p, f, f->busy_since, "busy", "A program still has the file open for writing.",
			      "Close it in the program that writes it, or copy the finished file here.");
		return false;
	}
	f->busy_since = 0;
	if (p->now - f->since < quiet) {
		look_again(p, quiet - (p->now - f->since));
		return false;
	}
	if (has_hole(fd, f->size)) {
		f->hole_since = f->hole_since > 0 ? f->hole_since : p->now;
		if (p->now - f->hole_since < HOLE_S) {
			look_again(p, MIN(5.0, HOLE_S - (p->now - f->hole_since)));
			return false;
		}
	}
	return !p->s->remote || content_rests(p, f, fd);
}

static void look_at_open(struct pass *p, struct seen *f, int fd, const struct names *l, const char *dir, const char *name)
{
	if (f->size == 0) {
		trouble_later(p, f, f->since, "empty", "The file is empty.",
			      "Copy it again. If it comes from a program, save it once more from there.");
		return;
	}
	if ((size_t)f->size > p->s->rules.size_max) {
		trouble(p, f, "too-large", "The file is larger than this spooler takes.",
			"Split it into smaller files, or raise file_size_max_mb in nmr.conf.");
		return;
	}
	if (!is_settled(p, f, fd))
		return;
	struct drop_item *it = add_item(p, DROP_SETTLED, f);
	it->ticket = find_ticket(p, l, dir, name);
}

/* Told once as it is: no file, or not to be opened. */
static void look_at_odd(struct pass *p, struct seen *f, int error, const struct stat *st)
{
	if (S_ISLNK(st->st_mode) || error == -ELOOP || error == -EXDEV)
		trouble(p, f, "not-a-file", "It is a link, not a file. Links are not followed.",
			"Copy the file itself into the inbox.");
	else if (!S_ISREG(st->st_mode))
		trouble(p, f, "not-a-file", "It is no ordinary file.", "Copy the structure file itself into the inbox.");
	else
		trouble_later(p, f, f->first, "unreadable", "The spooler may not read the file, or it is in use.",
			      "Give read permission on it (for example chmod a+r), or copy it here as the share's user.");
}

static void look_at(struct pass *p, const struct names *l, const char *dir, const char *name, const struct stat *st)
{
	_cleanup_free_ char *path = join(dir, name);
	bool fresh;
	struct seen *f = table_get(&p->s->files, path, &fresh);
	if (fresh)
		f->first = p->now;
	if (fresh || changed(f, st))
		remember(f, st, p->now);
	f->round = p->s->round;
	if (f->ignored)
		return;
	_cleanup_close_ int fd = S_ISREG(st->st_mode) ? drop_open(p->s->root, path, O_RDONLY) : -EINVAL;
	struct stat now;
	if (fd < 0) {
		look_at_odd(p, f, fd, st);
		return;
	}
	if (fstat(fd, &now) < 0 || !S_ISREG(now.st_mode) || changed(f, &now)) {
		look_again(p, p->s->rules.quiet_s);
		return;
	}
	look_at_open(p, f, fd, l, dir, name);
}

/* A ticket whose structure is not there (yet). */
static void lone_ticket(struct pass *p, const char *dir, const char *name, const struct stat *st)
{
	_cleanup_free_ char *path = join(dir, name);
	bool fresh;
	struct seen *f = table_get(&p->s->files, path, &fresh);
	if (fresh)
		f->first = p->now;
	if (fresh || changed(f, st))
		remember(f, st, p->now);
	f->round = p->s->round;
	double left = f->since + 5 * p->s->rules.empty_report_s - p->now;
	if (left <= 0)
		trouble(p, f, "lone-ticket", "It holds options, but there is no structure file of the same name beside it.",
			"Put the structure beside it, for example ethanol.mol beside ethanol.txt.");
}

/* ---- folders */

static int read_names(const char *root, const char *dir, struct names *l)
{
	int fd = drop_open(root, dir, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	_cleanup_closedir_ DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -errno;
	}
	for (struct dirent *e; (e = readdir(d));) {
		if (drop_name_is_junk(e->d_name))
			continue;
		if (l->n % 256 == 0)
			l->name = xreallocarray(l->name, l->n + 256, sizeof(char *));
		l->name[l->n++] = xstrdup(e->d_name);
	}
	if (l->n)
		qsort(l->name, l->n, sizeof(char *), by_name);
	return 0;
}

static void note_dir(struct pass *p, const char *path)
{
	bool fresh;
	struct seen *d = table_get(&p->s->dirs, path, &fresh);
	d->round = p->s->round;
	if (!fresh)
		return;
	*p->dirs = xreallocarray(*p->dirs, *p->ndirs + 1, sizeof(char *));
	(*p->dirs)[(*p->ndirs)++] = xstrdup(path);
}

/* Our own results dropped back: a folder with our mark is no input. */
static bool is_result(const struct drop_scan *s, const char *path)
{
	_cleanup_free_ char *mark = xasprintf("%s/%s/.nmr-id", s->root, path);
	return access(mark, F_OK) == 0;
}

static int scan_dir(struct pass *p, const char *dir, int depth)
{
	_cleanup_(names_release) struct names l = { 0 };
	int r = read_names(p->s->root, dir, &l);
	for (size_t i = 0; r == 0 && i < l.n && p->items->n < p->max; i++) {
		_cleanup_free_ char *path = join(dir, l.name[i]);
		_cleanup_free_ char *full = xasprintf("%s/%s", p->s->root, path);
		struct stat st;
		if (lstat(full, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			if (depth >= DEPTH_MAX || is_result(p->s, path))
				continue;
			note_dir(p, path);
			scan_dir(p, path, depth + 1);
		} else if (S_ISREG(st.st_mode) && could_be_ticket(l.name[i]) &&
			   (str_has_isuffix(l.name[i], ".conf") || file_looks_like_ticket(p->s, path))) {
			if (!has_structure(&l, l.name[i]))
				lone_ticket(p, dir, l.name[i], &st);
		} else
			look_at(p, &l, dir, l.name[i], &st);
	}
	return r;
}

int drop_scan_pass(struct drop_scan *s, size_t max, struct drop_list *ret_items, char ***ret_dirs, size_t *ret_ndirs,
		   double *ret_next_s)
{
	struct pass p = { s, max, ret_items, ret_dirs, ret_ndirs, clock_mono(), -1 };
	s->round++;
	int r = scan_dir(&p, "", 0);
	/* A pass that stopped early has not met everything: forget nothing. */
	if (r == 0 && ret_items->n < max) {
		table_sweep(&s->files, s->round);
		table_sweep(&s->dirs, s->round);
	}
	*ret_next_s = p.next_s;
	return r;
}

void drop_scan_ignore(struct drop_scan *s, dev_t dev, ino_t ino, struct timespec ctime)
{
	for (size_t i = 0; i < s->files.nbuckets; i++)
		for (struct seen *f = s->files.bucket[i]; f; f = f->next)
			if (f->dev == dev && f->ino == ino && drop_same_time(f->ctime, ctime))
				f->ignored = true;
}
