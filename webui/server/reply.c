/* Answers: JSON, text, files, errors. Never logs. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "report/text.h"
#include "webui/server/http.h"

static void reply(struct http_request *rq, unsigned status, struct MHD_Response *r, const char *type)
{
	if (!r)
		return;
	if (rq->response)
		MHD_destroy_response(rq->response);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	rq->response = r;
	rq->status = status;
}

void http_add_header(struct http_request *rq, const char *name, const char *value)
{
	if (rq->response)
		MHD_add_response_header(rq->response, name, value);
}

void http_reply_json(struct http_request *rq, unsigned status, json_t *j)
{
	struct buf b = BUF_INIT;
	json_add_to(&b, j, false);
	json_decref(j);
	size_t n = b.len;
	reply(rq, status, MHD_create_response_from_buffer(n, buf_detach(&b), MHD_RESPMEM_MUST_FREE), "application/json");
	http_add_header(rq, "Cache-Control", "no-store");
}

void http_reply_text(struct http_request *rq, unsigned status, const char *type, const char *text, size_t n)
{
	reply(rq, status, MHD_create_response_from_buffer(n, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY), type);
}

/* A file name in a header: what is not plain becomes "_". */
static void add_download(struct http_request *rq, const char *name)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	buf_adds(&b, "attachment; filename=\"");
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;
		buf_addc(&b, c <= ' ' || c >= 127 || strchr("\"\\/%", c) ? '_' : (char)c);
	}
	buf_addc(&b, '"');
	http_add_header(rq, "Content-Disposition", b.s);
}

void http_reply_fd(struct http_request *rq, int fd, const char *type, const char *download)
{
	struct stat st;
	struct MHD_Response *r = fstat(fd, &st) == 0 ? MHD_create_response_from_fd64((uint64_t)st.st_size, fd) : NULL;
	if (!r) {
		close(fd);
		return;
	}
	reply(rq, 200, r, type);
	if (download)
		add_download(rq, download);
}

void http_error(struct http_request *rq, unsigned status, const char *slug, const char *title, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	_cleanup_free_ char *text = xvasprintf(fmt, ap);
	va_end(ap);
	_cleanup_free_ char *type = xasprintf("/problems/%s", slug);
	http_reply_json(rq, status, json_pack("{s:{s:s,s:s,s:i,s:o}}", "detail", "type", type, "title", title,
					      "status", (int)status, "detail", json_text(text)));
}

void http_field_error(struct http_request *rq, const char *field, const char *type, const char *input,
		      const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	_cleanup_free_ char *text = xvasprintf(fmt, ap);
	va_end(ap);
	http_reply_json(rq, 422, json_pack("{s:[{s:s,s:[s,s],s:o,s:o}]}", "detail", "type", type, "loc", "body", field,
					   "msg", json_text(text), "input", input ? json_text(input) : json_null()));
}
