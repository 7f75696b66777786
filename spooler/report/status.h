/* What people read in the outbox while they wait or when it went wrong: STATUS.txt,
 * FAILED.txt, QUEUE.html, summary.csv. Plain values in, text out; strings may come
 * from strangers, may be NULL where something is not known, and are borrowed.
 * Times of day are words ("2026-01-31 13:00"); durations are seconds, < 0 unknown.
 * Text files are UTF-8 with CRLF, at most 78 columns. Never fails.
 *
 *   struct report_status s = { .name = "ethanol", .state = "running", .progress = 0.4, .left_s = -1 };
 *   report_status_text(&s, &b);
 */
#ifndef NMR_REPORT_STATUS_H
#define NMR_REPORT_STATUS_H

#include "base/json.h"

struct report_option { const char *name, *value, *origin; };

struct report_status {
	const char *name, *id;
	const char *source;          /* as dropped: "CDCl3/ethanol.smi" */
	const char *state;           /* words: "running", "waiting for its turn", "held" */
	const char *stage;           /* words; NULL before the first */
	int stage_n, stage_of;       /* 0: not counted */
	int steps_done, steps_total; /* of this stage */
	const char *detail;          /* "optimising conformer 2 of 3, step 7" */
	double elapsed_s, left_s;
	double progress;             /* 0..1; < 0 unknown */
	const struct report_option *options;
	size_t noptions;
	const char *const *warnings;
	size_t nwarnings;
	const char *reason;          /* why it waits or is held */
	const char *submitted, *written;
};
void report_status_text(const struct report_status *s, struct buf *b);

struct report_failure {
	const char *name, *id, *source;
	const char *what, *why, *remedy; /* whole sentences; may have several lines */
	const char *stage;
	const struct report_option *options;
	size_t noptions;
	const char *log_tail;        /* the engine's last lines */
	const char *written;
	bool no_retry;               /* a retry file would not help: nothing is said about it */
};
void report_failed_text(const struct report_failure *f, struct buf *b);

struct report_queue_row {
	const char *name, *id, *source;
	const char *state;           /* "queued" "running" "publishing" "done" "failed" "cancelled" "held" */
	const char *detail;          /* stage or step, or why it failed or waits */
	double progress;             /* 0..1; < 0 none */
	double left_s;
	const char *submitted;
	const char *link;            /* relative, unescaped: "ethanol/report.html", "x.failed/FAILED.txt" */
};
struct report_queue {
	const struct report_queue_row *rows; /* in the order to be shown; those that are active first */
	size_t nrows;
	int running, queued, held, done, failed, cancelled; /* of all jobs */
	double left_s;               /* until all of it is done, about; < 0 unknown */
	const char *machine;         /* "lab-pc: 8 cores, 31 GiB, NWChem 7.0.2, xtb 6.5.1" */
	const char *written;
	const char *notice;          /* something wrong with the spooler as a whole: disk full; NULL */
	size_t rows_max;             /* 0: 500 */
	int refresh_s;               /* 0: 30 */
};
void report_queue_html(const struct report_queue *q, struct buf *b);

struct report_summary_row {
	int n;                       /* number in the batch */
	const char *name;
	const char *state;           /* as in report_queue_row */
	const char *folder;          /* beside summary.csv */
	const char *reason;          /* why it failed */
	const json_t *result;        /* its shifts.json, or NULL */
};
void report_summary_csv(const struct report_summary_row *rows, size_t n, struct buf *b);

#endif
