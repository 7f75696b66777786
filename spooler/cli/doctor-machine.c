/* Doctor's look at the machine: cores, memory, and the kernel's limits that make
 * runs fail in ways hard to understand when they are low. */
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/machine.h"
#include "cli/doctor.h"

#define GIB 1073741824.0
#define MIB 1048576.0

static void check_cores(struct doctor *d)
{
	const struct conf *c = d->c->conf;
	int seen = machine_cores(), used = conf_cores(c);
	if (used > seen)
		doctor_say(d, DOCTOR_WARNING, "machine", "lower \"cores\" in nmr.conf, or 0 for what there is",
			   "%d cores are configured, %d may be used", used, seen);
	else
		doctor_say(d, DOCTOR_OK, "machine", NULL, "%d of %d cores", used, seen);
}

static void check_memory(struct doctor *d)
{
	double all = (double)machine_memory_bytes(), used = (double)conf_memory_bytes(d->c->conf);
	if (used > all)
		doctor_say(d, DOCTOR_WARNING, "machine", "lower \"memory_mb\" in nmr.conf, or 0 for what there is",
			   "%.1f GiB of memory are configured, there are %.1f", used / GIB, all / GIB);
	else if (used < 2 * GIB)
		doctor_say(d, DOCTOR_WARNING, "machine", "give the machine or the container more memory",
			   "%.1f GiB of memory for the engines: molecules of more than about 15 atoms will fail", used / GIB);
	else
		doctor_say(d, DOCTOR_OK, "machine", NULL, "%.1f of %.1f GiB of memory", used / GIB, all / GIB);
}

/* 0 when it cannot be read. */
static long read_sysctl(const char *path)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	long v;
	return file_read(path, 64, &b) == 0 && str_to_long(str_trim(b.s), &v) == 0 ? v : 0;
}

static void check_inotify(struct doctor *d)
{
	static const struct { const char *name; long least; } limits[] = {
		{ "max_user_watches", 8192 }, { "max_user_instances", 64 }, { "max_queued_events", 4096 },
	};
	bool good = true;
	long value[ARRAY_SIZE(limits)];
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		_cleanup_free_ char *path = xasprintf("/proc/sys/fs/inotify/%s", limits[i].name);
		value[i] = read_sysctl(path);
		if (value[i] == 0 || value[i] >= limits[i].least)
			continue;
		_cleanup_free_ char *remedy = xasprintf("sysctl fs.inotify.%s=%ld (or more)", limits[i].name, limits[i].least * 8);
		doctor_say(d, DOCTOR_WARNING, "inotify", remedy, "%s is only %ld: deep inboxes will be polled",
			   limits[i].name, value[i]);
		good = false;
	}
	if (good)
		doctor_say(d, DOCTOR_OK, "inotify", NULL, "%ld watches, %ld instances, %ld queued events", value[0], value[1], value[2]);
}

/* Open MPI's ranks talk through it; containers have 64 MB unless told otherwise. */
static void check_shm(struct doctor *d)
{
	struct statvfs v;
	if (statvfs("/dev/shm", &v) < 0) {
		doctor_say(d, DOCTOR_PROBLEM, "/dev/shm", "mount a tmpfs there: MPI needs it", "/dev/shm is not there");
		return;
	}
	double size = (double)v.f_blocks * (double)v.f_frsize, left = (double)v.f_bavail * (double)v.f_frsize;
	if (size < 500 * MIB)
		doctor_say(d, DOCTOR_WARNING, "/dev/shm", "give the container shm_size: 512m",
			   "only %.0f MiB; NWChem on several ranks may die of SIGBUS", size / MIB);
	else if (left < 100 * MIB)
		doctor_say(d, DOCTOR_WARNING, "/dev/shm", "remove what crashed programs left there",
			   "nearly full: %.0f of %.0f MiB left", left / MIB, size / MIB);
	else
		doctor_say(d, DOCTOR_OK, "/dev/shm", NULL, "%.0f MiB", size / MIB);
}

static void check_limits(struct doctor *d)
{
	struct rlimit stack, files;
	getrlimit(RLIMIT_STACK, &stack);
	getrlimit(RLIMIT_NOFILE, &files);
	if (stack.rlim_max == RLIM_INFINITY)
		doctor_say(d, DOCTOR_OK, "limits", NULL, "the stack may grow, as xTB and CREST want it");
	else
		doctor_say(d, DOCTOR_WARNING, "limits", "raise the hard limit: ulimit -Hs unlimited, LimitSTACK=infinity",
			   "the stack is limited to %.0f MiB; xTB crashes on large molecules", (double)stack.rlim_max / MIB);
	if (files.rlim_max < 1024)
		doctor_say(d, DOCTOR_WARNING, "limits", "raise it: ulimit -Hn 4096, LimitNOFILE=4096",
			   "only %lu open files are allowed", (unsigned long)files.rlim_max);
}

/* A program cannot be younger than the clock says; a machine without a battery
 * starts in 1970. Ages are only shown, but provenance.json is kept for years. */
static void check_clock(struct doctor *d)
{
	char now[CLOCK_ISO_LEN];
	struct timespec t = { 0 };
	double wall = clock_wall();
	clock_iso(wall, now);
	/* 2024-01-01 */
	if (wall < 1704067200.0)
		doctor_say(d, DOCTOR_PROBLEM, "clock", "set the clock: timedatectl set-ntp true", "the clock says %s", now);
	else if (clock_gettime(CLOCK_BOOTTIME, &t) < 0)
		doctor_say(d, DOCTOR_PROBLEM, "clock", "use a kernel of this century", "no CLOCK_BOOTTIME");
	else
		doctor_say(d, DOCTOR_OK, "clock", NULL, "%s", now);
}

void doctor_machine(struct doctor *d)
{
	check_cores(d);
	check_memory(d);
	check_shm(d);
	check_limits(d);
	check_inotify(d);
	check_clock(d);
}
