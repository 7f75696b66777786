/* The address that the server listens on, which is also where it is asked. */
#ifndef NMR_WEBUI_LISTEN_H
#define NMR_WEBUI_LISTEN_H

#include <netdb.h>

/* "host:port", "[v6]:port", ":port" (every address): 0, or an EAI_ error for gai_strerror().
 * *ret_a is for freeaddrinfo(). */
int listen_resolve(const char *address, struct addrinfo **ret_a);

/* Asks the server there whether it is ready and prints what it says; the exit status. */
int listen_ask(const char *address);

#endif
