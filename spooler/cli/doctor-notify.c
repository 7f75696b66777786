/* Doctor's look at mails and the webhook: are they configured, and does anything wait?
 * Sends nothing. Says hosts, never passwords or whole addresses of webhooks. */
#include <sys/stat.h>

#include "base/address.h"
#include "cli/doctor.h"

/* Nothing waits where there is no queue. */
static struct queue *open_queue(const struct doctor *d)
{
	struct queue *q = NULL;
	_cleanup_free_ char *path = xasprintf("%s/db/queue.db", d->c->conf->spool);
	_cleanup_free_ char *error = NULL;
	return access(path, F_OK) == 0 && queue_open_readonly(path, &q, &error) == 0 ? q : NULL;
}

static void say_waiting(struct doctor *d, struct queue *q, const char *topic, const char *kind, const char *where)
{
	int n = 0, tried = 0;
	_cleanup_free_ char *error = NULL;
	if (q)
		queue_notice_count(q, kind, &n, &tried, &error);
	if (tried)
		doctor_say(d, DOCTOR_WARNING, topic, "see that the server answers; they are tried again for some nine hours",
			   "%s; %d notice%s wait%s, %d tried in vain: %s", where, n, n == 1 ? "" : "s", n == 1 ? "s" : "", tried,
			   error ? error : "?");
	else
		doctor_say(d, DOCTOR_OK, topic, NULL, "%s; %d notice%s wait%s", where, n, n == 1 ? "" : "s", n == 1 ? "s" : "");
}

static void check_password(struct doctor *d)
{
	const struct conf *c = d->c->conf;
	struct stat st;
	if (!*c->smtp_password || getenv("NMR_SMTP_PASSWORD") || !c->file || stat(c->file, &st) < 0 || !(st.st_mode & 04))
		return;
	doctor_say(d, DOCTOR_WARNING, "mail", "set NMR_SMTP_PASSWORD for nmr-spooler instead, or let fewer read the file",
		   "smtp_password is in %s, which everybody may read", c->file);
}

static void check_mail(struct doctor *d, struct queue *q)
{
	const struct conf *c = d->c->conf;
	if (!*c->smtp_url && *c->notify_email) {
		doctor_say(d, DOCTOR_WARNING, "mail", "set smtp_url in nmr.conf", "notify_email is set, but there is no mail server");
		return;
	}
	if (!*c->smtp_url) {
		doctor_say(d, DOCTOR_OK, "mail", NULL, "not configured");
		return;
	}
	_cleanup_free_ char *host = address_host(c->smtp_url);
	_cleanup_free_ char *where = xasprintf("by %s%s%s", host, *c->notify_email ? ", all to " : "", c->notify_email);
	say_waiting(d, q, "mail", "mail", where);
	check_password(d);
}

static void check_hook(struct doctor *d, struct queue *q)
{
	if (!*d->c->conf->webhook_url) {
		doctor_say(d, DOCTOR_OK, "webhook", NULL, "not configured");
		return;
	}
	_cleanup_free_ char *host = address_host(d->c->conf->webhook_url);
	_cleanup_free_ char *where = xasprintf("to %s", host);
	say_waiting(d, q, "webhook", "hook", where);
}

void doctor_notify(struct doctor *d)
{
	struct queue *q = open_queue(d);
	check_mail(d, q);
	check_hook(d, q);
	queue_close(q);
}
