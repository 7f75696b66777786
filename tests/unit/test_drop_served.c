/* What this machine serves, read from the tables of the servers. */
#include "drop_help.h"
#include "drop/internal.h"

static void check(const char *table, int format, const char *path, enum served_by by)
{
	struct served v = { 0 };
	_cleanup_free_ char *text = xstrdup(table);
	served_parse(&v, text, format);
	if (served_find(&v, path) != by)
		fail_msg("%s in \"%s\": %d, not %d", path, table, served_find(&v, path), by);
	served_release(&v);
}

static void test_exports(_unused_ void **state)
{
	check("/srv/nmr/inbox\t*(rw,sync)\n", 0, "/srv/nmr/inbox", SERVED_NFS);
	check("/srv/nmr 10.0.0.0/8(rw) host(ro)\n", 0, "/srv/nmr/inbox/a", SERVED_NFS);
	check("/srv/nmr *(rw)\n", 0, "/srv/nmr-other", SERVED_NOT);
	check("/srv/nmr/inbox *(rw)\n", 0, "/srv/nmr", SERVED_NOT);
	check("/srv/with\\040space *(rw)\n", 0, "/srv/with space/in", SERVED_NFS);
	check("\"/srv/with space\" *(rw)\n", 0, "/srv/with space", SERVED_NFS);
	check("# /srv/nmr *(rw)\n\n", 0, "/srv/nmr", SERVED_NOT);
	check("/ *(rw)\n", 0, "/anything", SERVED_NFS);
	check("/srv/nmr/ *(rw)\n", 0, "/srv/nmr", SERVED_NFS);
}

static void test_ganesha(_unused_ void **state)
{
	check("EXPORT {\n\tExport_Id = 1;\n\tPath = /srv/nmr;\n\tPseudo = /nmr;\n}\n", 1, "/srv/nmr/inbox", SERVED_NFS);
	check("EXPORT { Path = \"/srv/nmr\"; }\n", 1, "/srv/nmr", SERVED_NFS);
	check("EXPORT {\n\tPseudo = /nmr;\n}\n", 1, "/nmr", SERVED_NOT);
	check("EXPORT {\n\t# Path = /srv/nmr;\n}\n", 1, "/srv/nmr", SERVED_NOT);
}

static void test_samba(_unused_ void **state)
{
	check("[inbox]\n   path = /srv/nmr/inbox\n   writeable = yes\n", 2, "/srv/nmr/inbox", SERVED_SMB);
	check("[inbox]\r\n\tPath=/srv/nmr inbox\r\n", 2, "/srv/nmr inbox/a", SERVED_SMB);
	check("[inbox]\n;   path = /srv/nmr\n", 2, "/srv/nmr", SERVED_NOT);
	check("[homes]\n   browseable = no\n", 2, "/home/x", SERVED_NOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exports), cmocka_unit_test(test_ganesha), cmocka_unit_test(test_samba),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
