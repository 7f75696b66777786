/* The real web server in this process, on a queue with one job, for fuzzers. What it would
 * ask nmr-mol is answered by nobody. */
#ifndef NMR_FUZZ_SERVE_H
#define NMR_FUZZ_SERVE_H

#include <stddef.h>
#include <stdint.h>

/* Sends the bytes of both as one request and reads what comes until the end, or a moment. */
void serve(const void *head, size_t nhead, const uint8_t *body, size_t nbody);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif
