/* cancel, retry, hold, release, republish, priority: a request through the door, and a
 * while of waiting for its outcome. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "client/door.h"
#include "client/spooler.h"
#include "webui/server/web.h"

#define WAIT_S 5.0
#define LOOK_S 0.05

/* Nobody waits for one that is not there. */
static bool spooler_runs(struct web *w)
{
	struct spooler s = { 0 };
	struct queue *q = pool_try(w->pool);
	if (q)
		spooler_look(q, &s);
	pool_put(w->pool, q);
	bool running = s.running;
	spooler_release(&s);
	return running;
}

static bool wait_outcome(struct web *w, const char *uuid, bool *ret_ok, char **ret_words)
{
	struct timespec nap = { 0, (long)(LOOK_S * 1e9) };
	for (int i = 0; i < (int)(WAIT_S / LOOK_S); i++) {
		struct queue *q = pool_try(w->pool);
		bool there = q && queue_request_get(q, uuid, ret_ok, ret_words) == 0;
		pool_put(w->pool, q);
		if (there)
			return true;
		nanosleep(&nap, NULL);
	}
	return false;
}

static char *value_of(struct http_request *rq)
{
	_cleanup_json_ json_t *body = json_loadb(rq->body.s, rq->body.len, 0, NULL);
	const json_t *v = json_object_get(body, "value");
	return json_is_string(v) ? xstrdup(json_string_value(v))
	     : json_is_integer(v) ? xasprintf("%lld", (long long)json_integer_value(v)) : NULL;
}

void verbs_do(struct http_request *rq)
{
	const char *verb = strrchr(rq->path, '/') + 1;
	char uuid[UUID_LEN + 1];
	bool ok = false;
	_cleanup_free_ char *words = NULL, *error = NULL;
	_cleanup_free_ char *value = str_eq(verb, "priority") ? value_of(rq) : NULL;
	if (!id_valid(rq->id)) {
		http_error(rq, 404, "job-not-found", "Job not found", "There is no such job.");
		return;
	}
	if (str_eq(verb, "priority") && !value) {
		http_field_error(rq, "value", "missing", NULL, "Field required: a number from -10 to 10, or low, normal, high.");
		return;
	}
	if (door_request(rq->web->conf, verb, rq->id, value, uuid, &error) < 0) {
		log_event(LOG_ERROR, "not-asked", "job", rq->id, "error", error, NULL);
		http_error(rq, 503, "not-taken", "Not taken", "The server cannot pass this on: see its log.");
	} else if (spooler_runs(rq->web) && wait_outcome(rq->web, uuid, &ok, &words))
		http_reply_json(rq, 200, json_pack("{s:b,s:o}", "ok", ok, "outcome", json_text(words)));
	else
		http_reply_json(rq, 202, json_pack("{s:n,s:s}", "ok", "outcome",
			"The spooler has not answered yet. It does what was asked when it is there."));
}
