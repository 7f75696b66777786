/* Rows of jobs and batches. The one place where a job's state changes is
 * queue_set_job_state(). */
#include "queue/internal.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

void job_init(struct job *j) { *j = (struct job){ .eta_s = -1 }; }

void job_release(struct job *j)
{
	char *s[] = { j->stage, j->name, j->outname, j->source, j->input, j->sha256,
		      j->owner, j->reason, j->remedy, j->detail };
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		free(s[i]);
	json_decref(j->options);
	job_init(j);
}

void batch_init(struct batch *b) { *b = (struct batch){ 0 }; }

void batch_release(struct batch *b)
{
	free(b->name);
	free(b->outname);
	free(b->source);
	free(b->sha256);
	batch_init(b);
}

#define JOB_COLUMNS \
	"row,id,batch_row,record,state,stage,name,outname,source,input,sha256,options,priority," \
	"owner,reason,remedy,attempt,steps_done,steps_total,progress,eta,detail,created,started," \
	"finished,updated"

/* Nobody may index a table with a state that is none, or take a lost option for
 * its default. */
static void note_damage(struct job *j)
{
	if (!json_is_object(j->options)) {
		json_decref(j->options);
		j->options = json_object();
		j->damage = "its options cannot be read";
	}
	if (!id_valid(j->id) || !j->name || !j->outname || !*j->outname || !j->stage)
		j->damage = "its id or its name is not usable";
	if ((unsigned)j->state >= JOB_STATE_COUNT) {
		j->state = JOB_HELD;
		j->damage = "its state is none that is known";
	}
	char **must[] = { &j->stage, &j->name, &j->outname };
	for (size_t i = 0; i < ARRAY_SIZE(must); i++)
		if (!*must[i])
			*must[i] = xstrdup("?");
	if (j->damage && !j->reason)
		j->reason = xasprintf("The row in the queue is damaged: %s.", j->damage);
}

static void read_job(sqlite3_stmt *st, struct job *j)
{
	job_init(j);
	j->row = sqlite3_column_int64(st, 0);
	snprintf(j->id, sizeof(j->id), "%s", (const char *)sqlite3_column_text(st, 1));
	j->batch_row = sqlite3_column_int64(st, 2);
	j->record = sqlite3_column_int(st, 3);
	j->state = (enum job_state)sqlite3_column_int(st, 4);
	char **text[] = { &j->stage, &j->name, &j->outname, &j->source, &j->input, &j->sha256 };
	for (int i = 0; i < (int)ARRAY_SIZE(text); i++)
		*text[i] = queue_column_dup(st, 5 + i);
	const char *o = (const char *)sqlite3_column_text(st, 11);
	j->options = o ? json_loads(o, 0, NULL) : NULL;
	j->priority = sqlite3_column_int(st, 12);
	j->owner = queue_column_dup(st, 13);
	j->reason = queue_column_dup(st, 14);
	j->remedy = queue_column_dup(st, 15);
	j->attempt = sqlite3_column_int(st, 16);
	j->steps_done = sqlite3_column_int(st, 17);
	j->steps_total = sqlite3_column_int(st, 18);
	j->progress = sqlite3_column_double(st, 19);
	j->eta_s = sqlite3_column_double(st, 20);
	j->detail = queue_column_dup(st, 21);
	j->created = sqlite3_column_double(st, 22);
	j->started = sqlite3_column_double(st, 23);
	j->finished = sqlite3_column_double(st, 24);
	j->updated = sqlite3_column_double(st, 25);
	note_damage(j);
}

static void bind_json(sqlite3_stmt *st, int i, const json_t *j)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_add_to(&b, j, false);
	queue_bind_text(st, i, b.s);
}

/* Single files of one owner belong together as long as each comes within so many seconds
 * of the one before. */
#define BURST "60"

int queue_job_add(struct queue *q, struct job *j)
{
	if (queue_outname_taken(q, j->outname))
		return -EEXIST;
	sqlite3_stmt *st = queue_prepare(q,
		"INSERT INTO job(id,batch_row,record,state,stage,name,outname,source,input,sha256,options,"
		"priority,owner,reason,remedy,created,updated,burst)"
		" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?16,CASE WHEN ?2>0 THEN 0 ELSE coalesce("
		"(SELECT burst FROM job WHERE owner IS ?13 AND batch_row=0 AND created>?16-" BURST " ORDER BY created DESC LIMIT 1),"
		"(SELECT coalesce(max(row),0)+1 FROM job)) END)");
	if (!st)
		return -EIO;
	if (j->created <= 0)
		j->created = clock_wall();
	queue_bind_text(st, 1, j->id);
	sqlite3_bind_int64(st, 2, j->batch_row);
	sqlite3_bind_int(st, 3, j->record);
	sqlite3_bind_int(st, 4, (int)j->state);
	const char *text[] = { j->stage, j->name, j->outname, j->source, j->input, j->sha256 };
	for (int i = 0; i < (int)ARRAY_SIZE(text); i++)
		queue_bind_text(st, 5 + i, text[i]);
	bind_json(st, 11, j->options);
	sqlite3_bind_int(st, 12, j->priority);
	queue_bind_text(st, 13, j->owner);
	queue_bind_text(st, 14, j->reason);
	queue_bind_text(st, 15, j->remedy);
	sqlite3_bind_double(st, 16, j->created);
	int r = queue_run(q, st);
	if (r == 0)
		j->row = sqlite3_last_insert_rowid(q->db);
	return r;
}

/* One row or -ENOENT; the statement is bound already. */
static int one_job(struct queue *q, sqlite3_stmt *st, struct job *ret_j)
{
	int r = queue_row(q, st);
	if (r <= 0)
		return r == 0 ? -ENOENT : r;
	read_job(st, ret_j);
	queue_done(st);
	return 0;
}

int queue_job_get(struct queue *q, const char *id, struct job *ret_j)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT " JOB_COLUMNS " FROM job WHERE id=?1");
	queue_bind_text(st, 1, id);
	return one_job(q, st, ret_j);
}

int queue_job_by_row(struct queue *q, long long row, struct job *ret_j)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT " JOB_COLUMNS " FROM job WHERE row=?1");
	if (st)
		sqlite3_bind_int64(st, 1, row);
	return one_job(q, st, ret_j);
}

/* The shares that have something waiting are found one by one from the index; what waits
 * in each is not looked at but for its oldest. */
int queue_job_next(struct queue *q, struct job *ret_j, int *ret_running, int *ret_of_owner)
{
#define FIRST(what, more) "SELECT " what " FROM job INDEXED BY job_waiting_share" \
	" WHERE state=0 AND priority=(SELECT p FROM top)" more " ORDER BY " what " LIMIT 1"
	sqlite3_stmt *st = queue_prepare(q,
		"WITH RECURSIVE top(p) AS MATERIALIZED (SELECT priority FROM job INDEXED BY job_waiting WHERE state=0"
		"  ORDER BY priority DESC LIMIT 1),"
		" waits(share) AS (SELECT (" FIRST("share", "") ")"
		"  UNION ALL SELECT (" FIRST("share", " AND share>waits.share") ") FROM waits WHERE share IS NOT NULL),"
		" busy(owner,share,n) AS MATERIALIZED (SELECT coalesce(owner,''),share,count(*) FROM job"
		"  WHERE state IN (1,2) AND priority>=(SELECT p FROM top) GROUP BY 1,2),"
		" oldest(row,share) AS (SELECT (" FIRST("row", " AND share=waits.share") "),share FROM waits WHERE share IS NOT NULL)"
		" SELECT o.row,coalesce((SELECT n FROM busy WHERE busy.share=o.share),0) AS mine,"
		" coalesce((SELECT sum(n) FROM busy WHERE busy.owner=coalesce(j.owner,'')),0) AS owned FROM oldest o JOIN job j ON j.row=o.row"
		" ORDER BY mine>0,owned,mine,o.row LIMIT 1");
#undef FIRST
	int r = queue_row(q, st);
	if (r <= 0)
		return r == 0 ? -ENOENT : r;
	long long row = sqlite3_column_int64(st, 0);
	*ret_running = sqlite3_column_int(st, 1);
	*ret_of_owner = sqlite3_column_int(st, 2);
	queue_done(st);
	return queue_job_by_row(q, row, ret_j);
}

int queue_job_find(struct queue *q, const char *typed, struct job *ret_j)
{
	int r = queue_job_get(q, typed, ret_j);
	if (r != -ENOENT)
		return r;
	sqlite3_stmt *st = queue_prepare(q, "SELECT " JOB_COLUMNS " FROM job WHERE row IN ("
		" SELECT row FROM (SELECT row FROM job WHERE outname=?1 ORDER BY row DESC LIMIT 1)"
		" UNION ALL SELECT row FROM (SELECT row FROM job WHERE name=?1 ORDER BY row DESC LIMIT 1))"
		" ORDER BY row DESC LIMIT 1");
	queue_bind_text(st, 1, typed);
	r = one_job(q, st, ret_j);
	if (r != -ENOENT || strlen(typed) < 3 || strspn(typed, "0123456789abcdef") != strlen(typed))
		return r;
	st = queue_prepare(q, "SELECT " JOB_COLUMNS " FROM job WHERE id>=?1 AND id<?1||'g'"
			      " AND (SELECT count(*) FROM job WHERE id>=?1 AND id<?1||'g')=1");
	queue_bind_text(st, 1, typed);
	return one_job(q, st, ret_j);
}

int queue_job_delete(struct queue *q, long long row)
{
	sqlite3_stmt *st = queue_prepare(q, "UPDATE batch SET unmade=0 WHERE id=(SELECT id FROM job WHERE row=?1)");
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, row);
	int r = queue_run(q, st);
	if (r < 0)
		return r;
	st = queue_prepare(q, "DELETE FROM job WHERE row=?1");
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, row);
	return queue_run(q, st);
}

bool queue_outname_taken(struct queue *q, const char *outname)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT 1 FROM job WHERE outname=?1 AND state NOT IN (3,4,5)"
					    " UNION ALL SELECT 1 FROM batch b WHERE outname=?1 AND EXISTS("
					    "  SELECT 1 FROM job WHERE batch_row=b.row AND batch_row>0"
					    "  AND state NOT IN (3,4,5))");
	queue_bind_text(st, 1, outname);
	return queue_any(q, st);
}

static void replace(char **s, const char *with)
{
	char *copy = with ? xstrdup(with) : NULL;
	free(*s);
	*s = copy;
}

int queue_set_job_state(struct queue *q, struct job *j, enum job_event e, const char *reason,
			const char *remedy)
{
	int next = job_state_after(j->state, e);
	if (next < 0)
		return -EPERM;
	sqlite3_stmt *st = queue_prepare(q,
		"UPDATE job SET state=?2,reason=?3,remedy=?4,started=?5,finished=?6,updated=?7,attempt=?8,"
		"progress=?10,eta=?11,detail=?12,gone=0,approved=max(approved,?13) WHERE row=?1 AND state=?9");
	if (!st)
		return -EIO;
	double now = clock_wall();
	double started = e == JOB_EV_START && j->started <= 0 ? now : e == JOB_EV_RETRY ? 0 : j->started;
	double finished = job_state_ended((enum job_state)next) ? now : 0;
	bool fresh = e == JOB_EV_RETRY;
	double progress = next == JOB_DONE ? 1 : fresh ? 0 : j->progress;
	double eta = next == JOB_DONE ? 0 : next == JOB_RUNNING || next == JOB_PUBLISHING ? j->eta_s : -1;
	sqlite3_bind_int64(st, 1, j->row);
	sqlite3_bind_int(st, 2, next);
	queue_bind_text(st, 3, reason);
	queue_bind_text(st, 4, remedy);
	sqlite3_bind_double(st, 5, started);
	sqlite3_bind_double(st, 6, finished);
	sqlite3_bind_double(st, 7, now);
	sqlite3_bind_int(st, 8, j->attempt + (fresh ? 1 : 0));
	sqlite3_bind_int(st, 9, (int)j->state);
	sqlite3_bind_double(st, 10, progress);
	sqlite3_bind_double(st, 11, eta);
	queue_bind_text(st, 12, job_state_ended((enum job_state)next) || fresh ? NULL : j->detail);
	sqlite3_bind_int(st, 13, e == JOB_EV_RELEASE);
	int r = queue_run(q, st);
	if (r < 0)
		return r;
	if (sqlite3_changes(q->db) != 1)
		return -ESTALE;
	j->state = (enum job_state)next;
	replace(&j->reason, reason);
	replace(&j->remedy, remedy);
	j->started = started;
	j->finished = finished;
	j->updated = now;
	j->attempt += fresh ? 1 : 0;
	j->progress = progress;
	j->eta_s = eta;
	return 0;
}

bool queue_job_approved(struct queue *q, long long row)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT 1 FROM job WHERE row=?1 AND approved<>0");
	if (st)
		sqlite3_bind_int64(st, 1, row);
	return queue_any(q, st);
}

int queue_job_set_stage(struct queue *q, struct job *j, const char *stage)
{
	sqlite3_stmt *st = queue_prepare(q, "UPDATE job SET stage=?2,updated=?3 WHERE row=?1");
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, j->row);
	queue_bind_text(st, 2, stage);
	sqlite3_bind_double(st, 3, clock_wall());
	int r = queue_run(q, st);
	if (r == 0)
		replace(&j->stage, stage);
	return r;
}

int queue_job_set_progress(struct queue *q, struct job *j)
{
	sqlite3_stmt *st = queue_prepare(q, "UPDATE job SET steps_done=?2,steps_total=?3,progress=?4,"
					    "eta=?5,detail=?6,updated=?7 WHERE row=?1");
	if (!st)
		return -EIO;
	j->updated = clock_wall();
	sqlite3_bind_int64(st, 1, j->row);
	sqlite3_bind_int(st, 2, j->steps_done);
	sqlite3_bind_int(st, 3, j->steps_total);
	sqlite3_bind_double(st, 4, j->progress);
	sqlite3_bind_double(st, 5, j->eta_s);
	queue_bind_text(st, 6, j->detail);
	sqlite3_bind_double(st, 7, j->updated);
	return queue_run(q, st);
}

int queue_job_mend_states(struct queue *q, int *ret_n)
{
	sqlite3_stmt *st = queue_prepare(q,
		"UPDATE job SET state=0,input=NULL,finished=0,reason='Its row in the queue is damaged: the state '||state||"
		"' is none that is known.',remedy='Drop the file again.' WHERE typeof(state)<>'integer' OR state NOT IN"
		" (0,1,2,3,4,5,6)");
	int r = queue_run(q, st);
	if (r == 0)
		*ret_n = sqlite3_changes(q->db);
	return r;
}

int queue_job_set_options(struct queue *q, struct job *j)
{
	sqlite3_stmt *st = queue_prepare(q, "UPDATE job SET options=?2,name=?3,outname=?4,priority=?5,"
					    "input=?6 WHERE row=?1");
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, j->row);
	bind_json(st, 2, j->options);
	queue_bind_text(st, 3, j->name);
	queue_bind_text(st, 4, j->outname);
	sqlite3_bind_int(st, 5, j->priority);
	queue_bind_text(st, 6, j->input);
	return queue_run(q, st);
}

static char *like_pattern(const char *text)
{
	if (!text)
		return NULL;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	buf_addc(&b, '%');
	for (; *text; text++) {
		if (strchr("%_\\", *text))
			buf_addc(&b, '\\');
		buf_addc(&b, *text);
	}
	buf_addc(&b, '%');
	return buf_detach(&b);
}

/* Calls fn for every row of a bound, uncached statement; ends it. */
static int each_job(struct queue *q, sqlite3_stmt *st, queue_job_fn fn, void *arg)
{
	int r = 0, rc = SQLITE_DONE;
	while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct job j;
		read_job(st, &j);
		r = fn(&j, arg);
		job_release(&j);
	}
	if (r == 0 && rc != SQLITE_DONE)
		r = queue_fail(q, rc);
	sqlite3_finalize(st);
	return r;
}

/* All but what the index gives. */
static void add_conditions(struct buf *sql, const struct job_filter *f)
{
	buf_adds(sql, f->oldest_first ? " AND row>?1" : " AND row<?1");
	if (f->batch_row < 0)
		buf_adds(sql, " AND batch_row=0");
	if (f->text)
		buf_adds(sql, " AND (name LIKE ?2 ESCAPE '\\' OR source LIKE ?2 ESCAPE '\\' OR id LIKE ?2 ESCAPE '\\')");
}

static const char *row_order(const struct job_filter *f)
{
	return f->oldest_first ? " ORDER BY row LIMIT ?3" : " ORDER BY row DESC LIMIT ?3";
}

static bool wants(const struct job_filter *f, int state) { return f->states == 0 || (f->states >> state) & 1; }

/* Of each state its first rows by index, and of these the first: what is in other states
 * costs nothing, wherever in the table it is. */
static void each_by_state(struct buf *sql, const struct job_filter *f)
{
	bool any = false;
	buf_adds(sql, " row IN (");
	for (int s = 0; s < JOB_STATE_COUNT; s++) {
		if (!wants(f, s))
			continue;
		buf_addf(sql, "%sSELECT row FROM (SELECT row FROM job WHERE state=%d", any ? " UNION ALL " : "", s);
		add_conditions(sql, f);
		buf_addf(sql, "%s)", row_order(f));
		any = true;
	}
	buf_adds(sql, any ? ")" : "SELECT 0)");
}

static void each_of_batch(struct buf *sql, const struct job_filter *f)
{
	const char *sep = " AND state IN (";
	buf_adds(sql, " batch_row=?4 AND batch_row>0");
	add_conditions(sql, f);
	for (int s = 0; s < JOB_STATE_COUNT && f->states; s++)
		if (wants(f, s)) {
			buf_addf(sql, "%s%d", sep, s);
			sep = ",";
		}
	buf_adds(sql, *sep == ',' ? ")" : "");
}

int queue_job_each(struct queue *q, const struct job_filter *f, queue_job_fn fn, void *arg)
{
	/* Not from the statement cache: fn may call queue functions, and a listing can be nested. */
	_cleanup_(buf_release) struct buf sql = BUF_INIT;
	_cleanup_free_ char *pattern = like_pattern(f->text);
	buf_adds(&sql, "SELECT " JOB_COLUMNS " FROM job WHERE");
	if (f->batch_row > 0)
		each_of_batch(&sql, f);
	else if (f->states)
		each_by_state(&sql, f);
	else {
		buf_adds(&sql, " true");
		add_conditions(&sql, f);
	}
	buf_adds(&sql, row_order(f));
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(q->db, sql.s, -1, &st, NULL);
	if (rc != SQLITE_OK)
		return queue_fail(q, rc);
	sqlite3_bind_int64(st, 1, f->before_row > 0 ? f->before_row : f->oldest_first ? 0 : INT64_MAX);
	queue_bind_text(st, 2, pattern);
	sqlite3_bind_int(st, 3, f->limit > 0 ? f->limit : -1);
	sqlite3_bind_int64(st, 4, f->batch_row);
	return each_job(q, st, fn, arg);
}

int queue_keep_each(struct queue *q, enum job_state state, double before, int limit, queue_job_fn fn, void *arg)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(q->db, "SELECT " JOB_COLUMNS " FROM job WHERE finished>0 AND finished<?2 AND state=?1"
				    " AND gone=0 ORDER BY finished LIMIT ?3", -1, &st, NULL);
	if (rc != SQLITE_OK)
		return queue_fail(q, rc);
	sqlite3_bind_int(st, 1, (int)state);
	sqlite3_bind_double(st, 2, before);
	sqlite3_bind_int(st, 3, limit);
	return each_job(q, st, fn, arg);
}

int queue_keep_each_row(struct queue *q, double before, int limit, queue_job_fn fn, void *arg)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(q->db, "SELECT " JOB_COLUMNS " FROM job WHERE finished>0 AND finished<?1"
				    " AND +state IN (3,4,5) ORDER BY finished LIMIT ?2" /* + : by the time's index */, -1, &st, NULL);
	if (rc != SQLITE_OK)
		return queue_fail(q, rc);
	sqlite3_bind_double(st, 1, before);
	sqlite3_bind_int(st, 2, limit);
	return each_job(q, st, fn, arg);
}

int queue_job_settle(struct queue *q, long long row)
{
	sqlite3_stmt *st = queue_prepare(q, "UPDATE job SET gone=?2 WHERE row=?1 AND state IN (3,4,5)");
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_double(st, 2, clock_wall());
	return queue_run(q, st);
}

int queue_job_counts(struct queue *q, int ret_count[JOB_STATE_COUNT])
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT state,n FROM tally");
	int r;
	memset(ret_count, 0, JOB_STATE_COUNT * sizeof(int));
	while ((r = queue_row(q, st)) == 1) {
		int s = sqlite3_column_int(st, 0);
		if (s >= 0 && s < JOB_STATE_COUNT)
			ret_count[s] = sqlite3_column_int(st, 1);
	}
	return r;
}

/* ---- batches */

#define BATCH_COLUMNS "row,id,name,outname,source,sha256,total,parent_row,record,created,unmade"

static void read_batch(sqlite3_stmt *st, struct batch *b)
{
	batch_init(b);
	b->row = sqlite3_column_int64(st, 0);
	snprintf(b->id, sizeof(b->id), "%s", (const char *)sqlite3_column_text(st, 1));
	b->name = queue_column_dup(st, 2);
	b->outname = queue_column_dup(st, 3);
	b->source = queue_column_dup(st, 4);
	b->sha256 = queue_column_dup(st, 5);
	b->total = sqlite3_column_int(st, 6);
	b->parent_row = sqlite3_column_int64(st, 7);
	b->record = sqlite3_column_int(st, 8);
	b->created = sqlite3_column_double(st, 9);
	b->unmade = sqlite3_column_int(st, 10);
}

int queue_batch_add(struct queue *q, struct batch *b)
{
	sqlite3_stmt *st = queue_prepare(q,
		"INSERT INTO batch(id,name,outname,source,sha256,total,parent_row,record,created,unmade)"
		" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)");
	if (!st)
		return -EIO;
	if (b->created <= 0)
		b->created = clock_wall();
	queue_bind_text(st, 1, b->id);
	queue_bind_text(st, 2, b->name);
	queue_bind_text(st, 3, b->outname);
	queue_bind_text(st, 4, b->source);
	queue_bind_text(st, 5, b->sha256);
	sqlite3_bind_int(st, 6, b->total);
	sqlite3_bind_int64(st, 7, b->parent_row);
	sqlite3_bind_int(st, 8, b->record);
	sqlite3_bind_double(st, 9, b->created);
	sqlite3_bind_int(st, 10, b->unmade);
	int r = queue_run(q, st);
	if (r == 0)
		b->row = sqlite3_last_insert_rowid(q->db);
	return r;
}

/* Jobs of a batch and of the batches inside it, by state. */
static int batch_counts(struct queue *q, struct batch *b)
{
	sqlite3_stmt *st = queue_prepare(q,
		"WITH RECURSIVE inner(row) AS (SELECT ?1 UNION ALL SELECT b.row FROM batch b JOIN inner i"
		" ON b.parent_row=i.row AND b.parent_row>0)"
		" SELECT j.state,count(*) FROM inner i JOIN job j ON j.batch_row=i.row AND j.batch_row>0"
		" GROUP BY j.state");
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, b->row);
	int r;
	while ((r = queue_row(q, st)) == 1) {
		int s = sqlite3_column_int(st, 0);
		if (s >= 0 && s < JOB_STATE_COUNT)
			b->count[s] = sqlite3_column_int(st, 1);
	}
	return r;
}

static int one_batch(struct queue *q, sqlite3_stmt *st, struct batch *ret_b)
{
	int r = queue_row(q, st);
	if (r <= 0)
		return r == 0 ? -ENOENT : r;
	read_batch(st, ret_b);
	queue_done(st);
	return batch_counts(q, ret_b);
}

int queue_batch_get(struct queue *q, long long row, struct batch *ret_b)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT " BATCH_COLUMNS " FROM batch WHERE row=?1");
	if (st)
		sqlite3_bind_int64(st, 1, row);
	return one_batch(q, st, ret_b);
}

int queue_batch_by_id(struct queue *q, const char *id, struct batch *ret_b)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT " BATCH_COLUMNS " FROM batch WHERE id=?1");
	queue_bind_text(st, 1, id);
	return one_batch(q, st, ret_b);
}

int queue_batch_set_unmade(struct queue *q, const struct batch *b)
{
	sqlite3_stmt *st = queue_prepare(q, "UPDATE batch SET total=?2,unmade=?3 WHERE row=?1");
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, b->row);
	sqlite3_bind_int(st, 2, b->total);
	sqlite3_bind_int(st, 3, b->unmade);
	return queue_run(q, st);
}

int queue_batch_each_inside(struct queue *q, long long row, queue_row_fn fn, void *arg)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(q->db, "WITH RECURSIVE inner(row) AS (SELECT row FROM batch WHERE parent_row=?1"
				    " AND parent_row>0 UNION SELECT b.row FROM batch b JOIN inner i ON b.parent_row=i.row"
				    " AND b.parent_row>0) SELECT row FROM inner", -1, &st, NULL);
	if (rc != SQLITE_OK)
		return queue_fail(q, rc);
	sqlite3_bind_int64(st, 1, row);
	return queue_each_row(q, st, fn, arg);
}

int queue_batch_find(struct queue *q, const char *typed, struct batch *ret_b)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT " BATCH_COLUMNS " FROM batch WHERE row IN ("
		" SELECT row FROM batch WHERE id=?1"
		" UNION ALL SELECT row FROM (SELECT row FROM batch WHERE outname=?1 ORDER BY row DESC LIMIT 1)"
		" UNION ALL SELECT row FROM (SELECT row FROM batch WHERE name=?1 ORDER BY row DESC LIMIT 1))"
		" ORDER BY row DESC LIMIT 1");
	queue_bind_text(st, 1, typed);
	return one_batch(q, st, ret_b);
}

int queue_batch_each(struct queue *q, int limit, queue_batch_fn fn, void *arg)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(q->db, "SELECT " BATCH_COLUMNS " FROM batch ORDER BY row DESC LIMIT ?1",
				    -1, &st, NULL);
	if (rc != SQLITE_OK)
		return queue_fail(q, rc);
	sqlite3_bind_int(st, 1, limit > 0 ? limit : -1);
	int r = 0;
	while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct batch b;
		read_batch(st, &b);
		r = batch_counts(q, &b);
		if (r == 0)
			r = fn(&b, arg);
		batch_release(&b);
	}
	if (r == 0 && rc != SQLITE_DONE)
		r = queue_fail(q, rc);
	sqlite3_finalize(st);
	return r;
}
