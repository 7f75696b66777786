/* Result folders: reading the shifts, and copying one out of a private spool.
 * Never logs, never prints. */
#include "cli/result.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "report/tables.h"

int result_read(const char *folder, json_t **ret_result)
{
	_cleanup_free_ char *path = xasprintf("%s/shifts.json", folder);
	return json_read_file(path, ret_result);
}

/* The table was made from a document, names and all: shown line by line, so that
 * nothing in it reaches the terminal as a control sequence. */
static void add_lines(const char *text, const struct term *t, struct buf *b)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		_cleanup_free_ char *line = xstrndup(text, n);
		term_cut(t, b, line, 1000);
		buf_addc(b, '\n');
		text += n + (text[n] == '\n');
	}
}

/* Two columns for two: the table stays straight. */
static void plus_minus(struct buf *b)
{
	for (char *p = b->s; (p = strstr(p, "\xc2\xb1 "));) {
		memcpy(p, "+-", 2);
		memmove(p + 2, p + 3, strlen(p + 3) + 1);
		b->len--;
	}
}

void result_table(const json_t *result, const struct term *t, struct buf *b)
{
	_cleanup_(buf_release) struct buf text = BUF_INIT;
	report_table_text(result, &text);
	if (!t->utf8)
		plus_minus(&text);
	add_lines(text.s, t, b);
}

static int copy_entry(const char *from, const char *to)
{
	struct stat st;
	if (lstat(from, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return result_copy_tree(from, to);
	return S_ISREG(st.st_mode) ? file_copy(from, to, 0644) : 0;
}

int result_copy_tree(const char *from, const char *to)
{
	_cleanup_closedir_ DIR *d = opendir(from);
	if (!d || mkdir(to, 0755) < 0)
		return -errno;
	int r = 0;
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		_cleanup_free_ char *a = xasprintf("%s/%s", from, e->d_name);
		_cleanup_free_ char *b = xasprintf("%s/%s", to, e->d_name);
		r = copy_entry(a, b);
	}
	return r;
}
