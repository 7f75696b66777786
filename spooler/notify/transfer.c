/* See transfer.h. */
#include "notify/transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/address.h"

#define CONNECT_MAX_S 15L

struct upload { const char *at; size_t left; };

static void free_curl(CURL **c) { curl_easy_cleanup(*c); }
static void free_list(struct curl_slist **l) { curl_slist_free_all(*l); }

int transfer_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? 0 : -ENOSYS; }

/* Engines that are started meanwhile do not inherit it. */
static curl_socket_t open_socket(_unused_ void *arg, _unused_ curlsocktype purpose, struct curl_sockaddr *a)
{
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static int on_progress(void *arg, _unused_ curl_off_t a, _unused_ curl_off_t b, _unused_ curl_off_t c, _unused_ curl_off_t d)
{
	const struct transfer *t = arg;
	return t->stop && atomic_load(t->stop);
}

/* What a server says beside its status matters to nobody. */
static size_t forget(_unused_ char *p, size_t size, size_t n, _unused_ void *arg) { return size * n; }

static size_t give(char *p, size_t size, size_t n, void *arg)
{
	struct upload *u = arg;
	n = MIN(size * n, u->left);
	memcpy(p, u->at, n);
	u->at += n;
	u->left -= n;
	return n;
}

static CURL *prepare(const struct transfer *t, const char *protocols, char *errors)
{
	CURL *c = curl_easy_init();
	if (!c)
		return NULL;
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, errors);
	curl_easy_setopt(c, CURLOPT_URL, t->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_MAX_S);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)TRANSFER_MAX_S);
	/* A name server that does not answer must not keep the thread. */
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, forget);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, (void *)(uintptr_t)t);
	return c;
}

static int no_curl(char **ret_error)
{
	*ret_error = xstrdup("libcurl cannot be used");
	return -EHOSTDOWN;
}

static int conclude(CURLcode rc, long answer, const char *errors, char **ret_error)
{
	*ret_error = xstrdup(*errors ? errors : curl_easy_strerror(rc));
	bool silent = answer == 0 || rc == CURLE_OPERATION_TIMEDOUT;
	return rc == CURLE_ABORTED_BY_CALLBACK ? -ECANCELED : silent ? -EHOSTDOWN : -EPROTO;
}

/* ---- mail */

/* Encrypted where it can be; a password always. What stays on this machine needs none, and
 * its own mail server has a certificate that nobody signed. */
static void set_login(CURL *c, const struct transfer *t)
{
	_cleanup_free_ char *host = address_host(t->url);
	bool secret = *t->password;
	curl_easy_setopt(c, CURLOPT_USE_SSL, (long)(address_is_loopback(host) ? CURLUSESSL_NONE : secret ? CURLUSESSL_ALL : CURLUSESSL_TRY));
	if (*t->user)
		curl_easy_setopt(c, CURLOPT_USERNAME, t->user);
	if (*t->user && secret)
		curl_easy_setopt(c, CURLOPT_PASSWORD, t->password);
}

int transfer_mail(const struct transfer *t, char **ret_error)
{
	char errors[CURL_ERROR_SIZE] = "";
	struct upload u = { t->body, strlen(t->body) };
	_cleanup_free_ char *from = xasprintf("<%s>", t->from);
	_cleanup_free_ char *to = xasprintf("<%s>", t->to);
	_cleanup_(free_list) struct curl_slist *rcpt = curl_slist_append(NULL, to);
	_cleanup_(free_curl) CURL *c = prepare(t, "smtp,smtps", errors);
	long answer = 0;
	if (!c || !rcpt)
		return no_curl(ret_error);
	set_login(c, t);
	curl_easy_setopt(c, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT, rcpt);
	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(c, CURLOPT_READDATA, &u);
	CURLcode rc = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &answer);
	return rc == CURLE_OK ? 0 : conclude(rc, answer, errors, ret_error);
}

/* ---- webhook */

int transfer_hook(const struct transfer *t, char **ret_error)
{
	char errors[CURL_ERROR_SIZE] = "";
	_cleanup_(free_list) struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	_cleanup_(free_curl) CURL *c = prepare(t, "http,https", errors);
	long answer = 0;
	if (!c || !headers)
		return no_curl(ret_error);
	curl_slist_append(headers, "Expect:");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "nmr-spool/" NMR_VERSION);
	curl_easy_setopt(c, CURLOPT_POST, 1L);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, t->body);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(t->body));
	CURLcode rc = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &answer);
	/* With its status the server has it, whatever becomes of the rest of its answer. */
	if (answer >= 200 && answer < 300)
		return 0;
	if (rc != CURLE_OK)
		return conclude(rc, answer, errors, ret_error);
	*ret_error = xasprintf("the server answered %ld", answer);
	return -EPROTO;
}
