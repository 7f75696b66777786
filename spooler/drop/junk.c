/* Names to pass over: what desktops, editors, browsers, sync programs and file
 * servers leave beside the files that people mean. Patterns are matched without
 * case, because half of them come from systems that have none. Hidden names are
 * all passed over but one kind: a name that is only an extension (".xyz", what a
 * script with an empty variable makes) is a structure like any other. */
#include <fnmatch.h>
#include <string.h>

#include "base/ending.h"
#include "drop/drop.h"

static const char *const junk[] = {
	"readme.txt",                                          /* our own */
	"thumbs.db", "desktop.ini", "ehthumbs.db", "~$*", "system volume information", "$recycle.bin",
	"#recycle", "@eadir", "@recycle", "__macosx", "lost+found", "icon\r",
	"*~", "#*#", "4913",                                   /* editors */
	"*.part", "*.partial", "*.crdownload", "*.download", "*.filepart", "*.tmp", "*.temp", "*.aria2",
	"*.opdownload", "~syncthing~*", "*.lnk",
};

static bool is_only_extension(const char *name) { return *name && ending_of_structure(name) == strlen(name); }

bool drop_name_is_junk(const char *name)
{
	if (name[0] == '.')
		return !is_only_extension(name);
	for (size_t i = 0; i < ARRAY_SIZE(junk); i++)
		if (fnmatch(junk[i], name, FNM_CASEFOLD) == 0)
			return true;
	return false;
}
