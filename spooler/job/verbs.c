/* What people ask for: cancel, retry, hold, release, of a job or of all jobs of a
 * batch. Each answer is a sentence. Logs through the state change. */
#include <errno.h>

#include "base/log.h"
#include "job/manager-internal.h"

struct verb { const char *name, *past; enum job_event event; };

static const struct verb verbs[] = {
	{ "cancel", "cancelled", JOB_EV_CANCEL }, { "retry", "queued again", JOB_EV_RETRY },
	{ "hold", "held", JOB_EV_HOLD }, { "release", "released", JOB_EV_RELEASE },
};

static int reset_failed(const struct step *s, _unused_ const char *stage, void *arg)
{
	if (s->state == STEP_FAILED)
		queue_step_reset(arg, s->key);
	return 0;
}

static int apply(struct manager *m, struct job *j, const struct verb *v)
{
	int r = queue_begin(m->q);
	if (r == 0)
		r = manager_change(m, j, v->event, v->event == JOB_EV_CANCEL ? "cancelled on request" : NULL, NULL);
	/* A retry computes failed steps again, from their last geometry. */
	if (r == 0 && v->event == JOB_EV_RETRY)
		r = queue_step_each_of_job(m->q, j->row, reset_failed, m->q);
	if (r < 0) {
		queue_rollback(m->q);
		return r;
	}
	r = queue_commit(m->q);
	if (r == 0 && v->event == JOB_EV_CANCEL)
		m->hooks.gone(m->hooks.arg, j);
	if (r == 0)
		m->hooks.changed(m->hooks.arg, j);
	return r;
}

struct batch_verb { struct manager *m; const struct verb *v; int done, refused; };

static int apply_part(const struct job *part, void *arg)
{
	struct batch_verb *b = arg;
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (job_state_after(part->state, b->v->event) >= 0 && queue_job_by_row(b->m->q, part->row, &j) == 0 &&
	    apply(b->m, &j, b->v) == 0)
		b->done++;
	else
		b->refused++;
	return 0;
}

static bool verb_on_batch(struct manager *m, const struct verb *v, const char *target, char **ret_words)
{
	_cleanup_(batch_release) struct batch b;
	batch_init(&b);
	if (queue_batch_find(m->q, target, &b) < 0) {
		*ret_words = xasprintf("There is no job \"%s\". \"nmr status\" lists them.", target);
		return false;
	}
	struct batch_verb bv = { m, v, 0, 0 };
	queue_job_each(m->q, &(struct job_filter){ .batch_row = b.row }, apply_part, &bv);
	*ret_words = xasprintf("%s: %d jobs %s, %d left as they are.", b.outname, bv.done, v->past, bv.refused);
	return bv.done > 0;
}

bool manager_verb(struct manager *m, const char *name, const char *target, char **ret_words)
{
	_cleanup_(job_release) struct job j;
	const struct verb *v = NULL;
	job_init(&j);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (str_ieq(verbs[i].name, name))
			v = &verbs[i];
	if (!v) {
		*ret_words = xasprintf("\"%s\" is not known: use cancel, retry, hold or release.", name);
		return false;
	}
	if (queue_job_find(m->q, target, &j) < 0)
		return verb_on_batch(m, v, target, ret_words);
	int r = apply(m, &j, v);
	if (r == 0)
		*ret_words = xasprintf("%s is %s.", j.outname, v->past);
	else if (r == -EPERM)
		*ret_words = xasprintf("%s is %s: it cannot be %s.", j.outname, job_state_to_string(j.state), v->past);
	else
		*ret_words = xasprintf("%s: the queue could not be written (%s).", j.outname, queue_error(m->q));
	scheduler_cancel_unwanted(m->sched);
	manager_tick(m);
	return r == 0;
}
