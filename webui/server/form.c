/* See form.h. Never logs. */
#include "webui/server/form.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "webui/server/web.h"

#define BUFFER 32768
#define FIELD_MAX 4096
#define PARTS_MAX 1100
#define FILES_MAX 1000

static void close_part(struct http_request *rq)
{
	if (rq->part_fd >= 0 && close(rq->part_fd) < 0 && !rq->error)
		rq->error = -errno;
	rq->part_fd = -1;
}

static int open_file(struct http_request *rq, struct http_part *p)
{
	char id[ID_LEN + 1];
	id_new(id);
	if (++rq->nfiles > FILES_MAX)
		return -E2BIG;
	p->path = xasprintf("%s/" FORM_TMP "%s", rq->web->conf->door, id);
	rq->part_fd = open(p->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return rq->part_fd < 0 ? -errno : 0;
}

static int new_part(struct http_request *rq, const char *name, const char *filename)
{
	struct http_part *p = xcalloc(1, sizeof(*p));
	p->name = xstrdup(name);
	p->filename = filename ? xstrdup(filename) : NULL;
	p->value = xstrdup("");
	close_part(rq);
	size_t n = 1;
	for (const struct http_part *x = rq->parts; x; x = x->next)
		n++;
	if (rq->last)
		rq->last->next = p;
	else
		rq->parts = p;
	rq->last = p;
	return n > PARTS_MAX ? -E2BIG : filename ? open_file(rq, p) : 0;
}

static int add_data(struct http_request *rq, const char *data, size_t n)
{
	struct http_part *p = rq->last;
	if (p->filename) {
		if (p->len + n > (size_t)rq->web->conf->file_size_max_mb << 20)
			return -EFBIG;
		p->len += n;
		return file_write_all(rq->part_fd, data, n);
	}
	if (p->len + n > FIELD_MAX)
		return -EFBIG;
	p->value = xrealloc(p->value, p->len + n + 1);
	memcpy(p->value + p->len, data, n);
	p->len += n;
	p->value[p->len] = '\0';
	return 0;
}

static enum MHD_Result on_piece(void *cls, _unused_ enum MHD_ValueKind kind, const char *key, const char *filename,
				_unused_ const char *type, _unused_ const char *encoding, const char *data,
				uint64_t offset, size_t n)
{
	struct http_request *rq = cls;
	if (offset == 0)
		rq->error = new_part(rq, key, filename);
	if (rq->error == 0)
		rq->error = add_data(rq, data, n);
	return rq->error ? MHD_NO : MHD_YES;
}

bool form_begin(struct http_request *rq)
{
	rq->form = MHD_create_post_processor(rq->connection, BUFFER, on_piece, rq);
	return rq->form;
}

void form_take(struct http_request *rq, const char *data, size_t n)
{
	if (MHD_post_process(rq->form, data, n) == MHD_NO && !rq->error)
		rq->error = -EBADMSG;
}

void form_end(struct http_request *rq)
{
	if (rq->form && MHD_destroy_post_processor(rq->form) == MHD_NO && !rq->error)
		rq->error = -EBADMSG;
	rq->form = NULL;
	close_part(rq);
}

void form_release(struct http_request *rq)
{
	if (rq->form)
		MHD_destroy_post_processor(rq->form);
	rq->form = NULL;
	close_part(rq);
	for (struct http_part *p = rq->parts, *next; p; p = next) {
		next = p->next;
		if (p->path)
			unlink(p->path);
		free(p->name);
		free(p->filename);
		free(p->path);
		free(p->value);
		free(p);
	}
	rq->parts = NULL;
}

const struct http_part *form_field(const struct http_request *rq, const char *name)
{
	for (const struct http_part *p = rq->parts; p; p = p->next)
		if (!p->filename && str_eq(p->name, name))
			return p;
	return NULL;
}

void form_sweep(const char *door)
{
	_cleanup_closedir_ DIR *d = opendir(door);
	for (struct dirent *e; d && (e = readdir(d));)
		if (str_has_prefix(e->d_name, FORM_TMP))
			unlinkat(dirfd(d), e->d_name, 0);
}
