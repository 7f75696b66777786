/* Parts of the HTML pages. */
#ifndef NMR_REPORT_HTML_INTERNAL_H
#define NMR_REPORT_HTML_INTERNAL_H

#include "report/doc.h"

/* From the doctype to <body>: title, style, a policy that forbids everything but
 * what is in the file. refresh_s: reload so often, 0: never. */
void html_head(struct buf *b, const char *title, const char *style, int refresh_s);
/* Colours, type and tables that all pages share; what only the report needs; what
 * only the queue page needs. */
extern const char html_style[], html_style_report[], html_style_queue[];

void html_elem(struct buf *b, const char *tag, const char *attributes, const char *text);
/* Text with chemistry's subscripts, escaped. */
void html_chem(struct buf *b, const char *text);

/* Sections of the report, in tables. */
void html_shifts(const json_t *result, struct buf *b);
void html_conformers(const json_t *result, struct buf *b);
void html_options(const json_t *result, struct buf *b);
void html_programs(const json_t *result, struct buf *b);
void html_timing(const json_t *result, struct buf *b);
void html_steps(const json_t *result, struct buf *b);

#endif
