/* See manager.h. Every walk derives the job's needs from what is done, so the
 * only memory here is the set of rows that should be walked. Logs state changes
 * of jobs. A queue that cannot be written stops the walk of that job; it is
 * tried again at the next tick. */
#include "job/manager-internal.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "job/walk.h"

#define PUBLISH_RETRY_S 10.0

void manager_walk_soon(struct manager *m, long long row)
{
	for (size_t i = 0; i < m->ndirty; i++)
		if (m->dirty[i] == row)
			return;
	m->dirty = xreallocarray(m->dirty, m->ndirty + 1, sizeof(*m->dirty));
	m->dirty[m->ndirty++] = row;
}

static int mark_row(long long row, void *arg)
{
	manager_walk_soon(arg, row);
	return 0;
}

/* ---- on the way to the outbox */

static struct inflight *inflight_of(struct manager *m, long long row)
{
	for (size_t i = 0; i < m->ninflight; i++)
		if (m->inflight[i].row == row)
			return &m->inflight[i];
	return NULL;
}

static void set_inflight(struct manager *m, long long row, double until)
{
	struct inflight *f = inflight_of(m, row);
	if (!f) {
		m->inflight = xreallocarray(m->inflight, m->ninflight + 1, sizeof(*m->inflight));
		f = &m->inflight[m->ninflight++];
		f->row = row;
	}
	f->until = until;
}

static void clear_inflight(struct manager *m, long long row)
{
	struct inflight *f = inflight_of(m, row);
	if (f)
		*f = m->inflight[--m->ninflight];
}

static bool is_inflight(struct manager *m, long long row)
{
	struct inflight *f = inflight_of(m, row);
	return f && (f->until <= 0 || clock_mono() < f->until);
}

static void forget_left(struct manager *m, long long row);

static void send_failure(struct manager *m, const struct job *j, const char *what, const char *why,
			 const char *remedy)
{
	set_inflight(m, j->row, 0);
	forget_left(m, j->row);
	m->hooks.fail(m->hooks.arg, j, what, why, remedy);
}

static void on_step_ended(void *arg, const char *key)
{
	struct manager *m = arg;
	queue_step_each_job(m->q, key, mark_row, m);
	if (!m->stopping)
		manager_tick(m);
}

struct manager *manager_new(const struct lab *lab, struct queue *q, struct loop *loop,
			    const struct manager_hooks *hooks)
{
	struct manager *m = xcalloc(1, sizeof(*m));
	*m = (struct manager){ .lab = lab, .q = q, .loop = loop, .hooks = *hooks };
	m->sched = scheduler_new(lab, q, loop, on_step_ended, m);
	return m;
}

void manager_free(struct manager *m)
{
	if (!m)
		return;
	scheduler_free(m->sched);
	split_end_all(m);
	free(m->dirty);
	free(m->left);
	free(m->inherited);
	free(m->inflight);
	free(m);
}

struct scheduler *manager_scheduler(struct manager *m) { return m->sched; }

/* With what is to be told of it, or not at all. */
static int change(struct manager *m, struct job *j, enum job_event e, const char *reason, const char *remedy)
{
	enum job_state old = j->state;
	int r = queue_begin(m->q);
	if (r < 0)
		return r;
	r = queue_set_job_state(m->q, j, e, reason, remedy);
	if (r == 0 && m->hooks.ended && job_state_ended(j->state))
		r = m->hooks.ended(m->hooks.arg, j);
	r = queue_end(m->q, r);
	if (r < 0)
		j->state = old;
	return r;
}

int manager_change(struct manager *m, struct job *j, enum job_event e, const char *reason, const char *remedy)
{
	enum job_state old = j->state;
	int r = change(m, j, e, reason, remedy);
	log_event(r < 0 ? LOG_ERROR : LOG_INFO, "job-state", "job", j->id, "name", j->outname, "from",
		  job_state_to_string(old), "to", r < 0 ? NULL : job_state_to_string(j->state), "event",
		  job_event_to_string(e), "reason", reason, "error",
		  r == 0 ? NULL : r == -EPERM ? "not allowed in this state" : queue_error(m->q), NULL);
	if (r == 0 && j->state != JOB_RUNNING)
		forget_left(m, j->row);
	return r;
}

/* ---- time left */

/* Several narrow runs use the cores nearly as well as if each were alone. */
static double effective_cores(int cores) { return 1 + 0.8 * (cores - 1); }

static void forget_left(struct manager *m, long long row)
{
	for (size_t i = 0; i < m->nleft; i++)
		if (m->left[i].row == row)
			m->left[i--] = m->left[--m->nleft];
}

static void note_left(struct manager *m, long long row, double core_s)
{
	forget_left(m, row);
	m->left = xreallocarray(m->left, m->nleft + 1, sizeof(*m->left));
	m->left[m->nleft++] = (struct work_left){ row, core_s, false };
}

/* The job alone on this machine, seconds. */
static double alone_s(const struct manager *m, long long row)
{
	for (size_t i = 0; i < m->nleft; i++)
		if (m->left[i].row == row)
			return m->left[i].core_s / effective_cores(m->lab->cores);
	return 0;
}

/* Jobs share the cores alike: until this one is done each other gets as much as it does,
 * or all that it needs. */
static double seconds_left(const struct manager *m, double core_s)
{
	double all = 0;
	for (size_t i = 0; i < m->nleft; i++)
		all += MIN(m->left[i].core_s, core_s);
	return all / effective_cores(m->lab->cores);
}

static const char *preset_of(const struct job *j)
{
	return json_str(json_object_get(j->options, option_name(OPTION_PRESET)), "value", "");
}

struct waiting { const struct manager *m; double core_s; int n; };

static int add_waiting(const struct job *j, void *arg)
{
	struct waiting *x = arg;
	char name[24];
	walk_usual_kind(preset_of(j), name);
	x->core_s += cost_predict(x->m->lab->cost, name, 1, USUAL_JOB_S);
	x->n++;
	return 0;
}

#define WAITING_SEEN 200   /* those behind them are taken for the same on average */

double manager_time_left(struct manager *m)
{
	struct waiting x = { .m = m };
	int count[JOB_STATE_COUNT] = { 0 };
	double all = 0;
	if (queue_job_counts(m->q, count) < 0)
		return -1;
	queue_job_each(m->q, &(struct job_filter){ .states = 1u << JOB_QUEUED, .oldest_first = true, .limit = WAITING_SEEN },
		       add_waiting, &x);
	for (size_t i = 0; i < m->nleft; i++)
		all += m->left[i].core_s;
	if (x.n)
		all += x.core_s * count[JOB_QUEUED] / x.n;
	return all / effective_cores(m->lab->cores);
}

static bool has_warning(const struct pipeline *p, const char *code)
{
	const json_t *e;
	size_t i;
	json_array_foreach(p->warnings, i, e)
		if (str_eq(json_str(e, "code", ""), code))
			return true;
	return false;
}

#define SHOWN_RUNS 3     /* of one job, in its line of progress */

static void set_progress(struct manager *m, struct job *j, const struct pipeline *p)
{
	double running = 0;
	int shown = 0;
	_cleanup_(buf_release) struct buf detail = BUF_INIT;
	for (size_t i = 0; i < p->nneed; i++) {
		double elapsed;
		int ranks;
		if (!scheduler_elapsed(m->sched, p->need[i].key, &elapsed, &ranks))
			continue;
		/* A run that outlasts its guess is taken to need a tenth of its time more. */
		double guess = p->need[i].guess_s, spent = elapsed * cost_speedup(ranks);
		running += MIN(spent, MAX(guess - 0.1 * spent, 0.9 * guess));
		if (shown++ < SHOWN_RUNS) {
			int step;
			_cleanup_(buf_release) struct buf live = BUF_INIT;
			step_progress(m->lab, p->need[i].key, &live, &step);
			buf_addf(&detail, "%s%s%s%s", detail.len ? "; " : "", p->need[i].label, live.len ? ", " : "", live.s);
		}
	}
	double left = MAX(p->cost_left - running, 0), all = p->cost_done + p->cost_left;
	j->progress = all > 0 ? MIN((p->cost_done + running) / all, 0.99) : 0;
	note_left(m, j->row, left);
	j->eta_s = seconds_left(m, left);
	const char *without = has_warning(p, "no-crest") ? "without CREST" : NULL;
	if (detail.len && (p->summary || without))
		buf_addf(&detail, " (%s%s%s)", p->summary ? p->summary : "", p->summary && without ? "; " : "", without ? without : "");
	if (!detail.len && m->pause)
		buf_addf(&detail, "waiting for disk space: %s", m->pause);
	else if (!detail.len && p->nneed && scheduler_is_full(m->sched))
		buf_adds(&detail, "waiting for a free core");
	j->steps_done = p->stage_done;
	j->steps_total = p->stage_total;
	free(j->detail);
	j->detail = detail.len ? buf_detach(&detail) : NULL;
}

/* ---- one walk */

static struct plan *need_of(const struct pipeline *p, const char *key)
{
	for (size_t i = 0; i < p->nneed; i++)
		if (str_eq(p->need[i].key, key))
			return &p->need[i];
	return NULL;
}

/* plan: it is needed yet; NULL: it is done, or has failed. */
static int store_step(struct manager *m, const struct job *j, const struct pipeline_step *u, int ord, struct plan *plan)
{
	_cleanup_(step_release) struct step s;
	int r = plan ? step_write(m->lab, plan) : 0;
	step_init(&s);
	snprintf(s.key, sizeof(s.key), "%s", u->key);
	s.kind = xstrdup(u->kind);
	s.label = xstrdup(u->label);
	if (plan) {
		s.program = xstrdup(plan->program);
		s.version = plan->version ? xstrdup(plan->version) : NULL;
		s.est_s = plan->est_s;
	}
	if (r == 0)
		r = queue_step_need(m->q, &s, j->row, u->stage, ord);
	/* The queue calls it done, but the result is lost or damaged; or it failed for an
	 * earlier job. */
	if (r == 0 && plan)
		r = queue_step_reopen(m->q, s.key);
	if (r == 0 && u->failed)
		r = queue_step_gave_up(m->q, s.key, j->row);
	/* On disk but not in the queue (a queue restored from a backup). */
	if (r == 0 && u->done)
		scheduler_adopt(m->sched, s.key);
	return r;
}

static int store_needs(struct manager *m, const struct job *j, const struct pipeline *p)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < p->nused; i++)
		r = store_step(m, j, &p->used[i], (int)i, need_of(p, p->used[i].key));
	return r;
}

/* Has the costly part begun? What has is not held any more. */
static bool has_begun(struct manager *m, const struct pipeline *p)
{
	double elapsed;
	int ranks;
	for (size_t i = 0; i < p->nused; i++) {
		const struct pipeline_step *u = &p->used[i];
		enum nwchem_task task;
		bool costly = !u->reference && nwchem_task_from_string(u->kind, &task) == 0;
		if (costly && (u->done || scheduler_elapsed(m->sched, u->key, &elapsed, &ranks)))
			return true;
	}
	return false;
}

/* The length is known once the conformers are. */
static bool is_too_long(struct manager *m, const struct job *j, const struct pipeline *p)
{
	double limit = m->lab->conf->hold_over_h * 3600;
	bool counted = str_eq(p->stage, "screen") || str_eq(p->stage, "optimise") || str_eq(p->stage, "shield");
	return limit > 0 && counted && alone_s(m, j->row) > limit && !has_begun(m, p) && !queue_job_approved(m->q, j->row);
}

static void hold_for_length(struct manager *m, struct job *j)
{
	_cleanup_(buf_release) struct buf why = BUF_INIT;
	buf_adds(&why, "It would take about ");
	clock_words(&why, alone_s(m, j->row));
	buf_adds(&why, " on this machine, longer than the limit of ");
	clock_words(&why, m->lab->conf->hold_over_h * 3600);
	buf_addc(&why, '.');
	_cleanup_free_ char *how = xasprintf(
		"To compute it all the same put a file called \"release\" into its .running folder in the outbox (or: nmr release %s). A quicker "
		"way: cancel it and drop the molecule again with a ticket that says \"preset = draft\" or "
		"\"max_conformers = 3\".", j->id);
	manager_change(m, j, JOB_EV_HOLD, why.s, how);
}

struct unused { const struct pipeline *p; bool ended; char (*key)[SHA256_HEX_LEN]; size_t n; };

/* ended: of a job that has failed, all that has not ended. */
static int add_unused(const struct step *s, _unused_ const char *stage, void *arg)
{
	struct unused *u = arg;
	for (size_t i = 0; !u->ended && i < u->p->nused; i++)
		if (str_eq(u->p->used[i].key, s->key))
			return 0;
	if (s->state != STEP_READY && !(u->ended && s->state == STEP_RUNNING))
		return 0;
	u->key = xreallocarray(u->key, u->n + 1, sizeof(*u->key));
	memcpy(u->key[u->n++], s->key, SHA256_HEX_LEN);
	return 0;
}

static int unlink_unused(struct manager *m, const struct job *j, struct unused *u)
{
	int r = queue_step_each_of_job(m->q, j->row, add_unused, u);
	for (size_t i = 0; r == 0 && i < u->n; i++)
		r = queue_step_unlink(m->q, u->key[i], j->row);
	free(u->key);
	return r;
}

/* After an update or with other engines the keys are others: what was ready before and is
 * not wanted any more must not run. */
static int drop_unused(struct manager *m, const struct job *j, const struct pipeline *p)
{
	size_t at = 0;
	while (at < m->ninherited && m->inherited[at] != j->row)
		at++;
	if (at == m->ninherited)
		return 0;
	m->inherited[at] = m->inherited[--m->ninherited];
	return unlink_unused(m, j, &(struct unused){ .p = p });
}

/* It has failed: what it knows stays linked to it, for "retry" to begin anew; what it would
 * have needed yet is let go. */
static void let_go(struct manager *m, const struct job *j, const struct pipeline *p)
{
	int r = queue_begin(m->q);
	for (size_t i = 0; r == 0 && i < p->nused; i++)
		if (!need_of(p, p->used[i].key))
			r = store_step(m, j, &p->used[i], (int)i, NULL);
	if (r == 0)
		r = unlink_unused(m, j, &(struct unused){ .p = p, .ended = true });
	r = queue_end(m->q, r);
	if (r < 0)
		log_event(LOG_ERROR, "job-walk-failed", "job", j->id, "error", strerror(-r), NULL);
	else
		scheduler_cancel_unwanted(m->sched);
}

static void waits(struct manager *m, struct job *j, struct pipeline *p)
{
	int r = queue_begin(m->q);
	if (r == 0)
		r = store_needs(m, j, p);
	if (r == 0)
		r = drop_unused(m, j, p);
	if (r == 0 && !str_eq(j->stage, p->stage))
		r = queue_job_set_stage(m->q, j, p->stage);
	set_progress(m, j, p);
	j->warnings = p->warnings;
	if (r == 0)
		r = queue_job_set_progress(m->q, j);
	r = queue_end(m->q, r);
	if (r < 0)
		log_event(LOG_ERROR, "job-walk-failed", "job", j->id, "error", strerror(-r), NULL);
	else if (is_too_long(m, j, p))
		hold_for_length(m, j);
	m->hooks.changed(m->hooks.arg, j);
}

static void adopt(struct manager *m, struct job *j, struct pipeline *p)
{
	struct pipeline_part *part = &p->split[0];
	_cleanup_free_ char *error = part->fields ? split_merge_fields(m, &j->options, part->fields, "field of the record") : NULL;
	if (error) {
		send_failure(m, j, "An option in the record is not usable.", error,
			      "Correct the field in the file and drop it again.");
		return;
	}
	int r = queue_begin(m->q);
	if (r == 0)
		r = store_needs(m, j, p);
	free(j->input);
	j->input = xstrdup(part->input);
	if (r == 0)
		r = queue_job_set_options(m->q, j);
	r = queue_end(m->q, r);
	if (r == 0)
		manager_walk_soon(m, j->row);
	else
		log_event(LOG_ERROR, "job-walk-failed", "job", j->id, "error", strerror(-r), NULL);
}

static void rendered(struct manager *m, struct job *j, struct pipeline *p)
{
	int r = queue_begin(m->q);
	if (r == 0)
		r = store_needs(m, j, p);
	if (r == 0 && !str_eq(j->stage, "publish"))
		r = queue_job_set_stage(m->q, j, "publish");
	if (r == 0 && j->state == JOB_RUNNING)
		r = manager_change(m, j, JOB_EV_PUBLISH, NULL, NULL);
	r = queue_end(m->q, r);
	if (r < 0)
		return;
	set_inflight(m, j->row, 0);
	forget_left(m, j->row);
	char name[24];
	walk_usual_kind(preset_of(j), name);
	cost_learn(m->lab->cost, name, 1, USUAL_JOB_S, p->cost_done);
	m->hooks.publish(m->hooks.arg, j, p);
}

static void walk(struct manager *m, long long row)
{
	_cleanup_(job_release) struct job j;
	_cleanup_(pipeline_release) struct pipeline p = { 0 };
	job_init(&j);
	if (is_inflight(m, row) || split_under_way(m, row) || queue_job_by_row(m->q, row, &j) < 0 || (j.state != JOB_RUNNING && j.state != JOB_PUBLISHING))
		return;
	pipeline_walk(&p, m->lab, m->q, &j);
	switch (p.end) {
	case PIPELINE_WAITS: waits(m, &j, &p); break;
	case PIPELINE_ADOPTS: adopt(m, &j, &p); break;
	case PIPELINE_SPLITS: split_begin(m, &j, &p); break;
	case PIPELINE_RENDERED: rendered(m, &j, &p); break;
	case PIPELINE_LATER:
		log_event(LOG_ERROR, "job-walk-failed", "job", j.id, "error", strerror(-p.error), NULL);
		break;
	case PIPELINE_REFUSED:
	case PIPELINE_FAILED:
		/* It may have come here in one walk, past steps that were done for others. */
		if (p.nused && !str_eq(j.stage, p.stage))
			queue_job_set_stage(m->q, &j, p.stage);
		let_go(m, &j, &p);
		send_failure(m, &j, p.what, p.why, p.remedy);
		break;
	}
}

static void walk_dirty(struct manager *m)
{
	while (m->ndirty) {
		long long row = m->dirty[--m->ndirty];
		walk(m, row);
	}
}

/* ---- admission */

static int count_step(_unused_ const struct step *s, _unused_ const char *stage, void *arg)
{
	++*(int *)arg;
	return 0;
}

/* Enough jobs run to keep every core busy, few enough that an urgent one is not
 * behind a thousand. */
static bool is_busy(struct manager *m)
{
	int ready = 0;
	queue_step_each_waiting(m->q, STEP_READY, m->lab->cores + 1, count_step, &ready);
	return ready > m->lab->cores;
}

#define RUNNING_MOST 64

/* One of which nothing runs yet (a single molecule behind a large batch, or the other way
 * round) is let in beside what keeps the cores busy: its steps get their share. Even where
 * no room is left when its owner has nothing at all that runs, or nothing as urgent. */
static bool admit_one(struct manager *m)
{
	_cleanup_(job_release) struct job j;
	int running, of_owner, count[JOB_STATE_COUNT];
	job_init(&j);
	if (queue_job_counts(m->q, count) < 0 || count[JOB_RUNNING] >= 2 * RUNNING_MOST ||
	    queue_job_next(m->q, &j, &running, &of_owner) < 0)
		return false;
	if (count[JOB_RUNNING] >= RUNNING_MOST && of_owner > 0)
		return false;
	if (running > 0 && is_busy(m))
		return false;
	/* A refused record keeps its words for the walk. */
	_cleanup_free_ char *reason = j.input || !j.reason ? NULL : xstrdup(j.reason);
	_cleanup_free_ char *remedy = j.input || !j.remedy ? NULL : xstrdup(j.remedy);
	if (manager_change(m, &j, JOB_EV_START, reason, remedy) < 0)
		return false;
	manager_walk_soon(m, j.row);
	return true;
}

void manager_tick(struct manager *m)
{
	if (m->stopping)
		return;
	walk_dirty(m);
	if (m->pause)
		return;
	while (admit_one(m))
		walk_dirty(m);
	scheduler_tick(m->sched);
}

void manager_pause(struct manager *m, const char *why)
{
	m->pause = why;
	scheduler_pause(m->sched, why != NULL);
}

void manager_stop(struct manager *m)
{
	m->stopping = true;
	scheduler_stop(m->sched);
}

static int mark_job(const struct job *j, void *arg)
{
	manager_walk_soon(arg, j->row);
	return 0;
}

static void each_active(struct manager *m, queue_job_fn fn)
{
	unsigned active = 1u << JOB_RUNNING | 1u << JOB_PUBLISHING;
	queue_job_each(m->q, &(struct job_filter){ .states = active, .oldest_first = true }, fn, m);
}

static int inherit_job(const struct job *j, void *arg)
{
	struct manager *m = arg;
	m->inherited = xreallocarray(m->inherited, m->ninherited + 1, sizeof(*m->inherited));
	m->inherited[m->ninherited++] = j->row;
	return 0;
}

void manager_recover(struct manager *m)
{
	int n = 0;
	if (queue_job_mend_states(m->q, &n) == 0 && n > 0) {
		_cleanup_free_ char *many = xasprintf("%d", n);
		log_event(LOG_ERROR, "jobs-set-aside", "why", "their rows in the queue are damaged", "jobs", many, NULL);
	}
	scheduler_recover(m->sched);
	scheduler_sweep_scratch(m->sched);
	each_active(m, inherit_job);
	each_active(m, mark_job);
}

void manager_reconcile(struct manager *m)
{
	scheduler_reconcile(m->sched);
	m->ninflight = 0;
	manager_refresh(m);
}

/* What is not noted again in this round (it became a batch, its row is gone) is no work. */
void manager_refresh(struct manager *m)
{
	for (size_t i = 0; i < m->nleft; i++)
		m->left[i].stale = true;
	each_active(m, mark_job);
	manager_tick(m);
	for (size_t i = 0; i < m->nleft; i++)
		if (m->left[i].stale)
			m->left[i--] = m->left[--m->nleft];
}

/* ---- reports from the outbox */

void manager_published(struct manager *m, const char *id, const char *error)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (queue_job_get(m->q, id, &j) < 0 || j.state != JOB_PUBLISHING)
		return;
	if (error) {
		log_event(LOG_ERROR, "publish-failed", "job", id, "error", error, NULL);
		set_inflight(m, j.row, clock_mono() + PUBLISH_RETRY_S);
	} else {
		manager_change(m, &j, JOB_EV_FINISH, NULL, NULL);
		clear_inflight(m, j.row);
	}
	m->hooks.changed(m->hooks.arg, &j);
	manager_tick(m);
}

void manager_renamed(struct manager *m, const char *id, const char *outname)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (queue_job_get(m->q, id, &j) < 0)
		return;
	log_event(LOG_WARN, "name-taken", "job", id, "name", j.outname, "instead", outname, NULL);
	free(j.outname);
	j.outname = xstrdup(outname);
	queue_job_set_options(m->q, &j);
}

void manager_not_told(struct manager *m, const char *id)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (queue_job_get(m->q, id, &j) == 0)
		set_inflight(m, j.row, clock_mono() + PUBLISH_RETRY_S);
}

void manager_failed(struct manager *m, const char *id, const char *what, const char *why, const char *remedy)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (queue_job_get(m->q, id, &j) < 0 || job_state_ended(j.state))
		return;
	_cleanup_free_ char *reason = xasprintf("%s%s%s", what ? what : "", why && *why ? " " : "", why ? why : "");
	manager_change(m, &j, JOB_EV_FAIL, reason, remedy);
	clear_inflight(m, j.row);
	m->hooks.changed(m->hooks.arg, &j);
	manager_tick(m);
}
