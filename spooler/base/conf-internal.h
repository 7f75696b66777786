/* What the files of conf share among themselves; nobody else includes it. */
#ifndef NMR_BASE_CONF_INTERNAL_H
#define NMR_BASE_CONF_INTERNAL_H

#include "base/buf.h"
#include "base/conf.h"

enum conf_type { CONF_PATH, CONF_INT, CONF_NUMBER, CONF_CHOICE, CONF_TEXT, CONF_MODE, CONF_COMMAND, CONF_URL, CONF_ADDRESS,
		 CONF_PAIRS, CONF_HOT };

struct conf_row {
	struct conf_option option;   /* what everybody may see */
	enum conf_type type;
	size_t offset;               /* of the member in struct conf */
	double min, max;             /* CONF_INT, CONF_NUMBER */
	const char *choices;         /* CONF_CHOICE: words between blanks; CONF_URL: schemes */
};

/* i = 0.. until NULL. */
const struct conf_row *conf_row_at(size_t i);
const struct conf_row *conf_row_find(const char *name);
/* Sets one option from text. base: the folder that a relative path starts from.
 * 0, or -EINVAL with the reason, "must be a whole number from 0 to 4096". */
int conf_row_set(struct conf *c, const struct conf_row *row, const char *text,
		 const char *base, struct buf *why);

/* conf-folders.c */
char *conf_absolute(const char *path, const char *base);   /* ~/ understood; caller frees */
void conf_fill_folders(struct conf *c);

/* conf-engine.c */
void conf_engine_set(struct conf *c, const char *name, const char *command);
/* A program of several names gets the one that this machine has. */
void conf_engine_resolve(struct conf *c);

/* conf-file.c: reads a file, or libconfig text that came from a variable
 * (where: its name). 0, or -EINVAL with the whole sentence. */
int conf_file_read(struct conf *c, const char *path, char **ret_error);
int conf_text_read(struct conf *c, const struct conf_row *row, const char *text, char **ret_error);
void conf_pairs_free(struct conf_pair *p, size_t n);

#endif
