/* Following jobs to their end: bars that are redrawn on a terminal, a line for
 * each change elsewhere, an object for each change with --json. */
#ifndef NMR_CLI_FOLLOW_H
#define NMR_CLI_FOLLOW_H

#include "cli/cli.h"

enum follow_style { FOLLOW_BARS, FOLLOW_LINES, FOLLOW_JSON, FOLLOW_SILENT };

struct follow;
/* Draws on `out` (stdout or stderr), whose abilities are t. conf is borrowed. */
struct follow *follow_new(const struct conf *conf, FILE *out, const struct term *t, enum follow_style style);
void follow_free(struct follow *f);      /* leaves the last picture on the screen */
/* Adds what is to be followed: an id of a job or of a batch, however it was
 * typed. None: all that is unfinished. */
void follow_add(struct follow *f, const char *target);
/* One look and one picture. q may be NULL: not there yet. */
void follow_update(struct follow *f, struct queue *q);
/* Of the targets: all have ended; how many of them failed or were cancelled. */
bool follow_ended(const struct follow *f);
int follow_failures(const struct follow *f);
/* The picture is taken away, for other output. */
void follow_clear(struct follow *f);

#endif
