/* Control files: what people put into .running and .failed folders. Windows hides
 * extensions and adds them, so "Cancel.txt.txt" counts. Never logs. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "outbox/outbox.h"

#define DEPTH 6

void outbox_controls_release(struct outbox_controls *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->item[i].outname);
	free(c->item);
	*c = (struct outbox_controls){ 0 };
}

static bool is_called(const char *file, const char *word)
{
	size_t n = strlen(word);
	return strncasecmp(file, word, n) == 0 && (file[n] == '\0' || file[n] == '.');
}

static bool has_file(const char *path, const char *word)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (is_called(e->d_name, word))
			return true;
	return false;
}

static void look(const char *root, const char *relative, int depth, struct outbox_controls *c)
{
	static const struct { const char *tail, *word; enum outbox_verb verb; } kinds[] = {
		{ ".running", "cancel", OUTBOX_CANCEL }, { ".failed", "retry", OUTBOX_RETRY }
	};
	_cleanup_free_ char *path = xasprintf("%s/%s", root, relative);
	_cleanup_closedir_ DIR *dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		bool status = false;
		if (e->d_name[0] == '.' || (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
			continue;
		_cleanup_free_ char *name = xasprintf("%s%s%s", relative, *relative ? "/" : "", e->d_name);
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			if (!str_has_suffix(e->d_name, kinds[i].tail))
				continue;
			status = true;
			_cleanup_free_ char *sub = xasprintf("%s/%s", root, name);
			if (!has_file(sub, kinds[i].word))
				continue;
			c->item = xreallocarray(c->item, c->n + 1, sizeof(*c->item));
			name[strlen(name) - strlen(kinds[i].tail)] = '\0';
			c->item[c->n++] = (struct outbox_control){ kinds[i].verb, xstrdup(name) };
			break;
		}
		/* A published result has its report; groups and batches are looked into. */
		if (!status && depth > 0) {
			_cleanup_free_ char *mark = xasprintf("%s/%s/.nmr-id", root, name);
			if (access(mark, F_OK) < 0)
				look(root, name, depth - 1, c);
		}
	}
}

int outbox_controls(const struct outbox *o, struct outbox_controls *ret_c)
{
	*ret_c = (struct outbox_controls){ 0 };
	look(o->root, "", DEPTH, ret_c);
	return 0;
}
