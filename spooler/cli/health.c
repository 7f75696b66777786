/* nmr health: one line and an exit status, for containers and monitors. The spooler's loop
 * writes its sign of life into the queue: a fresh one says that the loop turns and that the
 * queue can be written. */
#include <math.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "client/spooler.h"

int cmd_health(struct cli *c)
{
	struct queue *q;
	struct spooler s;
	int r = cli_open_queue(c->conf, &q);
	if (r != CLI_OK)
		return r;
	spooler_look(q, &s);
	queue_close(q);
	double age = fmax(0, clock_wall() - s.beat);
	if (c->args.json)
		cli_put_json(json_pack("{s:b,s:o,s:s,s:s}", "alive", s.running, "age_s", s.beat > 0 ? json_real(age) : json_null(),
				       "inbox", c->conf->inbox, "outbox", c->conf->outbox), false);
	else if (s.running)
		printf("alive: last sign of life %.0f s ago\n", age);
	else if (s.beat > 0)
		printf("not alive: last sign of life %.0f s ago\n", age);
	else
		printf("not alive: the spooler has ended, or was never started\n");
	bool alive = s.running;
	spooler_release(&s);
	return alive ? CLI_OK : CLI_NO_SPOOLER;
}
