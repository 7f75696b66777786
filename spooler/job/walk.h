/* Shared by the files of the pipeline alone: one pass over a job. */
#ifndef NMR_JOB_WALK_H
#define NMR_JOB_WALK_H

#include "job/pipeline.h"
#include "nmr/predict.h"

/* A step that the job goes on without, though it may have run well for another one since. */
struct given_up { char key[SHA256_HEX_LEN]; enum cause cause; char *detail; };

struct walk {
	struct pipeline *p;
	const struct lab *lab;
	struct queue *q;
	const struct job *job;
	struct options opt;
	const struct preset *preset;
	const struct solvent *solvent;
	double temperature;
	bool keep;               /* geometry = keep */
	bool known;              /* the molecule has been read */
	bool reference;          /* walking TMS or benzene now */
	const char *who;         /* "", "TMS: " or "benzene: ": in front of labels */
	enum cause cause;        /* of the last -EREMOTEIO */
	char *detail;
	struct given_up *given_up;
	size_t ngiven_up;
	int hindered;            /* a file is there and could not be read now: -errno */
	json_t *warnings;        /* [{code,text}] */
};

struct member {                  /* a conformer on its way through the funnel */
	int id;
	double energy;           /* hartree, of the latest stage */
	double gibbs;            /* hartree, added to it for the weights; 0 */
	double fresh;            /* of the stage under way, until those that failed are left out */
	double degeneracy;
	double weight;           /* population by the energies before those of the latest stage; 0: none known */
	struct geometry geometry;
	double *shield_h, *shield_c;
	char screen_key[SHA256_HEX_LEN];  /* the step with its orbitals; "" */
	char hessian_key[SHA256_HEX_LEN]; /* the step with its xTB Hessian; "" */
};

struct funnel_stage {            /* what a stage did with the conformers that came to it */
	const char *stage, *level;   /* "rank", "GFN2-xTB (ALPB)" */
	int seen, failed, changed, merged, cut, left;
	double window;           /* kcal/mol; 0: none */
	double lost;             /* population of what failed or was cut, by the stage's energies */
	double number_lost;      /* part of the geometries that failed where there were no energies yet */
};

struct funnel {
	json_t *mol;             /* mol.json */
	char *mol_dir;           /* folder with mol.sdf */
	int natoms;
	struct member *member;
	int n;
	bool ranked;             /* members have energies */
	bool screened;           /* single points were computed */
	bool optimising;         /* what an optimisation starts from is there */
	const char *weights;     /* level of the energies that the weights come from; NULL: none */
	double failed_population;    /* of conformers that could not be computed */
	json_t *stages;          /* notes, as in docs/formats.md "conformer_search" */
};
void funnel_release(struct funnel *f);
/* How many conformers may go on: the preset's limit, or what max_conformers says. */
int funnel_most(const struct walk *w, int preset_max);
/* How many go on from the ranking by xTB. */
int funnel_screened_most(const struct walk *w);
void funnel_note(struct funnel *f, const struct funnel_stage *s);

/* At the start and the end of a pass. */
int walk_load_given_up(struct walk *w);
void walk_free_given_up(struct walk *w);

/* 0: done, *ret_result owned by the caller. -EAGAIN: it is needed (added to
 * p->need). -EREMOTEIO: it failed for good: w->cause, w->detail. Consumes plan. */
int walk_ask(struct walk *w, const char *stage, struct plan *plan, json_t **ret_result);
struct walk_start {              /* what a run may start from: keys of finished steps, or NULL */
	const char *orbitals, *hessian;
	char *ret_key;           /* SHA256_HEX_LEN bytes for the key of the run that is it; NULL */
};
/* These climb the recovery ladder. start: NULL for none. */
int walk_ask_nwchem(struct walk *w, const char *stage, struct nwchem_calc c, const char *label,
		    const struct walk_start *start, json_t **ret_result);
/* ret_key: as in walk_start, or NULL. */
int walk_ask_xtb(struct walk *w, const char *stage, struct xtb_calc c, const char *label, char *ret_key,
		 json_t **ret_result);
/* A whole job of a preset, learned like a step: the kind of the cost model and its start. */
#define USUAL_JOB_S 600.0
void walk_usual_kind(const char *preset, char ret_kind[24]);
/* Core seconds that a run is expected to take. */
double walk_cost(const struct walk *w, const char *kind, int functions, int natoms);
/* Ends the pass: words are copied, NULL allowed. Returns -ECANCELED. */
int walk_end(struct walk *w, enum pipeline_end end, const char *what, const char *why, const char *remedy);
int walk_end_refusal(struct walk *w, const json_t *refusal);
/* An engine failed for good on something the job cannot do without. */
int walk_end_engine(struct walk *w, const char *label);
void walk_warn(struct walk *w, const char *code, const char *fmt, ...) _printf_(3, 4);
/* A file of a finished step. Caller frees. */
char *walk_step_file(const struct walk *w, const char *key, const char *name);

/* Notes a failed read of a stored file, if it may go better later (too many open
 * files): the pass then ends with PIPELINE_LATER, whatever it made of it. */
void walk_read_failed(struct walk *w, int r);

/* A stored file: 0, or the pass is ended. */
int walk_read_input(struct walk *w, const char *path, struct buf *b);
int walk_read_mol(struct walk *w, const struct funnel *f, struct buf *b);

/* The parts of walk_molecule(), which return as it does. */
int walk_prepare(struct walk *w, const char *record, struct funnel *f);
int walk_search(struct walk *w, struct funnel *f);
/* From a record to final conformers with shieldings. 0, -EAGAIN (needs are
 * noted) or -ECANCELED (walk_end was called). */
int walk_molecule(struct walk *w, const char *record_path, struct funnel *f);
/* The whole result document and the report steps; sets render_key. */
int walk_report(struct walk *w, struct funnel *f, const struct predict_reference *ref);

#endif
