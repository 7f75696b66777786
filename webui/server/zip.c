/* A result folder as one ZIP, through a file without a name. */
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "webui/server/web.h"

#define ZIPS_MAX 16             /* at once: each is a whole copy */

static _Atomic int open_zips;

static void zip_done(void) { atomic_fetch_sub(&open_zips, 1); }

struct zip { const struct web *w; const struct job *j; struct archive *a; bool failed; };

static void add_data(struct zip *z, int fd)
{
	char block[65536];
	ssize_t n;
	while (!z->failed && (n = read(fd, block, sizeof(block))) != 0)
		z->failed = n < 0 || archive_write_data(z->a, block, (size_t)n) != n;
}

static void add_file(struct zip *z, const char *name)
{
	struct stat st;
	_cleanup_close_ int fd = results_open(z->w, z->j, name);
	if (fd < 0 || fstat(fd, &st) < 0) {
		z->failed = true;
		return;
	}
	const char *slash = strrchr(z->j->outname, '/');
	_cleanup_free_ char *path = xasprintf("%s/%s", slash ? slash + 1 : z->j->outname, name);
	struct archive_entry *e = archive_entry_new();
	archive_entry_set_pathname_utf8(e, path);
	archive_entry_set_size(e, st.st_size);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_mtime(e, st.st_mtim.tv_sec, 0);
	z->failed = z->failed || archive_write_header(z->a, e) != ARCHIVE_OK;
	archive_entry_free(e);
	add_data(z, fd);
}

/* Some filesystems know no files without a name. */
static int nameless(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	_cleanup_free_ char *path = xasprintf("%s/nmr-zip-XXXXXX", dir);
	if (fd < 0 && (fd = mkostemp(path, O_CLOEXEC)) >= 0)
		unlink(path);
	return fd;
}

/* fd of the archive, at its beginning; < 0: it could not be made. */
static int make(const struct web *w, const struct job *j, const json_t *list)
{
	size_t i;
	const json_t *file;
	const char *tmp = getenv("TMPDIR");
	int fd = nameless(tmp ? tmp : "/tmp");
	struct zip z = { w, j, archive_write_new(), fd < 0 };
	archive_write_set_format_zip(z.a);
	archive_write_set_options(z.a, "hdrcharset=UTF-8");
	z.failed = z.failed || archive_write_open_fd(z.a, fd) != ARCHIVE_OK;
	json_array_foreach(list, i, file)
		if (!z.failed)
			add_file(&z, json_str(file, "name", ""));
	z.failed = archive_write_close(z.a) != ARCHIVE_OK || z.failed;
	archive_write_free(z.a);
	if (z.failed && fd >= 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void results_zip(struct http_request *rq)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (!results_finished(rq, &j))
		return;
	_cleanup_json_ json_t *list = results_list(rq->web, &j);
	if (!json_array_size(list)) {
		http_error(rq, 404, "output-not-found", "Not found", "The results of this job were removed from the outbox.");
		return;
	}
	bool room = atomic_fetch_add(&open_zips, 1) < ZIPS_MAX;
	int fd = room ? make(rq->web, &j, list) : -1;
	_cleanup_free_ char *name = xasprintf("%s_output.zip", j.id);
	rq->on_end = zip_done;
	if (fd < 0)
		http_error(rq, 503, "no-zip", "Not now", room ? "The ZIP cannot be made: see to the server's disk for temporary files."
			   : "Too many ZIPs are being sent. Try again in a moment.");
	else
		http_reply_fd(rq, fd, "application/zip", name);
}
