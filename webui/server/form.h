/* Forms (multipart/form-data): fields into memory, files into the door's folder, piece by
 * piece, so that an upload of any size takes the same memory. */
#ifndef NMR_WEBUI_FORM_H
#define NMR_WEBUI_FORM_H

#include "base/conf.h"
#include "webui/server/http.h"

#define FORM_TMP ".tmp-web-"
#define FORM_FILES_MAX 1000

bool form_begin(struct http_request *rq);
void form_take(struct http_request *rq, const char *data, size_t n);   /* sets rq->error */
void form_end(struct http_request *rq);
void form_release(struct http_request *rq);   /* files that nobody took go */
/* The first field of that name; NULL. */
const struct http_part *form_field(const struct http_request *rq, const char *name);
/* Does the disk of the door keep what the spooler needs to go on? */
bool form_has_room(const struct conf *c);
/* Uploads that an earlier server did not finish. */
void form_sweep(const char *door);

#endif
