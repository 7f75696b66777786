/* nmr backup and nmr restore. The queue is copied first, then the files that it speaks
 * of: a stored file is there before its row and stays as long as its job is unfinished,
 * so none can be missing; the other way round a job that came in between would have a
 * row and no file. backup.json is written last: without it the folder is no backup.
 * A restore puts the files in place first and the queue last, for the same reason;
 * broken off, it leaves a mark that keeps the spooler from starting, and is repeated. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/result.h"

#define TRIES 3

static int say(const char *what, const char *path, int r)
{
	cli_error("%s %s: %s", what, path, strerror(-r));
	return CLI_FAILED;
}

/* ---- trees */

/* from_root/relative to to_root/relative, whole or not at all. */
static int copy_folder(const char *from_root, const char *to_root, const char *relative)
{
	_cleanup_free_ char *from = xasprintf("%s/%s", from_root, relative);
	_cleanup_free_ char *to = xasprintf("%s/%s", to_root, relative);
	_cleanup_free_ char *above = xstrdup(to);
	*strrchr(above, '/') = '\0';
	int r = file_mkdir_p(above, 0755);
	if (r == 0 && file_exists(to))
		return 0;
	if (r == 0)
		r = result_copy_tree(from, to);
	if (r < 0)
		file_rm_rf(to);
	return r;
}

/* ---- backup */

struct backup {
	const struct conf *conf;
	const char *to;
	int jobs, steps;
	int missing;             /* files that unfinished jobs need and that are not there */
	int error;
	char *which;             /* what could not be copied */
};

static void note_error(struct backup *b, int r, const char *relative)
{
	if (b->error == 0) {
		b->error = r;
		b->which = xstrdup(relative);
	}
}

/* The folder with the job's input: intake/<id>, or the step that read the file. */
static int copy_input(const struct job *j, void *arg)
{
	struct backup *b = arg;
	_cleanup_free_ char *stored = xasprintf("intake/%s", j->id);
	_cleanup_free_ char *input = j->input ? xstrdup(j->input) : NULL;
	char *slash = input ? strrchr(input, '/') : NULL;
	b->jobs++;
	if (slash)
		*slash = '\0';
	int r = slash ? copy_folder(b->conf->spool, b->to, input) : 0;
	b->missing += r == -ENOENT;
	if (r < 0 && r != -ENOENT)
		note_error(b, r, input);
	/* For input/ of the result; the records of a file have none. */
	r = copy_folder(b->conf->spool, b->to, stored);
	if (r < 0 && r != -ENOENT)
		note_error(b, r, stored);
	return b->error;
}

static int copy_step(const struct step *s, _unused_ const char *stage, void *arg)
{
	struct backup *b = arg;
	_cleanup_free_ char *relative = xasprintf("steps/%.2s/%s", s->key, s->key);
	int r = copy_folder(b->conf->spool, b->to, relative);
	b->steps += r == 0;
	/* Removed meanwhile, because it was old: it would be computed again. */
	if (r < 0 && r != -ENOENT)
		note_error(b, r, relative);
	return b->error;
}

static bool has_step(const char *key, void *arg)
{
	const struct backup *b = arg;
	_cleanup_free_ char *path = xasprintf("%s/steps/%.2s/%s", b->to, key, key);
	return file_exists(path);
}

/* One try. The copy of the queue tells which files belong to it. */
static int back_up(struct cli *c, struct backup *b, struct queue *q)
{
	_cleanup_free_ char *db = xasprintf("%s/queue.db", b->to);
	_cleanup_free_ char *error = NULL;
	struct queue *copy;
	unsigned live = 1u << JOB_QUEUED | 1u << JOB_RUNNING | 1u << JOB_PUBLISHING | 1u << JOB_HELD;
	if (queue_backup(q, db, &error) < 0 || queue_open_readonly(db, &copy, &error) < 0) {
		cli_error("%s", error);
		return CLI_FAILED;
	}
	int r = queue_job_each(copy, &(struct job_filter){ .states = live, .oldest_first = true }, copy_input, b);
	if (r == 0 && c->args.steps)
		r = queue_step_each(copy, STEP_DONE, copy_step, b);
	if (r < 0 && b->error == 0)
		note_error(b, r, "queue.db");
	queue_close(copy);
	if (b->error < 0)
		return say("cannot copy", b->which, b->error);
	if (queue_backup_trim(db, has_step, b, &error) < 0) {
		cli_error("%s", error);
		return CLI_FAILED;
	}
	return CLI_OK;
}

static bool is_empty(const char *dir)
{
	_cleanup_closedir_ DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));)
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			return false;
	return true;
}

static int finish_backup(struct cli *c, const struct backup *b)
{
	char now[CLOCK_ISO_LEN];
	clock_iso(clock_wall(), now);
	_cleanup_free_ char *path = xasprintf("%s/backup.json", b->to);
	_cleanup_free_ char *above = xasprintf("%s/..", b->to);
	json_t *j = json_pack("{s:s,s:s,s:o,s:i,s:b,s:i}", "version", NMR_VERSION, "written", now, "data",
			      json_text(c->conf->data), "unfinished", b->jobs, "steps", c->args.steps, "steps_copied", b->steps);
	int r = file_fsync_tree(b->to);
	if (r == 0)
		r = json_write_file(path, j, true);
	if (r == 0)
		r = file_fsync_dir(above);
	if (r < 0) {
		json_decref(j);
		return say("cannot write", path, r);
	}
	if (b->missing)
		cli_error("%d files of unfinished jobs are gone from the spool; see nmr-spooler --check", b->missing);
	if (c->args.json)
		cli_put_json(j, true);
	else {
		printf("%s: the queue, files of %d unfinished jobs, %d finished steps\n", b->to, b->jobs, b->steps);
		json_decref(j);
	}
	return b->missing ? CLI_FAILED : CLI_OK;
}

/* Between copying the queue and a file a job may end and be cleaned up: then there is
 * a newer queue to copy. */
static int try_backup(struct cli *c, struct backup *b, struct queue *q)
{
	int e = CLI_FAILED;
	for (int i = 0; i < TRIES; i++) {
		b->jobs = b->steps = b->missing = 0;
		int r = file_rm_rf(b->to);
		if (r == 0)
			r = file_mkdir_p(b->to, 0700);
		if (r < 0)
			return say("cannot make the folder", b->to, r);
		e = back_up(c, b, q);
		if (e != CLI_OK || !b->missing)
			break;
	}
	if (e == CLI_OK)
		e = finish_backup(c, b);
	else
		file_rm_rf(b->to);
	return e;
}

int cmd_backup(struct cli *c)
{
	struct backup b = { .conf = c->conf, .to = c->args.operand[0] };
	struct queue *q;
	if (!is_empty(b.to) || (file_exists(b.to) && !file_is_dir(b.to))) {
		cli_error("%s is there already: name a new folder", b.to);
		return CLI_USAGE;
	}
	int e = cli_open_queue(c->conf, &q);
	if (e != CLI_OK)
		return e;
	e = try_backup(c, &b, q);
	queue_close(q);
	free(b.which);
	return e;
}

/* ---- restore */

static int note_line(const char *sentence, void *arg)
{
	char **first = arg;
	if (!*first)
		*first = xstrdup(sentence);
	return 0;
}

/* Is it a whole backup with a sound queue? */
static bool is_sound(const char *from)
{
	_cleanup_free_ char *mark = xasprintf("%s/backup.json", from);
	_cleanup_free_ char *db = xasprintf("%s/queue.db", from);
	_cleanup_free_ char *error = NULL;
	_cleanup_json_ json_t *j = NULL;
	struct queue *q;
	if (json_read_file(mark, &j) < 0) {
		cli_error("%s is no whole backup: it has no backup.json", from);
		return false;
	}
	int r = queue_open_for_check(db, &q, &error);
	if (r == 0) {
		if (queue_check_file(q, note_line, &error) < 0 && !error)
			error = xstrdup(queue_error(q));
		queue_close(q);
	}
	if (error)
		cli_error("the queue in %s is damaged: %s", from, error);
	return error == NULL;
}

/* With the mark of a restore that was broken off, all that is there came from it. */
static bool is_free(const struct conf *conf, const char *mark)
{
	_cleanup_free_ char *db = xasprintf("%s/db/queue.db", conf->spool);
	_cleanup_free_ char *intake = xasprintf("%s/intake", conf->spool);
	_cleanup_free_ char *steps = xasprintf("%s/steps", conf->spool);
	if (file_exists(mark) || (!file_exists(db) && is_empty(intake) && is_empty(steps)))
		return true;
	cli_error("there is a spool in %s already: move it away, or name an empty folder with --data", conf->spool);
	return false;
}

static int restore_folder(const char *from, const char *spool, const char *name)
{
	_cleanup_free_ char *a = xasprintf("%s/%s", from, name);
	_cleanup_free_ char *b = xasprintf("%s/%s", spool, name);
	int r = file_rm_rf(b);
	if (r == 0)
		r = file_exists(a) ? result_copy_tree(a, b) : file_mkdir_p(b, 0755);
	return r == 0 ? file_fsync_tree(b) : r;
}

static int restore_queue(const char *from, const char *spool)
{
	_cleanup_free_ char *a = xasprintf("%s/queue.db", from);
	_cleanup_free_ char *dir = xasprintf("%s/db", spool);
	_cleanup_free_ char *tmp = xasprintf("%s/queue.db.new", dir);
	_cleanup_free_ char *b = xasprintf("%s/queue.db", dir);
	int r = file_rm_rf(dir);
	if (r == 0)
		r = file_mkdir_p(dir, 0755);
	if (r == 0)
		r = file_copy(a, tmp, 0644);
	if (r == 0)
		r = file_fsync_tree(tmp);
	if (r == 0 && rename(tmp, b) < 0)
		r = -errno;
	return r == 0 ? file_fsync_dir(dir) : r;
}

static int put_back(const struct conf *conf, const char *from, const char *mark)
{
	int r = file_write_atomic(mark, "", 0, 0644, true);
	if (r == 0)
		r = restore_folder(from, conf->spool, "intake");
	if (r == 0)
		r = restore_folder(from, conf->spool, "steps");
	if (r == 0)
		r = file_fsync_dir(conf->spool);
	if (r == 0)
		r = restore_queue(from, conf->spool);
	if (r == 0)
		r = file_rm_rf(mark);
	return r == 0 ? file_fsync_dir(conf->spool) : r;
}

int cmd_restore(struct cli *c)
{
	const char *from = c->args.operand[0];
	_cleanup_free_ char *mark = xasprintf("%s/restoring", c->conf->spool);
	_cleanup_free_ char *lock = xasprintf("%s/lock", c->conf->spool);
	_cleanup_free_ char *error = NULL;
	if (!is_sound(from))
		return CLI_FAILED;
	if (conf_make_folders(c->conf, &error) < 0) {
		cli_error("%s", error);
		return CLI_FAILED;
	}
	_cleanup_close_ int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return say("cannot open", lock, -errno);
	if (file_lock(fd) < 0) {
		cli_error("nmr-spooler works on %s: stop it first", c->conf->spool);
		return CLI_FAILED;
	}
	if (!is_free(c->conf, mark))
		return CLI_FAILED;
	int r = put_back(c->conf, from, mark);
	if (r < 0)
		return say("cannot restore into", c->conf->spool, r);
	printf("%s is restored: start nmr-spooler, it goes on\n", c->conf->spool);
	return CLI_OK;
}
