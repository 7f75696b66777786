/* Glue around jansson; never logs. */
#include "base/json.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"

int json_read_file(const char *path, json_t **ret_j)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	int r = file_read(path, (size_t)1 << 30, &b);
	if (r < 0)
		return r;
	json_t *j = json_loadb(b.s, b.len, JSON_ALLOW_NUL, NULL);
	if (!j)
		return -EBADMSG;
	*ret_j = j;
	return 0;
}

static int add_chunk(const char *p, size_t n, void *b)
{
	buf_add(b, p, n);
	return 0;
}

void json_add_to(struct buf *b, const json_t *j, bool pretty)
{
	json_dump_callback(j, add_chunk, b,
			   JSON_ENCODE_ANY | JSON_REAL_PRECISION(10) |
				   (pretty ? JSON_INDENT(2) : JSON_COMPACT));
	if (pretty)
		buf_addc(b, '\n');
}

int json_write_file(const char *path, const json_t *j, bool durable)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	json_add_to(&b, j, false);
	return file_write_atomic(path, b.s, b.len, 0644, durable);
}

const char *json_str(const json_t *j, const char *key, const char *fallback)
{
	const char *s = json_string_value(json_object_get(j, key));
	return s ? s : fallback;
}

double json_num(const json_t *j, const char *key, double fallback)
{
	const json_t *v = json_object_get(j, key);
	return json_is_number(v) ? json_number_value(v) : fallback;
}

long long json_int(const json_t *j, const char *key, long long fallback)
{
	const json_t *v = json_object_get(j, key);
	return json_is_number(v) ? (long long)json_number_value(v) : fallback;
}

bool json_flag(const json_t *j, const char *key, bool fallback)
{
	const json_t *v = json_object_get(j, key);
	return json_is_boolean(v) ? json_is_true(v) : fallback;
}

json_t *json_arr(const json_t *j, const char *key)
{
	json_t *v = json_object_get(j, key);
	return json_is_array(v) ? v : NULL;
}

/* Length of the valid UTF-8 sequence at s, or 0. */
static size_t utf8_len(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : (s[0] >= 0xc2 && s[0] < 0xe0) ? 2
		 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] >= 0xf0 && s[0] < 0xf5) ? 4 : 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)))
		return 0;
	if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)))
		return 0;
	return n;
}

json_t *json_text(const char *s)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	for (const unsigned char *p = (const unsigned char *)s; *p;) {
		size_t n = utf8_len(p);
		if (n)
			buf_add(&b, p, n);
		else
			buf_adds(&b, "\xef\xbf\xbd");
		p += n ? n : 1;
	}
	return json_stringn(b.s, b.len);
}
