/* Strings of strangers made fit for what we write: HTML and SVG, CSV, one-line
 * fields, text of a given width. Names of molecules come from files that anyone
 * can drop, so nothing is written that did not pass through here.
 *
 * Input is UTF-8; NULL reads as "". Bytes that are not UTF-8, control characters
 * and marks that turn the direction of text come out as U+FFFD or a space.
 * Widths are terminal columns. Never fails. */
#ifndef NMR_REPORT_TEXT_H
#define NMR_REPORT_TEXT_H

#include "base/buf.h"

/* The next character; advances *s. 0 at the end; U+FFFD for a bad byte. */
uint32_t text_next(const char **s);
/* Escaped for XML and HTML: text and quoted attributes alike. */
void text_html(struct buf *b, const char *s);
/* One CSV cell, quoted when needed; what a spreadsheet would take for a formula
 * gets an apostrophe. For text only: numbers are written as they are. */
void text_csv(struct buf *b, const char *s);
/* One line without leading or trailing blanks, at most max columns (0: no limit),
 * cut with an ellipsis. */
void text_line(struct buf *b, const char *s, size_t max);
char *text_line_new(const char *s, size_t max);
size_t text_width(const char *s);
/* text_line, then blanks up to cols; right: blanks first. */
void text_pad(struct buf *b, const char *s, size_t cols, bool right);
/* Words broken into lines of at most width columns, each ended by eol. The first
 * line starts with `first`, the others with as many blanks. Line ends in s stay. */
void text_wrap(struct buf *b, const char *s, const char *first, size_t width, const char *eol);
/* "CDCl3" -> "CDCl₃", "C2H6O" -> "C₂H₆O", "C2H3O2-" -> "C₂H₃O₂⁻". */
void text_subscripts(struct buf *b, const char *s);
char *text_subscripts_new(const char *s);
/* A number without "-0.00"; a true minus sign when pretty. */
void text_number(struct buf *b, double v, int digits, bool pretty);
char *text_number_new(double v, int digits);
void text_base64(struct buf *b, const void *data, size_t n);

#endif
