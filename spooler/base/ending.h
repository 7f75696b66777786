/* Endings of the names of structure files, of the formats that are read and of those that
 * are refused with words of their own. */
#ifndef NMR_BASE_ENDING_H
#define NMR_BASE_ENDING_H

#include "base/util.h"

/* Bytes of the ending, with its dot, any case; 0: none that is known. */
size_t ending_of_structure(const char *name);
/* The same of archives that nmr-mol unpacks. */
size_t ending_of_archive(const char *name);

#endif
