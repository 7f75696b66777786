/* Strings, allocation and ids.  Allocation failure is fatal on purpose: the
 * queue and the folders are consistent at every instant, so ending is the one
 * reaction that is always right. */
#include "base/util.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

static void *check(void *p)
{
	if (p)
		return p;
	static const char msg[] = "level=error event=out-of-memory\n";
	ssize_t r = write(STDERR_FILENO, msg, sizeof(msg) - 1);
	(void)r;
	abort();
}

void *xmalloc(size_t n) { return check(malloc(n ? n : 1)); }
void *xcalloc(size_t n, size_t size) { return check(calloc(n ? n : 1, size ? size : 1)); }
void *xrealloc(void *p, size_t n) { return check(realloc(p, n ? n : 1)); }

void *xreallocarray(void *p, size_t n, size_t size)
{
	return check(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *xstrdup(const char *s) { return check(strdup(s)); }
char *xstrndup(const char *s, size_t n) { return check(strndup(s, n)); }

char *xvasprintf(const char *fmt, va_list ap)
{
	char *s = NULL;
	int n = vasprintf(&s, fmt, ap);
	return check(n < 0 ? NULL : s);
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

void die(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

bool str_eq(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }
bool str_ieq(const char *a, const char *b) { return a == b || (a && b && strcasecmp(a, b) == 0); }
bool str_has_prefix(const char *s, const char *p) { return strncmp(s, p, strlen(p)) == 0; }

bool str_has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && strcmp(s + n - m, suffix) == 0;
}

bool str_has_isuffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && strcasecmp(s + n - m, suffix) == 0;
}

char *str_trim(char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	char *e = s + strlen(s);
	while (e > s && isspace((unsigned char)e[-1]))
		e--;
	*e = '\0';
	return s;
}

int str_to_long(const char *s, long *ret_v)
{
	char *end;
	errno = 0;
	long v = strtol(s, &end, 10);
	if (end == s || *end != '\0')
		return -EINVAL;
	if (errno)
		return -errno;
	*ret_v = v;
	return 0;
}

int str_to_double(const char *s, double *ret_v)
{
	char *end;
	errno = 0;
	double v = strtod(s, &end);
	if (end == s || *end != '\0')
		return -EINVAL;
	if (errno == ERANGE && (v > 1 || v < -1))
		return -ERANGE;
	*ret_v = v;
	return 0;
}

void id_new(char ret_id[ID_LEN + 1])
{
	unsigned char b[ID_LEN / 2];
	while (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		;
	for (size_t i = 0; i < sizeof(b); i++)
		snprintf(ret_id + 2 * i, 3, "%02x", b[i]);
}

bool id_valid(const char *s)
{
	return s && strlen(s) == ID_LEN && strspn(s, "0123456789abcdef") == ID_LEN;
}
