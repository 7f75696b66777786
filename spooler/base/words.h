/* Words people type: the closest known one, and command lines cut into words. */
#ifndef NMR_BASE_WORDS_H
#define NMR_BASE_WORDS_H

#include "base/util.h"

/* Edits (insert, delete, replace, swap of neighbours) between two words, case
 * aside. Only the first 64 bytes count. */
size_t words_distance(const char *a, const char *b);
/* The known word that was probably meant, or NULL when none is near enough. */
const char *words_closest(const char *typed, const char *const *known, size_t n);
/* Cuts a line as a shell does: blanks, 'single', "double", backslash; nothing is
 * expanded. 0, or -EINVAL for an open quote. Free with words_free(). */
int words_split(const char *line, char ***ret_words);
void words_free(char **words);

#endif
