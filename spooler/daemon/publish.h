/* Gathering a result folder in spool/staging and handing it to the outbox. */
#ifndef NMR_DAEMON_PUBLISH_H
#define NMR_DAEMON_PUBLISH_H

#include "daemon/daemon.h"

struct publish {
	const struct outbox *out;
	char *id, *outname, *staging, *rendered;
	struct publish_raw { char *dir, *name; } *raw;
	size_t nraw;
	char *input, *input_name;
	char *instead;           /* the name it got, when its own was taken; NULL */
	int r;
};
struct publish *publish_new(struct daemon *d, const struct outbox *out, const struct job *j,
			    const struct pipeline *p);
void publish_free(struct publish *p);
/* Results that wait together share their syncs. */
#define PUBLISH_GROUP 3          /* from so many on */
struct publish_group { void *owner; struct publish **p; size_t n; };
void publish_group_work(void *arg);   /* in the worker; sets each r */
/* A folder with the job's input under the name it was dropped with, for a failed
 * folder; NULL when there is none. Caller frees the string. */
char *publish_stage_input(struct daemon *d, const struct job *j);

#endif
