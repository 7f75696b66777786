/* Small things that every module uses: cleanup attributes, sizes, error
 * conventions.
 *
 * Errors: functions return 0 or -errno.  Results come in ret_x parameters,
 * which are last and are left untouched on failure.  Out of memory ends the
 * program (x-functions): the spool is safe at every instant, a restart goes
 * on where it was.
 */
#ifndef NMR_BASE_UTIL_H
#define NMR_BASE_UTIL_H

#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_ __attribute__((unused))

static inline void util_freep(void *p) { free(*(void **)p); }
static inline void util_closep(int *fd) { if (*fd >= 0) close(*fd); }
static inline void util_fclosep(FILE **f) { if (*f) fclose(*f); }
static inline void util_closedirp(DIR **d) { if (*d) closedir(*d); }
#define _cleanup_free_ _cleanup_(util_freep)
#define _cleanup_close_ _cleanup_(util_closep)
#define _cleanup_fclose_ _cleanup_(util_fclosep)
#define _cleanup_closedir_ _cleanup_(util_closedirp)

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
/* A fresh string; the caller frees. */
char *xvasprintf(const char *fmt, va_list ap) _printf_(1, 0);
char *xasprintf(const char *fmt, ...) _printf_(1, 2);

/* Ends the program with a message and exit code 2: for main() before a loop
 * starts, never later. */
void die(const char *fmt, ...) _printf_(1, 2) __attribute__((noreturn));

bool str_eq(const char *a, const char *b);           /* NULL-safe */
bool str_ieq(const char *a, const char *b);          /* NULL-safe, ASCII case */
bool str_has_prefix(const char *s, const char *prefix);
bool str_has_suffix(const char *s, const char *suffix);
bool str_has_isuffix(const char *s, const char *suffix); /* ASCII case */
/* Trims ASCII white space in place; returns the first character kept. */
char *str_trim(char *s);
/* Whole-string conversions: 0 or -EINVAL/-ERANGE. */
int str_to_long(const char *s, long *ret_v);
int str_to_double(const char *s, double *ret_v);

/* Twelve lower-case hex digits from the kernel's random source, NUL included
 * (char[13]): the id of a batch or a job. */
#define ID_LEN 12
void id_new(char ret_id[ID_LEN + 1]);
bool id_valid(const char *s);

#endif
