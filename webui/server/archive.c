/* Archives among the files of a form. nmr-mol unpacks them, in a folder of the door's, so
 * that the files can be moved in. All of an archive together is as large as one file may be. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/ending.h"
#include "base/file.h"
#include "webui/server/form.h"
#include "webui/server/web.h"

#define TIMEOUT_S 60

static void refuse(struct http_request *rq, const char *name, const json_t *refusal)
{
	http_error(rq, 422, "invalid-molecule-file", "Invalid archive", "\"%.80s\": %s %s %s", name, json_str(refusal, "what", ""),
		   json_str(refusal, "why", ""), json_str(refusal, "remedy", ""));
}

/* What nmr-mol found; NULL: answered. */
static json_t *unpack(struct http_request *rq, struct http_part *p)
{
	char id[ID_LEN + 1];
	_cleanup_free_ char *mb = xasprintf("%d", rq->web->conf->file_size_max_mb), *most = xasprintf("%d", FORM_FILES_MAX);
	const char *const words[] = { "unpack", "--in", p->path, "--total-mb", mb, "--files-max", most, NULL };
	id_new(id);
	if (!form_has_room(rq->web->conf)) {
		http_error(rq, 507, "not-taken", "Not taken", "The server's disk is full.");
		return NULL;
	}
	p->folder = xasprintf("%s/" FORM_TMP "%s", rq->web->conf->door, id);
	json_t *out = mkdir(p->folder, 0700) == 0 ? mol_run(rq->web, p->folder, clock_mono() + TIMEOUT_S, words) : NULL;
	if (out && json_flag(out, "ok", false))
		return out;
	if (out)
		refuse(rq, p->filename, json_object_get(out, "refusal"));
	else
		http_error(rq, 503, "not-taken", "Not taken", "\"%.80s\" could not be unpacked now. Try again, or send the structure "
			   "files themselves: several can be chosen at once.", p->filename);
	json_decref(out);
	return NULL;
}

/* The members follow their archive's part, which counts no more itself. Bytes of them. */
static size_t put_members(struct http_part *p, const json_t *members)
{
	size_t i, bytes = 0;
	const json_t *m;
	struct http_part *after = p;
	json_array_foreach(members, i, m) {
		struct stat st;
		struct http_part *x = xcalloc(1, sizeof(*x));
		x->name = xstrdup(p->name);
		x->filename = xstrdup(json_str(m, "name", "molecule"));
		x->value = xstrdup("");
		x->path = xasprintf("%s/%s", p->folder, json_str(m, "file", ""));
		x->len = stat(x->path, &st) == 0 ? (size_t)st.st_size : 0;
		bytes += x->len;
		x->next = after->next;
		after->next = x;
		after = x;
	}
	p->unpacked = true;
	return bytes;
}

static bool nothing_in_it(struct http_request *rq, const struct http_part *p, const json_t *out)
{
	const json_t *first = json_array_get(json_arr(out, "skipped"), 0);
	if (json_array_size(json_arr(out, "members")))
		return false;
	http_error(rq, 422, "invalid-molecule-file", "Nothing in it", "\"%.80s\" holds no structure file.%s%.80s%s%.200s%s", p->filename,
		   first ? " \"" : "", json_str(first, "name", ""), first ? "\" was left out: " : "", json_str(first, "why", ""), first ? "." : "");
	return true;
}

bool archive_unpack(struct http_request *rq, json_t **ret_skipped)
{
	_cleanup_json_ json_t *skipped = NULL;
	/* Many small archives are as bounded as one upload is. */
	size_t left = ((size_t)rq->web->conf->file_size_max_mb << 20) * 4;
	*ret_skipped = NULL;
	for (struct http_part *p = rq->parts; p; p = p->next) {
		if (!p->filename || !p->len || !ending_of_archive(p->filename) || p->unpacked)
			continue;
		_cleanup_json_ json_t *out = unpack(rq, p);
		if (!out || nothing_in_it(rq, p, out))
			return false;
		skipped = skipped ? skipped : json_array();
		json_array_extend(skipped, json_object_get(out, "skipped"));
		rq->nfiles += json_array_size(json_arr(out, "members"));
		size_t bytes = put_members(p, json_arr(out, "members"));
		bool large = bytes > left;
		left -= MIN(bytes, left);
		if (large || rq->nfiles > FORM_FILES_MAX) {
			http_error(rq, 413, "too-large", "Too much at once", "At most %d files and %d MiB at once, those in archives among them.",
				   FORM_FILES_MAX, rq->web->conf->file_size_max_mb * 4);
			return false;
		}
	}
	*ret_skipped = json_incref(skipped);
	return true;
}
