/* Folders against rows: steps, what lies in intake/, staging/ and scratch/, and the
 * outbox. A finished step without a row is worth keeping: it gets one. A stored file
 * without a job is the leftover of an intake that was broken off (its original is
 * still in the inbox), unless the queue had to be saved in this run: then it may be
 * all there is of a lost job, and goes back through the door. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "daemon/check-internal.h"

static const char *removed(struct check *c, const char *path)
{
	return c->repair && file_rm_rf(path) == 0 ? "removed" : NULL;
}

/* ---- rows of finished steps */

struct keys { char (*key)[65]; size_t n, cap; };

static int add_key(const struct step *s, _unused_ const char *stage, void *arg)
{
	struct keys *k = arg;
	if (k->n == k->cap) {
		k->cap = k->cap ? 2 * k->cap : 256;
		k->key = xreallocarray(k->key, k->cap, sizeof(*k->key));
	}
	memcpy(k->key[k->n++], s->key, sizeof(*k->key));
	return 0;
}

static int is_wanted(_unused_ long long row, void *arg)
{
	*(bool *)arg = true;
	return 1;
}

static const char *mend_step(struct check *c, const char *key)
{
	_cleanup_free_ char *dir = step_dir(&c->lab, key);
	bool wanted = false;
	if (!c->repair || file_rm_rf(dir) < 0)
		return NULL;
	queue_step_each_job(c->q, key, is_wanted, &wanted);
	if (wanted)
		return queue_step_reset(c->q, key) == 0 ? "it is computed again" : NULL;
	return queue_step_delete(c->q, key) == 0 ? "no unfinished job needs it: forgotten" : NULL;
}

static void check_done_step(struct check *c, const char *key)
{
	_cleanup_json_ json_t *result = NULL;
	_cleanup_free_ char *dir = step_dir(&c->lab, key);
	int r = step_result(&c->lab, key, &result);
	c->steps++;
	if (r == 0)
		return;
	const char *what = !file_exists(dir) ? "its folder is missing"
			 : r == -ENOENT	     ? "its result.json is missing" : "its result.json cannot be read";
	check_found(c, mend_step(c, key), "step %s: the queue calls it done, but %s", key, what);
}

/* ---- folders of steps */

static int row_from_folder(struct check *c, const char *key, const char *dir)
{
	_cleanup_(step_release) struct step s;
	_cleanup_json_ json_t *plan = NULL;
	_cleanup_json_ json_t *result = NULL;
	_cleanup_free_ char *path = xasprintf("%s/step.json", dir);
	step_init(&s);
	if (step_result(&c->lab, key, &result) < 0 || json_read_file(path, &plan) < 0)
		return -EBADMSG;
	snprintf(s.key, sizeof(s.key), "%s", key);
	s.kind = xstrdup(json_str(plan, "kind", "?"));
	s.label = xstrdup(json_str(plan, "label", "?"));
	s.program = xstrdup(json_str(plan, "program", "?"));
	s.version = xstrdup(json_str(plan, "version", "?"));
	return queue_step_add_done(c->q, &s);
}

static void check_step_folder(struct check *c, const char *key, const char *dir)
{
	_cleanup_(step_release) struct step s;
	step_init(&s);
	if (queue_step_get(c->q, key, &s) != -ENOENT)
		return;
	const char *mended = NULL;
	if (c->repair)
		mended = row_from_folder(c, key, dir) == 0 ? "it has one again" : removed(c, dir);
	check_found(c, mended, "step %s: a folder without a row in the queue", key);
}

/* The folder of a step that waits, runs or failed. */
static void check_run_folder(struct check *c, const char *key, const char *dir)
{
	_cleanup_(step_release) struct step s;
	step_init(&s);
	bool known = queue_step_get(c->q, key, &s) == 0;
	if (known && s.state != STEP_DONE && queue_step_is_held(c->q, key))
		return;
	const char *mended = removed(c, dir);
	if (mended && known && s.state != STEP_DONE)
		queue_step_delete(c->q, key);
	check_found(c, mended, "step %s: a .run folder that nobody wants", key);
}

static void check_step_entry(struct check *c, const char *parent, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", parent, name);
	_cleanup_free_ char *key = xstrdup(name);
	bool run = str_has_suffix(name, ".run");
	if (run)
		key[strlen(key) - strlen(".run")] = '\0';
	if (!step_key_valid(key) || strncmp(key, strrchr(parent, '/') + 1, 2) != 0)
		check_found(c, NULL, "%s does not belong there", path);
	else if (!run)
		check_step_folder(c, key, path);
	else if (!c->running)
		check_run_folder(c, key, path);
}

/* Calls fn for what lies in a folder; a missing folder is empty. */
static void each_entry(struct check *c, const char *dir, void (*fn)(struct check *, const char *, const char *))
{
	_cleanup_closedir_ DIR *d = opendir(dir);
	if (!d && errno != ENOENT)
		check_failed(c, dir, -errno);
	for (struct dirent *e; d && (e = readdir(d));)
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			fn(c, dir, e->d_name);
}

static void check_step_group(struct check *c, const char *parent, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", parent, name);
	each_entry(c, path, check_step_entry);
}

void check_steps(struct check *c)
{
	struct keys k = { 0 };
	_cleanup_free_ char *dir = xasprintf("%s/steps", c->conf->spool);
	if (queue_step_each(c->q, STEP_DONE, add_key, &k) < 0)
		check_found(c, NULL, "the steps cannot be read: %s", queue_error(c->q));
	for (size_t i = 0; i < k.n; i++)
		check_done_step(c, k.key[i]);
	free(k.key);
	each_entry(c, dir, check_step_group);
}

/* ---- intake, staging, scratch */

static bool has_result(const struct check *c, const char *id)
{
	for (size_t i = 0; i < c->nresults; i++)
		if (str_eq(c->result[i], id))
			return true;
	return false;
}

/* A folder as nmr makes it at the door, from a stored file and its ticket. */
static int build_at_door(const char *from, const char *tmp, const char *id)
{
	_cleanup_(buf_release) struct buf ticket = BUF_INIT;
	_cleanup_free_ char *stored = xasprintf("%s/structure", from);
	_cleanup_free_ char *stored_ticket = xasprintf("%s/ticket", from);
	_cleanup_free_ char *structure = xasprintf("%s/structure", tmp);
	_cleanup_free_ char *path = xasprintf("%s/ticket", tmp);
	buf_addf(&ticket, "source = repair\nfilename = recovered-%s\n", id);
	file_read(stored_ticket, 1 << 16, &ticket);
	int r = file_rm_rf(tmp);
	if (r == 0)
		r = file_mkdir_p(tmp, 0755);
	if (r == 0)
		r = file_copy(stored, structure, 0644);
	if (r == 0)
		r = file_write(path, ticket.s, ticket.len, 0644);
	return r == 0 ? file_fsync_tree(tmp) : r;
}

static const char *send_through_door(struct check *c, const char *from, const char *id)
{
	_cleanup_free_ char *tmp = xasprintf("%s/.tmp-%s", c->conf->door, id);
	_cleanup_free_ char *to = xasprintf("%s/%s", c->conf->door, id);
	int r = build_at_door(from, tmp, id);
	if (r == 0 && rename(tmp, to) < 0)
		r = -errno;
	if (r == 0)
		r = file_fsync_dir(c->conf->door);
	if (r < 0) {
		file_rm_rf(tmp);
		return NULL;
	}
	return file_rm_rf(from) == 0 ? "it is handed in again, through the door" : NULL;
}

static void check_intake_entry(struct check *c, const char *parent, const char *name)
{
	_cleanup_(job_release) struct job j;
	_cleanup_free_ char *path = xasprintf("%s/%s", parent, name);
	_cleanup_free_ char *structure = xasprintf("%s/structure", path);
	job_init(&j);
	if (queue_job_get(c->q, name, &j) == 0 || queue_batch_has_id(c->q, name))
		return;
	bool lost = c->saved && id_valid(name) && file_exists(structure) && !has_result(c, name);
	const char *mended = lost && c->repair ? send_through_door(c, path, name) : lost ? NULL : removed(c, path);
	check_found(c, mended, "intake/%s: a stored file without a job", name);
}

static void check_staging_entry(struct check *c, const char *parent, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", parent, name);
	check_found(c, removed(c, path), "staging/%s: left over", name);
}

static void check_scratch_entry(struct check *c, const char *parent, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", parent, name);
	if (step_key_valid(name))
		check_found(c, removed(c, path), "%s: left over from a run", path);
}

void check_leftovers(struct check *c)
{
	_cleanup_free_ char *intake = xasprintf("%s/intake", c->conf->spool);
	_cleanup_free_ char *staging = xasprintf("%s/staging", c->conf->spool);
	if (c->running)
		return;
	each_entry(c, intake, check_intake_entry);
	each_entry(c, staging, check_staging_entry);
	each_entry(c, c->conf->scratch, check_scratch_entry);
}

/* ---- the outbox */

static const char *discarded(struct check *c, const struct outbox_entry *e)
{
	return c->repair && outbox_discard(&c->out, e->relative) == 0 ? "removed" : NULL;
}

static void note_result(struct check *c, const char *id)
{
	c->result = xreallocarray(c->result, c->nresults + 1, sizeof(*c->result));
	snprintf(c->result[c->nresults++], sizeof(*c->result), "%s", id);
	c->results++;
}

static void check_result(struct check *c, const struct outbox_entry *e)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	note_result(c, e->id);
	if (queue_job_get(c->q, e->id, &j) == 0)
		return;
	/* Jobs that are forgotten by order leave results without a job. */
	if (c->conf->keep_rows_days <= 0)
		check_found(c, NULL, "outbox/%s: a result of no job that the queue knows (%s)", e->relative, e->id);
}

static void check_status(struct check *c, const struct outbox_entry *e)
{
	if (c->running || queue_outname_taken(c->q, e->outname) || !outbox_running_is_ours(&c->out, e->relative))
		return;
	check_found(c, discarded(c, e), "outbox/%s: its job is not at work", e->relative);
}

/* FAILED.txt names its job, unless it tells of a file that never became one. */
static bool failed_id(const struct check *c, const char *relative, char ret_id[ID_LEN + 1])
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *path = xasprintf("%s/%s/FAILED.txt", c->out.root, relative);
	const char *p = file_read(path, 1 << 20, &b) == 0 ? strstr(b.s, "\nId:") : NULL;
	if (!p)
		return false;
	p += strlen("\nId:");
	p += strspn(p, " ");
	_cleanup_free_ char *id = xstrndup(p, ID_LEN);
	if (!id_valid(id))
		return false;
	memcpy(ret_id, id, ID_LEN + 1);
	return true;
}

static void check_failure(struct check *c, const struct outbox_entry *e)
{
	_cleanup_(job_release) struct job j;
	char id[ID_LEN + 1];
	job_init(&j);
	c->failures++;
	if (c->running || !failed_id(c, e->relative, id) || queue_job_get(c->q, id, &j) < 0 || j.state == JOB_FAILED)
		return;
	check_found(c, discarded(c, e), "outbox/%s: its job is %s", e->relative, job_state_to_string(j.state));
}

static int check_entry(const struct outbox_entry *e, void *arg)
{
	struct check *c = arg;
	switch (e->found) {
	case OUTBOX_RESULT: check_result(c, e); break;
	case OUTBOX_RUNNING: check_status(c, e); break;
	case OUTBOX_FAILED: check_failure(c, e); break;
	case OUTBOX_TMP:
		if (!c->running)
			check_found(c, discarded(c, e), "outbox/%s: left over", e->relative);
		break;
	}
	return 0;
}

static int compare_ids(const void *a, const void *b) { return strcmp(a, b); }

/* A result that is not in its place was moved, if it is anywhere at all. */
static int check_place(const struct job *j, void *arg)
{
	struct check *c = arg;
	struct stat st;
	_cleanup_free_ char *path = xasprintf("%s/%s/.nmr-id", c->out.root, j->outname);
	if (lstat(path, &st) == 0)
		return 0;
	if (c->nresults && bsearch(j->id, c->result, c->nresults, sizeof(*c->result), compare_ids))
		c->moved++;
	else
		c->deleted++;
	return 0;
}

void check_outbox(struct check *c)
{
	int r = outbox_each(&c->out, check_entry, c);
	if (r < 0) {
		check_failed(c, c->out.root, r);
		return;
	}
	if (c->nresults)
		qsort(c->result, c->nresults, sizeof(*c->result), compare_ids);
	queue_job_each(c->q, &(struct job_filter){ .states = 1u << JOB_DONE, .oldest_first = true }, check_place, c);
}
