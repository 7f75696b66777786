/* The options of a job: what they are called, what they may be, where each
 * came from. Precedence, lowest first: defaults, nmr.conf, hot folder, ticket
 * beside the structure, fields of the record, API fields. A later
 * options_set() wins.
 *
 * Unknown names and bad values are refused with the list of what is known;
 * nothing is silently ignored. Pure.
 */
#ifndef NMR_NMR_OPTIONS_H
#define NMR_NMR_OPTIONS_H

#include "base/json.h"
#include "nmr/share.h"

enum option {
	OPTION_SOLVENT,        /* a solvent's code */
	OPTION_PRESET,         /* a preset's name */
	OPTION_MODE,           /* auto | single | ensemble */
	OPTION_GEOMETRY,       /* auto | keep: the file's own 3D geometry as it is */
	OPTION_CHARGE,         /* auto, or an integer -9..9 */
	OPTION_NAME,           /* at most 100 characters */
	OPTION_TEMPERATURE,    /* kelvin, 100..600; "25 C" understood */
	OPTION_PRIORITY,       /* -10..10, higher first */
	OPTION_COMPONENT,      /* all (refuse salts) | largest */
	OPTION_MAX_CONFORMERS, /* auto, or 1..500 */
	OPTION_CONFORMERS,     /* auto | rdkit | crest: what searches them */
	OPTION_FREE_ENERGY,    /* no | yes: weights from G = E(DFT) + G_mRRHO(GFN2) */
	OPTION_POPULATION_MIN, /* 0.01..1: least of the ensemble that must be left when conformers fail */
	OPTION_NOTIFY,         /* an e-mail address that is told of the end; "": nobody */
	OPTION_COUNT
};

struct options {
	char *value[OPTION_COUNT];   /* normalised; never NULL after options_init */
	char *origin[OPTION_COUNT];  /* "default", "nmr.conf", "hot folder CDCl3", ... */
};

void options_init(struct options *o, const struct share *share);
void options_release(struct options *o);
void options_copy(struct options *dst, const struct options *src);
const char *option_name(enum option i);       /* "solvent" */
const char *option_help(enum option i);       /* one line, values and default */

/* Name and value as a person typed them: aliases of names ("T", "temp",
 * "conformer_mode"), case, quotes, trailing ';' and ',' are forgiven.
 * 0; -ENOENT unknown name; -EINVAL bad value. *ret_error (caller frees): a whole
 * sentence with the list of known names or values and the closest one. */
int options_set(struct options *o, const struct share *share, const char *name,
		const char *value, const char *origin, char **ret_error);
/* Is this an option's name or alias (to tell option fields of an SDF record
 * from the hundred other fields people have there)? For record fields only
 * the names themselves and names with the prefix "NMR_" or "nmr." count. Who is to
 * get a mail is no matter of a record: such files are handed on. */
bool options_is_record_field(const char *name);
/* A whole ticket: lines "key = value" or "key: value", '#' and "//" comments,
 * BOM, CRLF and UTF-16 fine. All problems in one message. 0 or -EINVAL. */
int options_ticket(struct options *o, const struct share *share, const char *text, size_t n,
		   const char *origin, char **ret_error);

/* The options in nmr.conf, of its defaults and its hot folders: at start, so that
 * a slip there is told once and not with every file. 0, or -EINVAL with all
 * problems, a line each. */
struct conf;
int options_check_conf(const struct conf *conf, const struct share *share, char **ret_error);

/* {"solvent":{"value":..,"origin":..},...}; from_json accepts exactly that. */
json_t *options_to_json(const struct options *o);
int options_from_json(struct options *o, const json_t *j);

#endif
