/* See address.h. Narrower than the standards, on purpose: what is refused here is rare,
 * and what is let through is safe wherever it goes. */
#include "base/address.h"

#include <ctype.h>
#include <string.h>

#define LOCAL_MAX 64
#define ADDRESS_MAX 254

static bool is_word(const char *s, size_t n, const char *besides)
{
	for (size_t i = 0; i < n; i++)
		if (!isascii((unsigned char)s[i]) || (!isalnum((unsigned char)s[i]) && !strchr(besides, s[i])))
			return false;
	return n > 0;
}

/* Words with single dots between them. */
static bool are_words(const char *s, size_t n, const char *besides)
{
	while (n) {
		size_t word = 0;
		while (word < n && s[word] != '.')
			word++;
		if (!is_word(s, word, besides))
			return false;
		if (word == n)
			return true;
		s += word + 1;
		n -= word + 1;
	}
	return false;
}

bool address_valid(const char *s)
{
	const char *at = strrchr(s, '@');
	size_t local = at ? (size_t)(at - s) : 0, domain = at ? strlen(at + 1) : 0;
	if (local > LOCAL_MAX || local + domain >= ADDRESS_MAX)
		return false;
	return are_words(s, local, "!#$%&'*+-/=?^_`{|}~") && are_words(at + 1, domain, "-") && at[1] != '-';
}

static bool has_scheme(const char *s, const char *schemes)
{
	size_t n = strcspn(s, ":");
	for (const char *w = schemes; *w; w += strcspn(w, " "), w += strspn(w, " "))
		if (strcspn(w, " ") == n && strncmp(w, s, n) == 0)
			return str_has_prefix(s + n, "://");
	return false;
}

/* Where its host begins and ends; false: there is none. */
static bool find_host(const char *url, const char **ret_host, size_t *ret_n)
{
	const char *host = strstr(url, "://");
	if (!host)
		return false;
	host += 3;
	size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
	*ret_host = host;
	*ret_n = MIN(n, strlen(host));
	return n > 0;
}

static bool is_port(const char *s)
{
	size_t n = strspn(s, "0123456789");
	return n > 0 && n <= 5 && (!s[n] || strchr("/?#", s[n]));
}

bool address_is_url(const char *s, const char *schemes)
{
	const char *host;
	size_t n;
	for (const char *p = s; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("\"<>\\^`{|}", *p))
			return false;
	if (!has_scheme(s, schemes) || !find_host(s, &host, &n))
		return false;
	const char *rest = host + n;
	bool six = *host == '[' && n > 2 && is_word(host + 1, n - 2, ":.") && host[n - 1] == ']';
	if (!six && !are_words(host, n, "-_"))
		return false;
	return *rest == ':' ? is_port(rest + 1) : !*rest || strchr("/?#", *rest);
}

char *address_host(const char *url)
{
	const char *host;
	size_t n;
	return find_host(url, &host, &n) ? xstrndup(host, n) : xstrdup("");
}

bool address_is_loopback(const char *host)
{
	return str_ieq(host, "localhost") || str_eq(host, "[::1]") ||
	       (str_has_prefix(host, "127.") && strspn(host, "0123456789.") == strlen(host));
}
