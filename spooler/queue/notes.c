/* Small tables: claims of intake, requests and their outcome, facts. */
#include "queue/internal.h"

#include <errno.h>

#include "base/clock.h"

int queue_claim_find(struct queue *q, const char *key, char ret_job_id[ID_LEN + 1])
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT job_id FROM claim WHERE key=?1");
	queue_bind_text(st, 1, key);
	int r = queue_row(q, st);
	if (r <= 0)
		return r == 0 ? -ENOENT : r;
	snprintf(ret_job_id, ID_LEN + 1, "%s", (const char *)sqlite3_column_text(st, 0));
	queue_done(st);
	return 0;
}

int queue_claim_add(struct queue *q, const char *key, const char *job_id, const char *mount)
{
	sqlite3_stmt *st = queue_prepare(q, "INSERT INTO claim(key,job_id,created,mount) VALUES(?1,?2,?3,?4)");
	if (!st)
		return -EIO;
	queue_bind_text(st, 1, key);
	queue_bind_text(st, 2, job_id);
	sqlite3_bind_double(st, 3, clock_wall());
	queue_bind_text(st, 4, mount);
	return queue_run(q, st);
}

int queue_claim_each(struct queue *q, queue_claim_fn fn, void *arg)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(q->db, "SELECT c.key,c.job_id,coalesce(j.source,b.source),c.mount FROM claim c"
				    " LEFT JOIN job j ON j.id=c.job_id LEFT JOIN batch b ON b.id=c.job_id",
				    -1, &st, NULL);
	int r = rc == SQLITE_OK ? 0 : queue_fail(q, rc);
	while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
		r = fn((const char *)sqlite3_column_text(st, 0), (const char *)sqlite3_column_text(st, 1),
		       (const char *)sqlite3_column_text(st, 2), (const char *)sqlite3_column_text(st, 3), arg);
	if (r == 0 && rc != SQLITE_DONE)
		r = queue_fail(q, rc);
	sqlite3_finalize(st);
	return r;
}

int queue_claim_remove(struct queue *q, const char *key)
{
	sqlite3_stmt *st = queue_prepare(q, "DELETE FROM claim WHERE key=?1");
	queue_bind_text(st, 1, key);
	return queue_run(q, st);
}

int queue_request_done(struct queue *q, const char *uuid, const char *verb, const char *target, bool ok,
		       const char *outcome)
{
	sqlite3_stmt *st = queue_prepare(q, "INSERT OR REPLACE INTO request(uuid,verb,target,ok,outcome,"
					    "created) VALUES(?1,?2,?3,?4,?5,?6)");
	if (!st)
		return -EIO;
	queue_bind_text(st, 1, uuid);
	queue_bind_text(st, 2, verb);
	queue_bind_text(st, 3, target);
	sqlite3_bind_int(st, 4, ok);
	queue_bind_text(st, 5, outcome);
	sqlite3_bind_double(st, 6, clock_wall());
	return queue_run(q, st);
}

int queue_request_get(struct queue *q, const char *uuid, bool *ret_ok, char **ret_outcome)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT ok,outcome FROM request WHERE uuid=?1");
	queue_bind_text(st, 1, uuid);
	int r = queue_row(q, st);
	if (r <= 0)
		return r == 0 ? -ENOENT : r;
	*ret_ok = sqlite3_column_int(st, 0) != 0;
	*ret_outcome = queue_column_dup(st, 1);
	queue_done(st);
	return 0;
}

int queue_fact_set(struct queue *q, const char *name, const char *value)
{
	sqlite3_stmt *st = queue_prepare(q, "INSERT INTO fact(name,value) VALUES(?1,?2)"
					    " ON CONFLICT(name) DO UPDATE SET value=excluded.value");
	queue_bind_text(st, 1, name);
	queue_bind_text(st, 2, value);
	return queue_run(q, st);
}

int queue_fact_get(struct queue *q, const char *name, char **ret_value)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT value FROM fact WHERE name=?1");
	queue_bind_text(st, 1, name);
	int r = queue_row(q, st);
	if (r <= 0)
		return r == 0 ? -ENOENT : r;
	*ret_value = queue_column_dup(st, 0);
	queue_done(st);
	return 0;
}

int queue_keep_forget(struct queue *q, double before)
{
	sqlite3_stmt *st = queue_prepare(q, "DELETE FROM batch WHERE created<?1 AND NOT EXISTS(SELECT 1 FROM job"
		" WHERE batch_row=batch.row AND batch_row>0) AND NOT EXISTS(SELECT 1 FROM batch c WHERE"
		" c.parent_row=batch.row AND c.parent_row>0)");
	if (!st)
		return -EIO;
	sqlite3_bind_double(st, 1, before);
	int r = queue_run(q, st);
	if (r < 0)
		return r;
	st = queue_prepare(q, "DELETE FROM request WHERE created<?1");
	if (!st)
		return -EIO;
	sqlite3_bind_double(st, 1, before);
	return queue_run(q, st);
}
