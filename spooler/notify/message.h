/* A mail as it is sent: RFC 5322 headers and a plain text in UTF-8. Whatever is in name,
 * subject and text, the headers are those given here and no others. Pure. */
#ifndef NMR_NOTIFY_MESSAGE_H
#define NMR_NOTIFY_MESSAGE_H

#include "base/buf.h"

struct message {
	const char *from, *to;   /* bare addresses, address_valid() */
	const char *subject;     /* one line; control characters become blanks */
	const char *text;        /* lines ended by '\n' */
	const char *id;          /* of its Message-ID, before the '@': letters, digits, '.' */
	double date;             /* seconds since 1970 */
};

/* Lines end in CRLF; all is ASCII; no line is longer than 78. */
void message_add(struct buf *b, const struct message *m);

#endif
