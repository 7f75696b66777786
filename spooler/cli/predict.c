/* nmr predict: one structure, in the foreground, without a spooler around: a
 * private data folder, nmr-spooler --once on it under the supervisor, the queue
 * read for progress, the table at the end. The supervisor ends everything when
 * this process is gone, however it goes; what is left behind then is at worst the
 * temporary folder. Results to stdout; progress to stderr when that is a terminal. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/machine.h"
#include "cli/cli.h"
#include "client/job-json.h"
#include "cli/follow.h"
#include "cli/result.h"
#include "cli/submit.h"
#include "cli/view.h"
#include "exec/run.h"

struct predict {
	struct cli *c;
	struct conf *conf;           /* of the private data folder */
	char *dir;                   /* temporary: data/ and run/ */
	char *rundir;
	struct queue *q;             /* NULL until the spooler has made it */
	struct follow *follow;
	char id[ID_LEN + 1];
};

static int make_place(struct predict *p)
{
	const char *tmp = getenv("TMPDIR");
	_cleanup_free_ char *error = NULL;
	p->dir = xasprintf("%s/nmr-predict-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(p->dir)) {
		cli_error("cannot make a temporary folder %s: %s; set TMPDIR to another place", p->dir, strerror(errno));
		free(p->dir);
		p->dir = NULL;
		return CLI_FAILED;
	}
	_cleanup_free_ char *data = xasprintf("%s/data", p->dir);
	p->rundir = xasprintf("%s/run", p->dir);
	p->conf = conf_load(p->c->args.config, data, &error);
	if (!p->conf || conf_make_folders(p->conf, &error) < 0) {
		cli_error("%s", error);
		return CLI_USAGE;
	}
	return mkdir(p->rundir, 0700) < 0 ? CLI_FAILED : CLI_OK;
}

static void remove_place(struct predict *p)
{
	follow_free(p->follow);
	queue_close(p->q);
	conf_free(p->conf);
	if (p->dir && p->c->args.keep)
		fprintf(stderr, "kept: %s\n", p->dir);
	else if (p->dir)
		file_rm_rf(p->dir);
	free(p->dir);
	free(p->rundir);
}

/* Beside this program, else from PATH. */
static char *spooler_path(void)
{
	char *path = machine_beside_program("nmr-spooler");
	return path ? path : xstrdup("nmr-spooler");
}

static int start(struct predict *p, struct run **ret_run)
{
	_cleanup_free_ char *spooler = spooler_path();
	_cleanup_free_ char *config = p->conf->file ? xstrdup(p->conf->file) : NULL;
	const char *argv[] = { spooler, "--once", "--data", p->conf->data, config ? "--config" : NULL, config, NULL };
	/* Whatever the person's own level is: the log is shown when something fails. */
	const char *env[] = { "NMR_LOG_LEVEL=info", NULL };
	struct run_spec spec = { .dir = p->rundir, .argv = argv, .env = env, .grace_s = 15 };
	int r = run_start(&spec, ret_run);
	if (r < 0)
		cli_error("cannot start %s: %s; install nmr-spool again", spooler, strerror(-r));
	return r < 0 ? CLI_FAILED : CLI_OK;
}

static void look(struct predict *p)
{
	_cleanup_free_ char *path = xasprintf("%s/db/queue.db", p->conf->spool);
	_cleanup_free_ char *error = NULL;
	if (!p->q && queue_open_readonly(path, &p->q, &error) < 0)
		p->q = NULL;
	follow_update(p->follow, p->q);
}

/* Until the supervisor ends; a signal asks the spooler to end, once. */
static void wait_for_end(struct predict *p, struct run *run)
{
	struct pollfd fd = { .fd = run_pidfd(run), .events = POLLIN };
	bool asked = false;
	while (poll(&fd, 1, 300) <= 0 || !(fd.revents & POLLIN)) {
		if (cli_interrupted() && !asked) {
			run_stop(run);
			asked = true;
		}
		if (!asked)
			look(p);
		fd.revents = 0;
	}
	if (!asked)
		look(p);
}

/* The last lines of what the spooler said. */
static void show_log(const struct predict *p)
{
	_cleanup_free_ char *path = xasprintf("%s/stderr", p->rundir);
	_cleanup_(buf_release) struct buf tail = BUF_INIT;
	if (file_read_tail(path, 2000, &tail) < 0 || !tail.len)
		return;
	const char *line = tail.len == 2000 && strchr(tail.s, '\n') ? strchr(tail.s, '\n') + 1 : tail.s;
	fprintf(stderr, "nmr: the last words of nmr-spooler:\n%s", line);
}

static int copy_out(const struct predict *p, const struct job *j, const char *folder)
{
	const char *slash = strrchr(j->outname, '/');
	_cleanup_free_ char *to = xasprintf("%s/%s", p->c->args.out, slash ? slash + 1 : j->outname);
	int r = file_mkdir_p(p->c->args.out, 0755);
	if (r == 0)
		r = result_copy_tree(folder, to);
	if (r == -EEXIST)
		cli_error("%s exists already; move it away or give another --out", to);
	else if (r < 0)
		cli_error("cannot copy the results to %s: %s", to, strerror(-r));
	else if (!p->c->args.json)
		fprintf(stderr, "results: %s\n", to);
	return r < 0 ? CLI_FAILED : CLI_OK;
}

static int tell_done(const struct predict *p, const struct job *j)
{
	_cleanup_free_ char *folder = job_folder(p->conf, j);
	_cleanup_json_ json_t *result = NULL;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	int r = result_read(folder, &result);
	if (r < 0) {
		cli_error("the results in %s cannot be read: %s", folder, strerror(-r));
		return CLI_FAILED;
	}
	if (p->c->args.json)
		cli_put_json(json_incref(result), true);
	else {
		result_table(result, &p->c->out, &b);
		cli_put(&b);
	}
	fflush(stdout);
	return p->c->args.out ? copy_out(p, j, folder) : CLI_OK;
}

static int tell_failed(const struct predict *p, const struct job *j)
{
	_cleanup_(buf_release) struct buf why = BUF_INIT;
	term_cut(&p->c->err, &why, j->reason ? j->reason : "no reason was given", 4000);
	if (j->remedy) {
		buf_adds(&why, " ");
		term_cut(&p->c->err, &why, j->remedy, 4000);
	}
	cli_error("%s is %s: %s", j->name, job_state_to_string(j->state), why.s);
	return CLI_FAILED;
}

struct telling { const struct predict *p; int exit; };

static int tell_job(const struct job *j, void *arg)
{
	struct telling *t = arg;
	int e = j->state == JOB_DONE ? tell_done(t->p, j) : tell_failed(t->p, j);
	t->exit = MAX(t->exit, e);
	return 0;
}

/* Everything in the private queue is of this structure: itself, or its parts. The
 * references (TMS, benzene) are steps, not jobs. */
static int tell(const struct predict *p, const struct run_record *rec)
{
	struct telling t = { p, CLI_OK };
	int count[JOB_STATE_COUNT] = { 0 };
	bool worked = rec->reason == RUN_EXITED && (rec->code == 0 || rec->code == 1);
	if (!p->q || queue_job_counts(p->q, count) < 0)
		worked = false;
	int ended = count[JOB_DONE] + count[JOB_FAILED];
	if (!worked || ended == 0) {
		show_log(p);
		cli_error("%s; \"nmr doctor\" may know why", rec->reason == RUN_NOT_STARTED
			  ? "nmr-spooler could not be started" : "nmr-spooler ended before there was a result");
		return CLI_FAILED;
	}
	queue_job_each(p->q, &(struct job_filter){ .oldest_first = true, .states = ~0u >> 1 }, tell_job, &t);
	return t.exit;
}

static int run(struct predict *p)
{
	struct run *run;
	struct run_record rec = { 0 };
	int e = start(p, &run);
	if (e != CLI_OK)
		return e;
	cli_catch_signals();
	p->follow = follow_new(p->conf, stderr, &p->c->err, p->c->err.tty ? FOLLOW_BARS : FOLLOW_SILENT);
	follow_add(p->follow, p->id);
	wait_for_end(p, run);
	run_reap(run, &rec);
	follow_clear(p->follow);
	return cli_interrupted() ? CLI_INTERRUPTED : tell(p, &rec);
}

int cmd_predict(struct cli *c)
{
	struct predict p = { .c = c };
	int e = submit_check_options(c);
	if (e == CLI_OK)
		e = make_place(&p);
	if (e == CLI_OK)
		e = submit_one(c, p.conf, c->args.operand[0], p.id);
	if (e == CLI_OK)
		e = run(&p);
	remove_place(&p);
	return e;
}
