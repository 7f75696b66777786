/* See keeper.h. A few steps are synced file by file; many at once by a sync of the whole
 * filesystem, which is one wait for all of them but also writes what engines have lying
 * about. Logs disks that do not take what they are given. */
#include "job/keeper.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/worker.h"
#include "exec/procs.h"

#define WAIT_S 1.0      /* others may end meanwhile */
#define RETRY_S 10.0
#define GROUP 6         /* from so many on the whole filesystem */

struct keys { char (*key)[SHA256_HEX_LEN]; size_t n; };

struct keeper {
	const struct lab *lab;
	struct queue *q;
	struct loop *loop;
	struct worker *worker;
	struct loop_source *timer, *source;
	struct keys waiting, busy;
	int r;
};

static void keys_add(struct keys *k, const char *key)
{
	if ((k->n & (k->n - 1)) == 0)
		k->key = xreallocarray(k->key, k->n ? 2 * k->n : 1, sizeof(*k->key));
	snprintf(k->key[k->n++], sizeof(*k->key), "%s", key);
}

static void keys_release(struct keys *k)
{
	free(k->key);
	*k = (struct keys){ 0 };
}

static int sync_step(const struct lab *lab, const char *key)
{
	_cleanup_free_ char *dir = step_dir(lab, key);
	int r = file_fsync_tree(dir);
	*strrchr(dir, '/') = '\0';
	return r == 0 ? file_fsync_dir(dir) : r;
}

static int sync_steps(const struct lab *lab)
{
	_cleanup_free_ char *steps = xasprintf("%s/steps", lab->conf->spool);
	return file_fsync_dir(steps);
}

static int sync_each(const struct keeper *k)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < k->busy.n; i++) {
		r = sync_step(k->lab, k->busy.key[i]);
		/* Collected meanwhile: nothing to keep. */
		r = r == -ENOENT ? 0 : r;
	}
	return r == 0 ? sync_steps(k->lab) : r;
}

int keeper_sync(const struct lab *lab, const char *key, size_t nfiles)
{
	if (nfiles >= GROUP && file_group_begin(lab->conf->spool))
		return file_group_end();
	int r = sync_step(lab, key);
	return r == 0 ? sync_steps(lab) : r;
}

static void work(void *arg)
{
	struct keeper *k = arg;
	bool grouped = k->busy.n >= GROUP && file_group_begin(k->lab->conf->spool);
	k->r = grouped ? file_group_end() : sync_each(k);
}

static void begin(void *arg);

static void done(void *arg)
{
	struct keeper *k = arg;
	if (k->r < 0)
		log_event(LOG_ERROR, "steps-not-synced", "error", strerror(-k->r), "remedy",
			  "look at the disk of the spool folder", NULL);
	queue_begin(k->q);
	for (size_t i = 0; i < k->busy.n; i++) {
		if (k->r < 0)
			keys_add(&k->waiting, k->busy.key[i]);
		else
			queue_step_synced(k->q, k->busy.key[i]);
	}
	queue_commit(k->q);
	keys_release(&k->busy);
	if (k->waiting.n && k->source && !k->timer)
		k->timer = loop_after(k->loop, k->r < 0 ? RETRY_S : WAIT_S, begin, k);
}

static void begin(void *arg)
{
	struct keeper *k = arg;
	k->timer = NULL;
	if (k->busy.n || !k->waiting.n)
		return;
	k->busy = k->waiting;
	k->waiting = (struct keys){ 0 };
	worker_post(k->worker, work, done, k);
}

static void on_worker(void *arg) { worker_dispatch(arg); }

struct keeper *keeper_new(const struct lab *lab, struct queue *q, struct loop *loop)
{
	struct keeper *k = xcalloc(1, sizeof(*k));
	*k = (struct keeper){ .lab = lab, .q = q, .loop = loop, .worker = worker_new("keeper") };
	k->source = loop_add(loop, worker_fd(k->worker), on_worker, k->worker);
	return k;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	loop_remove(k->loop, k->source);
	loop_remove(k->loop, k->timer);
	k->source = k->timer = NULL;
	begin(k);
	worker_free(k->worker, 30);
	keys_release(&k->waiting);
	keys_release(&k->busy);
	free(k);
}

void keeper_add(struct keeper *k, const char *key)
{
	keys_add(&k->waiting, key);
	if (!k->timer && !k->busy.n)
		k->timer = loop_after(k->loop, WAIT_S, begin, k);
}

static int add_done(const struct step *s, _unused_ const char *stage, void *arg)
{
	if (s->state == STEP_DONE)
		keeper_add(arg, s->key);
	return 0;
}

void keeper_resume(struct keeper *k) { queue_step_each_unsafe(k->q, add_done, k); }

/* ---- after a power cut */

struct spoilt { const struct lab *lab; struct keys open, done, begun; };

static int collect(const struct step *s, _unused_ const char *stage, void *arg)
{
	struct spoilt *x = arg;
	keys_add(s->state == STEP_DONE ? &x->done : &x->open, s->key);
	if (s->state == STEP_RUNNING)
		keys_add(&x->begun, s->key);
	return 0;
}

/* Logs of engines stay: whatever of them is whole tells how far they were. */
static void distrust(const struct lab *lab, const char *key)
{
	_cleanup_free_ char *dir = step_dir(lab, key);
	file_rm_rf(dir);
}

/* A plan may be whole beside input files that are not, and its row may be lost: no plan
 * is believed. The walk writes it anew. */
static void forget_plans(const struct lab *lab)
{
	for (int i = 0; i < 256; i++) {
		_cleanup_free_ char *path = xasprintf("%s/steps/%02x", lab->conf->spool, (unsigned)i);
		_cleanup_closedir_ DIR *dir = opendir(path);
		for (struct dirent *e; dir && (e = readdir(dir));) {
			if (!strstr(e->d_name, ".run"))
				continue;
			_cleanup_free_ char *plan = xasprintf("%s/%s/step.json", path, e->d_name);
			unlink(plan);
		}
	}
}

void keeper_recover(const struct lab *lab, struct queue *q)
{
	char boot[40];
	_cleanup_free_ char *before = NULL;
	struct spoilt x = { .lab = lab };
	procs_boot_id(boot);
	if (queue_fact_get(q, "boot", &before) == 0 && str_eq(before, boot))
		return;
	queue_step_each_unsafe(q, collect, &x);
	forget_plans(lab);
	queue_begin(q);
	for (size_t i = 0; i < x.open.n; i++) {
		distrust(lab, x.open.key[i]);
		queue_step_shelve(q, x.open.key[i]);
		queue_job_reread(q, x.open.key[i]);
	}
	for (size_t i = 0; i < x.done.n; i++) {
		distrust(lab, x.done.key[i]);
		queue_step_shelve(q, x.done.key[i]);
		queue_job_reread(q, x.done.key[i]);
	}
	/* The machine's end is no failure of what ran then. */
	for (size_t i = 0; i < x.begun.n; i++)
		queue_step_uncount(q, x.begun.key[i]);
	queue_fact_set(q, "boot", boot);
	queue_commit(q);
	if (before && x.done.n)
		log_event(LOG_WARN, "steps-distrusted", "why", "the machine stopped before they were on disk; they are computed again", NULL);
	keys_release(&x.open);
	keys_release(&x.done);
	keys_release(&x.begun);
}
