/* Result folders, as the command line reads them. */
#ifndef NMR_CLI_RESULT_H
#define NMR_CLI_RESULT_H

#include "base/json.h"
#include "cli/term.h"

/* shifts.json of a result folder: 0 or -errno; the caller owns *ret_result. */
int result_read(const char *folder, json_t **ret_result);
/* The table of predicted shifts and the warnings. */
void result_table(const json_t *result, const struct term *t, struct buf *b);
/* Copies a tree (files and folders, nothing else) to a place that does not exist
 * yet. 0 or -errno. */
int result_copy_tree(const char *from, const char *to);

#endif
