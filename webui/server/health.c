/* nmr-webui --healthy: asks the server that listens there whether it is ready, for
 * containers whose image has no other program that could. */
#include "webui/server/arguments.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/util.h"

#define PATIENCE_S 5

static int dial(const char *address)
{
	const char *port = strrchr(address, ':');
	_cleanup_free_ char *host = port ? xstrndup(address, (size_t)(port - address)) : NULL;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *a = NULL;
	struct timeval t = { .tv_sec = PATIENCE_S };
	/* Who listens everywhere listens on the loopback. */
	bool any = host && (!*host || str_eq(host, "0.0.0.0") || str_eq(host, "[::]"));
	size_t n = host ? strlen(host) : 0;
	char *name = n > 2 && *host == '[' ? host + 1 : host;
	if (n > 2 && *host == '[')
		host[n - 1] = '\0';
	if (!port || getaddrinfo(any ? "localhost" : name, port + 1, &hints, &a) != 0)
		return -EINVAL;
	int fd = -1;
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

int health_ask(const char *address)
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
