/* Is a folder served to others by this machine? Then files come through a server, which
 * opens and closes them as it likes: an NFS server may close a file in mid-upload, so that
 * neither an event nor a lease proves that it is finished; clients of an SMB server close
 * a file and open it again. Told by the tables and configurations of the kernel's NFS
 * server, NFS-Ganesha and Samba; a server elsewhere (another container) is not seen, and
 * has nmr.conf's quiet_s. */
#include <ctype.h>
#include <glob.h>

#include "base/file.h"
#include "drop/internal.h"

#define TABLE_MAX (1 << 20)

enum format { EXPORTS, GANESHA, SAMBA };

static const struct { const char *pattern; enum format format; } tables[] = {
	{ "/proc/fs/nfsd/exports", EXPORTS }, { "/var/lib/nfs/etab", EXPORTS }, { "/etc/exports", EXPORTS },
	{ "/etc/exports.d/*.exports", EXPORTS },
	{ "/etc/ganesha/*.conf", GANESHA }, { "/etc/samba/*.conf", SAMBA },
};

/* \040 and the like. In place. */
static void unescape(char *s)
{
	char *to = s;
	for (; *s; to++) {
		bool octal = s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && isdigit((unsigned char)s[2]) && isdigit((unsigned char)s[3]);
		*to = octal ? (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0')) : *s;
		s += octal ? 4 : 1;
	}
	*to = '\0';
}

static void add(struct served *v, const char *path, enum served_by by)
{
	if (*path != '/')
		return;
	v->item = xreallocarray(v->item, v->n + 1, sizeof(*v->item));
	char *p = xstrdup(path);
	for (size_t len = strlen(p); len > 1 && p[len - 1] == '/'; len--)
		p[len - 1] = '\0';
	v->item[v->n++] = (struct served_item){ p, by };
}

/* "name = value;" or "name = value", without case; the value without quotes, in place. */
static char *value_of(char *line, const char *name)
{
	size_t n = strlen(name);
	if (strncasecmp(line, name, n) != 0)
		return NULL;
	char *p = line + n + strspn(line + n, " \t");
	if (*p != '=')
		return NULL;
	p = str_trim(p + 1);
	char *end = strchr(p, ';');
	if (end)
		*end = '\0';
	p = str_trim(p);
	size_t len = strlen(p);
	if (len > 1 && *p == '"' && p[len - 1] == '"') {
		p[len - 1] = '\0';
		p++;
	}
	return p;
}

static void read_line(struct served *v, char *line, enum format format)
{
	line = str_trim(line);
	if (*line == '#' || *line == ';')
		return;
	if (format == EXPORTS) {
		bool quoted = *line == '"';
		char *path = line + quoted;
		path[strcspn(path, quoted ? "\"" : " \t")] = '\0';
		unescape(path);
		add(v, path, SERVED_NFS);
		return;
	}
	/* Ganesha's blocks may begin on the same line. */
	char *brace = format == GANESHA ? strrchr(line, '{') : NULL;
	char *path = value_of(brace ? str_trim(brace + 1) : line, "path");
	if (path)
		add(v, path, format == GANESHA ? SERVED_NFS : SERVED_SMB);
}

void served_parse(struct served *v, char *text, int format)
{
	char *save;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		read_line(v, line, (enum format)format);
}

void served_load(struct served *v)
{
	served_release(v);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		glob_t g;
		if (glob(tables[i].pattern, 0, NULL, &g) != 0)
			continue;
		for (size_t k = 0; k < g.gl_pathc; k++) {
			_cleanup_(buf_release) struct buf b = BUF_INIT;
			if (file_read(g.gl_pathv[k], TABLE_MAX, &b) == 0 && b.s)
				served_parse(v, b.s, (int)tables[i].format);
		}
		globfree(&g);
	}
}

void served_release(struct served *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->item[i].path);
	free(v->item);
	*v = (struct served){ 0 };
}

enum served_by served_find(const struct served *v, const char *path)
{
	enum served_by by = SERVED_NOT;
	for (size_t i = 0; i < v->n; i++) {
		const char *p = v->item[i].path;
		size_t len = str_eq(p, "/") ? 0 : strlen(p);
		if (strncmp(path, p, len) == 0 && (path[len] == '/' || !path[len]))
			by = MAX(by, v->item[i].by);
	}
	return by;
}
