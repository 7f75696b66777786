/* nmr-webui: main. The page and the API; see nmr-webui(8). Every problem before it serves
 * ends the program with one clear line and status 2. Logs to stderr. */
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/machine.h"
#include "webui/server/arguments.h"
#include "webui/server/form.h"
#include "webui/server/listen.h"
#include "webui/server/web.h"

/* Beside the programs of a build, else where the share folder is installed. */
static char *find_assets(const struct conf *conf)
{
	const char *told = getenv("NMR_WEBUI_STATIC");
	if (told)
		return xstrdup(told);
	char *built = machine_beside_program("../webui/static");
	return built ? built : xasprintf("%s/webui", conf->share);
}

static char *find_mol(void)
{
	char *path = machine_beside_program("nmr-mol");
	return path ? path : xstrdup("nmr-mol");
}

/* As the network knows this machine. Caller frees. */
static char *full_name(void)
{
	char own[256] = "";
	struct addrinfo hints = { .ai_flags = AI_CANONNAME }, *a = NULL;
	gethostname(own, sizeof(own) - 1);
	char *name = getaddrinfo(own, NULL, &hints, &a) == 0 && a->ai_canonname ? xstrdup(a->ai_canonname) : xstrdup("");
	if (a)
		freeaddrinfo(a);
	return name;
}

static void wait_for_signal(const sigset_t *set)
{
	int sig;
	while (sigwait(set, &sig) != 0)
		;
	log_event(LOG_INFO, "stopping", "why", strsignal(sig), NULL);
}

int main(int argc, char **argv)
{
	struct arguments a = { 0 };
	_cleanup_free_ char *error = NULL;
	sigset_t set;
	arguments_parse(argc, argv, &a);
	struct conf *conf = conf_load(a.config, a.data, &error);
	if (!conf)
		die("%s", error);
	if (a.healthy)
		return listen_ask(a.listen ? a.listen : conf->web_listen);
	/* A password that got lost on its way must not open the page. */
	if (*conf->web_user && !*conf->web_password && !*conf->web_token)
		die("web_user is set, and neither web_password nor web_token: set one, or leave the user out");
	conf_forget_secrets();
	struct share *share = share_load(conf->share, &error);
	if (!share)
		die("%s", error);
	/* Threads inherit it: signals come to main alone. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	machine_raise_descriptors();
	form_sweep(conf->door);
	struct web w = { .conf = conf, .share = share, .assets = find_assets(conf), .mol_path = find_mol(),
			 .full_name = full_name(), .started = clock_wall(), .pool = pool_new(conf), .cache = cache_new(conf) };
	w.events = events_new(&w);
	struct http *h = http_start(&w, a.listen ? a.listen : conf->web_listen, web_routes, &error);
	if (!h)
		die("%s", error);
	_cleanup_free_ char *port = xasprintf("%d", http_port(h));
	log_event(LOG_INFO, "start", "version", NMR_VERSION, "listen", a.listen ? a.listen : conf->web_listen, "port", port,
		  "data", conf->data, NULL);
	wait_for_signal(&set);
	events_stop(w.events);
	http_stop(h);
	events_free(w.events);
	pool_free(w.pool);
	cache_free(w.cache);
	free(w.assets);
	free(w.mol_path);
	free(w.full_name);
	share_free(share);
	conf_free(conf);
	log_event(LOG_INFO, "end", NULL);
	return 0;
}
