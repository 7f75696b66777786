/* Handing in: a SMILES, several lines of them, or files. Options are checked here, so
 * that a slip is told at once; the spooler checks them again, its word counts. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/ending.h"
#include "base/log.h"
#include "client/door.h"
#include "webui/server/form.h"
#include "webui/server/web.h"

#define FIELDS_MAX 16
#define SMILES_MAX 10000

/* The API's fields and the options that they set. */
static const struct field { const char *name, *option, *fallback; } fields[] = {
	{ "solvent", "solvent", NULL }, { "preset", "preset", NULL }, { "name", "name", NULL },
	{ "conformer_mode", "mode", "single" }, { "conformer_method", "conformers", NULL },
	{ "free_energy", "free_energy", NULL }, { "population_min", "population_min", NULL }, { "max_conformers", "max_conformers", NULL },
	{ "charge", "charge", NULL }, { "geometry", "geometry", NULL }, { "component", "component", NULL },
	{ "temperature", "temperature", NULL }, { "priority", "priority", NULL },
	{ "notification_email", "notify", NULL },
};

struct order {
	struct http_request *rq;
	struct conf_pair option[FIELDS_MAX];
	size_t n;
	char *value[FIELDS_MAX];
};

static void release_order(struct order *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->value[i]);
}

/* A field as text; NULL when it is missing, null or empty. */
static char *field_text(const struct http_request *rq, const json_t *body, const char *name)
{
	const json_t *v = json_object_get(body, name);
	const struct http_part *p = body ? NULL : form_field(rq, name);
	char *text = p ? xstrdup(p->value) : json_is_string(v) ? xstrdup(json_string_value(v))
		   : json_is_integer(v) ? xasprintf("%lld", (long long)json_integer_value(v))
		   : json_is_real(v) ? xasprintf("%g", json_real_value(v)) : NULL;
	char *trimmed = text ? xstrdup(str_trim(text)) : NULL;
	free(text);
	if (trimmed && !*trimmed) {
		free(trimmed);
		return NULL;
	}
	return trimmed;
}

static bool known_field(const char *name)
{
	static const char *const others[] = { "smiles" };
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (str_eq(fields[i].name, name))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (str_eq(others[i], name))
			return true;
	return false;
}

static bool refuse_unknown(struct order *o, const json_t *body)
{
	const char *name;
	json_t *v;
	json_object_foreach((json_t *)(uintptr_t)body, name, v) {
		bool plain = json_is_string(v) || json_is_number(v) || json_is_null(v);
		if (known_field(name) && plain)
			continue;
		http_field_error(o->rq, name, plain ? "unknown-field" : "wrong-type", NULL, plain ? "There is no such field." :
				 "This field is a string or a number.");
		return false;
	}
	return true;
}

static bool refuse_parts(struct order *o)
{
	for (const struct http_part *p = o->rq->parts; p; p = p->next)
		if (!p->filename && !known_field(p->name)) {
			http_field_error(o->rq, p->name, "unknown-field", NULL, "There is no such field.");
			return false;
		}
	return true;
}

/* What no part of the spooler can do yet is refused, not forgotten. */
static bool check_others(struct order *o, const json_t *body)
{
	_cleanup_free_ char *method = field_text(o->rq, body, "conformer_method");
	_cleanup_free_ char *mail = field_text(o->rq, body, "notification_email");
	if (mail && !*o->rq->web->conf->smtp_url) {
		http_field_error(o->rq, "notification_email", "no-mail", mail, "This server sends no mail. Leave the field out.");
		return false;
	}
	if (!method || !str_eq(method, "crest"))
		return true;
	struct queue *q = pool_try(o->rq->web->pool);
	bool there = info_has_crest(q);
	pool_put(o->rq->web->pool, q);
	if (!there)
		http_field_error(o->rq, "conformer_method", "no-crest", method,
				 "CREST is not installed on this server. Leave the field out, or use rdkit_kdg.");
	return there;
}

static bool add_option(struct order *o, struct options *check, const struct field *f, char *value)
{
	_cleanup_free_ char *why = NULL;
	if (options_set(check, o->rq->web->share, f->option, value, "page", &why) < 0) {
		if (str_eq(f->name, "solvent"))
			http_error(o->rq, 422, "invalid-solvent", "Invalid solvent", "%s", why);
		else
			http_field_error(o->rq, f->name, "value-error", value, "%s", why);
		free(value);
		return false;
	}
	o->option[o->n].name = (char *)(uintptr_t)f->option;
	o->option[o->n].value = value;
	o->value[o->n++] = value;
	return true;
}

/* body NULL: a form. False: refused, which was answered. */
static bool take_options(struct order *o, const json_t *body)
{
	struct options check;
	bool ok = (body ? refuse_unknown(o, body) : refuse_parts(o)) && check_others(o, body);
	options_init(&check, o->rq->web->share);
	for (size_t i = 0; ok && i < ARRAY_SIZE(fields); i++) {
		char *value = field_text(o->rq, body, fields[i].name);
		if (!value && fields[i].fallback)
			value = xstrdup(fields[i].fallback);
		if (!value && str_eq(fields[i].name, "solvent") && body) {
			http_field_error(o->rq, "solvent", "missing", NULL, "Field required: a solvent, such as chcl3.");
			ok = false;
		} else if (value)
			ok = add_option(o, &check, &fields[i], value);
	}
	options_release(&check);
	return ok;
}

/* ---- into the door */

static bool hand_in(struct order *o, struct door_submission *s, char ret_id[ID_LEN + 1])
{
	_cleanup_free_ char *error = NULL;
	s->options = o->option;
	s->noptions = o->n;
	s->source = "web";
	int r = door_submit(o->rq->web->conf, s, ret_id, &error);
	if (r < 0) {
		/* Paths of the server are for its log. */
		log_event(LOG_ERROR, "not-taken", "file", s->filename, "error", error, NULL);
		http_error(o->rq, r == -ENOSPC ? 507 : 503, "not-taken", "Not taken", "The server cannot store \"%.80s\": %s.",
			   s->filename, strerror(-r));
	}
	return r == 0;
}

static json_t *as_queued(struct order *o, const char *id)
{
	_cleanup_(job_release) struct job j;
	struct options all;
	job_init(&j);
	memcpy(j.id, id, sizeof(j.id));
	options_init(&all, o->rq->web->share);
	for (size_t i = 0; i < o->n; i++) {
		char *why = NULL;
		options_set(&all, o->rq->web->share, o->option[i].name, o->option[i].value, "page", &why);
		free(why);
		if (str_eq(o->option[i].name, "name"))
			j.name = xstrdup(o->option[i].value);
	}
	j.options = options_to_json(&all);
	options_release(&all);
	struct queue *q = pool_try(o->rq->web->pool);
	_cleanup_(job_release) struct job row;
	job_init(&row);
	bool taken = q && queue_job_get(q, id, &row) == 0;
	if (!taken)
		j.created = clock_wall();
	json_t *out = peer_job(o->rq->web, taken ? q : NULL, taken ? &row : &j);
	pool_put(o->rq->web->pool, q);
	return out;
}

static void accepted(struct order *o, const char *id, json_t *answer)
{
	_cleanup_free_ char *where = xasprintf("/api/v1/jobs/%s", id);
	http_reply_json(o->rq, 202, answer);
	http_add_header(o->rq, "Location", where);
	http_add_header(o->rq, "Retry-After", "30");
}

/* ---- JSON */

static const char *take_smiles(struct order *o, const json_t *body)
{
	const char *smiles = json_str(body, "smiles", NULL);
	if (!json_is_object(body))
		http_error(o->rq, 422, "invalid-json", "Invalid JSON", "The body is not a JSON object.");
	else if (!smiles || !*smiles)
		http_field_error(o->rq, "smiles", "missing", NULL, "Field required: a SMILES.");
	else
		return smiles;
	return NULL;
}

static char *plain_stem(const char *name, const char *otherwise)
{
	char *stem = xstrdup(name && *name ? name : otherwise);
	for (char *p = stem; *p; p++)
		*p = *p == '/' || (unsigned char)*p < 0x20 ? '_' : *p;
	return stem;
}

static const char *option_of(const struct order *o, const char *name)
{
	for (size_t i = 0; i < o->n; i++)
		if (str_eq(o->option[i].name, name))
			return o->option[i].value;
	return NULL;
}

static void submit_text(struct http_request *rq, bool lines)
{
	_cleanup_(release_order) struct order o = { .rq = rq };
	_cleanup_json_ json_t *body = json_loadb(rq->body.s, rq->body.len, 0, NULL);
	const char *smiles = take_smiles(&o, body);
	char id[ID_LEN + 1];
	if (!smiles || !take_options(&o, body))
		return;
	_cleanup_free_ char *stem = plain_stem(option_of(&o, "name"), lines ? "batch" : "molecule");
	_cleanup_free_ char *trimmed = xstrdup(smiles);
	_cleanup_free_ char *text = xasprintf("%s\n", str_trim(trimmed));
	_cleanup_free_ char *filename = xasprintf("%s.smi", stem);
	if (!lines && strpbrk(str_trim(trimmed), "\r\n")) {
		http_field_error(rq, "smiles", "several-lines", NULL, "One SMILES here; several go to /api/v1/jobs/batch.");
		return;
	}
	if (strlen(text) > (lines ? (size_t)rq->web->conf->file_size_max_mb << 20 : SMILES_MAX)) {
		http_field_error(rq, "smiles", "too-long", NULL, lines ? "More than %d MiB of SMILES: split it." :
				 "A SMILES has at most %d letters.", lines ? rq->web->conf->file_size_max_mb : SMILES_MAX);
		return;
	}
	if (!lines && !check_smiles(rq, text, option_of(&o, "preset")))
		return;
	struct door_submission s = { .data = text, .len = strlen(text), .filename = filename };
	if (hand_in(&o, &s, id))
		accepted(&o, id, as_queued(&o, id));
}

void submit_json(struct http_request *rq) { submit_text(rq, false); }
void submit_batch(struct http_request *rq) { submit_text(rq, true); }

/* ---- forms */

/* The name alone: some browsers send a path. */
static const char *base_name(const char *filename)
{
	const char *slash = strrchr(filename, '/'), *back = strrchr(filename, '\\');
	const char *last = MAX(slash, back);
	return last ? last + 1 : filename;
}

static bool is_file(const struct http_part *p) { return p->filename && !p->unpacked; }

static bool check_files(struct http_request *rq, size_t *ret_n)
{
	*ret_n = 0;
	for (const struct http_part *p = rq->parts; p; p = p->next) {
		if (!is_file(p))
			continue;
		if (!ending_of_structure(p->filename) && !ending_of_archive(p->filename)) {
			http_error(rq, 422, "invalid-file-type", "Invalid file type",
				   "\"%.80s\" has no ending of a structure file: .mol, .sdf, .smi, .xyz, .inchi, .mol2, .cdxml, .csv; or of an archive of them: .zip, .7z, .tar.gz.", base_name(p->filename));
			return false;
		}
		if (!p->len) {
			http_error(rq, 422, "invalid-molecule-file", "Empty file", "\"%.80s\" is empty.", base_name(p->filename));
			return false;
		}
		++*ret_n;
	}
	if (!*ret_n)
		http_field_error(rq, "file", "missing", NULL, "Field required: a file.");
	return *ret_n;
}

/* Those that were taken are jobs, and their ids must be known; the others are not lost. */
static void some_taken(struct http_request *rq, json_t *list, const char *first)
{
	_cleanup_free_ char *words = xasprintf("\"%.80s\" and what came after it could not be stored.", first);
	if (json_array_size(list))
		http_reply_json(rq, 202, json_pack("{s:O,s:o}", "jobs", list, "error", json_text(words)));
}

/* What was taken, as a list. */
static void all_taken(struct http_request *rq, json_t *list, json_t *skipped)
{
	http_reply_json(rq, 202, skipped ? json_pack("{s:O,s:O}", "jobs", list, "skipped", skipped) : json_pack("{s:O}", "jobs", list));
}

/* The files one by one; false: it ended early, which was answered. */
static bool take_files(struct order *o, json_t *list, char ret_id[ID_LEN + 1])
{
	for (struct http_part *p = o->rq->parts; p; p = p->next) {
		struct door_submission s = { .from = p->path, .filename = p->filename ? base_name(p->filename) : "" };
		if (!is_file(p))
			continue;
		if (!hand_in(o, &s, ret_id)) {
			some_taken(o->rq, list, base_name(p->filename));
			return false;
		}
		json_array_append_new(list, as_queued(o, ret_id));
	}
	return true;
}

void submit_form(struct http_request *rq)
{
	size_t n;
	char id[ID_LEN + 1];
	_cleanup_json_ json_t *skipped = NULL, *list = json_array();
	_cleanup_(release_order) struct order o = { .rq = rq };
	if (!check_files(rq, &n) || !take_options(&o, NULL) || !archive_unpack(rq, &skipped) || !take_files(&o, list, id))
		return;
	if (n > 1 || skipped)
		all_taken(rq, list, skipped);
	else
		accepted(&o, id, json_incref(json_array_get(list, 0)));
}
