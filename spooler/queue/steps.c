/* Rows of steps, and which jobs wait for which. */
#include "queue/internal.h"

#include <errno.h>

#include "base/clock.h"

void step_init(struct step *s) { *s = (struct step){ 0 }; }

void step_release(struct step *s)
{
	char *t[] = { s->kind, s->label, s->program, s->version, s->cause, s->detail };
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		free(t[i]);
	step_init(s);
}

#define STEP_COLUMNS \
	"s.key,s.kind,s.label,s.program,s.version,s.state,s.cause,s.detail,s.attempts,s.ranks," \
	"s.est_s,s.wall_s,s.cpu_s,s.created,s.started,s.finished"
#define STEP_NCOLUMNS 16

static void read_step(sqlite3_stmt *st, struct step *s)
{
	step_init(s);
	snprintf(s->key, sizeof(s->key), "%s", (const char *)sqlite3_column_text(st, 0));
	s->kind = queue_column_dup(st, 1);
	s->label = queue_column_dup(st, 2);
	s->program = queue_column_dup(st, 3);
	s->version = queue_column_dup(st, 4);
	s->state = (enum step_state)sqlite3_column_int(st, 5);
	if ((unsigned)s->state >= STEP_STATE_COUNT)
		s->state = STEP_READY;   /* damaged: computed again rather than believed */
	s->cause = queue_column_dup(st, 6);
	s->detail = queue_column_dup(st, 7);
	s->attempts = sqlite3_column_int(st, 8);
	s->ranks = sqlite3_column_int(st, 9);
	s->est_s = sqlite3_column_double(st, 10);
	s->wall_s = sqlite3_column_double(st, 11);
	s->cpu_s = sqlite3_column_double(st, 12);
	s->created = sqlite3_column_double(st, 13);
	s->started = sqlite3_column_double(st, 14);
	s->finished = sqlite3_column_double(st, 15);
}

int queue_step_need(struct queue *q, struct step *s, long long job_row, const char *stage, int ord)
{
	sqlite3_stmt *st = queue_prepare(q,
		"INSERT INTO step(key,kind,label,program,version,state,est_s,created)"
		" VALUES(?1,?2,?3,?4,?5,0,?6,?7) ON CONFLICT(key) DO NOTHING");
	if (!st)
		return -EIO;
	queue_bind_text(st, 1, s->key);
	queue_bind_text(st, 2, s->kind);
	queue_bind_text(st, 3, s->label);
	queue_bind_text(st, 4, s->program);
	queue_bind_text(st, 5, s->version);
	sqlite3_bind_double(st, 6, s->est_s);
	sqlite3_bind_double(st, 7, clock_wall());
	int r = queue_run(q, st);
	if (r < 0)
		return r;
	st = queue_prepare(q, "INSERT INTO job_step(job_row,key,stage,ord) VALUES(?1,?2,?3,?4)"
			      " ON CONFLICT(job_row,key) DO NOTHING");
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, job_row);
	queue_bind_text(st, 2, s->key);
	queue_bind_text(st, 3, stage);
	sqlite3_bind_int(st, 4, ord);
	return queue_run(q, st);
}

int queue_step_get(struct queue *q, const char *key, struct step *ret_s)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT " STEP_COLUMNS " FROM step s WHERE s.key=?1");
	queue_bind_text(st, 1, key);
	int r = queue_row(q, st);
	if (r <= 0)
		return r == 0 ? -ENOENT : r;
	read_step(st, ret_s);
	queue_done(st);
	return 0;
}

int queue_step_start(struct queue *q, const char *key, int ranks)
{
	sqlite3_stmt *st = queue_prepare(q, "UPDATE step SET state=1,ranks=?2,started=?3,"
					    "attempts=attempts+1 WHERE key=?1");
	if (!st)
		return -EIO;
	queue_bind_text(st, 1, key);
	sqlite3_bind_int(st, 2, ranks);
	sqlite3_bind_double(st, 3, clock_wall());
	return queue_run(q, st);
}

int queue_step_finish(struct queue *q, const char *key, enum step_state state, const char *cause,
		      const char *detail, double wall_s, double cpu_s)
{
	sqlite3_stmt *st = queue_prepare(q, "UPDATE step SET state=?2,cause=?3,detail=?4,wall_s=wall_s+?5,"
					    "cpu_s=cpu_s+?6,finished=?7,synced=(?2<>2) WHERE key=?1");
	if (!st)
		return -EIO;
	queue_bind_text(st, 1, key);
	sqlite3_bind_int(st, 2, (int)state);
	queue_bind_text(st, 3, cause);
	queue_bind_text(st, 4, detail);
	sqlite3_bind_double(st, 5, wall_s);
	sqlite3_bind_double(st, 6, cpu_s);
	sqlite3_bind_double(st, 7, clock_wall());
	return queue_run(q, st);
}

/* A statement about the step of that key. */
static int for_key(struct queue *q, sqlite3_stmt *st, const char *key)
{
	queue_bind_text(st, 1, key);
	return queue_run(q, st);
}

int queue_step_adopt(struct queue *q, const char *key)
{
	sqlite3_stmt *st = queue_prepare(q, "UPDATE step SET state=2,finished=created,synced=0 WHERE key=?1 AND state<>2");
	queue_bind_text(st, 1, key);
	int r = queue_run(q, st);
	return r < 0 ? r : sqlite3_changes(q->db);
}

int queue_step_synced(struct queue *q, const char *key)
{
	return for_key(q, queue_prepare(q, "UPDATE step SET synced=1 WHERE key=?1 AND state=2"), key);
}

bool queue_step_unsynced(struct queue *q, const char *key)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT 1 FROM step WHERE key=?1 AND state=2 AND synced=0");
	queue_bind_text(st, 1, key);
	return queue_any(q, st);
}

int queue_step_reopen(struct queue *q, const char *key)
{
	return for_key(q, queue_prepare(q, "UPDATE step SET attempts=CASE state WHEN 3 THEN 0 ELSE attempts END,state=0,started=0,"
					    "finished=0,synced=1 WHERE key=?1 AND state NOT IN (0,1)"), key);
}

int queue_step_shelve(struct queue *q, const char *key)
{
	return for_key(q, queue_prepare(q, "UPDATE step SET state=4,started=0,finished=0,synced=1 WHERE key=?1"), key);
}

int queue_step_reset(struct queue *q, const char *key)
{
	return for_key(q, queue_prepare(q, "UPDATE step SET state=0,started=0,finished=0,synced=1 WHERE key=?1"), key);
}

int queue_step_recount(struct queue *q, const char *key)
{
	return for_key(q, queue_prepare(q, "UPDATE step SET attempts=(state=1) WHERE key=?1 AND state<>2"), key);
}

int queue_step_uncount(struct queue *q, const char *key)
{
	return for_key(q, queue_prepare(q, "UPDATE step SET attempts=max(attempts-1,0) WHERE key=?1"), key);
}

int queue_job_reread(struct queue *q, const char *step_key)
{
	sqlite3_stmt *st = queue_prepare(q, "UPDATE job SET input='intake/'||id||'/structure' WHERE batch_row=0 AND row IN"
					    " (SELECT job_row FROM job_step WHERE key=?1) AND input LIKE 'steps/__/'||?1||'/%'");
	queue_bind_text(st, 1, step_key);
	return queue_run(q, st);
}

/* Calls fn for every row of a bound, uncached statement (fn may use the queue). */
static int each_step(struct queue *q, sqlite3_stmt *st, queue_step_fn fn, void *arg)
{
	int r = 0, rc = SQLITE_DONE;
	while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct step s;
		read_step(st, &s);
		r = fn(&s, (const char *)sqlite3_column_text(st, STEP_NCOLUMNS), arg);
		step_release(&s);
	}
	if (r == 0 && rc != SQLITE_DONE)
		r = queue_fail(q, rc);
	sqlite3_finalize(st);
	return r;
}

static int prepare_once(struct queue *q, const char *sql, sqlite3_stmt **ret_st)
{
	int rc = sqlite3_prepare_v2(q->db, sql, -1, ret_st, NULL);
	return rc == SQLITE_OK ? 0 : queue_fail(q, rc);
}

int queue_step_each_of_job(struct queue *q, long long job_row, queue_step_fn fn, void *arg)
{
	sqlite3_stmt *st;
	int r = prepare_once(q, "SELECT " STEP_COLUMNS ",js.stage FROM job_step js JOIN step s ON s.key=js.key"
				" WHERE js.job_row=?1 ORDER BY js.ord", &st);
	if (r < 0)
		return r;
	sqlite3_bind_int64(st, 1, job_row);
	return each_step(q, st, fn, arg);
}

int queue_step_each_waiting(struct queue *q, enum step_state state, int limit, queue_step_fn fn, void *arg)
{
	/* Order: priority; then the owner, and then the batch, that has least running (round
	 * robin follows, since what starts counts at once); then age. */
	sqlite3_stmt *st;
	int r = prepare_once(q,
		"WITH running(owner,share,key) AS MATERIALIZED (SELECT DISTINCT j.owner,j.share,s.key FROM step s"
		"  JOIN job_step js ON js.key=s.key JOIN job j ON j.row=js.job_row WHERE s.state=1 AND j.state=1),"
		" busy(owner,n) AS (SELECT owner,count(DISTINCT key) FROM running GROUP BY owner),"
		" part(share,n) AS (SELECT share,count(*) FROM running GROUP BY share)"
		" SELECT " STEP_COLUMNS ",js.stage,max(j.priority) AS prio,"
		"  min(coalesce((SELECT n FROM busy WHERE busy.owner IS j.owner),0)) AS load,"
		"  min(coalesce((SELECT n FROM part WHERE part.share=j.share),0)) AS mine,"
		"  min(j.row) AS age, min(js.ord) AS ord"
		" FROM step s JOIN job_step js ON js.key=s.key JOIN job j ON j.row=js.job_row"
		" WHERE s.state=?1 AND s.state<2 AND j.state IN (1,2) GROUP BY s.key"
		" ORDER BY prio DESC,load,mine,age,ord LIMIT ?2", &st);
	if (r < 0)
		return r;
	sqlite3_bind_int(st, 1, (int)state);
	sqlite3_bind_int(st, 2, limit > 0 ? limit : -1);
	return each_step(q, st, fn, arg);
}

int queue_step_each_brief(struct queue *q, int limit, queue_step_fn fn, void *arg)
{
	sqlite3_stmt *st;
	int r = prepare_once(q, "SELECT " STEP_COLUMNS ",js.stage FROM step s JOIN job_step js ON js.key=s.key"
				" JOIN job j ON j.row=js.job_row WHERE s.state=0 AND s.state<2 AND j.state IN (1,2)"
				" AND js.stage IN ('read','prepare','report') GROUP BY s.key"
				" ORDER BY max(j.priority) DESC,min(j.row) LIMIT ?1", &st);
	if (r < 0)
		return r;
	sqlite3_bind_int(st, 1, limit);
	return each_step(q, st, fn, arg);
}

int queue_step_each(struct queue *q, enum step_state state, queue_step_fn fn, void *arg)
{
	sqlite3_stmt *st;
	/* The few open ones have an index. */
	int r = prepare_once(q, state < STEP_DONE ? "SELECT " STEP_COLUMNS ",'' FROM step s WHERE s.state=?1 AND s.state<2"
						  : "SELECT " STEP_COLUMNS ",'' FROM step s WHERE s.state=?1", &st);
	if (r < 0)
		return r;
	sqlite3_bind_int(st, 1, (int)state);
	return each_step(q, st, fn, arg);
}

int queue_step_each_unsafe(struct queue *q, queue_step_fn fn, void *arg)
{
	sqlite3_stmt *st;
	int r = prepare_once(q, "SELECT " STEP_COLUMNS ",'' FROM step s WHERE s.state<2"
				" UNION ALL SELECT " STEP_COLUMNS ",'' FROM step s WHERE s.synced=0 AND s.state=2", &st);
	return r < 0 ? r : each_step(q, st, fn, arg);
}

int queue_step_each_job(struct queue *q, const char *key, queue_row_fn fn, void *arg)
{
	sqlite3_stmt *st;
	int r = prepare_once(q, "SELECT j.row FROM job_step js JOIN job j ON j.row=js.job_row"
				" WHERE js.key=?1 AND j.state IN (0,1,2,6)", &st);
	if (r < 0)
		return r;
	queue_bind_text(st, 1, key);
	return queue_each_row(q, st, fn, arg);
}

/* A statement about what links that job (and that step; NULL: all of its steps). */
static sqlite3_stmt *bind_link(sqlite3_stmt *st, long long job_row, const char *key)
{
	if (st)
		sqlite3_bind_int64(st, 1, job_row);
	if (st && key)
		queue_bind_text(st, 2, key);
	return st;
}

static int for_link(struct queue *q, sqlite3_stmt *st, long long job_row, const char *key)
{
	return st ? queue_run(q, bind_link(st, job_row, key)) : -EIO;
}

int queue_job_unlink_steps(struct queue *q, long long job_row)
{
	return for_link(q, queue_prepare(q, "DELETE FROM job_step WHERE job_row=?1"), job_row, NULL);
}

int queue_step_gave_up(struct queue *q, const char *key, long long job_row)
{
	return for_link(q, queue_prepare(q, "UPDATE job_step SET failed=coalesce((SELECT cause FROM step WHERE key=?2),''),"
					    "failed_detail=(SELECT detail FROM step WHERE key=?2) WHERE job_row=?1 AND key=?2"
					    " AND failed IS NULL AND EXISTS(SELECT 1 FROM step WHERE key=?2 AND state=3)"),
			job_row, key);
}

int queue_step_each_gave_up(struct queue *q, long long job_row, queue_gave_up_fn fn, void *arg)
{
	/* Each walk of a job asks this: not prepared anew. fn does not ask the same. */
	sqlite3_stmt *st = bind_link(queue_prepare(q, "SELECT key,failed,failed_detail FROM job_step WHERE job_row=?1"
							" AND failed IS NOT NULL"), job_row, NULL);
	int r = 0, more;
	while (r == 0 && (more = queue_row(q, st)) != 0)
		r = more < 0 ? more : fn((const char *)sqlite3_column_text(st, 0), (const char *)sqlite3_column_text(st, 1),
					 (const char *)sqlite3_column_text(st, 2), arg);
	if (st)
		queue_done(st);
	return r;
}

int queue_job_hope_again(struct queue *q, long long job_row)
{
	return for_link(q, queue_prepare(q, "UPDATE job_step SET failed=NULL,failed_detail=NULL WHERE job_row=?1"
					    " AND failed IS NOT NULL"), job_row, NULL);
}

bool queue_step_is_of_job(struct queue *q, const char *key, long long job_row)
{
	return queue_any(q, bind_link(queue_prepare(q, "SELECT 1 FROM job_step WHERE job_row=?1 AND key=?2"), job_row, key));
}

int queue_step_unlink(struct queue *q, const char *key, long long job_row)
{
	return for_link(q, queue_prepare(q, "DELETE FROM job_step WHERE job_row=?1 AND key=?2"), job_row, key);
}

int queue_step_link(struct queue *q, const char *key, long long job_row, const char *stage)
{
	sqlite3_stmt *st = queue_prepare(q, "INSERT INTO job_step(job_row,key,stage,ord) VALUES(?1,?2,?3,-1)"
					    " ON CONFLICT(job_row,key) DO NOTHING");
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, job_row);
	queue_bind_text(st, 2, key);
	queue_bind_text(st, 3, stage);
	return queue_run(q, st);
}

int queue_step_delete(struct queue *q, const char *key)
{
	sqlite3_stmt *st = queue_prepare(q, "DELETE FROM job_step WHERE key=?1");
	queue_bind_text(st, 1, key);
	int r = queue_run(q, st);
	if (r < 0)
		return r;
	st = queue_prepare(q, "DELETE FROM step WHERE key=?1");
	queue_bind_text(st, 1, key);
	return queue_run(q, st);
}

int queue_keep_each_step(struct queue *q, double before, const char *after, int slice, queue_key_fn fn, void *arg,
			 char ret_last[65])
{
	sqlite3_stmt *st;
	char last[65] = "";
	int n = 0, rc = SQLITE_DONE;
	int r = prepare_once(q, "SELECT s.key, s.state<>1 AND max(s.created,s.finished)<?2 AND NOT EXISTS(SELECT 1 FROM"
				" job_step js JOIN job j ON j.row=js.job_row WHERE js.key=s.key AND (j.state IN (0,1,2,6)"
				" OR j.finished>=?2)) FROM step s WHERE s.key>?1 ORDER BY s.key LIMIT ?3", &st);
	if (r < 0)
		return r;
	queue_bind_text(st, 1, after);
	sqlite3_bind_double(st, 2, before);
	sqlite3_bind_int(st, 3, slice);
	for (; r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW; n++) {
		snprintf(last, sizeof(last), "%s", (const char *)sqlite3_column_text(st, 0));
		r = sqlite3_column_int(st, 1) ? fn(last, arg) : 0;
	}
	if (r == 0 && rc != SQLITE_DONE)
		r = queue_fail(q, rc);
	sqlite3_finalize(st);
	if (r == 0)
		snprintf(ret_last, sizeof(last), "%s", n == slice ? last : "");
	return r;
}
