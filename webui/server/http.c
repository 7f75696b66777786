/* The server: libmicrohttpd's threads read requests and send answers; what takes its time
 * runs in a few threads of ours, while its connection sleeps. Never logs. */
#include "webui/server/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "webui/server/form.h"
#include "webui/server/guard.h"
#include "webui/server/listen.h"
#include "webui/server/web.h"

#define THREADS 2
#define SLOW_THREADS 4
#define SLOW_WAITING_MAX 64
/* Also what an upload that was broken off at once can leave behind. */
#define IDLE_S 30
#define CONNECTIONS_MAX 12000
#define CONNECTION_MEMORY 16384
#define JSON_MAX ((size_t)4 << 20)
#define HELD_MAX ((size_t)128 << 20)
#define DISCARD_MAX ((size_t)2 << 30)

struct http {
	struct web *web;
	const struct http_route *routes;
	struct MHD_Daemon *daemon;
	pthread_t slow[SLOW_THREADS];
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct http_request *first, *last;   /* waiting for a slow thread */
	size_t waiting;
	_Atomic bool ending;
	_Atomic size_t held;     /* bytes of bodies in memory */
};

/* ---- routes */

/* Fits the path? What stands for {id} and {rest} is kept. */
static bool matches(const char *pattern, const char *path, struct http_request *rq)
{
	const char *id = strstr(pattern, "{id}"), *rest = strstr(pattern, "{rest}");
	size_t fixed = id ? (size_t)(id - pattern) : rest ? (size_t)(rest - pattern) : strlen(pattern);
	if (strncmp(pattern, path, fixed) != 0)
		return false;
	path += fixed;
	pattern += fixed;
	if (id) {
		size_t n = strcspn(path, "/");
		_cleanup_free_ char *word = xstrndup(path, n);
		if (!matches(pattern + strlen("{id}"), path + n, rq))
			return false;
		free(rq->id);
		rq->id = xstrdup(word);
		return true;
	}
	if (!rest)
		return !*path;
	free(rq->rest);
	rq->rest = xstrdup(path);
	return *path;
}

static const struct http_route *find_route(const struct http *h, struct http_request *rq, bool *ret_other)
{
	const char *method = str_eq(rq->method, "HEAD") ? "GET" : rq->method;
	*ret_other = false;
	for (const struct http_route *r = h->routes; r->pattern; r++) {
		if (!matches(r->pattern, rq->path, rq))
			continue;
		if (str_eq(r->method, method))
			return r;
		*ret_other = true;
	}
	return NULL;
}

const char *http_query(const struct http_request *rq, const char *name)
{
	return MHD_lookup_connection_value(rq->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(const struct http_request *rq, const char *name)
{
	return MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND, name);
}

/* ---- slow work */

static void *work(void *arg)
{
	struct http *h = arg;
	for (;;) {
		pthread_mutex_lock(&h->lock);
		while (!h->first && !h->ending)
			pthread_cond_wait(&h->wake, &h->lock);
		struct http_request *rq = h->first;
		if (rq) {
			h->first = rq->next;
			h->last = h->first ? h->last : NULL;
			h->waiting--;
		}
		pthread_mutex_unlock(&h->lock);
		if (!rq)
			return NULL;
		if (h->ending)
			http_error(rq, 503, "ending", "Ending", "This server is being stopped. Try again in a moment.");
		else
			rq->route->fn(rq);
		rq->state = HTTP_ANSWERED;
		MHD_resume_connection(rq->connection);
	}
}

static bool post_slow(struct http *h, struct http_request *rq)
{
	pthread_mutex_lock(&h->lock);
	bool room = h->waiting < SLOW_WAITING_MAX && !h->ending;
	if (room) {
		rq->state = HTTP_WORKING;
		MHD_suspend_connection(rq->connection);
		rq->next = NULL;
		if (h->last)
			h->last->next = rq;
		else
			h->first = rq;
		h->last = rq;
		h->waiting++;
		pthread_cond_signal(&h->wake);
	}
	pthread_mutex_unlock(&h->lock);
	return room;
}

/* ---- one request */

static enum MHD_Result answer(struct http_request *rq)
{
	if (!rq->response)
		http_error(rq, 500, "internal-error", "Internal error", "The server has no answer to this request.");
	guard_headers(rq);
	return MHD_queue_response(rq->connection, rq->status, rq->response);
}

static size_t body_limit(const struct http_request *rq)
{
	/* Several files go in one form, each below the limit. */
	size_t file = (size_t)rq->web->conf->file_size_max_mb << 20;
	return rq->route->body == HTTP_FORM ? file * 4 + ((size_t)1 << 20) : JSON_MAX;
}

static void too_large(struct http_request *rq)
{
	http_error(rq, 413, "too-large", "Too large",
		   "The upload is larger than the limit: %d MiB a file (file_size_max_mb in nmr.conf), %zu MiB together.",
		   rq->web->conf->file_size_max_mb, body_limit(rq) >> 20);
}

static void check_body(struct http_request *rq)
{
	const char *type = http_header(rq, "Content-Type"), *length = http_header(rq, "Content-Length");
	if (rq->route->body == HTTP_NO_BODY)
		return;
	bool json = type && strncasecmp(type, "application/json", 16) == 0;
	bool form = type && strncasecmp(type, "multipart/form-data", 19) == 0;
	if ((rq->route->body == HTTP_JSON && !json) || (rq->route->body == HTTP_FORM && !form)) {
		http_error(rq, 415, "wrong-content-type", "Unsupported media type", "Send this request as %s.",
			   rq->route->body == HTTP_JSON ? "application/json" : "multipart/form-data");
		return;
	}
	/* Who asks first is answered first. Others would not hear the answer while they send:
	 * what they send is thrown away, up to a limit, and answered then. */
	bool large = length && strtoull(length, NULL, 10) > body_limit(rq);
	if (large && http_header(rq, "Expect"))
		too_large(rq);
	else if (large)
		rq->error = -EFBIG;
	else if (form && !form_begin(rq))
		http_error(rq, 400, "bad-form", "Bad request", "The form cannot be read.");
}

static void begin(struct http *h, struct http_request *rq)
{
	bool other;
	if (!guard_lets_in(rq))
		return;
	rq->route = find_route(h, rq, &other);
	if (!rq->route && other)
		http_error(rq, 405, "method-not-allowed", "Method not allowed", "There is no %s here.", rq->method);
	else if (!rq->route)
		http_error(rq, 404, "not-found", "Not found", "There is nothing here.");
	else
		check_body(rq);
}

/* All bodies together are bounded, too. */
static int hold_body(struct http *h, struct http_request *rq, const char *data, size_t n)
{
	if (atomic_fetch_add(&h->held, n) + n > HELD_MAX) {
		atomic_fetch_sub(&h->held, n);
		return -ENOBUFS;
	}
	buf_add(&rq->body, data, n);
	return 0;
}

/* False: too much is sent to be listened to. */
static bool take_body(struct http *h, struct http_request *rq, const char *data, size_t n)
{
	rq->received += n;
	if (rq->error || rq->response)
		return rq->received < DISCARD_MAX;
	if (!rq->route || rq->received > body_limit(rq))
		rq->error = -EFBIG;
	else if (rq->route->body == HTTP_NO_BODY)
		return true;             /* an empty object, say: nothing is asked with it */
	else if (rq->route->body == HTTP_JSON)
		rq->error = hold_body(h, rq, data, n);
	else
		form_take(rq, data, n);
	return true;
}

static void refuse_body(struct http_request *rq)
{
	switch (rq->error) {
	case -EFBIG:
		too_large(rq);
		break;
	case -ENOSPC: case -EDQUOT:
		http_error(rq, 507, "no-space", "No space", "The server's disk is full. Nothing of the upload was kept; try again later.");
		break;
	case -EBADMSG: case -E2BIG:
		http_error(rq, 400, "bad-form", "Bad request", "The form cannot be read, or has too many parts.");
		break;
	default:
		http_error(rq, 503, "not-taken", "Not taken", "The upload could not be stored: %s.", strerror(-rq->error));
	}
}

/* True: a slow thread has it from now on. */
static bool run(struct http *h, struct http_request *rq)
{
	if (!rq->response && rq->route->body == HTTP_FORM && !rq->error)
		form_end(rq);
	if (!rq->response && rq->error)
		refuse_body(rq);
	if (rq->response)
		return false;
	if (rq->route->slow && post_slow(h, rq))
		return true;
	if (rq->route->slow)
		http_error(rq, 503, "busy", "Busy", "Too much is asked of this server at once. Try again in a moment.");
	else
		rq->route->fn(rq);
	return false;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
				  _unused_ const char *version, const char *data, size_t *n, void **arg)
{
	struct http *h = cls;
	struct http_request *rq = *arg;
	if (!rq->connection) {
		rq->connection = c;
		rq->web = h->web;
		rq->method = method;
		rq->path = url;
		begin(h, rq);
		/* A refusal before the body is read ends the connection. */
		return rq->response ? answer(rq) : MHD_YES;
	}
	if (*n) {
		bool goes_on = take_body(h, rq, data, *n);
		*n = 0;
		return goes_on ? MHD_YES : MHD_NO;
	}
	/* Once it is posted, a slow thread may be done with it at any moment. */
	if (rq->state == HTTP_READING && run(h, rq))
		return MHD_YES;
	return answer(rq);
}

/* Before the first header is parsed, so that what is asked for is known whole. */
static void *on_uri(_unused_ void *cls, _unused_ const char *uri, _unused_ struct MHD_Connection *c)
{
	struct http_request *rq = xcalloc(1, sizeof(*rq));
	buf_init(&rq->body);
	rq->part_fd = -1;
	return rq;
}

static void on_end(void *cls, _unused_ struct MHD_Connection *c, void **arg,
		   _unused_ enum MHD_RequestTerminationCode code)
{
	struct http_request *rq = *arg;
	struct http *h = cls;
	if (!rq)
		return;
	atomic_fetch_sub(&h->held, rq->body.len);
	if (rq->on_end)
		rq->on_end();
	form_release(rq);
	if (rq->response)
		MHD_destroy_response(rq->response);
	buf_release(&rq->body);
	free(rq->id);
	free(rq->rest);
	free(rq);
	*arg = NULL;
}

/* ---- life */

static struct MHD_Daemon *listen_on(struct http *h, const struct addrinfo *a)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
			 (a->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0);
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, h,
		MHD_OPTION_SOCK_ADDR, a->ai_addr,
		MHD_OPTION_URI_LOG_CALLBACK, on_uri, h,
		MHD_OPTION_NOTIFY_COMPLETED, on_end, h,
		MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_END);
}

struct http *http_start(struct web *w, const char *address, const struct http_route *routes, char **ret_error)
{
	struct addrinfo *a = NULL;
	struct http *h = xcalloc(1, sizeof(*h));
	int e = listen_resolve(address, &a);
	h->web = w;
	h->routes = routes;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->wake, NULL);
	errno = 0;
	h->daemon = e ? NULL : listen_on(h, a);
	if (a)
		freeaddrinfo(a);
	if (!h->daemon) {
		*ret_error = xasprintf("cannot listen on %s: %s", address, e ? gai_strerror(e) : errno ? strerror(errno) : "refused");
		free(h);
		return NULL;
	}
	for (size_t i = 0; i < SLOW_THREADS; i++)
		if (pthread_create(&h->slow[i], NULL, work, h) != 0)
			die("cannot start a thread");
	return h;
}

int http_port(const struct http *h)
{
	struct sockaddr_storage s;
	socklen_t n = sizeof(s);
	const union MHD_DaemonInfo *i = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_LISTEN_FD);
	if (!i || getsockname(i->listen_fd, (struct sockaddr *)&s, &n) < 0)
		return -1;
	return ntohs(s.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&s)->sin6_port : ((struct sockaddr_in *)&s)->sin_port);
}

/* What waits is still done: a suspended connection cannot be ended. */
void http_stop(struct http *h)
{
	MHD_socket s = MHD_quiesce_daemon(h->daemon);
	pthread_mutex_lock(&h->lock);
	h->ending = true;
	pthread_cond_broadcast(&h->wake);
	pthread_mutex_unlock(&h->lock);
	for (size_t i = 0; i < SLOW_THREADS; i++)
		pthread_join(h->slow[i], NULL);
	MHD_stop_daemon(h->daemon);
	if (s != MHD_INVALID_SOCKET)
		close(s);
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->wake);
	free(h);
}
