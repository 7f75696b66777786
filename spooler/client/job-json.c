/* See job-json.h. */
#include "client/job-json.h"

#include "base/clock.h"

char *job_folder(const struct conf *conf, const struct job *j)
{
	if (j->state == JOB_CANCELLED || !j->outname)
		return NULL;
	const char *tail = j->state == JOB_DONE ? "" : j->state == JOB_FAILED ? ".failed" : ".running";
	return xasprintf("%s/%s%s", conf->outbox, j->outname, tail);
}

json_t *time_json(double wall)
{
	char iso[CLOCK_ISO_LEN];
	if (!(wall > 0))
		return json_null();
	clock_iso(wall, iso);
	return json_string(iso);
}

static json_t *text_or_null(const char *s) { return s ? json_text(s) : json_null(); }

json_t *counts_json(const int count[JOB_STATE_COUNT])
{
	json_t *j = json_object();
	for (int s = 0; s < JOB_STATE_COUNT; s++)
		json_object_set_new(j, job_state_to_string((enum job_state)s), json_integer(count[s]));
	return j;
}

json_t *job_json(const struct conf *conf, const struct job *j)
{
	_cleanup_free_ char *folder = job_folder(conf, j);
	json_t *o = json_object();
	json_object_set_new(o, "id", json_string(j->id));
	json_object_set_new(o, "name", text_or_null(j->name));
	json_object_set_new(o, "state", json_string(job_state_to_string(j->state)));
	json_object_set_new(o, "stage", text_or_null(j->stage));
	json_object_set_new(o, "detail", text_or_null(j->detail));
	json_object_set_new(o, "progress", json_real(j->progress));
	json_object_set_new(o, "left_s", j->eta_s >= 0 ? json_real(j->eta_s) : json_null());
	json_object_set_new(o, "steps_done", json_integer(j->steps_done));
	json_object_set_new(o, "steps_total", json_integer(j->steps_total));
	json_object_set_new(o, "reason", text_or_null(j->reason));
	json_object_set_new(o, "remedy", text_or_null(j->remedy));
	json_object_set_new(o, "outname", text_or_null(j->outname));
	json_object_set_new(o, "folder", text_or_null(folder));
	json_object_set_new(o, "source", text_or_null(j->source));
	json_object_set_new(o, "record", j->record ? json_integer(j->record) : json_null());
	json_object_set_new(o, "owner", text_or_null(j->owner));
	json_object_set_new(o, "priority", json_integer(j->priority));
	json_object_set_new(o, "attempt", json_integer(j->attempt));
	json_object_set_new(o, "created", time_json(j->created));
	json_object_set_new(o, "started", time_json(j->started));
	json_object_set_new(o, "finished", time_json(j->finished));
	json_object_set_new(o, "updated", time_json(j->updated));
	json_object_set_new(o, "options", json_deep_copy(j->options));
	return o;
}

json_t *batch_json(const struct conf *conf, const struct batch *s)
{
	_cleanup_free_ char *folder = xasprintf("%s/%s", conf->outbox, s->outname);
	json_t *o = json_object();
	json_object_set_new(o, "id", json_string(s->id));
	json_object_set_new(o, "batch", json_true());
	json_object_set_new(o, "name", text_or_null(s->name));
	json_object_set_new(o, "outname", text_or_null(s->outname));
	json_object_set_new(o, "folder", text_or_null(folder));
	json_object_set_new(o, "source", text_or_null(s->source));
	json_object_set_new(o, "total", json_integer(s->total));
	json_object_set_new(o, "unmade", json_integer(s->unmade));
	json_object_set_new(o, "created", time_json(s->created));
	json_object_set_new(o, "counts", counts_json(s->count));
	return o;
}
