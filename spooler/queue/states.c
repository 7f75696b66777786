/* The state tables: what each event does to a job. Pure. */
#include "queue/queue.h"

static const char *const job_states[JOB_STATE_COUNT] = {
	[JOB_QUEUED] = "queued", [JOB_RUNNING] = "running", [JOB_PUBLISHING] = "publishing",
	[JOB_DONE] = "done", [JOB_FAILED] = "failed", [JOB_CANCELLED] = "cancelled",
	[JOB_HELD] = "held",
};
static const char *const job_events[JOB_EVENT_COUNT] = {
	[JOB_EV_START] = "start", [JOB_EV_PUBLISH] = "publish", [JOB_EV_FINISH] = "finish",
	[JOB_EV_FAIL] = "fail", [JOB_EV_CANCEL] = "cancel", [JOB_EV_RETRY] = "retry",
	[JOB_EV_HOLD] = "hold", [JOB_EV_RELEASE] = "release",
	[JOB_EV_REPUBLISH] = "republish",
};
static const char *const step_states[STEP_STATE_COUNT] = {
	[STEP_READY] = "ready", [STEP_RUNNING] = "running", [STEP_DONE] = "done",
	[STEP_FAILED] = "failed", [STEP_SKIPPED] = "skipped",
};

const char *job_state_to_string(enum job_state s) { return job_states[s]; }
const char *job_event_to_string(enum job_event e) { return job_events[e]; }
const char *step_state_to_string(enum step_state s) { return step_states[s]; }

#define NO -1
/* Rows: the state; columns: the event, in the order of enum job_event. */
static const signed char table[JOB_STATE_COUNT][JOB_EVENT_COUNT] = {
	/*                  start        publish         finish    fail        cancel         retry       hold      release     republish */
	[JOB_QUEUED]     = { JOB_RUNNING, NO,             NO,       JOB_FAILED, JOB_CANCELLED, NO,         JOB_HELD, NO,         NO },
	[JOB_RUNNING]    = { NO,          JOB_PUBLISHING, NO,       JOB_FAILED, JOB_CANCELLED, NO,         JOB_HELD, NO,         NO },
	[JOB_PUBLISHING] = { NO,          NO,             JOB_DONE, JOB_FAILED, NO,            NO,         NO,       NO,         NO },
	[JOB_DONE]       = { NO,          NO,             NO,       NO,         NO,            NO,         NO,       NO,         JOB_PUBLISHING },
	[JOB_FAILED]     = { NO,          NO,             NO,       NO,         NO,            JOB_QUEUED, NO,       NO,         NO },
	[JOB_CANCELLED]  = { NO,          NO,             NO,       NO,         NO,            JOB_QUEUED, NO,       NO,         NO },
	[JOB_HELD]       = { NO,          NO,             NO,       JOB_FAILED, JOB_CANCELLED, NO,         NO,       JOB_QUEUED, NO },
};

int job_state_after(enum job_state s, enum job_event e) { return table[s][e]; }
