/* Cores and memory are handed to ready steps, best first (priority, fair share,
 * age). Narrow runs side by side when there are several, a wide one when there
 * is one: two 1-rank NWChem runs use the machine better than one 2-rank run.
 * Ranks times threads never exceed the cores; memory is reserved as estimated. Logs
 * starts and ends of steps. */
#include "job/scheduler.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "job/keeper.h"

#define ATTEMPTS_MAX 4
#define CRASHES_MAX 2
#define MEMORY_SLACK ((uint64_t)1 << 30)
/* Reading and reporting take a moment and wait for no core: a file that is broken should
 * not be told of when the engines have one to spare, in an hour. One at a time runs beside
 * them. */
#define HELPERS 1
#define PATIENCE_S 300.0 /* how long smaller runs go past one that does not fit */
#define BACKOFF_S 5.0
#define GATHER_S 0.03    /* how long a run that was over at once waits for others */
#define SURVIVOR_S 60.0  /* a run that could not be ended is looked at again */
#define SAME_END_S 2.0   /* a service manager ends all processes at once, in any order */

struct slot {
	struct scheduler *s;
	char key[SHA256_HEX_LEN];
	char *kind, *label;
	struct execution *run;   /* NULL: it is over, rec is its record */
	struct run_record rec;
	struct loop_source *source;
	struct step_grant grant;
	double since, base_s, guess_s; /* base: by the starting model */
	unsigned flushes;        /* of the queue, when it was started */
	bool unwanted;
	struct slot *next;
};

struct backoff { char key[SHA256_HEX_LEN]; double since, until; struct backoff *next; };

/* A run of the last spooler that could not be ended, or not be asked after: it keeps its
 * cores and its memory, and its row, until it is gone. */
struct survivor { char key[SHA256_HEX_LEN]; int ranks; uint64_t memory; struct survivor *next; };

struct scheduler {
	const struct lab *lab;
	struct queue *q;
	struct loop *loop;
	void (*ended)(void *arg, const char *key);
	void *arg;
	struct slot *slot;
	struct backoff *backoff;
	struct survivor *survivor;
	struct loop_source *wake, *gather;
	struct keeper *keeper;
	char large[SHA256_HEX_LEN];  /* a ready step that does not fit beside what runs; "" */
	double large_since;
	bool stopping, paused;
	bool behind;             /* a row could not be written: some may say "running" wrongly */
};

struct scheduler *scheduler_new(const struct lab *lab, struct queue *q, struct loop *loop,
				void (*ended)(void *arg, const char *key), void *arg)
{
	struct scheduler *s = xcalloc(1, sizeof(*s));
	*s = (struct scheduler){ .lab = lab, .q = q, .loop = loop, .ended = ended, .arg = arg,
				  .keeper = keeper_new(lab, q, loop) };
	return s;
}

static void free_slot(struct slot *t)
{
	free(t->kind);
	free(t->label);
	free(t);
}

void scheduler_free(struct scheduler *s)
{
	if (!s)
		return;
	while (s->slot) {
		struct slot *t = s->slot;
		struct run_record rec;
		s->slot = t->next;
		/* One that is over leaves its exit record, which the next start reads. */
		if (t->run) {
			executor_cancel(t->run);
			executor_reap(t->run, &rec);
		}
		free_slot(t);
	}
	loop_remove(s->loop, s->gather);
	while (s->backoff) {
		struct backoff *b = s->backoff;
		s->backoff = b->next;
		free(b);
	}
	while (s->survivor) {
		struct survivor *v = s->survivor;
		s->survivor = v->next;
		free(v);
	}
	keeper_free(s->keeper);
	free(s);
}

int scheduler_running(const struct scheduler *s)
{
	int n = 0;
	for (const struct slot *t = s->slot; t; t = t->next)
		n++;
	return n;
}

static int free_cores(const struct scheduler *s)
{
	int n = s->lab->cores;
	for (const struct slot *t = s->slot; t; t = t->next)
		n -= t->run ? t->grant.ranks : 0;
	for (const struct survivor *v = s->survivor; v; v = v->next)
		n -= v->ranks;
	return n;
}

bool scheduler_is_full(const struct scheduler *s) { return free_cores(s) <= 0; }

static const struct slot *find_slot(const struct scheduler *s, const char *key)
{
	for (const struct slot *t = s->slot; t; t = t->next)
		if (str_eq(t->key, key))
			return t;
	return NULL;
}

static bool survives(const struct scheduler *s, const char *key)
{
	for (const struct survivor *v = s->survivor; v; v = v->next)
		if (str_eq(v->key, key))
			return true;
	return false;
}

static bool is_under_way(const struct scheduler *s, const char *key) { return find_slot(s, key) || survives(s, key); }

bool scheduler_elapsed(const struct scheduler *s, const char *key, double *ret_s, int *ret_ranks)
{
	const struct slot *t = find_slot(s, key);
	if (!t)
		return false;
	*ret_s = clock_awake() - t->since;
	*ret_ranks = t->grant.ranks;
	return true;
}

/* ---- back-off */

bool scheduler_backing_off(const struct scheduler *s) { return s->backoff != NULL; }

static void wake(void *arg)
{
	struct scheduler *s = arg;
	double now = clock_mono();
	struct backoff **p = &s->backoff;
	s->wake = NULL;
	while (*p) {
		struct backoff *b = *p;
		if (b->until <= now) {
			*p = b->next;
			free(b);
		} else
			p = &b->next;
	}
	scheduler_tick(s);
}

static void back_off(struct scheduler *s, const char *key, double seconds)
{
	struct backoff *b = xcalloc(1, sizeof(*b));
	snprintf(b->key, sizeof(b->key), "%s", key);
	b->since = clock_mono();
	b->until = b->since + seconds;
	b->next = s->backoff;
	s->backoff = b;
}

static void arm_wake(struct scheduler *s)
{
	double first = -1;
	for (const struct backoff *b = s->backoff; b; b = b->next)
		first = first < 0 || b->until < first ? b->until : first;
	loop_remove(s->loop, s->wake);
	s->wake = first < 0 ? NULL : loop_after(s->loop, MAX(0.01, first - clock_mono() + 0.01), wake, s);
}

static bool waits_out(const struct scheduler *s, const char *key)
{
	for (const struct backoff *b = s->backoff; b; b = b->next)
		if (str_eq(b->key, key))
			return true;
	return false;
}

/* ---- rows */

static int end_transaction(struct scheduler *s, int r)
{
	r = queue_end(s->q, r);
	if (r < 0) {
		s->behind = true;
		log_event(LOG_ERROR, "queue-not-written", "error", queue_error(s->q), NULL);
	}
	return r;
}

struct ready { struct step *step; size_t n; };

static int copy_ready(const struct step *st, _unused_ const char *stage, void *arg)
{
	struct ready *r = arg;
	r->step = xreallocarray(r->step, r->n + 1, sizeof(*r->step));
	struct step *c = &r->step[r->n++];
	*c = *st;
	char **own[] = { &c->kind, &c->label, &c->program, &c->version, &c->cause, &c->detail };
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		*own[i] = *own[i] ? xstrdup(*own[i]) : NULL;
	return 0;
}

static void ready_release(struct ready *r)
{
	for (size_t i = 0; i < r->n; i++)
		step_release(&r->step[i]);
	free(r->step);
}

/* Steps that the queue takes for running and nobody runs. */
static void catch_up(struct scheduler *s)
{
	struct ready left = { 0 };
	s->behind = false;
	int r = queue_step_each(s->q, STEP_RUNNING, copy_ready, &left);
	if (r == 0)
		r = queue_begin(s->q);
	for (size_t i = 0; r == 0 && i < left.n; i++)
		if (!is_under_way(s, left.step[i].key))
			r = queue_step_reset(s->q, left.step[i].key);
	end_transaction(s, r);
	ready_release(&left);
}

/* ---- the end of a run */

static void log_end(const struct slot *t, const struct run_record *rec, const struct step_end *e)
{
	char wall[32], guess[32], most[32];
	snprintf(wall, sizeof(wall), "%.2f", rec->wall_s);
	snprintf(guess, sizeof(guess), "%.2f", t->guess_s);
	snprintf(most, sizeof(most), "%.0f", (double)rec->max_rss / (1 << 20));
	static const char *const verdicts[] = { "ok", "retry", "fail" };
	log_event(e->verdict == VERDICT_OK ? LOG_INFO : LOG_WARN, "step-end", "step", t->key, "label", t->label,
		  "verdict", verdicts[e->verdict], "cause",
		  e->verdict == VERDICT_OK ? NULL : cause_to_string(e->cause), "detail", e->detail, "wall_s", wall,
		  "predicted_s", guess, "memory_mb", most, NULL);
}

static uint64_t whole_memory(const struct scheduler *s)
{
	const struct conf *c = s->lab->conf;
	return c->step_memory_mb ? (uint64_t)c->step_memory_mb << 20 : s->lab->memory;
}

/* The model is one fact of the queue; what is lost of it with a crash is learned anew. */
static void learn(struct scheduler *s, const struct slot *t, double wall_s)
{
	if (!cost_learn(s->lab->cost, t->kind, t->grant.ranks, t->base_s, wall_s))
		return;
	_cleanup_json_ json_t *j = cost_to_json(s->lab->cost);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_add_to(&b, j, false);
	queue_fact_set(s->q, COST_FACT, b.s);
}

/* The row after a run that gave no result: again later, or failed. */
static void settle_row(struct scheduler *s, const struct slot *t, const struct run_record *rec,
		       const struct step_end *e)
{
	_cleanup_(step_release) struct step row;
	step_init(&row);
	bool ours = s->stopping || t->unwanted;
	/* What the row says nobody knows when it cannot be read: then not failed. */
	bool known = queue_step_get(s->q, t->key, &row) == 0;
	/* A full disk is nobody's fault: it is waited for. */
	bool bounded = e->cause != CAUSE_DISK_FULL;
	/* It needed more than was thought: once more, alone and with all memory. */
	uint64_t all = MIN(whole_memory(s), s->lab->memory);
	bool less = t->grant.limit < all || (t->grant.memory && t->grant.memory < all);
	bool squeezed = e->cause == CAUSE_MEMORY && less && (!known || row.attempts < ATTEMPTS_MAX);
	int most = e->crashed ? CRASHES_MAX : ATTEMPTS_MAX;
	bool again = ours || squeezed || (e->verdict == VERDICT_RETRY && (!known || !bounded || row.attempts < most));
	const char *cause = cause_to_string(e->cause);
	int r = queue_begin(s->q);
	if (r == 0)
		r = queue_step_finish(s->q, t->key, e->verdict == VERDICT_OK ? STEP_DONE : STEP_FAILED,
				      e->verdict == VERDICT_OK ? NULL : cause, e->detail, rec->wall_s, rec->cpu_s);
	if (r == 0 && e->verdict != VERDICT_OK && again)
		r = queue_step_reset(s->q, t->key);
	if (r == 0 && e->verdict != VERDICT_OK && ours)
		r = queue_step_uncount(s->q, t->key);
	end_transaction(s, r);
	if (e->verdict == VERDICT_OK)
		keeper_add(s->keeper, t->key);
	if (e->verdict == VERDICT_OK && known && row.attempts == 1)
		learn(s, t, rec->wall_s);
	if (e->verdict != VERDICT_OK && again && !ours)
		back_off(s, t->key, BACKOFF_S * (1 << MIN(row.attempts, 6)));
}

static void unlink_slot(struct scheduler *s, struct slot *t)
{
	struct slot **p = &s->slot;
	while (*p != t)
		p = &(*p)->next;
	*p = t->next;
}

static void finish(struct scheduler *s, struct slot *t)
{
	struct step_end e;
	char key[SHA256_HEX_LEN];
	memcpy(key, t->key, sizeof(key));
	step_collect(s->lab, t->key, &t->rec, &e);
	log_end(t, &t->rec, &e);
	settle_row(s, t, &t->rec, &e);
	unlink_slot(s, t);
	free_slot(t);
	step_end_release(&e);
	arm_wake(s);
	s->ended(s->arg, key);
}

static struct slot *first_over(const struct scheduler *s)
{
	struct slot *t = s->slot;
	while (t && t->run)
		t = t->next;
	return t;
}

static void on_gathered(void *arg)
{
	struct scheduler *s = arg;
	s->gather = NULL;
	for (const struct slot *t = s->slot; t; t = t->next)
		if (!t->run && t->flushes == queue_flushes(s->q))
			queue_flush(s->q);
	for (struct slot *t; (t = first_over(s));)
		finish(s, t);
}

/* A finished folder that no row knows would be believed after a power cut: its row must
 * be durable first. For all but the shortest runs it is; those wait some moments, so that
 * many share a sync, while their cores go to the next. */
static void on_run_end(void *arg)
{
	struct slot *t = arg;
	struct scheduler *s = t->s;
	loop_remove(s->loop, t->source);
	executor_reap(t->run, &t->rec);
	t->run = NULL;
	if (t->flushes != queue_flushes(s->q)) {
		finish(s, t);
		return;
	}
	if (!s->gather)
		s->gather = loop_after(s->loop, GATHER_S, on_gathered, s);
	scheduler_tick(s);
}

/* ---- starting */

/* Runs that can use several cores. */
static bool is_wide(const char *kind)
{
	enum nwchem_task task;
	return str_eq(kind, "crest") || nwchem_task_from_string(kind, &task) == 0;
}

struct chosen { const struct step *step; struct step_grant grant; int error; };

struct round {
	struct scheduler *s;
	int free_cores, wide;        /* wide steps that have not had their turn yet */
	uint64_t free_memory;
	int helpers;                 /* that may yet run beside the cores */
	bool closed;                 /* one that does not fit has waited long enough */
	struct chosen *chosen;
	size_t nchosen;
};

/* The free cores are dealt out to the wide steps; those that do not divide go to the first. */
static int ranks_for(const struct round *r, const struct step *st)
{
	int waiting = MAX(1, r->wide), most = r->s->lab->conf->nwchem_nproc;
	int fair = is_wide(st->kind) ? MAX(1, (r->free_cores + waiting - 1) / waiting) : 1;
	return most > 0 ? MIN(fair, most) : fair;
}

static bool shares_cores(const struct scheduler *s, const struct step *st)
{
	return is_wide(st->kind) && !is_under_way(s, st->key) && !waits_out(s, st->key);
}

/* A plan that is gone or cut short (the machine stopped while it was written) is
 * thrown away: the next walk writes it anew, if it is needed yet. */
static bool discard_damaged_plan(struct scheduler *s, const struct step *st, int err)
{
	if ((err != -ENOENT && err != -EBADMSG) || step_has_plan(s->lab, st->key))
		return false;
	_cleanup_free_ char *dir = step_run_dir(s->lab, st->key);
	log_event(LOG_WARN, "step-plan-damaged", "step", st->key, "label", st->label, NULL);
	file_rm_rf(dir);
	queue_step_shelve(s->q, st->key);
	return true;
}

static void start_failed(struct scheduler *s, const struct step *st, int err)
{
	if (discard_damaged_plan(s, st, err))
		return;
	_cleanup_free_ char *detail = xasprintf("the step could not be started: %s", strerror(-err));
	log_event(LOG_ERROR, "step-start-failed", "step", st->key, "label", st->label, "error", strerror(-err), NULL);
	bool again = err == -ENOSPC || st->attempts < ATTEMPTS_MAX;
	int r = queue_begin(s->q);
	if (r == 0)
		r = queue_step_finish(s->q, st->key, STEP_FAILED,
				      cause_to_string(err == -ENOSPC ? CAUSE_DISK_FULL : CAUSE_OTHER), detail, 0, 0);
	if (r == 0 && again)
		r = queue_step_reset(s->q, st->key);
	end_transaction(s, r);
	if (again)
		back_off(s, st->key, BACKOFF_S * (1 << MIN(st->attempts, 6)));
	else
		s->ended(s->arg, st->key);
}

static void watch(struct scheduler *s, const struct step *st, const struct step_grant *grant, struct execution *run)
{
	struct slot *t = xcalloc(1, sizeof(*t));
	*t = (struct slot){ .s = s, .kind = xstrdup(st->kind), .label = xstrdup(st->label), .run = run,
			    .grant = *grant, .since = clock_awake(), .base_s = st->est_s,
			    .guess_s = cost_predict(s->lab->cost, st->kind, grant->ranks, st->est_s),
			    .flushes = queue_flushes(s->q), .next = s->slot };
	snprintf(t->key, sizeof(t->key), "%s", st->key);
	s->slot = t;
	t->source = loop_add(s->loop, executor_fd(run), on_run_end, t);
}

static int start_step(struct scheduler *s, const struct step *st, const struct step_grant *grant)
{
	struct execution *run;
	int e = step_start(s->lab, st->key, grant, &run);
	if (e < 0)
		return e;
	watch(s, st, grant, run);
	char n[16], mb[24];
	snprintf(n, sizeof(n), "%d", grant->ranks);
	snprintf(mb, sizeof(mb), "%llu", (unsigned long long)(grant->memory >> 20));
	log_event(LOG_INFO, "step-start", "step", st->key, "label", st->label, "ranks", n, "memory_mb", mb, NULL);
	return 0;
}

/* What a run may use. Twice the estimate is no lie yet; what goes on beyond it would take
 * the memory of others, and is ended alone. */
static struct step_grant grant_for(const struct round *r, const struct step *st)
{
	enum cause before = st->attempts > 0 && st->cause ? cause_from_string(st->cause) : CAUSE_NONE;
	/* Ended by accident, it starts the same way again, so that the result is the same. */
	struct step_grant g = { .ranks = ranks_for(r, st), .again = before == CAUSE_OTHER };
	uint64_t all = whole_memory(r->s);
	bool squeezed = before == CAUSE_MEMORY;
	/* Each rank wants its own: fewer of them may fit now. */
	if (squeezed)
		g.ranks = MAX(1, g.ranks >> st->attempts);
	g.memory = step_memory_within(r->s->lab, st->key, &g.ranks, r->free_memory);
	if (squeezed)
		g.memory = MAX(g.memory, MIN(all, r->s->lab->memory));
	g.limit = squeezed || r->s->lab->conf->step_memory_mb ? all : MIN(all, MAX(2 * g.memory, g.memory + MEMORY_SLACK));
	return g;
}

/* A run that does not fit waits while smaller ones go past it, but not for ever: then
 * nothing else starts before it. One at a time; it stays that one until it starts. */
static void note_large(struct scheduler *s, const struct step *st)
{
	if (*s->large)
		return;
	snprintf(s->large, sizeof(s->large), "%s", st->key);
	s->large_since = clock_mono();
}

static bool is_large(const struct scheduler *s, const struct step *st) { return *s->large && str_eq(s->large, st->key); }

/* Chooses a step that fits: its row says "running" before there is a process, so
 * that after a crash every process has a row that tells of it. */
static int choose(struct round *r, const struct step *st, const struct step_grant *g)
{
	r->chosen = xreallocarray(r->chosen, r->nchosen + 1, sizeof(*r->chosen));
	r->chosen[r->nchosen++] = (struct chosen){ st, *g, 0 };
	r->free_cores -= g->ranks;
	r->free_memory -= MIN(g->memory, r->free_memory);
	return queue_step_start(r->s->q, st->key, g->ranks);
}

static int consider(struct round *r, const struct step *st)
{
	if (waits_out(r->s, st->key) || is_under_way(r->s, st->key) || (r->closed && !is_large(r->s, st)))
		return 0;
	struct step_grant g = grant_for(r, st);
	/* A run larger than the machine still gets its try, alone. */
	if (g.memory > r->free_memory && (r->nchosen || r->s->survivor || scheduler_running(r->s) > 0)) {
		note_large(r->s, st);
		return 0;
	}
	if (is_large(r->s, st))
		*r->s->large = '\0';
	return choose(r, st, &g);
}

/* Beside busy cores and full memory. */
static int consider_helper(struct round *r, const struct step *st)
{
	if (r->helpers <= 0 || waits_out(r->s, st->key) || is_under_way(r->s, st->key))
		return 0;
	struct step_grant g = grant_for(r, st);
	g.ranks = 0;
	g.memory = 0;
	r->helpers--;
	return choose(r, st, &g);
}

static void start_chosen(struct round *r)
{
	for (size_t i = 0; i < r->nchosen; i++) {
		struct chosen *c = &r->chosen[i];
		c->error = start_step(r->s, c->step, &c->grant);
	}
	/* Last: it may lead to the next round. */
	for (size_t i = 0; i < r->nchosen; i++)
		if (r->chosen[i].error < 0)
			start_failed(r->s, r->chosen[i].step, r->chosen[i].error);
}

/* ---- runs of the last spooler */

/* A start that the end of the last spooler broke off is no attempt: it failed of nothing.
 * What ended by itself before that is one. */
static int take_back(struct scheduler *s, const struct step *st, const char *dir)
{
	struct run_record rec;
	bool failed = run_record_read(dir, &rec) == 0 && run_failed_by_itself(&rec);
	int r = queue_step_reset(s->q, st->key);
	/* A row that says "ready" does not know of the start. */
	return r == 0 && !failed && st->state == STEP_RUNNING ? queue_step_uncount(s->q, st->key) : r;
}

static int note_survivor(struct scheduler *s, const struct step *st)
{
	if (!survives(s, st->key)) {
		struct survivor *v = xcalloc(1, sizeof(*v));
		*v = (struct survivor){ .ranks = MAX(st->ranks, 1), .next = s->survivor };
		v->memory = step_memory(s->lab, st->key, v->ranks);
		snprintf(v->key, sizeof(v->key), "%s", st->key);
		s->survivor = v;
	}
	back_off(s, st->key, SURVIVOR_S);
	return st->state == STEP_RUNNING ? 0 : queue_step_start(s->q, st->key, MAX(st->ranks, 1));
}

static void forget_survivor(struct scheduler *s, const char *key)
{
	for (struct survivor **p = &s->survivor; *p; p = &(*p)->next)
		if (str_eq((*p)->key, key)) {
			struct survivor *v = *p;
			*p = v->next;
			free(v);
			return;
		}
}

/* It goes on, is gone, or can still not be ended. */
static int recover_step(struct scheduler *s, const struct step *st, double wait_s)
{
	_cleanup_free_ char *dir = step_run_dir(s->lab, st->key);
	struct execution *run;
	int r = executor_adopt(s->lab->executor, dir, wait_s, &run);
	log_event(r == -EBUSY ? LOG_WARN : LOG_INFO, "step-recovered", "step", st->key, "label", st->label, "error",
		  r == -EBUSY ? "a process of the last run could not be ended; its step waits until it is gone" : NULL, NULL);
	if (r == -EBUSY)
		return note_survivor(s, st);
	forget_survivor(s, st->key);
	if (r < 0)
		return take_back(s, st, dir);
	watch(s, st, &(struct step_grant){ .ranks = MAX(st->ranks, 1), .limit = whole_memory(s),
					   .memory = step_memory(s->lab, st->key, MAX(st->ranks, 1)) }, run);
	return 0;
}

/* Those whose time to be looked at again has come. */
static void look_at_survivors(struct scheduler *s)
{
	struct survivor *next;
	for (struct survivor *v = s->survivor; v; v = next) {
		_cleanup_(step_release) struct step st;
		next = v->next;
		if (waits_out(s, v->key))
			continue;
		step_init(&st);
		if (queue_step_get(s->q, v->key, &st) < 0) {
			back_off(s, v->key, SURVIVOR_S);
			continue;
		}
		int r = queue_begin(s->q);
		if (r == 0)
			r = recover_step(s, &st, 0.5);
		end_transaction(s, r);
	}
}

/* ---- */

void scheduler_tick(struct scheduler *s)
{
	struct round r = { .s = s, .helpers = HELPERS, .free_memory = s->lab->memory };
	if (s->stopping || s->paused)
		return;
	if (s->behind)
		catch_up(s);
	look_at_survivors(s);
	r.free_cores = free_cores(s);
	for (const struct survivor *v = s->survivor; v; v = v->next)
		r.free_memory -= MIN(v->memory, r.free_memory);
	for (const struct slot *t = s->slot; t; t = t->next) {
		if (!t->run)
			continue;
		r.helpers -= t->grant.ranks == 0;
		r.free_memory -= MIN(t->grant.memory, r.free_memory);
	}
	if (r.free_cores <= 0 && r.helpers <= 0)
		return;
	/* Copied first: starting writes to the table that the listing reads. */
	struct ready ready = { 0 }, brief = { 0 };
	queue_step_each_waiting(s->q, STEP_READY, 8 * s->lab->cores + 8, copy_ready, &ready);
	for (size_t i = 0; i < ready.n; i++)
		r.wide += shares_cores(s, &ready.step[i]);
	int e = queue_begin(s->q);
	/* Cancelled, or not wanted any more. */
	bool there = false;
	for (size_t i = 0; i < ready.n; i++)
		there = there || is_large(s, &ready.step[i]);
	if (!there)
		*s->large = '\0';
	r.closed = *s->large && clock_mono() - s->large_since > PATIENCE_S;
	for (size_t i = 0; e == 0 && i < ready.n && r.free_cores > 0; i++) {
		e = consider(&r, &ready.step[i]);
		r.wide -= shares_cores(s, &ready.step[i]);
	}
	/* Those that are chosen by now are not ready any more. Some may wait out a back-off. */
	if (e == 0 && r.helpers > 0)
		queue_step_each_brief(s->q, HELPERS + 3, copy_ready, &brief);
	for (size_t i = 0; e == 0 && i < brief.n; i++)
		e = consider_helper(&r, &brief.step[i]);
	if (end_transaction(s, e) == 0)
		start_chosen(&r);
	free(r.chosen);
	ready_release(&ready);
	ready_release(&brief);
	arm_wake(s);
}

/* ---- ending */

void scheduler_pause(struct scheduler *s, bool paused) { s->paused = paused; }

/* Whoever ends the spooler may have ended its runs some moments before. */
static void uncount_last_moments(struct scheduler *s)
{
	int r = queue_begin(s->q);
	for (const struct backoff *b = s->backoff; r == 0 && b; b = b->next)
		if (clock_mono() - b->since < SAME_END_S)
			r = queue_step_uncount(s->q, b->key);
	end_transaction(s, r);
}

void scheduler_stop(struct scheduler *s)
{
	if (!s->stopping)
		uncount_last_moments(s);
	s->stopping = true;
	for (struct slot *t = s->slot; t; t = t->next)
		if (t->run)
			executor_cancel(t->run);
}

static int wanted(_unused_ long long row, void *arg)
{
	*(bool *)arg = true;
	return 1;
}

void scheduler_cancel_unwanted(struct scheduler *s)
{
	for (struct slot *t = s->slot; t; t = t->next) {
		bool any = false;
		queue_step_each_job(s->q, t->key, wanted, &any);
		if (!any && !t->unwanted && t->run) {
			t->unwanted = true;
			log_event(LOG_INFO, "step-cancel", "step", t->key, "label", t->label, NULL);
			executor_cancel(t->run);
		}
	}
}

void scheduler_adopt(struct scheduler *s, const char *key)
{
	if (queue_step_adopt(s->q, key) > 0)
		keeper_add(s->keeper, key);
}

void scheduler_reconcile(struct scheduler *s) { s->behind = true; }


struct left { struct ready ready; const struct lab *lab; };

/* A start whose row was not flushed when the spooler ended: the row says ready, the run
 * may still be there. */
static int keep_started(const struct step *st, const char *stage, void *arg)
{
	struct left *x = arg;
	_cleanup_free_ char *dir = step_run_dir(x->lab, st->key);
	_cleanup_free_ char *begun = xasprintf("%s/run.json", dir);
	_cleanup_free_ char *ended = xasprintf("%s/exit.json", dir);
	return file_exists(begun) && !file_exists(ended) ? copy_ready(st, stage, &x->ready) : 0;
}

void scheduler_recover(struct scheduler *s)
{
	struct left left = { .lab = s->lab };
	keeper_recover(s->lab, s->q);
	keeper_resume(s->keeper);
	int e = queue_step_each(s->q, STEP_RUNNING, copy_ready, &left.ready);
	if (e == 0)
		e = queue_step_each(s->q, STEP_READY, keep_started, &left);
	if (e == 0)
		e = queue_begin(s->q);
	/* Each is looked after, whatever becomes of the rows. */
	for (size_t i = 0; i < left.ready.n; i++) {
		int r = recover_step(s, &left.ready.step[i], 20);
		e = e < 0 ? e : r;
	}
	end_transaction(s, e);
	arm_wake(s);
	ready_release(&left.ready);
}

/* Nothing runs yet: what lies in scratch was left by runs that were killed. Only
 * folders named like steps are taken, whatever else the disk is used for. */
void scheduler_sweep_scratch(struct scheduler *s)
{
	_cleanup_closedir_ DIR *dir = opendir(s->lab->conf->scratch);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (!step_key_valid(e->d_name) || find_slot(s, e->d_name))
			continue;
		_cleanup_free_ char *path = step_scratch_dir(s->lab, e->d_name);
		file_rm_rf(path);
	}
}
