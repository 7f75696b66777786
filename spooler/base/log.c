/* key=value lines on stderr, one write() a line so that lines of several
 * threads never mix.  Failure to write is ignored: there is nobody to tell. */
#include "base/log.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

static enum log_level min_level = LOG_INFO;

void log_set_level(enum log_level min) { min_level = min; }

static void add_value(struct buf *b, const char *v)
{
	if (*v && !v[strcspn(v, " \t\r\n\"=\\")]) {
		buf_adds(b, v);
		return;
	}
	buf_addc(b, '"');
	for (; *v; v++) {
		unsigned char c = (unsigned char)*v;
		if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (c == '\n')
			buf_adds(b, "\\n");
		else if (c < 0x20 || c == 0x7f)
			buf_addf(b, "\\x%02x", c);
		else
			buf_addc(b, (char)c);
	}
	buf_addc(b, '"');
}

void log_event(enum log_level level, const char *event, ...)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	if (level < min_level)
		return;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	char ts[CLOCK_ISO_LEN];
	clock_iso(clock_wall(), ts);
	buf_addf(&b, "ts=%s level=%s event=%s", ts, names[level], event);
	va_list ap;
	va_start(ap, event);
	const char *key;
	while ((key = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);
		if (!value)
			continue;
		buf_addf(&b, " %s=", key);
		add_value(&b, value);
	}
	va_end(ap);
	buf_addc(&b, '\n');
	ssize_t r = write(STDERR_FILENO, b.s, b.len);
	(void)r;
}
