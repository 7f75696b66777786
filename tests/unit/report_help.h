/* Sample documents and questions about texts, for the tests of the reports. */
#ifndef NMR_TESTS_REPORT_HELP_H
#define NMR_TESTS_REPORT_HELP_H

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "report/text.h"

static inline json_t *sample(const char *name)
{
	json_t *j = NULL;
	char *path = xasprintf(TEST_DIR "/golden/report/%s.json", name);
	assert_int_equal(json_read_file(path, &j), 0);
	free(path);
	return j;
}

static inline void has(const struct buf *b, const char *words)
{
	if (!strstr(b->s, words))
		fail_msg("\"%s\" is missing in:\n%s", words, b->s);
}

static inline void lacks(const struct buf *b, const char *words)
{
	if (strstr(b->s, words))
		fail_msg("\"%s\" is in:\n%s", words, b->s);
}

static inline size_t occurrences(const char *s, const char *words)
{
	size_t n = 0;
	for (; (s = strstr(s, words)); s += strlen(words))
		n++;
	return n;
}

/* Every line is at most `max` columns wide; with crlf each ends so. */
static inline void fits(const struct buf *b, size_t max, bool crlf)
{
	for (const char *p = b->s; *p;) {
		size_t n = strcspn(p, "\n");
		char *line = xstrndup(p, n);
		bool ends = n > 0 && line[n - 1] == '\r';
		if (ends)
			line[n - 1] = '\0';
		if (ends != crlf)
			fail_msg("line end of \"%s\"", line);
		if (text_width(line) > max)
			fail_msg("%zu columns: \"%s\"", text_width(line), line);
		free(line);
		p += n + (p[n] == '\n');
	}
}

#endif
