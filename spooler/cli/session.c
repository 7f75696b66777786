/* What every command needs: errors, signals, output, the read-only queue, and
 * whether the spooler is alive. Prints errors; never exits. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/cli.h"

static volatile sig_atomic_t interrupted;

void cli_error(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	_cleanup_free_ char *text = xvasprintf(fmt, ap);
	va_end(ap);
	fprintf(stderr, "nmr: %s\n", text);
}

static void on_signal(int sig) { interrupted = sig; }

void cli_catch_signals(void)
{
	struct sigaction a = { .sa_handler = on_signal };   /* no SA_RESTART: sleeps end */
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &a, NULL);
}

bool cli_interrupted(void) { return interrupted != 0; }

void cli_sleep(double seconds)
{
	struct timespec t = { (time_t)seconds, (long)(fmod(seconds, 1) * 1e9) };
	if (!interrupted)
		nanosleep(&t, NULL);
}

void cli_put(const struct buf *b) { fwrite(b->s, 1, b->len, stdout); }

void cli_put_json(json_t *j, bool pretty)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_add_to(&b, j, pretty);
	if (!pretty)
		buf_addc(&b, '\n');
	json_decref(j);
	cli_put(&b);
	fflush(stdout);
}

int cli_open_queue(const struct conf *conf, struct queue **ret_q)
{
	_cleanup_free_ char *path = xasprintf("%s/db/queue.db", conf->spool);
	_cleanup_free_ char *error = NULL;
	int r = queue_open_readonly(path, ret_q, &error);
	if (r == 0)
		return CLI_OK;
	if (r == -ENOENT)
		cli_error("no queue in %s: start nmr-spooler, or name another folder with --data", conf->data);
	else
		cli_error("%s", error ? error : strerror(-r));
	return CLI_NOT_FOUND;
}
