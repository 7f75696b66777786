/* What the inbox and the door share; only intake*.c include it. */
#ifndef NMR_DAEMON_INTAKE_INTERNAL_H
#define NMR_DAEMON_INTAKE_INTERNAL_H

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "daemon/commit.h"
#include "daemon/disk.h"

#define INTAKE_AGAIN_S 5.0       /* after an error */

struct doubt;
struct tree;
struct door;

struct intake {
	struct daemon *d;
	struct tree *trees;      /* the inbox, then what is mounted below it */
	struct door *door;
	struct doubt *doubt;
	struct drop_folder *folders;   /* nmr.conf's hot folders, for the scans */
	bool ending, hangs;
	int mounts_fd;           /* tells when something is mounted or unmounted; -1 */
};

/* The folder of a job's file in the spool. Caller frees. */
char *intake_dir(const struct conf *conf, const char *id);
/* Bit n: the n+1st candidate for this name is in the outbox. */
uint64_t intake_names_on_disk(const struct outbox *o, const char *base);
/* Only once its row is durable: the folder of a job that is not in the queue would
 * take the name away from the one that comes instead. */
void intake_show_accepted(struct daemon *d, const char *id, const char *path);
/* May anything be taken at all? */
bool intake_open(const struct daemon *d);
/* NULL, said in the log, where the folder cannot be watched. */
struct drop_watch *intake_watch(struct intake *in, const char *folder, void (*fn)(void *), void *arg,
				struct loop_source **ret_source);

/* A copy whose commit failed, kept until it is known that no row points at it. Takes dir. */
void intake_doubt(struct intake *in, char *dir);
void intake_end_doubt(struct intake *in, bool remove);
/* What is mounted below the inbox now: trees come and go. */
void intake_mounted(struct intake *in, char *const *mount, size_t n);
/* A tree stopped answering, or answers again. */
void intake_hung(struct intake *in);

/* ---- tree.c */
struct tree *tree_new(struct intake *in, const char *base);
/* False: its thread hangs, and keeps what it works with. */
bool tree_free(struct tree *t);
void tree_look(struct tree *t);
/* For the inbox itself, which may be asked at the start: watched before the first look. */
void tree_watch(struct tree *t);
bool tree_idle(const struct tree *t);
bool tree_busy(const struct tree *t);
const char *tree_base(const struct tree *t);
struct tree *tree_next(const struct tree *t);
struct tree **tree_next_of(struct tree *t);
/* Says since when it does not answer; false when it does. b may be NULL. */
bool tree_notice(const struct tree *t, struct buf *b);

/* ---- door.c */
struct door *door_new(struct intake *in);
void door_start(struct door *door);
void door_look(struct door *door);
bool door_idle(const struct door *door);
/* False: as tree_free(). */
bool door_free(struct door *door);

#endif
