/* Stands in for nmr-mol, nmr-render, xTB and NWChem where the subject is the spool and
 * not chemistry: whatever is asked, the answer is what the real programs once said
 * about methane (tests/golden/replay), within a millisecond. A file with the word "two-records"
 * in it has two records of it, one with "many-records=N" has N. Called by the name of the
 * program that it stands in for; the answers lie in "replay" beside it.
 *
 * REPLAY_DELAY_MS: each run takes so long; "a-b": a time in between, at random.
 * REPLAY_FAIL: a word; a run whose answer has that name ends with status 3.
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

static void fail(const char *what)
{
	perror(what);
	exit(4);
}

static void copy(const char *from, int out)
{
	struct stat st;
	int in = open(from, O_RDONLY);
	if (in < 0 || fstat(in, &st) < 0 || out < 0)
		fail(from);
	for (off_t left = st.st_size; left > 0;) {
		char block[65536];
		ssize_t n = read(in, block, sizeof(block));
		if (n <= 0 || write(out, block, (size_t)n) != n)
			fail(from);
		left -= n;
	}
	close(in);
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
		if (strcmp(e->d_name, "stdout") == 0)
			copy(path, 1);
		else
			copy(path, open(e->d_name, O_WRONLY | O_CREAT | O_TRUNC, 0644));
	}
	closedir(d);
}

static void render(void)
{
	mkdir("out", 0755);
	copy("document.json", open("out/shifts.json", O_WRONLY | O_CREAT | O_TRUNC, 0644));
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
		copy(from, open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644));
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
	t = (struct timespec){ lo / 1000, lo % 1000 * 1000000 };
	nanosleep(&t, NULL);
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
	delay();
	if (strcmp(name, "nmr-mol") == 0 && strcmp(arg, "read") == 0)
		read_file();
	else if (strcmp(name, "nmr-mol") == 0)
		answer(arg);
	else if (strcmp(name, "nmr-render") == 0)
		render();
	else if (strcmp(name, "xtb") == 0)
		answer("xtb");
	else
		answer(has_word(arg, "optimize") ? "optimise" : "shield");
	return 0;
}
