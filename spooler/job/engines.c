/* Finding the engines. NWChem has no --version: a tiny input tells (no SCF, some
 * tenths of a second). Never logs. */
#include "job/engines.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "base/machine.h"
#include "exec/run.h"

static char *program_path(const char *name)
{
	char *path = machine_beside_program(name);
	return path ? path : xstrdup(name);
}

/* The first word after `marker` that starts with a digit. */
static char *version_after(const char *text, const char *marker)
{
	const char *p = strstr(text, marker);
	if (!p)
		return NULL;
	p += strlen(marker);
	while (*p && *p != '\n' && !isdigit((unsigned char)*p))
		p++;
	size_t n = strspn(p, "0123456789.");
	return n ? xstrndup(p, n) : NULL;
}

/* A shortage of the moment must not make an engine unknown for the whole run. */
static bool try_again(int r, int *tries)
{
	static const int passing[] = { EAGAIN, EINTR, EMFILE, ENFILE, ENOMEM, EIO, ENOSPC };
	/* Once: a program on a dead mount holds up the start for as long. */
	bool again = r == -ETIMEDOUT && *tries < 1;
	for (size_t i = 0; i < ARRAY_SIZE(passing) && *tries < 3; i++)
		again = again || r == -passing[i];
	if (again) {
		++*tries;
		nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	}
	return again;
}

static int capture(const char *const *argv, double timeout_s, struct buf *out)
{
	int status = -1, r, tries = 0;
	do {
		buf_clear(out);
		r = run_capture(argv, timeout_s, 1 << 20, out, &status);
	} while (try_again(r, &tries));
	return r < 0 ? r : WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static char *first_line(const char *const *argv)
{
	_cleanup_(buf_release) struct buf out = BUF_INIT;
	if (capture(argv, 20, &out) < 0)
		return NULL;
	out.s[strcspn(out.s, "\n")] = '\0';
	return xstrdup(out.s);
}

static int run_nwchem(const struct conf *conf, const char *dir, struct buf *out)
{
	static const char text[] = "start probe\necho\n";
	_cleanup_free_ char *input = xasprintf("%s/probe.nw", dir);
	_cleanup_free_ char *log = xasprintf("%s/stdout", dir);
	char **argv = conf_engine_argv(conf, "nwchem", 1, "probe.nw");
	const char *const env[] = ENGINES_ENV("OMP_NUM_THREADS=1");
	struct run *run;
	struct run_record rec;
	struct run_spec spec = { .dir = dir, .argv = (const char *const *)argv, .env = env, .timeout_s = 120 };
	buf_clear(out);
	int r = argv ? file_mkdir_p(dir, 0755) : -ENOENT;
	if (r == 0)
		r = file_write(input, text, sizeof(text) - 1, 0644);
	if (r == 0)
		r = run_start(&spec, &run);
	if (r == 0) {
		run_reap(run, &rec);
		r = file_read(log, 1 << 20, out);
	}
	conf_argv_free(argv);
	file_rm_rf(dir);
	return r;
}

static char *nwchem_version(const struct conf *conf, const char *work_dir)
{
	_cleanup_free_ char *dir = xasprintf("%s/probe-nwchem", work_dir);
	_cleanup_(buf_release) struct buf out = BUF_INIT;
	int r, tries = 0;
	do
		r = run_nwchem(conf, dir, &out);
	while (try_again(r, &tries));
	return r == 0 ? version_after(out.s, "(NWChem)") : NULL;
}

/* What `NAME --version` says behind the marker; NULL when it cannot be started, or is
 * there and does not answer (*ret_mute, may be NULL). */
static char *asked_version(const struct conf *conf, const char *name, const char *marker, bool *ret_mute)
{
	char **words = conf_engine_argv(conf, name, 1, "");
	if (!words)
		return NULL;
	const char *argv[] = { words[0], "--version", NULL };
	_cleanup_(buf_release) struct buf out = BUF_INIT;
	char *v = capture(argv, 20, &out) == 0 ? version_after(out.s, marker) : NULL;
	if (ret_mute)
		*ret_mute = !v && conf_program_exists(words[0]);
	conf_argv_free(words);
	return v;
}

static void complain(struct buf *b, const char *what, const char *remedy)
{
	buf_addf(b, "%s%s: %s", b->len ? "; " : "", what, remedy);
}

void engines_find(struct engines *e, const struct conf *conf, const char *work_dir, char **ret_problem)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	*e = (struct engines){ 0 };
	e->mol_path = program_path("nmr-mol");
	e->render_path = program_path("nmr-render");
	const char *mol[] = { e->mol_path, "--version", NULL };
	const char *render[] = { e->render_path, "--version", NULL };
	char *line = first_line(mol);
	e->mol = line && str_has_prefix(line, "nmr-mol ") ? xstrdup(line + strlen("nmr-mol ")) : NULL;
	free(line);
	line = first_line(render);
	e->render = line && strchr(line, ' ') ? xstrdup(strchr(line, ' ') + 1) : NULL;
	free(line);
	e->xtb = asked_version(conf, "xtb", "xtb version", NULL);
	e->crest = asked_version(conf, "crest", "ersion", &e->crest_mute);
	e->nwchem = nwchem_version(conf, work_dir);
	if (!e->mol)
		complain(&b, "nmr-mol does not start", "install nmr-spool again, with the RDKit libraries");
	if (!e->render)
		complain(&b, "nmr-render does not start", "install nmr-spool again, with librsvg");
	if (!e->xtb)
		complain(&b, "xtb was not found", "apt install xtb, or set engines.xtb in nmr.conf");
	if (!e->nwchem)
		complain(&b, "NWChem was not found or does not start",
			 "apt install nwchem-openmpi openmpi-bin, or set engines.nwchem in nmr.conf");
	*ret_problem = b.len ? buf_detach(&b) : NULL;
}

void engines_release(struct engines *e)
{
	char *s[] = { e->nwchem, e->xtb, e->crest, e->mol, e->render, e->mol_path, e->render_path };
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		free(s[i]);
	*e = (struct engines){ 0 };
}
