/* Result folders: read, shown without control sequences, copied. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/file.h"
#include "cli/result.h"

static char *dir;

static char *at(const char *name) { return xasprintf("%s/%s", dir, name); }

static void put(const char *name, const char *text)
{
	_cleanup_free_ char *path = at(name);
	assert_int_equal(file_write(path, text, strlen(text), 0644), 0);
}

static int setup(_unused_ void **state)
{
	char template[] = "/tmp/test-result-XXXXXX";
	if (!mkdtemp(template))
		return -1;
	dir = xstrdup(template);
	_cleanup_free_ char *deep = at("from/raw/nwchem");
	return file_mkdir_p(deep, 0755);
}

static int teardown(_unused_ void **state)
{
	int r = file_rm_rf(dir);
	free(dir);
	return r;
}

static void test_copy(_unused_ void **state)
{
	_cleanup_free_ char *from = at("from"), *to = at("to"), *copied = at("to/raw/nwchem/out"), *gone = at("to/link");
	_cleanup_free_ char *link = at("from/link");
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	put("from/shifts.json", "{}");
	put("from/raw/nwchem/out", "text");
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_int_equal(result_copy_tree(from, to), 0);
	assert_int_equal(file_read(copied, 100, &b), 0);
	assert_string_equal(b.s, "text");
	assert_false(file_exists(gone));
	assert_int_equal(result_copy_tree(from, to), -EEXIST);
	assert_int_equal(result_copy_tree(gone, link), -ENOENT);
}

static void test_read(_unused_ void **state)
{
	_cleanup_free_ char *from = at("from");
	json_t *j = NULL;
	assert_int_equal(result_read(from, &j), -ENOENT);
	put("from/shifts.json", "{\"name\":");
	assert_int_equal(result_read(from, &j), -EBADMSG);
	put("from/shifts.json", "{\"name\":\"x\"}");
	assert_int_equal(result_read(from, &j), 0);
	assert_string_equal(json_str(j, "name", ""), "x");
	json_decref(j);
}

/* A name that a stranger chose must not take over the terminal. */
static void test_table_is_harmless(_unused_ void **state)
{
	static const struct term t = { .columns = 80, .rows = 24 };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_t *j = json_pack("{s:s,s:{s:[{s:s,s:[i],s:s,s:f}]}}", "name", "a\033[2Jb", "shifts", "13C",
			      "label", "C1\033[2J", "atoms", 1, "type", "CH3", "shift", 18.2);
	result_table(j, &t, &b);
	assert_null(strchr(b.s, '\033'));
	assert_non_null(strstr(b.s, "18.2"));
	assert_non_null(strstr(b.s, "13C"));
	for (const char *p = b.s; *p; p++)      /* no UTF-8 where the locale has none */
		assert_true((unsigned char)*p < 0x80);
	json_decref(j);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_copy), T(test_read), T(test_table_is_harmless) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
