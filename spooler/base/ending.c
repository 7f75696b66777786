/* See ending.h. */
#include "base/ending.h"

#include <string.h>

static const char *const endings[] = {
	".smi", ".smiles", ".ism", ".can", ".mol", ".mdl", ".sdf", ".sd", ".xyz", ".inchi", ".mol2", ".ml2",
	".cdxml", ".cdx", ".csv", ".tsv", ".txt", ".pdb", ".cml",
};

static const char *const archives[] = {
	".zip", ".7z", ".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".tar.zst",
};

static size_t find(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_has_isuffix(name, list[i]))
			return strlen(list[i]);
	return 0;
}

size_t ending_of_structure(const char *name) { return find(name, endings, ARRAY_SIZE(endings)); }
size_t ending_of_archive(const char *name) { return find(name, archives, ARRAY_SIZE(archives)); }
