/* Finished steps reach the disk some moments after their end, several at once, in a
 * thread of its own: whoever needs their results need not wait, because nothing but a
 * power cut can spoil them. Which ones are safe is in the queue; after a power cut the
 * others are computed again. */
#ifndef NMR_JOB_KEEPER_H
#define NMR_JOB_KEEPER_H

#include "base/loop.h"
#include "job/step.h"
#include "queue/queue.h"

struct keeper;
struct keeper *keeper_new(const struct lab *lab, struct queue *q, struct loop *loop);
/* Keeps what was added; waits for the disk, half a minute at most. */
void keeper_free(struct keeper *k);
/* The step's row is done and its folder has its final name. */
void keeper_add(struct keeper *k, const char *key);
/* At once, for who cannot wait: a step's folder with about so many files. */
int keeper_sync(const struct lab *lab, const char *key, size_t nfiles);
/* At start, before anything else: if the machine was down meanwhile, the folders that were
 * not safe are thrown away, and unfinished ones keep only their logs. */
void keeper_recover(const struct lab *lab, struct queue *q);

#endif
