/* nmr watch: live progress until the end of what was named, or until Ctrl-C. Also
 * follows what nmr submit --wait has just handed in. Reads the queue only; looks
 * twice a second, and SQLite's data_version makes a look without news cheap. */
#include <errno.h>

#include "cli/cli.h"
#include "client/spooler.h"
#include "client/door.h"
#include "cli/follow.h"
#include "cli/watch.h"

#define LOOK_S 0.5

static enum follow_style style_of(const struct cli *c)
{
	return c->args.json ? FOLLOW_JSON : c->out.tty ? FOLLOW_BARS : FOLLOW_LINES;
}

static bool is_in_queue(struct queue *q, const char *typed)
{
	_cleanup_(job_release) struct job j;
	_cleanup_(batch_release) struct batch b;
	job_init(&j);
	batch_init(&b);
	return queue_job_find(q, typed, &j) == 0 || queue_batch_find(q, typed, &b) == 0;
}

/* A fresh id may still be at the door, or be taken between two looks. */
static bool is_known(const struct cli *c, struct queue *q, const char *typed)
{
	return is_in_queue(q, typed) || door_holds(c->conf, typed) || is_in_queue(q, typed);
}

int watch_until_ended(struct cli *c, struct queue *q, struct follow *f)
{
	struct spooler s;
	bool warned = false;
	cli_catch_signals();
	for (;;) {
		follow_update(f, q);
		if (follow_ended(f))
			return follow_failures(f) ? CLI_FAILED : CLI_OK;
		spooler_look(q, &s);
		if (!s.running && !warned) {
			cli_error("nmr-spooler is not running: nothing moves until it is started");
			warned = true;
		}
		spooler_release(&s);
		cli_sleep(LOOK_S);
		if (cli_interrupted())
			return c->args.noperands || c->args.wait ? CLI_INTERRUPTED : CLI_OK;
	}
}

int cmd_watch(struct cli *c)
{
	struct queue *q;
	int e = cli_open_queue(c->conf, &q);
	if (e != CLI_OK)
		return e;
	struct follow *f = follow_new(c->conf, stdout, &c->out, style_of(c));
	for (size_t i = 0; i < c->args.noperands && e == CLI_OK; i++) {
		follow_add(f, c->args.operand[i]);
		if (!is_known(c, q, c->args.operand[i])) {
			cli_error("there is no job \"%s\"; \"nmr status --all\" lists them", c->args.operand[i]);
			e = CLI_NOT_FOUND;
		}
	}
	if (e == CLI_OK)
		e = watch_until_ended(c, q, f);
	follow_free(f);
	queue_close(q);
	return e;
}

int watch_ids(struct cli *c, const char *const *ids, size_t n)
{
	struct queue *q;
	int e = cli_open_queue(c->conf, &q);
	if (e != CLI_OK)
		return e;
	struct follow *f = follow_new(c->conf, stdout, &c->out, style_of(c));
	for (size_t i = 0; i < n; i++)
		follow_add(f, ids[i]);
	e = watch_until_ended(c, q, f);
	follow_free(f);
	queue_close(q);
	return e;
}
