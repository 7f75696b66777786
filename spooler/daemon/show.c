/* Queue rows into the structs of report/status.h. Reads the clock for "written";
 * nothing else. Never logs. */
#include "daemon/show.h"

#include <string.h>

#include "base/clock.h"
#include "daemon/disk.h"
#include "report/status.h"

static const struct { const char *id, *words; } stages[] = {
	{ "read", "reading the file" }, { "prepare", "preparing the structure" },
	{ "conformers", "searching conformers" }, { "rank", "ranking conformers with xTB" },
	{ "screen", "comparing energies of conformers" },
	{ "optimise", "optimising geometries" }, { "thermo", "computing free energies" },
	 { "shield", "computing shieldings" },
	{ "report", "writing the report" }, { "publish", "publishing the result" },
};

static int stage_number(const char *stage)
{
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
		if (str_eq(stages[i].id, stage))
			return (int)i + 1;
	return 0;
}

static const char *stage_words(const char *stage)
{
	int n = stage_number(stage);
	return n ? stages[n - 1].words : str_eq(stage, "reference") ? "computing the reference compounds" : stage;
}

static size_t read_options(const json_t *options, struct report_option *o, size_t max)
{
	const char *name;
	json_t *v;
	size_t n = 0;
	json_object_foreach((json_t *)options, name, v) {
		if (n == max)
			break;
		o[n++] = (struct report_option){ name, json_str(v, "value", ""), json_str(v, "origin", "") };
	}
	return n;
}

static const char *state_words(const struct job *j)
{
	switch (j->state) {
	case JOB_QUEUED: return "accepted, waiting for its turn";
	case JOB_RUNNING: return "running";
	case JOB_PUBLISHING: return "publishing the result";
	case JOB_HELD: return "held";
	default: return job_state_to_string(j->state);
	}
}

/* Why it waits, and what to do about it. */
static char *waiting_words(const struct job *j)
{
	if (!j->input || !j->reason)
		return NULL;
	return xasprintf("%s%s%s", j->reason, j->remedy ? " " : "", j->remedy ? j->remedy : "");
}

void show_status(_unused_ struct daemon *d, const struct job *j, struct buf *b)
{
	struct report_option o[OPTION_COUNT + 8];
	char now[CLOCK_ISO_LEN];
	char dropped[CLOCK_ISO_LEN];
	clock_local(clock_wall(), now);
	clock_local(j->created, dropped);
	const char *warning[8];
	size_t nwarnings = MIN(json_array_size(j->warnings), ARRAY_SIZE(warning));
	for (size_t i = 0; i < nwarnings; i++)
		warning[i] = json_str(json_array_get(j->warnings, i), "text", "");
	bool running = j->state == JOB_RUNNING || j->state == JOB_PUBLISHING;
	_cleanup_free_ char *why = waiting_words(j);
	struct report_status s = { .name = j->name, .id = j->id, .source = j->source, .state = state_words(j),
				   .stage = running ? stage_words(j->stage) : NULL, .stage_n = stage_number(j->stage),
				   .stage_of = (int)ARRAY_SIZE(stages), .steps_done = j->steps_done,
				   .steps_total = running ? j->steps_total : 0, .detail = j->detail,
				   .elapsed_s = j->started > 0 ? clock_wall() - j->started : -1,
				   .left_s = running ? j->eta_s : -1, .progress = j->progress, .options = o,
				   .noptions = read_options(j->options, o, ARRAY_SIZE(o)), .reason = why,
				   .warnings = warning, .nwarnings = nwarnings,
				   .submitted = dropped, .written = now };
	report_status_text(&s, b);
}

void show_failure(_unused_ struct daemon *d, const struct job *j, const char *what, const char *why,
		  const char *remedy, struct buf *b)
{
	struct report_option o[OPTION_COUNT + 8];
	char now[CLOCK_ISO_LEN];
	clock_local(clock_wall(), now);
	struct report_failure f = { .name = j->name, .id = j->id, .source = j->source, .what = what, .why = why,
				    .remedy = remedy, .stage = stage_words(j->stage), .options = o,
				    .noptions = read_options(j->options, o, ARRAY_SIZE(o)), .written = now };
	report_failed_text(&f, b);
}

void show_trouble(const struct drop_item *item, struct buf *b)
{
	char now[CLOCK_ISO_LEN];
	clock_local(clock_wall(), now);
	const char *slash = strrchr(item->path, '/');
	struct report_failure f = { .name = slash ? slash + 1 : item->path, .source = item->path,
				    .what = "The file was not taken.", .why = item->why, .remedy = item->remedy,
				    .written = now, .no_retry = true };
	report_failed_text(&f, b);
}

/* ---- QUEUE.html */

struct rows { struct job *job; size_t n; };

static int keep_job(const struct job *j, void *arg)
{
	struct rows *r = arg;
	r->job = xreallocarray(r->job, r->n + 1, sizeof(*r->job));
	struct job *c = &r->job[r->n++];
	*c = *j;
	c->options = NULL;
	char **own[] = { &c->stage, &c->name, &c->outname, &c->source, &c->input, &c->sha256, &c->owner, &c->reason,
			 &c->remedy, &c->detail };
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		*own[i] = *own[i] ? xstrdup(*own[i]) : NULL;
	return 0;
}

static char *folder_name(const struct job *j)
{
	switch (j->state) {
	case JOB_DONE: return xasprintf("%s/report.html", j->outname);
	case JOB_FAILED: return xasprintf("%s.failed/FAILED.txt", j->outname);
	case JOB_RUNNING:
	case JOB_HELD:
	case JOB_QUEUED: return j->batch_row && j->state != JOB_RUNNING ? NULL : xasprintf("%s.running/STATUS.txt", j->outname);
	default: return NULL;
	}
}

static void collect(struct daemon *d, struct rows *r)
{
	static const struct { unsigned states; bool oldest; int limit; } parts[] = {
		{ 1u << JOB_RUNNING | 1u << JOB_PUBLISHING, true, 100 },
		{ 1u << JOB_QUEUED | 1u << JOB_HELD, true, 150 },
		{ 1u << JOB_DONE | 1u << JOB_FAILED | 1u << JOB_CANCELLED, false, 250 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		queue_job_each(d->q, &(struct job_filter){ .states = parts[i].states, .oldest_first = parts[i].oldest,
							   .limit = parts[i].limit }, keep_job, r);
}

void show_notice(const struct daemon *d, struct buf *b)
{
	const char *waits = disk_short(d->disk);
	if (waits)
		buf_addf(b, "Everything waits: %s ", waits);
	if (d->intake)
		intake_notice(d->intake, b);
}

void show_queue(struct daemon *d, struct buf *b)
{
	struct rows r = { 0 };
	int count[JOB_STATE_COUNT] = { 0 };
	char now[CLOCK_ISO_LEN];
	collect(d, &r);
	queue_job_counts(d->q, count);
	clock_local(clock_wall(), now);
	struct report_queue_row *row = xcalloc(r.n, sizeof(*row));
	char **text = xcalloc(2 * r.n, sizeof(*text));
		for (size_t i = 0; i < r.n; i++) {
		const struct job *j = &r.job[i];
		text[2 * i] = folder_name(j);
		text[2 * i + 1] = xmalloc(CLOCK_ISO_LEN);
		clock_local(j->created, text[2 * i + 1]);
		row[i] = (struct report_queue_row){ .name = j->outname, .source = j->source,
					      .state = job_state_to_string(j->state),
					      .detail = j->reason ? j->reason : j->detail, .link = text[2 * i],
					      .submitted = text[2 * i + 1],
					      .progress = j->progress, .left_s = j->eta_s };
	}
	_cleanup_free_ char *machine = xasprintf("%d cores, %.0f GB for calculations", d->lab.cores,
						 (double)d->lab.memory / (1 << 30));
	struct report_queue q = { .rows = row, .nrows = r.n, .queued = count[JOB_QUEUED],
				  .running = count[JOB_RUNNING] + count[JOB_PUBLISHING], .done = count[JOB_DONE],
				  .failed = count[JOB_FAILED], .held = count[JOB_HELD], .cancelled = count[JOB_CANCELLED],
				  .machine = machine, .written = now, .left_s = -1 };
	if (q.running + q.queued > 0)
		q.left_s = manager_time_left(d->manager);
	_cleanup_(buf_release) struct buf notice = BUF_INIT;
	show_notice(d, &notice);
	q.notice = notice.s;
	report_queue_html(&q, b);
	for (size_t i = 0; i < r.n; i++) {
		job_release(&r.job[i]);
		free(text[2 * i]);
		free(text[2 * i + 1]);
	}
	free(r.job);
	free(row);
	free(text);
}

void show_summary(const struct show_row *row, json_t *const *docs, size_t n, const char *batch_outname, struct buf *b)
{
	struct report_summary_row *s = xcalloc(n, sizeof(*s));
	size_t skip = strlen(batch_outname) + 1;
	char **folder = xcalloc(n, sizeof(*folder));
	for (size_t i = 0; i < n; i++) {
		const char *own = strlen(row[i].outname) > skip ? row[i].outname + skip : row[i].outname;
		folder[i] = xasprintf("%s%s", own, row[i].state == JOB_FAILED ? ".failed" : "");
		s[i] = (struct report_summary_row){ .n = row[i].n, .name = row[i].name,
						.state = job_state_to_string(row[i].state), .folder = folder[i],
						.reason = row[i].reason, .result = docs[i] };
	}
	report_summary_csv(s, n, b);
	for (size_t i = 0; i < n; i++)
		free(folder[i]);
	free(folder);
	free(s);
}
