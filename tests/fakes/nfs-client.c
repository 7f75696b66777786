/* A writer on NFS in user space, as slow as what it reads: nfs-client put URL takes
 * what comes from stdin and writes each piece as it comes; mv URL URL, rm URL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <nfsc/libnfs.h>

static struct nfs_context *nfs;

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, nfs_get_error(nfs));
	return 1;
}

static int put(const char *path)
{
	char block[16384];
	struct nfsfh *f;
	ssize_t n;
	if (nfs_creat(nfs, path, 0666, &f) < 0)
		return fail(path);
	while ((n = read(0, block, sizeof(block))) > 0)
#ifdef LIBNFS_API_V2
		if (nfs_write(nfs, f, block, (size_t)n) != n)
#else
		if (nfs_write(nfs, f, (uint64_t)n, block) != n)
#endif
			return fail("write");
	return nfs_close(nfs, f) < 0 ? fail("close") : 0;
}

int main(int argc, char **argv)
{
	nfs = nfs_init_context();
	if (argc < 3 || !nfs)
		return 2;
	struct nfs_url *url = nfs_parse_url_full(nfs, argv[2]);
	struct nfs_url *to = argc > 3 ? nfs_parse_url_full(nfs, argv[3]) : NULL;
	if (!url || nfs_mount(nfs, url->server, url->path) < 0)
		return fail("mount");
	if (strcmp(argv[1], "put") == 0)
		return put(url->file);
	if (strcmp(argv[1], "rm") == 0)
		return nfs_unlink(nfs, url->file) < 0 ? fail("rm") : 0;
	if (strcmp(argv[1], "mv") == 0 && to)
		return nfs_rename(nfs, url->file, to->file) < 0 ? fail("mv") : 0;
	return 2;
}
