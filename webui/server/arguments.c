/* See arguments.h. */
#include "webui/server/arguments.h"

#include <getopt.h>

#include "base/util.h"

static const char usage[] =
	"usage: nmr-webui [--config FILE] [--data DIR] [--listen ADDRESS:PORT] [--healthy]\n"
	"The web page and the API of nmr-spool. See nmr-webui(8).\n";

void arguments_parse(int argc, char **argv, struct arguments *a)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'c' }, { "data", required_argument, NULL, 'd' },
		{ "listen", required_argument, NULL, 'l' }, { "healthy", no_argument, NULL, 'H' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { 0 },
	};
	for (int o; (o = getopt_long(argc, argv, "", long_options, NULL)) >= 0;) {
		switch (o) {
		case 'c': a->config = optarg; break;
		case 'd': a->data = optarg; break;
		case 'l': a->listen = optarg; break;
		case 'H': a->healthy = true; break;
		case 'h': fputs(usage, stdout); exit(0);
		case 'V': puts("nmr-webui " NMR_VERSION); exit(0);
		default: fputs(usage, stderr); exit(2);
		}
	}
	if (optind < argc)
		die("\"%s\" is not understood; see nmr-webui --help", argv[optind]);
}
