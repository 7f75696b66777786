/* See disk.h. Logs when it begins and when it ends. */
#include "daemon/disk.h"

#include <sys/statvfs.h>

#include "base/log.h"

#define LOOK_S 5.0

struct disk { struct daemon *d; char *words; };

static char *look_at(const struct daemon *d, const char *what, const char *path)
{
	struct statvfs fs;
	uint64_t need = (uint64_t)d->conf->disk_min_mb << 20;
	if (!need || statvfs(path, &fs) < 0)
		return NULL;
	uint64_t have = (uint64_t)fs.f_bavail * fs.f_frsize;
	return have >= need ? NULL : xasprintf("the disk of the %s folder (%s) has %llu MB free, %d MB are needed; free some space there",
					       what, path, (unsigned long long)(have >> 20), d->conf->disk_min_mb);
}

static void look(struct disk *k)
{
	struct daemon *d = k->d;
	char *words = look_at(d, "spool", d->conf->spool);
	if (!words)
		words = look_at(d, "scratch", d->conf->scratch);
	bool was = k->words, is = words;
	free(k->words);
	k->words = words;
	manager_pause(d->manager, words);
	if (is && !was)
		log_event(LOG_ERROR, "disk-short", "why", words, NULL);
	if (was && !is) {
		log_event(LOG_INFO, "disk-enough", NULL);
		intake_look(d->intake);
		manager_refresh(d->manager);
	}
}

static void on_time(void *arg)
{
	struct disk *k = arg;
	if (k->d->stopping)
		return;
	look(k);
	loop_after(k->d->loop, LOOK_S, on_time, k);
}

struct disk *disk_new(struct daemon *d)
{
	struct disk *k = xcalloc(1, sizeof(*k));
	k->d = d;
	return k;
}

void disk_free(struct disk *k)
{
	if (!k)
		return;
	free(k->words);
	free(k);
}

void disk_start(struct disk *k) { on_time(k); }

const char *disk_short(const struct disk *k) { return k ? k->words : NULL; }
