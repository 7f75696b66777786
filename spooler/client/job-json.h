/* Jobs and batches for programs: what "nmr --json" prints and the page's API sends.
 * Members are added, never renamed: scripts depend on them. Times are ISO 8601 in UTC,
 * durations seconds. The caller owns what is returned. Pure. */
#ifndef NMR_CLIENT_JOB_JSON_H
#define NMR_CLIENT_JOB_JSON_H

#include "base/conf.h"
#include "queue/queue.h"

/* The folder that shows the job now: outbox/ethanol.running. Caller frees; NULL
 * when there is none (cancelled). */
char *job_folder(const struct conf *conf, const struct job *j);
json_t *job_json(const struct conf *conf, const struct job *j);
json_t *batch_json(const struct conf *conf, const struct batch *s);
json_t *time_json(double wall);   /* null for 0 */
json_t *counts_json(const int count[JOB_STATE_COUNT]);

#endif
