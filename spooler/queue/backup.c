/* A copy of the queue as of one moment, made beside a spooler that writes (SQLite's
 * online backup in one step: readers do not stop the writer of a WAL). The copy is one
 * file, without -wal, so that it can be moved about. */
#include "queue/internal.h"

#include <errno.h>
#include <unistd.h>

static int copy_into(struct queue *q, sqlite3 *to)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", q->db, "main");
	if (!b)
		return sqlite3_errcode(to);
	int rc;
	while ((rc = sqlite3_backup_step(b, -1)) == SQLITE_BUSY || rc == SQLITE_LOCKED)
		sqlite3_sleep(50);
	sqlite3_backup_finish(b);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int queue_backup(struct queue *q, const char *to, char **ret_error)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(to, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (rc == SQLITE_OK)
		rc = copy_into(q, db);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;"
				      "UPDATE fact SET value='0' WHERE name='heartbeat'", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		*ret_error = xasprintf("the queue cannot be copied to %s: %s", to, sqlite3_errmsg(db));
	sqlite3_close(db);
	if (rc != SQLITE_OK)
		unlink(to);
	return rc == SQLITE_OK ? 0 : (rc & 0xff) == SQLITE_FULL ? -ENOSPC : -EIO;
}

struct trim { bool (*is_there)(const char *key, void *arg); void *arg; };

static void there(sqlite3_context *ctx, _unused_ int n, sqlite3_value **v)
{
	const struct trim *t = sqlite3_user_data(ctx);
	const char *key = (const char *)sqlite3_value_text(v[0]);
	sqlite3_result_int(ctx, key && t->is_there(key, t->arg));
}

int queue_backup_trim(const char *path, bool (*is_there)(const char *key, void *arg), void *arg, char **ret_error)
{
	struct trim t = { is_there, arg };
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "there", 1, SQLITE_UTF8, &t, there, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "BEGIN; DELETE FROM step WHERE state=2 AND NOT there(key);"
				      "DELETE FROM job_step WHERE NOT EXISTS(SELECT 1 FROM step s WHERE s.key=job_step.key);"
				      "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		*ret_error = xasprintf("the copy of the queue cannot be written: %s", sqlite3_errmsg(db));
	sqlite3_close(db);
	return rc == SQLITE_OK ? 0 : -EIO;
}
