/* Any bytes as a request. */
#include "tests/fuzz/serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	serve("", 0, data, n);
	return 0;
}
