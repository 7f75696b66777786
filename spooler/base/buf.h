/* A growing byte buffer, always NUL-terminated after len.
 *
 *   _cleanup_(buf_release) struct buf b = BUF_INIT;
 *   buf_addf(&b, "x = %d\n", 3);
 *   puts(b.s);
 */
#ifndef NMR_BASE_BUF_H
#define NMR_BASE_BUF_H

#include "base/util.h"

struct buf {
	char *s;     /* never NULL */
	size_t len;  /* bytes, without the NUL */
	size_t cap;  /* 0: s is a shared constant */
};

extern char buf_empty[1];
#define BUF_INIT { buf_empty, 0, 0 }

void buf_init(struct buf *b);
void buf_release(struct buf *b);
void buf_clear(struct buf *b);
/* The string, owned by the caller; the buffer is empty afterwards. */
char *buf_detach(struct buf *b);
void buf_reserve(struct buf *b, size_t extra);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) _printf_(2, 3);

#endif
