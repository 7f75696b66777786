/* Doctor's look at the five folders: there, writable, with room, on a filesystem
 * that suits them, and whether new files are noticed at once or by polling. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/worker.h"
#include "cli/doctor.h"
#include "drop/drop.h"

#define GIB 1073741824.0
#define ANSWER_S 5.0

struct folder {
	const char *name, *path;
	double least_gib;            /* a warning below this */
};

/* "ext4", from the mount of the folder's device. Caller frees. */
static char *filesystem(const char *path)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	struct stat st;
	if (stat(path, &st) < 0 || file_read("/proc/self/mountinfo", 1 << 20, &b) < 0)
		return xstrdup("unknown");
	_cleanup_free_ char *device = xasprintf("%u:%u", major(st.st_dev), minor(st.st_dev));
	char *save;
	for (char *line = strtok_r(b.s, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char dev[32], type[64];
		const char *dash = strstr(line, " - ");
		if (dash && sscanf(line, "%*d %*d %31s", dev) == 1 && str_eq(dev, device) &&
		    sscanf(dash + 3, "%63s", type) == 1)
			return xstrdup(type);
	}
	return xstrdup("unknown");
}

static bool is_network(const char *type)
{
	static const char *const remote[] = { "nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph" };
	for (size_t i = 0; i < ARRAY_SIZE(remote); i++)
		if (str_eq(type, remote[i]))
			return true;
	return false;
}

static void check_room(struct doctor *d, const struct folder *f)
{
	struct statvfs v;
	if (statvfs(f->path, &v) < 0)
		return;
	double gib = (double)v.f_bavail * (double)v.f_frsize / GIB;
	if (gib < 0.1)
		doctor_say(d, DOCTOR_PROBLEM, f->name, "free some space there", "the disk is full: %.0f MiB left", gib * 1024);
	else if (gib < f->least_gib)
		doctor_say(d, DOCTOR_WARNING, f->name, "free some space there, or set another folder in nmr.conf",
			   "%.1f GiB left; %.0f are advisable", gib, f->least_gib);
}

/* The folders of the inbox, one by one where they differ. */
static void say_treatment(const char *path, const struct drop_treatment *t, void *arg)
{
	struct doctor *d = arg;
	_cleanup_free_ char *name = *path ? xasprintf("inbox/%s", path) : xstrdup("the inbox");
	doctor_say(d, DOCTOR_OK, "inbox", NULL, "%s: %s (%s); a file is taken once it %s%g s", name,
		   t->mode == DROP_EVENTS ? "new files are noticed at once" : "new files are found by polling", t->why,
		   t->markers ? "has its .done and has been still for " : "has been still for ", t->quiet_s);
}

static void check_there(struct doctor *d, const struct folder *f)
{
	_cleanup_free_ char *type = filesystem(f->path);
	if (str_eq(f->name, "spool") && is_network(type))
		doctor_say(d, DOCTOR_PROBLEM, f->name, "set \"spool\" in nmr.conf to a local folder",
			   "%s is on %s, where SQLite's write-ahead log is damaged", f->path, type);
	else if (str_eq(f->name, "scratch") && is_network(type))
		doctor_say(d, DOCTOR_WARNING, f->name, "set \"scratch\" in nmr.conf to a local folder",
			   "%s is on %s: NWChem will be slow", f->path, type);
	else if (str_eq(f->name, "outbox") && is_network(type))
		doctor_say(d, DOCTOR_OK, f->name, NULL, "%s (%s: a power cut of the server may lose the latest results)", f->path, type);
	else
		doctor_say(d, DOCTOR_OK, f->name, NULL, "%s (%s)", f->path, type);
	check_room(d, f);
}

static void check_folder(struct doctor *d, const struct folder *f)
{
	struct stat st;
	if (stat(f->path, &st) < 0 && errno == ENOENT)
		doctor_say(d, DOCTOR_WARNING, f->name, "it is made when nmr-spooler starts", "%s is not there yet", f->path);
	else if (stat(f->path, &st) < 0)
		doctor_say(d, DOCTOR_PROBLEM, f->name, "see to its permissions or its mount", "%s: %s", f->path, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		doctor_say(d, DOCTOR_PROBLEM, f->name, "move it away", "%s is not a folder", f->path);
	else if (access(f->path, R_OK | W_OK | X_OK) < 0) {
		_cleanup_free_ char *who = xasprintf("let user %u write there, unless nmr-spooler runs as another user",
						     (unsigned)getuid());
		doctor_say(d, DOCTOR_WARNING, f->name, who, "%s (mode %04o, owner %u): %s", f->path,
			   (unsigned)st.st_mode & 07777, (unsigned)st.st_uid, strerror(errno));
	} else
		check_there(d, f);
}

/* ---- each in a thread: what is mounted there may not answer */

struct question {
	struct doctor *d;
	struct folder folder;
	char *base;              /* a mount of the inbox, "" itself; NULL: the folder */
	bool answered;
};

static void work_question(void *arg)
{
	struct question *q = arg;
	const struct conf *c = q->d->c->conf;
	struct drop_rules rules;
	if (!q->base) {
		check_folder(q->d, &q->folder);
		return;
	}
	struct drop_folder *folders = drop_folders(c);
	drop_rules_of(c, folders, &rules);
	int r = drop_survey(c->inbox, q->base, &rules, say_treatment, q->d);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		doctor_say(q->d, DOCTOR_WARNING, "inbox", "see to its permissions or its mount", "%s/%s: %s", c->inbox,
			   q->base, strerror(-r));
	free(folders);
}

static void answered(void *arg) { ((struct question *)arg)->answered = true; }

/* False: no answer. Then its thread may come back at any time: it keeps the question. */
static bool ask(struct doctor *d, const struct folder *f, const char *base)
{
	struct question *q = xcalloc(1, sizeof(*q));
	*q = (struct question){ .d = d, .folder = *f, .base = base ? xstrdup(base) : NULL };
	struct worker *w = worker_new("doctor");
	worker_post(w, work_question, answered, q);
	if (!worker_free(w, ANSWER_S)) {
		doctor_say(d, DOCTOR_PROBLEM, f->name, "see to its server and its network; the spooler goes on with all else",
			   "%s%s%s does not answer", f->path, base && *base ? "/" : "", base ? base : "");
		return false;
	}
	free(q->base);
	free(q);
	return true;
}

static void ask_inbox(struct doctor *d, const struct folder *f)
{
	char **mount = NULL;
	size_t n = 0;
	if (!ask(d, f, ""))
		return;
	if (drop_mounts(f->path, &mount, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		ask(d, f, mount[i]);
		free(mount[i]);
	}
	free(mount);
}

void doctor_folders(struct doctor *d)
{
	const struct conf *c = d->c->conf;
	const struct folder folders[] = {
		{ "inbox", c->inbox, 0.5 }, { "outbox", c->outbox, 1 }, { "door", c->door, 0.5 },
		{ "spool", c->spool, 2 }, { "scratch", c->scratch, 10 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (ask(d, &folders[i], NULL) && str_eq(folders[i].name, "inbox"))
			ask_inbox(d, &folders[i]);
}
