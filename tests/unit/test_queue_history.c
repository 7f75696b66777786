/* What the spooler asks of the queue while it works costs the same with a long history as
 * with a short one, and with many jobs that wait as with few. Not by the clock: SQLite counts the steps of its machine for each
 * statement, and they may not grow with the number of ended rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "queue/internal.h"

#define SHORT 100
#define LONG 3000

struct spool { char dir[64]; struct queue *q; long long steps; };

/* At the end of each statement. */
static int count_steps(_unused_ unsigned what, void *arg, void *stmt, _unused_ void *ns)
{
	struct spool *s = arg;
	s->steps += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
	return 0;
}

static void run_sql(struct spool *s, const char *sql) { assert_int_equal(sqlite3_exec(s->q->db, sql, NULL, NULL, NULL), 0); }

/* Ended jobs of each kind with their steps and batches, before and after what is alive. All
 * have the name of a job that will come; many had its folder's name, too. */
static void add_history(struct spool *s, int n, int from)
{
	_cleanup_free_ char *sql = xasprintf(
		"CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT %d UNION ALL SELECT i+1 FROM c WHERE i<%d) SELECT i FROM c;"
		"INSERT INTO batch(id,name,outname,total,created) SELECT printf('b%%011d',i),'x','batch'||i,1,100 FROM n;"
		"INSERT INTO job(id,batch_row,record,state,stage,name,outname,source,input,options,created,finished,updated,gone)"
		" SELECT printf('%%012d',i),CASE i%%3 WHEN 0 THEN (SELECT row FROM batch WHERE outname='batch'||i) ELSE 0 END,"
		" i%%3=0,3+i%%3,'publish','x',CASE i%%2 WHEN 0 THEN 'x' ELSE 'x-'||i END,'x.smi','intake/x','{}',100,1000,1000,"
		" CASE WHEN i%%7 THEN 2000 ELSE 0 END FROM n;"
		"INSERT INTO step(key,kind,label,state,created,finished) SELECT printf('%%064d',i),'xtb','x',2+i%%2,100,100 FROM n;"
		"INSERT INTO job_step(job_row,key,stage,ord) SELECT j.row,printf('%%064d',i),'rank',0 FROM n JOIN job j ON j.id=printf('%%012d',i);"
		"INSERT INTO request VALUES(printf('uuid-%%d',%d),'cancel','x',1,'x',5000);"
		"INSERT INTO request SELECT printf('uuid-%%d-%%d',%d,i),'cancel','x',1,'x',5000 FROM n; DROP TABLE n;",
		from, from + n - 1, from, from);
	run_sql(s, sql);
}

/* What is there at the same time is the same in every spool. */
static void add_live(struct spool *s)
{
	run_sql(s, "INSERT INTO batch(id,name,outname,total,created) VALUES('live-batch01','live','live',3,9000);"
		   "INSERT INTO job(id,batch_row,record,state,stage,name,outname,options,created,updated)"
		   " SELECT 'live'||value,CASE WHEN value>2 THEN (SELECT row FROM batch WHERE outname='live') ELSE 0 END,value,"
		   " value,'read','y','live/'||value,'{}',9000,9000 FROM json_each('[0,1,2,6]');"
		   "INSERT INTO step(key,kind,label,state,created) SELECT 'live'||value,'xtb','x',value,9000 FROM json_each('[0,1]');"
		   "INSERT INTO job_step(job_row,key,stage,ord) SELECT j.row,s.key,'rank',0 FROM job j, step s WHERE j.id LIKE 'live%' AND s.key LIKE 'live%';"
		   "INSERT INTO step(key,kind,label,state,synced,created,finished) VALUES('unsynced','xtb','x',2,0,9000,9000);");
}

static void add_waiting(struct spool *s, int n)
{
	_cleanup_free_ char *sql = xasprintf(
		"WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i<%d)"
		" INSERT INTO job(id,state,stage,name,outname,source,options,priority,created,updated)"
		" SELECT printf('w%%011d',i),0,'read','w','w-'||i,'w.smi','{}',i%%3,9000,9000 FROM c", n);
	run_sql(s, sql);
}

static void open_spool(struct spool *s, int history, int queued)
{
	char *error = NULL;
	snprintf(s->dir, sizeof(s->dir), "/tmp/nmr-history-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	_cleanup_free_ char *path = xasprintf("%s/queue.db", s->dir);
	assert_int_equal(queue_open(path, &s->q, &error), 0);
	run_sql(s, "BEGIN");
	add_history(s, history, 1);
	add_live(s);
	add_waiting(s, queued);
	add_history(s, history, 1 + history);
	run_sql(s, "COMMIT");
	sqlite3_trace_v2(s->q->db, SQLITE_TRACE_PROFILE, count_steps, s);
}

static void close_spool(struct spool *s)
{
	queue_close(s->q);
	file_rm_rf(s->dir);
}

/* ---- what is asked: each gives the number of rows that it found */

static int job_seen(_unused_ const struct job *j, void *arg) { ++*(int *)arg; return 0; }
static int step_seen(_unused_ const struct step *s, _unused_ const char *stage, void *arg) { ++*(int *)arg; return 0; }
static int row_seen(_unused_ long long row, void *arg) { ++*(int *)arg; return 0; }
static int batch_seen(_unused_ const struct batch *b, void *arg) { ++*(int *)arg; return 0; }
static int key_seen(_unused_ const char *key, void *arg) { ++*(int *)arg; return 0; }
static int claim_seen(_unused_ const char *k, _unused_ const char *id, _unused_ const char *s, _unused_ const char *m, void *arg) { ++*(int *)arg; return 0; }

static int listed(struct queue *q, unsigned states, bool oldest, int limit)
{
	int n = 0;
	struct job_filter f = { .states = states, .oldest_first = oldest, .limit = limit };
	assert_int_equal(queue_job_each(q, &f, job_seen, &n), 0);
	return n;
}

static int live(struct queue *q) { return listed(q, 1u << JOB_QUEUED | 1u << JOB_RUNNING | 1u << JOB_PUBLISHING | 1u << JOB_HELD, true, 0); }
static int active(struct queue *q) { return listed(q, 1u << JOB_RUNNING | 1u << JOB_PUBLISHING, true, 100); }
static int waiting(struct queue *q) { return listed(q, 1u << JOB_QUEUED | 1u << JOB_HELD, true, 150); }
static int ended(struct queue *q) { return listed(q, 1u << JOB_DONE | 1u << JOB_FAILED | 1u << JOB_CANCELLED, false, 50); }
static int newest(struct queue *q) { return listed(q, 0, false, 50); }

static int parts(struct queue *q)
{
	int n = 0;
	struct batch b;
	assert_int_equal(queue_batch_find(q, "live", &b), 0);
	queue_job_each(q, &(struct job_filter){ .batch_row = b.row, .oldest_first = true }, job_seen, &n);
	queue_job_each(q, &(struct job_filter){ .batch_row = b.row }, job_seen, &n);
	queue_batch_each_inside(q, b.row, row_seen, &n);
	n += b.count[JOB_HELD];
	batch_release(&b);
	return n;
}

static int next(struct queue *q)
{
	_cleanup_(job_release) struct job j;
	int running, of_owner;
	job_init(&j);
	return queue_job_next(q, &j, &running, &of_owner) == 0;
}

static int found(struct queue *q)
{
	static const char *const typed[] = { "x", "live/0", "nobody", "live0", "b00000000001", "live" };
	int n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(typed); i++) {
		struct job j;
		struct batch b;
		job_init(&j);
		batch_init(&b);
		n += queue_job_find(q, typed[i], &j) == 0;
		n += queue_batch_find(q, typed[i], &b) == 0;
		job_release(&j);
		batch_release(&b);
	}
	return n;
}

static int names(struct queue *q) { return queue_outname_taken(q, "x") + queue_outname_taken(q, "live/0") + queue_outname_taken(q, "live"); }

static int counts(struct queue *q)
{
	int n[JOB_STATE_COUNT];
	queue_job_counts(q, n);
	return n[JOB_RUNNING];
}

static int ready(struct queue *q)
{
	int n = 0;
	queue_step_each_waiting(q, STEP_READY, 10, step_seen, &n);
	queue_step_each_brief(q, 4, step_seen, &n);
	queue_step_each(q, STEP_READY, step_seen, &n);
	queue_step_each(q, STEP_RUNNING, step_seen, &n);
	queue_step_each_unsafe(q, step_seen, &n);
	queue_step_each_job(q, "live0", row_seen, &n);
	return n;
}

static int kept(struct queue *q)
{
	int n = 0;
	char last[65];
	queue_keep_each(q, JOB_DONE, 4000, 5, job_seen, &n);
	queue_keep_each(q, JOB_CANCELLED, 500, 5, job_seen, &n);
	queue_keep_each_row(q, 500, 5, job_seen, &n);
	queue_keep_each_row(q, 4000, 5, job_seen, &n);
	queue_keep_each_step(q, 4000, "", 10, key_seen, &n, last);
	return n;
}

static int forgotten(struct queue *q) { return queue_keep_forget(q, 50); }

static int mended(struct queue *q)
{
	int n = -1;
	queue_job_mend_states(q, &n);
	return n;
}

static int small_tables(struct queue *q)
{
	int n = 0;
	bool ok;
	char *words = NULL;
	queue_claim_each(q, claim_seen, &n);
	n += queue_request_get(q, "uuid-1", &ok, &words) == 0;
	free(words);
	queue_batch_each(q, 3, batch_seen, &n);
	return n;
}

static int told(struct queue *q)
{
	struct batch b;
	long long row = 0;
	struct notice n = { .kind = "hook", .target = "", .event = "job-done", .about = "x", .body = "{}" };
	assert_int_equal(queue_batch_find(q, "live", &b), 0);
	struct job part = { .id = "", .batch_row = b.row };
	assert_int_equal(queue_batch_outermost(q, &part, &row), 0);
	assert_int_equal(queue_notice_add(q, &n), 0);
	assert_int_equal(queue_notice_remove(q, n.row), 0);
	int r = queue_batch_has_ended(q, row);
	batch_release(&b);
	return r;
}

/* A job's whole life. */
static int life(struct queue *q)
{
	static int nth;
	struct job j;
	struct step s = { .key = "new", .kind = xstrdup("xtb"), .label = xstrdup("x") };
	job_init(&j);
	id_new(j.id);
	j.stage = xstrdup("read");
	j.name = xstrdup("x");
	j.outname = xasprintf("new-%d", nth++);
	j.options = json_object();
	assert_int_equal(queue_job_add(q, &j), 0);
	assert_int_equal(queue_set_job_state(q, &j, JOB_EV_START, NULL, NULL), 0);
	assert_int_equal(queue_step_need(q, &s, j.row, "rank", 0), 0);
	assert_int_equal(queue_step_start(q, "new", 1), 0);
	assert_int_equal(queue_step_finish(q, "new", STEP_DONE, NULL, NULL, 0, 0), 0);
	assert_int_equal(queue_step_synced(q, "new"), 0);
	assert_int_equal(queue_job_set_progress(q, &j), 0);
	assert_int_equal(queue_job_set_stage(q, &j, "publish"), 0);
	assert_int_equal(queue_set_job_state(q, &j, JOB_EV_PUBLISH, NULL, NULL), 0);
	assert_int_equal(queue_set_job_state(q, &j, JOB_EV_FINISH, NULL, NULL), 0);
	assert_int_equal(queue_job_reread(q, "new"), 0);
	assert_int_equal(queue_job_settle(q, j.row), 0);
	assert_int_equal(queue_job_unlink_steps(q, j.row), 0);
	assert_int_equal(queue_step_delete(q, "new"), 0);
	assert_int_equal(queue_job_delete(q, j.row), 0);
	job_release(&j);
	step_release(&s);
	return 0;
}

#define ASK(f) { #f, f }
static const struct question { const char *name; int (*ask)(struct queue *q); } asked[] = {
	ASK(active), ASK(waiting), ASK(ended), ASK(newest), ASK(parts), ASK(next), ASK(found), ASK(names), ASK(counts),
	ASK(ready), ASK(kept), ASK(forgotten), ASK(mended), ASK(small_tables), ASK(told), ASK(life),
}, of_all_live = ASK(live);

/* As much in the one as in the other; false: it costs more in the larger one. */
static bool costs_the_same(const struct question *x, struct spool *few, struct spool *many)
{
	few->steps = many->steps = 0;
	int a = x->ask(few->q), b = x->ask(many->q);
	if (a != b)
		print_error("%s: %d found in the small queue, %d in the large one\n", x->name, a, b);
	assert_int_equal(a, b);
	assert_true(few->steps > 0);
	/* Some room: how full a slice of rows is may differ by a few. */
	bool same = many->steps <= few->steps + few->steps / 4 + 50;
	if (!same)
		print_error("%s: %lld steps in the small queue, %lld in the large one\n", x->name, few->steps, many->steps);
	return same;
}

static void a_long_history_costs_nothing(_unused_ void **state)
{
	struct spool few, many;
	open_spool(&few, SHORT, 0);
	open_spool(&many, LONG, 0);
	bool same = costs_the_same(&of_all_live, &few, &many);
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
		same = costs_the_same(&asked[i], &few, &many) && same;
	assert_true(same);
	close_spool(&few);
	close_spool(&many);
}

static void many_that_wait_cost_nothing(_unused_ void **state)
{
	struct spool few, many;
	bool same = true;
	open_spool(&few, SHORT, 2 * SHORT);
	open_spool(&many, SHORT, LONG);
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
		same = costs_the_same(&asked[i], &few, &many) && same;
	assert_true(same);
	close_spool(&few);
	close_spool(&many);
}

/* What the test rests on: a scan of a whole table is noticed. */
static int scan(struct queue *q)
{
	sqlite3_stmt *st = queue_prepare(q, "SELECT count(*) FROM job WHERE owner='nobody'");
	return queue_any(q, st);
}

static void a_scan_is_noticed(_unused_ void **state)
{
	struct spool few, many;
	open_spool(&few, SHORT, 0);
	open_spool(&many, LONG, 0);
	few.steps = many.steps = 0;
	scan(few.q);
	scan(many.q);
	assert_true(many.steps > 10 * few.steps);
	close_spool(&few);
	close_spool(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_history_costs_nothing),
		cmocka_unit_test(many_that_wait_cost_nothing),
		cmocka_unit_test(a_scan_is_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
