/* Shared by the files of queue/ alone: the connection and statement helpers. */
#ifndef NMR_QUEUE_INTERNAL_H
#define NMR_QUEUE_INTERNAL_H

#include <sqlite3.h>

#include "queue/queue.h"

#define QUEUE_STATEMENTS 128

struct queue {
	sqlite3 *db;
	int depth;                    /* of queue_begin() */
	bool undone;                  /* an inner part was rolled back */
	bool open;                    /* a transaction of SQLite's is open */
	bool grouped, lost;           /* see queue_group() */
	unsigned flushes;
	void (*opened)(void *arg);
	void *opened_arg;
	char *error;
	struct { const char *sql; sqlite3_stmt *stmt; } cache[QUEUE_STATEMENTS];
};

/* A prepared statement, kept for the life of the connection: sql must be a
 * string constant (found again by address). NULL on error. */
sqlite3_stmt *queue_prepare(struct queue *q, const char *sql);
/* SQLite's answer as -errno; remembers the words. */
int queue_fail(struct queue *q, int rc);
/* Steps a statement that writes and resets it: 0 or -errno. */
int queue_run(struct queue *q, sqlite3_stmt *st);
/* Steps once: 1 a row, 0 done (statement reset), or -errno (reset). */
int queue_row(struct queue *q, sqlite3_stmt *st);
/* Does a bound cached statement have a row? */
bool queue_any(struct queue *q, sqlite3_stmt *st);
/* Calls fn for every row number of a bound uncached statement, and finalizes it. */
int queue_each_row(struct queue *q, sqlite3_stmt *st, queue_row_fn fn, void *arg);
/* Ends reading a statement early. */
void queue_done(sqlite3_stmt *st);

/* Columns; a fresh string or NULL. */
char *queue_column_dup(sqlite3_stmt *st, int i);
void queue_bind_text(sqlite3_stmt *st, int i, const char *s);

#endif
