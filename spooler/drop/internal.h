/* What the files of drop share among themselves; nobody else includes it. */
#ifndef NMR_DROP_INTERNAL_H
#define NMR_DROP_INTERNAL_H

#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/path.h"
#include "drop/drop.h"

#define CLAIMED_DIR ".nmr-claimed"
#define TICKET_MAX 65536
#define MARKER_SUFFIX ".done"

/* ---- place.c */
/* Is the filesystem behind fd one whose events and leases prove nothing? why: static words. */
bool place_is_remote(int fd, const char **ret_why);

/* ---- served.c: what this machine serves to others */
enum served_by { SERVED_NOT, SERVED_SMB, SERVED_NFS };
struct served_item { char *path; enum served_by by; };
struct served { struct served_item *item; size_t n; };
void served_load(struct served *v);
void served_release(struct served *v);
/* Adds what a table says; format 0: exports(5), 1: NFS-Ganesha, 2: smb.conf. Changes text. */
void served_parse(struct served *v, char *text, int format);
/* Is this absolute path in a folder that is served? */
enum served_by served_find(const struct served *v, const char *path);

/* ---- lease.c: proof that nobody has the file open for writing */
enum lease { LEASE_HELD, LEASE_IN_USE, LEASE_UNKNOWN };
enum lease lease_take(int fd);
/* Still held, and nobody waits to write? */
bool lease_intact(int fd);
void lease_release(int fd);

/* ---- hash.c */
int hash_fd(int fd, char ret_hex[65]);

/* ---- seen.c: what the last scans saw, by path */
enum tri { TRI_UNKNOWN, TRI_NO, TRI_YES };
struct seen {
	struct seen *next;
	uint64_t hash;
	unsigned pass;           /* the last one that met it */
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
	uid_t uid;
	mode_t mode;
	double since;            /* unchanged since, clock_mono() */
	double hashed_at;        /* sum is of this time; 0: none */
	bool same_twice;         /* so was its sum, a quiet time apart */
	char sum[65];            /* of a remote file */
	bool moved;              /* it came by a rename, as it is now */
	bool told;               /* its trouble was told */
	bool handed;             /* it was among a pass's items */
	enum tri ticket;         /* does the content look like one? */
	unsigned busy;           /* refused leases in a row */
	unsigned unread;         /* failed reads of its content in a row */
	double unread_at;        /* when the last was, clock_mono() */
	char path[];
};
struct seen_table { struct seen **slot; size_t nslots, n; };
void seen_init(struct seen_table *t);
void seen_release(struct seen_table *t);
struct seen *seen_find(const struct seen_table *t, const char *path);
/* Found or made (zeroed but for the path). */
struct seen *seen_get(struct seen_table *t, const char *path);
/* Drops what the pass did not meet. */
void seen_sweep(struct seen_table *t, unsigned pass);
/* Takes over a new stat; true when it differs from what was known. */
bool seen_update(struct seen *s, const struct stat *st, double now);

/* ---- ticket.c */
/* Do these bytes read as "name = value" lines rather than as structures? */
bool ticket_looks_like(const char *text, size_t n);
bool ticket_is_conf(const char *name);
bool ticket_is_txt(const char *name);

/* ---- settle.c: is one file finished? */
enum settle { SETTLE_READY, SETTLE_WAIT, SETTLE_TROUBLE };
struct verdict {
	enum settle settle;
	double wait_s;           /* SETTLE_WAIT: look again then; < 0: an event will tell.
				  * SETTLE_TROUBLE: the same if > 0 */
	const char *code, *why, *remedy;   /* SETTLE_TROUBLE: static words */
};
/* What is asked of each file of a folder. quiet_s: of what is not renamed into place;
 * steady: nor does a rename make it shorter. */
struct question { const struct drop_rules *rules; double hole_s, quiet_s; bool remote, steady; double now; };
/* s is fresh: seen_update() was called with the file's present stat. READY: a
 * regular file that is closed and complete; it may be empty. */
struct verdict settle_look(struct seen *s, int dirfd, const char *name, const struct question *q);
/* The file is handed out: if it comes back, a remote one must prove itself anew. */
void settle_again(struct seen *s);
struct verdict settle_wait(double seconds);
struct verdict settle_trouble(const char *code, const char *why, const char *remedy);
/* Trouble once the file has stood still for so long, until then a wait. */
struct verdict settle_later(const struct seen *s, double after_s, double now, struct verdict trouble);

/* ---- listing.c: one folder's names, sorted, and which ticket belongs to whom */
struct entry {
	char *name;
	unsigned char type;      /* DT_, never DT_UNKNOWN */
	ssize_t own;             /* ticket by name, <file>.conf or <stem>.conf; -1 */
	ssize_t maybe;           /* <file>.txt or <stem>.txt, a ticket if it reads as one; -1 */
	ssize_t txt_owner;       /* of a .conf: a .txt that would use it; -1 */
	ssize_t marker;          /* <file>.done or <stem>.done; -1 */
	size_t marks;            /* of a marker: structures that have it and are not handed out */
	struct stat mark;        /* of a structure: its marker, when it was looked at */
	size_t owners;           /* of a ticket: structures that would use it, .txt aside */
	/* the scan's, for one pass: */
	struct seen *seen;       /* NULL: not looked at yet */
	struct verdict verdict;
	enum tri group;          /* of a shared ticket: are all its structures ready? */
	bool emitted;            /* of a ticket: it went with an item */
};
struct listing { struct entry *e; size_t n; bool partials; };
/* Junk is left out. */
int listing_read(int dirfd, struct listing *ret_l);
void listing_release(struct listing *l);
/* Which marker belongs to whom, in a folder that wants them. */
void listing_pair_markers(struct listing *l);
/* A download in progress (x.part, x.crdownload ...) that will become name? */
bool listing_has_partial(const struct listing *l, const char *name);
/* The structures that share ticket t lie in [*ret_first, *ret_end), among others. */
void listing_range(const struct listing *l, size_t t, size_t *ret_first, size_t *ret_end);

#endif
