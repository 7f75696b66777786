/* Asking for steps: what is done is read, what failed climbs the recovery
 * ladder, the rest is noted as needed. Never logs. */
#include "job/walk.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

char *walk_step_file(const struct walk *w, const char *key, const char *name)
{
	_cleanup_free_ char *dir = step_dir(w->lab, key);
	return xasprintf("%s/%s", dir, name);
}

static struct pipeline_step *note_used(struct walk *w, const char *stage, const struct plan *plan)
{
	struct pipeline *p = w->p;
	for (size_t i = 0; i < p->nused; i++)
		if (str_eq(p->used[i].key, plan->key))
			return &p->used[i];
	p->used = xreallocarray(p->used, p->nused + 1, sizeof(*p->used));
	struct pipeline_step *u = &p->used[p->nused++];
	*u = (struct pipeline_step){ .label = xstrdup(plan->label), .stage = stage, .kind = plan->kind,
					   .reference = w->reference };
	memcpy(u->key, plan->key, sizeof(u->key));
	return u;
}

static void note_need(struct walk *w, struct plan *plan)
{
	struct pipeline *p = w->p;
	for (size_t i = 0; i < p->nneed; i++)
		if (str_eq(p->need[i].key, plan->key))
			return;
	p->need = xreallocarray(p->need, p->nneed + 1, sizeof(*p->need));
	p->need[p->nneed++] = *plan;
	*plan = (struct plan){ 0 };
}

static int add_given_up(const char *key, const char *cause, const char *detail, void *arg)
{
	struct walk *w = arg;
	w->given_up = xreallocarray(w->given_up, w->ngiven_up + 1, sizeof(*w->given_up));
	struct given_up *g = &w->given_up[w->ngiven_up++];
	*g = (struct given_up){ .cause = cause_from_string(cause), .detail = detail ? xstrdup(detail) : NULL };
	snprintf(g->key, sizeof(g->key), "%s", key);
	return 0;
}

int walk_load_given_up(struct walk *w) { return queue_step_each_gave_up(w->q, w->job->row, add_given_up, w); }

void walk_free_given_up(struct walk *w)
{
	for (size_t i = 0; i < w->ngiven_up; i++)
		free(w->given_up[i].detail);
	free(w->given_up);
	w->given_up = NULL;
	w->ngiven_up = 0;
}

static int note_failure(struct walk *w, enum cause cause, const char *detail)
{
	char *copy = detail ? xstrdup(detail) : NULL;
	w->cause = cause;
	free(w->detail);
	w->detail = copy;
	return -EREMOTEIO;
}

/* What this job has gone on without stays so, or its conformers would be others now. */
static int given_up_before(struct walk *w, const char *key)
{
	for (size_t i = 0; i < w->ngiven_up; i++)
		if (str_eq(w->given_up[i].key, key))
			return note_failure(w, w->given_up[i].cause, w->given_up[i].detail);
	return 0;
}

/* -EREMOTEIO when the queue knows that it failed for good. What the machine failed of before
 * this job was there (memory, a time-out) is tried anew for it, once: whoever asks again may
 * have given it more. */
static int failed_before(struct walk *w, const char *key)
{
	_cleanup_(step_release) struct step s;
	step_init(&s);
	int r = queue_step_get(w->q, key, &s);
	if (r < 0 || s.state != STEP_FAILED)
		return 0;
	enum cause cause = cause_from_string(s.cause ? s.cause : "");
	if (cause_may_pass(cause) && s.finished < w->job->created && !queue_step_is_of_job(w->q, key, w->job->row))
		return 0;
	return note_failure(w, cause, s.detail);
}

void walk_read_failed(struct walk *w, int r)
{
	static const int passing[] = { EAGAIN, EINTR, EMFILE, ENFILE, ENOMEM };
	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		if (r == -passing[i])
			w->hindered = r;
}

int walk_ask(struct walk *w, const char *stage, struct plan *plan, json_t **ret_result)
{
	struct pipeline *p = w->p;
	double est = plan->guess_s = cost_predict(w->lab->cost, plan->kind, 1, plan->est_s);
	if (!str_eq(p->stage, stage) && !w->reference) {
		p->stage = stage;
		p->stage_done = p->stage_total = 0;
	}
	struct pipeline_step *u = note_used(w, stage, plan);
	bool counts = str_eq(p->stage, stage);
	p->stage_total += counts;
	int r = given_up_before(w, plan->key);
	if (r == 0)
		r = step_result(w->lab, plan->key, ret_result);
	/* A result that is there must not be taken for one that is missing. */
	if (r < 0 && r != -ENOENT && r != -ENOTDIR && r != -EBADMSG && r != -EREMOTEIO)
		w->hindered = r;
	if (r == 0) {
		u->done = true;
		p->stage_done += counts;
		p->cost_done += est;
	} else if (r != -EREMOTEIO && (r = failed_before(w, plan->key)) == 0) {
		p->cost_left += est;
		note_need(w, plan);
		r = -EAGAIN;
	} else {
		u->failed = true;
		u->cause = w->cause;
	}
	plan_release(plan);
	return r;
}

int walk_ask_nwchem(struct walk *w, const char *stage, struct nwchem_calc c, const char *label,
		    const struct walk_start *start, json_t **ret_result)
{
	_cleanup_free_ char *before = NULL;
	for (;;) {
		struct plan plan;
		const char *why = NULL;
		_cleanup_free_ char *name = c.rung ? xasprintf("%s%s (attempt %d)", w->who, label, c.rung + 1)
						   : xasprintf("%s%s", w->who, label);
		plan_nwchem(&plan, w->lab, &c, name);
		plan.restart_from = before ? xstrdup(before) : NULL;
		plan.orbitals_from = start && start->orbitals && !c.rung ? xstrdup(start->orbitals) : NULL;
		plan.hessian_from = start && start->hessian && !c.rung ? xstrdup(start->hessian) : NULL;
		if (start && start->ret_key)
			memcpy(start->ret_key, plan.key, SHA256_HEX_LEN);
		free(before);
		before = xstrdup(plan.key);
		int r = walk_ask(w, stage, &plan, ret_result);
		if (r != -EREMOTEIO)
			return r;
		c.rung = nwchem_next_rung(c.task, c.rung, w->cause, &why);
		if (c.rung < 0)
			return r;
	}
}

int walk_ask_xtb(struct walk *w, const char *stage, struct xtb_calc c, const char *label, char *ret_key,
		 json_t **ret_result)
{
	for (;;) {
		struct plan plan;
		const char *why = NULL;
		_cleanup_free_ char *name = xasprintf("%s%s", w->who, label);
		plan_xtb(&plan, w->lab, &c, name);
		if (ret_key)
			memcpy(ret_key, plan.key, SHA256_HEX_LEN);
		int r = walk_ask(w, stage, &plan, ret_result);
		if (r != -EREMOTEIO)
			return r;
		c.rung = xtb_next_rung(c.rung, w->cause, &why);
		if (c.rung < 0)
			return r;
	}
}

int walk_end(struct walk *w, enum pipeline_end end, const char *what, const char *why, const char *remedy)
{
	struct pipeline *p = w->p;
	p->end = end;
	free(p->what);
	free(p->why);
	free(p->remedy);
	p->what = what ? xstrdup(what) : NULL;
	p->why = why ? xstrdup(why) : NULL;
	p->remedy = remedy ? xstrdup(remedy) : NULL;
	return -ECANCELED;
}

int walk_end_refusal(struct walk *w, const json_t *refusal)
{
	return walk_end(w, PIPELINE_REFUSED, json_str(refusal, "what", "The structure cannot be computed."),
			json_str(refusal, "why", ""), json_str(refusal, "remedy", ""));
}

int walk_end_engine(struct walk *w, const char *label)
{
	_cleanup_free_ char *what = xasprintf("The calculation failed: %s%s.", w->who, label);
	_cleanup_free_ char *why = w->detail && *w->detail
		? xasprintf("%s The program said: %s", cause_sentence(w->cause), w->detail)
		: xstrdup(cause_sentence(w->cause));
	return walk_end(w, PIPELINE_FAILED, what, why, cause_remedy(w->cause));
}

void walk_usual_kind(const char *preset, char ret_kind[24]) { snprintf(ret_kind, 24, "job-%s", preset); }

double walk_cost(const struct walk *w, const char *kind, int functions, int natoms)
{
	return cost_predict(w->lab->cost, kind, 1, cost_seconds(kind, functions, natoms, 1));
}

void walk_warn(struct walk *w, const char *code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	_cleanup_free_ char *text = xvasprintf(fmt, ap);
	va_end(ap);
	if (!w->reference)
		json_array_append_new(w->warnings, json_pack("{s:s,s:s}", "code", code, "text", text));
}

void funnel_release(struct funnel *f)
{
	for (int i = 0; i < f->n; i++) {
		geometry_release(&f->member[i].geometry);
		free(f->member[i].shield_h);
		free(f->member[i].shield_c);
	}
	free(f->member);
	json_decref(f->stages);
	json_decref(f->mol);
	free(f->mol_dir);
	*f = (struct funnel){ 0 };
}
