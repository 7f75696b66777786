/* Open files: as many as the system allows, and words when they run short. */
#ifndef NMR_DAEMON_DESCRIPTORS_H
#define NMR_DAEMON_DESCRIPTORS_H

#include "daemon/daemon.h"

/* The name of the fact in the queue: words for people, "" when there are enough. */
#define DESCRIPTORS_FACT "descriptors"

/* From now on it is looked at every few seconds. */
void descriptors_start(struct daemon *d);

#endif
