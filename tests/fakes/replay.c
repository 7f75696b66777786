/* Stands in for nmr-mol, nmr-render, xTB and NWChem where the subject is the spool and
 * not chemistry: whatever is asked, the answer is what the real programs once said
 * about methane (tests/golden/replay), within a millisecond. A file with the word "two-records"
 * in it has two records of it, one with "many-records=N" has N. Called by the name of the
 * program that it stands in for; the answers lie in "replay" beside it.
 *
 * REPLAY_DELAY_MS: each run takes so long, half of it in the midst of its answer; "a-b": a
 * time in between, at random.
 * REPLAY_FAIL: a word; a run whose answer has that name ends with status 3. The same for a
 * file with the word "fails-in-read", "fails-in-prepare" or "fails-in-conformers" in it.
 * REPLAY_OWN: each step has an answer of its own, which depends on nothing but its key (the
 * name of its folder): jobs share no steps then, as different molecules do not.
 * nmr-render: the document that it was given becomes shifts.json, so that a result
 * folder tells which job it is of. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char answers[PATH_MAX];
static char own[9];             /* the beginning of the step's key; "": the same for all */
static struct timespec rest;    /* of the time that a run takes */

static void fail(const char *what)
{
	perror(what);
	exit(4);
}

static void nap(void)
{
	nanosleep(&rest, NULL);
	rest = (struct timespec){ 0 };
}

static void write_all(int out, const char *data, size_t n)
{
	for (size_t i = 0; i < n;) {
		ssize_t w = write(out, data + i, n - i);
		if (w <= 0)
			fail("write");
		i += (size_t)w;
	}
}

/* The second to fifth digits of coordinates such as 0.60924. */
static void own_digits(char *text)
{
	unsigned v = (unsigned)strtoul(own, NULL, 16) % 10000;
	for (char *p = text; *own && (p = strstr(p, "0.6")); p += 3)
		if (strspn(p + 3, "0123456789") >= 4 && (p == text || !strchr("0123456789.", p[-1])))
			for (unsigned i = 0, d = v; i < 4; i++, d /= 10)
				p[3 + i] = (char)('0' + d % 10);
}

static void copy(const char *from, int out, bool coordinates)
{
	struct stat st;
	int in = open(from, O_RDONLY);
	if (in < 0 || fstat(in, &st) < 0 || out < 0)
		fail(from);
	size_t n = (size_t)st.st_size;
	char *text = calloc(1, n + 1);
	if (!text || read(in, text, n) != (ssize_t)n)
		fail(from);
	close(in);
	if (coordinates)
		own_digits(text);
	write_all(out, text, n / 2);
	nap();
	write_all(out, text + n / 2, n - n / 2);
	free(text);
	if (out > 2)
		close(out);
}

static void put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0)
		fail(name);
}

static void answer(const char *kind)
{
	char dir[PATH_MAX + 64], path[2 * PATH_MAX];
	const char *bad = getenv("REPLAY_FAIL");
	if (bad && strcmp(bad, kind) == 0) {
		fprintf(stderr, "%s: told to fail\n", kind);
		exit(3);
	}
	snprintf(dir, sizeof(dir), "%s/%s", answers, kind);
	DIR *d = opendir(dir);
	if (!d)
		fail(dir);
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		bool log = strcmp(e->d_name, "stdout") == 0;
		bool coordinates = strcmp(kind, log ? "optimise" : "xtb") == 0 || strcmp(kind, "conformers") == 0;
		copy(path, log ? 1 : open(e->d_name, O_WRONLY | O_CREAT | O_TRUNC, 0644), coordinates);
	}
	closedir(d);
}

static void render(void)
{
	mkdir("out", 0755);
	copy("document.json", open("out/shifts.json", O_WRONLY | O_CREAT | O_TRUNC, 0644), false);
	put("out/report.html", "<title>replayed</title>\n");
	put("out/shifts.csv", "label,atoms,type,shift\n");
	put("out/SI.txt", "replayed\n");
}

/* What follows the word in the file; NULL: the word is not there. Until the next call. */
static const char *after_word(const char *path, const char *word)
{
	static char text[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
	const char *at = strstr(text, word);
	return at ? at + strlen(word) : NULL;
}

static bool has_word(const char *path, const char *word) { return after_word(path, word) != NULL; }

/* Each record is the one that "read" answers with, under a name of its own. */
static void many_records(int count)
{
	char from[PATH_MAX + 64], name[64];
	snprintf(from, sizeof(from), "%s/read/rec-1.sdf", answers);
	FILE *f = fopen("out.json", "w");
	if (!f)
		fail("out.json");
	fprintf(f, "{\"ok\":true,\"format\":\"smiles\",\"records\":[");
	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "rec-%d.sdf", i);
		copy(from, open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644), false);
		fprintf(f, "%s{\"n\":%d,\"name\":\"m%d\",\"file\":\"%s\",\"dim\":0,\"natoms\":1,\"charge\":0,\"fields\":{}}",
			i > 1 ? "," : "", i, i, name);
	}
	fprintf(f, "]}");
	if (fclose(f) != 0)
		fail("out.json");
}

static void read_file(void)
{
	const char *many = after_word("structure", "many-records=");
	if (many)
		many_records(atoi(many));
	else
		answer(has_word("structure", "two-records") ? "read-two" : "read");
}

/* What later programs must know goes behind the end of the structure, where the spooler
 * takes it for a part of it. */
static void pass_on(const char *from, const char *to)
{
	static const char *const words[] = { "fails-in-prepare", "fails-in-conformers" };
	char text[128] = "";
	int fd = open(to, O_WRONLY | O_APPEND);
	if (fd < 0)
		return;
	if (*own)
		snprintf(text, sizeof(text), "of %s %s\n", own, to);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (has_word(from, words[i]))
			strcat(strcat(text, words[i]), "\n");
	write_all(fd, text, strlen(text));
	close(fd);
}

/* nmr-mol WORD --in FILE ... */
static void mol(const char *word, const char *in)
{
	char told[64];
	snprintf(told, sizeof(told), "fails-in-%s", word);
	if (in && has_word(in, told)) {
		fprintf(stderr, "%s: told to fail\n", word);
		exit(3);
	}
	if (strcmp(word, "read") == 0) {
		read_file();
		pass_on(in, "rec-1.sdf");
		pass_on(in, "rec-2.sdf");
		return;
	}
	answer(word);
	if (strcmp(word, "prepare") == 0)
		pass_on(in, "mol.sdf");
}

static void delay(void)
{
	const char *s = getenv("REPLAY_DELAY_MS");
	long lo = 0, hi = 0;
	if (!s || sscanf(s, "%ld-%ld", &lo, &hi) < 1)
		return;
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	if (hi > lo)
		lo += (t.tv_nsec / 1000 + getpid()) % (hi - lo);
	lo = lo * 1000 / 2;
	rest = (struct timespec){ lo / 1000000, lo % 1000000 * 1000 };
	t = rest;
	nap();
	rest = t;
}

static void find_own(void)
{
	char path[PATH_MAX];
	const char *name = getcwd(path, sizeof(path)) ? strrchr(path, '/') : NULL;
	if (getenv("REPLAY_OWN") && name && strlen(name + 1) > 8)
		snprintf(own, sizeof(own), "%.8s", name + 1);
}

static bool has_argument(char **argv, const char *wanted)
{
	for (; *argv; argv++)
		if (strcmp(*argv, wanted) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
	const char *arg = argc > 1 ? argv[1] : "";
	ssize_t n = readlink("/proc/self/exe", answers, sizeof(answers) - 16);
	if (n <= 0)
		fail("/proc/self/exe");
	answers[n] = '\0';
	strcpy(strrchr(answers, '/'), "/replay");
	if (strcmp(arg, "--version") == 0)
		return printf(strcmp(name, "xtb") == 0 ? "* xtb version 1.0 (replay)\n" : "%s 1 (replay)\n", name) < 0;
	if (strcmp(name, "nwchem") == 0 && strstr(arg, "probe"))
		return puts("Northwest Computational Chemistry Package (NWChem) 1.0") < 0;
	find_own();
	delay();
	if (strcmp(name, "nmr-mol") == 0)
		mol(arg, argc > 3 && strcmp(argv[2], "--in") == 0 ? argv[3] : NULL);
	else if (strcmp(name, "nmr-render") == 0)
		render();
	else if (strcmp(name, "xtb") == 0)
		answer(has_argument(argv, "--hess") ? "hessian" : "xtb");
	else
		answer(has_word(arg, "optimize") ? "optimise" : "shield");
	return 0;
}
