/* The table of options: the one source of names, environment variables, types,
 * ranges, defaults and help. The shipped nmr.conf and nmr.conf(5) are checked
 * against it by tests. A value is always set from text, whether it comes from
 * the file, from the environment or from the table's own default, so that one
 * set of checks serves all. Never logs. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/address.h"
#include "base/conf-internal.h"
#include "base/words.h"

#define AT(member) .offset = offsetof(struct conf, member)
#define PATH(name, env, help, member) \
	{ .option = { name, env, "path", "", help }, .type = CONF_PATH, AT(member) }
#define INT(name, env, fallback, lo, hi, help, member) \
	{ .option = { name, env, "integer", fallback, help }, .type = CONF_INT, AT(member), .min = lo, .max = hi }
#define NUMBER(name, env, fallback, lo, hi, help, member) \
	{ .option = { name, env, "number", fallback, help }, .type = CONF_NUMBER, AT(member), .min = lo, .max = hi }
#define MODE(name, env, fallback, help, member) \
	{ .option = { name, env, "octal", fallback, help }, .type = CONF_MODE, AT(member) }
#define TEXT(name, env, fallback, help, member) \
	{ .option = { name, env, "text", fallback, help }, .type = CONF_TEXT, AT(member) }
#define LINK(name, env, schemes, help, member) \
	{ .option = { name, env, "URL", "", help }, .type = CONF_URL, AT(member), .choices = schemes }
#define ADDRESS(name, env, help, member) \
	{ .option = { name, env, "address", "", help }, .type = CONF_ADDRESS, AT(member) }
#define ENGINE(name, env, fallback, help) \
	{ .option = { "engines." name, env, "command", fallback, help }, .type = CONF_COMMAND }

static const struct conf_row rows[] = {
	PATH("data", "NMR_DATA", "the folder that holds those below, unless they are given", data),
	PATH("inbox", "NMR_INBOX", "where people drop molecules; <data>/inbox", inbox),
	PATH("outbox", "NMR_OUTBOX", "where results appear; <data>/outbox", outbox),
	PATH("door", "NMR_DOOR", "the private entrance of the web page and of nmr; <data>/door", door),
	PATH("spool", "NMR_SPOOL", "queue and finished steps, on a local disk; <data>/spool", spool),
	PATH("scratch", "NMR_SCRATCH", "the engines' temporary files, on a fast disk; <data>/scratch", scratch),
	PATH("share", "NMR_SHARE", "levels, presets, solvents and scaling factors", share),

	INT("cores", "NMR_CORES", "0", 0, 65536, "cores for all engines together; 0: all that the process may use", cores),
	INT("memory_mb", "NMR_MEMORY_MB", "0", 0, 1e9, "memory for all engines together, MiB; 0: 80 % of what there is", memory_mb),
	INT("nwchem_nproc", "NWCHEM_NPROC", "0", 0, 65536, "most MPI ranks of one NWChem run; 0: all cores", nwchem_nproc),
	INT("step_memory_mb", "NMR_STEP_MEMORY_MB", "0", 0, 1e9, "memory limit of one run, MiB; 0: that of all engines", step_memory_mb),
	NUMBER("step_timeout_h", "NMR_STEP_TIMEOUT_H", "72", 0, 1e5, "wall-clock limit of one run, hours; 0: none", step_timeout_h),
	NUMBER("crest_timeout_h", "NMR_CREST_TIMEOUT_H", "24", 0, 1e5, "the same of a search with CREST; 0: as for any run", crest_timeout_h),
	INT("nice", "NMR_NICE", "10", 0, 19, "niceness of the engines", nice),

	NUMBER("quiet_s", "NMR_QUIET_S", "0.5", 0, 3600, "a file is finished when it has been still for so many seconds (local folders)", quiet_s),
	NUMBER("quiet_remote_s", "NMR_QUIET_REMOTE_S", "5", 0, 3600, "the same for folders on a network", quiet_remote_s),
	NUMBER("quiet_smb_s", "NMR_QUIET_SMB_S", "2", 0, 3600, "at least so long for folders that Samba on this machine serves", quiet_smb_s),
	NUMBER("quiet_nfs_s", "NMR_QUIET_NFS_S", "10", 0, 3600, "at least so long for folders that an NFS server on this machine serves", quiet_nfs_s),
	NUMBER("scan_s", "NMR_SCAN_S", "60", 0.1, 86400, "the folders are looked through so often, whatever events say, seconds", scan_s),
	NUMBER("scan_remote_s", "NMR_SCAN_REMOTE_S", "3", 0.1, 86400, "the same for folders on a network, which send no events", scan_remote_s),
	NUMBER("hung_s", "NMR_HUNG_S", "30", 0, 86400, "a mounted folder that has not answered for so many seconds is told about; 0: never", hung_s),
	NUMBER("empty_report_s", "NMR_EMPTY_REPORT_S", "60", 0, 86400, "an empty, unreadable or never finished file is reported after so many seconds", empty_report_s),
	NUMBER("hold_over_h", "NMR_HOLD_OVER_H", "24", 0, 1e6, "a job that would take longer is held until it is released, hours; 0: none is", hold_over_h),
	INT("disk_min_mb", "NMR_DISK_MIN_MB", "100", 0, 1e9, "work waits while the disk of spool or scratch has less free, MiB", disk_min_mb),
	INT("records_max", "NMR_RECORDS_MAX", "1000", 1, 1e6, "most molecules in one file", records_max),
	INT("file_size_max_mb", "NMR_FILE_SIZE_MAX_MB", "64", 1, 4096, "largest file taken, MiB", file_size_max_mb),

	NUMBER("keep_results_days", "NMR_KEEP_RESULTS_DAYS", "0", 0, 36500, "results that nobody has changed are removed after so many days; 0: never", keep_results_days),
	NUMBER("keep_failed_days", "NMR_KEEP_FAILED_DAYS", "0", 0, 36500, "the same for folders of failed jobs", keep_failed_days),
	NUMBER("keep_steps_days", "NMR_KEEP_STEPS_DAYS", "0", 0, 36500, "finished steps that no job has used for so many days are removed; 0: never", keep_steps_days),
	NUMBER("keep_rows_days", "NMR_KEEP_ROWS_DAYS", "0", 0, 36500, "jobs are forgotten so many days after their end; 0: never", keep_rows_days),

	{ .option = { "defaults", "NMR_DEFAULTS", "options", "", "options of every job, below those of hot folders and tickets" },
	  .type = CONF_PAIRS },
	{ .option = { "hot", "NMR_HOT", "folders", "", "hot folders: subfolders of the inbox with options of their own" },
	  .type = CONF_HOT },

	ENGINE("nwchem", "NMR_NWCHEM", "mpirun --bind-to none --oversubscribe -n {ranks} nwchem {input}", "how NWChem is started"),
	ENGINE("xtb", "NMR_XTB", "xtb", "how xTB is started"),
	ENGINE("crest", "NMR_CREST", "crest", "how CREST is started (optional)"),

	{ .option = { "log_level", "NMR_LOG_LEVEL", "word", "info", "least important line of the log: debug, info, warn or error" },
	  .type = CONF_CHOICE, AT(log_level), .choices = "debug info warn error" },
	MODE("mode_files", "NMR_MODE_FILES", "0664", "permissions of published files", mode_files),
	MODE("mode_dirs", "NMR_MODE_DIRS", "0775", "permissions of published folders", mode_dirs),
	NUMBER("status_s", "NMR_STATUS_S", "10", 1, 3600, "STATUS.txt is rewritten so often at most, seconds", status_s),

	TEXT("web_listen", "NMR_WEB_LISTEN", "127.0.0.1:8080", "address and port of the web page; \":8080\": all addresses", web_listen),
	TEXT("web_user", "NMR_WEB_USER", "", "the user's name that goes with web_password; empty: any", web_user),
	TEXT("web_password", "NMR_WEB_PASSWORD", "", "asked of whoever opens the web page; empty: nothing is asked", web_password),
	TEXT("web_token", "NMR_WEB_TOKEN", "", "lets programs in, as a bearer token or as the password; empty: there is none", web_token),

	LINK("smtp_url", "NMR_SMTP_URL", "smtp smtps", "the mail server, \"smtp://mail.example.org:587\"; empty: no mail is sent", smtp_url),
	TEXT("smtp_user", "NMR_SMTP_USER", "", "its user; empty: it asks for none", smtp_user),
	TEXT("smtp_password", "NMR_SMTP_PASSWORD", "", "the user's password", smtp_password),
	ADDRESS("notify_from", "NMR_NOTIFY_FROM", "the sender of mails; nmr-spool@ this machine", notify_from),
	ADDRESS("notify_email", "NMR_NOTIFY_EMAIL", "who is told by mail of the end of every job and batch; empty: nobody", notify_email),
	LINK("webhook_url", "NMR_WEBHOOK_URL", "http https", "told in JSON of the end of every job and batch; empty: nobody is", webhook_url),
	LINK("base_url", "NMR_BASE_URL", "http https", "the web page as others reach it, for links in mails; empty: no links", base_url),
};

const struct conf_row *conf_row_at(size_t i) { return i < ARRAY_SIZE(rows) ? &rows[i] : NULL; }

const struct conf_option *conf_option_at(size_t i)
{
	return i < ARRAY_SIZE(rows) ? &rows[i].option : NULL;
}

const struct conf_row *conf_row_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i].option.name, name))
			return &rows[i];
	return NULL;
}

static void *member_of(struct conf *c, const struct conf_row *row) { return (char *)c + row->offset; }

static void set_string(struct conf *c, const struct conf_row *row, char *value)
{
	char **member = member_of(c, row);
	free(*member);
	*member = value;
}

static int set_int(struct conf *c, const struct conf_row *row, const char *text, struct buf *why)
{
	long v;
	if (str_to_long(text, &v) < 0 || (double)v < row->min || (double)v > row->max) {
		buf_addf(why, "must be a whole number from %.0f to %.0f", row->min, row->max);
		return -EINVAL;
	}
	*(int *)member_of(c, row) = (int)v;
	return 0;
}

static int set_number(struct conf *c, const struct conf_row *row, const char *text, struct buf *why)
{
	double v;
	if (str_to_double(text, &v) < 0 || !(v >= row->min) || !(v <= row->max)) {
		buf_addf(why, "must be a number from %g to %g", row->min, row->max);
		return -EINVAL;
	}
	*(double *)member_of(c, row) = v;
	return 0;
}

static int set_mode(struct conf *c, const struct conf_row *row, const char *text, struct buf *why)
{
	size_t n = strlen(text);
	if (n < 3 || n > 4 || strspn(text, "01234567") != n) {
		buf_addf(why, "must be permissions in octal, in quotes, like \"%s\"", row->option.fallback);
		return -EINVAL;
	}
	*(int *)member_of(c, row) = (int)strtol(text, NULL, 8);
	return 0;
}

static bool is_choice(const char *choices, const char *text)
{
	char **words = NULL;
	bool found = false;
	if (words_split(choices, &words) == 0)
		for (char **w = words; *w; w++)
			found |= str_eq(*w, text);
	words_free(words);
	return found;
}

static int set_choice(struct conf *c, const struct conf_row *row, const char *text, struct buf *why)
{
	if (!is_choice(row->choices, text)) {
		buf_addf(why, "must be one of: %s", row->choices);
		return -EINVAL;
	}
	set_string(c, row, xstrdup(text));
	return 0;
}

static int set_command(struct conf *c, const struct conf_row *row, const char *text, struct buf *why)
{
	char **words = NULL;
	if (words_split(text, &words) < 0) {
		buf_adds(why, "has a quote that is not closed");
		return -EINVAL;
	}
	words_free(words);
	conf_engine_set(c, row->option.name + strlen("engines."), text);
	return 0;
}

/* What is refused is not repeated: it may have a password in it. */
static int set_url(struct conf *c, const struct conf_row *row, const char *text, struct buf *why)
{
	if (*text && !address_is_url(text, row->choices)) {
		size_t n = strcspn(row->choices, " ");
		buf_addf(why, "must be like \"%.*s://host.example.org:1234\" or begin with \"%s://\", with no user in it", (int)n,
			 row->choices, row->choices + n + 1);
		return -EINVAL;
	}
	set_string(c, row, xstrdup(text));
	return 0;
}

static int set_address(struct conf *c, const struct conf_row *row, const char *text, struct buf *why)
{
	if (*text && !address_valid(text)) {
		buf_adds(why, "must be one e-mail address, somebody@example.org");
		return -EINVAL;
	}
	set_string(c, row, xstrdup(text));
	return 0;
}

int conf_row_set(struct conf *c, const struct conf_row *row, const char *text,
		 const char *base, struct buf *why)
{
	switch (row->type) {
	case CONF_PATH:
		set_string(c, row, *text ? conf_absolute(text, base) : NULL);
		return 0;
	case CONF_INT:
		return set_int(c, row, text, why);
	case CONF_NUMBER:
		return set_number(c, row, text, why);
	case CONF_MODE:
		return set_mode(c, row, text, why);
	case CONF_CHOICE:
		return set_choice(c, row, text, why);
	case CONF_TEXT:
		set_string(c, row, xstrdup(text));
		return 0;
	case CONF_URL:
		return set_url(c, row, text, why);
	case CONF_ADDRESS:
		return set_address(c, row, text, why);
	case CONF_COMMAND:
		return set_command(c, row, text, why);
	case CONF_PAIRS:
	case CONF_HOT:
		break;
	}
	buf_adds(why, "is a group { ... }");
	return -EINVAL;
}
