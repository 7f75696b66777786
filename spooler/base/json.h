/* Glue around jansson. */
#ifndef NMR_BASE_JSON_H
#define NMR_BASE_JSON_H

#include <jansson.h>

#include "base/buf.h"

#define _cleanup_json_ _cleanup_(json_decrefp)

/* 0, -errno, or -EBADMSG when the text is not JSON.  The caller owns *ret_j. */
int json_read_file(const char *path, json_t **ret_j);
/* Appends compact JSON, or indented when pretty; keys keep their order.
 * A trailing newline when pretty. */
void json_add_to(struct buf *b, const json_t *j, bool pretty);
int json_write_file(const char *path, const json_t *j, bool durable);

/* Members with a fallback; strings are borrowed from j. */
const char *json_str(const json_t *j, const char *key, const char *fallback);
double json_num(const json_t *j, const char *key, double fallback);
long long json_int(const json_t *j, const char *key, long long fallback);
bool json_flag(const json_t *j, const char *key, bool fallback);
/* An array member; NULL (which jansson treats as empty) when missing. */
json_t *json_arr(const json_t *j, const char *key);
/* A fresh JSON string; bytes that are not UTF-8 become U+FFFD. */
json_t *json_text(const char *s);

#endif
