/* The rows of the queue checked against each other, and SQLite's own check of the
 * file. Each rule finds what makes no sense, in a sentence, and says how it is mended
 * without losing a job. */
#include "queue/internal.h"

#include <errno.h>

#include "base/clock.h"

/* find: one column, the sentence. */
static const struct { const char *find, *mend; } rules[] = {
	{ "SELECT 'the job in row '||job_row||' rests on the step '||substr(key,1,12)||'..., which has no row' FROM job_step"
	  " WHERE NOT EXISTS(SELECT 1 FROM step s WHERE s.key=job_step.key)",
	  "DELETE FROM job_step WHERE NOT EXISTS(SELECT 1 FROM step s WHERE s.key=job_step.key)" },
	{ "SELECT 'the step '||substr(key,1,12)||'... is held by a job that has no row ('||job_row||')' FROM job_step"
	  " WHERE NOT EXISTS(SELECT 1 FROM job j WHERE j.row=job_step.job_row)",
	  "DELETE FROM job_step WHERE NOT EXISTS(SELECT 1 FROM job j WHERE j.row=job_step.job_row)" },
	{ "SELECT 'the job '||id||' is part of a batch that has no row ('||batch_row||')' FROM job WHERE batch_row>0"
	  " AND NOT EXISTS(SELECT 1 FROM batch b WHERE b.row=job.batch_row)",
	  "UPDATE job SET batch_row=0 WHERE batch_row>0 AND NOT EXISTS(SELECT 1 FROM batch b WHERE b.row=job.batch_row)" },
	{ "SELECT 'the batch '||id||' ('||outname||') has no jobs' FROM batch WHERE NOT EXISTS(SELECT 1 FROM job j"
	  " WHERE j.batch_row=batch.row AND j.batch_row>0) AND NOT EXISTS(SELECT 1 FROM batch c WHERE"
	  " c.parent_row=batch.row AND c.parent_row>0)",
	  "DELETE FROM batch WHERE NOT EXISTS(SELECT 1 FROM job j WHERE j.batch_row=batch.row AND j.batch_row>0) AND NOT"
	  " EXISTS(SELECT 1 FROM batch c WHERE c.parent_row=batch.row AND c.parent_row>0)" },
	{ "SELECT 'a file is noted as taken for the job '||job_id||', which has no row' FROM claim WHERE NOT EXISTS(SELECT 1"
	  " FROM job j WHERE j.id=claim.job_id) AND NOT EXISTS(SELECT 1 FROM batch b WHERE b.id=claim.job_id)",
	  "DELETE FROM claim WHERE NOT EXISTS(SELECT 1 FROM job j WHERE j.id=claim.job_id) AND NOT EXISTS(SELECT 1 FROM"
	  " batch b WHERE b.id=claim.job_id)" },
	{ "SELECT 'the step '||substr(key,1,12)||'... has the state '||state||', which is none' FROM step"
	  " WHERE typeof(state)<>'integer' OR state NOT IN (0,1,2,3,4)",
	  "UPDATE step SET state=0 WHERE typeof(state)<>'integer' OR state NOT IN (0,1,2,3,4)" },
	/* The job that comes instead tells that it is so, as a refusal. */
	{ "SELECT 'the batch '||id||' ('||outname||') lacks '||unmade||' records, and the job that makes them has no row' FROM"
	  " batch WHERE unmade>0 AND NOT EXISTS(SELECT 1 FROM job j WHERE j.id=batch.id)",
	  "INSERT INTO job(id,batch_row,record,state,stage,name,outname,source,sha256,options,priority,reason,remedy,created,"
	  "updated) SELECT id,parent_row,record,0,'read',name,outname,source,sha256,'{}',100,'Of '||total||' molecules in the"
	  " file, the last '||unmade||' were lost from the queue.','Drop these molecules again.',created,created FROM batch"
	  " WHERE unmade>0 AND NOT EXISTS(SELECT 1 FROM job j WHERE j.id=batch.id)" },
	{ "SELECT 'the job '||id||' has the state '||state||', which is none' FROM job"
	  " WHERE typeof(state)<>'integer' OR state NOT IN (0,1,2,3,4,5,6)", NULL },
};

static int each_line(struct queue *q, const char *sql, queue_line_fn fn, void *arg)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(q->db, sql, -1, &st, NULL);
	int r = rc == SQLITE_OK ? 0 : queue_fail(q, rc);
	while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
		r = fn((const char *)sqlite3_column_text(st, 0), arg);
	if (r == 0 && rc != SQLITE_DONE)
		r = queue_fail(q, rc);
	sqlite3_finalize(st);
	return r;
}

int queue_check_file(struct queue *q, queue_line_fn fn, void *arg)
{
	/* Not pragma_integrity_check(20): newer SQLite takes the number for a table's name. */
	return each_line(q, "SELECT * FROM pragma_integrity_check WHERE integrity_check<>'ok' LIMIT 20", fn, arg);
}

int queue_check_rows(struct queue *q, queue_line_fn fn, void *arg)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rules); i++)
		r = each_line(q, rules[i].find, fn, arg);
	return r;
}

int queue_mend_rows(struct queue *q)
{
	int n, r = queue_begin(q);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rules); i++)
		if (rules[i].mend)
			r = queue_run(q, queue_prepare(q, rules[i].mend));
	if (r == 0)
		r = queue_job_mend_states(q, &n);
	if (r == 0)
		return queue_commit(q);
	queue_rollback(q);
	return r;
}

bool queue_step_is_held(struct queue *q, const char *key)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT 1 FROM job_step WHERE key=?1 LIMIT 1");
	queue_bind_text(st, 1, key);
	return queue_any(q, st);
}

int queue_step_add_done(struct queue *q, const struct step *s)
{
	sqlite3_stmt *st = queue_prepare(q, "INSERT INTO step(key,kind,label,program,version,state,created,finished)"
					    " VALUES(?1,?2,?3,?4,?5,2,?6,?6) ON CONFLICT(key) DO NOTHING");
	if (!st)
		return -EIO;
	queue_bind_text(st, 1, s->key);
	queue_bind_text(st, 2, s->kind);
	queue_bind_text(st, 3, s->label);
	queue_bind_text(st, 4, s->program);
	queue_bind_text(st, 5, s->version);
	sqlite3_bind_double(st, 6, clock_wall());
	return queue_run(q, st);
}

bool queue_batch_has_id(struct queue *q, const char *id)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT 1 FROM batch WHERE id=?1");
	queue_bind_text(st, 1, id);
	return queue_any(q, st);
}
