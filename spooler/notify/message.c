/* See message.h. A subject that is not short ASCII becomes encoded words (RFC 2047), the
 * text quoted-printable (RFC 2045), so that every server takes it as it is. */
#include "notify/message.h"

#include <string.h>
#include <time.h>

#include "base/json.h"

#define SUBJECT_PLAIN 66         /* "Subject: " and this fit into a line */
#define WORD_BYTES 39            /* 52 characters of base64, 73 with "Subject: " and what is around them */
#define LINE 76

static void add_base64(struct buf *b, const char *s, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)s;
	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)p[i] << 16 | (unsigned)(i + 1 < n ? p[i + 1] : 0) << 8 | (i + 2 < n ? p[i + 2] : 0);
		buf_addc(b, digits[v >> 18]);
		buf_addc(b, digits[v >> 12 & 63]);
		buf_addc(b, i + 1 < n ? digits[v >> 6 & 63] : '=');
		buf_addc(b, i + 2 < n ? digits[v & 63] : '=');
	}
}

/* Bytes of whole characters, at most max. */
static size_t whole_characters(const char *s, size_t max)
{
	size_t n = strlen(s);
	if (n <= max)
		return n;
	for (n = max; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

static bool is_plain(const char *s)
{
	for (const char *p = s; *p; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return strlen(s) <= SUBJECT_PLAIN && !strstr(s, "=?");
}

static void add_subject(struct buf *b, const char *subject)
{
	_cleanup_json_ json_t *clean = json_text(subject);
	_cleanup_free_ char *s = xstrdup(json_string_value(clean));
	for (char *p = s; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	buf_adds(b, "Subject: ");
	if (is_plain(s)) {
		buf_addf(b, "%s\r\n", s);
		return;
	}
	for (const char *p = s; *p;) {
		size_t n = whole_characters(p, WORD_BYTES);
		buf_adds(b, p == s ? "=?UTF-8?B?" : " =?UTF-8?B?");
		add_base64(b, p, n);
		buf_adds(b, "?=\r\n");
		p += n;
	}
}

/* In English whatever the locale says. */
static void add_date(struct buf *b, double when)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)when;
	struct tm tm;
	gmtime_r(&t, &tm);
	buf_addf(b, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
		 1900 + tm.tm_year, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* One line of quoted-printable, cut into pieces where it is long. */
static void add_line(struct buf *b, const char *s, size_t n)
{
	size_t column = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		/* A blank at the end would get lost, a dot at the start or "From " be changed on the way. */
		bool plain = (c > ' ' && c <= '~' && c != '=') || ((c == ' ' || c == '\t') && i + 1 < n);
		plain = plain && !(column == 0 && (c == '.' || str_has_prefix(s + i, "From ")));
		if (column + (plain ? 1 : 3) > LINE - 1) {
			buf_adds(b, "=\r\n");
			column = 0;
			plain = plain && c != '.';
		}
		size_t width = plain ? 1 : 3;
		if (plain)
			buf_addc(b, (char)c);
		else
			buf_addf(b, "=%02X", c);
		column += width;
	}
	buf_adds(b, "\r\n");
}

static void add_text(struct buf *b, const char *text)
{
	_cleanup_json_ json_t *clean = json_text(text);
	const char *s = json_string_value(clean);
	while (*s) {
		size_t n = strcspn(s, "\n");
		add_line(b, s, n);
		s += n + (s[n] == '\n');
	}
}

void message_add(struct buf *b, const struct message *m)
{
	add_date(b, m->date);
	buf_addf(b, "From: nmr-spool <%s>\r\n", m->from);
	buf_addf(b, "To: <%s>\r\n", m->to);
	add_subject(b, m->subject);
	buf_addf(b, "Message-ID: <%s@%s>\r\n", m->id, strrchr(m->from, '@') + 1);
	buf_adds(b, "Auto-Submitted: auto-generated\r\n"
		    "X-Auto-Response-Suppress: All\r\n"
		    "MIME-Version: 1.0\r\n"
		    "Content-Type: text/plain; charset=UTF-8\r\n"
		    "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	add_text(b, m->text);
}
