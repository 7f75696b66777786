/* run.json and exit.json: written by nmr-exec, read by the spooler. */
#ifndef NMR_EXEC_RECORD_H
#define NMR_EXEC_RECORD_H

#include "exec/run.h"

struct run_identity {
	long pid;                    /* of nmr-exec */
	unsigned long long start, pidns;
	char boot[40], run_id[ID_LEN + 1];
};
int record_write_identity(const char *dir, const struct run_identity *id);
int record_read_identity(const char *dir, struct run_identity *ret_id);
int record_write(const char *dir, const struct run_record *rec);

#endif
