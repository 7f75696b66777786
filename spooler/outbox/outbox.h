/* The outbox: the only place that makes names there, writes status folders,
 * reads control files and publishes. Blocking; called in the outbox's worker.
 * 0 or -errno. Never logs.
 */
#ifndef NMR_OUTBOX_OUTBOX_H
#define NMR_OUTBOX_OUTBOX_H

#include <sys/types.h>

#include "base/util.h"

struct outbox { const char *root; mode_t mode_files, mode_dirs; };

/* ---- names */
/* A name that is safe on Windows shares and in shells' tab completion, from any
 * bytes: no control characters or <>:"/\|?*, no trailing dot or space, no CON,
 * valid UTF-8, at most 120 bytes; the extension of a structure file is dropped.
 * Never empty ("molecule"). Caller frees. */
char *outbox_safe_name(const char *any);
/* The same for a folder's name (a group): nothing is taken for an extension.
 * Never empty ("folder"). */
char *outbox_safe_folder_name(const char *any);
/* The same for a file: the extension of a structure file stays. Caller frees. */
char *outbox_safe_file_name(const char *any);
/* The n-th candidate for a taken name: ethanol, ethanol-2, ethanol-3 ... */
char *outbox_name_candidate(const char *safe, int n);
/* Case-folded form under which two names are the same on a Windows share. */
char *outbox_fold(const char *name);
/* Does the outbox already hold name, name.running or name.failed? */
bool outbox_has(const struct outbox *o, const char *outname);

/* Where a result of that name goes: the folders above it as the outbox spells them
 * already ("Group" and "group" are one folder on a Windows share), and never inside
 * another result. Makes the folders, so that the next one finds them. Caller frees. */
char *outbox_place(const struct outbox *o, const char *outname);

/* ---- status: outbox/<outname>.running/STATUS.txt. An update that meets a file
 * opened by a Windows client (EBUSY, EACCES) is skipped and returns 0. */
int outbox_status(const struct outbox *o, const char *outname, const char *text);
/* Is the .running folder there? (Deleted by the user: it comes back once.) */
bool outbox_running_exists(const struct outbox *o, const char *outname);
int outbox_remove_running(const struct outbox *o, const char *outname);
/* outbox/<outname>.failed/ with FAILED.txt (and input/ from input_dir when not
 * NULL), by one rename; replaces .running. */
int outbox_failed(const struct outbox *o, const char *outname, const char *text,
		  const char *input_dir);
int outbox_remove_failed(const struct outbox *o, const char *outname);
/* A file in the inbox that cannot be taken: <outname>.failed with the words, or
 * <outname>-2.failed ... where that name is taken. source: which file; told again, its
 * folder is replaced. */
int outbox_trouble(const struct outbox *o, const char *outname, const char *source, const char *text);
/* The trouble of that file is over. */
int outbox_trouble_over(const struct outbox *o, const char *outname, const char *source);
/* A plain file at the top or inside a batch folder: QUEUE.html, summary.csv. durable: it
 * will not be written again, so it must be on disk; -EBUSY when somebody holds it open. */
int outbox_file(const struct outbox *o, const char *relative, const void *data, size_t n, bool durable);

/* ---- control files people put there */
enum outbox_verb { OUTBOX_CANCEL, OUTBOX_RETRY, OUTBOX_HOLD, OUTBOX_RELEASE };
struct outbox_control {
	enum outbox_verb verb;
	char *outname;
	char *file;              /* relative to the root */
};
struct outbox_controls { struct outbox_control *item; size_t n; };
void outbox_controls_release(struct outbox_controls *c);
/* Looks into every .running (cancel, hold, release) and .failed (retry) folder, any case, any
 * extension (cancel.txt, CANCEL, "Cancel.txt.txt"), wherever groups and batches lie. */
int outbox_controls(const struct outbox *o, struct outbox_controls *ret_c);
/* Removes the file once it was obeyed or refused, so that it is not read again. */
int outbox_control_remove(const struct outbox *o, const struct outbox_control *c);

/* ---- publish: moves the tree `from` (anywhere) to outbox/<outname>/ :
 * copied to outbox/.tmp-<id>/, files and folders synced, permissions set, one
 * rename, parent synced, .running removed. Safe to repeat after a crash:
 * -EEXIST never comes for our own leftovers. If outname/ exists already and
 * carries the same id in .nmr-id, it was done: 0. */
int outbox_publish(const struct outbox *o, const char *from, const char *outname, const char *id);
/* The same in two halves, for several results that share their syncs: all are built, one
 * file_group_end(), all are put, another one, then for each its end, when .running goes. */
int outbox_publish_build(const struct outbox *o, const char *from, const char *outname, const char *id);
int outbox_publish_put(const struct outbox *o, const char *outname, const char *id);
int outbox_publish_end(const struct outbox *o, const char *outname);
/* Removes .tmp-* of ids that are not in use (at start). */
int outbox_sweep(const struct outbox *o, bool (*in_use)(const char *id, void *arg), void *arg);
/* Removes .running folders, at any depth, of results that are not at work; one that
 * somebody has put something into stays. */
int outbox_sweep_running(const struct outbox *o, bool (*live)(const char *outname, void *arg), void *arg);

/* ---- retention: removes the result folder (or the .failed one) of a job that carries
 * its id, if no file in it was added or changed after it was published. 1: removed;
 * 0: not there, another's, or somebody works with it. Empty folders above go, too. */
int outbox_retire(const struct outbox *o, const char *outname, const char *id);
int outbox_retire_failed(const struct outbox *o, const char *outname, const char *id);

/* ---- looking: every folder that means something, results not entered */
enum outbox_found { OUTBOX_RESULT, OUTBOX_RUNNING, OUTBOX_FAILED, OUTBOX_TMP };
struct outbox_entry {
	enum outbox_found found;
	const char *relative;    /* as it is on disk, "batch/3-x.failed" */
	const char *outname;     /* without the ending */
	const char *id;          /* OUTBOX_RESULT: what .nmr-id says */
};
typedef int (*outbox_fn)(const struct outbox_entry *e, void *arg);   /* != 0 stops */
int outbox_each(const struct outbox *o, outbox_fn fn, void *arg);
/* Removes one such entry as a whole. */
int outbox_discard(const struct outbox *o, const char *relative);
/* Does a .running folder hold nothing but what the spooler and control files put there? */
bool outbox_running_is_ours(const struct outbox *o, const char *relative);

#endif
