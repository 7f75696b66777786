/* Fences around the parsing of what strangers sent.
 *
 * Three of them.  Limits: memory, processor time and file size, so that a
 * molecule that makes an algorithm explode ends this process and not the
 * machine.  Landlock, where the kernel has it: files can be written below the
 * current folder only.  Seccomp: system calls that start programs, open
 * sockets or look into other processes end the process; other calls that
 * chemistry has no use for fail with EPERM.  A kernel or a container that
 * offers no seccomp is not an error: whoever runs there has chosen so.
 * An AddressSanitizer build maps terabytes and forks in its leak check; it runs
 * without the memory limit and without the ban on processes.  Logs nothing,
 * except one line on stderr when a filter that should load does not.
 */
#include "mol/sandbox.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

namespace mol {

namespace {

#if defined(NMR_SANITIZED)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

constexpr rlim_t memory_max = rlim_t{4} << 30;
constexpr rlim_t file_max = rlim_t{1} << 30;
constexpr rlim_t cpu_max_s = 6 * 3600;

void limit(__rlimit_resource_t what, rlim_t most)
{
	struct rlimit r;
	if (getrlimit(what, &r) < 0)
		return;
	r.rlim_cur = r.rlim_cur == RLIM_INFINITY || r.rlim_cur > most ? most : r.rlim_cur;
	setrlimit(what, &r);
}

void limits()
{
	if (!sanitized)
		limit(RLIMIT_AS, memory_max);
	limit(RLIMIT_CPU, cpu_max_s);
	limit(RLIMIT_FSIZE, file_max);
	limit(RLIMIT_CORE, 0);
}

constexpr uint64_t write_rights =
	LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
	LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
	LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
	LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_EXECUTE;

/* Writing below the current folder only; silently nothing on older kernels. */
void landlock()
{
	struct landlock_ruleset_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.handled_access_fs = write_rights;
	const int fd = static_cast<int>(syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0));
	if (fd < 0)
		return;
	struct landlock_path_beneath_attr here;
	memset(&here, 0, sizeof(here));
	here.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;
	here.parent_fd = open(".", O_PATH | O_CLOEXEC);
	if (here.parent_fd >= 0 && syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &here, 0) == 0)
		syscall(SYS_landlock_restrict_self, fd, 0);
	if (here.parent_fd >= 0)
		close(here.parent_fd);
	close(fd);
}

/* Nothing that reads, computes and writes ever calls these. */
const int deadly[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect),
	SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(bpf), SCMP_SYS(userfaultfd),
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(unshare),
	SCMP_SYS(setns), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(io_uring_setup),
	SCMP_SYS(perf_event_open), SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff)};

/* The leak check of a sanitized build needs these. */
const int processes[] = {SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(ptrace)};

const int refused[] = {
	SCMP_SYS(chmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(lchown), SCMP_SYS(fchownat),
	SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid),
	SCMP_SYS(setresgid), SCMP_SYS(setgroups), SCMP_SYS(capset), SCMP_SYS(mknod), SCMP_SYS(mknodat),
	SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(setxattr),
	SCMP_SYS(fsetxattr), SCMP_SYS(lsetxattr), SCMP_SYS(personality), SCMP_SYS(acct), SCMP_SYS(quotactl),
	SCMP_SYS(sethostname), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(adjtimex),
	SCMP_SYS(name_to_handle_at), SCMP_SYS(open_by_handle_at)};

template <size_t N> int add(scmp_filter_ctx f, uint32_t action, const int (&calls)[N])
{
	for (const int c : calls) {
		/* Negative numbers are calls that this architecture does not have. */
		const int r = c < 0 ? 0 : seccomp_rule_add(f, action, c, 0);
		if (r < 0 && r != -EEXIST)
			return r;
	}
	return 0;
}

int filter()
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	if (!f)
		return -ENOMEM;
	int r = add(f, SCMP_ACT_KILL_PROCESS, deadly);
	if (r == 0 && !sanitized)
		r = add(f, SCMP_ACT_KILL_PROCESS, processes);
	if (r == 0)
		r = add(f, SCMP_ACT_ERRNO(EPERM), refused);
	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	return r;
}

} // namespace

void sandbox_enter()
{
	limits();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return;
	landlock();
	const int r = filter();
	if (r < 0 && r != -EINVAL && r != -ENOSYS && r != -EPERM && r != -EACCES && r != -ECANCELED)
		fprintf(stderr, "nmr-mol: no seccomp filter: %s\n", strerror(-r));
}

} // namespace mol
