/* Result folders, as they lie in the outbox: opened beneath it, never through a link, and
 * only when the folder says that it is this job's. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "webui/server/web.h"

#define SHIFTS_MAX ((size_t)32 << 20)
#define LOG_TAIL 16384

/* The folder of a finished job: fd or -errno. */
static int open_folder(const struct web *w, const struct job *j)
{
	char id[ID_LEN + 2] = "";
	_cleanup_close_ int root = path_open_root(w->conf->outbox);
	if (root < 0 || !j->outname)
		return root < 0 ? root : -ENOENT;
	int fd = path_open(root, j->outname, O_RDONLY | O_DIRECTORY);
	_cleanup_close_ int mark = fd < 0 ? -1 : path_open(fd, ".nmr-id", O_RDONLY);
	bool ours = mark >= 0 && read(mark, id, ID_LEN) == ID_LEN && str_eq(id, j->id);
	if (fd < 0 || ours)
		return fd;
	close(fd);
	return -ENOENT;
}

int results_open(const struct web *w, const struct job *j, const char *name)
{
	struct stat st;
	_cleanup_close_ int dir = open_folder(w, j);
	if (dir < 0)
		return dir;
	int fd = path_open(dir, name, O_RDONLY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : -ENOENT;
}

json_t *results_shifts(const struct web *w, const struct job *j)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_close_ int fd = j->state == JOB_DONE ? results_open(w, j, "shifts.json") : -1;
	if (fd < 0 || file_read_fd(fd, SHIFTS_MAX, &b) < 0)
		return NULL;
	return json_loadb(b.s, b.len, 0, NULL);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Names in a folder, sorted; hidden ones are ours. */
static size_t names_in(int fd, char ***ret_name)
{
	size_t n = 0;
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = copy < 0 ? NULL : fdopendir(copy);
	*ret_name = NULL;
	for (struct dirent *e; d && (e = readdir(d));) {
		if (*e->d_name == '.')
			continue;
		*ret_name = xreallocarray(*ret_name, n + 1, sizeof(char *));
		(*ret_name)[n++] = xstrdup(e->d_name);
	}
	if (n)
		qsort(*ret_name, n, sizeof(char *), by_name);
	return n;
}

typedef void (*file_fn)(const char *relative, int fd, const struct stat *st, void *arg);

static void each_file(int dir, const char *path, int depth, file_fn fn, void *arg)
{
	char **name;
	size_t n = names_in(dir, &name);
	for (size_t i = 0; i < n; i++) {
		struct stat st;
		_cleanup_free_ char *below = path_join(path, name[i]);
		_cleanup_close_ int fd = path_open(dir, name[i], O_RDONLY);
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
			fn(below, fd, &st, arg);
		else if (fd >= 0 && S_ISDIR(st.st_mode) && depth < 4)
			each_file(fd, below, depth + 1, fn, arg);
		free(name[i]);
	}
	free(name);
}

static void list_file(const char *relative, _unused_ int fd, const struct stat *st, void *arg)
{
	json_array_append_new(arg, json_pack("{s:o,s:I}", "name", json_text(relative), "size", (json_int_t)st->st_size));
}

json_t *results_list(const struct web *w, const struct job *j)
{
	json_t *list = json_array();
	_cleanup_close_ int dir = j->state == JOB_DONE ? open_folder(w, j) : -1;
	if (dir >= 0)
		each_file(dir, "", 0, list_file, list);
	return list;
}

/* ---- answers */

bool results_finished(struct http_request *rq, struct job *j)
{
	bool in_door;
	struct queue *q = pool_try(rq->web->pool);
	bool ok = jobs_get(rq, q, j, &in_door);
	pool_put(rq->web->pool, q);
	if (ok && j->state != JOB_DONE)
		http_error(rq, 409, "job-not-complete", "Job not complete", "This job has no results: it is %s.",
			   job_state_to_string(j->state));
	return ok && j->state == JOB_DONE;
}

/* As the peer's clients know them: "geometry-not-found". */
static void not_there(struct http_request *rq, const char *what)
{
	_cleanup_free_ char *slug = xasprintf("%s-not-found", what);
	http_error(rq, 404, slug, "Not found", "The results of this job have no such file, or were removed from the outbox.");
}

static void send_file(struct http_request *rq, const char *name, const char *what, const char *download)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (!results_finished(rq, &j))
		return;
	int fd = results_open(rq->web, &j, name);
	if (fd < 0)
		not_there(rq, what);
	else
		http_reply_fd(rq, fd, assets_type(name), download);
}

void results_file(struct http_request *rq)
{
	const char *slash = strrchr(rq->rest, '/');
	const char *last = slash ? slash + 1 : rq->rest;
	/* Reports and pictures of ours are shown; anything else is saved. */
	bool shown = !slash && (str_eq(last, "report.html") || str_has_suffix(last, ".svg") || str_has_suffix(last, ".png"));
	send_file(rq, rq->rest, "file", shown ? NULL : last);
}

static const struct named { const char *rest, *file, *what, *suffix; } named[] = {
	{ "geometry", "geometry.xyz", "geometry", "_optimized.xyz" },
	{ "geometry.sdf", "geometry.sdf", "geometry", "_optimized.sdf" },
	{ "conformers.sdf", "conformers.sdf", "geometry", "_conformers.sdf" },
	{ "nmredata.sdf", "nmredata.sdf", "nmredata", "_nmredata.sdf" },
	{ "spectrum/1h.svg", "spectrum-1H.svg", "spectrum", NULL },
	{ "spectrum/1h.png", "spectrum-1H.png", "spectrum", NULL },
	{ "spectrum/1h.jdx", "spectrum-1H.jdx", "spectrum", "_1H.jdx" },
	{ "spectrum/13c.svg", "spectrum-13C.svg", "spectrum", NULL },
	{ "spectrum/13c.png", "spectrum-13C.png", "spectrum", NULL },
	{ "spectrum/13c.jdx", "spectrum-13C.jdx", "spectrum", "_13C.jdx" },
	{ "structure.svg", "structure.svg", "structure", NULL },
	{ "structure.png", "structure.png", "structure", NULL },
	{ "shifts.json", "shifts.json", "results", NULL },
	{ "shifts.csv", "shifts.csv", "results", "_shifts.csv" },
	{ "report.html", "report.html", "report", NULL },
};

void results_named(struct http_request *rq)
{
	for (size_t i = 0; i < ARRAY_SIZE(named); i++)
		if (str_ieq(rq->rest, named[i].rest)) {
			_cleanup_free_ char *download = named[i].suffix ? xasprintf("%s%s", rq->id, named[i].suffix) : NULL;
			send_file(rq, named[i].file, named[i].what, download);
			return;
		}
	http_error(rq, 404, "not-found", "Not found", "There is nothing here.");
}

void results_json(struct http_request *rq)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (!results_finished(rq, &j))
		return;
	_cleanup_json_ json_t *shifts = results_shifts(rq->web, &j);
	if (shifts)
		http_reply_json(rq, 200, peer_results(shifts, &j));
	else
		not_there(rq, "results");
}

/* ---- geometry.json */

static json_t *text_of(const struct web *w, const struct job *j, const char *name)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_close_ int fd = results_open(w, j, name);
	return fd >= 0 && file_read_fd(fd, SHIFTS_MAX, &b) == 0 ? json_text(b.s) : json_null();
}

static json_t *assignments(const json_t *shifts, const char *nucleus)
{
	size_t i, k;
	const json_t *signal, *atom;
	json_t *o = json_object();
	json_array_foreach(json_arr(json_object_get(shifts, "shifts"), nucleus), i, signal)
		json_array_foreach(json_arr(signal, "atoms"), k, atom) {
			_cleanup_free_ char *key = xasprintf("%lld", (long long)json_integer_value(atom));
			json_object_set(o, key, json_object_get(signal, "shift"));
		}
	return o;
}

/* One record of conformers.sdf, and what it says as XYZ. */
static json_t *conformer(const json_t *about, const char *record, size_t n)
{
	int natoms = 0;
	_cleanup_(buf_release) struct buf xyz = BUF_INIT;
	_cleanup_free_ char *text = xstrndup(record, n);
	char *rest = text, *line;
	for (int i = 0; (line = strsep(&rest, "\n")) && i < 4 + natoms; i++) {
		double x, y, z;
		char symbol[4];
		if (i == 3)
			natoms = sscanf(line, "%3d", &natoms) == 1 ? natoms : 0;
		if (i == 3)
			buf_addf(&xyz, "%d\nconformer %lld\n", natoms, json_int(about, "id", 0));
		if (i >= 4 && sscanf(line, "%lf %lf %lf %3s", &x, &y, &z, symbol) == 4)
			buf_addf(&xyz, "%-2s %12.6f %12.6f %12.6f\n", symbol, x, y, z);
	}
	_cleanup_free_ char *sdf = xasprintf("%.*s$$$$\n", (int)n, record);
	return json_pack("{s:I,s:o,s:o,s:O?,s:O?}", "id", (json_int_t)json_int(about, "id", 0), "xyz", json_text(xyz.s),
			 "sdf", json_text(sdf), "energy_kcal", json_object_get(about, "energy_kcal"),
			 "population", json_object_get(about, "population"));
}

static json_t *conformers(const struct web *w, const struct job *j, const json_t *shifts)
{
	size_t i;
	const json_t *about;
	_cleanup_json_ json_t *text = text_of(w, j, "conformers.sdf");
	const char *at = json_string_value(text);
	json_t *list = json_array();
	json_array_foreach(json_arr(shifts, "conformers"), i, about) {
		const char *end = at ? strstr(at, "$$$$") : NULL;
		if (!end)
			break;
		json_array_append_new(list, conformer(about, at, (size_t)(end - at)));
		at = end + strcspn(end, "\n");
		at += *at == '\n';
	}
	return list;
}

void results_geometry_json(struct http_request *rq)
{
	bool in_door;
	_cleanup_(job_release) struct job j;
	job_init(&j);
	struct queue *q = pool_try(rq->web->pool);
	bool ok = jobs_get(rq, q, &j, &in_door);
	_cleanup_json_ json_t *all = ok ? peer_job(rq->web, NULL, &j) : NULL;
	pool_put(rq->web->pool, q);
	if (!ok)
		return;
	_cleanup_json_ json_t *shifts = results_shifts(rq->web, &j);
	http_reply_json(rq, 200, json_pack("{s:s,s:O,s:O,s:o,s:o,s:o,s:o,s:o}", "job_id", j.id,
		"status", json_object_get(all, "status"), "conformer_mode", json_object_get(all, "conformer_mode"),
		"xyz", shifts ? text_of(rq->web, &j, "geometry.xyz") : json_null(),
		"sdf", shifts ? text_of(rq->web, &j, "geometry.sdf") : json_null(),
		"h1_assignments", shifts ? assignments(shifts, "1H") : json_null(),
		"c13_assignments", shifts ? assignments(shifts, "13C") : json_null(),
		"conformers", shifts ? conformers(rq->web, &j, shifts) : json_null()));
}

/* ---- log: the end of what runs now, or of what failed */

void results_step_output(const struct web *w, const char *key, size_t max, struct buf *b)
{
	static const char *const endings[] = { ".run", "" };
	for (size_t i = 0; i < ARRAY_SIZE(endings) && !b->len; i++) {
		_cleanup_free_ char *path = xasprintf("%s/steps/%.2s/%s%s/stdout", w->conf->spool, key, key, endings[i]);
		file_read_tail(path, max, b);
	}
}

/* What runs now, else the last that failed. */
struct wanted { char key[65]; enum step_state state; };

static int note_step(const struct step *s, _unused_ const char *stage, void *arg)
{
	struct wanted *w = arg;
	bool better = s->state == STEP_RUNNING || (s->state == STEP_FAILED && w->state != STEP_RUNNING);
	if (!better)
		return 0;
	snprintf(w->key, sizeof(w->key), "%s", s->key);
	w->state = s->state;
	return 0;
}

void results_log(struct http_request *rq)
{
	bool in_door;
	struct wanted step = { .state = STEP_READY };
	_cleanup_(job_release) struct job j;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	job_init(&j);
	struct queue *q = pool_try(rq->web->pool);
	bool ok = jobs_get(rq, q, &j, &in_door);
	if (ok && !in_door)
		queue_step_each_of_job(q, j.row, note_step, &step);
	pool_put(rq->web->pool, q);
	if (!ok)
		return;
	if (*step.key)
		results_step_output(rq->web, step.key, LOG_TAIL, &b);
	http_reply_text(rq, 200, "text/plain; charset=utf-8", b.s, b.len);
	http_add_header(rq, "Cache-Control", "no-store");
}
