/* The door: submissions and requests of nmr and of the web page. They are put there
 * in whole, so nothing has to settle. One worker:
 *   worker: scan, copy to spool/intake/<id>/, durable
 *   loop:   job rows, or the request carried out, in one transaction
 *   worker: take them away
 * Logs what was asked and what could not be read. */
#include <errno.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/intake-internal.h"

#define TICKET_MAX (1 << 16)

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
	char *refused;           /* over a limit: why, for a job that says so */
	bool stored, fresh;
};

struct door {
	struct intake *in;
	struct worker *worker;
	struct drop_watch *watch;
	bool busy, again, quiet;
	struct loop_source *timer;
};

struct door_round { struct door *door; struct door_entry *e; size_t n; int error; };

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

static void refuse(struct door_entry *e, char *why)
{
	free(e->refused);
	e->refused = why;
	e->error = 0;
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
	/* It would be in the way for ever; whoever sent it is told. */
	if (e->error == -EFBIG)
		refuse(e, xasprintf("The file is larger than the limit of %d MiB (file_size_max_mb in nmr.conf).", d->conf->file_size_max_mb));
	if (item->ticket && e->error == 0) {
		_cleanup_free_ char *ticket = xasprintf("%s/%s/%s", d->conf->door, item->name, item->ticket);
		e->error = file_read(ticket, TICKET_MAX, &e->text);
		if (e->error == -EFBIG)
			refuse(e, xstrdup("Its options are larger than 64 KiB."));
		take_own_lines(e);
	}
	if (!e->shown)
		e->shown = xstrdup(item->file);
	/* The submitter's name is a name, never a path. */
	for (char *p = e->shown; *p; p++)
		*p = *p == '/' ? '_' : *p;
	e->base = intake_base_name(d->conf, e->shown, true);
	e->names_on_disk = intake_names_on_disk(folder_outbox(d->folder), e->base);
}

static void work_door_scan(void *arg)
{
	struct door_round *r = arg;
	struct daemon *d = r->door->in->d;
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
		_cleanup_free_ char *path = xasprintf("%s/%s", r->door->in->d->conf->door, r->e[i].name);
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
		free(r->e[i].refused);
		buf_release(&r->e[i].text);
	}
	free(r->e);
	free(r);
}

static void on_door_time(void *arg)
{
	struct door *door = arg;
	door->timer = NULL;
	door_look(door);
}

static void arm(struct door *door, double seconds)
{
	const struct daemon *d = door->in->d;
	loop_remove(d->loop, door->timer);
	door->timer = loop_after(d->loop, MIN(seconds, d->conf->scan_s), on_door_time, door);
}

static void door_removed(void *arg)
{
	struct door_round *r = arg;
	struct door *door = r->door;
	door->busy = false;
	bool again = door->again;
	if (r->error < 0) {
		log_event(LOG_ERROR, "door-scan-failed", "error", strerror(-r->error), NULL);
		door->quiet = false;
		arm(door, INTAKE_AGAIN_S);
	}
	free_door_round(r);
	if (again)
		door_look(door);
	daemon_check_once(door->in->d);
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
				     .owner = "door", .base = e->base, .names_on_disk = e->names_on_disk, .door = true,
				     .refused = e->refused };
	intake_job(d, &src, &j);
	e->error = queue_job_add(d->q, &j);
	e->stored = e->fresh = e->error == 0;
}

static void door_stored(void *arg, bool ok)
{
	struct door_round *r = arg;
	struct daemon *d = r->door->in->d;
	bool any = false;
	for (size_t i = 0; i < r->n; i++) {
		r->e[i].stored = r->e[i].stored && ok;
		any = any || r->e[i].stored;
		if (r->e[i].stored && r->e[i].fresh)
			intake_show_accepted(d, r->e[i].name, r->e[i].shown);
	}
	r->error = ok ? r->error : -EIO;
	if (any)
		manager_tick(d->manager);
	worker_post(r->door->worker, work_door_remove, door_removed, r);
}

static void door_scanned(void *arg)
{
	struct door_round *r = arg;
	struct daemon *d = r->door->in->d;
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
	r->door->quiet = n == 0;
	arm(r->door, r->door->watch ? d->conf->scan_s : 1);
	commit_after(d->commit, door_stored, r);
	/* Somebody waits at the other end. */
	commit_now(d->commit);
}

void door_look(struct door *door)
{
	if (!intake_open(door->in->d))
		return;
	door->again = true;
	if (door->busy)
		return;
	door->again = false;
	door->busy = true;
	struct door_round *r = xcalloc(1, sizeof(*r));
	r->door = door;
	worker_post(door->worker, work_door_scan, door_scanned, r);
}

static void on_door_event(void *arg)
{
	struct door *door = arg;
	bool any = false, rescan = false;
	drop_watch_read(door->watch, &any, &rescan);
	if (any || rescan)
		door_look(door);
}

static void on_worker(void *arg) { worker_dispatch(arg); }

struct door *door_new(struct intake *in)
{
	struct door *door = xcalloc(1, sizeof(*door));
	door->in = in;
	door->worker = worker_new("door");
	return door;
}

void door_start(struct door *door)
{
	struct loop_source *source;
	loop_add(door->in->d->loop, worker_fd(door->worker), on_worker, door->worker);
	door->watch = intake_watch(door->in, door->in->d->conf->door, on_door_event, door, &source);
	door_look(door);
}

bool door_idle(const struct door *door) { return door->quiet && !door->busy && !door->again; }

bool door_free(struct door *door)
{
	if (!worker_free(door->worker, 5))
		return false;
	drop_watch_free(door->watch);
	free(door);
	return true;
}
