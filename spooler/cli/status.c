/* nmr status: the queue at a glance. Unfinished jobs first, as they will run, then
 * the latest that ended. Reads the queue only. */
#include "base/clock.h"
#include "cli/cli.h"
#include "client/spooler.h"
#include "client/job-json.h"
#include "cli/view.h"

#define ENDED_SHOWN 10
#define UNFINISHED_SHOWN 200

struct listing { struct cli *c; struct buf text; json_t *jobs; double now; int n; };

static int add_job(const struct job *j, void *arg)
{
	struct listing *l = arg;
	if (l->n++ == 0)
		view_table_head(&l->c->out, &l->text);
	if (l->jobs)
		json_array_append_new(l->jobs, job_json(l->c->conf, j));
	else
		view_table_row(&l->c->out, &l->text, j, l->now);
	return 0;
}

static int list_jobs(struct listing *l, struct queue *q)
{
	const struct args *a = &l->c->args;
	unsigned moving = 1u << JOB_RUNNING | 1u << JOB_PUBLISHING, waiting = 1u << JOB_QUEUED | 1u << JOB_HELD;
	unsigned ended = 1u << JOB_DONE | 1u << JOB_FAILED | 1u << JOB_CANCELLED;
	struct job_filter f = { .text = a->noperands ? a->operand[0] : NULL };
	int r = 0;
	if (a->all || a->limit) {
		f.limit = a->limit;
		return queue_job_each(q, &f, add_job, l);
	}
	f.states = moving;
	f.oldest_first = true;
	r = queue_job_each(q, &f, add_job, l);
	f.states = waiting;
	f.limit = UNFINISHED_SHOWN;
	if (r == 0)
		r = queue_job_each(q, &f, add_job, l);
	f.states = ended;
	f.oldest_first = false;
	f.limit = ENDED_SHOWN;
	return r < 0 ? r : queue_job_each(q, &f, add_job, l);
}

static void add_headline(struct buf *b, const struct cli *c, const struct spooler *s, const int count[JOB_STATE_COUNT])
{
	_cleanup_(buf_release) struct buf words = BUF_INIT;
	view_counts(&words, count);
	if (s->running)
		buf_addf(b, "nmr-spooler %s is running", s->version ? s->version : "");
	else
		term_style(&c->out, b, TERM_YELLOW, "nmr-spooler is not running");
	buf_addf(b, ": %s\n", words.len ? words.s : "nothing in the queue");
}

static json_t *spooler_json(const struct spooler *s)
{
	json_t *j = json_object();
	json_object_set_new(j, "running", json_boolean(s->running));
	json_object_set_new(j, "version", s->version ? json_text(s->version) : json_null());
	json_object_set_new(j, "pid", s->pid ? json_integer(s->pid) : json_null());
	json_object_set_new(j, "heartbeat", time_json(s->beat));
	return j;
}

static void put_json(struct listing *l, const struct spooler *s, const int count[JOB_STATE_COUNT])
{
	json_t *j = json_object();
	json_object_set_new(j, "data", json_text(l->c->conf->data));
	json_object_set_new(j, "spooler", spooler_json(s));
	json_object_set_new(j, "counts", counts_json(count));
	json_object_set_new(j, "jobs", l->jobs);
	cli_put_json(j, true);
}

int cmd_status(struct cli *c)
{
	struct queue *q;
	int count[JOB_STATE_COUNT];
	struct spooler s;
	int e = cli_open_queue(c->conf, &q);
	if (e != CLI_OK)
		return e;
	struct listing l = { .c = c, .text = BUF_INIT, .jobs = c->args.json ? json_array() : NULL, .now = clock_wall() };
	_cleanup_(buf_release) struct buf head = BUF_INIT;
	int r = queue_job_counts(q, count);
	if (r == 0)
		r = list_jobs(&l, q);
	spooler_look(q, &s);
	if (r < 0) {
		cli_error("the queue cannot be read: %s", queue_error(q));
		json_decref(l.jobs);
	} else if (c->args.json)
		put_json(&l, &s, count);
	else {
		add_headline(&head, c, &s, count);
		if (l.n)
			buf_addc(&head, '\n');
		cli_put(&head);
		cli_put(&l.text);
	}
	buf_release(&l.text);
	spooler_release(&s);
	queue_close(q);
	return r < 0 ? CLI_NOT_FOUND : CLI_OK;
}
