/* nmr doctor: is everything in place? Looks, changes nothing (a temporary folder
 * for NWChem's version apart). Each check says ok, warning or problem, and what
 * to do; it ends with 1 when there is a problem. */
#include "cli/doctor.h"
#include "client/spooler.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "nmr/options.h"

static const char *const verdicts[] = { "ok", "warning", "problem" };

void doctor_say(struct doctor *d, enum doctor_verdict v, const char *topic, const char *remedy,
		const char *fmt, ...)
{
	static const enum term_style styles[] = { TERM_GREEN, TERM_YELLOW, TERM_RED };
	va_list ap;
	va_start(ap, fmt);
	_cleanup_free_ char *text = xvasprintf(fmt, ap);
	va_end(ap);
	d->count[v]++;
	if (d->json) {
		json_array_append_new(d->json, json_pack("{s:s,s:s,s:o,s:o}", "topic", topic, "verdict", verdicts[v],
				"text", json_text(text), "remedy", remedy ? json_text(remedy) : json_null()));
		return;
	}
	_cleanup_(buf_release) struct buf b = BUF_INIT, body = BUF_INIT;
	_cleanup_free_ char *word = xasprintf("%-9s", verdicts[v]);
	_cleanup_free_ char *label = xasprintf("%-10s", topic);
	term_style(&d->c->out, &b, styles[v], word);
	buf_adds(&b, label);
	term_wrap(&d->c->out, &body, text, 19);
	buf_adds(&b, body.s + 19);      /* the first line has its label already */
	if (remedy)
		term_wrap(&d->c->out, &b, remedy, 19);
	cli_put(&b);
	fflush(stdout);
}

static void check_configuration(struct doctor *d)
{
	const struct conf *c = d->c->conf;
	_cleanup_free_ char *error = NULL;
	doctor_say(d, DOCTOR_OK, "config", NULL, "%s", c->file ? c->file : "defaults, no nmr.conf");
	d->share = share_load(c->share, &error);
	if (!d->share) {
		doctor_say(d, DOCTOR_PROBLEM, "share", "install nmr-spool again, or set \"share\" in nmr.conf", "%s", error);
		return;
	}
	doctor_say(d, DOCTOR_OK, "share", NULL, "levels, presets, solvents and factors in %s", c->share);
	if (options_check_conf(c, d->share, &error) < 0)
		doctor_say(d, DOCTOR_PROBLEM, "options", "correct nmr.conf; files with these options would be refused", "%s", error);
}

static void say_spooler(struct doctor *d, const struct spooler *s)
{
	_cleanup_(buf_release) struct buf age = BUF_INIT;
	if (s->beat > 0)
		clock_words(&age, clock_wall() - s->beat);
	if (!s->running)
		doctor_say(d, DOCTOR_WARNING, "spooler", "start it: nmr-spooler, or systemctl start nmr-spooler",
			   s->beat > 0 ? "not running; last sign of life %s ago" : "not running%s", age.s);
	else if (!str_eq(s->version, NMR_VERSION))
		doctor_say(d, DOCTOR_WARNING, "spooler", "restart nmr-spooler after an update",
			   "version %s is running, this is %s", s->version ? s->version : "?", NMR_VERSION);
	else
		doctor_say(d, DOCTOR_OK, "spooler", NULL, "version %s is running, pid %ld, last sign of life %s ago",
			   s->version, s->pid, age.s);
}

/* Of the spooler, whose limit is not ours. */
static void check_descriptors(struct doctor *d, struct queue *q)
{
	_cleanup_free_ char *words = NULL;
	if (queue_fact_get(q, "descriptors", &words) == 0 && *words)
		doctor_say(d, DOCTOR_PROBLEM, "spooler", "LimitNOFILE=4096 in its unit, or ulimit -n 4096 where it is started",
			   "it runs short of open files: %s", words);
}

void doctor_spooler(struct doctor *d)
{
	struct queue *q;
	struct spooler s;
	_cleanup_free_ char *path = xasprintf("%s/db/queue.db", d->c->conf->spool);
	_cleanup_free_ char *error = NULL;
	if (access(path, F_OK) < 0) {
		doctor_say(d, DOCTOR_WARNING, "spooler", "start nmr-spooler; it makes its folders",
			   "never started here: no queue in %s", d->c->conf->spool);
		return;
	}
	if (queue_open_readonly(path, &q, &error) < 0) {
		doctor_say(d, DOCTOR_PROBLEM, "queue", "see that you may read the folder, and that its disk is well",
			   "%s", error);
		return;
	}
	spooler_look(q, &s);
	say_spooler(d, &s);
	if (s.running)
		check_descriptors(d, q);
	spooler_release(&s);
	queue_close(q);
}

static int conclude(struct doctor *d)
{
	int problems = d->count[DOCTOR_PROBLEM], warnings = d->count[DOCTOR_WARNING];
	if (d->json)
		cli_put_json(json_pack("{s:b,s:i,s:i,s:o}", "ok", problems == 0, "problems", problems, "warnings",
				       warnings, "checks", d->json), true);
	else if (problems + warnings == 0)
		printf("\nAll is well.\n");
	else
		printf("\n%d problem%s, %d warning%s.\n", problems, problems == 1 ? "" : "s", warnings,
		       warnings == 1 ? "" : "s");
	return problems ? CLI_FAILED : CLI_OK;
}

int cmd_doctor(struct cli *c)
{
	struct doctor d = { .c = c, .json = c->args.json ? json_array() : NULL };
	check_configuration(&d);
	doctor_engines(&d);
	doctor_machine(&d);
	doctor_folders(&d);
	doctor_spooler(&d);
	doctor_notify(&d);
	share_free(d.share);
	return conclude(&d);
}
