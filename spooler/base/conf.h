/* Configuration: nmr.conf (libconfig), then environment variables. One table
 * of options (conf.c) is the source of names, types, defaults and help; the
 * shipped nmr.conf is checked against it by a test. Unknown or misspelt
 * options are refused by name with the closest known one.
 */
#ifndef NMR_BASE_CONF_H
#define NMR_BASE_CONF_H

#include "base/util.h"

struct conf_pair { char *name, *value; };

struct conf_hot {               /* a hot folder: a set of job options */
	char *name;             /* folder below inbox/, matched without case */
	struct conf_pair *options;
	size_t noptions;
	double quiet_s;         /* < 0: as elsewhere */
	int watch;              /* 0: events, 1: poll, < 0: as its filesystem needs */
	bool markers;           /* files are taken once their .done is there */
};

struct conf_engine {
	char *name;             /* nwchem xtb crest */
	char *command;          /* shell-like words; {ranks} {input} {threads} replaced */
};

struct conf {
	char *file;             /* the file read, or NULL */
	/* folders, absolute after conf_load() */
	char *data;             /* the parent of those below unless given */
	char *inbox, *outbox, *door, *spool, *scratch;
	char *share;            /* levels, presets, solvents, magic */
	/* machine */
	int cores;              /* 0: what the process may use */
	int memory_mb;          /* for all engines; 0: 80 % of the machine or cgroup */
	int nwchem_nproc;       /* most ranks of one NWChem run; 0: all cores */
	int step_memory_mb;     /* limit of one run; 0: by estimate */
	double step_timeout_h;  /* wall clock of one run */
	double crest_timeout_h; /* of CREST, when that is less */
	int nice;
	/* intake */
	double quiet_s;         /* quiet time of local folders */
	double quiet_remote_s;  /* of network folders */
	double quiet_smb_s, quiet_nfs_s;   /* at least, of folders that this machine serves */
	double scan_s, scan_remote_s;
	double hung_s;          /* a folder that does not answer is told about after this; 0: never */
	double empty_report_s;  /* tell about an empty or unreadable file after this */
	int records_max;        /* molecules in one file */
	double hold_over_h;     /* a job that would take longer is held; 0: none */
	int disk_min_mb;        /* free space below which work waits */
	int file_size_max_mb;
	/* retention, days; 0: for ever */
	double keep_results_days, keep_failed_days, keep_steps_days, keep_rows_days;
	/* job defaults: options.h names, origin "nmr.conf" */
	struct conf_pair *defaults;
	size_t ndefaults;
	struct conf_hot *hot;
	size_t nhot;
	/* engines */
	struct conf_engine *engines;
	size_t nengines;
	/* people */
	char *log_level;        /* debug info warn error */
	int mode_files, mode_dirs;   /* octal permissions of what is published */
	double status_s;        /* STATUS.txt at most this often */
	/* the web server */
	char *web_listen;       /* "127.0.0.1:8080" */
	char *web_user;         /* with web_password; "": any */
	char *web_password, *web_token;  /* either lets in; both "": nothing is asked */
	/* mails and the webhook; all "" when not given */
	char *smtp_url;         /* "smtp://mail.example.org:587"; "": no mail */
	char *smtp_user, *smtp_password;
	char *notify_from, *notify_email;
	char *webhook_url;
	char *base_url;         /* of the web page, for links */
};

/* path NULL: $NMR_CONF, else $XDG_CONFIG_HOME/nmr-spool/nmr.conf,
 * SYSCONFDIR/nmr-spool/nmr.conf, the nmr.conf of the share folder (the shipped
 * one, with its hot folders), whichever exists first, else defaults alone.
 * data_override (from --data) wins over file and environment, and puts the five
 * folders below it wherever these had them: a private spool never touches the
 * shared one.
 * NULL with *ret_error (caller frees): file, line, reason, remedy. */
struct conf *conf_load(const char *path, const char *data_override, char **ret_error);
void conf_free(struct conf *c);
/* Takes what is secret out of the environment: no program that is started inherits it. */
void conf_forget_secrets(void);
const char *conf_engine(const struct conf *c, const char *name);   /* NULL: not set */
/* The engine's command as words, {ranks}, {threads} and {input} replaced; NULL
 * when there is no such engine. Free with conf_argv_free(). */
char **conf_engine_argv(const struct conf *c, const char *name, int ranks, const char *input);
void conf_argv_free(char **argv);
/* Is there such a program, in PATH or where the name says? */
bool conf_program_exists(const char *program);
const struct conf_hot *conf_hot(const struct conf *c, const char *folder);
/* Creates the folders; refuses nested or identical ones, and a spool on a
 * network filesystem. 0 or -errno with *ret_error. */
int conf_make_folders(const struct conf *c, char **ret_error);
/* cores and memory_mb with "0: what the machine has" worked out. */
int conf_cores(const struct conf *c);
uint64_t conf_memory_bytes(const struct conf *c);
/* The folder of levels and presets as it is found without configuration:
 * $NMR_SHARE, beside the program, or where it was installed. Caller frees. */
char *conf_find_share(void);
/* The option table, for doctor, man page and tests: i = 0.. until NULL. */
struct conf_option { const char *name, *env, *type, *fallback, *help; };
const struct conf_option *conf_option_at(size_t i);

#endif
