/* Limits of cgroups v1 and v2, in an imitated /proc and /sys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/file.h"
#include "base/machine.h"

static char *root;

static void put(const char *path, const char *text)
{
	_cleanup_free_ char *file = xasprintf("%s%s", root, path);
	_cleanup_free_ char *dir = xstrdup(file);
	*strrchr(dir, '/') = '\0';
	assert_int_equal(file_mkdir_p(dir, 0755), 0);
	assert_int_equal(file_write(file, text, strlen(text), 0644), 0);
}

static int setup(_unused_ void **state)
{
	char template[] = "/tmp/test-machine-XXXXXX";
	if (!mkdtemp(template))
		return -1;
	root = xstrdup(template);
	return 0;
}

static int teardown(_unused_ void **state)
{
	int r = file_rm_rf(root);
	free(root);
	return r;
}

static void test_none(_unused_ void **state)
{
	assert_true(machine_cgroup_cores(root) == 0);
	assert_int_equal(machine_cgroup_memory(root), 0);
	put("/proc/self/cgroup", "0::/\n");
	put("/sys/fs/cgroup/cpu.max", "max 100000\n");
	put("/sys/fs/cgroup/memory.max", "max\n");
	assert_true(machine_cgroup_cores(root) == 0);
	assert_int_equal(machine_cgroup_memory(root), 0);
}

static void test_v2_least_of_the_parents(_unused_ void **state)
{
	put("/proc/self/cgroup", "0::/a/b\n");
	put("/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
	put("/sys/fs/cgroup/a/cpu.max", "150000 100000\n");
	put("/sys/fs/cgroup/a/b/memory.max", "2147483648\n");
	put("/sys/fs/cgroup/a/b/memory.high", "1073741824\n");
	put("/sys/fs/cgroup/a/memory.max", "max\n");
	assert_true(machine_cgroup_cores(root) == 1.5);
	assert_int_equal(machine_cgroup_memory(root), 1073741824);
	assert_int_equal(machine_cgroup_oom_kills(root), 0);
	put("/sys/fs/cgroup/a/b/memory.events", "low 0\nhigh 0\nmax 9\noom 2\noom_kill 3\n");
	put("/sys/fs/cgroup/a/memory.events", "low 0\nhigh 0\nmax 9\noom 2\noom_kill 7\n");
	assert_int_equal(machine_cgroup_oom_kills(root), 3);
}

/* A container without a cgroup namespace: the path is the host's. */
static void test_v2_path_of_the_host(_unused_ void **state)
{
	put("/proc/self/cgroup", "0::/system.slice/docker-abc.scope\n");
	put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
	assert_true(machine_cgroup_cores(root) == 2);
}

static void test_v1(_unused_ void **state)
{
	put("/proc/self/cgroup", "5:memory:/box\n3:cpu,cpuacct:/box\n1:name=systemd:/\n0::/\n");
	put("/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "300000\n");
	put("/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");
	put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
	put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
	put("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "536870912\n");
	put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	assert_true(machine_cgroup_cores(root) == 3);
	assert_int_equal(machine_cgroup_memory(root), 536870912);
}

static void test_this_machine(_unused_ void **state)
{
	assert_in_range(machine_cores(), 1, 1 << 16);
	assert_true(machine_memory_bytes() > (uint64_t)64 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_v2_least_of_the_parents, setup, teardown),
		cmocka_unit_test_setup_teardown(test_v2_path_of_the_host, setup, teardown),
		cmocka_unit_test_setup_teardown(test_v1, setup, teardown),
		cmocka_unit_test(test_this_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
