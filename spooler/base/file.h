/* Files: whole reads, durable writes, folders.  The fsync discipline lives
 * here: "durable" means content, name and parent folder are on disk.
 * 0 or -errno. */
#ifndef NMR_BASE_FILE_H
#define NMR_BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"

/* Appends the whole file; -EFBIG when it is larger than max bytes. */
int file_read(const char *path, size_t max, struct buf *ret_b);
int file_read_fd(int fd, size_t max, struct buf *ret_b);
/* The last n bytes of a file (a log's tail). */
int file_read_tail(const char *path, size_t n, struct buf *ret_b);
/* Replaces path as a whole: temporary file in the same folder, rename.
 * durable: with fsync of file and folder. */
int file_write_atomic(const char *path, const void *data, size_t n, mode_t mode, bool durable);
/* Plain create-or-truncate. */
int file_write(const char *path, const void *data, size_t n, mode_t mode);
int file_write_all(int fd, const void *data, size_t n);
/* Copies content (reflink where the filesystem can). Destination must not exist. */
int file_copy(const char *from, const char *to, mode_t mode);
int file_fsync_dir(const char *path);
/* fsync of every file and folder below path, and path itself. */
int file_fsync_tree(const char *path);
/* An open file or folder; the one way to call fsync. */
int file_sync_fd(int fd);
/* A group: until file_group_end() syncs in this thread do nothing, then all that is
 * unwritten on the local filesystem of path is written, names too, at the price of one
 * sync. False (network filesystem, old kernel): each sync is done by itself as ever.
 * Not for few files: engines may have gigabytes lying about there. */
bool file_group_begin(const char *path);
int file_group_end(void);
/* Takes the file for this process alone, until it closes it (the first close of it counts,
 * so it is opened once). -EAGAIN or -EACCES: another process has it. */
int file_lock(int fd);
int file_mkdir_p(const char *path, mode_t mode);
/* Removes a file or a whole tree without following links; missing is fine. */
int file_rm_rf(const char *path);
bool file_exists(const char *path);
bool file_is_dir(const char *path);              /* links are followed */
/* Bytes below path (a tree's size); 0 when missing. */
uint64_t file_tree_size(const char *path);

/* Hex SHA-256 of a buffer. */
#define SHA256_HEX_LEN 65
void sha256_hex(const void *data, size_t n, char ret_hex[SHA256_HEX_LEN]);

#endif
