/* What a preset cannot take, told before anything is computed: by the spooler and by the
 * page's check. Returned text is the caller's to free. */
#ifndef NMR_NMR_LIMITS_H
#define NMR_NMR_LIMITS_H

#include "nmr/share.h"

#define LIMITS_ELEMENT_WHAT "The molecule has an element that cannot be computed."

/* For more atoms than the preset takes: other presets that take more, with their limits. */
char *limits_size_remedy(const struct share *sh, const struct preset *p);
/* NULL: every element of z[n] (atomic numbers) has a basis set at all levels of the preset.
 * Otherwise why not, and in *ret_remedy which presets have one. */
char *limits_element(const struct share *sh, const struct preset *p, const int *z, int n, char **ret_remedy);
/* Bytes that the largest shielding calculation of the preset needs on one core; *ret_at, if
 * not NULL: its level (borrowed). */
uint64_t limits_memory(const struct preset *p, const struct solvent *solvent, const int *z, int n, const struct level **ret_at);
/* For more memory than there is (bytes): presets that make do with it for these atoms. */
char *limits_memory_remedy(const struct share *sh, const struct preset *p, const struct solvent *solvent, const int *z, int n,
			   uint64_t have);

#endif
