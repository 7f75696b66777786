/* nmr-spooler: main. Parses options, opens things, runs the loop, closes them.
 * Before the loop starts every problem ends the program with one clear line and
 * status 2; after that nothing does. Logs to stderr. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/signalfd.h>
#include <signal.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/machine.h"
#include "daemon/arguments.h"
#include "daemon/commit.h"
#include "daemon/check.h"
#include "daemon/descriptors.h"
#include "daemon/disk.h"
#include "daemon/show.h"
#include "notify/notify.h"

#define REFRESH_S 2.0
#define HEARTBEAT_S 10.0

static void set_log_level(const char *name)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_ieq(name, names[i]))
			log_set_level((enum log_level)i);
}

/* Whatever is synced inside them later is lost with a name that is not on disk. At each
 * start: the last one may have been cut short. A parent that is not ours to read, or
 * whose filesystem cannot sync folders, is left as it is. */
static void sync_folder_names(const struct conf *c)
{
	const char *const path[] = { c->data, c->inbox, c->outbox, c->door, c->spool };
	for (size_t i = 0; i < ARRAY_SIZE(path); i++) {
		_cleanup_free_ char *up = xasprintf("%s/..", path[i]);
		file_fsync_dir(up);
	}
	file_fsync_dir(c->spool);
}

static void make_folders(const struct conf *c)
{
	char *error = NULL;
	static const char *const below[] = { "db", "steps", "intake", "staging" };
	if (conf_make_folders(c, &error) < 0)
		die("%s", error);
	for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", c->spool, below[i]);
		int r = file_mkdir_p(path, 0755);
		if (r < 0)
			die("cannot make the folder %s: %s", path, strerror(-r));
	}
	sync_folder_names(c);
}

/* One spooler a spool. */
static int take_lock(const struct conf *c)
{
	_cleanup_free_ char *path = xasprintf("%s/lock", c->spool);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		die("cannot open %s: %s", path, strerror(errno));
	if (file_lock(fd) < 0)
		die("another nmr-spooler works on %s: stop it first, or give this one its own --data folder",
		    c->spool);
	return fd;
}

/* What earlier runs on this machine took. */
static void recall_cost(struct daemon *d)
{
	_cleanup_free_ char *text = NULL;
	if (queue_fact_get(d->q, COST_FACT, &text) < 0)
		return;
	_cleanup_json_ json_t *j = json_loads(text, 0, NULL);
	cost_from_json(d->lab.cost, j);
}

/* Somebody waits at a terminal: nmr predict, nmr calibrate. The settings are those of a
 * spooler that others use, too. */
static void keep_to_oneself(struct conf *c)
{
	*c->smtp_url = *c->webhook_url = '\0';
	c->hold_over_h = 0;
	c->keep_results_days = c->keep_failed_days = c->keep_steps_days = c->keep_rows_days = 0;
}

static void open_parts(struct daemon *d, const struct arguments *a)
{
	char *error = NULL;
	d->once = a->once;
	d->conf = conf_load(a->config, a->data, &error);
	if (!d->conf)
		die("%s", error);
	if (a->private)
		keep_to_oneself(d->conf);
	/* Not for the programs that are started. */
	conf_forget_secrets();
	set_log_level(d->conf->log_level);
	make_folders(d->conf);
	d->lock_fd = take_lock(d->conf);
	_cleanup_free_ char *db = xasprintf("%s/db/queue.db", d->conf->spool);
	_cleanup_free_ char *restoring = xasprintf("%s/restoring", d->conf->spool);
	if (file_exists(restoring))
		die("a restore of %s was broken off: run \"nmr restore\" again", d->conf->spool);
	if (queue_open(db, &d->q, &error) < 0)
		die("%s", error);
	d->lab.share = share_load(d->conf->share, &error);
	if (!d->lab.share)
		die("%s", error);
	if (options_check_conf(d->conf, d->lab.share, &error) < 0)
		die("%s", error);
	d->lab.conf = d->conf;
	d->lab.safe_name = outbox_safe_name;
	d->lab.executor = executor_local();
	d->lab.cost = xcalloc(1, sizeof(*d->lab.cost));
	recall_cost(d);
	d->lab.cores = d->conf->cores > 0 ? d->conf->cores : machine_cores();
	d->lab.memory = d->conf->memory_mb > 0 ? (uint64_t)d->conf->memory_mb << 20
					       : (uint64_t)((double)machine_memory_bytes() * 0.8);
	/* For the page, which may have other limits. */
	_cleanup_free_ char *cores = xasprintf("%d", d->lab.cores), *memory = xasprintf("%llu", (unsigned long long)(d->lab.memory >> 20));
	queue_fact_set(d->q, "cores", cores);
	queue_fact_set(d->q, "memory_mb", memory);
	engines_find(&d->lab.engines, d->conf, d->conf->scratch, &error);
	queue_fact_set(d->q, "crest", d->lab.engines.crest ? d->lab.engines.crest : "");
	if (error) {
		log_event(LOG_ERROR, "engines-missing", "problem", error, NULL);
		if (!d->lab.engines.mol || !d->lab.engines.render)
			die("%s", error);
		free(error);
	}
}

static void write_readme(const struct conf *c, const struct share *share)
{
	const char **names = xcalloc(c->nhot + 1, sizeof(*names));
	char **marked = xcalloc(MAX(c->nhot, 1U), sizeof(*marked));
	for (size_t i = 0; i < c->nhot; i++)
		names[i] = c->hot[i].markers ? marked[i] = xasprintf("%s  (a file is taken once its .done is there)", c->hot[i].name)
					     : c->hot[i].name;
	int r = drop_write_readme(c->inbox, share, names, c->nhot);
	for (size_t i = 0; i < c->nhot; i++)
		free(marked[i]);
	free(marked);
	if (r < 0)
		log_event(LOG_WARN, "no-readme", "folder", c->inbox, "error", strerror(-r), NULL);
	free(names);
}

/* Claimed files whose row was never written: the originals are still there. */
static void sweep_intake(struct daemon *d)
{
	_cleanup_free_ char *path = xasprintf("%s/intake", d->conf->spool);
	_cleanup_free_ char *staging = xasprintf("%s/staging", d->conf->spool);
	_cleanup_closedir_ DIR *dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		_cleanup_(job_release) struct job j;
		job_init(&j);
		/* Only when it is certain that there is no row. */
		if (!id_valid(e->d_name) || queue_job_get(d->q, e->d_name, &j) != -ENOENT)
			continue;
		_cleanup_free_ char *orphan = xasprintf("%s/%s", path, e->d_name);
		file_rm_rf(orphan);
	}
	file_rm_rf(staging);
	file_mkdir_p(staging, 0755);
}

/* ---- the loop's own events */

static void end_when_quiet(void *arg)
{
	struct daemon *d = arg;
	if (scheduler_running(manager_scheduler(d->manager)) == 0)
		loop_quit(d->loop);
	else
		loop_after(d->loop, 0.1, end_when_quiet, d);
}

static void begin_stop(struct daemon *d, const char *why)
{
	if (d->stopping)
		return;
	d->stopping = true;
	log_event(LOG_INFO, "stopping", "why", why, NULL);
	manager_stop(d->manager);
	end_when_quiet(d);
}

struct signals { struct daemon *d; int fd; };

static void on_signal(void *arg)
{
	struct signals *s = arg;
	struct signalfd_siginfo si;
	if (read(s->fd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	begin_stop(s->d, strsignal((int)si.ssi_signo));
}

static void on_refresh(void *arg)
{
	struct daemon *d = arg;
	if (d->stopping)
		return;
	manager_refresh(d->manager);
	loop_after(d->loop, REFRESH_S, on_refresh, d);
	daemon_check_once(d);
}

static void on_heartbeat(void *arg)
{
	struct daemon *d = arg;
	_cleanup_free_ char *now = xasprintf("%.0f", clock_wall());
	_cleanup_(buf_release) struct buf notice = BUF_INIT;
	queue_fact_set(d->q, "heartbeat", now);
	show_notice(d, &notice);
	queue_fact_set(d->q, "notice", notice.s);
	if (!d->stopping)
		loop_after(d->loop, HEARTBEAT_S, on_heartbeat, d);
}

void daemon_check_once(struct daemon *d)
{
	int count[JOB_STATE_COUNT];
	if (!d->once || d->stopping || commit_broken(d->commit) || !intake_idle(d->intake) || !folder_idle(d->folder) || !notify_is_idle(d->notify) ||
	    queue_job_counts(d->q, count) < 0)
		return;
	if (count[JOB_QUEUED] + count[JOB_RUNNING] + count[JOB_PUBLISHING] == 0)
		begin_stop(d, "all work is done");
}

static void log_start(const struct daemon *d)
{
	const struct engines *e = &d->lab.engines;
	_cleanup_free_ char *cores = xasprintf("%d", d->lab.cores);
	_cleanup_free_ char *mb = xasprintf("%llu", (unsigned long long)(d->lab.memory >> 20));
	_cleanup_free_ char *who = xasprintf("%s %ld", NMR_VERSION, (long)getpid());
	log_event(LOG_INFO, "start", "version", NMR_VERSION, "data", d->conf->data, "cores", cores, "memory_mb", mb,
		  "nwchem", e->nwchem ? e->nwchem : "missing", "xtb", e->xtb ? e->xtb : "missing", "nmr-mol",
		  e->mol, NULL);
	queue_fact_set(d->q, "spooler", who);
}

static void when_durable(void *arg, void (*fn)(void *fn_arg, bool ok), void *fn_arg)
{
	struct daemon *d = arg;
	commit_after(d->commit, fn, fn_arg);
}

static int run(struct daemon *d)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	struct signals sig = { d, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK) };
	d->loop = loop_new();
	if (!d->loop || sig.fd < 0)
		die("cannot start the event loop: %s", strerror(errno));
	struct manager_hooks hooks;
	d->commit = commit_new(d);
	d->notify = notify_new(d->conf, d->q, d->loop, &(struct notify_after){ d, when_durable });
	d->folder = folder_new(d);
	folder_hooks(d->folder, &hooks);
	d->manager = manager_new(&d->lab, d->q, d->loop, &hooks);
	d->intake = intake_new(d);
	d->keep = keep_new(d);
	d->disk = disk_new(d);
	loop_add(d->loop, sig.fd, on_signal, &sig);
	log_start(d);
	sweep_intake(d);
	manager_recover(d->manager);
	disk_start(d->disk);
	descriptors_start(d);
	folder_start(d->folder);
	intake_start(d->intake);
	keep_start(d->keep);
	notify_start(d->notify);
	on_heartbeat(d);
	on_refresh(d);
	int r = loop_run(d->loop);
	/* Who waits for a commit has it while everything is there. */
	commit_now(d->commit);
	intake_free(d->intake);
	d->intake = NULL;
	folder_free(d->folder);
	keep_free(d->keep);
	d->hangs = !notify_stop(d->notify) || d->hangs;
	manager_free(d->manager);
	commit_free(d->commit);
	if (!d->hangs)
		notify_free(d->notify);
	disk_free(d->disk);
	loop_free(d->loop);
	close(sig.fd);
	return r;
}

int main(int argc, char **argv)
{
	struct arguments a = { 0 };
	struct daemon d = { .lock_fd = -1 };
	arguments_parse(&a, argc, argv);
	if (a.check)
		return check_run(&a);
	machine_raise_descriptors();
	open_parts(&d, &a);
	/* Before there are threads. */
	if (notify_is_wanted(d.conf) && notify_init() < 0)
		die("libcurl cannot be used");
	write_readme(d.conf, d.lab.share);
	int r = run(&d);
	log_event(LOG_INFO, "end", NULL);
	queue_fact_set(d.q, "heartbeat", "0");
	if (queue_flush(d.q) < 0)
		d.unsaved = true;
	queue_close(d.q);
	int status = r < 0 ? 2 : d.once && (d.failed || d.unsaved) ? 1 : 0;
	/* A thread that hangs in a mount cannot be waited for, by nothing that ends in order either. */
	if (d.hangs)
		_exit(status);
	share_free(d.lab.share);
	engines_release(&d.lab.engines);
	free(d.lab.cost);
	conf_free(d.conf);
	close(d.lock_fd);
	return status;
}
