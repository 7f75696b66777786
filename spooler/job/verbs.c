/* What people ask for: cancel, retry, hold, release, priority, republish, of a job
 * or of all jobs of a batch. Each answer is a sentence. Logs through the state
 * change. */
#include <errno.h>

#include "base/log.h"
#include "job/manager-internal.h"

struct verb { const char *name, *past; enum job_event event; bool priority; };

static const struct verb verbs[] = {
	{ "cancel", "cancelled", JOB_EV_CANCEL, false }, { "retry", "queued again", JOB_EV_RETRY, false },
	{ "hold", "held", JOB_EV_HOLD, false }, { "release", "released", JOB_EV_RELEASE, false },
	{ "republish", "published again", JOB_EV_REPUBLISH, false },
	{ "priority", "moved in the queue", 0, true },
};

/* One request under way: what is asked, and of how many it was done. */
struct ask {
	struct manager *m;
	const struct verb *v;
	const char *value;       /* of a priority; NULL: none given */
	int done, refused;
	char *why;               /* of the last refusal, when there is more to say than the state */
};

/* Who asks for it again has changed something, or hopes so: all attempts are left again,
 * also those of steps that had some to go when another one failed the job. */
static int begin_anew(const struct step *s, _unused_ const char *stage, void *arg)
{
	int r = s->state == STEP_FAILED ? queue_step_reset(arg, s->key) : 0;
	return r == 0 ? queue_step_recount(arg, s->key) : r;
}

static int refuse(struct ask *a, char *why)
{
	free(a->why);
	a->why = why;
	return -EPERM;
}

/* The result folder is made from finished steps alone: all but the report itself,
 * which costs nothing, must be there. */
static int check_steps_are_kept(struct ask *a, const struct job *j)
{
	_cleanup_(pipeline_release) struct pipeline p = { 0 };
	pipeline_walk(&p, a->m->lab, a->m->q, j);
	if (p.end == PIPELINE_RENDERED || (p.end == PIPELINE_WAITS && str_eq(p.stage, "report")))
		return 0;
	return refuse(a, xasprintf("%s cannot be published again: its steps are not kept any more, or are of another "
				   "version. Drop the file again.", j->outname));
}

static int apply_event(struct ask *a, struct job *j)
{
	struct manager *m = a->m;
	enum job_event e = a->v->event;
	if (e == JOB_EV_REPUBLISH && j->state == JOB_DONE && check_steps_are_kept(a, j) < 0)
		return -EPERM;
	const char *reason = e == JOB_EV_CANCEL ? "cancelled on request" : NULL, *remedy = NULL;
	if (e == JOB_EV_HOLD) {
		reason = "held on request";
		remedy = "To let it run put a file called \"release\" into its .running folder in the outbox, or press Release on "
			 "the page.";
	}
	int r = queue_begin(m->q);
	if (r == 0)
		r = manager_change(m, j, e, reason, remedy);
	/* A retry computes failed steps again, from their last geometry. */
	if (r == 0 && e == JOB_EV_RETRY)
		r = queue_step_each_of_job(m->q, j->row, begin_anew, m->q);
	if (r == 0 && e == JOB_EV_RETRY)
		r = queue_job_hope_again(m->q, j->row);
	r = queue_end(m->q, r);
	if (r == 0 && e == JOB_EV_CANCEL)
		m->hooks.gone(m->hooks.arg, j);
	if (r == 0 && e == JOB_EV_RETRY)
		m->hooks.again(m->hooks.arg, j);
	if (r == 0)
		m->hooks.changed(m->hooks.arg, j);
	return r;
}

/* Among the options, too: the parts of a file inherit it from there. */
static int apply_priority(struct ask *a, struct job *j)
{
	struct options o;
	char *why = NULL;
	if (job_state_ended(j->state))
		return -EPERM;
	if (j->damage || !j->input)
		return refuse(a, xasprintf("%s is refused: its priority cannot be changed.", j->outname));
	options_init(&o, a->m->lab->share);
	int r = options_from_json(&o, j->options);
	if (r == 0)
		r = options_set(&o, a->m->lab->share, "priority", a->value ? a->value : "", "request", &why);
	if (r == 0) {
		json_decref(j->options);
		j->options = options_to_json(&o);
		j->priority = (int)strtol(o.value[OPTION_PRIORITY], NULL, 10);
		r = queue_job_set_options(a->m->q, j);
	} else
		r = refuse(a, why ? why : xasprintf("The options of %s are not usable.", j->outname));
	options_release(&o);
	return r;
}

static int apply(struct ask *a, struct job *j)
{
	int r = a->v->priority ? apply_priority(a, j) : apply_event(a, j);
	a->done += r == 0;
	a->refused += r < 0;
	return r;
}

/* ---- batches */

static int apply_part(const struct job *part, void *arg)
{
	struct ask *a = arg;
	_cleanup_(job_release) struct job j;
	job_init(&j);
	bool allowed = a->v->priority ? !job_state_ended(part->state) : job_state_after(part->state, a->v->event) >= 0;
	if (allowed && queue_job_by_row(a->m->q, part->row, &j) == 0)
		apply(a, &j);
	else
		a->refused++;
	return 0;
}

static int apply_batch(long long row, void *arg)
{
	struct ask *a = arg;
	return queue_job_each(a->m->q, &(struct job_filter){ .batch_row = row }, apply_part, a);
}

static void apply_whole(struct ask *a, const struct batch *b)
{
	apply_batch(b->row, a);
	queue_batch_each_inside(a->m->q, b->row, apply_batch, a);
}

static bool ask_of_batch(struct ask *a, const char *target, char **ret_words)
{
	_cleanup_(batch_release) struct batch b;
	batch_init(&b);
	if (queue_batch_find(a->m->q, target, &b) < 0) {
		*ret_words = xasprintf("There is no job \"%s\". \"nmr status\" lists them.", target);
		return false;
	}
	apply_whole(a, &b);
	*ret_words = a->done || !a->why
		? xasprintf("%s: %d jobs %s, %d left as they are.", b.outname, a->done, a->v->past, a->refused)
		: xstrdup(a->why);
	return a->done > 0;
}

/* A file of which some records are jobs already: what holds for them holds for the rest. */
static bool ask_of_half(struct ask *a, const struct job *j, const struct batch *b, char **ret_words)
{
	apply_part(j, a);
	bool rest = a->done > 0;
	a->done = a->refused = 0;
	apply_whole(a, b);
	*ret_words = xasprintf("%s: %d jobs %s, %d left as they are; of the file, %d molecules are no jobs yet: %s.", b->outname,
			       a->done, a->v->past, a->refused, b->unmade, rest ? "the same holds for them"
									       : "nothing changes for them");
	a->m->hooks.split(a->m->hooks.arg, b);
	return rest || a->done > 0;
}

/* ---- one job */

static bool ask_of_job(struct ask *a, struct job *j, char **ret_words)
{
	int r = apply(a, j);
	if (r == 0)
		*ret_words = a->v->priority ? xasprintf("%s has priority %d.", j->outname, j->priority)
					    : xasprintf("%s is %s.", j->outname, a->v->past);
	else if (r == -EPERM && a->why)
		*ret_words = xstrdup(a->why);
	else if (r == -EPERM)
		*ret_words = xasprintf("%s is %s: it cannot be %s.", j->outname, job_state_to_string(j->state), a->v->past);
	else
		*ret_words = xasprintf("%s: the queue could not be written (%s).", j->outname, queue_error(a->m->q));
	return r == 0;
}

static bool carry_out(struct manager *m, const char *name, const char *target, const char *value, char **ret_words)
{
	_cleanup_(job_release) struct job j;
	_cleanup_(batch_release) struct batch b;
	struct ask a = { .m = m, .value = value };
	job_init(&j);
	batch_init(&b);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (str_ieq(verbs[i].name, name))
			a.v = &verbs[i];
	if (!a.v) {
		*ret_words = xasprintf("\"%s\" is not known: use cancel, retry, hold, release, priority or republish.", name);
		return false;
	}
	bool ok;
	if (queue_job_find(m->q, target, &j) < 0)
		ok = ask_of_batch(&a, target, ret_words);
	else if (queue_batch_by_id(m->q, j.id, &b) == 0)
		ok = ask_of_half(&a, &j, &b, ret_words);
	else
		ok = ask_of_job(&a, &j, ret_words);
	free(a.why);
	scheduler_cancel_unwanted(m->sched);
	/* What waits for the outbox is found by walking. */
	if (ok && !a.v->priority && a.v->event == JOB_EV_REPUBLISH)
		manager_refresh(m);
	else
		manager_tick(m);
	return ok;
}

bool manager_verb(struct manager *m, const char *name, const char *target, char **ret_words)
{
	return carry_out(m, name, target, NULL, ret_words);
}

bool manager_request(struct manager *m, const json_t *request, char **ret_words)
{
	const json_t *v = json_object_get(request, "value");
	_cleanup_free_ char *value = json_is_integer(v) ? xasprintf("%lld", (long long)json_integer_value(v))
				   : json_is_string(v)	? xstrdup(json_string_value(v)) : NULL;
	return carry_out(m, json_str(request, "verb", ""), json_str(request, "target", ""), value, ret_words);
}
