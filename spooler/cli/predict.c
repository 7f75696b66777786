/* nmr predict: one structure, in the foreground, without a spooler around: a
 * private data folder, a spooler of its own on it (cli/private.h), the queue read for
 * progress, the table at the end. What is left behind when this process is killed is at
 * worst the temporary folder. Results to stdout; progress to stderr when that is a terminal. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/cli.h"
#include "client/job-json.h"
#include "cli/follow.h"
#include "cli/private.h"
#include "cli/result.h"
#include "cli/submit.h"
#include "cli/view.h"

struct predict {
	struct cli *c;
	struct conf *conf;           /* of the private data folder */
	char *dir;                   /* temporary: data/ and run/ */
	char *rundir;
	struct private_spooler spooler;
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
	private_release(&p->spooler);
	conf_free(p->conf);
	if (p->dir && p->c->args.keep)
		fprintf(stderr, "kept: %s\n", p->dir);
	else if (p->dir)
		file_rm_rf(p->dir);
	free(p->dir);
	free(p->rundir);
}

static void look(struct private_spooler *spooler, void *arg)
{
	struct predict *p = arg;
	follow_update(p->follow, spooler->q);
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
	struct queue *q = p->spooler.q;
	bool worked = private_worked(rec) && q && queue_job_counts(q, count) == 0;
	int ended = count[JOB_DONE] + count[JOB_FAILED] + count[JOB_HELD];
	if (!worked || ended == 0) {
		private_explain(&p->spooler, rec);
		return CLI_FAILED;
	}
	queue_job_each(q, &(struct job_filter){ .oldest_first = true, .states = ~0u >> 1 }, tell_job, &t);
	return t.exit;
}

static int run(struct predict *p)
{
	struct run_record rec = { 0 };
	p->spooler = (struct private_spooler){ .conf = p->conf, .rundir = p->rundir };
	p->follow = follow_new(p->conf, stderr, &p->c->err, p->c->err.tty ? FOLLOW_BARS : FOLLOW_SILENT);
	follow_add(p->follow, p->id);
	int e = private_run(&p->spooler, look, p, &rec);
	follow_clear(p->follow);
	if (e != CLI_OK)
		return e;
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
