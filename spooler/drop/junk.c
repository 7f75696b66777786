/* Names passed over: what editors, browsers, synchronisers and operating systems
 * leave in shared folders, and our own. Pure. */
#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "drop/drop.h"

static const char *const patterns[] = {
	".*", "Thumbs.db", "desktop.ini", "~$*", "~WRL*.tmp", ".~lock.*#", "*~", "#*#", "4913", "*.part",
	"*.crdownload", "*.partial", "*.download", "*.opdownload", "*.filepart", "*.tmp", "*.temp", "*.swp", "*.swo",
	"*.swx", "~syncthing~*", "*.ocTransferId*.part", "*.aria2", "@eaDir", "#recycle", "$RECYCLE.BIN",
	"System Volume Information", "__MACOSX", "lost+found", "Icon\r", "README.txt", "*.lock", "*.done",
};

bool drop_name_is_junk(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		if (fnmatch(patterns[i], name, FNM_CASEFOLD | FNM_NOESCAPE) == 0)
			return true;
	return false;
}
