/* One mount's part of the inbox: the inbox itself, or what is mounted below it. Each
 * has a worker of its own, so that a server that does not answer stops nothing else.
 * The chain for a batch of files is
 *   worker: scan, claim (copy to spool/intake/<id>/, durable)
 *   loop:   claim keys and job rows in one transaction
 *   worker: take the originals away
 *   loop:   forget the claim keys; look again
 * so a file is never scanned while its row is being made. Logs what was taken. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/daemon.h"
#include "daemon/intake-internal.h"

#define ITEMS_A_ROUND 256
#define GROUP 4                  /* from so many files on they share their syncs */

struct taken {
	char id[ID_LEN + 1];     /* of its job */
	char own[ID_LEN + 1];    /* of the copy in intake/; another one when it has a job already */
	struct drop_claim claim;
	char *base;              /* the name of its result, before numbering */
	uint64_t names_on_disk;
	bool fresh;              /* its row is made in this round */
	bool stored;             /* its row is durable */
	bool gone;               /* so is the removal of the original */
};

/* A claim whose original was not taken away to the end. */
struct rest { char *key, *id, *path; bool done; };

struct tree {
	struct intake *in;
	char *base;              /* below the inbox; "": the inbox itself */
	struct worker *worker;
	struct loop_source *source, *watch_source, *timer, *hung_timer;
	struct drop_watch *watch;
	struct drop_scan *scan;
	struct tree *next;
	bool busy, again, quiet;
	bool rest;               /* claims may be left from an interrupted removal */
	bool remote;             /* its filesystem tells nothing of what others do */
	bool unwatched;          /* not all of it could be watched */
	bool undecided;          /* some of them could not be dealt with, which was told */
	bool met;                /* its mode was told */
	bool hung;               /* told */
	bool failing;            /* a mount whose last round failed: --once does not wait for it */
	double hung_since;       /* clock_wall() */
	_Atomic double alive;    /* when its worker last got something done, clock_mono() */
};

struct round {
	struct tree *t;
	struct rest *rest;
	size_t nrest;
	struct taken *taken;
	size_t ntaken;
	struct drop_list items;  /* troubles among them */
	char **dirs;
	size_t ndirs;
	double next_s;
	int error, rest_error;
	bool more;
	bool asked;              /* the queue was asked to keep them */
	char **moved, **mounts;  /* renamed into place; mounted below the inbox */
	size_t nmoved, nmounts;
	bool told_mounts;
};

static void trouble(struct tree *t, int error);
static void ended(struct tree *t);

static void release_taken(struct taken *t)
{
	drop_claim_release(&t->claim);
	free(t->base);
}

static void free_strings(char **s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(s[i]);
	free(s);
}

static void free_round(struct round *r)
{
	for (size_t i = 0; i < r->ntaken; i++)
		release_taken(&r->taken[i]);
	for (size_t i = 0; i < r->nrest; i++) {
		free(r->rest[i].key);
		free(r->rest[i].id);
		free(r->rest[i].path);
	}
	free_strings(r->moved, r->nmoved);
	free_strings(r->mounts, r->nmounts);
	free_strings(r->dirs, r->ndirs);
	free(r->rest);
	free(r->taken);
	drop_list_release(&r->items);
	free(r);
}

/* The whole path of its folder. Caller frees. */
static char *tree_folder(const struct tree *t)
{
	const char *inbox = t->in->d->conf->inbox;
	return *t->base ? xasprintf("%s/%s", inbox, t->base) : xstrdup(inbox);
}

/* ---- in the worker */

/* Of the file that is taken now, and of the folders that it lies in. */
static void troubles_over(const struct daemon *d, const char *file)
{
	const struct outbox *o = folder_outbox(d->folder);
	_cleanup_free_ char *path = xstrdup(file);
	for (char *end = path + strlen(path); end; end = strrchr(path, '/')) {
		*end = '\0';
		_cleanup_free_ char *base = intake_base_name(d->conf, path, false);
		_cleanup_free_ char *place = outbox_place(o, base);
		outbox_trouble_over(o, place, path);
	}
}

static void claim_one(struct round *r, const struct drop_item *item)
{
	struct daemon *d = r->t->in->d;
	struct taken t = { 0 };
	r->t->alive = clock_mono();
	id_new(t.id);
	memcpy(t.own, t.id, sizeof(t.own));
	_cleanup_free_ char *dir = intake_dir(d->conf, t.id);
	int e = file_mkdir_p(dir, 0755);
	if (e == 0)
		e = drop_claim(d->conf->inbox, item, dir, (size_t)d->conf->file_size_max_mb << 20, &t.claim);
	if (e < 0) {
		file_rm_rf(dir);
		r->more = r->more || e == -EAGAIN;
		if (e == -EREMOTEIO)
			drop_scan_unread(r->t->scan, item->path);
		else if (e != -EAGAIN)
			r->error = e;
		return;
	}
	const struct outbox *o = folder_outbox(d->folder);
	_cleanup_free_ char *base = intake_base_name(d->conf, t.claim.path, false);
	t.base = outbox_place(o, base);
	troubles_over(d, t.claim.path);
	t.names_on_disk = intake_names_on_disk(o, t.base);
	r->taken = xreallocarray(r->taken, r->ntaken + 1, sizeof(*r->taken));
	r->taken[r->ntaken++] = t;
}

/* Copies that did not reach the disk: the originals are looked at again. */
static void give_up(struct round *r, int error)
{
	for (size_t i = 0; i < r->ntaken; i++) {
		_cleanup_free_ char *dir = intake_dir(r->t->in->d->conf, r->taken[i].id);
		file_rm_rf(dir);
		release_taken(&r->taken[i]);
	}
	r->ntaken = 0;
	r->error = error;
}

static void claim_all(struct round *r)
{
	_cleanup_free_ char *parent = xasprintf("%s/intake", r->t->in->d->conf->spool);
	if (r->items.n >= GROUP)
		file_group_begin(parent);
	for (size_t i = 0; i < r->items.n; i++)
		if (r->items.item[i].kind == DROP_SETTLED)
			claim_one(r, &r->items.item[i]);
	/* The new folders' names must be on disk before a row points at them. */
	int e = r->ntaken ? file_fsync_dir(parent) : 0;
	int g = file_group_end();
	if (r->ntaken && (e < 0 || g < 0))
		give_up(r, e < 0 ? e : g);
}

/* Only the mount that a claim is of can tell that its file is gone: the folder beneath
 * it knows nothing of that. */
static bool is_mounted(const struct tree *t)
{
	char **mount = NULL;
	size_t n = 0;
	bool found = !*t->base;
	if (found || drop_mounts(t->in->d->conf->inbox, &mount, &n) < 0)
		return found;
	found = drop_mounts_have(mount, n, t->base);
	free_strings(mount, n);
	return found;
}

/* Before anything new: a file put back is scanned in the same round. What cannot be
 * decided now is tried again; the claim keeps it from being taken twice until then. */
static void finish_rest(struct round *r)
{
	const struct conf *c = r->t->in->d->conf;
	for (size_t i = 0; i < r->nrest; i++) {
		bool there = true;
		_cleanup_free_ char *dir = intake_dir(c, r->rest[i].id);
		r->t->alive = clock_mono();
		int e = drop_take_away_rest(c->inbox, r->rest[i].id, r->rest[i].path, dir, &there);
		/* Still there: the scan meets it, and the claim says that it has a job. */
		r->rest[i].done = e == 0 && !there;
		r->rest_error = e < 0 ? e : r->rest_error;
	}
	if (!r->nrest || is_mounted(r->t))
		return;
	r->rest_error = -ENODEV;
	for (size_t i = 0; i < r->nrest; i++)
		r->rest[i].done = false;
}

static void work_scan(void *arg)
{
	struct round *r = arg;
	struct tree *t = r->t;
	r->next_s = -1;
	finish_rest(r);
	drop_scan_moved(t->scan, r->moved, r->nmoved);
	r->error = drop_scan_pass(t->scan, ITEMS_A_ROUND, &r->items, &r->dirs, &r->ndirs, &r->next_s);
	if (!*t->base)
		r->told_mounts = drop_mounts(t->in->d->conf->inbox, &r->mounts, &r->nmounts) == 0;
	/* Unmounted, or a file that is mounted over a file: nothing to look into. */
	if (*t->base && (r->error == -ENOENT || r->error == -ENOTDIR)) {
		r->error = 0;
		return;
	}
	t->alive = clock_mono();
	if (r->error == 0)
		claim_all(r);
	r->more = r->more || r->items.n >= ITEMS_A_ROUND;
}

static void take_away_one(struct round *r, struct taken *t)
{
	memcpy(t->claim.job, t->id, sizeof(t->claim.job));
	int e = drop_take_away(r->t->in->d->conf->inbox, &t->claim);
	r->t->alive = clock_mono();
	/* Replaced meanwhile: what is there now is a drop of its own. */
	t->gone = e == 0 || e == -ESTALE;
	if (t->gone)
		return;
	if (e != -EROFS && e != -EACCES && e != -EPERM && e != -EBUSY) {
		r->error = e;
		return;
	}
	/* Its claim is kept, so that it is not taken again, now or after a restart. */
	if (t->fresh)
		log_event(LOG_WARN, "original-stays", "job", t->id, "file", t->claim.path, "error", strerror(-e),
			  "remedy", "give the spooler write permission on the inbox", NULL);
	drop_scan_ignore(r->t->scan, t->claim.dev, t->claim.ino, t->claim.ctime);
}

static void work_take_away(void *arg)
{
	struct round *r = arg;
	_cleanup_free_ char *folder = tree_folder(r->t);
	if (r->ntaken >= GROUP)
		file_group_begin(folder);
	for (size_t i = 0; i < r->ntaken; i++)
		if (r->taken[i].stored)
			take_away_one(r, &r->taken[i]);
	int e = file_group_end();
	if (e == 0 && r->ntaken && !is_mounted(r->t))
		e = -ENODEV;
	for (size_t i = 0; e < 0 && i < r->ntaken; i++)
		r->taken[i].gone = false;
	r->error = e < 0 ? e : r->error;
}

/* ---- in the loop */

static void add_watches(struct tree *t, const struct round *r)
{
	size_t skip = *t->base ? strlen(t->base) + 1 : 0;
	for (size_t i = 0; i < r->ndirs && t->watch && !t->remote; i++) {
		bool is_base = strlen(r->dirs[i]) < skip || !*r->dirs[i];
		int e = drop_watch_add(t->watch, is_base ? "" : r->dirs[i] + skip);
		if (e == -ENOSPC && !t->unwatched) {
			t->unwatched = true;
			log_event(LOG_WARN, "watch-limit", "remedy",
				  "raise fs.inotify.max_user_watches; folders are polled until then", NULL);
		}
	}
	/* What came into a new folder before its watch is seen by the next scan. */
	if (r->ndirs && t->watch)
		t->again = true;
}

static void tell_troubles(struct intake *in, const struct round *r)
{
	for (size_t i = 0; i < r->items.n; i++) {
		const struct drop_item *it = &r->items.item[i];
		if (it->kind != DROP_TROUBLE)
			continue;
		log_event(LOG_WARN, "file-trouble", "file", it->path, "trouble", it->trouble, "why", it->why, NULL);
		folder_trouble(in->d->folder, it);
		in->d->failed++;
	}
}

/* The row of an earlier claim must have its file. */
static int keep_one_copy(struct daemon *d, const struct taken *t)
{
	_cleanup_free_ char *own = intake_dir(d->conf, t->own);
	_cleanup_free_ char *dir = intake_dir(d->conf, t->id);
	_cleanup_free_ char *file = xasprintf("%s/structure", dir);
	if (file_exists(file))
		return 0;
	return rename(own, dir) < 0 && errno != ENOTEMPTY && errno != EEXIST ? -errno : 0;
}

static int store_one(struct daemon *d, struct taken *t, const char *base)
{
	char other[ID_LEN + 1];
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (queue_claim_find(d->q, t->claim.key, other) == 0) {
		/* Its row is there already: only the removal was interrupted. */
		memcpy(t->id, other, sizeof(other));
		return keep_one_copy(d, t);
	}
	t->fresh = true;
	_cleanup_free_ char *input = xasprintf("intake/%s/structure", t->id);
	_cleanup_free_ char *owner = xasprintf("%u", (unsigned)t->claim.uid);
	struct intake_source src = { .path = t->claim.path, .id = t->id, .input = input, .sha256 = t->claim.sha256,
				     .ticket_name = t->claim.ticket, .ticket = t->claim.ticket_text,
				     .ticket_len = t->claim.ticket_len, .owner = owner,
				     .base = t->base, .names_on_disk = t->names_on_disk };
	intake_job(d, &src, &j);
	int e = queue_job_add(d->q, &j);
	return e == 0 ? queue_claim_add(d->q, t->claim.key, t->id, base) : e;
}

static void taken_away(void *arg)
{
	struct round *r = arg;
	struct tree *t = r->t;
	struct intake *in = t->in;
	int e = queue_begin(in->d->q);
	for (size_t i = 0; e == 0 && i < r->ntaken; i++)
		if (r->taken[i].gone)
			e = queue_claim_remove(in->d->q, r->taken[i].claim.key);
	queue_end(in->d->q, e);
	t->rest = t->rest || r->error < 0;
	ended(t);
	if (r->error < 0)
		trouble(t, r->error);
	else if (r->more || t->again)
		tree_look(t);
	free_round(r);
	daemon_check_once(in->d);
}

/* What becomes of the copy in intake/. */
static void settle_copy(struct intake *in, struct taken *t, bool stored, bool asked)
{
	t->stored = stored;
	if (stored && t->fresh) {
		intake_show_accepted(in->d, t->id, t->claim.path);
		return;
	}
	char *dir = intake_dir(in->d->conf, t->own);
	/* A commit that failed may be found whole on disk after a crash. */
	if (t->fresh && asked) {
		intake_doubt(in, dir);
		return;
	}
	file_rm_rf(dir);
	free(dir);
}

static void round_stored(void *arg, bool ok)
{
	struct round *r = arg;
	struct intake *in = r->t->in;
	bool stored = ok && r->error == 0;
	if (stored)
		intake_end_doubt(in, true);
	for (size_t i = 0; i < r->ntaken; i++)
		settle_copy(in, &r->taken[i], stored, r->asked);
	if (!ok && r->error == 0)
		r->error = -EIO;
	worker_post(r->t->worker, work_take_away, taken_away, r);
	manager_tick(in->d->manager);
}

static void store_round(struct intake *in, struct round *r)
{
	int e = queue_begin(in->d->q);
	for (size_t i = 0; e == 0 && i < r->ntaken; i++)
		e = store_one(in->d, &r->taken[i], r->t->base);
	r->asked = e == 0;
	r->error = queue_end(in->d->q, e);
	if (r->error < 0)
		log_event(LOG_ERROR, "intake-stopped", "error", queue_error(in->d->q), "remedy",
			  "free space on the spool's disk; the files stay in the inbox", NULL);
	commit_after(in->d->commit, round_stored, r);
	commit_now(in->d->commit);
}

/* A timer that has fired is gone: its pointer must not outlive it. */
static void on_time(void *arg)
{
	struct tree *t = arg;
	t->timer = NULL;
	tree_look(t);
}

static void arm(struct tree *t, double seconds)
{
	loop_remove(t->in->d->loop, t->timer);
	t->timer = loop_after(t->in->d->loop, seconds, on_time, t);
}

/* Something failed that may not fail again. */
static void trouble(struct tree *t, int error)
{
	log_event(LOG_ERROR, "inbox-scan-failed", "folder", t->base, "error", strerror(-error), NULL);
	t->quiet = false;
	arm(t, MIN(t->in->d->conf->scan_s, INTAKE_AGAIN_S));
	if (*t->base && !t->failing && t->in->d->once)
		t->in->d->failed++;
	t->failing = *t->base != '\0';
}

/* ---- a mount that does not answer: its own worker waits for it, nobody else does */

static void on_hung_time(void *arg)
{
	struct tree *t = arg;
	const struct daemon *d = t->in->d;
	double silent = MIN(clock_mono() - t->alive, worker_busy_s(t->worker)), limit = d->conf->hung_s;
	t->hung_timer = NULL;
	if (silent < limit) {
		t->hung_timer = loop_after(d->loop, limit - silent + 0.01, on_hung_time, t);
		return;
	}
	t->hung = true;
	t->hung_since = clock_wall() - silent;
	_cleanup_free_ char *folder = tree_folder(t);
	log_event(LOG_ERROR, "folder-does-not-answer", "folder", folder, "remedy",
		  "see to its server and its network; everything else goes on", NULL);
	intake_hung(t->in);
}

static void begun(struct tree *t)
{
	t->busy = true;
	t->alive = clock_mono();
	if (t->in->d->conf->hung_s > 0)
		t->hung_timer = loop_after(t->in->d->loop, t->in->d->conf->hung_s, on_hung_time, t);
}

static void ended(struct tree *t)
{
	t->busy = false;
	loop_remove(t->in->d->loop, t->hung_timer);
	t->hung_timer = NULL;
	if (!t->hung)
		return;
	t->hung = false;
	_cleanup_free_ char *folder = tree_folder(t);
	log_event(LOG_INFO, "folder-answers-again", "folder", folder, NULL);
	intake_hung(t->in);
}

/* ---- a round */

/* Those of a mount that is not there wait for it: forgotten, its files would be new
 * ones when it comes back. */
static int add_rest(const char *key, const char *id, const char *source, const char *mount, void *arg)
{
	struct round *r = arg;
	if (!source || !str_eq(mount, r->t->base))
		return 0;
	if ((r->nrest & (r->nrest - 1)) == 0)
		r->rest = xreallocarray(r->rest, r->nrest ? r->nrest * 2 : 1, sizeof(*r->rest));
	r->rest[r->nrest++] = (struct rest){ .key = xstrdup(key), .id = xstrdup(id), .path = xstrdup(source) };
	return 0;
}

static void forget_rest(struct intake *in, const struct round *r)
{
	bool any = false;
	for (size_t i = 0; i < r->nrest; i++)
		any = any || r->rest[i].done;
	int e = any ? queue_begin(in->d->q) : 0;
	for (size_t i = 0; any && e == 0 && i < r->nrest; i++)
		if (r->rest[i].done)
			e = queue_claim_remove(in->d->q, r->rest[i].key);
	if (any)
		queue_end(in->d->q, e);
}

static void on_event(void *arg)
{
	struct tree *t = arg;
	bool any = false, rescan = false;
	drop_watch_read(t->watch, &any, &rescan);
	if (rescan)
		log_event(LOG_WARN, "inbox-events-lost", NULL);
	if (any || rescan)
		tree_look(t);
}

static void open_watch(struct tree *t)
{
	_cleanup_free_ char *folder = tree_folder(t);
	t->watch = intake_watch(t->in, folder, on_event, t, &t->watch_source);
	t->unwatched = !t->watch;
}

/* Only its own worker may ask a mount what it is. Told once, and when it changes. */
static void take_mode(struct tree *t)
{
	const char *why;
	bool remote = drop_scan_mode(t->scan, &why) == DROP_POLL;
	if (t->met && remote == t->remote)
		return;
	_cleanup_free_ char *folder = tree_folder(t);
	log_event(LOG_INFO, "inbox", "folder", folder, "mode", remote ? "poll" : "events", "why", why, NULL);
	t->remote = remote;
	t->met = true;
	/* Another filesystem came in its place, one that the loop must not touch. */
	if (remote && *t->base && t->watch) {
		loop_remove(t->in->d->loop, t->watch_source);
		drop_watch_free(t->watch);
		t->watch = NULL;
	}
	if (remote || t->watch || t->unwatched)
		return;
	open_watch(t);
	/* What came before the watch gave no event. */
	t->again = true;
}

static void scanned(void *arg)
{
	struct round *r = arg;
	struct tree *t = r->t;
	struct intake *in = t->in;
	const struct conf *c = in->d->conf;
	if (r->error == 0)
		take_mode(t);
	add_watches(t, r);
	tell_troubles(in, r);
	forget_rest(in, r);
	if (r->told_mounts)
		intake_mounted(in, r->mounts, r->nmounts);
	t->quiet = r->next_s < 0 && !r->items.n && !r->more && !t->again;
	double rest = t->remote || t->unwatched || drop_scan_polls(t->scan) ? c->scan_remote_s : c->scan_s;
	arm(t, r->next_s >= 0 ? MIN(MAX(r->next_s, 0.01), rest) : rest);
	if (r->rest_error < 0 && !t->undecided)
		log_event(LOG_WARN, "claim-undecided", "folder", t->base, "error", strerror(-r->rest_error), NULL);
	t->undecided = r->rest_error < 0;
	t->rest = t->rest || t->undecided;
	if (r->error < 0) {
		t->rest = t->rest || r->nrest;
		trouble(t, r->error);
	} else
		t->failing = false;
	r->error = 0;
	if (!r->ntaken) {
		ended(t);
		if (t->again)
			tree_look(t);
		free_round(r);
		daemon_check_once(in->d);
		return;
	}
	store_round(in, r);
}

void tree_look(struct tree *t)
{
	struct intake *in = t->in;
	if (!intake_open(in->d))
		return;
	t->again = true;
	if (t->busy)
		return;
	t->again = false;
	struct round *r = xcalloc(1, sizeof(*r));
	r->t = t;
	if (t->watch)
		r->moved = drop_watch_moved(t->watch, &r->nmoved);
	for (size_t i = 0; *t->base && i < r->nmoved; i++) {
		char *path = xasprintf("%s/%s", t->base, r->moved[i]);
		free(r->moved[i]);
		r->moved[i] = path;
	}
	if (t->rest)
		t->rest = queue_claim_each(in->d->q, add_rest, r) < 0;
	arm(t, in->d->conf->scan_s);
	begun(t);
	worker_post(t->worker, work_scan, scanned, r);
}

/* ---- life */

static void on_worker(void *arg) { worker_dispatch(arg); }

struct tree *tree_new(struct intake *in, const char *base)
{
	const struct conf *c = in->d->conf;
	struct drop_rules rules;
	drop_rules_of(c, in->folders, &rules);
	struct tree *t = xcalloc(1, sizeof(*t));
	t->in = in;
	t->base = xstrdup(base);
	t->worker = worker_new("inbox");
	t->scan = drop_scan_new(c->inbox, base, &rules);
	drop_scan_alive(t->scan, &t->alive);
	t->rest = true;
	t->source = loop_add(in->d->loop, worker_fd(t->worker), on_worker, t->worker);
	return t;
}

void tree_watch(struct tree *t)
{
	if (!t->watch)
		open_watch(t);
}

bool tree_busy(const struct tree *t) { return t->busy; }
const char *tree_base(const struct tree *t) { return t->base; }
struct tree *tree_next(const struct tree *t) { return t->next; }
struct tree **tree_next_of(struct tree *t) { return &t->next; }

bool tree_notice(const struct tree *t, struct buf *b)
{
	char since[CLOCK_ISO_LEN];
	if (!t->hung || !b)
		return t->hung;
	clock_local(t->hung_since, since);
	buf_addf(b, "The %s%s%s has not answered since %s. Its files wait; everything else goes on. "
		 "See to its server and its network. ", *t->base ? "folder \"" : "inbox", t->base,
		 *t->base ? "\" in the inbox" : "", since);
	return true;
}

bool tree_idle(const struct tree *t) { return t->hung || (t->failing && !t->busy) || (t->quiet && !t->busy && !t->again); }

bool tree_free(struct tree *t)
{
	struct loop *loop = t->in->d->loop;
	loop_remove(loop, t->source);
	loop_remove(loop, t->watch_source);
	bool all = worker_free(t->worker, t->hung ? 0 : 5);
	loop_remove(loop, t->timer);
	loop_remove(loop, t->hung_timer);
	drop_watch_free(t->watch);
	if (!all)
		return false;
	drop_scan_free(t->scan);
	free(t->base);
	free(t);
	return true;
}
