/* What the page and machines ask besides jobs: options, the machine, health, metrics. */
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "client/job-json.h"
#include "client/spooler.h"
#include "webui/server/web.h"

/* ---- options */

void info_solvents(struct http_request *rq)
{
	json_t *list = json_array();
	const struct solvent *s;
	for (size_t i = 0; (s = share_solvent_at(rq->web->share, i)); i++)
		json_array_append_new(list, json_string(s->code));
	http_reply_json(rq, 200, list);
}

static json_t *solvents(const struct web *w)
{
	json_t *list = json_array();
	const struct solvent *s;
	for (size_t i = 0; (s = share_solvent_at(w->share, i)); i++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:s?}", "code", s->code, "name", s->name, "deuterated", s->deuterated));
	return list;
}

/* For molecules outside the fit, in chloroform; null: not known. */
static json_t *error_of(const struct web *w, const struct preset *p, const char *nucleus)
{
	const struct solvent *chcl3 = share_solvent(w->share, "chcl3");
	const struct scaling *s = chcl3 ? share_scaling(w->share, nucleus, p, chcl3) : NULL;
	return s && s->lomo > 0 ? json_real(s->lomo) : json_null();
}

static json_t *presets(const struct web *w)
{
	json_t *list = json_array();
	const struct preset *p;
	for (size_t i = 0; (p = share_preset_at(w->share, i)); i++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:i,s:{s:o,s:o},s:o}", "name", p->name, "summary", p->summary,
						       "atoms_max", p->atoms_max, "error", "1H", error_of(w, p, "1H"), "13C",
						       error_of(w, p, "13C"), "cpu_s", p->cpu_s > 0 ? json_real(p->cpu_s) : json_null()));
	return list;
}

static void init_defaults(const struct web *w, struct options *o)
{
	options_init(o, w->share);
	for (size_t i = 0; i < w->conf->ndefaults; i++) {
		char *why = NULL;
		options_set(o, w->share, w->conf->defaults[i].name, w->conf->defaults[i].value, "nmr.conf", &why);
		free(why);
	}
}

char *info_default_preset(const struct web *w)
{
	struct options o;
	init_defaults(w, &o);
	char *name = xstrdup(o.value[OPTION_PRESET]);
	options_release(&o);
	return name;
}

static json_t *defaults(const struct web *w)
{
	struct options o;
	json_t *j = json_object();
	init_defaults(w, &o);
	for (int i = 0; i < OPTION_COUNT; i++)
		if (i != OPTION_NOTIFY)
			json_object_set_new(j, option_name((enum option)i), json_text(o.value[i]));
	options_release(&o);
	return j;
}

/* What the spooler found at its last start. */
bool info_has_crest(struct queue *q)
{
	_cleanup_free_ char *version = NULL;
	return q && queue_fact_get(q, "crest", &version) == 0 && *version;
}

void info_options(struct http_request *rq)
{
	const struct web *w = rq->web;
	struct queue *q = pool_try(w->pool);
	json_t *methods = json_pack("[s]", "rdkit_kdg");
	if (info_has_crest(q))
		json_array_append_new(methods, json_string("crest"));
	pool_put(w->pool, q);
	http_reply_json(rq, 200, json_pack("{s:o,s:o,s:o,s:o,s:b,s:{s:i,s:i}}", "solvents", solvents(w), "presets", presets(w),
		"defaults", defaults(w), "conformer_methods", methods, "mail", *w->conf->smtp_url != '\0', "limits", "file_size_mb", w->conf->file_size_max_mb, "records", w->conf->records_max));
}

/* ---- the machine */

static void add_disk(json_t *list, const char *name, const char *path)
{
	struct statvfs v;
	if (statvfs(path, &v) == 0)
		json_array_append_new(list, json_pack("{s:s,s:I,s:I}", "folder", name,
			"free_mb", (json_int_t)(((uint64_t)v.f_bavail * v.f_frsize) >> 20),
			"total_mb", (json_int_t)(((uint64_t)v.f_blocks * v.f_frsize) >> 20)));
}

long info_fact_number(struct queue *q, const char *name, long unknown)
{
	_cleanup_free_ char *text = NULL;
	long v;
	return q && queue_fact_get(q, name, &text) == 0 && text && str_to_long(text, &v) == 0 && v > 0 ? v : unknown;
}

json_t *info_machine_json(struct web *w, struct queue *q)
{
	int count[JOB_STATE_COUNT] = { 0 };
	double load[3] = { 0 };
	struct spooler s = { 0 };
	_cleanup_free_ char *notice = NULL;
	json_t *disk = json_array();
	add_disk(disk, "outbox", w->conf->outbox);
	add_disk(disk, "spool", w->conf->spool);
	add_disk(disk, "scratch", w->conf->scratch);
	if (getloadavg(load, 3) < 0)
		load[0] = 0;
	if (q) {
		spooler_look(q, &s);
		queue_job_counts(q, count);
		queue_fact_get(q, "notice", &notice);
	}
	json_t *j = json_pack("{s:{s:b,s:s?,s:o},s:s?,s:i,s:I,s:[f,f,f],s:o,s:o,s:{s:s,s:f}}",
		"spooler", "running", s.running, "version", s.version, "beat", time_json(s.beat),
		"notice", notice && *notice ? notice : NULL,
		"cores", (int)info_fact_number(q, "cores", conf_cores(w->conf)), "memory_mb",
		(json_int_t)info_fact_number(q, "memory_mb", (long)(conf_memory_bytes(w->conf) >> 20)),
		"load", load[0], load[1], load[2], "disk", disk, "counts", counts_json(count),
		"webui", "version", NMR_VERSION, "uptime_s", clock_wall() - w->started);
	spooler_release(&s);
	return j;
}

void info_machine(struct http_request *rq)
{
	struct queue *q = pool_try(rq->web->pool);
	json_t *j = info_machine_json(rq->web, q);
	pool_put(rq->web->pool, q);
	http_reply_json(rq, 200, j);
}

/* ---- health */

void info_health(struct http_request *rq) { http_reply_json(rq, 200, json_pack("{s:s}", "status", "alive")); }

/* Ready: uploads can be taken and jobs can be shown. A spooler that is down is told, and
 * keeps nobody from uploading. */
void info_ready(struct http_request *rq)
{
	char now[CLOCK_ISO_LEN];
	struct queue *q = pool_try(rq->web->pool);
	bool door = access(rq->web->conf->door, W_OK) == 0, ok = door && q, crest = info_has_crest(q);
	pool_put(rq->web->pool, q);
	clock_iso(clock_wall(), now);
	http_reply_json(rq, ok ? 200 : 503, json_pack("{s:s,s:{s:s,s:s,s:b},s:b,s:s}", "status", ok ? "ready" : "not_ready",
		"checks", "data_directory", door ? "ok" : "the door cannot be written", "task_queue", q ? "ok" : "no queue yet",
		"crest_available", crest, "crest_available", crest, "timestamp", now));
}

/* ---- metrics */

static void metric(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void info_metrics(struct http_request *rq)
{
	size_t i;
	const json_t *d;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	struct queue *q = pool_try(rq->web->pool);
	_cleanup_json_ json_t *m = info_machine_json(rq->web, q);
	pool_put(rq->web->pool, q);
	metric(&b, "nmr_spool_jobs", "gauge", "Jobs in the queue's memory, by state.");
	for (int k = 0; k < JOB_STATE_COUNT; k++)
		buf_addf(&b, "nmr_spool_jobs{state=\"%s\"} %lld\n", job_state_to_string((enum job_state)k),
			 json_int(json_object_get(m, "counts"), job_state_to_string((enum job_state)k), 0));
	metric(&b, "nmr_spool_spooler_up", "gauge", "1 when the spooler has given a sign of life in the last 35 seconds.");
	buf_addf(&b, "nmr_spool_spooler_up %d\n", json_flag(json_object_get(m, "spooler"), "running", false));
	metric(&b, "nmr_spool_disk_free_bytes", "gauge", "Free space of the disk of each folder.");
	json_array_foreach(json_arr(m, "disk"), i, d)
		buf_addf(&b, "nmr_spool_disk_free_bytes{folder=\"%s\"} %lld\n", json_str(d, "folder", ""),
			 json_int(d, "free_mb", 0) * 1048576);
	metric(&b, "nmr_spool_webui_start_time_seconds", "gauge", "When the web server was started.");
	buf_addf(&b, "nmr_spool_webui_start_time_seconds %.0f\n", rq->web->started);
	http_reply_text(rq, 200, "text/plain; version=0.0.4; charset=utf-8", b.s, b.len);
}
