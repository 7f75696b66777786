/* nmr.conf's words about the inbox, as a scan wants them. */
#include "base/conf.h"
#include "drop/drop.h"

#define QUIET_SHIPPED_S 0.5
#define QUIET_MOVED_S 0.02       /* for the ticket that is moved in right behind */

struct drop_folder *drop_folders(const struct conf *c)
{
	struct drop_folder *f = xcalloc(MAX(c->nhot, 1U), sizeof(*f));
	for (size_t i = 0; i < c->nhot; i++)
		f[i] = (struct drop_folder){ c->hot[i].name, c->hot[i].quiet_s,
					     c->hot[i].watch < 0 ? -1 : c->hot[i].watch ? DROP_POLL : DROP_EVENTS,
					     c->hot[i].markers };
	return f;
}

void drop_rules_of(const struct conf *c, const struct drop_folder *folders, struct drop_rules *ret_r)
{
	*ret_r = (struct drop_rules){ .quiet_s = c->quiet_s, .quiet_remote_s = c->quiet_remote_s,
				      .quiet_smb_s = c->quiet_smb_s, .quiet_nfs_s = c->quiet_nfs_s,
				      /* Who asks for more time has a reason that a rename does not remove. */
				      .quiet_moved_s = c->quiet_s > QUIET_SHIPPED_S ? c->quiet_s
										    : MIN(c->quiet_s, QUIET_MOVED_S),
				      .empty_report_s = c->empty_report_s,
				      .size_max = (size_t)c->file_size_max_mb << 20,
				      .folder = folders, .nfolders = c->nhot };
}
