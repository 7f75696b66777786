/* What the scanner remembers of each file, found by path. For drop/ alone. */
#ifndef NMR_DROP_TABLE_H
#define NMR_DROP_TABLE_H

#include <sys/stat.h>

#include "base/util.h"

struct seen {
	char *path;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
	double since;            /* unchanged since, clock_mono() */
	double first;            /* first seen */
	double hole_since;       /* 0: no hole */
	double busy_since;       /* 0: not busy */
	char hash[65];           /* remote: content at `since` + quiet; empty: not yet */
	bool told;               /* its trouble was handed out */
	bool ignored;            /* taken, but cannot be removed */
	unsigned round;          /* of the last scan that met it */
	struct seen *next;
};

struct table { struct seen **bucket; size_t nbuckets, n; };
struct seen *table_get(struct table *t, const char *path, bool *ret_new);
struct seen *table_find(const struct table *t, const char *path);
/* Forgets everything that the given round did not meet. */
void table_sweep(struct table *t, unsigned round);
void table_release(struct table *t);

#endif
