/* Any bytes as the body of the requests that take JSON; the first byte says which. */
#include <stdio.h>

#include "tests/fuzz/serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const paths[] = { "/api/v1/jobs", "/api/v1/jobs/batch", "/api/v1/check", "/api/v1/jobs/0123456789ab/priority" };
	char head[300];
	if (!n)
		return 0;
	int k = snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
			 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", paths[data[0] % 4], n - 1);
	serve(head, (size_t)k, data + 1, n - 1);
	return 0;
}
