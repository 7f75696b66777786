/* Jobs: the list, and one of them. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "client/door.h"
#include "client/job-json.h"
#include "webui/server/web.h"

#define LIST_DEFAULT 50
#define LIST_MAX 500

/* ---- one */

/* Handed in, and not yet taken: it reads as queued. */
static bool from_door(struct http_request *rq, struct job *j)
{
	struct stat st;
	_cleanup_free_ char *dir = xasprintf("%s/%s", rq->web->conf->door, rq->id);
	if (!id_valid(rq->id) || stat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	job_init(j);
	memcpy(j->id, rq->id, sizeof(j->id));
	j->state = JOB_QUEUED;
	j->created = (double)st.st_mtim.tv_sec;
	j->updated = j->created;
	j->options = json_object();
	return true;
}

static bool is_batch(struct queue *q, const char *id)
{
	_cleanup_(batch_release) struct batch b;
	batch_init(&b);
	return q && queue_batch_by_id(q, id, &b) == 0;
}

bool jobs_get(struct http_request *rq, struct queue *q, struct job *ret_j, bool *ret_in_door)
{
	*ret_in_door = false;
	job_init(ret_j);
	if (id_valid(rq->id) && q && queue_job_get(q, rq->id, ret_j) == 0)
		return true;
	*ret_in_door = from_door(rq, ret_j);
	if (*ret_in_door)
		return true;
	/* Taken between the two looks. */
	if (id_valid(rq->id) && q && queue_job_get(q, rq->id, ret_j) == 0)
		return true;
	if (!q)
		http_error(rq, 503, "no-queue", "No queue", "The queue cannot be read now.");
	else if (id_valid(rq->id) && is_batch(q, rq->id))
		http_error(rq, 404, "job-is-batch", "Not a job", "This id is that of a batch; its jobs have ids of their own.");
	else
		http_error(rq, 404, "job-not-found", "Job not found", "There is no job %.40s.", rq->id);
	return false;
}

static json_t *batch_of(struct web *w, struct queue *q, const char *id)
{
	_cleanup_(batch_release) struct batch b;
	batch_init(&b);
	json_t *o = q && id_valid(id) && queue_batch_by_id(q, id, &b) == 0 ? batch_json(w->conf, &b) : NULL;
	json_object_del(o, "folder");
	return o;
}

static void batch_id_of(struct queue *q, long long row, char ret_id[ID_LEN + 1])
{
	_cleanup_(batch_release) struct batch b;
	batch_init(&b);
	*ret_id = '\0';
	if (q && row && queue_batch_get(q, row, &b) == 0)
		memcpy(ret_id, b.id, ID_LEN + 1);
}

static void reply_job(struct http_request *rq, struct queue *q, const struct job *j)
{
	char batch[ID_LEN + 1];
	json_t *o = peer_job(rq->web, q, j);
	batch_id_of(q, j->batch_row, batch);
	json_object_set_new(o, "batch", *batch ? json_string(batch) : json_null());
	http_reply_json(rq, 200, o);
}

void jobs_one(struct http_request *rq)
{
	bool in_door;
	_cleanup_(job_release) struct job j;
	struct queue *q = pool_try(rq->web->pool);
	json_t *batch = batch_of(rq->web, q, rq->id);
	job_init(&j);
	if (batch)
		http_reply_json(rq, 200, batch);
	else if (jobs_get(rq, q, &j, &in_door))
		reply_job(rq, in_door ? NULL : q, &j);
	pool_put(rq->web->pool, q);
}

/* ---- the list */

struct list { struct web *w; struct queue *q; json_t *jobs; long long last; size_t n, max; long long batch_row; char batch[ID_LEN + 1]; };

/* Of one batch many jobs stand together. */
static json_t *batch_id(struct list *l, long long row)
{
	if (!row)
		return json_null();
	if (row != l->batch_row)
		batch_id_of(l->q, row, l->batch);
	l->batch_row = row;
	return *l->batch ? json_string(l->batch) : json_null();
}

static int add_job(const struct job *j, void *arg)
{
	struct list *l = arg;
	if (l->n++ >= l->max)
		return 1;
	json_t *o = job_json(l->w->conf, j);
	/* Where the outbox lies on the server and who gets mail are not for everybody. */
	json_object_del(o, "folder");
	json_object_del(json_object_get(o, "options"), "notify");
	json_object_set_new(o, "batch", batch_id(l, j->batch_row));
	json_array_append_new(l->jobs, o);
	l->last = j->row;
	return 0;
}

static int state_bit(const char *name)
{
	for (int s = 0; s < JOB_STATE_COUNT; s++)
		if (str_eq(name, job_state_to_string((enum job_state)s)))
			return 1 << s;
	return 0;
}

static bool take_states(struct http_request *rq, struct job_filter *f)
{
	const char *typed = http_query(rq, "state");
	_cleanup_free_ char *list = xstrdup(typed ? typed : "");
	char *rest = list;
	for (char *word; (word = strsep(&rest, ","));) {
		int bit = *word ? state_bit(word) : 0;
		if (*word && !bit) {
			http_field_error(rq, "state", "unknown-state", word,
					 "state is one or several of queued, running, publishing, done, failed, cancelled, held.");
			return false;
		}
		f->states |= (unsigned)bit;
	}
	return true;
}

static bool take_number(struct http_request *rq, const char *name, long lo, long hi, long *v)
{
	const char *typed = http_query(rq, name);
	if (!typed || !*typed)
		return true;
	if (str_to_long(typed, v) == 0 && *v >= lo && *v <= hi)
		return true;
	http_field_error(rq, name, "not-a-number", typed, "%s is a number from %ld to %ld.", name, lo, hi);
	return false;
}

/* The batch that is asked for; false: there is none, which was answered. */
static bool take_batch(struct http_request *rq, struct queue *q, struct job_filter *f)
{
	const char *id = http_query(rq, "batch");
	_cleanup_(batch_release) struct batch b = { 0 };
	if (!id || !*id)
		return true;
	if (!id_valid(id) || queue_batch_by_id(q, id, &b) < 0) {
		http_error(rq, 404, "job-not-found", "Not found", "There is no batch of this id.");
		return false;
	}
	f->batch_row = b.row;
	return true;
}

static void send_list(struct http_request *rq, const struct buf *b)
{
	http_reply_text(rq, 200, "application/json", b->s, b->len);
	http_add_header(rq, "Cache-Control", "no-store");
}

void jobs_list(struct http_request *rq)
{
	long limit = LIST_DEFAULT, before = 0;
	long long version;
	const char *batch = http_query(rq, "batch");
	struct job_filter f = { .text = http_query(rq, "q") };
	int count[JOB_STATE_COUNT] = { 0 };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	if (!take_states(rq, &f) || !take_number(rq, "limit", 1, LIST_MAX, &limit) ||
	    !take_number(rq, "before", 1, LONG_MAX, &before))
		return;
	_cleanup_free_ char *key = xasprintf("%u %ld %ld %s %s", f.states, limit, before, batch ? batch : "", f.text ? f.text : "");
	if (cache_get(rq->web->cache, key, &b, &version)) {
		send_list(rq, &b);
		return;
	}
	struct queue *q = pool_get(rq);
	if (!q || !take_batch(rq, q, &f)) {
		pool_put(rq->web->pool, q);
		return;
	}
	struct list l = { .w = rq->web, .q = q, .jobs = json_array(), .max = (size_t)limit };
	f.limit = (int)limit + 1;
	f.before_row = before;
	f.text = f.text && *f.text ? f.text : NULL;
	queue_job_each(q, &f, add_job, &l);
	queue_job_counts(q, count);
	pool_put(rq->web->pool, q);
	_cleanup_free_ char *next = l.n > l.max ? xasprintf("%lld", l.last) : NULL;
	_cleanup_json_ json_t *page = json_pack("{s:o,s:o,s:o}", "jobs", l.jobs, "counts", counts_json(count),
						"next", next ? json_string(next) : json_null());
	json_add_to(&b, page, false);
	cache_put(rq->web->cache, key, version, &b);
	send_list(rq, &b);
}
