/* How the optimisations of a job come on: energy and gradient of each step, read from what
 * NWChem has written so far. */
#include "base/file.h"
#include "nmr/nwchem.h"
#include "webui/server/web.h"

#define OUTPUT_TAIL (8 << 20)
#define STEPS_MAX 200
#define SHOWN_MAX 30             /* conformers */

struct shown { const struct web *web; json_t *list; };

static json_t *points(const char *text, size_t n)
{
	struct nwchem_opt_step s[STEPS_MAX];
	size_t k = nwchem_opt_steps(text, n, s, STEPS_MAX);
	json_t *list = json_array();
	for (size_t i = 0; i < k; i++)
		json_array_append_new(list, json_pack("{s:i,s:f,s:f,s:f}", "step", s[i].step, "energy_hartree", s[i].energy,
						      "gmax", s[i].gmax, "grms", s[i].grms));
	return list;
}

static int add(const struct step *s, _unused_ const char *stage, void *arg)
{
	struct shown *all = arg;
	static const char *const endings[] = { ".run", "" };
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	if (!str_eq(s->kind, "optimise") || (s->state != STEP_RUNNING && s->state != STEP_DONE && s->state != STEP_FAILED))
		return 0;
	if (json_array_size(all->list) >= SHOWN_MAX)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(endings) && !b.len; i++) {
		_cleanup_free_ char *path = xasprintf("%s/steps/%.2s/%s%s/stdout", all->web->conf->spool, s->key, s->key, endings[i]);
		file_read_tail(path, OUTPUT_TAIL, &b);
	}
	json_array_append_new(all->list, json_pack("{s:s,s:s,s:o}", "label", s->label ? s->label : "", "state",
						   step_state_to_string(s->state), "steps", points(b.s, b.len)));
	return 0;
}

void optimisation_show(struct http_request *rq)
{
	bool in_door;
	_cleanup_json_ json_t *list = json_array();
	struct shown all = { rq->web, list };
	_cleanup_(job_release) struct job j;
	job_init(&j);
	struct queue *q = pool_try(rq->web->pool);
	bool ok = jobs_get(rq, q, &j, &in_door);
	if (ok && !in_door)
		queue_step_each_of_job(q, j.row, add, &all);
	pool_put(rq->web->pool, q);
	if (ok)
		http_reply_json(rq, 200, json_pack("{s:s,s:f,s:O}", "job_id", j.id, "gmax_goal", NWCHEM_GMAX_GOAL, "optimisations", list));
}
