/* See listen.h. Never logs. */
#include "webui/server/listen.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/util.h"

#define PATIENCE_S 5

int listen_resolve(const char *address, struct addrinfo **ret_a)
{
	_cleanup_free_ char *host = xstrdup(address);
	char *port = strrchr(host, ':');
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	if (!port)
		return EAI_NONAME;
	*port++ = '\0';
	char *name = host;
	if (*name == '[' && name[strlen(name) - 1] == ']') {
		name[strlen(name) - 1] = '\0';
		name++;
	}
	return getaddrinfo(*name ? name : NULL, port, &hints, ret_a);
}

/* Connecting to "every address" leads to the loopback. */
static int dial(const char *address)
{
	struct addrinfo *a = NULL;
	struct timeval t = { .tv_sec = PATIENCE_S };
	int fd = -1;
	if (listen_resolve(address, &a) != 0)
		return -1;
	for (struct addrinfo *x = a; x && fd < 0; x = x->ai_next) {
		fd = socket(x->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
		if (fd >= 0 && connect(fd, x->ai_addr, x->ai_addrlen) < 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(a);
	return fd;
}

int listen_ask(const char *address)
{
	static const char question[] = "GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	char answer[2048];
	size_t n = 0;
	_cleanup_close_ int fd = dial(address);
	if (fd < 0 || send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) < 0) {
		printf("nobody answers at %s\n", address);
		return 1;
	}
	for (ssize_t k; n < sizeof(answer) - 1 && (k = recv(fd, answer + n, sizeof(answer) - 1 - n, 0)) > 0;)
		n += (size_t)k;
	answer[n] = '\0';
	const char *body = strstr(answer, "\r\n\r\n");
	printf("%s\n", body ? body + 4 : "no answer");
	return str_has_prefix(answer, "HTTP/1.1 200 ") ? 0 : 1;
}
