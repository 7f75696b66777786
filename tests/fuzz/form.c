/* Any bytes as the body of a form with files. */
#include <stdio.h>

#include "tests/fuzz/serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char head[300];
	int k = snprintf(head, sizeof(head), "POST /api/v1/jobs/upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
			 "Content-Type: multipart/form-data; boundary=bnd\r\nContent-Length: %zu\r\n\r\n", n);
	serve(head, (size_t)k, data, n);
	return 0;
}
