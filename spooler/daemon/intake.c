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

#define ITEMS_A_ROUND 256
#define GROUP 4                  /* from so many files on they share their syncs */

struct taken {
	char id[ID_LEN + 1];
	struct drop_claim claim;
	uint64_t names_on_disk;
	bool stored;             /* its row is durable */
	bool known;              /* it was before: only the removal was interrupted */
	bool gone;               /* the original is, durably */
};

struct side {                    /* the inbox */
	struct worker *worker;
	struct drop_watch *watch;
	struct drop_scan *scan;
	bool busy, again, quiet;
	struct loop_source *timer;
};

struct told { char *path; struct told *next; };

struct intake {
	struct daemon *d;
	struct side inbox, door;
	bool poll;               /* the inbox gives no events */
	struct told *told;       /* troubles told already in this run */
};

struct round {
	struct intake *in;
	struct taken *taken;
	size_t ntaken;
	struct drop_list items;  /* troubles among them */
	char **dirs;
	size_t ndirs;
	double next_s;
	int error;
	bool more;
};

static void look(void *arg);
static void door_look(void *arg);

static void free_round(struct round *r)
{
	for (size_t i = 0; i < r->ntaken; i++)
		drop_claim_release(&r->taken[i].claim);
	for (size_t i = 0; i < r->ndirs; i++)
		free(r->dirs[i]);
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

static void claim_one(struct round *r, const struct drop_item *item)
{
	struct daemon *d = r->in->d;
	struct taken t = { 0 };
	id_new(t.id);
	_cleanup_free_ char *dir = intake_dir(d->conf, t.id);
	if (file_mkdir_p(dir, 0755) < 0)
		return;
	int e = drop_claim(d->conf->inbox, item, dir, (size_t)d->conf->file_size_max_mb << 20, &t.claim);
	if (e < 0) {
		file_rm_rf(dir);
		r->more = r->more || e == -EAGAIN;
		r->error = e == -EAGAIN ? r->error : e;
		return;
	}
	_cleanup_free_ char *base = intake_base_name(d->conf, t.claim.path, false);
	t.names_on_disk = names_on_disk(folder_outbox(d->folder), base);
	r->taken = xreallocarray(r->taken, r->ntaken + 1, sizeof(*r->taken));
	r->taken[r->ntaken++] = t;
}

/* Copies that did not reach the disk: the originals are looked at again. */
static void give_up(struct round *r, int error)
{
	for (size_t i = 0; i < r->ntaken; i++) {
		_cleanup_free_ char *dir = intake_dir(r->in->d->conf, r->taken[i].id);
		file_rm_rf(dir);
		drop_claim_release(&r->taken[i].claim);
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

static void work_scan(void *arg)
{
	struct round *r = arg;
	r->next_s = -1;
	r->error = drop_scan_pass(r->in->inbox.scan, ITEMS_A_ROUND, &r->items, &r->dirs, &r->ndirs, &r->next_s);
	if (r->error == 0)
		claim_all(r);
	r->more = r->more || r->items.n >= ITEMS_A_ROUND;
}

static void take_away_one(struct round *r, struct taken *t)
{
	int e = drop_take_away(r->in->d->conf->inbox, &t->claim);
	t->gone = e == 0 || e == -ESTALE;
	if (e != -EROFS && e != -EACCES && e != -EPERM)
		return;
	/* Its claim is kept, so that it is not taken again, now or after a restart. */
	if (!t->known)
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

static bool tell_once(struct intake *in, const char *path)
{
	for (const struct told *t = in->told; t; t = t->next)
		if (str_eq(t->path, path))
			return false;
	struct told *t = xcalloc(1, sizeof(*t));
	t->path = xstrdup(path);
	t->next = in->told;
	in->told = t;
	return true;
}

static void tell_troubles(struct intake *in, const struct round *r)
{
	for (size_t i = 0; i < r->items.n; i++) {
		const struct drop_item *it = &r->items.item[i];
		if (it->kind != DROP_TROUBLE || !tell_once(in, it->path))
			continue;
		log_event(LOG_WARN, "file-trouble", "file", it->path, "trouble", it->trouble, "why", it->why, NULL);
		folder_trouble(in->d->folder, it);
		in->d->failed++;
	}
}

static int store_one(struct daemon *d, struct taken *t)
{
	char other[ID_LEN + 1];
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (queue_claim_find(d->q, t->claim.key, other) == 0) {
		/* Its row is there already: only the removal was interrupted. */
		_cleanup_free_ char *dir = intake_dir(d->conf, t->id);
		file_rm_rf(dir);
		memcpy(t->id, other, sizeof(other));
		t->known = true;
		return 0;
	}
	_cleanup_free_ char *input = xasprintf("intake/%s/structure", t->id);
	_cleanup_free_ char *owner = xasprintf("%u", (unsigned)t->claim.uid);
	struct intake_source src = { .path = t->claim.path, .id = t->id, .input = input, .sha256 = t->claim.sha256,
				     .ticket_name = t->claim.ticket, .ticket = t->claim.ticket_text,
				     .ticket_len = t->claim.ticket_len, .owner = owner,
				     .names_on_disk = t->names_on_disk };
	intake_job(d, &src, &j);
	int e = queue_job_add(d->q, &j);
	return e == 0 ? queue_claim_add(d->q, t->claim.key, t->id) : e;
}

/* Its row is durable. */
static void accepted(struct daemon *d, const char *id, const char *file)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (queue_job_get(d->q, id, &j) < 0)
		return;
	log_event(LOG_INFO, "accepted", "job", j.id, "file", file, "name", j.outname, NULL);
	folder_accepted(d->folder, &j);
}

static void taken_away(void *arg)
{
	struct round *r = arg;
	struct intake *in = r->in;
	queue_begin(in->d->q);
	for (size_t i = 0; i < r->ntaken; i++)
		if (r->taken[i].gone)
			queue_claim_remove(in->d->q, r->taken[i].claim.key);
	queue_commit(in->d->q);
	in->inbox.busy = false;
	if (r->more || in->inbox.again)
		look(in);
	free_round(r);
	daemon_check_once(in->d);
}

static void round_stored(void *arg, bool ok)
{
	struct round *r = arg;
	struct daemon *d = r->in->d;
	for (size_t i = 0; i < r->ntaken; i++) {
		struct taken *t = &r->taken[i];
		t->stored = t->stored && ok;
		if (t->stored && !t->known)
			accepted(d, t->id, t->claim.path);
		_cleanup_free_ char *dir = intake_dir(d->conf, t->id);
		if (!t->stored && !t->known)
			file_rm_rf(dir);
	}
	worker_post(r->in->inbox.worker, work_take_away, taken_away, r);
	manager_tick(d->manager);
}

static void store_round(struct intake *in, struct round *r)
{
	int e = queue_begin(in->d->q);
	for (size_t i = 0; e == 0 && i < r->ntaken; i++)
		e = store_one(in->d, &r->taken[i]);
	if (e == 0)
		e = queue_commit(in->d->q);
	else
		queue_rollback(in->d->q);
	for (size_t i = 0; i < r->ntaken; i++)
		r->taken[i].stored = e == 0;
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

static void scanned(void *arg)
{
	struct round *r = arg;
	struct intake *in = r->in;
	const struct conf *c = in->d->conf;
	add_watches(in, r);
	tell_troubles(in, r);
	in->inbox.quiet = r->next_s < 0 && !r->items.n && !r->more && !in->inbox.again;
	if (r->error < 0)
		log_event(LOG_ERROR, "inbox-scan-failed", "error", strerror(-r->error), NULL);
	double rest = in->poll ? c->scan_remote_s : c->scan_s;
	arm(in, r->next_s >= 0 ? MIN(MAX(r->next_s, 0.02), rest) : rest);
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
	if (in->d->stopping || commit_broken(in->d->commit))
		return;
	in->inbox.again = true;
	if (in->inbox.busy)
		return;
	in->inbox.again = false;
	in->inbox.busy = true;
	struct round *r = xcalloc(1, sizeof(*r));
	r->in = in;
	arm(in, in->d->conf->scan_s);
	worker_post(in->inbox.worker, work_scan, scanned, r);
}

/* ---- the door */

struct door_entry {
	char *name, *file;
	bool request;
	struct buf text;         /* the request, or the ticket */
	char sha256[SHA256_HEX_LEN];
	char *shown;             /* file name as the submitter knows it */
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
	_cleanup_free_ char *path = xasprintf("%s/%s/%s", d->conf->door, item->name, item->file);
	e->file = xstrdup(item->file);
	e->error = copy_door_file(d, e, path);
	if (item->ticket) {
		_cleanup_free_ char *ticket = xasprintf("%s/%s/%s", d->conf->door, item->name, item->ticket);
		file_read(ticket, 1 << 16, &e->text);
		take_own_lines(e);
	}
	if (!e->shown)
		e->shown = xstrdup(item->file);
	/* The submitter's name is a name, never a path. */
	for (char *p = e->shown; *p; p++)
		*p = *p == '/' ? '_' : *p;
	_cleanup_free_ char *base = intake_base_name(d->conf, e->shown, true);
	e->names_on_disk = names_on_disk(folder_outbox(d->folder), base);
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
		file_rm_rf(path);
	}
}

static void free_door_round(struct door_round *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->e[i].name);
		free(r->e[i].file);
		free(r->e[i].shown);
		buf_release(&r->e[i].text);
	}
	free(r->e);
	free(r);
}

static void door_removed(void *arg)
{
	struct door_round *r = arg;
	struct intake *in = r->in;
	in->door.busy = false;
	bool again = in->door.again;
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
	_cleanup_free_ char *words = NULL;
	bool ok = false;
	if (!j)
		words = xstrdup("The request is not readable.");
	else
		ok = manager_request(d->manager, j, &words);
	log_event(LOG_INFO, "request", "verb", verb, "target", target, "ok", ok ? "yes" : "no", "outcome", words, NULL);
	queue_request_done(d->q, uuid, verb, target, ok, words);
}

static void store_submission(struct daemon *d, struct door_entry *e)
{
	_cleanup_(job_release) struct job j;
	_cleanup_(job_release) struct job old;
	job_init(&j);
	job_init(&old);
	e->stored = queue_job_get(d->q, e->name, &old) == 0;
	if (e->stored)
		return;
	_cleanup_free_ char *input = xasprintf("intake/%s/structure", e->name);
	struct intake_source src = { .path = e->shown, .id = e->name, .input = input, .sha256 = e->sha256,
				     .ticket = e->text.len ? e->text.s : NULL, .ticket_len = e->text.len,
				     .owner = "door", .names_on_disk = e->names_on_disk, .door = true };
	intake_job(d, &src, &j);
	e->stored = e->fresh = queue_job_add(d->q, &j) == 0;
}

static void on_door_time(void *arg)
{
	struct intake *in = arg;
	in->door.timer = NULL;
	door_look(in);
}

static void door_stored(void *arg, bool ok)
{
	struct door_round *r = arg;
	struct daemon *d = r->in->d;
	for (size_t i = 0; i < r->n; i++) {
		r->e[i].stored = r->e[i].stored && ok;
		if (r->e[i].stored && r->e[i].fresh)
			accepted(d, r->e[i].name, r->e[i].shown);
	}
	if (r->n)
		manager_tick(d->manager);
	worker_post(r->in->door.worker, work_door_remove, door_removed, r);
}

static void door_scanned(void *arg)
{
	struct door_round *r = arg;
	struct daemon *d = r->in->d;
	for (size_t i = 0; i < r->n; i++) {
		struct door_entry *e = &r->e[i];
		if (e->error < 0)
			log_event(LOG_ERROR, "door-unreadable", "entry", e->name, "error", strerror(-e->error), NULL);
		else if (e->request) {
			answer_request(d, e);
			e->stored = true;
		} else
			store_submission(d, e);
	}
	r->in->door.quiet = r->n == 0;
	loop_remove(d->loop, r->in->door.timer);
	r->in->door.timer = loop_after(d->loop, r->in->door.watch ? d->conf->scan_s : 1, on_door_time, r->in);
	commit_after(d->commit, door_stored, r);
	/* Somebody waits at the other end. */
	commit_now(d->commit);
}

static void door_look(void *arg)
{
	struct intake *in = arg;
	if (in->d->stopping || commit_broken(in->d->commit))
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
	while (in->told) {
		struct told *t = in->told;
		in->told = t->next;
		free(t->path);
		free(t);
	}
	free(in);
}
