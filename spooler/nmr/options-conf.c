/* Job options that stand in nmr.conf. The configuration itself knows nothing of
 * them but that they are pairs of text; this is where they are understood. Pure;
 * never logs. */
#include <errno.h>

#include "base/conf.h"
#include "nmr/options.h"

static void check_pairs(const struct share *share, const struct conf_pair *p, size_t n, const char *where,
			struct buf *problems)
{
	struct options o;
	options_init(&o, share);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *error = NULL;
		if (options_set(&o, share, p[i].name, p[i].value, where, &error) < 0)
			buf_addf(problems, "%s%s: %s", problems->len ? "\n" : "", where, error);
	}
	options_release(&o);
}

int options_check_conf(const struct conf *conf, const struct share *share, char **ret_error)
{
	_cleanup_(buf_release) struct buf problems = BUF_INIT;
	check_pairs(share, conf->defaults, conf->ndefaults, "defaults", &problems);
	for (size_t i = 0; i < conf->nhot; i++) {
		_cleanup_free_ char *where = xasprintf("hot folder %s", conf->hot[i].name);
		check_pairs(share, conf->hot[i].options, conf->hot[i].noptions, where, &problems);
	}
	if (!problems.len)
		return 0;
	*ret_error = buf_detach(&problems);
	return -EINVAL;
}
