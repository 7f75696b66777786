/* From a claimed file to a job: hot folder, ticket, name. No I/O but the queue's
 * look-up of taken names. Never logs. */
#include <string.h>

#include "base/file.h"
#include "daemon/daemon.h"

static bool in_hot_folder(const struct conf *conf, const char *path, const struct conf_hot **ret_hot)
{
	const char *slash = strchr(path, '/');
	if (!slash)
		return false;
	_cleanup_free_ char *first = xstrndup(path, (size_t)(slash - path));
	*ret_hot = conf_hot(conf, first);
	return *ret_hot != NULL;
}

/* A path in the outbox must leave room for what is below a result, and for what the
 * share's clients put before it. Of deeper paths the folders in between are left out;
 * the result says where its file came from. */
#define GROUPS_MAX_BYTES 1024

char *intake_base_name(const struct conf *conf, const char *path, bool door)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	const struct conf_hot *hot = NULL;
	if (!door && in_hot_folder(conf, path, &hot))
		path = strchr(path, '/') + 1;
	for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
		_cleanup_free_ char *part = xstrndup(path, (size_t)(slash - path));
		_cleanup_free_ char *safe = outbox_safe_folder_name(part);
		if (b.len + strlen(safe) < GROUPS_MAX_BYTES)
			buf_addf(&b, "%s/", safe);
	}
	_cleanup_free_ char *last = outbox_safe_name(path);
	buf_adds(&b, last);
	return buf_detach(&b);
}

char *intake_candidate(const char *base, int n)
{
	const char *slash = strrchr(base, '/');
	_cleanup_free_ char *name = outbox_name_candidate(slash ? slash + 1 : base, n);
	return slash ? xasprintf("%.*s/%s", (int)(slash - base), base, name) : xstrdup(name);
}

static char *free_outname(struct daemon *d, const struct intake_source *src, const char *base)
{
	for (int n = 1; n <= 64; n++) {
		if (src->names_on_disk & ((uint64_t)1 << (n - 1)))
			continue;
		char *name = intake_candidate(base, n);
		if (!queue_outname_taken(d->q, name))
			return name;
		free(name);
	}
	return xasprintf("%s-%s", base, src->id);
}

static char *set_pairs(struct daemon *d, struct options *o, const struct conf_pair *p, size_t n, const char *origin)
{
	char *error = NULL;
	for (size_t i = 0; i < n && !error; i++)
		options_set(o, d->lab.share, p[i].name, p[i].value, origin, &error);
	return error;
}

/* Precedence, lowest first: defaults, nmr.conf, hot folder, ticket. */
static char *gather_options(struct daemon *d, const struct intake_source *src, struct options *o)
{
	const struct conf_hot *hot = NULL;
	options_init(o, d->lab.share);
	char *error = set_pairs(d, o, d->conf->defaults, d->conf->ndefaults, "nmr.conf");
	if (!error && !src->door && in_hot_folder(d->conf, src->path, &hot)) {
		_cleanup_free_ char *origin = xasprintf("hot folder %s", hot->name);
		error = set_pairs(d, o, hot->options, hot->noptions, origin);
	}
	if (!error && src->ticket) {
		_cleanup_free_ char *origin = src->door ? xstrdup("submission")
							: xasprintf("ticket %s", src->ticket_name);
		options_ticket(o, d->lab.share, src->ticket, src->ticket_len, origin, &error);
	}
	return error;
}

static char *stem_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');
	size_t n = dot && dot > name ? (size_t)(dot - name) : strlen(name);
	_cleanup_free_ char *raw = xstrndup(name, n);
	_cleanup_json_ json_t *clean = json_text(raw);
	return xstrdup(json_string_value(clean));
}

void intake_job(struct daemon *d, const struct intake_source *src, struct job *j)
{
	struct options o;
	job_init(j);
	char *error = gather_options(d, src, &o);
	snprintf(j->id, sizeof(j->id), "%s", src->id);
	j->state = JOB_QUEUED;
	j->stage = xstrdup("read");
	j->name = *o.value[OPTION_NAME] ? xstrdup(o.value[OPTION_NAME]) : stem_of(src->path);
	j->outname = free_outname(d, src, src->base);
	_cleanup_json_ json_t *source = json_text(src->path);
	j->source = xstrdup(json_string_value(source));
	j->sha256 = xstrdup(src->sha256);
	j->owner = src->owner ? xstrdup(src->owner) : NULL;
	j->options = options_to_json(&o);
	j->priority = (int)strtol(o.value[OPTION_PRIORITY], NULL, 10);
	if (error || src->refused) {
		j->priority = JOB_PRIORITY_REFUSED;
		j->reason = error ? error : xstrdup(src->refused);
		j->remedy = xstrdup(error ? "Correct the options and drop the file again with them."
					  : "Make it smaller, split a file with many molecules, or ask for a higher limit.");
	} else
		j->input = xstrdup(src->input);
	options_release(&o);
}
