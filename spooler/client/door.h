/* Handing things to the spooler through its door (docs/formats.md). */
#ifndef NMR_CLIENT_DOOR_H
#define NMR_CLIENT_DOOR_H

#include "base/conf.h"

struct door_submission {
	const void *data;            /* the structure, borrowed */
	size_t len;
	const char *from;            /* or a file in the door's folder, which is moved in; NULL */
	const char *source;          /* "web"; NULL: cli */
	const char *filename;        /* as the person knows it; a name, not a path */
	const struct conf_pair *options;
	size_t noptions;
};

/* 0, or -errno with a sentence; *ret_id is the job's from then on. */
int door_submit(const struct conf *conf, const struct door_submission *s, char ret_id[ID_LEN + 1],
		char **ret_error);

/* Handed in, and not yet taken. */
bool door_holds(const struct conf *conf, const char *id);

#define UUID_LEN 36
/* verb: cancel, retry, hold, release, republish, priority (with a value, else
 * NULL). The outcome comes as a row of the queue. */
int door_request(const struct conf *conf, const char *verb, const char *target, const char *value,
		 char ret_uuid[UUID_LEN + 1], char **ret_error);

/* What a person typed where a structure is expected: the name of a file, a
 * SMILES or an InChI. */
struct door_input {
	char *data;
	size_t len;
	char *filename;
};
void door_input_release(struct door_input *in);
/* name: the --name option or NULL. 0, or -errno with a sentence. */
int door_input_read(const struct conf *conf, const char *typed, const char *name,
		    struct door_input *ret_in, char **ret_error);

#endif
