/* Computed shieldings as files: one for each pair of levels, with all that a fit needs of
 * a molecule but its measured shifts. A fit can be repeated from them in a second, and a
 * set can be computed in parts, or on several machines. */
#include "cli/calibrate.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"

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

/* NULL, or what is wrong with it. */
static char *unfit(const struct calibrate *k, const struct calibrate_pair *p, const json_t *doc)
{
	const json_t *m;
	size_t i;
	if (json_int(doc, "schema", 0) != 1)
		return xstrdup("is no file of shieldings that nmr calibrate wrote");
	if (!str_eq(json_str(doc, "dataset_sha256", ""), k->set_sha256))
		return xasprintf("belongs to another data set than %s", k->set_file);
	if (!str_eq(json_str(doc, "settings", ""), p->hash))
		return xstrdup("was computed with other settings: the levels, the options or the conformer windows have changed");
	json_array_foreach(json_arr(doc, "molecules"), i, m)
		if (json_int(m, "record", 0) < 1 || json_int(m, "record", 0) > k->set.n)
			return xasprintf("has a record %lld, and the set has %d", json_int(m, "record", 0), k->set.n);
	return NULL;
}

static int read_pair(struct calibrate *k, struct calibrate_pair *p, bool *ret_found)
{
	_cleanup_free_ char *path = xasprintf("%s/%s.json", k->c->args.shieldings, p->preset);
	_cleanup_json_ json_t *doc = NULL;
	int r = json_read_file(path, &doc);
	if (r == -ENOENT)
		return CLI_OK;
	_cleanup_free_ char *why = r < 0 ? xasprintf("cannot be read: %s", strerror(-r)) : unfit(k, p, doc);
	if (why) {
		cli_error("%s %s; leave --shieldings out to compute them", path, why);
		return CLI_USAGE;
	}
	*ret_found = true;
	json_array_extend(p->computed, json_arr(doc, "molecules"));
	fprintf(stderr, "%zu molecules are taken from %s\n", json_array_size(p->computed), path);
	return CLI_OK;
}

int calibrate_read_shieldings(struct calibrate *k)
{
	bool found = !k->c->args.shieldings;
	int e = CLI_OK;
	for (int i = 0; i < k->npairs && e == CLI_OK; i++) {
		k->pair[i].computed = json_array();
		if (k->c->args.shieldings)
			e = read_pair(k, &k->pair[i], &found);
	}
	if (e == CLI_OK && !found) {
		cli_error("%s has no shieldings of these levels; it must be the folder \"shieldings\" that nmr calibrate wrote",
			  k->c->args.shieldings);
		e = CLI_USAGE;
	}
	return e;
}
