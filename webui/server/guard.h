/* Who may ask, and what every answer says to browsers. */
#ifndef NMR_WEBUI_GUARD_H
#define NMR_WEBUI_GUARD_H

#include "webui/server/http.h"

/* False: refused, which was answered. */
bool guard_lets_in(struct http_request *rq);
/* Security headers of the answer. */
void guard_headers(struct http_request *rq);

#endif
