/* Access: an optional user and password by HTTP basic authentication, which browsers ask
 * for by themselves and send with event streams too, and an optional token for programs.
 * A browser says where a request comes from; what would change something and comes from
 * another site's page is refused. Never logs. */
#include "webui/server/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "webui/server/web.h"

/* All of it is compared, so that the time tells nothing. */
static bool same_secret(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	unsigned diff = na != nb;
	for (size_t i = 0; i < na; i++)
		diff |= (unsigned char)a[i] ^ (unsigned char)b[nb ? i % nb : 0];
	return diff == 0;
}

/* The configured user's password, or the token, which is any user's. */
static bool knows_secret(const struct conf *c, const char *user, const char *password)
{
	bool mine = *c->web_password && same_secret(password, c->web_password) && (!*c->web_user || same_secret(user, c->web_user));
	return mine || (*c->web_token && same_secret(password, c->web_token));
}

static bool asks_for_secret(const struct conf *c) { return *c->web_token || *c->web_password; }

static bool has_secret(const struct http_request *rq)
{
	const struct conf *c = rq->web->conf;
	const char *h = http_header(rq, "Authorization");
	if (h && strncasecmp(h, "Bearer ", 7) == 0)
		return *c->web_token && same_secret(h + 7, c->web_token);
	char *password = NULL;
	char *user = MHD_basic_auth_get_username_password(rq->connection, &password);
	bool ok = user && password && knows_secret(c, user, password);
	MHD_free(user);
	MHD_free(password);
	return ok;
}

/* "https://host:port" and the Host header "host:port" name the same place. */
static bool same_origin(const struct http_request *rq)
{
	const char *origin = http_header(rq, "Origin"), *host = http_header(rq, "Host");
	const char *site = http_header(rq, "Sec-Fetch-Site");
	if (site && !str_eq(site, "same-origin") && !str_eq(site, "none"))
		return false;
	if (!origin)
		return true;
	const char *at = strstr(origin, "://");
	return at && host && strcasecmp(at + 3, host) == 0;
}

static bool is_address(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	return inet_pton(AF_INET, host, &v4) == 1 || inet_pton(AF_INET6, host, &v6) == 1;
}

/* The name without its port; "[::1]:80" without its brackets. Caller frees. */
static char *host_name(const char *host)
{
	if (*host == '[')
		return xstrndup(host + 1, strcspn(host + 1, "]"));
	return xstrndup(host, strcspn(host, ":"));
}

/* A name of somebody else's that was made to lead here (DNS rebinding) would make their
 * page ours. With a password it gains nothing. */
static bool own_host(const struct http_request *rq)
{
	const char *header = http_header(rq, "Host");
	_cleanup_free_ char *host = host_name(header ? header : "");
	_cleanup_free_ char *told = address_host(rq->web->conf->base_url), *listens = host_name(rq->web->conf->web_listen);
	char own[256] = "";
	gethostname(own, sizeof(own) - 1);
	return is_address(host) || str_ieq(host, "localhost") || str_ieq(host, own) || str_ieq(host, rq->web->full_name) ||
	       (*told && str_ieq(host, told)) || (*listens && str_ieq(host, listens));
}

bool guard_lets_in(struct http_request *rq)
{
	bool closed = asks_for_secret(rq->web->conf);
	bool reads = str_eq(rq->method, "GET") || str_eq(rq->method, "HEAD");
	bool health = str_eq(rq->path, "/health") || str_eq(rq->path, "/health/ready");
	if (closed && !health && !has_secret(rq)) {
		http_error(rq, 401, "wrong-token", "Not allowed", "This server asks for its access token, or for user and password.");
		http_add_header(rq, "WWW-Authenticate", "Basic realm=\"nmr-spool\", charset=\"UTF-8\"");
		return false;
	}
	if (!closed && !health && !own_host(rq)) {
		http_error(rq, 403, "wrong-host", "Not allowed", "This server is not known by that name: set base_url in nmr.conf to "
			   "the address of its page, or web_password.");
		return false;
	}
	if (!reads && !same_origin(rq)) {
		http_error(rq, 403, "wrong-origin", "Not allowed", "This request comes from a page of another site.");
		return false;
	}
	return true;
}

/* Reports are pages of their own: one file with its style inside, and no script. */
#define REPORT_POLICY "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
#define PAGE_POLICY \
	"default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; " \
	"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

void guard_headers(struct http_request *rq)
{
	bool file = str_has_prefix(rq->path, "/api/");
	http_add_header(rq, "X-Content-Type-Options", "nosniff");
	http_add_header(rq, "Referrer-Policy", "no-referrer");
	http_add_header(rq, "Cross-Origin-Opener-Policy", "same-origin");
	http_add_header(rq, "Cross-Origin-Resource-Policy", "same-origin");
	http_add_header(rq, "X-Frame-Options", file ? "SAMEORIGIN" : "DENY");
	http_add_header(rq, "Content-Security-Policy", file ? REPORT_POLICY : PAGE_POLICY);
}
