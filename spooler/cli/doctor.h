/* nmr doctor: checks, each with a verdict and, when it is bad, what to do. */
#ifndef NMR_CLI_DOCTOR_H
#define NMR_CLI_DOCTOR_H

#include "cli/cli.h"

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_PROBLEM };

struct doctor {
	const struct cli *c;
	json_t *json;                /* NULL: text */
	struct share *share;         /* NULL when it could not be loaded */
	int count[DOCTOR_PROBLEM + 1];
};

/* One line. remedy: what to do, or NULL when all is well. */
void doctor_say(struct doctor *d, enum doctor_verdict v, const char *topic, const char *remedy,
		const char *fmt, ...) _printf_(5, 6);

void doctor_engines(struct doctor *d);    /* doctor-engines.c */
void doctor_machine(struct doctor *d);    /* doctor-machine.c */
void doctor_folders(struct doctor *d);    /* doctor-folders.c */
void doctor_spooler(struct doctor *d);    /* doctor.c */
void doctor_notify(struct doctor *d);     /* doctor-notify.c */

#endif
