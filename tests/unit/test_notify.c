/* Notices: mails with headers that nothing can add to, words, JSON, the times between tries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/address.h"
#include "notify/message.h"
#include "notify/news.h"
#include "notify/notify.h"

static struct conf *conf;

static int load(_unused_ void **state)
{
	char *error = NULL;
	setenv("NMR_BASE_URL", "http://nmr.example.org/x/", 1);
	conf = conf_load("spooler/share/nmr.conf", "/nowhere", &error);
	unsetenv("NMR_BASE_URL");
	return conf ? 0 : -1;
}

static int unload(_unused_ void **state)
{
	conf_free(conf);
	return 0;
}

static char *mail(const char *subject, const char *text)
{
	struct buf b = BUF_INIT;
	message_add(&b, &(struct message){ .from = "nmr@lab.example.org", .to = "anna@example.org", .subject = subject,
					   .text = text, .id = "0123456789ab.x", .date = 1790000000 });
	return buf_detach(&b);
}

static void test_a_plain_mail(_unused_ void **state)
{
	_cleanup_free_ char *m = mail("nmr-spool: ethanol is done", "ethanol is done.\n\nFolder:  ethanol, in the outbox\n");
	assert_string_equal(m,
		"Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n"
		"From: nmr-spool <nmr@lab.example.org>\r\n"
		"To: <anna@example.org>\r\n"
		"Subject: nmr-spool: ethanol is done\r\n"
		"Message-ID: <0123456789ab.x@lab.example.org>\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"X-Auto-Response-Suppress: All\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=UTF-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n"
		"\r\n"
		"ethanol is done.\r\n\r\nFolder:  ethanol, in the outbox\r\n");
}

static const char *subject_of(char *m)
{
	char *s = strstr(m, "Subject: ") + 9, *end = strstr(s, "\r\nMessage-ID");
	*end = '\0';
	return s;
}

static void test_subjects(_unused_ void **state)
{
	static const char *const cases[][2] = {
		{ "J\xc3\xb6rg", "=?UTF-8?B?SsO2cmc=?=" },
		{ "a\xff" "b", "=?UTF-8?B?Ye+/vWI=?=" },
		{ "a=?b", "=?UTF-8?B?YT0/Yg==?=" },
		{ "a\r\nBcc: b@example.org", "a  Bcc: b@example.org" },
		{ "", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *m = mail(cases[i][0], "");
		assert_string_equal(subject_of(m), cases[i][1]);
	}
}

/* Encoded words end between characters, lines where a server wants them to. */
static void test_a_long_subject_is_folded(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	for (int i = 0; i < 60; i++)
		buf_adds(&b, i % 2 ? "\xc3\xa4" : "\xe2\x82\xac");
	_cleanup_free_ char *m = mail(b.s, "");
	const char *s = subject_of(m);
	int words = 0;
	for (const char *line = s; line; line = strstr(line, "\r\n "), line = line ? line + 3 : NULL) {
		size_t n = strcspn(line, "\r");
		assert_true(str_has_prefix(line, "=?UTF-8?B?") && n <= 75 && strncmp(line + n - 2, "?=", 2) == 0);
		/* No character is cut: a word of whole 3- and 2-byte characters never starts inside one. */
		assert_true(strncmp(line + 10, "4oKs", 4) == 0 || strncmp(line + 10, "w6", 2) == 0);
		words++;
	}
	assert_int_equal(words, (30 * 5 + 44) / 45);
}

static void test_text_is_quoted(_unused_ void **state)
{
	static const char *const cases[][2] = {
		{ "a = b\n", "a =3D b\r\n" }, { "blank \n", "blank=20\r\n" }, { ".\n", "=2E\r\n" }, { "From x\n", "=46rom x\r\n" },
		{ "From\n", "From\r\n" }, { "\xc3\xa4\n", "=C3=A4\r\n" }, { "a\rb", "a=0Db\r\n" }, { "", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *m = mail("s", cases[i][0]);
		assert_string_equal(strstr(m, "\r\n\r\n") + 4, cases[i][1]);
	}
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	while (b.len < 1000)
		buf_adds(&b, "word = \xc3\xa4 ");
	_cleanup_free_ char *m = mail("s", b.s);
	for (const char *line = m; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\r") <= 76);
}

static struct job a_job(enum job_state state)
{
	struct job j;
	job_init(&j);
	snprintf(j.id, sizeof(j.id), "0123456789ab");
	j.state = state;
	j.name = xstrdup("J\xc3\xb6rg's ether");
	j.outname = xstrdup("ether");
	j.reason = xstrdup("It did not converge.");
	j.remedy = xstrdup("Draw it better.");
	j.options = json_object();
	j.created = 1000;
	j.started = 1010;
	j.finished = 1730;
	return j;
}

static void test_words_of_a_job(_unused_ void **state)
{
	static const struct { enum job_state state; const char *subject, *text[4]; } cases[] = {
		{ JOB_DONE, "nmr-spool: J\xc3\xb6rg's ether is done",
		  { "It took: 12 min\n", "Folder:  ether, in the outbox\n", "Page:    http://nmr.example.org/x/jobs/0123456789ab\n",
		    "Job:     0123456789ab\n" } },
		{ JOB_FAILED, "nmr-spool: J\xc3\xb6rg's ether failed",
		  { "It did not converge.\n", "What to do: Draw it better.\n", "Folder:  ether.failed, in the outbox\n", "It took: 12 min\n" } },
		{ JOB_CANCELLED, "nmr-spool: J\xc3\xb6rg's ether was cancelled", { "was cancelled.\n", "", "", "" } },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(buf_release) struct buf subject = BUF_INIT, text = BUF_INIT;
		struct job j = a_job(cases[i].state);
		news_job(conf, &j, &subject, &text);
		assert_string_equal(subject.s, cases[i].subject);
		for (size_t k = 0; k < 4; k++)
			if (!strstr(text.s, cases[i].text[k]))
				fail_msg("\"%s\" does not say \"%s\"", text.s, cases[i].text[k]);
		job_release(&j);
	}
}

static void test_words_of_a_batch(_unused_ void **state)
{
	_cleanup_(buf_release) struct buf subject = BUF_INIT, text = BUF_INIT, failed = BUF_INIT;
	struct batch b = { .id = "00000000000b", .name = xstrdup("set"), .outname = xstrdup("set"), .total = 5, .created = 1000 };
	struct job j = a_job(JOB_FAILED);
	j.record = 4;
	b.count[JOB_DONE] = 3;
	b.count[JOB_FAILED] = 2;
	news_failed_line(&failed, &j);
	news_batch(conf, &b, 11800, failed.s, &subject, &text);
	assert_string_equal(subject.s, "nmr-spool: set: 3 done, 2 failed");
	assert_non_null(strstr(text.s, "set has ended: 3 done, 2 failed.\n"));
	assert_non_null(strstr(text.s, "  4 J\xc3\xb6rg's ether: It did not converge.\n"));
	assert_non_null(strstr(text.s, "It took: 3 h"));
	assert_non_null(strstr(text.s, "http://nmr.example.org/x/jobs/00000000000b\n"));
	job_release(&j);
	batch_release(&b);
}

static void test_json(_unused_ void **state)
{
	static const struct { enum job_state state; const char *event; } cases[] = {
		{ JOB_DONE, "job-done" }, { JOB_FAILED, "job-failed" }, { JOB_CANCELLED, "job-cancelled" } };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(buf_release) struct buf b = BUF_INIT;
		struct job j = a_job(cases[i].state);
		news_job_json(conf, &j, &b);
		_cleanup_json_ json_t *o = json_loads(b.s, 0, NULL);
		const json_t *job = json_object_get(o, "job");
		assert_string_equal(json_str(o, "event", ""), cases[i].event);
		assert_string_equal(json_str(job, "id", ""), "0123456789ab");
		assert_string_equal(json_str(job, "state", ""), cases[i].event + 4);
		assert_null(json_object_get(job, "folder"));
		job_release(&j);
	}
}

static void test_backoff(_unused_ void **state)
{
	static const double wait[] = { -1, 60, 300, 1800, 7200, 21600, -1, -1 };
	unsetenv("NMR_NOTIFY_AGAIN_S");
	for (int i = 0; i < (int)ARRAY_SIZE(wait); i++)
		assert_true(notify_wait_s(i) == wait[i]);
}

static void test_hosts(_unused_ void **state)
{
	static const struct { const char *url, *host; bool here; } cases[] = {
		{ "smtp://mail.example.org:587", "mail.example.org", false }, { "smtp://localhost", "localhost", true },
		{ "smtp://127.0.0.1:25/me", "127.0.0.1", true }, { "smtps://[::1]:465", "[::1]", true },
		{ "smtp://127.0.0.1.example.org", "127.0.0.1.example.org", false }, { "smtp://localhost.example.org/", "localhost.example.org", false },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *host = address_host(cases[i].url);
		assert_string_equal(host, cases[i].host);
		assert_int_equal(address_is_loopback(host), cases[i].here);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plain_mail), cmocka_unit_test(test_subjects), cmocka_unit_test(test_a_long_subject_is_folded),
		cmocka_unit_test(test_text_is_quoted), cmocka_unit_test(test_words_of_a_job), cmocka_unit_test(test_words_of_a_batch),
		cmocka_unit_test(test_json), cmocka_unit_test(test_backoff), cmocka_unit_test(test_hosts),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
