/* One pass over the inbox: folders breadth first, names in the order people see
 * them, each looked at once. Folders are opened anew from the root each time, so
 * one descriptor is open at once however deep the tree is, and a share mounted
 * anywhere below is noticed. A pass ends early when it has found enough; what is
 * known about files survives passes in a table, so nothing waits twice.
 *
 * Structures and tickets go together: a structure waits for its ticket to settle,
 * and structures that share one ticket leave in one pass, because the ticket
 * leaves with the first. A ticket whose structure never comes is told. */
#include <errno.h>
#include <fcntl.h>

#include "base/clock.h"
#include "base/file.h"
#include "drop/internal.h"

#define LONE_TICKET_FACTOR 5     /* times empty_report_s */
#define HOLE_S 300.0
#define SURVEY_DEPTH 8
#define SERVED_S 30.0            /* how often the servers' tables are read */
#define PARTIAL_S 5.0            /* how soon to look again at a download */

struct drop_scan {
	char *root, *base;
	enum drop_mode mode;
	const char *why;         /* of the mode */
	bool polls;
	char *real;              /* the root without links */
	struct served served;
	_Atomic double *alive;   /* the caller's; NULL */
	double served_at;        /* when it was looked up */
	struct drop_rules rules;
	double hole_s;
	struct seen_table files, dirs, ignored, moved;
	unsigned pass;
};

struct strings { char **s; size_t n; };

struct walk {
	struct drop_scan *scan;
	double now;
	int basefd;
	size_t max;
	struct drop_list items;
	struct strings queue, fresh;     /* folders to visit; folders not known before */
	double next_s;
};

/* The folder being looked at. */
struct place {
	struct walk *w;
	const char *path;
	int fd;
	struct drop_treatment how;
	bool remote;             /* it is polled */
	bool steady;             /* a rename proves nothing here */
	struct listing l;
};

struct drop_scan *drop_scan_new(const char *root, const char *base, const struct drop_rules *rules)
{
	struct drop_scan *s = xcalloc(1, sizeof(*s));
	s->root = xstrdup(root);
	s->base = xstrdup(base);
	s->mode = DROP_POLL;
	s->why = "not looked at yet";
	s->rules = *rules;
	s->hole_s = HOLE_S;
	seen_init(&s->files);
	seen_init(&s->dirs);
	seen_init(&s->ignored);
	seen_init(&s->moved);
	return s;
}

void drop_scan_free(struct drop_scan *s)
{
	if (!s)
		return;
	seen_release(&s->files);
	seen_release(&s->dirs);
	seen_release(&s->ignored);
	seen_release(&s->moved);
	free(s->root);
	free(s->base);
	free(s->real);
	served_release(&s->served);
	free(s);
}

void drop_scan_alive(struct drop_scan *s, _Atomic double *alive) { s->alive = alive; }

static void tick(const struct drop_scan *s)
{
	if (s->alive)
		*s->alive = clock_mono();
}

void drop_scan_set_hole(struct drop_scan *s, double seconds) { s->hole_s = seconds; }

void drop_scan_moved(struct drop_scan *s, char *const *path, size_t n)
{
	for (size_t i = 0; i < n; i++)
		seen_get(&s->moved, path[i]);
}

static char *identity(dev_t dev, ino_t ino, struct timespec ctime)
{
	return xasprintf("%llx:%llx:%lld.%09ld", (unsigned long long)dev, (unsigned long long)ino,
			 (long long)ctime.tv_sec, ctime.tv_nsec);
}

void drop_scan_ignore(struct drop_scan *s, dev_t dev, ino_t ino, struct timespec ctime)
{
	_cleanup_free_ char *key = identity(dev, ino, ctime);
	seen_get(&s->ignored, key);
}

void drop_scan_unread(struct drop_scan *s, const char *path)
{
	struct seen *f = seen_find(&s->files, path);
	if (!f)
		return;
	f->unread++;
	f->unread_at = clock_mono();
}

static bool is_ignored(const struct drop_scan *s, const struct seen *f)
{
	if (!s->ignored.n)
		return false;
	_cleanup_free_ char *key = identity(f->dev, f->ino, f->ctime);
	return seen_find(&s->ignored, key) != NULL;
}

static void strings_add(struct strings *l, char *s)
{
	if ((l->n & (l->n - 1)) == 0)
		l->s = xreallocarray(l->s, l->n ? l->n * 2 : 1, sizeof(*l->s));
	l->s[l->n++] = s;
}

static void strings_release(struct strings *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->s[i]);
	free(l->s);
}

void drop_list_release(struct drop_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct drop_item *it = &l->item[i];
		char *s[] = { it->path, it->ticket, it->marker, it->trouble, it->why, it->remedy };
		for (size_t k = 0; k < ARRAY_SIZE(s); k++)
			free(s[k]);
	}
	free(l->item);
	*l = (struct drop_list){ 0 };
}

/* ---- what a pass gathers */

static void look_again(struct walk *w, double seconds)
{
	if (seconds >= 0 && (w->next_s < 0 || seconds < w->next_s))
		w->next_s = seconds;
}

/* The caller acts on an item; one look soon after sees that it is gone and that
 * nothing is left. Only one: what cannot be taken waits for the caller's own time. */
static struct drop_item *add_item(struct walk *w, struct seen *s, enum drop_kind kind)
{
	struct drop_list *l = &w->items;
	if (!s->handed || s->unread)
		look_again(w, w->scan->rules.quiet_s);
	s->handed = true;
	if ((l->n & (l->n - 1)) == 0)
		l->item = xreallocarray(l->item, l->n ? l->n * 2 : 1, sizeof(*l->item));
	l->item[l->n] = (struct drop_item){ .kind = kind, .path = xstrdup(s->path), .dev = s->dev, .ino = s->ino,
					    .size = s->size, .mtime = s->mtime, .ctime = s->ctime, .uid = s->uid };
	return &l->item[l->n++];
}

static void add_trouble(struct walk *w, struct seen *s, const struct verdict *v)
{
	if (s->told)
		return;
	s->told = true;
	struct drop_item *it = add_item(w, s, DROP_TROUBLE);
	it->trouble = xstrdup(v->code);
	it->why = xstrdup(v->why);
	it->remedy = xstrdup(v->remedy);
}

/* A verdict that is not READY, acted upon. */
static void act(struct walk *w, struct seen *s, const struct verdict *v)
{
	if (v->settle == SETTLE_WAIT)
		look_again(w, v->wait_s);
	else if (v->settle == SETTLE_TROUBLE)
		add_trouble(w, s, v);
	if (v->settle == SETTLE_TROUBLE && v->wait_s > 0)
		look_again(w, v->wait_s);
}

/* ---- how a folder is treated */

static void refresh_served(struct drop_scan *s, double now)
{
	if (s->served_at > 0 && now - s->served_at < SERVED_S)
		return;
	s->served_at = now;
	served_load(&s->served);
	free(s->real);
	s->real = realpath(s->root, NULL);
}

static const struct drop_folder *folder_of(const struct drop_rules *r, const char *path)
{
	size_t len = strcspn(path, "/");
	for (size_t i = 0; i < r->nfolders; i++)
		if (strlen(r->folder[i].name) == len && strncasecmp(r->folder[i].name, path, len) == 0)
			return &r->folder[i];
	return NULL;
}

static enum served_by served_at(const struct drop_scan *s, const char *path)
{
	if (!s->served.n || !s->real)
		return SERVED_NOT;
	_cleanup_free_ char *whole = *path ? xasprintf("%s/%s", s->real, path) : xstrdup(s->real);
	return served_find(&s->served, whole);
}

/* Asks the filesystem, then who serves it, then nmr.conf. */
static struct drop_treatment treatment(const struct drop_scan *s, const char *path, int fd)
{
	const struct drop_rules *r = &s->rules;
	struct drop_treatment t = { .mode = DROP_EVENTS };
	const struct drop_folder *own = folder_of(r, path);
	if (place_is_remote(fd, &t.why))
		t.mode = DROP_POLL;
	if (own && own->mode >= 0 && (int)t.mode != own->mode) {
		t.mode = (enum drop_mode)own->mode;
		t.why = "nmr.conf says so";
	}
	t.quiet_s = t.mode == DROP_POLL ? r->quiet_remote_s : r->quiet_s;
	enum served_by by = t.mode == DROP_POLL ? SERVED_NOT : served_at(s, path);
	double least = by == SERVED_NFS ? r->quiet_nfs_s : by == SERVED_SMB ? r->quiet_smb_s : 0;
	if (least > t.quiet_s) {
		t.quiet_s = least;
		t.why = by == SERVED_NFS ? "this machine serves it by NFS" : "this machine serves it by SMB";
	}
	if (own && own->quiet_s >= 0)
		t.quiet_s = own->quiet_s;
	t.markers = own && own->markers;
	return t;
}

/* ---- one name */

static const struct verdict gone = { .settle = SETTLE_WAIT, .wait_s = -1 };

static struct verdict look_fresh(struct place *p, struct entry *e)
{
	struct walk *w = p->w;
	struct stat st;
	if (fstatat(p->fd, e->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return gone;
	tick(w->scan);
	seen_update(e->seen, &st, w->now);
	if (w->scan->moved.n && seen_find(&w->scan->moved, e->seen->path))
		e->seen->moved = true;
	if (is_ignored(w->scan, e->seen))
		return gone;
	struct question q = { &w->scan->rules, w->scan->hole_s, p->how.quiet_s, p->remote, p->steady, w->now };
	return settle_look(e->seen, p->fd, e->name, &q);
}

static const struct verdict *look(struct place *p, size_t i)
{
	struct entry *e = &p->l.e[i];
	if (!e->seen) {
		_cleanup_free_ char *path = path_join(p->path, e->name);
		e->seen = seen_get(&p->w->scan->files, path);
		e->seen->pass = p->w->scan->pass;
		e->verdict = look_fresh(p, e);
	}
	return &e->verdict;
}

/* Does this settled .txt read as a ticket? Asked once for each content. */
static bool reads_as_ticket(struct place *p, struct entry *e)
{
	if (e->seen->ticket == TRI_UNKNOWN) {
		_cleanup_(buf_release) struct buf b = BUF_INIT;
		_cleanup_close_ int fd = path_open(p->fd, e->name, O_RDONLY);
		bool yes = fd >= 0 && file_read_fd(fd, TICKET_MAX, &b) == 0 && ticket_looks_like(b.s, b.len);
		e->seen->ticket = yes ? TRI_YES : TRI_NO;
	}
	return e->seen->ticket == TRI_YES;
}

/* Is this name a ticket? UNKNOWN: a .txt that has not settled. */
static enum tri is_ticket(struct place *p, size_t i)
{
	struct entry *e = &p->l.e[i];
	if (ticket_is_conf(e->name))
		return TRI_YES;
	if (!ticket_is_txt(e->name))
		return TRI_NO;
	const struct verdict *v = look(p, i);
	if (v->settle == SETTLE_READY)
		return reads_as_ticket(p, e) ? TRI_YES : TRI_NO;
	return v->settle == SETTLE_WAIT ? TRI_UNKNOWN : TRI_NO;
}

/* The ticket that goes with a structure: -1 none, -2 not known yet. */
static ssize_t ticket_of(struct place *p, size_t i)
{
	const struct entry *e = &p->l.e[i];
	if (e->own >= 0)
		return e->own;
	if (e->maybe < 0)
		return -1;
	enum tri t = is_ticket(p, (size_t)e->maybe);
	return t == TRI_YES ? e->maybe : t == TRI_NO ? -1 : -2;
}

/* As look(), for a structure: it must not be empty. */
static struct verdict look_structure(struct place *p, size_t i)
{
	struct entry *e = &p->l.e[i];
	struct verdict v = *look(p, i);
	if (v.settle != SETTLE_READY || e->seen->size > 0)
		return v;
	/* Firefox makes an empty file of the final name beside its download. */
	if (listing_has_partial(&p->l, e->name))
		return settle_wait(PARTIAL_S);
	return settle_later(e->seen, p->w->scan->rules.empty_report_s, p->w->now,
			    settle_trouble("empty", "The file is empty.",
					   "Save or copy it again; it is taken as soon as it has content."));
}

/* ---- structures that share a ticket */

static bool uses(const struct entry *e, size_t t)
{
	return e->type == DT_REG && (e->own == (ssize_t)t || (e->own < 0 && e->maybe == (ssize_t)t));
}

static bool group_is_ready(struct place *p, size_t t)
{
	struct entry *ticket = &p->l.e[t];
	size_t first, end;
	if (ticket->owners + (ticket->txt_owner >= 0) < 2)
		return true;
	if (ticket->group != TRI_UNKNOWN)
		return ticket->group == TRI_YES;
	ticket->group = TRI_YES;
	listing_range(&p->l, t, &first, &end);
	for (size_t i = first; i < end; i++)
		if (uses(&p->l.e[i], t) && is_ticket(p, i) != TRI_YES &&
		    ((p->how.markers && p->l.e[i].marker < 0) || look_structure(p, i).settle == SETTLE_WAIT))
			ticket->group = TRI_NO;
	return ticket->group == TRI_YES;
}

static bool ticket_ready(struct place *p, size_t t)
{
	const struct verdict *v = look(p, t);
	struct verdict large = settle_trouble("too-large", "A ticket of options has a few lines; this file is larger.",
					      "Keep only lines like \"solvent = CDCl3\".");
	if (v->settle == SETTLE_READY && p->l.e[t].seen->size > TICKET_MAX)
		v = &large;
	act(p->w, p->l.e[t].seen, v);
	return v->settle == SETTLE_READY && group_is_ready(p, t);
}

/* ---- structure or lone ticket */

static bool not_before(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec >= b.tv_nsec);
}

/* Is its marker there, and made after the file was written? Times of writing are what
 * their sender says, of change what the disk's clock says: one of them is enough. Told
 * when none comes. */
static bool marked(struct place *p, size_t i)
{
	struct entry *e = &p->l.e[i];
	double after = p->w->scan->rules.empty_report_s * LONE_TICKET_FACTOR;
	struct verdict v = settle_later(e->seen, after, p->w->now,
		settle_trouble("no-marker", "This folder takes a file once its marker is there, and none has come.",
			       "Make an empty file of the same name with .done behind it, as the program that writes "
			       "here should; or take \"markers\" out of nmr.conf."));
	if (e->marker >= 0) {
		if (fstatat(p->fd, p->l.e[e->marker].name, &e->mark, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (not_before(e->mark.st_ctim, e->seen->mtime) || not_before(e->mark.st_ctim, e->seen->ctime)))
			return true;
		v = settle_later(e->seen, after, p->w->now,
			settle_trouble("old-marker", "The file was written after its marker was made.",
				       "Make the marker again (touch it) when the file is finished."));
	}
	act(p->w, e->seen, &v);
	return false;
}

static bool is_marker(const struct place *p, size_t i)
{
	return p->how.markers && str_has_isuffix(p->l.e[i].name, MARKER_SUFFIX);
}

static void take_marker(struct place *p, size_t i)
{
	const struct verdict *v = look(p, i);
	struct verdict lone = settle_later(p->l.e[i].seen, p->w->scan->rules.empty_report_s * LONE_TICKET_FACTOR, p->w->now,
		settle_trouble("lone-marker", "This is a marker, but no file of that name came with it.",
			       "Copy the file too, under the same name before .done, and the marker again after it."));
	if (v->settle != SETTLE_TROUBLE && !p->l.e[i].marks)
		act(p->w, p->l.e[i].seen, &lone);
}

static void take_structure(struct place *p, size_t i)
{
	struct entry *e = &p->l.e[i];
	struct verdict v = look_structure(p, i);
	if (v.settle != SETTLE_READY) {
		act(p->w, e->seen, &v);
		return;
	}
	if (p->how.markers && !marked(p, i))
		return;
	ssize_t t = ticket_of(p, i);
	if (t == -2 || (t >= 0 && !ticket_ready(p, (size_t)t)))
		return;
	struct drop_item *it = add_item(p->w, e->seen, DROP_SETTLED);
	if (p->remote)
		memcpy(it->sha256, e->seen->sum, sizeof(it->sha256));
	settle_again(e->seen);
	if (t >= 0) {
		it->ticket = path_join(p->path, p->l.e[t].name);
		/* The marker's count has the ticket as well: it looks like a file of that name. */
		if (p->l.e[t].marker >= 0 && !p->l.e[t].emitted)
			p->l.e[p->l.e[t].marker].marks--;
		p->l.e[t].emitted = true;
	}
	/* A marker of several goes with the last. */
	if (e->marker >= 0 && --p->l.e[e->marker].marks == 0) {
		it->marker = path_join(p->path, p->l.e[e->marker].name);
		it->mdev = e->mark.st_dev;
		it->mino = e->mark.st_ino;
		it->mctime = e->mark.st_ctim;
	}
}

static bool has_owner(struct place *p, const struct entry *ticket)
{
	return ticket->owners || (ticket->txt_owner >= 0 && is_ticket(p, (size_t)ticket->txt_owner) != TRI_YES);
}

static void take_ticket(struct place *p, size_t i)
{
	struct entry *e = &p->l.e[i];
	const struct verdict *v = look(p, i);
	if (has_owner(p, e))
		return;
	if (v->settle != SETTLE_READY) {
		act(p->w, e->seen, v);
		return;
	}
	struct verdict lone = settle_later(e->seen, p->w->scan->rules.empty_report_s * LONE_TICKET_FACTOR, p->w->now,
		settle_trouble("lone-ticket", "This is a ticket of options, but no structure of that name came with it.",
			       "Copy the structure too, under the same name before the dot. If it came earlier "
			       "and was taken without the ticket, copy both again, the ticket first."));
	act(p->w, e->seen, &lone);
}

static void take(struct place *p, size_t i)
{
	if (is_marker(p, i)) {
		take_marker(p, i);
		return;
	}
	switch (is_ticket(p, i)) {
	case TRI_YES:
		take_ticket(p, i);
		break;
	case TRI_NO:
		take_structure(p, i);
		break;
	case TRI_UNKNOWN:
		act(p->w, p->l.e[i].seen, look(p, i));
		break;
	}
}

/* Enough is found: only those still go that share a ticket with one that went. */
static bool may_go(const struct place *p, size_t i)
{
	const struct entry *e = &p->l.e[i];
	if (p->w->items.n < p->w->max)
		return true;
	ssize_t t = e->own >= 0 ? e->own : e->maybe;
	return t >= 0 && p->l.e[t].emitted;
}

/* ---- folders */

static bool enough(const struct walk *w) { return w->items.n >= w->max; }

static void note_dir(struct walk *w, const char *path, const struct stat *st)
{
	struct seen *d = seen_get(&w->scan->dirs, path);
	bool known = d->since > 0 && d->dev == st->st_dev && d->ino == st->st_ino;
	bool first_base = d->since <= 0 && str_eq(path, w->scan->base);
	d->pass = w->scan->pass;
	d->dev = st->st_dev;
	d->ino = st->st_ino;
	d->since = w->now;
	if (!known && !first_base)
		strings_add(&w->fresh, xstrdup(path));
}

/* A folder that cannot be opened; its trouble is kept among the files'. */
static void closed_dir(struct walk *w, const char *path, int error)
{
	struct seen *s = seen_get(&w->scan->files, path);
	struct verdict v = settle_later(s, w->scan->rules.empty_report_s, w->now,
		settle_trouble("unreadable", "The spooler is not allowed to look into this folder.",
			       "Give it permission to read and enter the folder (chmod a+rx)."));
	/* Gone or replaced since it was listed: the next pass sees what it is now. On
	 * another mount: that one's own scan looks into it. */
	if (error == -ENOENT || error == -ENOTDIR || error == -ELOOP || error == -EXDEV)
		return;
	s->pass = w->scan->pass;
	if (s->since <= 0) {
		s->since = w->now;
		v = settle_wait(w->scan->rules.empty_report_s);
	}
	if (error == -ENAMETOOLONG)
		v = settle_trouble("too-deep", "The path of this folder is longer than the system allows.",
				   "Put it nearer to the top of the inbox, or shorten the names of folders.");
	act(w, s, &v);
}

static void queue_dirs(struct place *p)
{
	for (size_t i = 0; i < p->l.n; i++)
		if (p->l.e[i].type == DT_DIR)
			strings_add(&p->w->queue, path_join(p->path, p->l.e[i].name));
}

/* A result folder that somebody copied here carries the outbox's mark: no input. */
static void tell_result(struct walk *w, const char *path)
{
	struct seen *s = seen_get(&w->scan->files, path);
	struct verdict v = settle_trouble("own-result", "This folder is a result of this spooler, not an input.",
					  "Take it out of the inbox. To compute its molecule again, copy only the file "
					  "in its folder \"input\" into the inbox.");
	s->pass = w->scan->pass;
	act(w, s, &v);
}

static bool is_result(int dirfd) { return faccessat(dirfd, ".nmr-id", F_OK, AT_SYMLINK_NOFOLLOW) == 0; }

/* Relative to base; path is base or below it. */
static const char *below_base(const struct drop_scan *s, const char *path)
{
	const char *p = path + strlen(s->base);
	return *p == '/' ? p + 1 : p;
}

static int visit(struct walk *w, const char *path)
{
	struct stat st;
	_cleanup_close_ int fd = path_open_here(w->basefd, below_base(w->scan, path), O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	if (*below_base(w->scan, path) && is_result(fd)) {
		tell_result(w, path);
		return 0;
	}
	struct place p = { .w = w, .path = path, .fd = fd, .how = treatment(w->scan, path, fd) };
	p.remote = p.how.mode == DROP_POLL;
	const struct drop_folder *own = folder_of(&w->scan->rules, path);
	p.steady = p.remote || (own && own->quiet_s >= 0) || served_at(w->scan, path) != SERVED_NOT;
	tick(w->scan);
	w->scan->polls = w->scan->polls || p.remote;
	int r = listing_read(fd, &p.l);
	if (r < 0)
		return r;
	if (p.how.markers)
		listing_pair_markers(&p.l);
	if (fstat(fd, &st) == 0)
		note_dir(w, path, &st);
	queue_dirs(&p);
	for (size_t i = 0; i < p.l.n; i++)
		if (p.l.e[i].type != DT_DIR && p.l.e[i].type != DT_WHT && may_go(&p, i))
			take(&p, i);
	listing_release(&p.l);
	return 0;
}

static void walk_folders(struct walk *w)
{
	for (size_t i = 0; i < w->queue.n && !enough(w); i++) {
		int r = visit(w, w->queue.s[i]);
		if (r < 0)
			closed_dir(w, w->queue.s[i], r);
	}
	if (enough(w)) {
		look_again(w, 0);
		return;
	}
	seen_sweep(&w->scan->files, w->scan->pass);
	seen_sweep(&w->scan->dirs, w->scan->pass);
}

static int open_base(const struct drop_scan *s)
{
	int rootfd = path_open_root(s->root);
	if (rootfd < 0 || !*s->base)
		return rootfd;
	int fd = path_open(rootfd, s->base, O_RDONLY | O_DIRECTORY);
	close(rootfd);
	return fd;
}

bool drop_scan_polls(const struct drop_scan *s) { return s->polls; }

enum drop_mode drop_scan_mode(const struct drop_scan *s, const char **ret_why)
{
	*ret_why = s->why;
	return s->mode;
}

int drop_scan_pass(struct drop_scan *s, size_t max, struct drop_list *ret_items, char ***ret_dirs,
		   size_t *ret_ndirs, double *ret_next_s)
{
	struct walk w = { .scan = s, .now = clock_mono(), .max = MAX(max, 1U), .next_s = -1 };
	w.basefd = open_base(s);
	if (w.basefd < 0) {
		/* When it is back it is another folder, whatever its number: forget this one. */
		struct seen *base = seen_get(&s->dirs, s->base);
		base->ino = 0;
		base->since = w.now;
		return w.basefd;
	}
	s->mode = place_is_remote(w.basefd, &s->why) ? DROP_POLL : DROP_EVENTS;
	s->polls = false;
	refresh_served(s, w.now);
	s->pass++;
	int r = visit(&w, s->base);
	if (r == 0)
		walk_folders(&w);
	close(w.basefd);
	strings_release(&w.queue);
	/* What this pass did not come to settles like any other. */
	if (s->moved.n) {
		seen_release(&s->moved);
		seen_init(&s->moved);
	}
	if (r < 0) {
		drop_list_release(&w.items);
		strings_release(&w.fresh);
		return r;
	}
	*ret_items = w.items;
	*ret_dirs = w.fresh.s;
	*ret_ndirs = w.fresh.n;
	*ret_next_s = w.next_s;
	return 0;
}

/* ---- doctor's question */

struct survey { struct drop_scan *s; void (*fn)(const char *, const struct drop_treatment *, void *); void *arg; int basefd; };

static bool same_treatment(const struct drop_treatment *a, const struct drop_treatment *b)
{
	return a->mode == b->mode && a->quiet_s == b->quiet_s && a->markers == b->markers && str_eq(a->why, b->why);
}

static int survey(const struct survey *v, const char *path, const struct drop_treatment *above, int depth)
{
	struct listing l = { 0 };
	_cleanup_close_ int fd = path_open_here(v->basefd, below_base(v->s, path), O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	struct drop_treatment t = treatment(v->s, path, fd);
	if (!above || !same_treatment(above, &t))
		v->fn(path, &t, v->arg);
	int r = depth < SURVEY_DEPTH ? listing_read(fd, &l) : 0;
	for (size_t i = 0; r == 0 && i < l.n; i++) {
		_cleanup_free_ char *below = path_join(path, l.e[i].name);
		/* What cannot be opened is the scan's to tell. */
		if (l.e[i].type == DT_DIR)
			survey(v, below, &t, depth + 1);
	}
	listing_release(&l);
	return r;
}

int drop_survey(const char *root, const char *base, const struct drop_rules *rules,
		void (*fn)(const char *path, const struct drop_treatment *t, void *arg), void *arg)
{
	struct drop_scan *s = drop_scan_new(root, base, rules);
	refresh_served(s, clock_mono());
	struct survey v = { s, fn, arg, open_base(s) };
	int r = v.basefd < 0 ? v.basefd : survey(&v, base, NULL, 0);
	if (v.basefd >= 0)
		close(v.basefd);
	drop_scan_free(s);
	return r;
}
