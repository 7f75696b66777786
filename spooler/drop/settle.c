/* Is a file finished? A ladder of questions, cheap ones first: has it stood still
 * long enough (on a clock that nobody sets), is it a file, not too large, can it
 * be opened, has it no hole, does nobody have it open for writing; on a network
 * mount, where a lease and a modification time prove little, is its content the
 * same twice. Whatever is open or in use is waited for, never given up; after a
 * while the person is told. */
#include <errno.h>
#include <fcntl.h>

#include "drop/internal.h"

#define BACKOFF_MAX_S 5.0
#define UNREAD_AGAIN_S 5.0       /* more each time */
#define UNREAD_MAX_S 60.0

struct verdict settle_wait(double seconds) { return (struct verdict){ .settle = SETTLE_WAIT, .wait_s = seconds }; }

struct verdict settle_trouble(const char *code, const char *why, const char *remedy)
{
	return (struct verdict){ .settle = SETTLE_TROUBLE, .code = code, .why = why, .remedy = remedy };
}

struct verdict settle_later(const struct seen *s, double after_s, double now, struct verdict trouble)
{
	double left = s->since + after_s - now;
	return left > 0 ? settle_wait(left) : trouble;
}

static const struct verdict ready = { .settle = SETTLE_READY };

static struct verdict not_a_file(void)
{
	return settle_trouble("not-a-file", "This is a link, a pipe, a socket or a device, not a file.",
			      "Copy the file itself into the inbox.");
}

/* Doubles the wait each time, so that a file held open for a day costs little. */
static struct verdict busy(struct seen *s, const struct question *q)
{
	double backoff = MAX(q->rules->quiet_s, 0.02) * (double)(1U << MIN(s->busy, 12U));
	s->busy++;
	struct verdict v = settle_later(s, q->rules->empty_report_s, q->now,
		settle_trouble("busy", "Another program still has the file open for writing.",
			       "Close it there. The file is taken as soon as it is closed."));
	v.wait_s = MIN(v.wait_s, MIN(backoff, BACKOFF_MAX_S));
	return v;
}

static struct verdict unreadable(const struct seen *s, const struct question *q, const char *why, const char *remedy)
{
	struct verdict v = settle_later(s, q->rules->empty_report_s, q->now, settle_trouble("unreadable", why, remedy));
	v.wait_s = MIN(v.wait_s, BACKOFF_MAX_S);
	return v;
}

static struct verdict bad_content(const struct seen *s, const struct question *q)
{
	return unreadable(s, q, "The file cannot be read from the disk or the server.",
			  "Copy it again; if that fails too, the disk or the share needs a look.");
}

static struct verdict cannot_open(struct seen *s, int error, const struct question *q)
{
	switch (error) {
	case ENOENT:
		return settle_wait(-1);          /* gone: the next scan will not meet it */
	case ELOOP: case ENXIO: case ENOTDIR:
		return not_a_file();
	case EMFILE: case ENFILE: case ENOMEM:
		return settle_wait(BACKOFF_MAX_S);   /* our shortage, not the file's fault */
	case EBUSY: case ETXTBSY: case EAGAIN: case ESTALE:
		return busy(s, q);
	case EACCES: case EPERM:
		return unreadable(s, q, "The spooler is not allowed to read this file.",
				  "Give it read permission for everybody (chmod a+r), or copy it again.");
	default:
		return bad_content(s, q);
	}
}

/* A hole is what a copy that reserved its space first has not filled yet; after
 * five minutes it is taken for what the file is like. */
static bool has_young_hole(int fd, const struct seen *s, const struct question *q)
{
	off_t hole = s->size ? lseek(fd, 0, SEEK_HOLE) : -1;
	return hole >= 0 && hole < s->size && q->now - s->since < q->hole_s;
}

static struct verdict ask_lease(int fd, struct seen *s, const struct question *q)
{
	switch (lease_take(fd)) {
	case LEASE_HELD:
		lease_release(fd);
		s->busy = 0;
		return ready;
	case LEASE_IN_USE:
		return busy(s, q);
	case LEASE_UNKNOWN:
		break;
	}
	return settle_later(s, MAX(q->quiet_s, q->rules->quiet_remote_s), q->now, ready);
}

/* The same sum twice is good until the file is handed out, so that several files
 * that leave together need not be read at the same time. */
static struct verdict ask_content(int fd, struct seen *s, const struct question *q)
{
	char sum[65];
	double left = s->hashed_at + q->quiet_s - q->now;
	if (s->same_twice)
		return ready;
	if (s->hashed_at > 0 && left > 0)
		return settle_wait(left);
	int r = hash_fd(fd, sum);
	if (r < 0)
		return cannot_open(s, -r, q);
	s->same_twice = s->hashed_at > 0 && str_eq(sum, s->sum);
	memcpy(s->sum, sum, sizeof(sum));
	s->hashed_at = q->now;
	return s->same_twice ? ready : settle_wait(q->quiet_s);
}

void settle_again(struct seen *s)
{
	s->hashed_at = 0;
	s->same_twice = false;
}

static bool is_what_was_seen(int fd, const struct seen *s)
{
	struct stat st;
	return fstat(fd, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino && st.st_size == s->size &&
	       time_equal(st.st_mtim, s->mtime) && time_equal(st.st_ctim, s->ctime);
}

/* Who renames a file into place wrote it elsewhere. The moment that is left is for its
 * ticket, which "mv ethanol.smi ethanol.conf inbox/" moves second. On a network mount, or
 * behind a server, the rename may be a cache's, and proves nothing. */
static double quiet_time(const struct seen *s, const struct question *q)
{
	return s->moved && !q->steady ? MIN(q->rules->quiet_moved_s, q->quiet_s) : q->quiet_s;
}

struct verdict settle_look(struct seen *s, int dirfd, const char *name, const struct question *q)
{
	double quiet = quiet_time(s, q);
	if (q->now - s->since < quiet)
		return settle_wait(s->since + quiet - q->now);
	if (!S_ISREG(s->mode))
		return not_a_file();
	if ((uint64_t)s->size > q->rules->size_max)
		return settle_trouble("too-large", "The file is larger than the limit.",
				      "Split it into smaller files, or raise file_size_max_mb in nmr.conf.");
	_cleanup_close_ int fd = path_open(dirfd, name, O_RDONLY);
	if (fd < 0)
		return cannot_open(s, -fd, q);
	if (!is_what_was_seen(fd, s))
		return settle_wait(quiet);
	if (has_young_hole(fd, s, q))
		return settle_wait(MIN(s->since + q->hole_s - q->now, BACKOFF_MAX_S));
	/* Its content could not be read when it was to be taken: now and then again. */
	double again = s->unread_at + MIN(UNREAD_AGAIN_S * s->unread, UNREAD_MAX_S) - q->now;
	if (s->unread && again > 0) {
		struct verdict v = bad_content(s, q);
		v.wait_s = v.settle == SETTLE_TROUBLE ? again : v.wait_s;
		return v;
	}
	return q->remote ? ask_content(fd, s, q) : ask_lease(fd, s, q);
}
