/* nmr-webui: what its parts share. It reads the queue and the outbox, and writes
 * nothing but the door. */
#ifndef NMR_WEBUI_WEB_H
#define NMR_WEBUI_WEB_H

#include "base/conf.h"
#include "nmr/options.h"
#include "queue/queue.h"
#include "webui/server/http.h"

struct events;
struct pool;
struct cache;
struct web {
	const struct conf *conf;
	const struct share *share;
	char *assets;            /* the folder of the page's files */
	char *mol_path;          /* nmr-mol */
	char *full_name;         /* of this machine, with its domain; "": unknown */
	double started;          /* wall clock */
	struct events *events;
	struct pool *pool;
	struct cache *cache;
};

/* ---- pool.c: connections to the queue, for reading. NULL: there is no queue yet, which
 * was answered (503). Given back by pool_put(). */
struct pool *pool_new(const struct conf *conf);
void pool_free(struct pool *p);
struct queue *pool_try(struct pool *p);      /* NULL without an answer */
struct queue *pool_get(struct http_request *rq);
void pool_put(struct pool *p, struct queue *q);

/* ---- cache.c: answers that hold until the queue changes. One connection of its own tells,
 * because SQLite's count of changes is each connection's own. */
struct cache *cache_new(const struct conf *conf);
void cache_free(struct cache *c);
/* Appends what is kept under the key: true. Else *ret_version is for cache_put(). */
bool cache_get(struct cache *c, const char *key, struct buf *ret_text, long long *ret_version);
/* The queue's version; < 0: there is none. Grows with each change of others. */
long long cache_version(struct cache *c);
void cache_put(struct cache *c, const char *key, long long version, const struct buf *text);

/* ---- jobs.c, peer.c */
/* The job of rq->id: true, or 404 was answered. A job that is still in the door counts. */
bool jobs_get(struct http_request *rq, struct queue *q, struct job *ret_j, bool *ret_in_door);
void jobs_list(struct http_request *rq);
void jobs_one(struct http_request *rq);
/* All that the API tells of a job; q may be NULL (still in the door). */
json_t *peer_job(struct web *w, struct queue *q, const struct job *j);
json_t *peer_results(const json_t *shifts, const struct job *j);
json_t *peer_ensemble(const json_t *shifts, const struct job *j);
void peer_iso(json_t *o, const char *key, double wall);

/* ---- results.c */
/* A file of a finished job's folder, opened: fd, -ENOENT, or -errno. */
int results_open(const struct web *w, const struct job *j, const char *name);
/* The finished job that is asked for; else 404 or 409 was answered. */
bool results_finished(struct http_request *rq, struct job *j);
json_t *results_shifts(const struct web *w, const struct job *j);   /* NULL: none */
json_t *results_list(const struct web *w, const struct job *j);
void results_file(struct http_request *rq);
void results_named(struct http_request *rq);
void results_zip(struct http_request *rq);
void results_geometry_json(struct http_request *rq);
void results_json(struct http_request *rq);
void results_log(struct http_request *rq);
/* The end of what the program of a step has printed, at most max bytes; nothing: none. */
void results_step_output(const struct web *w, const char *key, size_t max, struct buf *b);

/* ---- optimisation.c */
void optimisation_show(struct http_request *rq);

/* ---- mol.c: runs nmr-mol in the folder until the deadline (clock_mono()): what it wrote as
 * out.json, or NULL. words: its arguments, NULL at the end. */
json_t *mol_run(const struct web *w, const char *dir, double deadline, const char *const *words);

/* ---- archive.c: each part that is an archive becomes the files in it. False: one of them
 * cannot be used, which was answered. *ret_skipped: what was left out, [{"name","why"}];
 * NULL when there was no archive. */
bool archive_unpack(struct http_request *rq, json_t **ret_skipped);

/* ---- submit.c, check.c, verbs.c */
void submit_json(struct http_request *rq);
void submit_form(struct http_request *rq);
void submit_batch(struct http_request *rq);
void check_structure(struct http_request *rq);
/* One SMILES line, for a preset (NULL: the usual one): true, or 422 was answered. */
bool check_smiles(struct http_request *rq, const char *text, const char *preset);
void verbs_do(struct http_request *rq);

/* ---- info.c */
void info_options(struct http_request *rq);
void info_solvents(struct http_request *rq);
void info_machine(struct http_request *rq);
void info_health(struct http_request *rq);
void info_ready(struct http_request *rq);
void info_metrics(struct http_request *rq);
json_t *info_machine_json(struct web *w, struct queue *q);   /* q may be NULL */
/* A limit of the spooler's, "cores" or "memory_mb", as it wrote it down; unknown: when q is NULL or it never ran. */
long info_fact_number(struct queue *q, const char *name, long unknown);
/* Can the spooler run CREST? q: NULL is no. */
/* What a job gets that asks for none. Caller frees. */
char *info_default_preset(const struct web *w);
bool info_has_crest(struct queue *q);

/* ---- events.c */
struct events *events_new(struct web *w);
void events_stop(struct events *e);          /* before the server ends */
void events_free(struct events *e);
void events_stream(struct http_request *rq);

/* ---- assets.c */
void assets_page(struct http_request *rq);   /* index.html */
void assets_docs(struct http_request *rq);      /* docs.html */
void assets_openapi(struct http_request *rq);
void assets_file(struct http_request *rq);   /* /static/{rest} */
/* The media type of a name by its ending. */
const char *assets_type(const char *name);

extern const struct http_route web_routes[];

#endif
