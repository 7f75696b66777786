/* Local or remote, told by the filesystem's magic number. On a remote one (and on
 * FUSE and 9p, which are how virtual machines and desktops share folders) others
 * write without an event here, times and sizes lag, and a lease says nothing
 * about other machines. Asked for every folder, because a share may be mounted
 * anywhere below the inbox. A self test could prove events broken, never working,
 * so there is none. */
#include <errno.h>
#include <fcntl.h>
#include <sys/statfs.h>

#include "drop/internal.h"

static const struct { uint32_t magic; const char *why; } remote[] = {
	{ 0x00006969, "an NFS mount: changes by others give no events" },
	{ 0xff534d42, "an SMB/CIFS mount: changes by others give no events" },
	{ 0xfe534d42, "an SMB mount: changes by others give no events" },
	{ 0x0000517b, "an SMB mount: changes by others give no events" },
	{ 0x65735546, "a FUSE mount: changes behind it give no events" },
	{ 0x01021997, "a 9p mount (shared with a host): the host's changes give no events" },
	{ 0x5346414f, "an AFS mount: changes by others give no events" },
	{ 0x00c36400, "a Ceph mount: changes by others give no events" },
	{ 0x01161970, "a GFS2 mount: changes by others give no events" },
	{ 0x7461636f, "an OCFS2 mount: changes by others give no events" },
	{ 0x0bd00bd0, "a Lustre mount: changes by others give no events" },
	{ 0x47504653, "a GPFS mount: changes by others give no events" },
	{ 0x786f4256, "a VirtualBox share: the host's changes give no events" },
	{ 0xbacbacbc, "a VMware share: the host's changes give no events" },
};

bool place_is_remote(int fd, const char **ret_why)
{
	struct statfs fs;
	if (fstatfs(fd, &fs) < 0) {
		*ret_why = "its filesystem cannot be asked";
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(remote); i++)
		if ((uint32_t)fs.f_type == remote[i].magic) {
			*ret_why = remote[i].why;
			return true;
		}
	*ret_why = "a local filesystem";
	return false;
}

enum drop_mode drop_classify(const char *root, const char **ret_why)
{
	_cleanup_close_ int fd = path_open_root(root);
	if (fd < 0) {
		*ret_why = "the folder cannot be opened";
		return DROP_POLL;
	}
	return place_is_remote(fd, ret_why) ? DROP_POLL : DROP_EVENTS;
}
