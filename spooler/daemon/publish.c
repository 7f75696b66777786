/* A result folder: what nmr-render wrote, the engines' inputs and outputs under
 * raw/, the dropped file under input/. Safe to repeat. Never logs. */
#include "daemon/publish.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define NAMES_MAX 64

/* A step's label as a folder name: "shieldings of conformer 2, PBE0/def2-SVP" ->
 * "shieldings-of-conformer-2-PBE0-def2-SVP". */
static char *label_name(size_t n, const char *label)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	buf_addf(&b, "%02zu-", n);
	for (; *label; label++) {
		bool plain = (*label >= '0' && *label <= '9') || ((*label | 32) >= 'a' && (*label | 32) <= 'z');
		if (plain || *label == '+')
			buf_addc(&b, *label);
		else if (b.s[b.len - 1] != '-')
			buf_addc(&b, '-');
	}
	while (b.len && b.s[b.len - 1] == '-')
		b.s[--b.len] = '\0';
	return buf_detach(&b);
}

static bool is_engine(const char *kind)
{
	enum nwchem_task task;
	return str_eq(kind, "xtb") || str_eq(kind, "crest") || nwchem_task_from_string(kind, &task) == 0;
}

/* The name the file was dropped with, as far as a Windows share can have it; a record
 * of a batch by its number. */
static char *shown_input(const struct job *j)
{
	const char *slash = j->source ? strrchr(j->source, '/') : NULL;
	const char *name = slash ? slash + 1 : j->source ? j->source : "structure";
	if (j->record)
		return xasprintf("record-%d.sdf", j->record);
	return outbox_safe_file_name(name);
}

/* The dropped file itself when it is there, else the record. */
static char *input_path(struct daemon *d, const struct job *j)
{
	char *dropped = xasprintf("%s/intake/%s/structure", d->conf->spool, j->id);
	if (file_exists(dropped))
		return dropped;
	free(dropped);
	return j->input ? xasprintf("%s/%s", d->conf->spool, j->input) : NULL;
}

struct publish *publish_new(struct daemon *d, const struct outbox *out, const struct job *j,
			    const struct pipeline *pl)
{
	struct publish *p = xcalloc(1, sizeof(*p));
	_cleanup_free_ char *render = step_dir(&d->lab, pl->render_key);
	p->out = out;
	p->id = xstrdup(j->id);
	p->outname = xstrdup(j->outname);
	p->staging = xasprintf("%s/staging/%s", d->conf->spool, j->id);
	p->rendered = xasprintf("%s/out", render);
	p->raw = xcalloc(pl->nused + 1, sizeof(*p->raw));
	for (size_t i = 0; i < pl->nused; i++) {
		if (!pl->used[i].done || !is_engine(pl->used[i].kind))
			continue;
		p->raw[p->nraw].dir = step_dir(&d->lab, pl->used[i].key);
		p->raw[p->nraw].name = label_name(p->nraw + 1, pl->used[i].label);
		p->nraw++;
	}
	p->input = input_path(d, j);
	p->input_name = shown_input(j);
	return p;
}

void publish_free(struct publish *p)
{
	for (size_t i = 0; i < p->nraw; i++) {
		free(p->raw[i].dir);
		free(p->raw[i].name);
	}
	char *s[] = { p->id, p->outname, p->instead, p->staging, p->rendered, p->input, p->input_name };
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		free(s[i]);
	free(p->raw);
	free(p);
}

static int copy_into(const char *from_dir, const char *from, const char *to_dir, const char *to)
{
	_cleanup_free_ char *a = xasprintf("%s/%s", from_dir, from);
	_cleanup_free_ char *b = xasprintf("%s/%s", to_dir, to);
	int r = file_copy(a, b, 0644);
	return r == -ENOENT ? 0 : r;
}

static int copy_rendered(const char *from, const char *to)
{
	_cleanup_closedir_ DIR *dir = opendir(from);
	if (!dir)
		return -errno;
	int r = 0;
	struct dirent *e;
	for (errno = 0; r == 0 && (e = readdir(dir)); errno = 0)
		if (e->d_name[0] != '.')
			r = copy_into(from, e->d_name, to, e->d_name);
	return r == 0 ? -errno : r;
}

static int copy_raw(const struct publish *p)
{
	static const char *const files[][2] = { { "input.nw", "input.nw" }, { "in.xyz", "input.xyz" },
						{ "stdout", "output.txt" }, { "xtbopt.xyz", "optimised.xyz" } };
	int r = 0;
	for (size_t i = 0; r == 0 && i < p->nraw; i++) {
		_cleanup_free_ char *to = xasprintf("%s/raw/%s", p->staging, p->raw[i].name);
		r = file_mkdir_p(to, 0755);
		for (size_t k = 0; r == 0 && k < ARRAY_SIZE(files); k++)
			r = copy_into(p->raw[i].dir, files[k][0], to, files[k][1]);
	}
	return r;
}

static int stage(const struct publish *p)
{
	_cleanup_free_ char *input = xasprintf("%s/input", p->staging);
	int r = file_rm_rf(p->staging);
	if (r == 0)
		r = file_mkdir_p(input, 0755);
	if (r == 0)
		r = copy_rendered(p->rendered, p->staging);
	if (r == 0)
		r = copy_raw(p);
	if (r == 0 && p->input) {
		_cleanup_free_ char *to = xasprintf("%s/%s", input, p->input_name);
		r = file_copy(p->input, to, 0644);
		r = r == -ENOENT ? 0 : r;
	}
	return r;
}

/* Somebody made a folder of that name meanwhile: it stays, ours gets a number. Asked
 * again after a crash it finds the same name, because that carries the job's id. */
static int publish_instead(struct publish *p)
{
	int r = -EEXIST;
	for (int n = 2; r == -EEXIST && n <= NAMES_MAX; n++) {
		free(p->instead);
		p->instead = intake_candidate(p->outname, n);
		r = outbox_publish(p->out, p->staging, p->instead, p->id);
	}
	if (r == 0)
		outbox_remove_running(p->out, p->outname);
	return r;
}

void publish_group_work(void *arg)
{
	struct publish_group *g = arg;
	const struct outbox *o = g->p[0]->out;
	bool many = g->n >= PUBLISH_GROUP;
	if (many)
		file_group_begin(o->root);
	for (size_t i = 0; i < g->n; i++) {
		struct publish *p = g->p[i];
		p->r = stage(p);
		if (p->r == 0)
			p->r = outbox_publish_build(o, p->staging, p->outname, p->id);
	}
	int r = file_group_end();
	if (many)
		file_group_begin(o->root);
	for (size_t i = 0; i < g->n; i++) {
		struct publish *p = g->p[i];
		p->r = p->r == 0 ? r : p->r;
		if (p->r == 0)
			p->r = outbox_publish_put(o, p->outname, p->id);
		if (p->r == -EEXIST)
			p->r = publish_instead(p);
		int e = file_rm_rf(p->staging);
		/* Without descriptors it stays; the next try finds the result there, and removes it. */
		if (p->r == 0 && (e == -EMFILE || e == -ENFILE))
			p->r = e;
	}
	r = file_group_end();
	for (size_t i = 0; i < g->n; i++) {
		g->p[i]->r = g->p[i]->r == 0 ? r : g->p[i]->r;
		if (g->p[i]->r == 0)
			g->p[i]->r = outbox_publish_end(o, g->p[i]->outname);
	}
}

char *publish_stage_input(struct daemon *d, const struct job *j)
{
	_cleanup_free_ char *from = input_path(d, j);
	_cleanup_free_ char *name = shown_input(j);
	char *dir = xasprintf("%s/staging/%s.input", d->conf->spool, j->id);
	_cleanup_free_ char *to = xasprintf("%s/%s", dir, name);
	if (from && file_rm_rf(dir) == 0 && file_mkdir_p(dir, 0755) == 0 && file_copy(from, to, 0644) == 0)
		return dir;
	file_rm_rf(dir);
	free(dir);
	return NULL;
}
