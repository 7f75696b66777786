#include "tests/fuzz/serve.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "webui/server/web.h"

#define PATIENCE_MS 50           /* an event stream has no end */
#define SWEEP 200                /* requests between two times that the door is emptied */

static int port;
static char *dir;

static void add_job(void)
{
	struct queue *q;
	char *error = NULL;
	_cleanup_free_ char *spool = xasprintf("%s/spool/db", dir), *path = xasprintf("%s/queue.db", spool);
	_cleanup_(job_release) struct job j;
	job_init(&j);
	if (file_mkdir_p(spool, 0755) < 0 || queue_open(path, &q, &error) < 0)
		die("no queue: %s", error);
	memcpy(j.id, "0123456789ab", ID_LEN + 1);
	j.name = xstrdup("one");
	j.outname = xstrdup("one");
	j.source = xstrdup("one.smi");
	j.options = json_object();
	j.stage = xstrdup("read");
	if (queue_job_add(q, &j) < 0)
		die("no job: %s", queue_error(q));
	queue_close(q);
}

static void end(void) { file_rm_rf(dir); }

static void start(void)
{
	static struct web w;
	char *error = NULL;
	dir = xasprintf("%s/nmr-fuzz-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(dir))
		die("no folder");
	atexit(end);
	signal(SIGPIPE, SIG_IGN);
	setenv("NMR_FILE_SIZE_MAX_MB", "1", 1);
	setenv("NMR_LOG_LEVEL", "error", 1);
	struct conf *conf = conf_load(NULL, dir, &error);
	struct share *share = conf ? share_load(conf->share, &error) : NULL;
	if (!share)
		die("%s", error);
	file_mkdir_p(conf->door, 0755);
	file_mkdir_p(conf->outbox, 0755);
	add_job();
	w = (struct web){ .conf = conf, .share = share, .assets = xstrdup("webui/static"), .mol_path = xstrdup("false"),
			  .full_name = xstrdup(""), .pool = pool_new(conf), .cache = cache_new(conf) };
	w.events = events_new(&w);
	struct http *h = http_start(&w, "127.0.0.1:0", web_routes, &error);
	if (!h)
		die("%s", error);
	port = http_port(h);
}

/* From many addresses of the loopback: one has too few ports for so many connections. */
static int dial(unsigned n)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr = { htonl(0x7f010001 + (n % 200) * 256 + n / 200 % 250) } };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("the server does not listen any more");
	return fd;
}

static void send_all(int fd, const uint8_t *s, size_t n)
{
	for (ssize_t k; n && (k = send(fd, s, n, 0)) > 0; s += k, n -= (size_t)k)
		;
}

static void empty_door(void)
{
	_cleanup_free_ char *door = xasprintf("%s/door", dir);
	file_rm_rf(door);
	mkdir(door, 0755);
}

void serve(const void *head, size_t nhead, const uint8_t *body, size_t nbody)
{
	static unsigned n;
	char answer[65536];
	if (!dir)
		start();
	if (++n % SWEEP == 0)
		empty_door();
	int fd = dial(n);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	send_all(fd, head, nhead);
	send_all(fd, body, nbody);
	shutdown(fd, SHUT_WR);
	while (poll(&p, 1, PATIENCE_MS) > 0 && read(fd, answer, sizeof(answer)) > 0)
		;
	close(fd);
}
