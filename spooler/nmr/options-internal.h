/* What options.c and options-ticket.c share; nobody else includes it. */
#ifndef NMR_NMR_OPTIONS_INTERNAL_H
#define NMR_NMR_OPTIONS_INTERNAL_H

#include "nmr/options.h"

/* Letters and digits alone, lower case: "Max-Conformers" -> "maxconformers". */
void option_text_fold(const char *typed, char *ret_s, size_t size);
/* The option of a name or alias as typed, or -1. */
int option_find(const char *typed);
/* A value without what word processors and habits put around it: blanks (also
 * the non-breaking ones), quotes of all kinds, a trailing ';' or ',', a comment.
 * verbatim: a name, in which '#' and long dashes stay. Caller frees. */
char *option_value_clean(const char *value, bool verbatim);

#endif
