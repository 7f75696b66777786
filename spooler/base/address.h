/* What people give as an e-mail address or a link, before it gets into a mail's header
 * or to a server. Pure. */
#ifndef NMR_BASE_ADDRESS_H
#define NMR_BASE_ADDRESS_H

#include "base/util.h"

/* One bare address, somebody@example.org: ASCII, no name around it, no list, no quotes,
 * nothing that could end a header. */
bool address_valid(const char *s);
/* SCHEME://HOST[:PORT][/...] with one of the schemes ("http https"), printable ASCII,
 * without a user in it. */
bool address_is_url(const char *s, const char *schemes);
/* The host of such a URL, without its port. Caller frees; "" when there is none. */
char *address_host(const char *url);
/* The machine itself: what goes there stays there. */
bool address_is_loopback(const char *host);

#endif
