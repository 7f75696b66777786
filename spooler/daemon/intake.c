/* Inbox and door: one worker each. The chain for a batch of files is
 *   worker: scan, claim (copy to spool/intake/<id>/, durable)
 *   loop:   claim keys and job rows in one transaction
 *   worker: take the originals away
 *   loop:   forget the claim keys; look again
 * so a file is never scanned while its row is being made. Logs what was taken. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "daemon/commit.h"
#include "daemon/disk.h"

#define ITEMS_A_ROUND 256
#define GROUP 4                  /* from so many files on they share their syncs */
#define AGAIN_S 5.0              /* after an error */

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

struct side {                    /* the inbox */
	struct worker *worker;
	struct drop_watch *watch;
	struct drop_scan *scan;
	bool busy, again, quiet;
	bool rest;               /* claims may be left from an interrupted removal */
	struct loop_source *timer;
};

/* Copies of files whose commit failed: it may yet prove to have reached the disk. */
struct doubt { char *dir; struct doubt *next; };

struct intake {
	struct daemon *d;
	struct side inbox, door;
	bool poll;               /* the inbox gives no events */
	struct doubt *doubt;
};

struct round {
	struct intake *in;
	struct rest *rest;
	size_t nrest;
	struct taken *taken;
	size_t ntaken;
	struct drop_list items;  /* troubles among them */
	char **dirs;
	size_t ndirs;
	double next_s;
	int error;
	bool more;
	bool asked;              /* the queue was asked to keep them */
};

static void look(void *arg);
static void door_look(void *arg);
static void trouble(struct intake *in, int error);

static void release_taken(struct taken *t)
{
	drop_claim_release(&t->claim);
	free(t->base);
}

static void free_round(struct round *r)
{
	for (size_t i = 0; i < r->ntaken; i++)
		release_taken(&r->taken[i]);
	for (size_t i = 0; i < r->ndirs; i++)
		free(r->dirs[i]);
	for (size_t i = 0; i < r->nrest; i++) {
		free(r->rest[i].key);
		free(r->rest[i].id);
		free(r->rest[i].path);
	}
	free(r->rest);
	free(r->taken);
	free(r->dirs);
	drop_list_release(&r->items);
	free(r);
}

static uint64_t names_on_disk(const struct outbox *o, const char *base)
{
	uint64_t bits = 0;
	for (int n = 1; n <= 64; n++) {
		_cleanup_free_ char *name = intake_candidate(base, n);
		if (!outbox_has(o, name))
			break;
		bits |= (uint64_t)1 << (n - 1);
	}
	return bits;
}

/* ---- in the worker */

static char *intake_dir(const struct conf *conf, const char *id)
{
	return xasprintf("%s/intake/%s", conf->spool, id);
}

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
	struct daemon *d = r->in->d;
	struct taken t = { 0 };
	id_new(t.id);
	memcpy(t.own, t.id, sizeof(t.own));
	_cleanup_free_ char *dir = intake_dir(d->conf, t.id);
	int e = file_mkdir_p(dir, 0755);
	if (e == 0)
		e = drop_claim(d->conf->inbox, item, dir, (size_t)d->conf->file_size_max_mb << 20, &t.claim);
	if (e < 0) {
		file_rm_rf(dir);
		r->more = r->more || e == -EAGAIN;
		r->error = e == -EAGAIN ? r->error : e;
		return;
	}
	const struct outbox *o = folder_outbox(d->folder);
	_cleanup_free_ char *base = intake_base_name(d->conf, t.claim.path, false);
	t.base = outbox_place(o, base);
	troubles_over(d, t.claim.path);
	t.names_on_disk = names_on_disk(o, t.base);
	r->taken = xreallocarray(r->taken, r->ntaken + 1, sizeof(*r->taken));
	r->taken[r->ntaken++] = t;
}

/* Copies that did not reach the disk: the originals are looked at again. */
static void give_up(struct round *r, int error)
{
	for (size_t i = 0; i < r->ntaken; i++) {
		_cleanup_free_ char *dir = intake_dir(r->in->d->conf, r->taken[i].id);
		file_rm_rf(dir);
		release_taken(&r->taken[i]);
	}
	r->ntaken = 0;
	r->error = error;
}

static void claim_all(struct round *r)
{
	_cleanup_free_ char *parent = xasprintf("%s/intake", r->in->d->conf->spool);
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

/* Before anything new: a file put back is scanned in the same round. */
static void finish_rest(struct round *r)
{
	const struct conf *c = r->in->d->conf;
	for (size_t i = 0; i < r->nrest; i++) {
		bool there = true;
		_cleanup_free_ char *dir = intake_dir(c, r->rest[i].id);
		int e = drop_take_away_rest(c->inbox, r->rest[i].id, r->rest[i].path, dir, &there);
		/* Still there: the scan meets it, and the claim says that it has a job. */
		r->rest[i].done = e == 0 && !there;
		r->error = e < 0 ? e : r->error;
	}
}

static void work_scan(void *arg)
{
	struct round *r = arg;
	r->next_s = -1;
	finish_rest(r);
	if (r->error < 0)
		return;
	r->error = drop_scan_pass(r->in->inbox.scan, ITEMS_A_ROUND, &r->items, &r->dirs, &r->ndirs, &r->next_s);
	if (r->error == 0)
		claim_all(r);
	r->more = r->more || r->items.n >= ITEMS_A_ROUND;
}

static void take_away_one(struct round *r, struct taken *t)
{
	memcpy(t->claim.job, t->id, sizeof(t->claim.job));
	int e = drop_take_away(r->in->d->conf->inbox, &t->claim);
	/* Replaced meanwhile: what is there now is a drop of its own. */
	t->gone = e == 0 || e == -ESTALE;
	if (t->gone)
		return;
	if (e != -EROFS && e != -EACCES && e != -EPERM) {
		r->error = e;
		return;
	}
	/* Its claim is kept, so that it is not taken again, now or after a restart. */
	if (t->fresh)
		log_event(LOG_WARN, "original-stays", "job", t->id, "file", t->claim.path, "error", strerror(-e),
			  "remedy", "give the spooler write permission on the inbox", NULL);
	drop_scan_ignore(r->in->inbox.scan, t->claim.dev, t->claim.ino, t->claim.ctime);
}

static void work_take_away(void *arg)
{
	struct round *r = arg;
	if (r->ntaken >= GROUP)
		file_group_begin(r->in->d->conf->inbox);
	for (size_t i = 0; i < r->ntaken; i++)
		if (r->taken[i].stored)
			take_away_one(r, &r->taken[i]);
	int e = file_group_end();
	for (size_t i = 0; e < 0 && i < r->ntaken; i++)
		r->taken[i].gone = false;
	r->error = e < 0 ? e : r->error;
}

/* ---- in the loop */

static void add_watches(struct intake *in, const struct round *r)
{
	for (size_t i = 0; i < r->ndirs && in->inbox.watch; i++) {
		int e = drop_watch_add(in->inbox.watch, r->dirs[i]);
		if (e == -ENOSPC && !in->poll) {
			in->poll = true;
			log_event(LOG_WARN, "watch-limit", "remedy",
				  "raise fs.inotify.max_user_watches; folders are polled until then", NULL);
		}
	}
	/* What came into a new folder before its watch is seen by the next scan. */
	if (r->ndirs)
		in->inbox.again = true;
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

static int store_one(struct daemon *d, struct taken *t)
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
	return e == 0 ? queue_claim_add(d->q, t->claim.key, t->id) : e;
}

/* Only now: a folder of a job that is not in the queue would take the name away
 * from the one that comes instead. */
static void show_accepted(struct daemon *d, const char *id, const char *path)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (queue_job_get(d->q, id, &j) < 0)
		return;
	log_event(LOG_INFO, "accepted", "job", j.id, "file", path, "name", j.outname, NULL);
	folder_accepted(d->folder, &j);
}

static void add_doubt(struct intake *in, char *dir)
{
	struct doubt *x = xcalloc(1, sizeof(*x));
	*x = (struct doubt){ dir, in->doubt };
	in->doubt = x;
}

/* A later commit takes the place of the failed one on disk. */
static void end_doubt(struct intake *in, bool remove)
{
	while (in->doubt) {
		struct doubt *x = in->doubt;
		in->doubt = x->next;
		if (remove)
			file_rm_rf(x->dir);
		free(x->dir);
		free(x);
	}
}

static void taken_away(void *arg)
{
	struct round *r = arg;
	struct intake *in = r->in;
	int e = queue_begin(in->d->q);
	for (size_t i = 0; e == 0 && i < r->ntaken; i++)
		if (r->taken[i].gone)
			e = queue_claim_remove(in->d->q, r->taken[i].claim.key);
	queue_end(in->d->q, e);
	in->inbox.rest = in->inbox.rest || r->error < 0;
	in->inbox.busy = false;
	if (r->error < 0)
		trouble(in, r->error);
	else if (r->more || in->inbox.again)
		look(in);
	free_round(r);
	daemon_check_once(in->d);
}

/* What becomes of the copy in intake/. */
static void settle_copy(struct intake *in, struct taken *t, bool stored, bool asked)
{
	t->stored = stored;
	if (stored && t->fresh) {
		show_accepted(in->d, t->id, t->claim.path);
		return;
	}
	char *dir = intake_dir(in->d->conf, t->own);
	/* A commit that failed may be found whole on disk after a crash. */
	if (t->fresh && asked) {
		add_doubt(in, dir);
		return;
	}
	file_rm_rf(dir);
	free(dir);
}

static void round_stored(void *arg, bool ok)
{
	struct round *r = arg;
	struct intake *in = r->in;
	bool stored = ok && r->error == 0;
	if (stored)
		end_doubt(in, true);
	for (size_t i = 0; i < r->ntaken; i++)
		settle_copy(in, &r->taken[i], stored, r->asked);
	if (!ok && r->error == 0)
		r->error = -EIO;
	worker_post(in->inbox.worker, work_take_away, taken_away, r);
	manager_tick(in->d->manager);
}

static void store_round(struct intake *in, struct round *r)
{
	int e = queue_begin(in->d->q);
	for (size_t i = 0; e == 0 && i < r->ntaken; i++)
		e = store_one(in->d, &r->taken[i]);
	r->asked = e == 0;
	r->error = queue_end(in->d->q, e);
	if (r->error < 0)
		log_event(LOG_ERROR, "intake-stopped", "error", queue_error(in->d->q), "remedy",
			  "free space on the spool's disk; the files stay in the inbox", NULL);
	commit_after(in->d->commit, round_stored, r);
	commit_now(in->d->commit);
}

/* A timer that has fired is gone: its pointer must not outlive it. */
static void on_inbox_time(void *arg)
{
	struct intake *in = arg;
	in->inbox.timer = NULL;
	look(in);
}

static void arm(struct intake *in, double seconds)
{
	loop_remove(in->d->loop, in->inbox.timer);
	in->inbox.timer = loop_after(in->d->loop, seconds, on_inbox_time, in);
}

/* Something failed that may not fail again. */
static void trouble(struct intake *in, int error)
{
	log_event(LOG_ERROR, "inbox-scan-failed", "error", strerror(-error), NULL);
	in->inbox.quiet = false;
	arm(in, MIN(in->d->conf->scan_s, AGAIN_S));
}

static int add_rest(const char *key, const char *id, const char *source, void *arg)
{
	struct round *r = arg;
	if (!source)
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

static void scanned(void *arg)
{
	struct round *r = arg;
	struct intake *in = r->in;
	const struct conf *c = in->d->conf;
	add_watches(in, r);
	tell_troubles(in, r);
	forget_rest(in, r);
	in->inbox.quiet = r->next_s < 0 && !r->items.n && !r->more && !in->inbox.again;
	double rest = in->poll ? c->scan_remote_s : c->scan_s;
	arm(in, r->next_s >= 0 ? MIN(MAX(r->next_s, 0.02), rest) : rest);
	if (r->error < 0) {
		in->inbox.rest = in->inbox.rest || r->nrest;
		trouble(in, r->error);
	}
	r->error = 0;
	if (!r->ntaken) {
		in->inbox.busy = false;
		if (in->inbox.again)
			look(in);
		free_round(r);
		daemon_check_once(in->d);
		return;
	}
	store_round(in, r);
}

static void look(void *arg)
{
	struct intake *in = arg;
	if (in->d->stopping || commit_broken(in->d->commit) || disk_short(in->d->disk))
		return;
	in->inbox.again = true;
	if (in->inbox.busy)
		return;
	in->inbox.again = false;
	in->inbox.busy = true;
	struct round *r = xcalloc(1, sizeof(*r));
	r->in = in;
	if (in->inbox.rest)
		in->inbox.rest = queue_claim_each(in->d->q, add_rest, r) < 0;
	arm(in, in->d->conf->scan_s);
	worker_post(in->inbox.worker, work_scan, scanned, r);
}

/* ---- the door */

struct door_entry {
	char *name, *file;
	bool request;
	struct buf text;         /* the request, or the ticket */
	char sha256[SHA256_HEX_LEN];
	bool left;               /* a folder without a structure: what a removal left, if its job is known */
	char *shown;             /* file name as the submitter knows it */
	char *base;
	uint64_t names_on_disk;
	int error;
	bool stored, fresh;
};

struct door_round { struct intake *in; struct door_entry *e; size_t n; int error; };

static int copy_door_file(struct daemon *d, struct door_entry *e, const char *from)
{
	_cleanup_free_ char *dir = intake_dir(d->conf, e->name);
	_cleanup_free_ char *to = xasprintf("%s/structure", dir);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	int r = file_read(from, (size_t)d->conf->file_size_max_mb << 20, &b);
	if (r < 0)
		return r;
	sha256_hex(b.s, b.len, e->sha256);
	r = file_mkdir_p(dir, 0755);
	if (r == 0)
		r = file_write_atomic(to, b.s, b.len, 0644, true);
	return r;
}

/* "filename = x" and "source = y" are for us; the rest are options. */
static void take_own_lines(struct door_entry *e)
{
	struct buf rest = BUF_INIT;
	for (char *line = e->text.s, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (str_has_prefix(line, "filename = ") && !e->shown)
			e->shown = xstrdup(str_trim(line + strlen("filename = ")));
		else if (!str_has_prefix(line, "source = "))
			buf_addf(&rest, "%s\n", line);
	}
	buf_release(&e->text);
	e->text = rest;
}

static void read_door_entry(struct daemon *d, const struct door_item *item, struct door_entry *e)
{
	*e = (struct door_entry){ .name = xstrdup(item->name), .request = item->request, .text = BUF_INIT };
	if (item->request) {
		_cleanup_free_ char *path = xasprintf("%s/%s", d->conf->door, item->name);
		e->error = file_read(path, 1 << 16, &e->text);
		return;
	}
	e->left = !item->file;
	if (e->left)
		return;
	_cleanup_free_ char *path = xasprintf("%s/%s/%s", d->conf->door, item->name, item->file);
	e->file = xstrdup(item->file);
	e->error = copy_door_file(d, e, path);
	if (item->ticket && e->error == 0) {
		_cleanup_free_ char *ticket = xasprintf("%s/%s/%s", d->conf->door, item->name, item->ticket);
		e->error = file_read(ticket, 1 << 16, &e->text);
		take_own_lines(e);
	}
	if (!e->shown)
		e->shown = xstrdup(item->file);
	/* The submitter's name is a name, never a path. */
	for (char *p = e->shown; *p; p++)
		*p = *p == '/' ? '_' : *p;
	e->base = intake_base_name(d->conf, e->shown, true);
	e->names_on_disk = names_on_disk(folder_outbox(d->folder), e->base);
}

static void work_door_scan(void *arg)
{
	struct door_round *r = arg;
	struct daemon *d = r->in->d;
	struct door_list l = { 0 };
	r->error = door_scan(d->conf->door, &l);
	if (r->error < 0)
		return;
	r->e = xcalloc(l.n, sizeof(*r->e));
	r->n = l.n;
	r->error = l.error;
	bool copies = false;
	for (size_t i = 0; i < l.n; i++) {
		read_door_entry(d, &l.item[i], &r->e[i]);
		copies = copies || !r->e[i].request;
	}
	/* The new folders' names must be on disk before a row points at them. */
	_cleanup_free_ char *parent = xasprintf("%s/intake", d->conf->spool);
	int e = copies ? file_fsync_dir(parent) : 0;
	for (size_t i = 0; e < 0 && i < r->n; i++)
		if (!r->e[i].request && r->e[i].error == 0)
			r->e[i].error = e;
	door_list_release(&l);
}

static void work_door_remove(void *arg)
{
	struct door_round *r = arg;
	for (size_t i = 0; i < r->n; i++) {
		if (!r->e[i].stored)
			continue;
		_cleanup_free_ char *path = xasprintf("%s/%s", r->in->d->conf->door, r->e[i].name);
		int e = file_rm_rf(path);
		r->error = e < 0 ? e : r->error;
	}
}

static void free_door_round(struct door_round *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->e[i].name);
		free(r->e[i].file);
		free(r->e[i].shown);
		free(r->e[i].base);
		buf_release(&r->e[i].text);
	}
	free(r->e);
	free(r);
}

static void on_door_time(void *arg)
{
	struct intake *in = arg;
	in->door.timer = NULL;
	door_look(in);
}

static void arm_door(struct intake *in, double seconds)
{
	loop_remove(in->d->loop, in->door.timer);
	in->door.timer = loop_after(in->d->loop, MIN(seconds, in->d->conf->scan_s), on_door_time, in);
}

static void door_removed(void *arg)
{
	struct door_round *r = arg;
	struct intake *in = r->in;
	in->door.busy = false;
	bool again = in->door.again;
	if (r->error < 0) {
		log_event(LOG_ERROR, "door-scan-failed", "error", strerror(-r->error), NULL);
		in->door.quiet = false;
		arm_door(in, AGAIN_S);
	}
	free_door_round(r);
	if (again)
		door_look(in);
	daemon_check_once(in->d);
}

static void answer_request(struct daemon *d, const struct door_entry *e)
{
	_cleanup_json_ json_t *j = json_loadb(e->text.s, e->text.len, 0, NULL);
	_cleanup_free_ char *uuid = xstrndup(e->name + strlen("req-"), strlen(e->name) - strlen("req-") - strlen(".json"));
	const char *verb = json_str(j, "verb", ""), *target = json_str(j, "target", "");
	_cleanup_free_ char *words = NULL, *before = NULL;
	bool ok = false;
	/* Done already; only its removal did not reach the disk. */
	if (queue_request_get(d->q, uuid, &ok, &before) == 0)
		return;
	if (!j)
		words = xstrdup("The request is not readable.");
	else
		ok = manager_request(d->manager, j, &words);
	log_event(LOG_INFO, "request", "verb", verb, "target", target, "ok", ok ? "yes" : "no", "outcome", words, NULL);
	queue_request_done(d->q, uuid, verb, target, ok, words);
}

/* The row of the job, or of the batch that it became: 0, -ENOENT, or another error. */
static int is_known(struct daemon *d, const char *id)
{
	_cleanup_(job_release) struct job j;
	_cleanup_(batch_release) struct batch b;
	job_init(&j);
	batch_init(&b);
	int r = queue_job_get(d->q, id, &j);
	if (r == -ENOENT) {
		r = queue_batch_find(d->q, id, &b);
		r = r == 0 && !str_eq(b.id, id) ? -ENOENT : r;
	}
	return r;
}

static void store_submission(struct daemon *d, struct door_entry *e)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	int r = is_known(d, e->name);
	e->stored = r == 0;
	if (r != -ENOENT || e->left) {
		e->error = r == -ENOENT ? 0 : r;
		return;
	}
	_cleanup_free_ char *input = xasprintf("intake/%s/structure", e->name);
	struct intake_source src = { .path = e->shown, .id = e->name, .input = input, .sha256 = e->sha256,
				     .ticket = e->text.len ? e->text.s : NULL, .ticket_len = e->text.len,
				     .owner = "door", .base = e->base, .names_on_disk = e->names_on_disk, .door = true };
	intake_job(d, &src, &j);
	e->error = queue_job_add(d->q, &j);
	e->stored = e->fresh = e->error == 0;
}

static void door_stored(void *arg, bool ok)
{
	struct door_round *r = arg;
	struct daemon *d = r->in->d;
	bool any = false;
	for (size_t i = 0; i < r->n; i++) {
		r->e[i].stored = r->e[i].stored && ok;
		any = any || r->e[i].stored;
		if (r->e[i].stored && r->e[i].fresh)
			show_accepted(d, r->e[i].name, r->e[i].shown);
	}
	r->error = ok ? r->error : -EIO;
	if (any)
		manager_tick(d->manager);
	worker_post(r->in->door.worker, work_door_remove, door_removed, r);
}

static void door_scanned(void *arg)
{
	struct door_round *r = arg;
	struct daemon *d = r->in->d;
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++) {
		struct door_entry *e = &r->e[i];
		if (e->error == 0 && e->request) {
			answer_request(d, e);
			e->stored = true;
		} else if (e->error == 0)
			store_submission(d, e);
		if (e->error < 0) {
			log_event(LOG_ERROR, "door-unreadable", "entry", e->name, "error", strerror(-e->error), NULL);
			r->error = e->error;
		}
		n += !e->left || e->stored;
	}
	r->in->door.quiet = n == 0;
	arm_door(r->in, r->in->door.watch ? d->conf->scan_s : 1);
	commit_after(d->commit, door_stored, r);
	/* Somebody waits at the other end. */
	commit_now(d->commit);
}

static void door_look(void *arg)
{
	struct intake *in = arg;
	if (in->d->stopping || commit_broken(in->d->commit) || disk_short(in->d->disk))
		return;
	in->door.again = true;
	if (in->door.busy)
		return;
	in->door.again = false;
	in->door.busy = true;
	struct door_round *r = xcalloc(1, sizeof(*r));
	r->in = in;
	worker_post(in->door.worker, work_door_scan, door_scanned, r);
}

/* ---- events */

static void on_inbox_event(void *arg)
{
	struct intake *in = arg;
	bool any = false, rescan = false;
	drop_watch_read(in->inbox.watch, &any, &rescan);
	if (rescan)
		log_event(LOG_WARN, "inbox-events-lost", NULL);
	if (any || rescan)
		look(in);
}

static void on_door_event(void *arg)
{
	struct intake *in = arg;
	bool any = false, rescan = false;
	drop_watch_read(in->door.watch, &any, &rescan);
	if (any || rescan)
		door_look(in);
}

static void on_worker(void *arg) { worker_dispatch(arg); }

static void open_watch(struct intake *in, struct side *s, const char *root, void (*fn)(void *))
{
	int r = drop_watch_new(root, &s->watch);
	if (r < 0) {
		s->watch = NULL;
		log_event(LOG_WARN, "no-watch", "folder", root, "error", strerror(-r), "remedy",
			  "the folder is polled; \"nmr doctor\" tells about the limits", NULL);
		return;
	}
	loop_add(in->d->loop, drop_watch_fd(s->watch), fn, in);
}

struct intake *intake_new(struct daemon *d)
{
	const struct conf *c = d->conf;
	struct intake *in = xcalloc(1, sizeof(*in));
	struct drop_rules rules = { .quiet_s = c->quiet_s, .quiet_remote_s = c->quiet_remote_s,
				    .empty_report_s = c->empty_report_s,
				    .size_max = (size_t)c->file_size_max_mb << 20 };
	const char *why = "";
	in->d = d;
	in->inbox.worker = worker_new("inbox");
	in->door.worker = worker_new("door");
	in->inbox.scan = drop_scan_new(c->inbox, &rules);
	in->poll = drop_classify(c->inbox, &why) == DROP_POLL;
	log_event(LOG_INFO, "inbox", "folder", c->inbox, "mode", in->poll ? "poll" : "events", "why", why, NULL);
	return in;
}

void intake_start(struct intake *in)
{
	struct daemon *d = in->d;
	loop_add(d->loop, worker_fd(in->inbox.worker), on_worker, in->inbox.worker);
	loop_add(d->loop, worker_fd(in->door.worker), on_worker, in->door.worker);
	open_watch(in, &in->inbox, d->conf->inbox, on_inbox_event);
	open_watch(in, &in->door, d->conf->door, on_door_event);
	in->poll = in->poll || !in->inbox.watch;
	in->inbox.rest = true;
	look(in);
	door_look(in);
}

void intake_look(struct intake *in)
{
	look(in);
	door_look(in);
}

bool intake_idle(const struct intake *in)
{
	return in->inbox.quiet && in->door.quiet && !in->inbox.busy && !in->door.busy && !in->inbox.again &&
	       !in->door.again;
}

void intake_free(struct intake *in)
{
	if (!in)
		return;
	worker_free(in->inbox.worker, 5);
	worker_free(in->door.worker, 5);
	drop_watch_free(in->inbox.watch);
	drop_watch_free(in->door.watch);
	drop_scan_free(in->inbox.scan);
	end_doubt(in, false);
	free(in);
}
