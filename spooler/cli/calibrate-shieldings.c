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

json_t *calibrate_shieldings_of(const struct calibrate *k, int molecule, const json_t *result, double cpu_s)
{
	const json_t *level = json_object_get(result, "level"), *of = json_object_get(result, "molecule"),
		     *shifts = json_object_get(result, "shifts");
	json_t *m = json_pack("{s:i,s:s,s:f,s:{s:O?},s:{}}", "record", molecule + 1, "structure",
			      k->set.molecule[molecule].structure, "cpu_s", cpu_s, "molecule", "elements",
			      json_object_get(of, "elements"), "level");
	static const char *const copied[] = { "preset", "solvent", "geometry", "programs" };
	for (size_t c = 0; c < ARRAY_SIZE(copied); c++)
		json_object_set(json_object_get(m, "level"), copied[c], json_object_get(level, copied[c]));
	json_object_set_new(m, "shifts", json_object());
	for (int n = 0; n < 2; n++)
		json_object_set_new(json_object_get(m, "shifts"), nuclei[n], entries(json_arr(shifts, nuclei[n])));
	return m;
}

static const json_t *find_structure(const struct calibrate_pair *p, const char *structure)
{
	const json_t *m;
	size_t i;
	json_array_foreach(p->computed, i, m)
		if (str_eq(json_str(m, "structure", ""), structure))
			return m;
	return NULL;
}

const json_t *calibrate_shieldings(const struct calibrate *k, const struct calibrate_pair *p, int molecule)
{
	return find_structure(p, k->set.molecule[molecule].structure);
}

/* Its first number in the set, from 1; 0: it is not there. */
static int record_of(const struct calibrate *k, const json_t *m)
{
	for (int i = 0; i < k->set.n; i++)
		if (str_eq(json_str(m, "structure", ""), k->set.molecule[i].structure))
			return i + 1;
	return 0;
}

/* ---- their file */

struct placed { json_t *m; int record, nth; };

/* As in the set, then those that are not in it any more. */
static int in_order(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	if (x->record == y->record)
		return x->nth - y->nth;
	return x->record == 0 ? 1 : y->record == 0 ? -1 : x->record - y->record;
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
	struct placed *m = xcalloc(n, sizeof(*m));
	for (size_t i = 0; i < n; i++) {
		m[i].m = json_array_get(p->computed, i);
		m[i].record = record_of(k, m[i].m);
		m[i].nth = (int)i;
		json_object_set_new(m[i].m, "record", m[i].record ? json_integer(m[i].record) : json_null());
	}
	qsort(m, n, sizeof(*m), in_order);
	/* A line a molecule. */
	buf_addf(&b, "{\"schema\":2,\"levels\":\"%s\",\"settings\":\"%s\",\"solvent\":\"%s\",\n\"molecules\":[", p->preset, p->hash,
		 k->solvent->code);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&b, i ? ",\n" : "\n");
		json_add_to(&b, m[i].m, false);
	}
	buf_adds(&b, "\n]}\n");
	free(m);
	return calibrate_write(k, name, &b);
}

/* ---- from files, which may be anybody's */

/* The kinds that nmr-mol tells apart: one that no prediction has would take nuclei from
 * those that it belongs to. */
static bool is_kind(const json_t *j)
{
	static const char *const kinds[] = { "sp3", "sp3-X", "sp2", "sp", "C=X", "X" };
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_eq(json_string_value(j), kinds[i]))
			return true;
	return !j;
}

static bool is_hash(const char *s) { return strlen(s) == SHA256_HEX_LEN - 1 && strspn(s, "0123456789abcdef") == strlen(s); }

static bool is_entry(const json_t *e, size_t natoms)
{
	const json_t *atoms = json_object_get(e, "atoms"), *reason = json_object_get(e, "uncertainty_reason"), *a;
	double x = json_num(e, "shielding", NAN);
	size_t i;
	json_array_foreach(atoms, i, a)
		if (json_integer_value(a) < 1 || json_integer_value(a) > (json_int_t)natoms)
			return false;
	return json_array_size(atoms) > 0 && isfinite(x) && fabs(x) < SHIELDING_MAX && is_kind(json_object_get(e, "environment")) &&
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
	return is_hash(json_str(m, "structure", "")) && isfinite(cpu_s) && cpu_s >= 0 &&
	       str_eq(json_str(level, "preset", ""), p->preset) && str_eq(json_str(level, "solvent", ""), k->solvent->code) &&
	       json_str(level, "geometry", NULL) && json_is_object(json_object_get(level, "programs"));
}

/* NULL, or what is wrong with it. */
static char *unfit(const struct calibrate *k, const struct calibrate_pair *p, const json_t *doc)
{
	const json_t *m;
	size_t i;
	if (json_int(doc, "schema", 0) != 2)
		return xstrdup("is no file of shieldings, or one of another version of nmr calibrate");
	if (!str_eq(json_str(doc, "levels", ""), p->preset))
		return xasprintf("holds \"%s\", not \"%s\"", json_str(doc, "levels", ""), p->preset);
	if (!str_eq(json_str(doc, "settings", ""), p->hash))
		return xstrdup("was computed with other settings: the levels, the options or the conformer windows have changed");
	json_array_foreach(json_arr(doc, "molecules"), i, m) {
		if (!is_molecule(k, p, m))
			return xasprintf("is damaged: entry %zu of its molecules", i + 1);
		for (size_t o = 0; o < i; o++)
			if (str_eq(json_str(m, "structure", ""), json_str(json_array_get(json_arr(doc, "molecules"), o), "structure", "")))
				return xasprintf("has the same structure twice: entries %zu and %zu of its molecules", o + 1, i + 1);
	}
	return NULL;
}

static int read_file(const struct calibrate *k, const struct calibrate_pair *p, const char *path, json_t **ret_doc, char **ret_why)
{
	int r = json_read_file(path, ret_doc);
	*ret_why = r == 0 ? unfit(k, p, *ret_doc) : r == -ENOENT ? NULL : r == -EBADMSG
		? xstrdup("is damaged, or no JSON") : xasprintf("cannot be read: %s", strerror(-r));
	return r;
}

struct counts { size_t new, known, others; double apart; };

/* The largest difference between two results for the same structure, ppm. */
static double apart(const json_t *a, const json_t *b)
{
	double most = 0;
	for (int n = 0; n < 2; n++) {
		const json_t *x = json_object_get(json_object_get(a, "shifts"), nuclei[n]), *y = json_object_get(json_object_get(b, "shifts"), nuclei[n]), *e, *f;
		size_t i, k;
		json_array_foreach(x, i, e)
			json_array_foreach(y, k, f)
				if (json_equal(json_object_get(e, "atoms"), json_object_get(f, "atoms")))
					most = MAX(most, fabs(json_num(e, "shielding", 0) - json_num(f, "shielding", 0)));
	}
	return most;
}

/* Also of molecules that are not in the set (any more), for one that has them. */
static struct counts add_new(const struct calibrate *k, struct calibrate_pair *p, const json_t *doc)
{
	struct counts c = { 0 };
	json_t *m;
	size_t i;
	json_array_foreach(json_arr(doc, "molecules"), i, m) {
		const json_t *known = find_structure(p, json_str(m, "structure", ""));
		if (known)
			c.apart = MAX(c.apart, apart(known, m));
		else
			json_array_append(p->computed, m);
		*(record_of(k, m) == 0 ? &c.others : known ? &c.known : &c.new) += 1;
	}
	return c;
}

/* What earlier starts computed in this folder, whatever became of their jobs. A file that
 * does not serve any more is hours of work: it gets out of the way under another name. */
static int read_own(struct calibrate *k, struct calibrate_pair *p)
{
	_cleanup_free_ char *path = xasprintf("%s/shieldings/%s.json", k->dir, p->preset), *why = NULL;
	_cleanup_json_ json_t *doc = NULL;
	if (read_file(k, p, path, &doc, &why) == 0 && !why)
		add_new(k, p, doc);
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
	struct counts c = add_new(k, p, doc);
	if (c.new + c.known == 0) {
		cli_error("%s has none of the structures of %s; leave --shieldings out to compute them", path, k->set_file);
		return CLI_USAGE;
	}
	fprintf(stderr, "%zu of %d molecules are taken from %s", c.new, k->set.n, path);
	if (c.known)
		fprintf(stderr, "; %zu were here already", c.known);
	if (c.others)
		fprintf(stderr, "; %zu are not in %s", c.others, k->set_file);
	fputs("\n", stderr);
	if (c.apart >= 0.05)
		cli_error("%s and what is in %s differ by up to %.2f ppm for the same structure: what is there is used; to take the file's, "
			  "give another --out", path, k->dir, c.apart);
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
