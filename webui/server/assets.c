/* The page's own files, and media types. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "webui/server/web.h"

static const char *const types[][2] = {
	{ ".html", "text/html; charset=utf-8" }, { ".js", "text/javascript; charset=utf-8" },
	{ ".mjs", "text/javascript; charset=utf-8" }, { ".css", "text/css; charset=utf-8" },
	{ ".svg", "image/svg+xml" }, { ".png", "image/png" }, { ".ico", "image/x-icon" },
	{ ".json", "application/json" }, { ".wasm", "application/wasm" }, { ".woff2", "font/woff2" },
	{ ".xyz", "chemical/x-xyz" }, { ".sdf", "chemical/x-mdl-sdfile" }, { ".mol", "chemical/x-mdl-molfile" },
	{ ".jdx", "chemical/x-jcamp-dx" }, { ".csv", "text/csv; charset=utf-8" }, { ".txt", "text/plain; charset=utf-8" },
	{ ".map", "application/json" },
};

const char *assets_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_has_isuffix(name, types[i][0]))
			return types[i][1];
	return "application/octet-stream";
}

static void send_asset(struct http_request *rq, const char *name)
{
	struct stat st;
	char tag[64];
	_cleanup_close_ int root = path_open_root(rq->web->assets);
	int fd = root < 0 ? root : path_open(root, name, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		http_error(rq, 404, "not-found", "Not found", "There is nothing here.");
		return;
	}
	snprintf(tag, sizeof(tag), "\"%llx-%llx\"", (unsigned long long)st.st_mtim.tv_sec, (unsigned long long)st.st_size);
	if (str_eq(http_header(rq, "If-None-Match"), tag)) {
		close(fd);
		http_reply_text(rq, 304, assets_type(name), "", 0);
	} else
		http_reply_fd(rq, fd, assets_type(name), NULL);
	http_add_header(rq, "ETag", tag);
	http_add_header(rq, "Cache-Control", "no-cache");
}

void assets_docs(struct http_request *rq) { send_asset(rq, "docs.html"); }
void assets_openapi(struct http_request *rq) { send_asset(rq, "openapi.json"); }
void assets_page(struct http_request *rq) { send_asset(rq, "index.html"); }
void assets_file(struct http_request *rq) { send_asset(rq, rq->rest); }
