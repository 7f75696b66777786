/* One HTTP request and its answer, over libmicrohttpd.
 *
 * A request is read whole (its body is bounded), then its route's function is called
 * once and leaves an answer with one of the http_reply functions. Routes that take their
 * time (slow) run in a few threads of their own, while the connection sleeps. */
#ifndef NMR_WEBUI_HTTP_H
#define NMR_WEBUI_HTTP_H

#include <microhttpd.h>

#include "base/json.h"

struct web;

/* A field of a form, or a file of it: then path is where it lies, in the door's folder. */
/* folder: one of its own, which goes with the part. unpacked: its members follow it. */
struct http_part { char *name, *filename, *path, *value, *folder; size_t len; bool unpacked; struct http_part *next; };

struct http_request {
	struct web *web;
	struct MHD_Connection *connection;
	const char *method, *path;       /* path: decoded, without the query */
	char *id;                        /* "{id}" of the route, validated; NULL */
	char *rest;                      /* "{rest}" of the route; NULL */
	struct buf body;                 /* of JSON requests */
	struct http_part *parts;         /* of forms, in order */
	/* the answer */
	struct MHD_Response *response;
	unsigned status;
	void (*on_end)(void);            /* called when the answer was sent; NULL */
	/* http.c's own */
	const struct http_route *route;
	struct MHD_PostProcessor *form;
	struct http_part *last;
	int part_fd;
	size_t received, nfiles;
	int error;                       /* of the body: -EFBIG ... */
	enum { HTTP_READING, HTTP_WORKING, HTTP_ANSWERED } state;
	struct http_request *next;
};

enum http_body { HTTP_NO_BODY, HTTP_JSON, HTTP_FORM };
struct http_route {
	const char *method, *pattern;    /* "/api/v1/jobs/{id}/files/{rest}" */
	void (*fn)(struct http_request *rq);
	enum http_body body;
	bool slow;
};

const char *http_query(const struct http_request *rq, const char *name);   /* NULL: not there */
const char *http_header(const struct http_request *rq, const char *name);

/* ---- answers; each request gets one */
void http_reply_json(struct http_request *rq, unsigned status, json_t *j);   /* takes j over */
void http_reply_text(struct http_request *rq, unsigned status, const char *type, const char *text, size_t n);
/* An open file; takes fd over. download: the name it is saved under, or NULL. */
void http_reply_fd(struct http_request *rq, int fd, const char *type, const char *download);
void http_add_header(struct http_request *rq, const char *name, const char *value);
/* {"detail":{"type","title","status","detail"}}; slug: "job-not-found". */
void http_error(struct http_request *rq, unsigned status, const char *slug, const char *title, const char *fmt, ...)
	_printf_(5, 6);
/* 422 {"detail":[{"type","loc":["body",field],"msg","input"}]} */
void http_field_error(struct http_request *rq, const char *field, const char *type, const char *input,
		      const char *fmt, ...) _printf_(5, 6);

/* ---- the server */
struct http;
/* address: "127.0.0.1:8080", "[::1]:8080", ":8080". NULL with *ret_error (caller frees). */
struct http *http_start(struct web *w, const char *address, const struct http_route *routes, char **ret_error);
int http_port(const struct http *h);
void http_stop(struct http *h);

#endif
