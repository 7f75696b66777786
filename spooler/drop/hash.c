/* SHA-256 of an open file, from its start; the offset is left at the end. Used to
 * compare a remote file with itself, where times and sizes prove nothing. */
#include <errno.h>
#include <sha2.h>

#include "drop/internal.h"

#define BLOCK 262144

int hash_fd(int fd, char ret_hex[65])
{
	_cleanup_free_ unsigned char *block = xmalloc(BLOCK);
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX ctx;
	ssize_t n;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	SHA256Init(&ctx);
	while ((n = read(fd, block, BLOCK)) != 0) {
		if (n > 0)
			SHA256Update(&ctx, block, (size_t)n);
		else if (errno != EINTR)
			return -errno;
	}
	SHA256Final(digest, &ctx);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
	return 0;
}
