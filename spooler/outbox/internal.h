/* What the files of outbox share among themselves; nobody else includes it. */
#ifndef NMR_OUTBOX_INTERNAL_H
#define NMR_OUTBOX_INTERNAL_H

#include <string.h>

#include "base/buf.h"
#include "outbox/outbox.h"

#define ID_FILE ".nmr-id"
#define SOURCE_FILE ".nmr-source"   /* of a .failed folder: the file in the inbox that it tells of */
#define TMP_PREFIX ".tmp-"
#define DEPTH_MAX 64        /* of folders that are looked into */
#define RUNNING ".running"
#define FAILED ".failed"

static inline char *outbox_join(const char *a, const char *b) { return *a ? xasprintf("%s/%s", a, b) : xstrdup(b); }
/* More than the ending alone. */
static inline bool outbox_has_ending(const char *name, const char *suffix)
{
	return strlen(name) > strlen(suffix) && str_has_suffix(name, suffix);
}

/* Is the name, or that name with an ending, one of those in dir on a Windows share? Of a
 * large folder's newest names some may be missed. */
bool outbox_taken(const char *dir, const char *name);
/* Is that name in a folder of that ending a control file's (cancel, retry.txt ...)? */
bool outbox_is_control(const char *name, const char *suffix);
/* root/relative; NULL when relative could lead out of the root. Caller frees. */
char *outbox_path(const struct outbox *o, const char *relative, const char *suffix);
/* root/.tmp-<tag>. Caller frees. */
char *outbox_tmp(const struct outbox *o, const char *tag);
/* A folder with our permissions, its parents below the root too. */
int outbox_mkdir(const struct outbox *o, const char *path);
/* The folders above path. */
int outbox_mkdir_above(const struct outbox *o, const char *path);
/* Replaces a file as a whole. *ret_held: another program holds the
 * old one, it stays. */
int outbox_replace(const struct outbox *o, const char *path, const void *data, size_t n, bool durable,
		   bool *ret_held);
/* Copies a tree of files and folders with our permissions; to must not exist.
 * Links and other kinds are left out. Every file and folder is synced. */
int outbox_copy_tree(const struct outbox *o, const char *from, const char *to);
/* A new file, durable. */
int outbox_new_file(const struct outbox *o, const char *path, const void *data, size_t n);
/* rename() that never replaces, waiting a little for Windows clients that hold
 * something open: -EEXIST when the target is there. */
int outbox_rename(const char *from, const char *to);
/* Removes a tree in one visible step: renamed to a hidden name first. */
int outbox_remove(const struct outbox *o, const char *path);
/* As outbox_failed(); source: not NULL when no job failed but a file was not taken. */
int outbox_failed_of(const struct outbox *o, const char *outname, const char *text, const char *input_dir,
		     const char *source);
int outbox_sync_folder(const char *path);
/* Another program has it open (a Windows client). */
bool outbox_is_held(int r);
int outbox_sync_above(const char *path);     /* the folder that path lies in */

#endif
