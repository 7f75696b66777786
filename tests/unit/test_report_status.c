/* STATUS.txt, FAILED.txt, summary.csv, QUEUE.html. */
#include "report_help.h"

#include "report/status.h"

static const struct report_option some_options[] = {
	{ "solvent", "chcl3", "hot folder CDCl3" },
	{ "name", "", "default" },
	{ "max_conformers", "auto", "a ticket with a name so long that the line cannot hold it, and longer still.conf" },
};

static void test_status(_unused_ void **state)
{
	static const char *const warnings[] = { "Shifts of OH, NH and SH hydrogens depend on concentration, water and more." };
	struct report_status s = { .name = "ethanol", .id = "0123456789ab", .source = "CDCl3/ethanol.smi", .state = "running",
				   .stage = "optimising the geometry", .stage_n = 5, .stage_of = 7, .steps_done = 1,
				   .steps_total = 3, .detail = "conformer 2 of 3, step 7", .elapsed_s = 75, .left_s = 200,
				   .progress = 0.4, .options = some_options, .noptions = 3, .warnings = warnings,
				   .nwarnings = 1, .submitted = "2026-01-31 13:00", .written = "2026-01-31 13:02" };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	report_status_text(&s, &b);
	fits(&b, 78, true);
	has(&b, "ethanol: running\r\n================\r\n");
	has(&b, "[################........................] 40 %");
	has(&b, "optimising the geometry (stage 5 of 7), 1 of 3 steps done");
	has(&b, "conformer 2 of 3, step 7");
	has(&b, "about 3 min");
	has(&b, "  solvent        = chcl3          (hot folder CDCl3)\r\n");
	has(&b, "called \"cancel\"");
}

static void test_status_knows_little(_unused_ void **state)
{
	struct report_status s = { .state = "accepted", .elapsed_s = -1, .left_s = -1, .progress = -1 };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	report_status_text(&s, &b);
	fits(&b, 78, true);
	has(&b, "not known yet");
	lacks(&b, "[");
	lacks(&b, "(null)");
	s.progress = 0.9999;
	buf_clear(&b);
	report_status_text(&s, &b);
	has(&b, "99 %");
}

static void test_failed(_unused_ void **state)
{
	struct report_failure f = { .name = "x\r\ny: done", .id = "0123456789ab", .source = "x.smi",
				    .what = "This is a salt.", .why = "It has two parts:\nCC(=O)[O-]\n[Na+]",
				    .remedy = "Drop the ion alone, or write component = largest into a file x.conf beside it.",
				    .options = some_options, .noptions = 3,
				    .log_tail = "line one\n    indented \x1b[31mred\n\n0123456789012345678901234567890123456789"
						"01234567890123456789012345678901234567890123456789\n" };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	report_failed_text(&f, &b);
	fits(&b, 78, true);
	has(&b, "x y: done: no result\r\n");
	has(&b, "What happened\r\n-------------\r\n  This is a salt.\r\n");
	has(&b, "\r\n  CC(=O)[O-]\r\n  [Na+]\r\n");
	has(&b, "component = largest");
	has(&b, "called \"retry\"");
	has(&b, "\r\n      indented ");
	lacks(&b, "\x1b");
	f.no_retry = true;
	buf_clear(&b);
	report_failed_text(&f, &b);
	lacks(&b, "\"retry\"");
}

static void test_summary(_unused_ void **state)
{
	_cleanup_json_ json_t *ethanol = sample("ethanol"), *anisole = sample("anisole"), *brom = sample("bromohydrin");
	struct report_summary_row rows[] = {
		{ 1, "ethanol", "done", "1-ethanol", NULL, ethanol },
		{ 2, "=1+1", "failed", "2-1.failed", "no, \"really\"\nnot", NULL },
		{ 3, "anisole", "done", "3-anisole", NULL, anisole },
		{ 4, "brom", "done", "4-brom", NULL, brom },
	};
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	report_summary_csv(rows, ARRAY_SIZE(rows), &b);
	assert_int_equal(occurrences(b.s, "\r\n"), 5);
	has(&b, "1,ethanol,done,CCO,C2H6O,1-ethanol,\"3.68 (2H); 1.22 (3H); 0.94 (1H, exchangeable)\",\"58.4; 18.2\",,scaled");
	has(&b, "2,\"'=1+1\",failed,,,2-1.failed,,,\"no, \"\"really\"\" not\",\r\n");
	has(&b, ",uncalibrated\r\n");
	has(&b, "\"3.75 (2H); 3.43 (2H)\"");
}

static struct report_queue_row row(const char *name, const char *state, const char *link)
{
	return (struct report_queue_row){ .name = name, .state = state, .progress = 0.25, .left_s = 120,
					  .submitted = "2026-01-31 13:00", .link = link };
}

static void test_queue(_unused_ void **state)
{
	struct report_queue_row rows[] = { row("a <b>", "running", "a b/STATUS.txt"), row("x", "done", "javascript:alert(1)"),
					   row("y", "failed", "//host/y#?\"") , row("z", "odd\"<", NULL) };
	rows[2].detail = "<i>why</i>";
	struct report_queue q = { .rows = rows, .nrows = ARRAY_SIZE(rows), .running = 1, .done = 1, .failed = 1, .queued = 3,
				  .machine = "8 cores", .written = "2026-01-31 13:00", .notice = "The disk is full." };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	report_queue_html(&q, &b);
	has(&b, "http-equiv=\"refresh\" content=\"30\"");
	has(&b, "a &lt;b&gt;");
	has(&b, "href=\"./a%20b/STATUS.txt\"");
	has(&b, "href=\"./javascript%3Aalert%281%29\"");
	has(&b, "href=\"./" "//host/y%23%3F%22\"");
	has(&b, "value=\"25\"");
	has(&b, "about 2 min left");
	assert_int_equal(occurrences(b.s, "<progress "), 1);
	has(&b, "The disk is full.");
	has(&b, "and 2 more, not shown");
	lacks(&b, "<i>why");
	lacks(&b, "<script");
}

static void test_queue_is_bounded(_unused_ void **state)
{
	struct report_queue_row *rows = xcalloc(100000, sizeof(*rows));
	for (size_t i = 0; i < 100000; i++)
		rows[i] = row("molecule", "queued", NULL);
	struct report_queue q = { .rows = rows, .nrows = 100000, .queued = 100000, .rows_max = 200 };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	report_queue_html(&q, &b);
	assert_true(b.len < 100000);
	has(&b, "and 99800 more, not shown");
	free(rows);
	struct report_queue none = { 0 };
	buf_clear(&b);
	report_queue_html(&none, &b);
	has(&b, "Nothing here yet");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status), cmocka_unit_test(test_status_knows_little), cmocka_unit_test(test_failed),
		cmocka_unit_test(test_summary), cmocka_unit_test(test_queue), cmocka_unit_test(test_queue_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
