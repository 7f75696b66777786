/* nmr-spooler --once under the supervisor. */
#include "cli/private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/file.h"
#include "base/machine.h"

/* Beside this program, else from PATH. */
static char *spooler_path(void)
{
	char *path = machine_beside_program("nmr-spooler");
	return path ? path : xstrdup("nmr-spooler");
}

static int start(const struct private_spooler *p, struct run **ret_run)
{
	_cleanup_free_ char *spooler = spooler_path();
	const char *config = p->conf->file;
	const char *argv[] = { spooler, "--once", "--private", "--data", p->conf->data, config ? "--config" : NULL, config, NULL };
	/* Whatever the person's own level is: the log is shown when something fails. */
	const char *env[] = { "NMR_LOG_LEVEL=info", NULL };
	struct run_spec spec = { .dir = p->rundir, .argv = argv, .env = env, .grace_s = 15 };
	int r = run_start(&spec, ret_run);
	if (r < 0)
		cli_error("cannot start %s: %s; install nmr-spool again", spooler, strerror(-r));
	return r < 0 ? CLI_FAILED : CLI_OK;
}

static void open_queue(struct private_spooler *p)
{
	_cleanup_free_ char *path = xasprintf("%s/db/queue.db", p->conf->spool);
	_cleanup_free_ char *error = NULL;
	if (!p->q && queue_open_readonly(path, &p->q, &error) < 0)
		p->q = NULL;
}

int private_run(struct private_spooler *p, void (*look)(struct private_spooler *p, void *arg), void *arg,
		struct run_record *ret_rec)
{
	struct run *run;
	int e = start(p, &run);
	if (e != CLI_OK)
		return e;
	cli_catch_signals();
	struct pollfd fd = { .fd = run_pidfd(run), .events = POLLIN };
	bool asked = false;
	while (poll(&fd, 1, 300) <= 0 || !(fd.revents & POLLIN)) {
		if (cli_interrupted() && !asked) {
			run_stop(run);
			asked = true;
		}
		open_queue(p);
		if (!asked)
			look(p, arg);
		fd.revents = 0;
	}
	run_reap(run, ret_rec);
	open_queue(p);
	if (!asked)
		look(p, arg);
	return CLI_OK;
}

bool private_worked(const struct run_record *rec)
{
	return rec->reason == RUN_EXITED && (rec->code == 0 || rec->code == 1);
}

void private_explain(const struct private_spooler *p, const struct run_record *rec)
{
	_cleanup_free_ char *path = xasprintf("%s/stderr", p->rundir);
	_cleanup_(buf_release) struct buf tail = BUF_INIT;
	if (file_read_tail(path, 2000, &tail) == 0 && tail.len) {
		const char *line = tail.len == 2000 && strchr(tail.s, '\n') ? strchr(tail.s, '\n') + 1 : tail.s;
		fprintf(stderr, "nmr: the last words of nmr-spooler:\n%s", line);
	}
	cli_error("%s; \"nmr doctor\" may know why", rec->reason == RUN_NOT_STARTED
		  ? "nmr-spooler could not be started" : "nmr-spooler ended before there was a result");
}

void private_release(struct private_spooler *p) { queue_close(p->q); }
