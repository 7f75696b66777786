/* How the optimisations of a job come on: energy and gradient of each step, read from what
 * NWChem has written so far. All outputs together are bounded: of each the end is read. */
#include "nmr/nwchem.h"
#include "webui/server/web.h"

#define TOGETHER_MAX ((size_t)32 << 20)
#define STEPS_MAX 200
#define SHOWN_MAX 30             /* conformers */

struct shown { char *key, *label; enum step_state state; };
struct all { struct shown of[SHOWN_MAX]; size_t n; };

static int note(const struct step *s, _unused_ const char *stage, void *arg)
{
	struct all *all = arg;
	bool begun = s->state == STEP_RUNNING || s->state == STEP_DONE || s->state == STEP_FAILED;
	if (str_eq(s->kind, "optimise") && begun && all->n < SHOWN_MAX)
		all->of[all->n++] = (struct shown){ xstrdup(s->key), xstrdup(s->label ? s->label : ""), s->state };
	return 0;
}

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

static json_t *read_all(const struct web *w, struct all *all)
{
	json_t *list = json_array();
	for (size_t i = 0; i < all->n; i++) {
		struct shown *s = &all->of[i];
		_cleanup_(buf_release) struct buf b = BUF_INIT;
		results_step_output(w, s->key, TOGETHER_MAX / all->n, &b);
		json_array_append_new(list, json_pack("{s:s,s:s,s:o}", "label", s->label, "state", step_state_to_string(s->state),
						      "steps", points(b.s, b.len)));
		free(s->key);
		free(s->label);
	}
	return list;
}

void optimisation_show(struct http_request *rq)
{
	bool in_door;
	struct all all = { .n = 0 };
	_cleanup_(job_release) struct job j;
	job_init(&j);
	struct queue *q = pool_try(rq->web->pool);
	bool ok = jobs_get(rq, q, &j, &in_door);
	if (ok && !in_door)
		queue_step_each_of_job(q, j.row, note, &all);
	/* The queue is not kept while files are read. */
	pool_put(rq->web->pool, q);
	if (ok)
		http_reply_json(rq, 200, json_pack("{s:s,s:f,s:o}", "job_id", j.id, "gmax_goal", NWCHEM_GMAX_GOAL,
						   "optimisations", read_all(rq->web, &all)));
}
