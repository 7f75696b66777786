/* Free space where the spooler writes: spool and scratch. While one of them is short,
 * nothing is taken and nothing started; what runs goes on. (A full outbox makes
 * publishing wait by itself.) */
#ifndef NMR_DAEMON_DISK_H
#define NMR_DAEMON_DISK_H

#include "daemon/daemon.h"

struct disk *disk_new(struct daemon *d);
void disk_free(struct disk *k);
/* From now on it is looked at every few seconds. */
void disk_start(struct disk *k);
/* Words for people, or NULL when there is enough. */
const char *disk_short(const struct disk *k);

#endif
