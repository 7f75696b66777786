/* What is known of the status folders of jobs that wait or run, by the job's id: there may
 * be a hundred thousand of them.
 *
 *   struct shown *s = shown_get(&t, job->id);    made when it is new
 *   shown_forget(&t, job->id);
 */
#ifndef NMR_DAEMON_SHOWN_H
#define NMR_DAEMON_SHOWN_H

#include "base/util.h"

struct shown {
	char id[ID_LEN + 1];
	double at;               /* when its status was last written; long ago at first */
	bool written, returned;  /* its folder was there; it was deleted and came back */
	struct shown *next;
};

struct shown_table { struct shown **slot; size_t nslots, n; };   /* all zero: empty */

struct shown *shown_get(struct shown_table *t, const char *id);
struct shown *shown_find(const struct shown_table *t, const char *id);   /* NULL: none */
void shown_forget(struct shown_table *t, const char *id);
void shown_release(struct shown_table *t);

#endif
