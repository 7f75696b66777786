/* See descriptors.h. Whatever cannot be opened is tried again by its owner: a file stays in
 * the inbox, a step is started later, a result waits. Here it is told what the matter is
 * and what to do, in the log and, through the queue, to nmr doctor. Logs when it begins and
 * when it ends. */
#include "daemon/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

#define LOOK_S 5.0
/* What the loop and the workers open besides, at most: folders one in another, files that
 * are copied, pipes of a start. */
#define RESERVE 24

/* NULL: there are enough. */
static char *look(const struct daemon *d)
{
	struct rlimit l;
	/* It gets the lowest number that is free. */
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), e = errno;
	if (fd >= 0)
		close(fd);
	if (fd < 0 && e == ENFILE)
		return xstrdup("the whole system has no free file descriptors; raise fs.file-max");
	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || (fd < 0 && e != EMFILE))
		return NULL;
	/* Two for each run that fits. */
	rlim_t need = (rlim_t)(fd < 0 ? 0 : fd) + RESERVE + 2 * (rlim_t)MAX(0, d->lab.cores - scheduler_running(manager_scheduler(d->manager)));
	if (fd >= 0 && l.rlim_cur >= need)
		return NULL;
	return xasprintf("only %llu open files are allowed, which is too few; raise it: LimitNOFILE=4096, ulimit -n 4096",
			 (unsigned long long)l.rlim_cur);
}

/* The fact is what was told last; a look that finds the same says nothing. */
static void tell(struct daemon *d, const char *words)
{
	_cleanup_free_ char *before = NULL;
	if (queue_fact_get(d->q, DESCRIPTORS_FACT, &before) < 0)
		before = NULL;
	if (str_eq(before ? before : "", words ? words : ""))
		return;
	if (words)
		log_event(LOG_ERROR, "descriptors-short", "why", words, "then", "nothing is lost: what cannot be opened is tried again", NULL);
	else
		log_event(LOG_INFO, "descriptors-enough", NULL);
	queue_fact_set(d->q, DESCRIPTORS_FACT, words ? words : "");
}

static void on_time(void *arg)
{
	struct daemon *d = arg;
	if (d->stopping)
		return;
	_cleanup_free_ char *words = look(d);
	tell(d, words);
	loop_after(d->loop, LOOK_S, on_time, d);
}

void descriptors_start(struct daemon *d)
{
	/* What the last spooler had is not what we have. */
	queue_fact_set(d->q, DESCRIPTORS_FACT, "");
	on_time(d);
}
