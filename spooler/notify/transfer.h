/* One mail to a server, or one POST to a webhook, by libcurl; blocks, for at most
 * TRANSFER_MAX_S seconds, so it is for a worker's thread. Never logs. */
#ifndef NMR_NOTIFY_TRANSFER_H
#define NMR_NOTIFY_TRANSFER_H

#include <stdatomic.h>

#include "base/util.h"

#define TRANSFER_MAX_S 60

struct transfer {
	const char *url;
	const char *user, *password;   /* "": none */
	const char *from, *to;         /* of a mail */
	const char *body;
	const atomic_bool *stop;       /* when it becomes true the transfer is broken off soon */
};

/* Once, before there are threads. 0 or -ENOSYS. */
int transfer_init(void);
/* 0: the server has taken it. -EPROTO: it answered, and did not take it. -EHOSTDOWN: no
 * answer. -ECANCELED: broken off. *ret_error (caller frees) has the words, without the
 * password. */
int transfer_mail(const struct transfer *t, char **ret_error);
int transfer_hook(const struct transfer *t, char **ret_error);

#endif
