/* See form.h. Never logs. */
#include "webui/server/form.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "webui/server/web.h"

#define BUFFER 32768
#define FIELD_MAX 4096
#define PARTS_MAX 1100

static int close_part(struct http_request *rq)
{
	int r = rq->part_fd >= 0 && close(rq->part_fd) < 0 ? -errno : 0;
	rq->part_fd = -1;
	return r;
}

bool form_has_room(const struct conf *c)
{
	struct statvfs v;
	return statvfs(c->door, &v) < 0 || ((uint64_t)v.f_bavail * v.f_frsize) >> 20 >= (uint64_t)c->disk_min_mb + (uint64_t)c->file_size_max_mb;
}

static int open_file(struct http_request *rq, struct http_part *p)
{
	char id[ID_LEN + 1];
	id_new(id);
	if (++rq->nfiles > FORM_FILES_MAX)
		return -E2BIG;
	if (!form_has_room(rq->web->conf))
		return -ENOSPC;
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
	int r = close_part(rq);
	size_t n = 1;
	for (const struct http_part *x = rq->parts; x; x = x->next)
		n++;
	if (rq->last)
		rq->last->next = p;
	else
		rq->parts = p;
	rq->last = p;
	if (r == 0 && n > PARTS_MAX)
		r = -E2BIG;
	return r == 0 && filename ? open_file(rq, p) : r;
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

static bool is_same(const struct http_part *p, const char *name, const char *filename)
{
	return p && !p->len && str_eq(p->name, name) && str_eq(p->filename, filename);
}

static enum MHD_Result on_piece(void *cls, _unused_ enum MHD_ValueKind kind, const char *key, const char *filename,
				_unused_ const char *type, _unused_ const char *encoding, const char *data,
				uint64_t offset, size_t n)
{
	struct http_request *rq = cls;
	/* A part without a name is no field of ours. */
	if (!key)
		rq->error = -EBADMSG;
	/* A part may begin twice: without a byte first, when its beginning was cut. */
	if (rq->error == 0 && offset == 0 && !is_same(rq->last, key, filename))
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
	int r = close_part(rq);
	rq->error = rq->error ? rq->error : r;
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
		if (p->folder)
			file_rm_rf(p->folder);
		free(p->name);
		free(p->filename);
		free(p->path);
		free(p->value);
		free(p->folder);
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
	for (struct dirent *e; d && (e = readdir(d));) {
		_cleanup_free_ char *path = xasprintf("%s/%s", door, e->d_name);
		if (str_has_prefix(e->d_name, FORM_TMP))
			file_rm_rf(path);
	}
}
