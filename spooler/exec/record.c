/* The two small files of a run, whole or missing. Neither is synced: after a power cut
 * the run is gone as well. Never logs. */
#include "exec/record.h"

#include <errno.h>
#include <signal.h>

#include "base/json.h"

static const char *const reasons[] = {
	[RUN_EXITED] = "exited", [RUN_SIGNALLED] = "signalled", [RUN_TIMEOUT] = "timeout",
	[RUN_MEMORY] = "memory", [RUN_STOPPED] = "stopped", [RUN_ORPHANED] = "orphaned",
	[RUN_NOT_STARTED] = "not-started", [RUN_LOST] = "lost",
};

const char *run_reason_to_string(enum run_reason r) { return reasons[r]; }

bool run_failed_by_itself(const struct run_record *rec)
{
	switch (rec->reason) {
	case RUN_EXITED: return rec->code != 0;
	case RUN_SIGNALLED: return rec->signal != SIGTERM && rec->signal != SIGINT && rec->signal != SIGHUP;
	case RUN_STOPPED:
	case RUN_ORPHANED:
	case RUN_LOST: return false;
	default: return true;
	}
}

int record_write_identity(const char *dir, const struct run_identity *id)
{
	_cleanup_free_ char *path = xasprintf("%s/run.json", dir);
	_cleanup_json_ json_t *j = json_pack("{s:I,s:I,s:I,s:s,s:s}", "pid", (json_int_t)id->pid, "start",
					     (json_int_t)id->start, "pidns", (json_int_t)id->pidns, "boot", id->boot,
					     "run_id", id->run_id);
	return json_write_file(path, j, false);
}

int record_read_identity(const char *dir, struct run_identity *ret_id)
{
	_cleanup_free_ char *path = xasprintf("%s/run.json", dir);
	_cleanup_json_ json_t *j = NULL;
	int r = json_read_file(path, &j);
	if (r < 0)
		return r;
	*ret_id = (struct run_identity){ .pid = (long)json_int(j, "pid", 0),
					 .start = (unsigned long long)json_int(j, "start", 0),
					 .pidns = (unsigned long long)json_int(j, "pidns", 0) };
	snprintf(ret_id->boot, sizeof(ret_id->boot), "%s", json_str(j, "boot", ""));
	snprintf(ret_id->run_id, sizeof(ret_id->run_id), "%s", json_str(j, "run_id", ""));
	return 0;
}

int record_write(const char *dir, const struct run_record *rec)
{
	_cleanup_free_ char *path = xasprintf("%s/exit.json", dir);
	_cleanup_json_ json_t *j = json_pack("{s:s,s:i,s:i,s:i,s:f,s:f,s:I}", "reason", reasons[rec->reason], "code",
					     rec->code, "signal", rec->signal, "errno", rec->err, "wall_s", rec->wall_s,
					     "cpu_s", rec->cpu_s, "max_rss", (json_int_t)rec->max_rss);
	return json_write_file(path, j, false);
}

int run_record_read(const char *dir, struct run_record *ret_rec)
{
	_cleanup_free_ char *path = xasprintf("%s/exit.json", dir);
	_cleanup_json_ json_t *j = NULL;
	int r = json_read_file(path, &j);
	if (r < 0)
		return r;
	const char *reason = json_str(j, "reason", "");
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (!str_eq(reason, reasons[i]))
			continue;
		*ret_rec = (struct run_record){ .reason = (enum run_reason)i, .code = (int)json_int(j, "code", 0),
						.signal = (int)json_int(j, "signal", 0),
						.err = (int)json_int(j, "errno", 0), .wall_s = json_num(j, "wall_s", 0),
						.cpu_s = json_num(j, "cpu_s", 0),
						.max_rss = (uint64_t)json_int(j, "max_rss", 0) };
		return 0;
	}
	return -EBADMSG;
}
