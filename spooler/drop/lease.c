/* A read lease is granted only while nobody has the file open for writing, not
 * even through mmap, and while it is held a new writer waits until the lease is
 * given back or /proc/sys/fs/lease-break-time is over. So it is a proof on local
 * filesystems, and must be short-lived. A waiting writer makes the kernel send a
 * signal; the default SIGIO would end the process, SIGURG is ignored by default.
 * Without the right to lease (another owner's file and no CAP_LEASE: EACCES) or
 * without support (EINVAL) nothing is known. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "drop/internal.h"

enum lease lease_take(int fd)
{
	if (fcntl(fd, F_SETSIG, SIGURG) < 0)
		return LEASE_UNKNOWN;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
		return LEASE_HELD;
	return errno == EAGAIN || errno == EBUSY ? LEASE_IN_USE : LEASE_UNKNOWN;
}

/* While a lease is being broken F_GETLEASE tells what it will become. */
bool lease_intact(int fd) { return fcntl(fd, F_GETLEASE) == F_RDLCK; }

void lease_release(int fd) { fcntl(fd, F_SETLEASE, F_UNLCK); }
