/* A growing byte buffer; see buf.h.  Allocation failure is fatal (util.h). */
#include "base/buf.h"

#include <stdarg.h>
#include <string.h>

char buf_empty[1];

void buf_init(struct buf *b) { *b = (struct buf)BUF_INIT; }

void buf_release(struct buf *b)
{
	if (b->cap)
		free(b->s);
	buf_init(b);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->cap)
		b->s[0] = '\0';
}

char *buf_detach(struct buf *b)
{
	char *s = b->cap ? b->s : xstrdup("");
	buf_init(b);
	return s;
}

void buf_reserve(struct buf *b, size_t extra)
{
	if (b->cap > b->len + extra)
		return;
	size_t cap = MAX(MAX((size_t)64, b->cap * 2), b->len + extra + 1);
	b->s = b->cap ? xrealloc(b->s, cap) : xmalloc(cap);
	b->cap = cap;
	b->s[b->len] = '\0';
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	buf_reserve(b, n);
	if (n)
		memcpy(b->s + b->len, p, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s) { buf_add(b, s, strlen(s)); }
void buf_addc(struct buf *b, char c) { buf_add(b, &c, 1); }

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 0) {
		buf_reserve(b, (size_t)n);
		vsnprintf(b->s + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}
