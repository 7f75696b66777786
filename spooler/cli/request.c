/* nmr cancel, retry, hold, release, republish, priority: a request goes through the door, and its
 * outcome comes back as a row of the queue. Nothing is changed here. */
#include <errno.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "client/spooler.h"
#include "client/door.h"

#define ANSWER_S 30.0

/* 0 and the outcome, or -ETIMEDOUT, -EINTR. */
static int wait_for_answer(struct queue *q, const char *uuid, double patience, bool *ret_ok, char **ret_words)
{
	double end = clock_mono() + patience;
	for (;;) {
		if (queue_request_get(q, uuid, ret_ok, ret_words) == 0)
			return 0;
		if (cli_interrupted())
			return -EINTR;
		if (clock_mono() >= end)
			return -ETIMEDOUT;
		cli_sleep(0.1);
	}
}

static void tell(const struct cli *c, const char *target, bool ok, const char *words)
{
	if (c->args.json)
		cli_put_json(json_pack("{s:s,s:o,s:b,s:o}", "verb", c->args.command, "target", json_text(target),
				       "ok", ok, "outcome", json_text(words)), false);
	else if (ok)
		printf("%s\n", words);
	else
		cli_error("%s", words);
}

static int no_answer(struct queue *q, int r)
{
	struct spooler s;
	if (r == -EINTR)
		return CLI_INTERRUPTED;
	spooler_look(q, &s);
	if (s.running)
		cli_error("nmr-spooler has not answered yet; the request stays at the door and will be done");
	else
		cli_error("nmr-spooler is not running; the request stays at the door and will be done when it is started");
	spooler_release(&s);
	return CLI_NO_SPOOLER;
}

static int ask(struct cli *c, struct queue *q, const char *target, const char *value)
{
	char uuid[UUID_LEN + 1];
	_cleanup_free_ char *words = NULL;
	bool ok = false;
	struct spooler s;
	spooler_look(q, &s);
	/* Without a spooler there is no point in waiting long. */
	double patience = c->args.timeout_s > 0 ? c->args.timeout_s : s.running ? ANSWER_S : 1;
	spooler_release(&s);
	if (door_request(c->conf, c->args.command, target, value, uuid, &words) < 0) {
		cli_error("%s", words);
		return CLI_FAILED;
	}
	int r = wait_for_answer(q, uuid, patience, &ok, &words);
	if (r < 0)
		return no_answer(q, r);
	tell(c, target, ok, words ? words : "");
	return ok ? CLI_OK : CLI_FAILED;
}

/* The operands from `first` on are targets. */
static int ask_all(struct cli *c, size_t first, const char *value)
{
	struct queue *q;
	int e = cli_open_queue(c->conf, &q);
	if (e != CLI_OK)
		return e;
	cli_catch_signals();
	for (size_t i = first; i < c->args.noperands && !cli_interrupted(); i++) {
		int one = ask(c, q, c->args.operand[i], value);
		e = MAX(e, one);
	}
	queue_close(q);
	return e;
}

int cmd_request(struct cli *c) { return ask_all(c, 0, NULL); }

/* The value stands first, as with renice: what follows are jobs. */
int cmd_priority(struct cli *c) { return ask_all(c, 1, c->args.operand[0]); }
