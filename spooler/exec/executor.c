/* See executor.h. The local executor is exec/run.c. */
#include "exec/executor.h"

#include <errno.h>

struct execution {
	const struct executor *by;
	void *run;
};

static struct execution *wrap(const struct executor *x, void *run)
{
	struct execution *e = xcalloc(1, sizeof(*e));
	*e = (struct execution){ x, run };
	return e;
}

int executor_start(const struct executor *x, const struct run_spec *spec, struct execution **ret_e)
{
	void *run;
	int r = x->start(x, spec, &run);
	if (r == 0)
		*ret_e = wrap(x, run);
	return r;
}

int executor_adopt(const struct executor *x, const char *dir, double wait_s, struct execution **ret_e)
{
	void *run;
	int r = x->adopt(x, dir, wait_s, &run);
	if (r == 0)
		*ret_e = wrap(x, run);
	return r;
}

int executor_fd(const struct execution *e) { return e->by->fd(e->run); }
int executor_cancel(struct execution *e) { return e->by->cancel(e->run); }

void executor_reap(struct execution *e, struct run_record *ret_rec)
{
	e->by->reap(e->run, ret_rec);
	free(e);
}

/* ---- this machine */

static int local_start(_unused_ const struct executor *x, const struct run_spec *spec, void **ret_run)
{
	struct run *r;
	int e = run_start(spec, &r);
	if (e == 0)
		*ret_run = r;
	return e;
}

static int local_fd(void *run) { return run_pidfd(run); }
static int local_cancel(void *run) { return run_stop(run); }
static void local_reap(void *run, struct run_record *ret_rec) { run_reap(run, ret_rec); }

static int local_adopt(_unused_ const struct executor *x, const char *dir, double wait_s, _unused_ void **ret_run)
{
	int r = run_end_leftover(dir, wait_s);
	return r < 0 ? r : -ENOENT;
}

const struct executor *executor_local(void)
{
	static const struct executor local = { .start = local_start, .fd = local_fd, .cancel = local_cancel, .reap = local_reap,
					       .adopt = local_adopt };
	return &local;
}
