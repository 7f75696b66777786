/* Doctor's look at the programs. They are found and asked for their versions by
 * the same code as the spooler's, so what doctor sees is what the spooler will. */
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "cli/doctor.h"
#include "exec/run.h"
#include "job/engines.h"

/* The first line with a digit of "PROGRAM --version". NULL: it does not start. */
static char *version_line(const char *program)
{
	const char *argv[] = { program, "--version", NULL };
	_cleanup_(buf_release) struct buf out = BUF_INIT;
	int status = -1;
	if (run_capture(argv, 20, 1 << 18, &out, &status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127)
		return NULL;
	for (char *line = strtok(out.s, "\n"); line; line = strtok(NULL, "\n"))
		if (strpbrk(line, "0123456789"))
			return xstrdup(str_trim(line));
	return xstrdup("of unknown version");
}

static void say_program(struct doctor *d, const char *name, const char *version, const char *how, const char *remedy)
{
	if (version)
		doctor_say(d, DOCTOR_OK, "engines", NULL, "%s %s%s%s", name, version, how ? ": " : "", how ? how : "");
	else
		doctor_say(d, DOCTOR_PROBLEM, "engines", remedy, "%s was not found or does not start%s%s", name,
			   how ? ": " : "", how ? how : "");
}

/* NWChem is started by another program, which has to be there first. */
static void check_launcher(struct doctor *d)
{
	char **argv = conf_engine_argv(d->c->conf, "nwchem", 1, "x.nw");
	if (argv && strstr(argv[0], "mpi")) {
		_cleanup_free_ char *version = version_line(argv[0]);
		/* It says its own name: "mpirun (Open MPI) 4.1.4". */
		bool named = version && str_has_prefix(version, "mpirun ");
		say_program(d, argv[0], named ? version + strlen("mpirun ") : version, NULL,
			    "apt install openmpi-bin, or set engines.nwchem in nmr.conf");
	}
	conf_argv_free(argv);
}

static void check_crest(struct doctor *d, const struct engines *e)
{
	char **argv = conf_engine_argv(d->c->conf, "crest", 1, "");
	_cleanup_free_ char *version = argv ? version_line(argv[0]) : NULL;
	if (e->crest_mute)
		doctor_say(d, DOCTOR_WARNING, "engines", "run \"crest --version\" by hand and see what it says; it is optional",
			   "CREST is installed and does not say its version: it is not used");
	else if (version)
		doctor_say(d, DOCTOR_OK, "engines", NULL, "CREST: %s", version);
	else
		doctor_say(d, DOCTOR_OK, "engines", NULL, "CREST is not installed; it is optional");
	conf_argv_free(argv);
}

/* The line "nwchem_basis_library DIR" of a .nwchemrc. Caller frees. */
static char *library_of_rc(const char *path)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	if (file_read(path, 1 << 16, &b) < 0)
		return NULL;
	const char *p = strstr(b.s, "nwchem_basis_library");
	if (!p)
		return NULL;
	p += strlen("nwchem_basis_library");
	p += strspn(p, " \t");
	return xstrndup(p, strcspn(p, " \t\r\n"));
}

static bool is_library(const char *dir)
{
	_cleanup_free_ char *file = dir && *dir ? xasprintf("%s/def2-svp", dir) : NULL;
	return file && file_exists(file);
}

/* The order in which NWChem itself looks; Debian compiles the last one in. */
static void check_basis_library(struct doctor *d)
{
	const char *env = getenv("NWCHEM_BASIS_LIBRARY"), *home = getenv("HOME");
	_cleanup_free_ char *rc = xasprintf("%s/.nwchemrc", home ? home : "");
	_cleanup_free_ char *from_rc = library_of_rc(rc);
	_cleanup_free_ char *from_etc = library_of_rc("/etc/nwchemrc");
	const char *places[] = { env, from_rc, from_etc, "/usr/share/nwchem/libraries", "/usr/local/share/nwchem/libraries" };
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!places[i] || !*places[i])
			continue;
		if (is_library(places[i]))
			doctor_say(d, DOCTOR_OK, "engines", NULL, "NWChem's basis sets in %s", places[i]);
		else if (i < 3)
			doctor_say(d, DOCTOR_PROBLEM, "engines", "correct NWCHEM_BASIS_LIBRARY, ~/.nwchemrc or /etc/nwchemrc",
				   "NWChem is told to read its basis sets from %s, where they are not", places[i]);
		else
			continue;
		return;
	}
	doctor_say(d, DOCTOR_WARNING, "engines", "apt install nwchem-data, if NWChem is Debian's",
		   "NWChem's basis sets were not found in the usual places");
}

void doctor_engines(struct doctor *d)
{
	struct engines e;
	char dir[] = "/tmp/nmr-doctor-XXXXXX";
	_cleanup_free_ char *problem = NULL;
	if (!mkdtemp(dir)) {
		doctor_say(d, DOCTOR_PROBLEM, "engines", "make /tmp writable", "no temporary folder can be made in /tmp");
		return;
	}
	engines_find(&e, d->c->conf, dir, &problem);
	file_rm_rf(dir);
	say_program(d, "NWChem", e.nwchem, conf_engine(d->c->conf, "nwchem"),
		    "apt install nwchem-openmpi openmpi-bin, or set engines.nwchem in nmr.conf");
	check_launcher(d);
	if (e.nwchem)
		check_basis_library(d);
	say_program(d, "xTB", e.xtb, conf_engine(d->c->conf, "xtb"), "apt install xtb, or set engines.xtb in nmr.conf");
	say_program(d, "nmr-mol", e.mol, e.mol_path, "install nmr-spool again, with the RDKit libraries");
	say_program(d, "nmr-render", e.render, e.render_path, "install nmr-spool again, with librsvg");
	check_crest(d, &e);
	engines_release(&e);
}
