/* nmr show: everything about one job or batch, with the predicted shifts when it
 * is done. Reads the queue and the outbox only. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "client/job-json.h"
#include "client/door.h"
#include "cli/result.h"
#include "cli/view.h"

static void add_field(const struct cli *c, struct buf *b, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	_cleanup_free_ char *label = xasprintf("%-12s", name);
	term_style(&c->out, b, TERM_DIM, label);
	term_cut(&c->out, b, value, 2000);
	buf_addc(b, '\n');
}

static void add_time(const struct cli *c, struct buf *b, const char *name, double wall)
{
	char text[CLOCK_ISO_LEN];
	if (wall > 0) {
		clock_local(wall, text);
		add_field(c, b, name, text);
	}
}

static void add_state(const struct cli *c, struct buf *b, const struct job *j)
{
	_cleanup_(buf_release) struct buf words = BUF_INIT;
	double left = view_left(j, clock_wall());
	buf_adds(&words, job_state_to_string(j->state));
	if (j->state == JOB_RUNNING)
		buf_addf(&words, ", %d %%", (int)(j->progress * 100));
	if (j->state != JOB_FAILED && j->state != JOB_CANCELLED && j->state != JOB_HELD) {
		buf_adds(&words, ", ");
		view_detail(&words, j);
	}
	if (left >= 0) {
		buf_adds(&words, ", about ");
		clock_words(&words, left);
		buf_adds(&words, " left");
	}
	add_field(c, b, "state", words.s);
}

static void add_options(const struct cli *c, struct buf *b, const json_t *options)
{
	const char *name, *label = "options";
	json_t *o;
	json_object_foreach((json_t *)options, name, o) {
		const char *value = json_str(o, "value", ""), *origin = json_str(o, "origin", "default");
		/* Defaults are in the manual; what somebody chose is worth a line. */
		if (str_eq(origin, "default") && !str_eq(name, "solvent") && !str_eq(name, "preset"))
			continue;
		_cleanup_free_ char *line = xasprintf("%s = %s (%s)", name, value, origin);
		add_field(c, b, label, line);
		label = "";
	}
}

struct step_lines { const struct cli *c; struct buf *b; const char *label; json_t *json; };

static int add_step(const struct step *s, const char *stage, void *arg)
{
	struct step_lines *l = arg;
	if (l->json) {
		json_array_append_new(l->json, json_pack("{s:s,s:s?,s:s?,s:s?,s:s?,s:s,s:s?,s:s?,s:i,s:i,s:f,s:f}", "key", s->key,
				"stage", stage, "label", s->label, "program", s->program, "version", s->version,
				"state", step_state_to_string(s->state), "cause", s->cause, "words", s->detail,
				"attempts", s->attempts, "ranks", s->ranks, "wall_s", s->wall_s, "cpu_s", s->cpu_s));
		return 0;
	}
	_cleanup_(buf_release) struct buf line = BUF_INIT;
	buf_addf(&line, "%-8s %s", step_state_to_string(s->state), s->label ? s->label : s->kind);
	if (s->state == STEP_DONE) {
		buf_adds(&line, ", ");
		clock_words(&line, s->wall_s);
	}
	if (s->cause)
		buf_addf(&line, " (%s)", s->cause);
	add_field(l->c, l->b, l->label, line.s);
	l->label = "";
	return 0;
}

static void add_table(const struct cli *c, struct buf *b, const struct job *j)
{
	_cleanup_free_ char *folder = job_folder(c->conf, j);
	_cleanup_json_ json_t *result = NULL;
	if (j->state != JOB_DONE || !folder || result_read(folder, &result) < 0)
		return;
	buf_addc(b, '\n');
	result_table(result, &c->out, b);
}

static void show_job(const struct cli *c, struct queue *q, const struct job *j)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *folder = job_folder(c->conf, j);
	struct step_lines steps = { c, &b, "steps", NULL };
	add_field(c, &b, "id", j->id);
	add_field(c, &b, "name", j->name);
	add_state(c, &b, j);
	add_field(c, &b, "why", j->reason);
	add_field(c, &b, "remedy", j->remedy);
	add_field(c, &b, "source", j->source);
	add_field(c, &b, "folder", folder && file_exists(folder) ? folder : NULL);
	add_time(c, &b, "submitted", j->created);
	add_time(c, &b, "started", j->started);
	add_time(c, &b, "ended", j->finished);
	add_options(c, &b, j->options);
	queue_step_each_of_job(q, j->row, add_step, &steps);
	add_table(c, &b, j);
	cli_put(&b);
}

static void show_job_json(const struct cli *c, struct queue *q, const struct job *j)
{
	_cleanup_free_ char *folder = job_folder(c->conf, j);
	struct step_lines steps = { .json = json_array() };
	json_t *o = job_json(c->conf, j), *result = NULL;
	queue_step_each_of_job(q, j->row, add_step, &steps);
	json_object_set_new(o, "steps", steps.json);
	if (j->state == JOB_DONE && folder && result_read(folder, &result) == 0)
		json_object_set_new(o, "result", result);
	cli_put_json(o, true);
}

struct part_lines { const struct cli *c; struct buf text; json_t *json; };

static int add_part(const struct job *j, void *arg)
{
	struct part_lines *l = arg;
	if (l->json)
		json_array_append_new(l->json, job_json(l->c->conf, j));
	else
		view_table_row(&l->c->out, &l->text, j, clock_wall());
	return 0;
}

/* maker: the job that makes the others of the file's records; NULL: all are made. */
static void show_batch(const struct cli *c, struct queue *q, const struct batch *s, const struct job *maker)
{
	struct part_lines l = { c, BUF_INIT, c->args.json ? json_array() : NULL };
	_cleanup_(buf_release) struct buf b = BUF_INIT, counts = BUF_INIT;
	queue_job_each(q, &(struct job_filter){ .batch_row = s->row, .oldest_first = true }, add_part, &l);
	if (c->args.json) {
		json_t *o = batch_json(c->conf, s);
		json_object_set_new(o, "jobs", l.json);
		cli_put_json(o, true);
		return;
	}
	view_counts(&counts, s->count);
	if (maker)
		buf_addf(&counts, ", %d not in the queue yet (%s)", s->unmade, job_state_to_string(maker->state));
	_cleanup_free_ char *molecules = xasprintf("%d: %s", s->total, counts.s);
	_cleanup_free_ char *folder = xasprintf("%s/%s", c->conf->outbox, s->outname);
	add_field(c, &b, "id", s->id);
	add_field(c, &b, "name", s->name);
	add_field(c, &b, "molecules", molecules);
	add_field(c, &b, "source", s->source);
	add_field(c, &b, "folder", folder);
	add_time(c, &b, "submitted", s->created);
	buf_addc(&b, '\n');
	view_table_head(&c->out, &b);
	cli_put(&b);
	cli_put(&l.text);
	buf_release(&l.text);
}

static int not_found(const struct cli *c, const char *typed)
{
	if (door_holds(c->conf, typed))
		cli_error("%s is at the door, not yet taken in: is nmr-spooler running? (nmr status)", typed);
	else
		cli_error("there is no job \"%s\"; \"nmr status --all\" lists them", typed);
	return CLI_NOT_FOUND;
}

int cmd_show(struct cli *c)
{
	struct queue *q;
	const char *typed = c->args.operand[0];
	_cleanup_(job_release) struct job j;
	_cleanup_(batch_release) struct batch s;
	job_init(&j);
	batch_init(&s);
	int e = cli_open_queue(c->conf, &q);
	if (e != CLI_OK)
		return e;
	if (queue_job_find(q, typed, &j) < 0)
		e = queue_batch_find(q, typed, &s) == 0 ? CLI_OK : not_found(c, typed);
	else
		queue_batch_by_id(q, j.id, &s);
	if (s.row)
		show_batch(c, q, &s, j.row ? &j : NULL);
	else if (j.row)
		(c->args.json ? show_job_json : show_job)(c, q, &j);
	queue_close(q);
	return e;
}
