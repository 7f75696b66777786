/* What the terminal can do, and text that fits into it. Pure but for term_init(). */
#ifndef NMR_CLI_TERM_H
#define NMR_CLI_TERM_H

#include "base/buf.h"

struct term {
	bool tty;         /* cursor movements are fine */
	bool colour;      /* and colours, too: NO_COLOR is not set */
	bool utf8;        /* the locale's character set */
	int columns, rows;
};

/* Asks about a descriptor; columns are 80 when it is no terminal. */
void term_init(struct term *t, int fd);

enum term_style { TERM_PLAIN, TERM_BOLD, TERM_DIM, TERM_RED, TERM_GREEN, TERM_YELLOW, TERM_CYAN };
/* Text in a style; without colours just the text. */
void term_style(const struct term *t, struct buf *b, enum term_style style, const char *text);
/* Columns that text takes on the screen. */
int term_width(const struct term *t, const char *text);
/* Exactly `columns` wide: filled up with blanks or cut with an ellipsis. Control
 * characters, which might move the cursor, become "?", and so does what the
 * locale cannot show. */
void term_fit(const struct term *t, struct buf *b, const char *text, int columns);
/* The same, cut but not filled. */
void term_cut(const struct term *t, struct buf *b, const char *text, int columns);
/* A progress bar of so many columns; fraction 0..1. */
void term_bar(const struct term *t, struct buf *b, double fraction, int columns);
/* Paragraph in lines of at most columns - indent, each indented. */
void term_wrap(const struct term *t, struct buf *b, const char *text, int indent);

#endif
