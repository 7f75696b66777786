/* Intake: watches the inbox and the door, tells when a file is finished, copies
 * it safely into staging, and takes the original away once its job is durable.
 * Bytes only, no chemistry, no SQL.
 *
 * Two halves, so that the loop never touches the mount:
 *  - watch: inotify, in the loop; only says "look".
 *  - everything else (scan, stat, lease, copy, hash, rename, unlink) are
 *    blocking functions meant for the mount's worker.
 *
 *   loop: drop_watch readable -> drop_watch_read() -> look now?
 *   worker: drop_scan() -> list of settled items; for each drop_claim()
 *   loop: queue transaction: claim key + job row
 *   worker: drop_take_away()
 *   loop: queue_claim_remove()
 */
#ifndef NMR_DROP_DROP_H
#define NMR_DROP_DROP_H

#include <sys/types.h>

#include "base/util.h"

enum drop_mode { DROP_EVENTS, DROP_POLL };

/* What nmr.conf says of one folder at the top of the inbox. */
struct drop_folder {
	const char *name;        /* matched without case */
	double quiet_s;          /* < 0: as elsewhere */
	int mode;                /* an enum drop_mode; < 0: as its filesystem needs */
	bool markers;            /* a file is taken once <file>.done or <stem>.done is there */
};

struct drop_rules {
	double quiet_smb_s, quiet_nfs_s;   /* least quiet time of what this machine serves */
	const struct drop_folder *folder;  /* the caller's */
	size_t nfolders;
	double quiet_s, quiet_remote_s;
	double quiet_moved_s;    /* of a file that an event told to be renamed into place */
	double empty_report_s;   /* empty, unreadable or still open after this: trouble */
	size_t size_max;
};

/* ---- rules.c: nmr.conf's. Caller frees the folders, after the scans that have the rules. */
struct conf;
struct drop_folder *drop_folders(const struct conf *c);
void drop_rules_of(const struct conf *c, const struct drop_folder *folders, struct drop_rules *ret_r);

/* ---- watch: one inotify instance for a whole tree (depth bounded by
 * PATH_MAX), on its own mount. New folders: watch first, then the caller scans. */
struct drop_watch;
int drop_watch_new(const char *root, struct drop_watch **ret_w);
void drop_watch_free(struct drop_watch *w);
int drop_watch_fd(const struct drop_watch *w);          /* for epoll */
/* Drains events. *ret_look: something happened, scan now. *ret_rescan: events
 * were lost or a watch went away (overflow, ignored, unmount): full rescan. */
int drop_watch_read(struct drop_watch *w, bool *ret_look, bool *ret_rescan);
/* Adds watches for folders that a scan found (idempotent). -ENOSPC: limit;
 * the caller polls and says so. */
int drop_watch_add(struct drop_watch *w, const char *dir_relative);
/* Takes what was renamed into place since the last call: relative paths, n of them,
 * NULL when none. Caller frees. Meant for drop_scan_moved(). */
char **drop_watch_moved(struct drop_watch *w, size_t *ret_n);
/* The last event in words, "CREATE,ISDIR" and the name, for a debug log. */
const char *drop_watch_last(const struct drop_watch *w);
/* The kernel's limits; -1 where it does not tell. */
struct drop_limits { long watches, instances, queued; };
void drop_watch_limits(struct drop_limits *ret_l);
/* Events or poll for this root, and why, in words (static). */
enum drop_mode drop_classify(const char *root, const char **ret_why);

/* What is mounted below root: relative paths, n of them, as the kernel's table tells.
 * Asks no mount but root's own. Caller frees. 0 or -errno. */
int drop_mounts(const char *root, char ***ret_path, size_t *ret_n);

/* Is this path among them? */
bool drop_mounts_have(char *const *path, size_t n, const char *relative);

/* ---- scan: remembers what it saw between scans. Of base, a folder below the root, or
 * "": never goes onto another mount, which has a scan and a worker of its own. */
struct drop_scan;
struct drop_scan *drop_scan_new(const char *root, const char *base, const struct drop_rules *rules);
void drop_scan_free(struct drop_scan *s);
/* Set to clock_mono() with each file and folder that is looked at. */
void drop_scan_alive(struct drop_scan *s, _Atomic double *alive);
/* How long a file with a hole is left alone: 300 s unless told. */
void drop_scan_set_hole(struct drop_scan *s, double seconds);

/* These were whole when they got their names; the next pass lets them settle sooner. */
void drop_scan_moved(struct drop_scan *s, char *const *path, size_t n);

enum drop_kind { DROP_SETTLED, DROP_TROUBLE };
struct drop_item {
	enum drop_kind kind;
	char *path;              /* relative to the root, bytes as they are */
	char *ticket;            /* relative path of its ticket, or NULL */
	char *marker;            /* of its marker, or NULL */
	char *trouble;           /* DROP_TROUBLE: code "empty" "unreadable" "busy" "not-a-file"
				  * "too-large" "lone-ticket" "too-deep" "own-result"
				  * "no-marker" "old-marker" "lone-marker" */
	char *why, *remedy;      /* DROP_TROUBLE: words for a person */
	dev_t dev; ino_t ino; off_t size; struct timespec mtime, ctime;
	dev_t mdev; ino_t mino; struct timespec mctime;    /* of the marker */
	uid_t uid;
	char sha256[65];         /* of a remote file, read twice already; else "" */
};
struct drop_list { struct drop_item *item; size_t n; };
void drop_list_release(struct drop_list *l);
/* One pass. All paths are relative to the root. New folders go to *ret_dirs (relative paths, n
 * entries, for drop_watch_add); base among them: it is another folder now.
 * *ret_next_s: when to look again because something is still settling, or was
 * handed out for the first time and should be gone by then (< 0: nothing).
 * max: at most so many items (a few more where structures share one ticket).
 * A trouble comes once, until the file changes. */
/* Of the last pass: does base lie on a filesystem that must be polled, and why (static). */
enum drop_mode drop_scan_mode(const struct drop_scan *s, const char **ret_why);
/* Of the last pass: must any folder of it be polled? */
bool drop_scan_polls(const struct drop_scan *s);
int drop_scan_pass(struct drop_scan *s, size_t max, struct drop_list *ret_items,
		   char ***ret_dirs, size_t *ret_ndirs, double *ret_next_s);
/* Names passed over (temporary or junk), README.txt included. */
bool drop_name_is_junk(const char *name);

/* ---- claim: copy the settled file (and its ticket) into dir
 *   dir/structure  dir/ticket (if any)
 * durably, checking that it did not change meanwhile. */
struct drop_claim {
	char *path, *ticket, *marker;   /* as in the item, owned */
	char sha256[65];
	char *key;               /* idempotency: path+inode+ctime_ns+hash, as hex sha256 */
	off_t size;
	uid_t uid;
	char *ticket_text;       /* content, NULL when none; NUL-terminated, at most 64 KiB */
	size_t ticket_len;
	dev_t dev; ino_t ino; struct timespec ctime;       /* of the structure */
	dev_t tdev; ino_t tino; struct timespec tctime;    /* of the ticket */
	dev_t mdev; ino_t mino; struct timespec mctime;    /* of the marker */
	struct timespec mtime, tmtime;
	char job[ID_LEN + 1];    /* the caller's, before drop_take_away(); "": none */
};
void drop_claim_release(struct drop_claim *c);
/* 0; -EAGAIN: it changed or is in use, try at the next scan; -EREMOTEIO: its disk or its
 * server does not give its content (drop_scan_unread); other -errno. */
int drop_claim(const char *root, const struct drop_item *item, const char *dir, size_t size_max,
	       struct drop_claim *ret_c);
/* After the row is durable: removes the original (and ticket) if it is still the
 * same file. 0 also when it is gone; -ESTALE: it was replaced meanwhile, the new
 * one stays; -EROFS, -EACCES, -EPERM: it cannot be removed (remember it, say so
 * once: drop_scan_ignore). Anything else: it may lie aside, drop_take_away_rest(). */
int drop_take_away(const char *root, const struct drop_claim *c);
/* After a crash or an error in drop_take_away(): what lies aside of this job is
 * removed when it is what dir/structure (dir/ticket) holds, else it is put back
 * where it was, at path. Nothing aside: 0. *ret_there: a file is at path. */
int drop_take_away_rest(const char *root, const char *job, const char *path, const char *dir, bool *ret_there);
/* How each folder of base is treated, and why: fn is called for base, and for each folder
 * below it, on the same mount, that is treated otherwise than the one above it. mode,
 * seconds and why as a scan would have them. 0 or -errno. */
struct drop_treatment { enum drop_mode mode; double quiet_s; bool markers; const char *why; };
int drop_survey(const char *root, const char *base, const struct drop_rules *rules,
		void (*fn)(const char *path, const struct drop_treatment *t, void *arg), void *arg);
void drop_scan_ignore(struct drop_scan *s, dev_t dev, ino_t ino, struct timespec ctime);
/* This file could not be read when it was claimed: it is handed out again after a while,
 * and told as "unreadable" when that goes on. */
void drop_scan_unread(struct drop_scan *s, const char *path);

/* ---- the inbox explains itself: README.txt in it, CRLF line ends, rewritten only
 * when the text differs. Tells the options and the solvents of share. hot_folders: those
 * of the configuration. */
struct share;
int drop_write_readme(const char *inbox, const struct share *share, const char *const *hot_folders, size_t n);

/* ---- door: folders <12-hex id>/ renamed in whole {structure file, ticket};
 * files req-<uuid>.json. No settling needed. */
struct door_item {
	bool request;
	char *name;              /* "0123456789ab" or "req-<uuid>.json" */
	char *file;              /* name of the structure file inside; NULL: none, or a request */
	char *ticket;            /* name of the ticket inside, or NULL */
};
/* error: some entry could not be read, 0 or -errno; the others are here. */
struct door_list { struct door_item *item; size_t n; int error; };
void door_list_release(struct door_list *l);
int door_scan(const char *door, struct door_list *ret_l);

#endif
