/* Words people type. The distance is the restricted Damerau-Levenshtein one:
 * swapped neighbours ("corse") are the commonest slip and count as one edit.
 * A word is offered only when at most a third of it would have to change, so
 * that a suggestion is never a guess. No failure but -EINVAL; never logs. */
#include "base/words.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"

#define WORD_MAX 64

static int fold(char c) { return tolower((unsigned char)c); }

size_t words_distance(const char *a, const char *b)
{
	size_t row[3][WORD_MAX + 1];   /* two rows back, one back, present */
	size_t n = strnlen(a, WORD_MAX), m = strnlen(b, WORD_MAX);
	for (size_t j = 0; j <= m; j++)
		row[1][j] = row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *before = row[(i + 2) % 3], *up = row[i % 3], *now = row[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			bool same = fold(a[i - 1]) == fold(b[j - 1]);
			now[j] = MIN(MIN(up[j], now[j - 1]) + 1, up[j - 1] + !same);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
			    fold(a[i - 2]) == fold(b[j - 1]))
				now[j] = MIN(now[j], before[j - 2] + 1);
		}
	}
	return row[(n + 1) % 3][m];
}

const char *words_closest(const char *typed, const char *const *known, size_t n)
{
	const char *best = NULL;
	size_t least = SIZE_MAX;
	for (size_t i = 0; i < n; i++) {
		size_t d = words_distance(typed, known[i]);
		if (d < least) {
			least = d;
			best = known[i];
		}
	}
	if (!best)
		return NULL;
	size_t length = MAX(strlen(typed), strlen(best));
	return least <= MAX((size_t)1, length / 3) && least < length ? best : NULL;
}

/* One word from *p on, which is moved behind it. */
static int take_word(const char **p, struct buf *b)
{
	char quote = '\0';
	for (; **p; ++*p) {
		char c = **p;
		if (!quote && isspace((unsigned char)c))
			break;
		if (quote ? c == quote : c == '\'' || c == '"')
			quote = quote ? '\0' : c;
		else if (c == '\\' && quote != '\'' && (*p)[1])
			buf_addc(b, *++*p);
		else
			buf_addc(b, c);
	}
	return quote ? -EINVAL : 0;
}

int words_split(const char *line, char ***ret_words)
{
	char **words = xcalloc(1, sizeof(*words));
	size_t n = 0;
	for (;;) {
		line += strspn(line, " \t\r\n\f\v");
		if (!*line)
			break;
		_cleanup_(buf_release) struct buf b = BUF_INIT;
		if (take_word(&line, &b) < 0) {
			words_free(words);
			return -EINVAL;
		}
		words = xreallocarray(words, n + 2, sizeof(*words));
		words[n++] = buf_detach(&b);
		words[n] = NULL;
	}
	*ret_words = words;
	return 0;
}

void words_free(char **words)
{
	for (char **w = words; w && *w; w++)
		free(*w);
	free(words);
}
