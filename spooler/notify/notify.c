/* See notify.h. One notice of each kind is under way at a time. A server that gives no
 * answer at all is left alone for a minute, so that a thousand notices are not a thousand
 * time-outs. Logs what was sent, what was not and why, and what was given up; never a
 * webhook's address, which may be a secret. */
#include "notify/notify.h"

#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/worker.h"
#include "notify/message.h"
#include "notify/news.h"
#include "notify/transfer.h"

#define LOST_S 60.0              /* the queue cannot be written: not sent again and again */
#define LOOK_S 3600.0
#define FAILED_SHOWN 20
#define MAIL "mail"
#define HOOK "hook"

struct delivery;

struct channel {
	struct notify *n;
	const char *kind;
	struct worker *worker;           /* NULL: not configured */
	struct loop_source *source, *timer;
	struct delivery *under_way;
	double rest_until;               /* clock_mono() */
};

struct notify {
	const struct conf *conf;
	struct queue *q;
	struct loop *loop;
	struct notify_after after;
	struct channel mail, hook;
	char *from;
	long long *sent;                 /* whose removal is not durable yet */
	size_t nsent;
	bool asked, lost, ending;
	atomic_bool stop;
};

struct delivery {
	struct channel *ch;
	struct notice notice;
	struct transfer transfer;
	char *url, *user, *password, *from;
	int r;
	char *error;
};

/* ---- backoff */

double notify_wait_s(int tries)
{
	static const double wait[] = { 60, 300, 1800, 7200, 21600 };
	/* For tests. */
	const char *always = getenv("NMR_NOTIFY_AGAIN_S");
	double s;
	if (tries < 1 || tries > (int)ARRAY_SIZE(wait))
		return -1;
	return always && str_to_double(always, &s) == 0 && s >= 0 ? s : wait[tries - 1];
}

/* ---- what is to be told */

bool notify_is_wanted(const struct conf *c) { return *c->smtp_url || *c->webhook_url; }
int notify_init(void) { return transfer_init(); }

static char *default_sender(void)
{
	char host[256] = "";
	gethostname(host, sizeof(host) - 1);
	char *from = xasprintf("nmr-spool@%s", host);
	if (address_valid(from))
		return from;
	free(from);
	return xstrdup("nmr-spool@localhost");
}

static int add(struct notify *n, const char *kind, const char *to, const char *event, const char *about, const char *body)
{
	struct notice notice = { .kind = (char *)(uintptr_t)kind, .target = (char *)(uintptr_t)to, .event = (char *)(uintptr_t)event,
				 .about = (char *)(uintptr_t)about, .body = (char *)(uintptr_t)body };
	return queue_notice_add(n->q, &notice);
}

static int add_mail(struct notify *n, const char *to, const char *event, const char *about, const char *subject, const char *text)
{
	char random[ID_LEN + 1];
	id_new(random);
	_cleanup_free_ char *id = xasprintf("%s.%s", about, random);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	message_add(&b, &(struct message){ .from = n->from, .to = to, .subject = subject, .text = text, .id = id,
					   .date = clock_wall() });
	return add(n, MAIL, to, event, about, b.s);
}

/* A mail each, so that nobody sees who else is told. */
static int add_mails(struct notify *n, const struct job *j, const char *event, const char *about, const char *subject,
		     const char *text)
{
	const char *own = json_str(json_object_get(j->options, "notify"), "value", ""), *all = n->conf->notify_email;
	int r = 0;
	/* Whatever wrote the row, no header comes out of it. */
	if (*own && address_valid(own))
		r = add_mail(n, own, event, about, subject, text);
	if (r == 0 && *all && !str_ieq(own, all))
		r = add_mail(n, all, event, about, subject, text);
	return r;
}

static int tell_of_job(struct notify *n, const struct job *j, bool alone)
{
	_cleanup_(buf_release) struct buf subject = BUF_INIT, text = BUF_INIT, json = BUF_INIT;
	int r = 0;
	if (n->hook.worker) {
		news_job_json(n->conf, j, &json);
		r = add(n, HOOK, "", news_event(j), j->id, json.s);
	}
	if (r < 0 || !n->mail.worker || !alone)
		return r;
	news_job(n->conf, j, &subject, &text);
	return add_mails(n, j, news_event(j), j->id, subject.s, text.s);
}

static int add_failed(const struct job *j, void *arg)
{
	news_failed_line(arg, j);
	return 0;
}

static int tell_of_batch(struct notify *n, const struct job *last, long long row)
{
	_cleanup_(buf_release) struct buf subject = BUF_INIT, text = BUF_INIT, json = BUF_INIT, failed = BUF_INIT;
	_cleanup_(batch_release) struct batch b;
	batch_init(&b);
	int r = queue_batch_get(n->q, row, &b);
	if (r == 0 && n->hook.worker) {
		news_batch_json(n->conf, &b, &json);
		r = add(n, HOOK, "", NEWS_BATCH_EVENT, b.id, json.s);
	}
	if (r < 0 || !n->mail.worker)
		return r;
	queue_job_each(n->q, &(struct job_filter){ .states = 1u << JOB_FAILED, .batch_row = row, .limit = FAILED_SHOWN,
						   .oldest_first = true }, add_failed, &failed);
	news_batch(n->conf, &b, clock_wall(), failed.s, &subject, &text);
	return add_mails(n, last, NEWS_BATCH_EVENT, b.id, subject.s, text.s);
}

/* The job that makes a batch's jobs is the batch, not one of them. */
static int tell(struct notify *n, const struct job *j)
{
	long long batch = 0;
	int r = queue_batch_outermost(n->q, j, &batch);
	if (r == -ENOENT)
		return tell_of_job(n, j, true);
	if (r == 0 && j->batch_row)
		r = tell_of_job(n, j, false);
	if (r == 0 && queue_batch_has_ended(n->q, batch))
		r = tell_of_batch(n, j, batch);
	return r;
}

static void ask(struct notify *n);

int notify_ended(struct notify *n, const struct job *j)
{
	_cleanup_(job_release) struct job now;
	job_init(&now);
	if (!n->mail.worker && *json_str(json_object_get(j->options, "notify"), "value", ""))
		log_event(LOG_WARN, "no-mail", "job", j->id, "why", "it asks for a mail, and smtp_url is not set in nmr.conf", NULL);
	if (!n->mail.worker && !n->hook.worker)
		return 0;
	int r = queue_job_by_row(n->q, j->row, &now);
	if (r == 0)
		r = tell(n, &now);
	if (r == 0)
		ask(n);
	return r;
}

/* ---- sending */

static void free_delivery(struct delivery *d)
{
	char *s[] = { d->url, d->user, d->password, d->from, d->error };
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		free(s[i]);
	notice_release(&d->notice);
	free(d);
}

static void work_send(void *arg)
{
	struct delivery *d = arg;
	bool mail = str_eq(d->notice.kind, MAIL);
	d->r = (mail ? transfer_mail : transfer_hook)(&d->transfer, &d->error);
}

static void log_delivery(enum log_level level, const char *event, const struct delivery *d, const char *again)
{
	log_event(level, event, "kind", d->notice.kind, "tells", d->notice.event, "about", d->notice.about, "to",
		  *d->notice.target ? d->notice.target : NULL, "error", d->error, "again", again, NULL);
}

static int remove_sent(struct notify *n, const struct delivery *d)
{
	n->sent = xreallocarray(n->sent, n->nsent + 1, sizeof(*n->sent));
	n->sent[n->nsent++] = d->notice.row;
	return queue_notice_remove(n->q, d->notice.row);
}

static int put_off(struct notify *n, const struct delivery *d)
{
	double wait = notify_wait_s(d->notice.tries + 1);
	_cleanup_(buf_release) struct buf again = BUF_INIT;
	if (wait < 0) {
		log_delivery(LOG_ERROR, "notice-given-up", d, NULL);
		return queue_notice_remove(n->q, d->notice.row);
	}
	clock_words(&again, wait);
	log_delivery(LOG_WARN, "notice-not-sent", d, again.s);
	if (d->r == -EHOSTDOWN)
		d->ch->rest_until = clock_mono() + notify_wait_s(1);
	return queue_notice_later(n->q, d->notice.row, clock_wall() + wait, d->error);
}

static void sent(void *arg)
{
	struct delivery *d = arg;
	struct notify *n = d->ch->n;
	int r = 0;
	d->ch->under_way = NULL;
	if (d->r == 0) {
		log_delivery(LOG_INFO, "notice-sent", d, NULL);
		r = remove_sent(n, d);
	} else if (d->r != -ECANCELED)
		r = put_off(n, d);
	n->lost = n->lost || r < 0;
	free_delivery(d);
	ask(n);
}

/* Takes over what is in the notice. */
static void send_notice(struct channel *ch, struct notice *notice)
{
	const struct conf *c = ch->n->conf;
	struct delivery *d = xcalloc(1, sizeof(*d));
	d->ch = ch;
	d->notice = *notice;
	d->url = xstrdup(str_eq(ch->kind, MAIL) ? c->smtp_url : c->webhook_url);
	d->user = xstrdup(c->smtp_user);
	d->password = xstrdup(c->smtp_password);
	d->from = xstrdup(ch->n->from);
	d->transfer = (struct transfer){ .url = d->url, .user = d->user, .password = d->password, .from = d->from,
					 .to = d->notice.target, .body = d->notice.body, .stop = &ch->n->stop };
	ch->under_way = d;
	worker_post(ch->worker, work_send, sent, d);
}

/* ---- when to look */

static void on_timer(void *arg)
{
	struct channel *ch = arg;
	ch->timer = NULL;
	ask(ch->n);
}

static void arm(struct channel *ch, double seconds)
{
	loop_remove(ch->n->loop, ch->timer);
	ch->timer = loop_after(ch->n->loop, MIN(MAX(seconds, 0.01), LOOK_S), on_timer, ch);
}

/* What is due goes to the thread; else the timer is set for what is next. */
static void look(struct channel *ch)
{
	struct notice notice;
	double rest = ch->rest_until - clock_mono(), due, now = clock_wall();
	if (!ch->worker || ch->under_way)
		return;
	if (rest > 0) {
		arm(ch, rest);
		return;
	}
	int r = queue_notice_next(ch->n->q, ch->kind, now, 2 * notify_wait_s(5) + 60, &notice);
	if (r == 0)
		send_notice(ch, &notice);
	else if (r == -ENOENT && queue_notice_due(ch->n->q, ch->kind, &due) == 0)
		arm(ch, due - now);
	else if (r != -ENOENT)
		arm(ch, LOST_S);
}

/* The removals were lost with the queue's last commit: until they are there, nothing is
 * sent, or it would be sent again. */
static void remove_again(struct notify *n)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < n->nsent; i++)
		r = queue_notice_remove(n->q, n->sent[i]);
	n->lost = r < 0;
	if (r == 0)
		ask(n);
	else
		arm(&n->mail, LOST_S);
}

static void on_durable(void *arg, bool ok)
{
	struct notify *n = arg;
	n->asked = false;
	if (n->ending)
		return;
	if (!ok) {
		n->lost = true;
		arm(&n->mail, LOST_S);
		return;
	}
	if (n->lost) {
		remove_again(n);
		return;
	}
	n->nsent = 0;
	look(&n->mail);
	look(&n->hook);
}

/* Nothing is sent before what it tells of is durable. */
static void ask(struct notify *n)
{
	if (n->asked || n->ending)
		return;
	n->asked = true;
	n->after.durable(n->after.arg, on_durable, n);
}

/* ---- life */

static void open_channel(struct notify *n, struct channel *ch, const char *kind, bool configured)
{
	*ch = (struct channel){ .n = n, .kind = kind };
	if (configured)
		ch->worker = worker_new(kind);
}

struct notify *notify_new(const struct conf *c, struct queue *q, struct loop *loop, const struct notify_after *after)
{
	struct notify *n = xcalloc(1, sizeof(*n));
	n->conf = c;
	n->q = q;
	n->loop = loop;
	n->after = *after;
	n->from = *c->notify_from ? xstrdup(c->notify_from) : default_sender();
	open_channel(n, &n->mail, MAIL, *c->smtp_url);
	open_channel(n, &n->hook, HOOK, *c->webhook_url);
	return n;
}

static void on_worker(void *arg) { worker_dispatch(arg); }

/* Those that nobody is to be told any more do not wait for ever. */
static void start_channel(struct channel *ch)
{
	int dropped = 0;
	if (ch->worker) {
		ch->source = loop_add(ch->n->loop, worker_fd(ch->worker), on_worker, ch->worker);
		return;
	}
	if (queue_notice_drop(ch->n->q, ch->kind, &dropped) < 0 || !dropped)
		return;
	_cleanup_free_ char *many = xasprintf("%d", dropped);
	log_event(LOG_WARN, "notices-dropped", "kind", ch->kind, "notices", many, "why", "it is not configured any more", NULL);
}

void notify_start(struct notify *n)
{
	start_channel(&n->mail);
	start_channel(&n->hook);
	if (n->mail.worker || n->hook.worker)
		ask(n);
}

static bool is_idle(const struct channel *ch)
{
	double due;
	if (!ch->worker || ch->rest_until > clock_mono())
		return true;
	return !ch->under_way && (queue_notice_due(ch->n->q, ch->kind, &due) < 0 || due > clock_wall());
}

bool notify_is_idle(const struct notify *n) { return is_idle(&n->mail) && is_idle(&n->hook); }

static bool stop_channel(struct channel *ch)
{
	loop_remove(ch->n->loop, ch->timer);
	loop_remove(ch->n->loop, ch->source);
	ch->timer = ch->source = NULL;
	bool ended = worker_free(ch->worker, 10);
	ch->worker = NULL;
	return ended;
}

bool notify_stop(struct notify *n)
{
	n->ending = true;
	atomic_store(&n->stop, true);
	bool mail = stop_channel(&n->mail), hook = stop_channel(&n->hook);
	return mail && hook;
}

void notify_free(struct notify *n)
{
	if (!n)
		return;
	free(n->from);
	free(n->sent);
	free(n);
}
