/* The door: a folder is written under a temporary name, synced, and renamed in,
 * so that the spooler never sees half of it. All renames are within the door, never in
 * the outbox. The submitter mints the id, so it
 * is known even when the spooler is not running. Never logs. */
#include "client/door.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/ending.h"
#include "base/file.h"
#include "base/json.h"

static char *cannot(const char *what, const char *path, int r)
{
	const char *remedy = r == -EACCES || r == -EPERM || r == -EROFS
				     ? "ask who runs nmr-spooler to let you write there"
				     : r == -ENOENT ? "start nmr-spooler once, it makes its folders"
				     : "see whether the disk is full or gone (nmr doctor)";
	return xasprintf("%s %s: %s; %s", what, path, strerror(-r), remedy);
}

/* One line: the ticket is read line by line. */
static void add_line(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, "%s = ", name);
	for (; *value; value++)
		buf_addc(b, (unsigned char)*value < 0x20 ? ' ' : *value);
	buf_addc(b, '\n');
}

static void write_ticket(const struct door_submission *s, struct buf *b)
{
	add_line(b, "source", s->source ? s->source : "cli");
	add_line(b, "filename", s->filename);
	for (size_t i = 0; i < s->noptions; i++)
		add_line(b, s->options[i].name, s->options[i].value);
}

/* The spooler may be another user in the same group: modes as configured. */
static int write_member(const struct conf *conf, const char *dir, const char *name, const void *data, size_t n)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	int r = file_write(path, data, n, 0600);
	return r < 0 ? r : chmod(path, (mode_t)conf->mode_files) < 0 ? -errno : 0;
}

static int move_member(const struct conf *conf, const char *dir, const char *name, const char *from)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	int r = rename(from, path) < 0 ? -errno : 0;
	return r < 0 ? r : chmod(path, (mode_t)conf->mode_files) < 0 ? -errno : 0;
}

static int fill_folder(const struct conf *conf, const char *dir, const struct door_submission *s)
{
	_cleanup_(buf_release) struct buf ticket = BUF_INIT;
	write_ticket(s, &ticket);
	if (mkdir(dir, 0700) < 0)
		return -errno;
	int r = s->from ? move_member(conf, dir, "structure", s->from)
			: write_member(conf, dir, "structure", s->data, s->len);
	if (r == 0)
		r = write_member(conf, dir, "ticket", ticket.s, ticket.len);
	if (r == 0 && chmod(dir, (mode_t)conf->mode_dirs) < 0)
		r = -errno;
	return r < 0 ? r : file_fsync_tree(dir);
}

int door_submit(const struct conf *conf, const struct door_submission *s, char ret_id[ID_LEN + 1],
		char **ret_error)
{
	char id[ID_LEN + 1];
	id_new(id);
	_cleanup_free_ char *tmp = xasprintf("%s/.tmp-%s", conf->door, id);
	_cleanup_free_ char *dir = xasprintf("%s/%s", conf->door, id);
	int r = fill_folder(conf, tmp, s);
	if (r == 0 && rename(tmp, dir) < 0)
		r = -errno;
	if (r < 0) {
		file_rm_rf(tmp);
		*ret_error = cannot("cannot submit into", conf->door, r);
		return r;
	}
	file_fsync_dir(conf->door);
	memcpy(ret_id, id, sizeof(id));
	return 0;
}

bool door_holds(const struct conf *conf, const char *id)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", conf->door, id);
	return id_valid(id) && file_exists(path);
}

static void uuid_new(char ret_uuid[UUID_LEN + 1])
{
	unsigned char b[16];
	while (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		;
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);     /* RFC 9562, version 4 */
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	char *p = ret_uuid;
	for (size_t i = 0; i < sizeof(b); i++)
		p += sprintf(p, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
}

int door_request(const struct conf *conf, const char *verb, const char *target, const char *value,
		 char ret_uuid[UUID_LEN + 1], char **ret_error)
{
	char uuid[UUID_LEN + 1];
	uuid_new(uuid);
	_cleanup_(buf_release) struct buf text = BUF_INIT;
	_cleanup_json_ json_t *j = json_pack("{s:s,s:o}", "verb", verb, "target", json_text(target));
	_cleanup_free_ char *path = xasprintf("%s/req-%s.json", conf->door, uuid);
	if (value)
		json_object_set_new(j, "value", json_text(value));
	json_add_to(&text, j, false);
	int r = file_write_atomic(path, text.s, text.len, (mode_t)conf->mode_files, true);
	if (r < 0) {
		*ret_error = cannot("cannot ask through", conf->door, r);
		return r;
	}
	memcpy(ret_uuid, uuid, sizeof(uuid));
	return 0;
}

/* ---- what was typed */

void door_input_release(struct door_input *in)
{
	free(in->data);
	free(in->filename);
	*in = (struct door_input){ 0 };
}

static int read_structure_file(const struct conf *conf, const char *path, struct door_input *in, char **ret_error)
{
	struct stat st;
	struct buf b = BUF_INIT;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		*ret_error = xasprintf("%s is a folder: name the files in it (%s/*)", path, path);
		return -EISDIR;
	}
	int r = file_read(path, (size_t)conf->file_size_max_mb << 20, &b);
	if (r == 0 && b.len == 0)
		r = -ENODATA;
	if (r < 0) {
		buf_release(&b);
		*ret_error = r == -EFBIG ? xasprintf("%s is larger than %d MiB (file_size_max_mb in nmr.conf): split it",
						     path, conf->file_size_max_mb)
			   : r == -ENODATA ? xasprintf("%s is empty: save the structure again", path)
			   : xasprintf("%s cannot be read: %s", path, strerror(-r));
		return r;
	}
	const char *slash = strrchr(path, '/');
	in->len = b.len;
	in->data = buf_detach(&b);
	in->filename = xstrdup(slash ? slash + 1 : path);
	return 0;
}

/* Could it be a SMILES? Outside brackets only the organic subset goes without
 * them, so that "ethanol", a file that is not there, is not taken for one. Whether
 * it is a good one, nmr-mol decides. */
static bool is_smiles(const char *s)
{
	bool atom = false;
	for (const char *p = s; *p; p++) {
		if (*p == '[') {
			p += strcspn(p, "]");
			if (!*p)
				return false;
			atom = true;
		} else if (strchr("BCNOPSFIbcnops*", *p)) {
			atom = true;
			p += (p[0] == 'C' && p[1] == 'l') || (p[0] == 'B' && p[1] == 'r');
		} else if (!strchr("0123456789()=#$:/\\.%+-@~>&", *p))
			return false;
	}
	return atom;
}

/* "ethanol.mol", "./x": a file was meant, and it is not there. */
static bool looks_like_file(const char *s)
{
	if (ending_of_structure(s))
		return true;
	return str_has_prefix(s, "./") || str_has_prefix(s, "../") || str_has_prefix(s, "~/") ||
	       str_has_prefix(s, "/");
}

/* A short plain SMILES is a good name for its folder. */
static char *name_of_smiles(const char *smiles)
{
	size_t n = strlen(smiles);
	bool plain = strspn(smiles, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == n;
	return xstrdup(plain && n <= 40 ? smiles : "molecule");
}

static void from_line(const char *line, const char *name, const char *ending, struct door_input *in)
{
	_cleanup_free_ char *stem = name && *name ? xstrdup(name) : name_of_smiles(line);
	for (char *p = stem; *p; p++)
		*p = *p == '/' || (unsigned char)*p < 0x20 ? '_' : *p;
	bool smiles = str_eq(ending, ".smi");
	in->data = smiles && name && *name ? xasprintf("%s %s\n", line, stem) : xasprintf("%s\n", line);
	in->len = strlen(in->data);
	in->filename = xasprintf("%s%s", stem, ending);
}

int door_input_read(const struct conf *conf, const char *typed, const char *name,
		    struct door_input *ret_in, char **ret_error)
{
	if (file_exists(typed))
		return read_structure_file(conf, typed, ret_in, ret_error);
	if (str_has_prefix(typed, "InChI=")) {
		from_line(typed, name && *name ? name : "molecule", ".inchi", ret_in);
		return 0;
	}
	if (looks_like_file(typed)) {
		*ret_error = xasprintf("there is no file %s", typed);
		return -ENOENT;
	}
	if (is_smiles(typed)) {
		from_line(typed, name, ".smi", ret_in);
		return 0;
	}
	*ret_error = xasprintf("\"%s\" is neither a file nor a SMILES or InChI (quote what the shell would change: 'C#C')",
			       typed);
	return -EINVAL;
}
