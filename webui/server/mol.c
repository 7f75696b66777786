/* nmr-mol, which parses what strangers send, behind its fences. */
#include <unistd.h>

#include "base/clock.h"
#include "exec/run.h"
#include "webui/server/web.h"

json_t *mol_run(const struct web *w, const char *dir, double deadline, const char *const *words)
{
	double left = deadline - clock_mono();
	const char *argv[24] = { "env", "-C", dir, w->mol_path };
	size_t n = 4;
	int status = 0;
	json_t *out = NULL;
	_cleanup_(buf_release) struct buf said = BUF_INIT;
	_cleanup_free_ char *path = xasprintf("%s/out.json", dir);
	while (*words && n < ARRAY_SIZE(argv) - 1)
		argv[n++] = *words++;
	unlink(path);
	if (left > 0 && run_capture(argv, left, 1 << 20, &said, &status) == 0 && status == 0)
		json_read_file(path, &out);
	return out;
}
