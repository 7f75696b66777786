/* Notices: what somebody is to be told, until it was told. A row is written with the
 * change of state that it tells of and removed when it was sent. And the question that
 * comes before: has the whole batch ended? */
#include "queue/internal.h"

#include <errno.h>

#include "base/clock.h"

void notice_init(struct notice *n) { *n = (struct notice){ 0 }; }

void notice_release(struct notice *n)
{
	char *s[] = { n->kind, n->target, n->event, n->about, n->body };
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		free(s[i]);
	notice_init(n);
}

int queue_notice_add(struct queue *q, struct notice *n)
{
	sqlite3_stmt *st = queue_prepare(q, "INSERT INTO notice(kind,target,event,about,body,due,created)"
					    " VALUES(?1,?2,?3,?4,?5,?6,?6)");
	if (!st)
		return -EIO;
	const char *text[] = { n->kind, n->target, n->event, n->about, n->body };
	for (int i = 0; i < (int)ARRAY_SIZE(text); i++)
		queue_bind_text(st, 1 + i, text[i]);
	sqlite3_bind_double(st, 6, clock_wall());
	int r = queue_run(q, st);
	if (r == 0)
		n->row = sqlite3_last_insert_rowid(q->db);
	return r;
}

static int one_notice(struct queue *q, sqlite3_stmt *st, struct notice *ret_n)
{
	int r = queue_row(q, st);
	if (r <= 0)
		return r == 0 ? -ENOENT : r;
	notice_init(ret_n);
	ret_n->row = sqlite3_column_int64(st, 0);
	char **text[] = { &ret_n->kind, &ret_n->target, &ret_n->event, &ret_n->about, &ret_n->body };
	for (int i = 0; i < (int)ARRAY_SIZE(text); i++)
		*text[i] = queue_column_dup(st, 1 + i);
	ret_n->tries = sqlite3_column_int(st, 6);
	queue_done(st);
	return 0;
}

#define NOTICE_COLUMNS "row,kind,target,event,about,body,tries"

int queue_notice_next(struct queue *q, const char *kind, double now, double farthest, struct notice *ret_n)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT " NOTICE_COLUMNS " FROM notice WHERE kind=?1 AND due<=?2"
					    " ORDER BY due,row LIMIT 1");
	if (!st)
		return -EIO;
	queue_bind_text(st, 1, kind);
	sqlite3_bind_double(st, 2, now);
	int r = one_notice(q, st, ret_n);
	if (r != -ENOENT)
		return r;
	st = queue_prepare(q, "SELECT " NOTICE_COLUMNS " FROM notice WHERE kind=?1 AND due>?2 ORDER BY due,row LIMIT 1");
	if (!st)
		return -EIO;
	queue_bind_text(st, 1, kind);
	sqlite3_bind_double(st, 2, now + farthest);
	return one_notice(q, st, ret_n);
}

int queue_notice_due(struct queue *q, const char *kind, double *ret_due)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT due FROM notice WHERE kind=?1 ORDER BY due LIMIT 1");
	queue_bind_text(st, 1, kind);
	int r = queue_row(q, st);
	if (r <= 0)
		return r == 0 ? -ENOENT : r;
	*ret_due = sqlite3_column_double(st, 0);
	queue_done(st);
	return 0;
}

int queue_notice_later(struct queue *q, long long row, double due, const char *error)
{
	sqlite3_stmt *st = queue_prepare(q, "UPDATE notice SET tries=tries+1,due=?2,error=?3 WHERE row=?1");
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_double(st, 2, due);
	queue_bind_text(st, 3, error);
	return queue_run(q, st);
}

int queue_notice_remove(struct queue *q, long long row)
{
	sqlite3_stmt *st = queue_prepare(q, "DELETE FROM notice WHERE row=?1");
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, row);
	return queue_run(q, st);
}

int queue_notice_drop(struct queue *q, const char *kind, int *ret_n)
{
	if (!queue_notice_count(q, kind, ret_n, NULL, NULL))
		return 0;
	sqlite3_stmt *st = queue_prepare(q, "DELETE FROM notice WHERE kind=?1");
	queue_bind_text(st, 1, kind);
	return queue_run(q, st);
}

bool queue_notice_count(struct queue *q, const char *kind, int *ret_n, int *ret_tried, char **ret_error)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT count(*),coalesce(sum(tries>0),0),(SELECT error FROM notice WHERE kind=?1"
					    " AND tries>0 ORDER BY tries DESC,row DESC LIMIT 1) FROM notice WHERE kind=?1");
	queue_bind_text(st, 1, kind);
	*ret_n = 0;
	if (queue_row(q, st) != 1)
		return false;
	*ret_n = sqlite3_column_int(st, 0);
	if (ret_tried)
		*ret_tried = sqlite3_column_int(st, 1);
	if (ret_error)
		*ret_error = queue_column_dup(st, 2);
	queue_done(st);
	return *ret_n > 0;
}

/* ---- batches that have ended */

int queue_batch_outermost(struct queue *q, const struct job *j, long long *ret_row)
{
	/* The job that is still making a batch's jobs has the batch's id. */
	sqlite3_stmt *st = queue_prepare(q,
		"WITH RECURSIVE outer(row,parent) AS (SELECT row,parent_row FROM batch WHERE row=?1 UNION SELECT b.row,"
		"b.parent_row FROM batch b JOIN outer o ON b.row=o.parent WHERE o.parent>0),"
		" own(row) AS (SELECT row FROM batch WHERE id=?2 AND ?1=0)"
		" SELECT row FROM outer WHERE parent=0 UNION ALL SELECT row FROM own LIMIT 1");
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, j->batch_row);
	queue_bind_text(st, 2, j->id);
	int r = queue_row(q, st);
	if (r <= 0)
		return r == 0 ? -ENOENT : r;
	*ret_row = sqlite3_column_int64(st, 0);
	queue_done(st);
	return 0;
}

bool queue_batch_has_ended(struct queue *q, long long row)
{
	/* Each part by the index of what is alive, however many have ended. */
	sqlite3_stmt *st = queue_prepare(q,
		"WITH RECURSIVE inner(row) AS (SELECT ?1 UNION SELECT b.row FROM batch b JOIN inner i ON b.parent_row=i.row"
		" AND b.parent_row>0) SELECT 1 FROM job WHERE id=(SELECT id FROM batch WHERE row=?1) AND state NOT IN (3,4,5)"
		" UNION ALL SELECT 1 FROM inner i JOIN job j INDEXED BY job_live_batch ON j.batch_row=i.row AND j.batch_row>0"
		" AND j.state NOT IN (3,4,5) LIMIT 1");
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, row);
	int r = queue_row(q, st);
	if (r == 1)
		queue_done(st);
	return r == 0;
}
