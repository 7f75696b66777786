/* What was typed, and how it gets into the door. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "client/door.h"

static char *dir;
static struct conf conf = { .file_size_max_mb = 1, .mode_files = 0640, .mode_dirs = 0750 };

static int setup(_unused_ void **state)
{
	char template[] = "/tmp/test-door-XXXXXX";
	if (!mkdtemp(template))
		return -1;
	dir = xstrdup(template);
	conf.door = xasprintf("%s/door", dir);
	return file_mkdir_p(conf.door, 0755);
}

static int teardown(_unused_ void **state)
{
	int r = file_rm_rf(dir);
	free(conf.door);
	free(dir);
	return r;
}

static void input_is(const char *typed, const char *name, const char *data, const char *filename)
{
	struct door_input in = { 0 };
	char *error = NULL;
	if (door_input_read(&conf, typed, name, &in, &error) < 0)
		fail_msg("%s", error);
	assert_int_equal(in.len, strlen(data));
	assert_memory_equal(in.data, data, in.len);
	assert_string_equal(in.filename, filename);
	door_input_release(&in);
}

static void input_refused(const char *typed, int code, const char *words)
{
	struct door_input in = { 0 };
	char *error = NULL;
	assert_int_equal(door_input_read(&conf, typed, NULL, &in, &error), code);
	if (!strstr(error, words))
		fail_msg("\"%s\" does not say \"%s\"", error, words);
	assert_null(in.data);
	free(error);
}

static void test_lines(_unused_ void **state)
{
	input_is("CCO", NULL, "CCO\n", "CCO.smi");
	input_is("CCO", "my ethanol", "CCO my ethanol\n", "my ethanol.smi");
	input_is("C", "a/b\nc", "C a_b_c\n", "a_b_c.smi");
	input_is("F/C=C/F", NULL, "F/C=C/F\n", "molecule.smi");
	input_is("[Na+].[Cl-]", NULL, "[Na+].[Cl-]\n", "molecule.smi");
	input_is("ClC(Br)=C1[C@@H](I)C%10N1.[W]>>*", NULL, "ClC(Br)=C1[C@@H](I)C%10N1.[W]>>*\n", "molecule.smi");
	input_is("InChI=1S/CH4/h1H4", NULL, "InChI=1S/CH4/h1H4\n", "molecule.inchi");
	input_is("InChI=1S/CH4/h1H4", "methane", "InChI=1S/CH4/h1H4\n", "methane.inchi");
}

static void test_files(_unused_ void **state)
{
	_cleanup_free_ char *path = xasprintf("%s/a b.mol", dir);
	assert_int_equal(file_write(path, "x\0y", 3, 0644), 0);
	struct door_input in;
	char *error = NULL;
	assert_int_equal(door_input_read(&conf, path, "name", &in, &error), 0);
	assert_int_equal(in.len, 3);
	assert_memory_equal(in.data, "x\0y", 3);
	assert_string_equal(in.filename, "a b.mol");
	door_input_release(&in);
}

static void test_refusals(_unused_ void **state)
{
	_cleanup_free_ char *empty = xasprintf("%s/empty.mol", dir);
	_cleanup_free_ char *big = xasprintf("%s/big.mol", dir);
	assert_int_equal(file_write(empty, "", 0, 0644), 0);
	assert_int_equal(file_write(big, "", 0, 0644), 0);
	assert_int_equal(truncate(big, (1 << 20) + 1), 0);
	input_refused(empty, -ENODATA, "is empty");
	input_refused(big, -EFBIG, "larger than 1 MiB");
	input_refused(dir, -EISDIR, "is a folder");
	input_refused("ethanol.mol", -ENOENT, "there is no file ethanol.mol");
	input_refused("./CCO", -ENOENT, "no file");
	static const char *const words[] = { "ethanol", "H", "[CH4", "12", "CCO ethanol", "CLC" };
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		input_refused(words[i], -EINVAL, "neither a file nor a SMILES");
	input_refused("what is this", -EINVAL, "neither a file nor a SMILES");
	input_refused("", -EINVAL, "neither");
}

static char *read_text(const char *a, const char *b)
{
	_cleanup_free_ char *path = xasprintf("%s/%s/%s", conf.door, a, b);
	struct buf text = BUF_INIT;
	assert_int_equal(file_read(path, 1 << 16, &text), 0);
	return buf_detach(&text);
}

static void test_submit(_unused_ void **state)
{
	struct conf_pair options[] = { { (char *)"solvent", (char *)"D2O" }, { (char *)"name", (char *)"a\nb = c" } };
	struct door_submission s = { .data = "CCO\n", .len = 4, .filename = "x\n.smi", .options = options, .noptions = 2 };
	char id[ID_LEN + 1], *error = NULL;
	struct stat st;
	assert_int_equal(door_submit(&conf, &s, id, &error), 0);
	assert_true(id_valid(id));
	assert_true(door_holds(&conf, id));
	assert_false(door_holds(&conf, "0123456789ab"));
	assert_false(door_holds(&conf, "."));
	_cleanup_free_ char *structure = read_text(id, "structure");
	_cleanup_free_ char *ticket = read_text(id, "ticket");
	assert_string_equal(structure, "CCO\n");
	assert_string_equal(ticket, "source = cli\nfilename = x .smi\nsolvent = D2O\nname = a b = c\n");
	_cleanup_free_ char *folder = xasprintf("%s/%s", conf.door, id);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	_cleanup_free_ char *tmp = xasprintf("%s/.tmp-%s", conf.door, id);
	assert_false(file_exists(tmp));
}

static void test_submit_without_a_door(_unused_ void **state)
{
	struct door_submission s = { .data = "C", .len = 1, .filename = "x" };
	char id[ID_LEN + 1] = "", *error = NULL;
	file_rm_rf(conf.door);
	assert_int_equal(door_submit(&conf, &s, id, &error), -ENOENT);
	assert_non_null(strstr(error, "start nmr-spooler once"));
	assert_string_equal(id, "");
	free(error);
}

static void test_request(_unused_ void **state)
{
	char uuid[UUID_LEN + 1], *error = NULL;
	assert_int_equal(door_request(&conf, "cancel", "my \"job\"", NULL, uuid, &error), 0);
	assert_int_equal(strlen(uuid), UUID_LEN);
	assert_int_equal(uuid[14], '4');
	_cleanup_free_ char *path = xasprintf("%s/req-%s.json", conf.door, uuid);
	_cleanup_json_ json_t *j = NULL;
	assert_int_equal(json_read_file(path, &j), 0);
	assert_string_equal(json_str(j, "verb", ""), "cancel");
	assert_string_equal(json_str(j, "target", ""), "my \"job\"");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_lines), T(test_files), T(test_refusals), T(test_submit),
					    T(test_submit_without_a_door), T(test_request) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
