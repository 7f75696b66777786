/* See ending.h. */
#include "base/ending.h"

#include <string.h>

static const char *const endings[] = {
	".smi", ".smiles", ".ism", ".can", ".mol", ".mdl", ".sdf", ".sd", ".xyz", ".inchi", ".mol2", ".ml2",
	".cdxml", ".cdx", ".csv", ".tsv", ".txt", ".pdb", ".cml",
};

size_t ending_of_structure(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (str_has_isuffix(name, endings[i]))
			return strlen(endings[i]);
	return 0;
}
