/* nmr submit: structures go through the door, ids come back. The job options are
 * checked here, too, so that a slip is told at once and not in a result folder;
 * the spooler checks them again, its word counts. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "client/spooler.h"
#include "client/door.h"
#include "cli/submit.h"
#include "cli/watch.h"
#include "nmr/options.h"

int submit_check_options(const struct cli *c)
{
	_cleanup_free_ char *error = NULL;
	struct share *share = share_load(c->conf->share, &error);
	struct options o;
	int e = CLI_OK;
	if (!share)        /* the spooler's business; doctor tells */
		return CLI_OK;
	options_init(&o, share);
	for (size_t i = 0; i < c->args.noptions && e == CLI_OK; i++) {
		const struct conf_pair *p = &c->args.options[i];
		_cleanup_free_ char *why = NULL;
		if (options_set(&o, share, p->name, p->value, "command line", &why) < 0) {
			cli_error("%s", why);
			e = CLI_USAGE;
		}
	}
	options_release(&o);
	share_free(share);
	return e;
}

static const char *option_value(const struct cli *c, const char *name)
{
	const char *value = NULL;
	for (size_t i = 0; i < c->args.noptions; i++)
		if (str_eq(c->args.options[i].name, name))
			value = c->args.options[i].value;
	return value;
}

int submit_one(const struct cli *c, const struct conf *conf, const char *typed, char ret_id[ID_LEN + 1])
{
	struct door_input in = { 0 };
	_cleanup_free_ char *error = NULL;
	int r = door_input_read(conf, typed, option_value(c, "name"), &in, &error);
	if (r == 0) {
		struct door_submission s = { .data = in.data, .len = in.len, .filename = in.filename,
					     .options = c->args.options, .noptions = c->args.noptions };
		r = door_submit(conf, &s, ret_id, &error);
	}
	door_input_release(&in);
	if (r < 0)
		cli_error("%s", error);
	return r < 0 ? CLI_FAILED : CLI_OK;
}

static void warn_when_nobody_is_there(const struct cli *c)
{
	struct queue *q;
	struct spooler s;
	_cleanup_free_ char *path = xasprintf("%s/db/queue.db", c->conf->spool);
	_cleanup_free_ char *error = NULL;
	if (queue_open_readonly(path, &q, &error) < 0) {
		cli_error("note: nmr-spooler has not been started in %s yet; it will take the file when it is", c->conf->data);
		return;
	}
	spooler_look(q, &s);
	if (!s.running)
		cli_error("note: nmr-spooler is not running; it will take the file when it is started");
	spooler_release(&s);
	queue_close(q);
}

static void tell_id(const struct cli *c, const char *typed, const char *id)
{
	if (c->args.json)
		cli_put_json(json_pack("{s:s,s:o}", "id", id, "input", json_text(typed)), false);
	else
		printf("%s\n", id);
	fflush(stdout);
}

static int follow_ids(struct cli *c, char (*ids)[ID_LEN + 1], size_t n)
{
	const char **list = xcalloc(n, sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = ids[i];
	int e = watch_ids(c, list, n);
	free(list);
	return e;
}

int cmd_submit(struct cli *c)
{
	int e = submit_check_options(c);
	size_t n = 0;
	if (e != CLI_OK)
		return e;
	char (*ids)[ID_LEN + 1] = xcalloc(c->args.noperands, sizeof(*ids));
	for (size_t i = 0; i < c->args.noperands; i++) {
		int one = submit_one(c, c->conf, c->args.operand[i], ids[n]);
		e = MAX(e, one);
		if (one == CLI_OK)
			tell_id(c, c->args.operand[i], ids[n++]);
	}
	if (n && !c->args.wait)
		warn_when_nobody_is_there(c);
	int waited = n && c->args.wait ? follow_ids(c, ids, n) : CLI_OK;
	free(ids);
	return MAX(e, waited);
}
