/* A file of many records becomes a batch of jobs, a portion in each turn of the loop: the
 * batch's row and the first jobs come in one transaction, the rest in others, each of which
 * notes how many records are still to come. The job that read the file stays until there
 * are none. It is what cancel and hold work on, and after a restart its walk ends here
 * again and goes on where the batch's row says. Only the list of parts is kept in memory.
 * Logs the end of a split, and what hinders one; that is tried again by the next walk. */
#include "job/manager-internal.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "job/keeper.h"

#define PORTION 200
#define WAIT_S 0.05

struct splitting {
	long long row;           /* of the job that read the file */
	struct pipeline p;
	bool synced;             /* the step with the records is on disk */
	bool waits;              /* until it is */
	struct splitting *next;
};

/* Options of a record on top of the job's; a bad one refuses the record. */
char *split_merge_fields(struct manager *m, json_t **options, const json_t *fields, const char *origin)
{
	struct options o;
	const char *name;
	json_t *value;
	char *error = NULL;
	options_init(&o, m->lab->share);
	options_from_json(&o, *options);
	json_object_foreach((json_t *)fields, name, value) {
		if (!options_is_record_field(name) || !json_is_string(value))
			continue;
		if (options_set(&o, m->lab->share, name, json_string_value(value), origin, &error) < 0)
			break;
	}
	json_decref(*options);
	*options = options_to_json(&o);
	options_release(&o);
	return error;
}

static void set_part_name(struct job *c, const struct pipeline *p, const struct pipeline_part *part,
			  const struct job *parent, const struct manager *m)
{
	_cleanup_free_ char *safe = m->lab->safe_name(*part->name ? part->name : "molecule");
	c->name = xstrdup(*part->name ? part->name : safe);
	c->outname = xasprintf("%s/%d-%s", parent->outname, part->n, safe);
	if (p->isomers) {
		free(c->name);
		c->name = xasprintf("%s (%s)", parent->name, part->name);
	}
}

static int add_part(struct manager *m, const struct job *parent, const struct batch *b, const struct pipeline *p,
		    const struct pipeline_part *part)
{
	struct job c;
	job_init(&c);
	id_new(c.id);
	c.batch_row = b->row;
	c.record = part->n;
	c.state = JOB_QUEUED;
	c.stage = xstrdup("prepare");
	set_part_name(&c, p, part, parent, m);
	c.source = parent->source ? xstrdup(parent->source) : NULL;
	c.sha256 = parent->sha256 ? xstrdup(parent->sha256) : NULL;
	c.owner = parent->owner ? xstrdup(parent->owner) : NULL;
	c.options = json_deep_copy(parent->options);
	c.input = part->input ? xstrdup(part->input) : NULL;
	c.reason = part->why ? xstrdup(part->why) : NULL;
	c.remedy = part->remedy ? xstrdup(part->remedy) : NULL;
	_cleanup_free_ char *origin = xasprintf("record %d", part->n);
	char *error = part->fields ? split_merge_fields(m, &c.options, part->fields, origin) : NULL;
	if (error && !c.reason) {
		c.reason = error;
		c.remedy = xstrdup("Correct the field in the file and drop it again.");
		free(c.input);
		c.input = NULL;
	} else
		free(error);
	c.priority = (int)strtol(json_str(json_object_get(c.options, "priority"), "value", "0"), NULL, 10);
	/* A refusal needs no computing: it is told before others are started. */
	if (!c.input)
		c.priority = JOB_PRIORITY_REFUSED;
	c.created = parent->created;
	int r = queue_job_add(m->q, &c);
	/* Its record lies in the step that read the file. */
	if (r == 0 && c.input && str_has_prefix(c.input, "steps/") && strlen(c.input) > 9 + 64) {
		_cleanup_free_ char *key = xstrndup(c.input + 9, 64);
		r = queue_step_link(m->q, key, c.row, "read");
	}
	job_release(&c);
	return r;
}

/* The step whose files the parts are: all of them lie in the same one. "": none. */
static void step_of_parts(const struct pipeline *p, char ret_key[65])
{
	ret_key[0] = '\0';
	for (size_t i = 0; i < p->nsplit && !*ret_key; i++) {
		const char *input = p->split[i].input;
		if (input && str_has_prefix(input, "steps/") && strlen(input) > 9 + 64)
			snprintf(ret_key, 65, "%.64s", input + 9);
	}
}

/* The parts have no other files: the step must be on disk before they are jobs. */
static int keep_parts(struct manager *m, struct splitting *s)
{
	char key[65];
	step_of_parts(&s->p, key);
	int r = s->synced || !*key ? 0 : keeper_sync(m->lab, key, s->p.nsplit);
	s->synced = r == 0;
	return r < 0 || !*key ? r : queue_step_synced(m->q, key);
}

/* Thousands of files are synced by the keeper, for whom nobody waits but this. */
static bool is_being_kept(struct manager *m, const struct splitting *s)
{
	char key[65];
	step_of_parts(&s->p, key);
	return s->p.nsplit > PORTION && *key && queue_step_unsynced(m->q, key);
}

/* The batch's row, made with the first portion. */
static int open_batch(struct manager *m, const struct job *j, const struct pipeline *p, struct batch *b)
{
	int r = queue_batch_by_id(m->q, j->id, b);
	if (r != -ENOENT)
		return r;
	snprintf(b->id, sizeof(b->id), "%s", j->id);
	b->name = xstrdup(j->name);
	b->outname = xstrdup(j->outname);
	b->source = j->source ? xstrdup(j->source) : NULL;
	b->sha256 = j->sha256 ? xstrdup(j->sha256) : NULL;
	b->total = b->unmade = (int)p->nsplit;
	b->parent_row = j->batch_row;
	b->record = j->record;
	b->created = j->created;
	return queue_batch_add(m->q, b);
}

static int note_progress(struct manager *m, struct job *j, const struct batch *b)
{
	j->steps_done = b->total - b->unmade;
	j->steps_total = b->total;
	free(j->detail);
	j->detail = xasprintf("%d of %d molecules are in the queue", j->steps_done, b->total);
	return queue_job_set_progress(m->q, j);
}

/* The job has become the batch; its children's rows have all that was in its own. */
static int close_job(struct manager *m, const struct job *j)
{
	int r = queue_job_unlink_steps(m->q, j->row);
	return r < 0 ? r : queue_job_delete(m->q, j->row);
}

static int make_portion(struct manager *m, struct splitting *s, struct job *j, struct batch *b)
{
	int total = (int)s->p.nsplit;
	int r = keep_parts(m, s);
	if (r == 0)
		r = open_batch(m, j, &s->p, b);
	if (r < 0)
		return r;
	int first = MIN(b->total - b->unmade, total), last = MIN(first + PORTION, total);
	for (int i = first; r == 0 && i < last; i++)
		r = add_part(m, j, b, &s->p, &s->p.split[i]);
	b->total = total;
	b->unmade = total - last;
	if (r == 0)
		r = queue_batch_set_unmade(m->q, b);
	if (r == 0)
		r = b->unmade ? note_progress(m, j, b) : close_job(m, j);
	return r;
}

/* False: there is nothing more to do, or nothing can be done now. */
static bool portion(struct manager *m, struct splitting *s)
{
	_cleanup_(job_release) struct job j;
	_cleanup_(batch_release) struct batch b;
	job_init(&j);
	batch_init(&b);
	/* Held, cancelled or gone: a walk begins again when it runs again. */
	if (queue_job_by_row(m->q, s->row, &j) < 0 || j.state != JOB_RUNNING)
		return false;
	s->waits = is_being_kept(m, s);
	if (s->waits)
		return true;
	int r = queue_begin(m->q);
	if (r == 0)
		r = make_portion(m, s, &j, &b);
	r = queue_end(m->q, r);
	char n[16];
	snprintf(n, sizeof(n), "%zu", s->p.nsplit);
	if (r < 0 || !b.unmade)
		log_event(r < 0 ? LOG_ERROR : LOG_INFO, "job-split", "job", j.id, "name", j.outname, "parts", n, "error",
			  r < 0 ? queue_error(m->q) : NULL, NULL);
	if (r < 0)
		return false;
	m->hooks.split(m->hooks.arg, &b);
	if (b.unmade)
		m->hooks.changed(m->hooks.arg, &j);
	else
		m->hooks.gone(m->hooks.arg, &j);
	return b.unmade > 0;
}

static void end(struct manager *m, struct splitting *s)
{
	struct splitting **at = &m->splitting;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	pipeline_release(&s->p);
	free(s);
}

static void on_turn(void *arg);

static void arm(struct manager *m)
{
	bool waits = true;
	for (const struct splitting *s = m->splitting; s; s = s->next)
		waits = waits && s->waits;
	if (m->splitting && !m->split_turn)
		m->split_turn = loop_after(m->loop, waits ? WAIT_S : 0, on_turn, m);
}

static void on_turn(void *arg)
{
	struct manager *m = arg;
	m->split_turn = NULL;
	if (m->stopping)
		return;
	for (struct splitting *s = m->splitting, *next; s; s = next) {
		next = s->next;
		if (!portion(m, s))
			end(m, s);
	}
	arm(m);
	manager_tick(m);
}

bool split_under_way(const struct manager *m, long long row)
{
	for (const struct splitting *s = m->splitting; s; s = s->next)
		if (s->row == row)
			return true;
	return false;
}

void split_begin(struct manager *m, const struct job *j, struct pipeline *p)
{
	struct splitting *s = xcalloc(1, sizeof(*s));
	*s = (struct splitting){ .row = j->row, .p = *p, .next = m->splitting };
	*p = (struct pipeline){ 0 };
	m->splitting = s;
	if (!portion(m, s))
		end(m, s);
	arm(m);
}

void split_end_all(struct manager *m)
{
	while (m->splitting)
		end(m, m->splitting);
	loop_remove(m->loop, m->split_turn);
	m->split_turn = NULL;
}
