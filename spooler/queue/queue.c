/* The connection: opening, schema versions, transactions, cached statements.
 *
 * One writer (the spooler). WAL with synchronous=FULL: a commit is on disk.
 * Readers open the file read-only; PERSIST_WAL keeps the -wal and -shm files
 * beside it so that they can, even while the spooler is down.
 * Never logs; queue_error() has SQLite's words. */
#include "queue/internal.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"

/* One string a schema version, applied in order. Never edit a published one. */
static const char *const migrations[] = {
	"CREATE TABLE batch("
	"  row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
	"  outname TEXT NOT NULL COLLATE NOCASE, source TEXT, sha256 TEXT, total INTEGER NOT NULL,"
	"  parent_row INTEGER NOT NULL DEFAULT 0, record INTEGER NOT NULL DEFAULT 0,"
	"  created REAL NOT NULL);"
	"CREATE INDEX batch_outname ON batch(outname);"
	"CREATE INDEX batch_parent ON batch(parent_row) WHERE parent_row > 0;"
	"CREATE TABLE job("
	"  row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
	"  batch_row INTEGER NOT NULL DEFAULT 0, record INTEGER NOT NULL DEFAULT 0,"
	"  state INTEGER NOT NULL, stage TEXT NOT NULL, name TEXT NOT NULL,"
	"  outname TEXT NOT NULL COLLATE NOCASE, source TEXT, input TEXT, sha256 TEXT,"
	"  options TEXT NOT NULL, priority INTEGER NOT NULL DEFAULT 0, owner TEXT,"
	"  reason TEXT, remedy TEXT, attempt INTEGER NOT NULL DEFAULT 0,"
	"  steps_done INTEGER NOT NULL DEFAULT 0, steps_total INTEGER NOT NULL DEFAULT 0,"
	"  progress REAL NOT NULL DEFAULT 0, eta REAL NOT NULL DEFAULT -1, detail TEXT,"
	"  created REAL NOT NULL, started REAL NOT NULL DEFAULT 0,"
	"  finished REAL NOT NULL DEFAULT 0, updated REAL NOT NULL);"
	"CREATE INDEX job_state ON job(state, row);"
	"CREATE INDEX job_waiting ON job(priority DESC, row) WHERE state = 0;"
	"CREATE INDEX job_batch ON job(batch_row, row) WHERE batch_row > 0;"
	"CREATE INDEX job_outname ON job(outname);"
	"CREATE TABLE step("
	"  key TEXT PRIMARY KEY, kind TEXT NOT NULL, label TEXT NOT NULL, program TEXT,"
	"  version TEXT, state INTEGER NOT NULL, cause TEXT, detail TEXT,"
	"  attempts INTEGER NOT NULL DEFAULT 0, ranks INTEGER NOT NULL DEFAULT 0,"
	"  est_s REAL NOT NULL DEFAULT 0, wall_s REAL NOT NULL DEFAULT 0,"
	"  cpu_s REAL NOT NULL DEFAULT 0, created REAL NOT NULL,"
	"  started REAL NOT NULL DEFAULT 0, finished REAL NOT NULL DEFAULT 0) WITHOUT ROWID;"
	"CREATE INDEX step_open ON step(state) WHERE state < 2;"
	"CREATE TABLE job_step("
	"  job_row INTEGER NOT NULL, key TEXT NOT NULL, stage TEXT NOT NULL, ord INTEGER NOT NULL,"
	"  PRIMARY KEY(job_row, key)) WITHOUT ROWID;"
	"CREATE INDEX job_step_key ON job_step(key);"
	"CREATE TABLE claim(key TEXT PRIMARY KEY, job_id TEXT NOT NULL, created REAL NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE request(uuid TEXT PRIMARY KEY, verb TEXT, target TEXT, ok INTEGER NOT NULL,"
	"  outcome TEXT NOT NULL, created REAL NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE fact(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",

	/* 2: which finished steps are on disk for certain; counts of jobs that cost nothing
	 * to ask for, however long the history is. */
	"ALTER TABLE step ADD COLUMN synced INTEGER NOT NULL DEFAULT 1;"
	"CREATE INDEX step_unsynced ON step(key) WHERE synced = 0;"
	"CREATE TABLE tally(state INTEGER PRIMARY KEY, n INTEGER NOT NULL);"
	"INSERT INTO tally SELECT state,count(*) FROM job GROUP BY state;"
	"CREATE TRIGGER tally_add AFTER INSERT ON job BEGIN"
	"  INSERT INTO tally VALUES(new.state,1) ON CONFLICT(state) DO UPDATE SET n=n+1; END;"
	"CREATE TRIGGER tally_move AFTER UPDATE OF state ON job WHEN old.state<>new.state BEGIN"
	"  UPDATE tally SET n=n-1 WHERE state=old.state;"
	"  INSERT INTO tally VALUES(new.state,1) ON CONFLICT(state) DO UPDATE SET n=n+1; END;"
	"CREATE TRIGGER tally_remove AFTER DELETE ON job BEGIN"
	"  UPDATE tally SET n=n-1 WHERE state=old.state; END;",
	/* 3: retention. gone: when it was decided that the job's folder is not looked after
	 * any more. A record rests on the step that read its file, like on all others. */
	"ALTER TABLE job ADD COLUMN gone REAL NOT NULL DEFAULT 0;"
	"CREATE INDEX job_ended ON job(finished) WHERE finished > 0;"
	"INSERT INTO job_step(job_row,key,stage,ord) SELECT row,substr(input,10,64),'read',-1 FROM job"
	"  WHERE input LIKE 'steps/__/%' ON CONFLICT(job_row,key) DO NOTHING;",

	/* 4: approved: somebody released it, so it is not held again for its length. */
	"ALTER TABLE job ADD COLUMN approved INTEGER NOT NULL DEFAULT 0;",

	/* 5: unmade: records of a batch that are no jobs yet. */
	"ALTER TABLE batch ADD COLUMN unmade INTEGER NOT NULL DEFAULT 0;",

	/* 6: nothing that is asked while the spooler works depends on how long the history is. */
	"CREATE INDEX job_name ON job(name);"
	"CREATE INDEX job_live_outname ON job(outname) WHERE state NOT IN (3,4,5);"
	"CREATE INDEX job_live_batch ON job(batch_row) WHERE batch_row>0 AND state NOT IN (3,4,5);"
	"CREATE INDEX job_unsettled ON job(state,finished) WHERE finished>0 AND gone=0;"
	"CREATE INDEX job_damaged ON job(state) WHERE typeof(state)<>'integer' OR state NOT IN (0,1,2,3,4,5,6);"
	"CREATE INDEX batch_name ON batch(name);"
	"CREATE INDEX batch_created ON batch(created);"
	"CREATE INDEX request_created ON request(created);",
	/* 7: a mount that is away at a start keeps its claims */
	"ALTER TABLE claim ADD COLUMN mount TEXT NOT NULL DEFAULT '';",

	/* 8: what is to be told by mail and webhook */
	"CREATE TABLE notice("
	"  row INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, target TEXT NOT NULL,"
	"  event TEXT NOT NULL, about TEXT NOT NULL, body TEXT NOT NULL,"
	"  tries INTEGER NOT NULL DEFAULT 0, error TEXT, due REAL NOT NULL, created REAL NOT NULL);"
	"CREATE INDEX notice_due ON notice(kind,due);",

	/* 9: who shares the machine: the files of one owner, and each batch by itself. */
	("ALTER TABLE job ADD COLUMN share TEXT GENERATED ALWAYS AS (coalesce(owner,'')||'/'||batch_row) VIRTUAL;"
	 "CREATE INDEX job_waiting_share ON job(priority,share,row) WHERE state = 0;"),

	/* 10: where everybody is one owner (a share with "force user", the page), files that came
	 * together share the machine with those that came later. */
	("DROP INDEX job_waiting_share;"
	 "ALTER TABLE job DROP COLUMN share;"
	 "ALTER TABLE job ADD COLUMN burst INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE job ADD COLUMN share TEXT GENERATED ALWAYS AS (coalesce(owner,'')||'/'||batch_row||'/'||burst) VIRTUAL;"
	 "CREATE INDEX job_waiting_share ON job(priority,share,row) WHERE state = 0;"
	 "CREATE INDEX job_single ON job(owner,created) WHERE batch_row = 0;"),

	/* 11: steps that a job went on without, because they had failed. */
	"ALTER TABLE job_step ADD COLUMN failed TEXT;"
	"ALTER TABLE job_step ADD COLUMN failed_detail TEXT;",
};
#define SCHEMA ((int)ARRAY_SIZE(migrations))

const char *queue_error(const struct queue *q) { return q->error ? q->error : "no error"; }

int queue_fail(struct queue *q, int rc)
{
	free(q->error);
	q->error = xstrdup(sqlite3_errmsg(q->db));
	/* On a full disk and the like SQLite itself rolls the whole transaction back. */
	if (q->open && sqlite3_get_autocommit(q->db)) {
		q->open = false;
		q->lost = true;
	}
	switch (rc & 0xff) {
	case SQLITE_FULL: return -ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return -EUCLEAN;
	case SQLITE_CONSTRAINT: return -EEXIST;
	case SQLITE_READONLY:
	case SQLITE_PERM: return -EROFS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return -EBUSY;
	default: return -EIO;
	}
}

sqlite3_stmt *queue_prepare(struct queue *q, const char *sql)
{
	for (size_t i = 0; i < QUEUE_STATEMENTS; i++) {
		if (q->cache[i].sql == sql)
			return q->cache[i].stmt;
		if (q->cache[i].sql)
			continue;
		int rc = sqlite3_prepare_v3(q->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
					    &q->cache[i].stmt, NULL);
		if (rc != SQLITE_OK) {
			queue_fail(q, rc);
			return NULL;
		}
		q->cache[i].sql = sql;
		return q->cache[i].stmt;
	}
	abort(); /* a bug: more statements than QUEUE_STATEMENTS */
}

void queue_done(sqlite3_stmt *st)
{
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

int queue_row(struct queue *q, sqlite3_stmt *st)
{
	if (!st)
		return -EIO;
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		return 1;
	int r = rc == SQLITE_DONE ? 0 : queue_fail(q, rc);
	queue_done(st);
	return r;
}

static int open_transaction(struct queue *q);

int queue_run(struct queue *q, sqlite3_stmt *st)
{
	int r = q->grouped ? open_transaction(q) : 0;
	if (r == 0)
		r = queue_row(q, st);
	else if (st)
		queue_done(st);
	if (r == 1)
		queue_done(st);
	return r < 0 ? r : 0;
}

bool queue_any(struct queue *q, sqlite3_stmt *st)
{
	int r = queue_row(q, st);
	if (r == 1)
		queue_done(st);
	return r == 1;
}

int queue_each_row(struct queue *q, sqlite3_stmt *st, queue_row_fn fn, void *arg)
{
	int r = 0, rc = SQLITE_DONE;
	while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
		r = fn(sqlite3_column_int64(st, 0), arg);
	if (r == 0 && rc != SQLITE_DONE)
		r = queue_fail(q, rc);
	sqlite3_finalize(st);
	return r;
}

char *queue_column_dup(sqlite3_stmt *st, int i)
{
	const char *s = (const char *)sqlite3_column_text(st, i);
	return s ? xstrdup(s) : NULL;
}

void queue_bind_text(sqlite3_stmt *st, int i, const char *s)
{
	if (st)
		sqlite3_bind_text(st, i, s, -1, SQLITE_TRANSIENT);
}

static int exec_sql(struct queue *q, const char *sql)
{
	int rc = sqlite3_exec(q->db, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : queue_fail(q, rc);
}

static int user_version(struct queue *q, int *ret_v)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(q->db, "PRAGMA user_version", -1, &st, NULL);
	if (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
		*ret_v = sqlite3_column_int(st, 0);
		sqlite3_finalize(st);
		return 0;
	}
	sqlite3_finalize(st);
	return queue_fail(q, sqlite3_errcode(q->db));
}

static int migrate(struct queue *q, int from)
{
	for (int v = from; v < SCHEMA; v++) {
		_cleanup_free_ char *sql = xasprintf("BEGIN IMMEDIATE; %s PRAGMA user_version=%d; COMMIT;",
						     migrations[v], v + 1);
		int r = exec_sql(q, sql);
		if (r < 0) {
			sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
			return r;
		}
	}
	return 0;
}

static int refuse(struct queue *q, int r, const char *path, char **ret_error)
{
	*ret_error = xasprintf("the queue %s cannot be used: %s%s", path, queue_error(q),
			       r == -EUCLEAN ? "; \"nmr-spooler --repair\" saves what can be read" : "");
	queue_close(q);
	return r;
}

static int check_schema(struct queue *q, const char *path, bool writable, char **ret_error)
{
	int v = 0;
	int r = user_version(q, &v);
	if (r < 0)
		return refuse(q, r, path, ret_error);
	if (v > SCHEMA) {
		*ret_error = xasprintf("the queue %s was written by a newer nmr-spool (schema %d, this "
				       "program knows %d): install the newer version",
				       path, v, SCHEMA);
		queue_close(q);
		return -EPROTO;
	}
	if (v < SCHEMA && !writable) {
		*ret_error = xasprintf("the queue %s has an older schema: start nmr-spooler once", path);
		queue_close(q);
		return -EPROTO;
	}
	r = migrate(q, v);
	return r < 0 ? refuse(q, r, path, ret_error) : 0;
}

static int open_flags(const char *path, int flags, struct queue **ret_q, char **ret_error)
{
	struct queue *q = xcalloc(1, sizeof(*q));
	int rc = sqlite3_open_v2(path, &q->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK) {
		int r = queue_fail(q, rc);
		return refuse(q, r, path, ret_error);
	}
	sqlite3_busy_timeout(q->db, 10000);
	*ret_q = q;
	return 0;
}

int queue_open(const char *path, struct queue **ret_q, char **ret_error)
{
	struct queue *q;
	int r = open_flags(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &q, ret_error);
	if (r < 0)
		return r;
	int on = 1;
	sqlite3_file_control(q->db, NULL, SQLITE_FCNTL_PERSIST_WAL, &on);
	r = exec_sql(q, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF;"
			"PRAGMA temp_store=MEMORY; PRAGMA cache_size=-4096;");
	if (r < 0)
		return refuse(q, r, path, ret_error);
	r = check_schema(q, path, true, ret_error);
	if (r < 0)
		return r;
	*ret_q = q;
	return 0;
}

int queue_open_readonly(const char *path, struct queue **ret_q, char **ret_error)
{
	if (!file_exists(path)) {
		*ret_error = xasprintf("there is no queue at %s yet", path);
		return -ENOENT;
	}
	struct queue *q;
	int r = open_flags(path, SQLITE_OPEN_READONLY, &q, ret_error);
	if (r < 0)
		return r;
	r = check_schema(q, path, false, ret_error);
	if (r < 0)
		return r;
	*ret_q = q;
	return 0;
}

int queue_open_for_check(const char *path, struct queue **ret_q, char **ret_error)
{
	struct queue *q;
	int r = open_flags(path, SQLITE_OPEN_READONLY, &q, ret_error), v = 0;
	if (r < 0)
		return r;
	r = user_version(q, &v);
	if (r < 0)
		return refuse(q, r, path, ret_error);
	if (v > SCHEMA)
		return check_schema(q, path, false, ret_error);
	*ret_q = q;
	return 0;
}

void queue_close(struct queue *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < QUEUE_STATEMENTS; i++)
		sqlite3_finalize(q->cache[i].stmt);
	sqlite3_close(q->db);
	free(q->error);
	free(q);
}

long long queue_data_version(struct queue *q)
{
	sqlite3_stmt *st = queue_prepare(q, "PRAGMA data_version");
	long long v = -1;
	if (queue_row(q, st) == 1) {
		v = sqlite3_column_int64(st, 0);
		queue_done(st);
	}
	return v;
}

/* ---- transactions */

static int open_transaction(struct queue *q)
{
	if (q->open)
		return 0;
	int r = exec_sql(q, "BEGIN IMMEDIATE");
	q->open = r == 0;
	if (q->open && q->opened)
		q->opened(q->opened_arg);
	return r;
}

void queue_group(struct queue *q, void (*opened)(void *arg), void *arg)
{
	q->grouped = true;
	q->opened = opened;
	q->opened_arg = arg;
}

int queue_flush(struct queue *q)
{
	if (!q->open)
		return 0;
	int r = exec_sql(q, "COMMIT");
	if (r < 0) {
		sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
		q->lost = true;
	}
	q->flushes++;
	q->open = false;
	return r;
}

unsigned queue_flushes(const struct queue *q) { return q->flushes; }

bool queue_take_lost(struct queue *q)
{
	bool lost = q->lost;
	q->lost = false;
	return lost;
}

static void undo(struct queue *q)
{
	if (!q->open)
		return;
	sqlite3_exec(q->db, q->grouped ? "ROLLBACK TO part; RELEASE part" : "ROLLBACK", NULL, NULL, NULL);
	q->open = q->grouped && !sqlite3_get_autocommit(q->db);
}

int queue_begin(struct queue *q)
{
	if (q->depth++ > 0)
		return 0;
	q->undone = false;
	int r = open_transaction(q);
	if (r == 0 && q->grouped)
		r = exec_sql(q, "SAVEPOINT part");
	if (r < 0)
		q->depth = 0;
	return r;
}

int queue_commit(struct queue *q)
{
	if (q->depth == 0 || --q->depth > 0)
		return 0;
	if (!q->open)
		return -EIO;
	if (q->undone) {
		undo(q);
		return -ECANCELED;
	}
	return q->grouped ? exec_sql(q, "RELEASE part") : queue_flush(q);
}

void queue_rollback(struct queue *q)
{
	if (q->depth == 0)
		return;
	q->undone = true;
	if (--q->depth == 0)
		undo(q);
}

int queue_end(struct queue *q, int r)
{
	if (r == 0)
		return queue_commit(q);
	queue_rollback(q);
	return r;
}
