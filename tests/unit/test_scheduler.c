/* The scheduler with an executor that runs nothing: a run that does not fit waits for its
 * turn and gets it; runs that a restart finds under way are watched on, or ready again.
 * Time is ours (the linker's --wrap). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "job/scheduler.h"

double __real_clock_mono(void);
double __wrap_clock_mono(void);
static double later;
double __wrap_clock_mono(void) { return __real_clock_mono() + later; }

/* ---- the executor: a run is a descriptor, and what was asked of it */

#define RUNS_MAX 16
struct fake_run { char key[SHA256_HEX_LEN]; int fd; bool over, cancelled; };
static struct fake_run runs[RUNS_MAX];
static int nruns;
static const char *goes_on;      /* the key of the run that is there after a restart */
static const char *stuck;        /* of one that cannot be ended */

static struct fake_run *note_run(const char *dir)
{
	const char *slash = strrchr(dir, '/');
	struct fake_run *f = &runs[nruns++];
	assert_true(nruns <= RUNS_MAX && slash != NULL);
	*f = (struct fake_run){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	snprintf(f->key, sizeof(f->key), "%.64s", slash + 1);
	return f;
}

static int fake_start(_unused_ const struct executor *x, const struct run_spec *spec, void **ret_run)
{
	*ret_run = note_run(spec->dir);
	return 0;
}

static int fake_fd(void *run) { return ((struct fake_run *)run)->fd; }

static void finish(struct fake_run *f)
{
	assert_int_equal(write(f->fd, &(uint64_t){ 1 }, sizeof(uint64_t)), sizeof(uint64_t));
	f->over = true;
}

static int fake_cancel(void *run)
{
	struct fake_run *f = run;
	f->cancelled = true;
	if (!f->over)
		finish(f);
	return 0;
}

static void fake_reap(void *run, struct run_record *ret_rec)
{
	close(((struct fake_run *)run)->fd);
	*ret_rec = (struct run_record){ .reason = RUN_EXITED, .code = 1, .wall_s = 100, .cpu_s = 100 };
}

static int fake_adopt(_unused_ const struct executor *x, const char *dir, _unused_ double wait_s, void **ret_run)
{
	if (stuck && strstr(dir, stuck))
		return -EBUSY;
	if (!goes_on || !strstr(dir, goes_on))
		return -ENOENT;
	*ret_run = note_run(dir);
	return 0;
}

static const struct executor fake = { fake_start, fake_fd, fake_cancel, fake_reap, fake_adopt };

/* ---- a spool */

struct scene {
	char dir[64];
	struct lab lab;
	struct cost_model cost;
	struct queue *q;
	struct loop *loop;
	struct scheduler *s;
	long long job;
};

static void ended(_unused_ void *arg, _unused_ const char *key) {}

static void open_queue(struct scene *x)
{
	_cleanup_free_ char *path = xasprintf("%s/queue.db", x->dir);
	char *error = NULL;
	assert_int_equal(queue_open(path, &x->q, &error), 0);
	x->loop = loop_new();
	x->s = scheduler_new(&x->lab, x->q, x->loop, ended, NULL);
}

static void close_queue(struct scene *x)
{
	scheduler_free(x->s);
	loop_free(x->loop);
	queue_close(x->q);
}

static int set_up(void **state)
{
	struct scene *x = xcalloc(1, sizeof(*x));
	char *error = NULL;
	struct job j;
	snprintf(x->dir, sizeof(x->dir), "/tmp/nmr-scheduler-XXXXXX");
	assert_non_null(mkdtemp(x->dir));
	setenv("NMR_SHARE", "spooler/share", 1);
	setenv("NWCHEM_NPROC", "1", 1);
	x->lab = (struct lab){ .conf = conf_load(NULL, x->dir, &error), .share = share_load("spooler/share", &error),
			       .engines = { .nwchem = (char *)"7.0.2" }, .executor = &fake, .cores = 4, .cost = &x->cost };
	assert_non_null(x->lab.conf);
	assert_int_equal(conf_make_folders(x->lab.conf, &error), 0);
	open_queue(x);
	scheduler_recover(x->s);         /* notes which boot this is */
	job_init(&j);
	id_new(j.id);
	j.state = JOB_RUNNING;
	j.stage = xstrdup("shield");
	j.name = xstrdup("a");
	j.outname = xstrdup("a");
	j.source = xstrdup("a.smi");
	j.options = json_object();
	j.owner = xstrdup("0");
	assert_int_equal(queue_job_add(x->q, &j), 0);
	x->job = j.row;
	job_release(&j);
	later = nruns = 0;
	goes_on = NULL;
	*state = x;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *x = *state;
	close_queue(x);
	conf_free(x->lab.conf);
	share_free(x->lab.share);
	file_rm_rf(x->dir);
	free(x);
	return 0;
}

/* A chain of carbons, which asks for memory; ret_key: SHA256_HEX_LEN bytes. */
static uint64_t add_step(struct scene *x, int natoms, char *ret_key)
{
	_cleanup_(geometry_release) struct geometry g;
	struct plan plan;
	struct step s;
	geometry_init(&g);
	geometry_resize(&g, natoms);
	for (int i = 0; i < natoms; i++) {
		g.z[i] = 6;
		g.xyz[i][0] = 1.5 * i;
		g.xyz[i][1] = g.xyz[i][2] = 0;
	}
	struct nwchem_calc c = { .task = NWCHEM_SHIELD, .level = share_level(x->lab.share, "b3lyp-6311g2dp"),
				 .solvent = share_solvent(x->lab.share, "chcl3"), .geometry = &g };
	plan_nwchem(&plan, &x->lab, &c, "a step");
	step_init(&s);
	snprintf(s.key, sizeof(s.key), "%s", plan.key);
	s.kind = xstrdup(plan.kind);
	s.label = xstrdup(plan.label);
	s.program = xstrdup(plan.program);
	s.version = xstrdup(plan.version);
	s.est_s = plan.est_s;
	assert_int_equal(step_write(&x->lab, &plan), 0);
	assert_int_equal(queue_step_need(x->q, &s, x->job, "shield", 0), 0);
	memcpy(ret_key, plan.key, SHA256_HEX_LEN);
	step_release(&s);
	plan_release(&plan);
	return step_memory(&x->lab, ret_key, 1);
}

static void quit(void *arg) { loop_quit(arg); }

static void turn(struct scene *x)
{
	scheduler_tick(x->s);
	loop_after(x->loop, 0.05, quit, x->loop);
	loop_run(x->loop);
}

static struct fake_run *run_of(const char *key)
{
	for (int i = nruns; i-- > 0;)
		if (str_eq(runs[i].key, key))
			return &runs[i];
	return NULL;
}

static enum step_state state_of(struct scene *x, const char *key, int *ret_attempts)
{
	struct step s;
	step_init(&s);
	assert_int_equal(queue_step_get(x->q, key, &s), 0);
	enum step_state st = s.state;
	*ret_attempts = s.attempts;
	step_release(&s);
	return st;
}

/* ---- */

/* Memory for the large run alone, or for several small ones beside each other. */
static void a_large_run_gets_its_turn(void **state)
{
	struct scene *x = *state;
	char small[4][SHA256_HEX_LEN], large[SHA256_HEX_LEN];
	uint64_t little = add_step(x, 4, small[0]);
	turn(x);
	assert_non_null(run_of(small[0]));
	x->lab.memory = add_step(x, 60, large);
	assert_true(x->lab.memory > 4 * little);
	turn(x);
	assert_null(run_of(large));
	/* What fits goes past it for a while. */
	add_step(x, 5, small[1]);
	turn(x);
	assert_non_null(run_of(small[1]));
	later = 290;
	add_step(x, 6, small[2]);
	turn(x);
	assert_non_null(run_of(small[2]));
	/* Not for ever: the last core stays free. */
	later = 310;
	add_step(x, 7, small[3]);
	turn(x);
	assert_null(run_of(small[3]));
	assert_int_equal(scheduler_running(x->s), 3);
	for (int i = 0; i < 3; i++) {
		assert_null(run_of(large));
		finish(run_of(small[i]));
		turn(x);
	}
	turn(x);
	assert_non_null(run_of(large));
	assert_null(run_of(small[3]));   /* no room beside it */
	finish(run_of(large));
	turn(x);
	turn(x);
	assert_non_null(run_of(small[3]));
}

static int ranks_of(struct scene *x, const char *key)
{
	struct step s;
	step_init(&s);
	assert_int_equal(queue_step_get(x->q, key, &s), 0);
	int ranks = s.ranks;
	step_release(&s);
	return ranks;
}

/* No core is idle while there are runs that can use it, and none is used twice. */
static void cores_are_dealt_out(void **state)
{
	struct scene *x = *state;
	char key[4][SHA256_HEX_LEN];
	((struct conf *)x->lab.conf)->nwchem_nproc = 0;
	x->lab.memory = 64ULL << 30;
	for (int i = 0; i < 3; i++)
		add_step(x, 4 + i, key[i]);
	turn(x);
	assert_int_equal(ranks_of(x, key[0]) + ranks_of(x, key[1]) + ranks_of(x, key[2]), 4);
	for (int i = 0; i < 3; i++)
		assert_in_range(ranks_of(x, key[i]), 1, 2);
	/* One that comes later gets what is left. */
	finish(run_of(key[0]));
	finish(run_of(key[1]));
	turn(x);
	add_step(x, 8, key[3]);
	turn(x);
	assert_int_equal(ranks_of(x, key[3]), 4 - ranks_of(x, key[2]));
}

/* Each rank wants memory: rather fewer of them now than all of them some day. */
static void ranks_fit_the_memory(void **state)
{
	struct scene *x = *state;
	char key[SHA256_HEX_LEN];
	((struct conf *)x->lab.conf)->nwchem_nproc = 0;
	add_step(x, 30, key);
	x->lab.memory = step_memory(&x->lab, key, 3);
	assert_true(x->lab.memory > step_memory(&x->lab, key, 2) && x->lab.memory < step_memory(&x->lab, key, 4));
	turn(x);
	assert_non_null(run_of(key));
	assert_int_equal(ranks_of(x, key), 3);
}

/* A machine of many cores does not run a small molecule on all of them. */
static void ranks_fit_the_molecule(void **state)
{
	struct scene *x = *state;
	char key[SHA256_HEX_LEN];
	((struct conf *)x->lab.conf)->nwchem_nproc = 0;
	x->lab.memory = 64ULL << 30;
	x->lab.cores = 16;
	add_step(x, 1, key);
	turn(x);
	assert_int_equal(ranks_of(x, key), 27 / 6);
}

/* Of two runs under way when the spooler ended, the executor still has one. */
static void runs_are_adopted(void **state)
{
	struct scene *x = *state;
	char stays[SHA256_HEX_LEN], gone[SHA256_HEX_LEN];
	int attempts;
	x->lab.memory = 8ULL << 30;
	add_step(x, 4, stays);
	add_step(x, 5, gone);
	assert_int_equal(queue_step_start(x->q, stays, 1), 0);
	assert_int_equal(queue_step_start(x->q, gone, 1), 0);
	close_queue(x);
	open_queue(x);
	goes_on = stays;
	scheduler_recover(x->s);
	assert_int_equal(nruns, 1);
	assert_int_equal(scheduler_running(x->s), 1);
	assert_int_equal(state_of(x, stays, &attempts), STEP_RUNNING);
	assert_int_equal(attempts, 1);
	assert_int_equal(state_of(x, gone, &attempts), STEP_READY);
	assert_int_equal(attempts, 0);   /* our end is not its fault */
	turn(x);
	assert_int_equal(nruns, 2);      /* the other one starts; this one is not started twice */
	assert_string_equal(runs[1].key, gone);
	/* Its end is seen, and is its own: it failed, and counts. */
	finish(&runs[0]);
	turn(x);
	assert_int_equal(scheduler_running(x->s), 1);
	assert_int_not_equal(state_of(x, stays, &attempts), STEP_RUNNING);
	assert_int_equal(attempts, 1);
	/* An adopted run is ended like any other. */
	scheduler_stop(x->s);
	assert_true(runs[1].cancelled);
}

/* A run that cannot be ended has no twin, and its core is not given away. */
static void what_survives_is_waited_for(void **state)
{
	struct scene *x = *state;
	char key[SHA256_HEX_LEN], other[SHA256_HEX_LEN];
	int attempts;
	x->lab.memory = 8ULL << 30;
	x->lab.cores = 2;
	add_step(x, 4, key);
	assert_int_equal(queue_step_start(x->q, key, 1), 0);
	close_queue(x);
	open_queue(x);
	stuck = key;
	scheduler_recover(x->s);
	assert_int_equal(state_of(x, key, &attempts), STEP_RUNNING);
	add_step(x, 5, other);
	add_step(x, 6, (char[SHA256_HEX_LEN]){ 0 });
	for (int i = 0; i < 3; i++) {
		turn(x);
		assert_int_equal(nruns, 1);
		assert_string_not_equal(runs[0].key, key);
		assert_int_equal(state_of(x, key, &attempts), STEP_RUNNING);
		scheduler_reconcile(x->s);
		later += 61;
	}
	stuck = NULL;
	turn(x);
	assert_int_equal(nruns, 2);      /* its core is free again, for whichever is next */
	finish(&runs[0]);
	turn(x);
	finish(&runs[1]);
	turn(x);
	int mine = 0;
	for (int i = 0; i < nruns; i++)
		mine += strcmp(runs[i].key, key) == 0;
	assert_int_equal(mine, 1);
	state_of(x, key, &attempts);
	assert_int_equal(attempts, 1);
	scheduler_stop(x->s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_large_run_gets_its_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cores_are_dealt_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ranks_fit_the_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ranks_fit_the_molecule, set_up, tear_down),
		cmocka_unit_test_setup_teardown(runs_are_adopted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_survives_is_waited_for, set_up, tear_down),
	};
	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
