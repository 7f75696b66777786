/* Tickets: told from structures by content, paired by name, and never lost. */
#include "drop_help.h"
#include "drop/internal.h"

static bool looks(const char *text) { return ticket_looks_like(text, strlen(text)); }

static void test_tickets(_unused_ void **state)
{
	static const char *const yes[] = {
		"solvent = CDCl3", "solvent=CDCl3\r\npreset: draft\r\n", "Solvent: DMSO-d6;", "\xef\xbb\xbfsolvent = D2O\n",
		"# for Anna\n\nsolvent = CDCl3\n", "[nmr]\nsolvent = CDCl3\n", "// x\ncharge = -1", "solvent CDCl3\n",
		"charge +1", "T = 300", "temperature=25 C", "solvant = CDCl3", "mode=ensemble", "priority = 3\nplease hurry",
		"name = C = O", "conformer mode: single", "solvent\t=\tchloroform", "solvent = CDCl3\rpreset = draft\r",
	};
	static const char *const no[] = {
		"", "\n\n", "CCO", "CC=O", "CC=O acetaldehyde\nC=C ethene\n", "C:C", "c1ccccc1", "OCC=C\n", "BrC=CBr",
		"CCO ethanol\nCC=O ethanal", "[Na+].[Cl-]", "[NH4+]=X", "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3",
		"9\nethanol\nC 0 0 0\n", "SMILES,name\nCCO,ethanol\n", "# only a remark", "name smiles\nethanol CCO\n",
		"CCO name: ethanol", "N#CC=O", "C/C=C/C", "ethanol\n  RDKit          3D\n\n  9  8  0\n", "=", "= CDCl3", ":",
		"a line of text without anything", "solvent", "\xff\xfe",
	};
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (!looks(yes[i]))
			fail_msg("not taken for a ticket: %s", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (looks(no[i]))
			fail_msg("taken for a ticket: %s", no[i]);
	assert_true(ticket_looks_like("\xff\xfes\0o\0l\0v\0e\0n\0t\0=\0D\0", 18));
	assert_false(ticket_looks_like("C\0C\0O\0", 6));
	_cleanup_free_ char *large = xmalloc(TICKET_MAX + 1);
	memset(large, '\n', TICKET_MAX + 1);
	memcpy(large, "solvent = x", 11);
	assert_false(ticket_looks_like(large, TICKET_MAX + 1));
	assert_true(ticket_looks_like(large, TICKET_MAX));
}

/* ---- pairs, through the scan */

static const struct drop_rules quick = { .quiet_s = 0.03, .quiet_remote_s = 0.1, .empty_report_s = 0.1, .size_max = 1 << 20 };
#define TICKET "solvent = D2O\n"

static int setup(void **state)
{
	struct box *b = xcalloc(1, sizeof(*b));
	box_new(b);
	box_rules(b, &quick);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	box_free(*state);
	free(*state);
	return 0;
}

static void test_pairs(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	box_put(b, "conf.mol", "x");
	box_put(b, "conf.conf", TICKET);
	box_put(b, "txt.mol", "x");
	box_put(b, "txt.txt", TICKET);
	box_put(b, "both.mol", "x");             /* <file>.conf wins over <stem>.conf */
	box_put(b, "both.mol.conf", TICKET);
	box_put(b, "both.sdf", "x");
	box_put(b, "both.conf", TICKET);
	box_put(b, "Case.MOL", "x");
	box_put(b, "case.TXT", TICKET);
	box_put(b, "smiles.mol", "x");           /* a .txt that is a structure itself */
	box_put(b, "smiles.txt", "CC=O\n");
	box_put(b, "alone.txt", "CCO\n");
	box_put(b, "plain", "x");
	box_put(b, "plain.conf", "");            /* an empty ticket has nothing to say */
	box_put(b, "list.txt", "CCO\n");         /* a .txt with a ticket of its own */
	box_put(b, "list.conf", TICKET);
	box_dir(b, "sub");
	box_put(b, "sub/deep.mol", "x");
	box_put(b, "sub/deep.conf", TICKET);
	box_settle(b, &all);
	assert_settled(&all, "conf.mol", "conf.conf");
	assert_settled(&all, "txt.mol", "txt.txt");
	assert_settled(&all, "both.mol", "both.mol.conf");
	assert_settled(&all, "both.sdf", "both.conf");
	assert_settled(&all, "Case.MOL", "case.TXT");
	assert_settled(&all, "smiles.mol", NULL);
	assert_settled(&all, "smiles.txt", NULL);
	assert_settled(&all, "alone.txt", NULL);
	assert_settled(&all, "plain", "plain.conf");
	assert_settled(&all, "list.txt", "list.conf");
	assert_settled(&all, "sub/deep.mol", "sub/deep.conf");
	assert_int_equal(all.l.n, 11);
	pass_release(&all);
}

static void test_lone(void **state)
{
	struct box *b = *state;
	struct seen_pass all, p;
	box_put(b, "lone.conf", TICKET);
	box_put(b, "lonely.txt", TICKET);
	box_put(b, "pair.txt", TICKET);
	box_put(b, "pair.conf", TICKET);         /* two tickets make no structure */
	sleep_s(0.05);
	box_pass(b, 10, &p);
	pass_release(&p);
	sleep_s(0.05);
	box_pass(b, 10, &p);
	assert_int_equal(p.l.n, 0);              /* the structure may come */
	assert_true(p.next_s > 0);
	pass_release(&p);
	box_settle(b, &all);
	assert_trouble(&all, "lone.conf", "lone-ticket");
	assert_trouble(&all, "lonely.txt", "lone-ticket");
	assert_trouble(&all, "pair.txt", "lone-ticket");
	assert_trouble(&all, "pair.conf", "lone-ticket");
	pass_release(&all);
	box_put(b, "lone.mol", "x");             /* it came after all */
	box_settle(b, &all);
	assert_settled(&all, "lone.mol", "lone.conf");
	assert_int_equal(all.l.n, 1);
	pass_release(&all);
}

/* A ticket that is still being written holds its structure back. */
static void test_unsettled_ticket(void **state)
{
	struct box *b = *state;
	struct seen_pass p, all;
	static const char *const tickets[] = { "a.conf", "a.txt" };
	/* Long before an open file is told about, on a busy machine, too. */
	static const struct drop_rules patient = { .quiet_s = 0.03, .quiet_remote_s = 0.1, .empty_report_s = 30, .size_max = 1 << 20 };
	box_rules(b, &patient);
	for (size_t i = 0; i < ARRAY_SIZE(tickets); i++) {
		_cleanup_free_ char *path = box_path(b, tickets[i]);
		box_put(b, "a.mol", "x");
		box_put(b, tickets[i], "solvent = ");
		int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
		box_pass(b, 10, &p);
		pass_release(&p);
		sleep_s(0.05);
		box_pass(b, 10, &p);
		assert_int_equal(p.l.n, 0);
		pass_release(&p);
		assert_int_equal(file_write_all(fd, "D2O\n", 4), 0);
		close(fd);
		box_settle(b, &all);
		assert_settled(&all, "a.mol", tickets[i]);
		pass_release(&all);
		assert_int_equal(unlink(path), 0);
	}
}

/* Structures that share a ticket leave in one pass: it leaves with the first. */
static void test_shared(void **state)
{
	struct box *b = *state;
	struct seen_pass p;
	box_put(b, "a.mol", "x");
	box_put(b, "a.sdf", "x");
	box_put(b, "a.conf", TICKET);
	box_put(b, "b.mol", "x");
	box_pass(b, 1, &p);
	pass_release(&p);
	sleep_s(0.05);
	box_put(b, "a.sdf", "y");                /* the second one is not ready */
	box_pass(b, 10, &p);
	assert_int_equal(p.l.n, 1);
	assert_settled(&p, "b.mol", NULL);
	pass_release(&p);
	sleep_s(0.05);
	box_pass(b, 1, &p);                      /* one is asked for, two go */
	assert_int_equal(p.l.n, 2);
	assert_settled(&p, "a.mol", "a.conf");
	assert_settled(&p, "a.sdf", "a.conf");
	pass_release(&p);
}

static void test_bad_tickets(void **state)
{
	struct box *b = *state;
	struct seen_pass all;
	_cleanup_free_ char *large = xmalloc(TICKET_MAX + 2), *link = box_path(b, "link.conf");
	memset(large, '\n', TICKET_MAX + 1);
	large[TICKET_MAX + 1] = '\0';
	box_put(b, "large.mol", "x");
	box_put(b, "large.conf", large);
	box_put(b, "link.mol", "x");
	assert_int_equal(symlink("/etc/passwd", link), 0);
	box_settle(b, &all);
	/* Its options must not be left out silently, so the structure waits. */
	assert_trouble(&all, "large.conf", "too-large");
	assert_null(item_of(&all, "large.mol"));
	pass_release(&all);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tickets), T(test_pairs), T(test_lone), T(test_unsettled_ticket),
		T(test_shared), T(test_bad_tickets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
