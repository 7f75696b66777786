/* Computed shieldings as files: one for each pair of levels, with all that a fit needs of
 * a molecule but its measured shifts. A fit can be repeated from them in a second, and a
 * set can be computed in parts, or on several machines. */
#include "cli/calibrate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"

#define SHIELDING_MAX 1e4        /* ppm; any larger one is no shielding of H or C */

static const char *const nuclei[] = { "1H", "13C" };

/* ---- a molecule */

static json_t *entries(const json_t *shifts)
{
	static const char *const copied[] = { "atoms", "shielding", "environment", "uncertainty_reason" };
	json_t *to = json_array();
	const json_t *e;
	size_t i;
	json_array_foreach(shifts, i, e) {
		json_t *kept = json_object();
		for (size_t c = 0; c < ARRAY_SIZE(copied); c++)
			if (!json_is_null(json_object_get(e, copied[c])))
				json_object_set(kept, copied[c], json_object_get(e, copied[c]));
		json_array_append_new(to, kept);
	}
	return to;
}

json_t *calibrate_shieldings_of(int molecule, const json_t *result, double cpu_s)
{
	const json_t *level = json_object_get(result, "level"), *of = json_object_get(result, "molecule"),
		     *shifts = json_object_get(result, "shifts");
	json_t *m = json_pack("{s:i,s:f,s:{s:O?},s:{}}", "record", molecule + 1, "cpu_s", cpu_s, "molecule", "elements",
			      json_object_get(of, "elements"), "level");
	static const char *const copied[] = { "preset", "solvent", "geometry", "programs" };
	for (size_t c = 0; c < ARRAY_SIZE(copied); c++)
		json_object_set(json_object_get(m, "level"), copied[c], json_object_get(level, copied[c]));
	json_object_set_new(m, "shifts", json_object());
	for (int n = 0; n < 2; n++)
		json_object_set_new(json_object_get(m, "shifts"), nuclei[n], entries(json_arr(shifts, nuclei[n])));
	return m;
}

const json_t *calibrate_shieldings(const struct calibrate_pair *p, int molecule)
{
	const json_t *m;
	size_t i;
	json_array_foreach(p->computed, i, m)
		if (json_int(m, "record", 0) == molecule + 1)
			return m;
	return NULL;
}

/* ---- their file */

static int in_order(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;
	return (int)(json_int(*x, "record", 0) - json_int(*y, "record", 0));
}

int calibrate_write_shieldings(const struct calibrate *k, const struct calibrate_pair *p)
{
	_cleanup_free_ char *name = xasprintf("shieldings/%s.json", p->preset), *dir = xasprintf("%s/shieldings", k->dir);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	size_t n = json_array_size(p->computed);
	if (n == 0)
		return CLI_OK;
	int r = file_mkdir_p(dir, 0755);
	if (r < 0) {
		cli_error("cannot make %s: %s", dir, strerror(-r));
		return CLI_FAILED;
	}
	const json_t **m = xcalloc(n, sizeof(*m));
	for (size_t i = 0; i < n; i++)
		m[i] = json_array_get(p->computed, i);
	qsort(m, n, sizeof(*m), in_order);
	/* A line a molecule. */
	buf_addf(&b, "{\"schema\":1,\"dataset_sha256\":\"%s\",\"levels\":\"%s\",\"settings\":\"%s\",\"solvent\":\"%s\",\n\"molecules\":[",
		 k->set_sha256, p->preset, p->hash, k->solvent->code);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&b, i ? ",\n" : "\n");
		json_add_to(&b, m[i], false);
	}
	buf_adds(&b, "\n]}\n");
	free(m);
	return calibrate_write(k, name, &b);
}

/* ---- from files, which may be anybody's */

static bool is_word(const json_t *j)
{
	const char *s = json_string_value(j);
	return !j || (s && *s && strlen(s) < 16 &&
		      strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789=-") == strlen(s));
}

static bool is_entry(const json_t *e, size_t natoms)
{
	const json_t *atoms = json_object_get(e, "atoms"), *reason = json_object_get(e, "uncertainty_reason"), *a;
	double x = json_num(e, "shielding", NAN);
	size_t i;
	json_array_foreach(atoms, i, a)
		if (json_integer_value(a) < 1 || json_integer_value(a) > (json_int_t)natoms)
			return false;
	return json_array_size(atoms) > 0 && isfinite(x) && fabs(x) < SHIELDING_MAX && is_word(json_object_get(e, "environment")) &&
	       (!reason || json_is_string(reason));
}

static bool is_molecule(const struct calibrate *k, const struct calibrate_pair *p, const json_t *m)
{
	const json_t *level = json_object_get(m, "level"), *elements = json_object_get(json_object_get(m, "molecule"), "elements"), *e;
	double cpu_s = json_num(m, "cpu_s", -1);
	size_t i;
	for (int n = 0; n < 2; n++) {
		const json_t *list = json_object_get(json_object_get(m, "shifts"), nuclei[n]);
		if (!json_is_array(list))
			return false;
		json_array_foreach(list, i, e)
			if (!is_entry(e, json_array_size(elements)))
				return false;
	}
	json_array_foreach(elements, i, e)
		if (!json_is_string(e))
			return false;
	return json_int(m, "record", 0) >= 1 && json_int(m, "record", 0) <= k->set.n && isfinite(cpu_s) && cpu_s >= 0 &&
	       str_eq(json_str(level, "preset", ""), p->preset) && str_eq(json_str(level, "solvent", ""), k->solvent->code) &&
	       json_str(level, "geometry", NULL) && json_is_object(json_object_get(level, "programs"));
}

/* NULL, or what is wrong with it. */
static char *unfit(const struct calibrate *k, const struct calibrate_pair *p, const json_t *doc)
{
	const json_t *m;
	size_t i;
	if (json_int(doc, "schema", 0) != 1)
		return xstrdup("is no file of shieldings that nmr calibrate wrote");
	if (!str_eq(json_str(doc, "dataset_sha256", ""), k->set_sha256))
		return xasprintf("belongs to another data set than %s", k->set_file);
	if (!str_eq(json_str(doc, "levels", ""), p->preset))
		return xasprintf("holds \"%s\", not \"%s\"", json_str(doc, "levels", ""), p->preset);
	if (!str_eq(json_str(doc, "settings", ""), p->hash))
		return xstrdup("was computed with other settings: the levels, the options or the conformer windows have changed");
	json_array_foreach(json_arr(doc, "molecules"), i, m)
		if (!is_molecule(k, p, m))
			return xasprintf("is damaged: entry %zu of its molecules", i + 1);
	return NULL;
}

static int read_file(const struct calibrate *k, const struct calibrate_pair *p, const char *path, json_t **ret_doc, char **ret_why)
{
	int r = json_read_file(path, ret_doc);
	*ret_why = r == 0 ? unfit(k, p, *ret_doc) : r == -ENOENT ? NULL : r == -EBADMSG
		? xstrdup("is damaged, or no JSON") : xasprintf("cannot be read: %s", strerror(-r));
	return r;
}

static size_t add_new(struct calibrate_pair *p, const json_t *doc)
{
	json_t *m;
	size_t i, before = json_array_size(p->computed);
	json_array_foreach(json_arr(doc, "molecules"), i, m)
		if (!calibrate_shieldings(p, (int)json_int(m, "record", 0) - 1))
			json_array_append(p->computed, m);
	return json_array_size(p->computed) - before;
}

/* What earlier starts computed in this folder, whatever became of their jobs. A file that
 * does not serve any more is hours of work: it gets out of the way under another name. */
static int read_own(struct calibrate *k, struct calibrate_pair *p)
{
	_cleanup_free_ char *path = xasprintf("%s/shieldings/%s.json", k->dir, p->preset), *why = NULL;
	_cleanup_json_ json_t *doc = NULL;
	if (read_file(k, p, path, &doc, &why) == 0 && !why)
		add_new(p, doc);
	if (!why)
		return CLI_OK;
	_cleanup_free_ char *aside = xasprintf("%s.%lld", path, (long long)clock_wall());
	int r = rename(path, aside) < 0 ? -errno : 0;
	if (r == 0)
		cli_error("%s %s; it is now called %s, and is computed again", path, why, aside);
	else
		cli_error("%s %s, and cannot be renamed: %s", path, why, strerror(-r));
	return r == 0 ? CLI_OK : CLI_FAILED;
}

static int read_given(struct calibrate *k, struct calibrate_pair *p, bool *ret_found)
{
	_cleanup_free_ char *path = xasprintf("%s/%s.json", k->c->args.shieldings, p->preset), *why = NULL;
	_cleanup_json_ json_t *doc = NULL;
	int r = read_file(k, p, path, &doc, &why);
	if (r == -ENOENT)
		return CLI_OK;
	if (why) {
		cli_error("%s %s; leave --shieldings out to compute them", path, why);
		return CLI_USAGE;
	}
	*ret_found = true;
	fprintf(stderr, "%zu molecules are taken from %s\n", add_new(p, doc), path);
	return CLI_OK;
}

int calibrate_read_shieldings(struct calibrate *k)
{
	bool found = !k->c->args.shieldings;
	int e = CLI_OK;
	for (int i = 0; i < k->npairs && e == CLI_OK; i++) {
		k->pair[i].computed = json_array();
		e = read_own(k, &k->pair[i]);
		if (e == CLI_OK && k->c->args.shieldings)
			e = read_given(k, &k->pair[i], &found);
	}
	if (e == CLI_OK && !found) {
		cli_error("%s has no shieldings of these levels; it must be the folder \"shieldings\" that nmr calibrate wrote",
			  k->c->args.shieldings);
		e = CLI_USAGE;
	}
	return e;
}
