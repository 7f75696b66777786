/* The frame of --check: configuration, lock, order, summary. Beside a spooler at work
 * only what stands still is looked at, and nothing is changed. */
#include "daemon/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "base/conf.h"
#include "base/file.h"
#include "daemon/check-internal.h"

enum { CLEAN = 0, FOUND = 1, CANNOT = 2 };

void check_found(struct check *c, const char *mended, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	_cleanup_free_ char *text = xvasprintf(fmt, ap);
	va_end(ap);
	for (char *p = text; *p; p++)            /* one line, whatever is in a name */
		*p = (unsigned char)*p < 0x20 ? '?' : *p;
	c->findings++;
	c->mended += mended != NULL;
	if (mended)
		printf("mended: %s: %s\n", text, mended);
	else
		printf("%s: %s\n", c->repair ? "remains" : "problem", text);
}

void check_failed(struct check *c, const char *what, int error)
{
	check_found(c, NULL, "%s: %s", what, strerror(-error));
}

static int say(const char *fmt, ...) _printf_(1, 2);

static int say(const char *fmt, ...)
{
	va_list ap;
	fputs("nmr-spooler: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return CANNOT;
}

/* CLEAN, or CANNOT after having said why. *ret_fd: the lock, -1 beside a spooler. */
static int take_turn(struct check *c, int *ret_fd)
{
	_cleanup_free_ char *path = xasprintf("%s/lock", c->conf->spool);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return say("%s cannot be opened: %s; run this as the user of the spooler", path, strerror(errno));
	if (file_lock(fd) < 0) {
		close(fd);
		fd = -1;
		c->running = true;
		if (c->repair)
			return say("nmr-spooler works on %s: stop it first, then repair", c->conf->spool);
		printf("nmr-spooler works on %s: nothing is changed, and what changes while it works is not looked at.\n",
		       c->conf->spool);
	}
	*ret_fd = fd;
	return CLEAN;
}

static void print_summary(const struct check *c)
{
	int unfinished = c->count[JOB_QUEUED] + c->count[JOB_RUNNING] + c->count[JOB_PUBLISHING] + c->count[JOB_HELD];
	printf("%d jobs unfinished, %d done, %d failed, %d cancelled; %lld finished steps.\n", unfinished, c->count[JOB_DONE],
	       c->count[JOB_FAILED], c->count[JOB_CANCELLED], c->steps);
	printf("outbox: %lld results, %lld failures; %lld results of done jobs were deleted, %lld moved.\n", c->results,
	       c->failures, c->deleted, c->moved);
	if (!c->findings)
		puts("Everything is in order.");
	else if (c->repair)
		printf("%d problems, %d mended, %d remain.\n", c->findings, c->mended, c->findings - c->mended);
	else
		printf("%d problems. \"nmr-spooler --repair\" mends what can be mended without loss.\n", c->findings);
}

static int check_all(struct check *c)
{
	_cleanup_close_ int lock = -1;
	int e = take_turn(c, &lock);
	if (e != CLEAN)
		return e;
	if (!check_queue(c))
		return c->findings ? FOUND : CANNOT;
	check_jobs(c);
	check_steps(c);
	check_outbox(c);
	check_leftovers(c);
	print_summary(c);
	return c->findings > c->mended ? FOUND : CLEAN;
}

int check_run(const struct arguments *a)
{
	_cleanup_free_ char *error = NULL;
	struct check c = { .repair = a->repair };
	c.conf = conf_load(a->config, a->data, &error);
	if (!c.conf)
		return say("%s", error);
	c.lab.conf = c.conf;
	c.out = (struct outbox){ c.conf->outbox, (mode_t)c.conf->mode_files, (mode_t)c.conf->mode_dirs };
	_cleanup_free_ char *db = xasprintf("%s/db/queue.db", c.conf->spool);
	int e = file_exists(db) ? check_all(&c) : say("there is no queue at %s: nothing to check", db);
	queue_close(c.q);
	free(c.result);
	conf_free(c.conf);
	return fflush(stdout) < 0 ? CANNOT : e;
}
