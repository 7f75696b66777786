/* Saving what can be read of a damaged queue into a new one. Tables are read from
 * both ends until SQLite meets the damage; rows between are tried one by one where
 * they have numbers. Indexes are not read at all: the new file makes its own. */
#include "queue/internal.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"

#define TRY_MOST 1000000

static const struct { const char *name, *order; bool numbered; } tables[QUEUE_TABLES] = {
	{ "job", "row", true }, { "batch", "row", true }, { "step", "key", false }, { "job_step", "job_row,key", false },
	{ "claim", "key", false }, { "request", "uuid", false }, { "fact", "name", false },
	{ "notice", "row", true },
};

struct copy {
	sqlite3 *from, *to;
	const char *table;
	char *columns;
	sqlite3_stmt *insert;
	long long saved, first, last;    /* row numbers next to the damage */
	bool duplicate;
};

/* Both files' columns: an older version has fewer. */
static char *common_columns(sqlite3 *from, sqlite3 *to, const char *table)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *sql = xasprintf("SELECT name FROM pragma_table_info('%s')", table);
	sqlite3_stmt *st = NULL, *probe = NULL;
	if (sqlite3_prepare_v2(to, sql, -1, &st, NULL) != SQLITE_OK)
		return NULL;
	while (sqlite3_step(st) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		_cleanup_free_ char *one = xasprintf("SELECT t.%s FROM %s t", name, table);
		if (sqlite3_prepare_v2(from, one, -1, &probe, NULL) == SQLITE_OK)
			buf_addf(&b, "%s%s", b.len ? "," : "", name);
		sqlite3_finalize(probe);
	}
	sqlite3_finalize(st);
	return b.len ? buf_detach(&b) : NULL;
}

static int prepare_insert(struct copy *c)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	buf_addf(&b, "INSERT OR IGNORE INTO %s(%s) VALUES(?", c->table, c->columns);
	for (const char *p = c->columns; (p = strchr(p, ',')); p++)
		buf_adds(&b, ",?");
	buf_addc(&b, ')');
	return sqlite3_prepare_v2(c->to, b.s, -1, &c->insert, NULL) == SQLITE_OK ? 0 : -EIO;
}

/* 1: a new row, 0: it was there already, or makes no sense. */
static int copy_row(struct copy *c, sqlite3_stmt *row)
{
	for (int i = 0; i < sqlite3_column_count(row) - 1; i++)
		sqlite3_bind_value(c->insert, i + 1, sqlite3_column_value(row, i));
	int rc = sqlite3_step(c->insert);
	sqlite3_reset(c->insert);
	sqlite3_clear_bindings(c->insert);
	int n = rc == SQLITE_DONE ? sqlite3_changes(c->to) : 0;
	c->saved += n;
	return n;
}

/* True: read to the end. `*ret_at` is the last number read. */
static bool scan(struct copy *c, const char *tail, bool until_known, const char *number, long long *ret_at)
{
	_cleanup_free_ char *sql = xasprintf("SELECT %s,%s FROM %s NOT INDEXED %s", c->columns, number, c->table, tail);
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v2(c->from, sql, -1, &st, NULL) != SQLITE_OK)
		return false;
	int rc, last = 0;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		last = copy_row(c, st);
		*ret_at = sqlite3_column_int64(st, sqlite3_column_count(st) - 1);
		if (until_known && !last)
			break;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE || rc == SQLITE_ROW;
}

static void try_between(struct copy *c)
{
	for (long long n = c->first + 1; n < c->last && n - c->first < TRY_MOST; n++) {
		_cleanup_free_ char *tail = xasprintf("WHERE row=%lld", n);
		long long at = 0;
		scan(c, tail, false, "row", &at);
	}
}

static void copy_table(struct copy *c, size_t t, struct queue_saved *s)
{
	_cleanup_free_ char *forward = xasprintf("ORDER BY %s", tables[t].order);
	_cleanup_free_ char *backward = xasprintf("ORDER BY %s DESC", str_eq(tables[t].order, "job_row,key") ? "job_row DESC,key"
														  : tables[t].order);
	const char *number = tables[t].numbered ? "row" : "0";
	if (scan(c, forward, false, number, &c->first))
		return;
	s->damaged = true;
	c->last = 0;
	scan(c, backward, true, number, &c->last);
	s->first = c->first;
	s->last = c->last;
	if (tables[t].numbered)
		try_between(c);
}

static void save_table(sqlite3 *from, sqlite3 *to, size_t t, struct queue_saved *s)
{
	struct copy c = { .from = from, .to = to, .table = tables[t].name };
	*s = (struct queue_saved){ .table = tables[t].name };
	c.columns = common_columns(from, to, c.table);
	if (c.columns && prepare_insert(&c) == 0) {
		sqlite3_exec(to, "BEGIN", NULL, NULL, NULL);
		copy_table(&c, t, s);
		sqlite3_exec(to, "COMMIT", NULL, NULL, NULL);
	} else
		s->damaged = true;
	s->rows = c.saved;
	sqlite3_finalize(c.insert);
	free(c.columns);
}

int queue_salvage(const char *from, const char *to, struct queue_saved ret_saved[QUEUE_TABLES], char **ret_error)
{
	struct queue *q;
	sqlite3 *db = NULL;
	int r = queue_open(to, &q, ret_error);
	if (r < 0)
		return r;
	/* It takes the place of another file: nothing of it may lie beside it. */
	int off = 0;
	sqlite3_file_control(q->db, NULL, SQLITE_FCNTL_PERSIST_WAL, &off);
	sqlite3_open_v2(from, &db, SQLITE_OPEN_READWRITE, NULL);
	for (size_t t = 0; t < QUEUE_TABLES; t++)
		save_table(db, q->db, t, &ret_saved[t]);
	sqlite3_close(db);
	int rc = sqlite3_exec(q->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
	r = rc == SQLITE_OK ? 0 : queue_fail(q, rc);
	if (r < 0)
		*ret_error = xasprintf("the new queue cannot be written: %s", queue_error(q));
	queue_close(q);
	return r;
}
