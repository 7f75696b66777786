/* The command line of nmr-webui. Ends the program when it is not understood. */
#ifndef NMR_WEBUI_ARGUMENTS_H
#define NMR_WEBUI_ARGUMENTS_H

#include <stdbool.h>

struct arguments { const char *config, *data, *listen; bool healthy; };
void arguments_parse(int argc, char **argv, struct arguments *a);

#endif
