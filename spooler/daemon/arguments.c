/* Options of the command line. Ends the program on --help, --version and on
 * mistakes: nothing has been started yet. */
#include "daemon/arguments.h"

#include <getopt.h>

static const char usage[] =
	"usage: nmr-spooler [--config FILE] [--data DIR] [--once [--private] | --check | --repair]\n"
	"\n"
	"Watches DIR/inbox for molecule files, computes their NMR spectra and writes\n"
	"the results to DIR/outbox.\n"
	"\n"
	"  --config FILE  read this nmr.conf\n"
	"  --data DIR     folder that holds inbox, outbox and spool\n"
	"  --once         work off what is there and exit: 0 all published, 1 a job failed\n"
	"  --private      for somebody who waits: no mail, no webhook, nothing is held or removed\n"
	"  --check        verify queue, steps, folders and outbox: 0 in order, 1 problems\n"
	"  --repair       the same, and mend what can be mended without loss\n"
	"  --version      print the version\n"
	"\n"
	"See nmr-spooler(8) and nmr.conf(5).\n";

void arguments_parse(struct arguments *a, int argc, char **argv)
{
	static const struct option longs[] = { { "config", required_argument, NULL, 'c' },
					       { "data", required_argument, NULL, 'd' },
					       { "once", no_argument, NULL, 'o' },
					       { "private", no_argument, NULL, 'p' },
					       { "check", no_argument, NULL, 'k' },
					       { "repair", no_argument, NULL, 'r' },
					       { "version", no_argument, NULL, 'V' },
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	for (int c; (c = getopt_long(argc, argv, "c:d:h", longs, NULL)) != -1;) {
		switch (c) {
		case 'c': a->config = optarg; break;
		case 'd': a->data = optarg; break;
		case 'o': a->once = true; break;
		case 'p': a->private = true; break;
		case 'k': a->check = true; break;
		case 'r': a->check = a->repair = true; break;
		case 'V': puts("nmr-spooler " NMR_VERSION); exit(0);
		case 'h': fputs(usage, stdout); exit(0);
		default: fputs(usage, stderr); exit(2);
		}
	}
	if (a->once && a->check)
		die("--once and --check do not go together");
	if (optind < argc)
		die("unexpected argument \"%s\"; see nmr-spooler --help", argv[optind]);
}
