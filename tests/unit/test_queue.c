/* The queue: states, uniqueness of names, claims, steps shared between jobs,
 * listings, read-only access beside a writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sqlite3.h>

#include "base/file.h"
#include "queue/queue.h"

struct fixture { char dir[64]; char *path; struct queue *q; };

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	char *error = NULL;
	snprintf(f->dir, sizeof(f->dir), "/tmp/nmr-queue-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->path = xasprintf("%s/queue.db", f->dir);
	assert_int_equal(queue_open(f->path, &f->q, &error), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	queue_close(f->q);
	file_rm_rf(f->dir);
	free(f->path);
	free(f);
	return 0;
}

static void fill_job(struct job *j, const char *outname, int priority)
{
	job_init(j);
	id_new(j->id);
	j->state = JOB_QUEUED;
	j->stage = xstrdup("read");
	j->name = xstrdup(outname);
	j->outname = xstrdup(outname);
	j->source = xstrdup("a/b.smi");
	j->options = json_pack("{s:{s:s,s:s}}", "solvent", "value", "chcl3", "origin", "default");
	j->priority = priority;
	j->owner = xstrdup("1000");
}

static void add_job(struct queue *q, const char *outname, int priority, char *ret_id)
{
	struct job j;
	fill_job(&j, outname, priority);
	assert_int_equal(queue_job_add(q, &j), 0);
	assert_true(j.row > 0);
	memcpy(ret_id, j.id, sizeof(j.id));
	job_release(&j);
}

static void job_comes_back_as_stored(void **state)
{
	struct fixture *f = *state;
	char id[ID_LEN + 1];
	struct job j;
	add_job(f->q, "ethanol", 3, id);
	assert_int_equal(queue_job_get(f->q, id, &j), 0);
	assert_string_equal(j.outname, "ethanol");
	assert_string_equal(j.source, "a/b.smi");
	assert_int_equal(j.priority, 3);
	assert_int_equal(j.state, JOB_QUEUED);
	assert_string_equal(json_str(json_object_get(j.options, "solvent"), "value", ""), "chcl3");
	assert_true(j.created > 1e9);
	assert_true(j.started == 0);
	job_release(&j);
	assert_int_equal(queue_job_get(f->q, "ffffffffffff", &j), -ENOENT);
}

static void names_are_unique_while_a_job_lives(void **state)
{
	struct fixture *f = *state;
	char id[ID_LEN + 1];
	struct job twin, j;
	add_job(f->q, "Ethanol", 0, id);
	assert_true(queue_outname_taken(f->q, "ethanol"));
	fill_job(&twin, "ETHANOL", 0);
	assert_int_equal(queue_job_add(f->q, &twin), -EEXIST);
	assert_int_equal(queue_job_get(f->q, id, &j), 0);
	assert_int_equal(queue_set_job_state(f->q, &j, JOB_EV_CANCEL, "why", "what"), 0);
	assert_false(queue_outname_taken(f->q, "ethanol"));
	assert_int_equal(queue_job_add(f->q, &twin), 0);
	job_release(&j);
	job_release(&twin);
}

static void states_follow_the_table(void **state)
{
	struct fixture *f = *state;
	char id[ID_LEN + 1];
	struct job j, again;
	add_job(f->q, "x", 0, id);
	assert_int_equal(queue_job_get(f->q, id, &j), 0);
	assert_int_equal(queue_set_job_state(f->q, &j, JOB_EV_FINISH, NULL, NULL), -EPERM);
	assert_int_equal(queue_set_job_state(f->q, &j, JOB_EV_START, NULL, NULL), 0);
	assert_true(j.started > 0);
	assert_int_equal(queue_set_job_state(f->q, &j, JOB_EV_PUBLISH, NULL, NULL), 0);
	assert_int_equal(queue_set_job_state(f->q, &j, JOB_EV_CANCEL, NULL, NULL), -EPERM);
	assert_int_equal(queue_set_job_state(f->q, &j, JOB_EV_FINISH, NULL, NULL), 0);
	assert_int_equal(queue_job_get(f->q, id, &again), 0);
	assert_int_equal(again.state, JOB_DONE);
	assert_true(again.finished > 0);
	assert_true(again.progress == 1);
	job_release(&again);
	job_release(&j);
}

static void a_stale_copy_cannot_change_a_state(void **state)
{
	struct fixture *f = *state;
	char id[ID_LEN + 1];
	struct job a, b;
	add_job(f->q, "x", 0, id);
	assert_int_equal(queue_job_get(f->q, id, &a), 0);
	assert_int_equal(queue_job_get(f->q, id, &b), 0);
	assert_int_equal(queue_set_job_state(f->q, &a, JOB_EV_CANCEL, NULL, NULL), 0);
	assert_int_equal(queue_set_job_state(f->q, &b, JOB_EV_START, NULL, NULL), -ESTALE);
	job_release(&a);
	job_release(&b);
}

static void next_is_urgent_then_old(void **state)
{
	struct fixture *f = *state;
	char first[ID_LEN + 1], second[ID_LEN + 1], urgent[ID_LEN + 1];
	int running, of_owner;
	struct job j;
	add_job(f->q, "first", 0, first);
	add_job(f->q, "second", 0, second);
	add_job(f->q, "urgent", 5, urgent);
	const char *order[] = { urgent, first, second };
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(queue_job_next(f->q, &j, &running, &of_owner), 0);
		assert_string_equal(j.id, order[i]);
		assert_int_equal(queue_set_job_state(f->q, &j, JOB_EV_START, NULL, NULL), 0);
		job_release(&j);
	}
	assert_int_equal(queue_job_next(f->q, &j, &running, &of_owner), -ENOENT);
}

/* created: 0 is now. */
static void add_shared_at(struct queue *q, const char *name, const char *owner, long long batch, double created,
			  char id[ID_LEN + 1])
{
	struct job j;
	fill_job(&j, name, 0);
	free(j.owner);
	j.owner = xstrdup(owner);
	j.batch_row = batch;
	j.created = created;
	assert_int_equal(queue_job_add(q, &j), 0);
	memcpy(id, j.id, ID_LEN + 1);
	job_release(&j);
}

static void add_shared(struct queue *q, const char *name, const char *owner, long long batch, char id[ID_LEN + 1])
{
	add_shared_at(q, name, owner, batch, 0, id);
}

/* A batch, a single molecule of the same person dropped later, and one of somebody else. */
static void next_is_fair(void **state)
{
	struct fixture *f = *state;
	char batch[4][ID_LEN + 1], single[ID_LEN + 1], other[ID_LEN + 1];
	struct job j;
	int running, of_owner;
	for (int i = 0; i < 4; i++) {
		_cleanup_free_ char *name = xasprintf("part%d", i);
		add_shared(f->q, name, "ann", 7, batch[i]);
	}
	add_shared(f->q, "single", "ann", 0, single);
	add_shared(f->q, "other", "bob", 0, other);
	const char *order[] = { batch[0], other, single, batch[1], batch[2] };
	static const int had[] = { 0, 0, 0, 1, 2 }, owned[] = { 0, 0, 1, 2, 3 };
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		assert_int_equal(queue_job_next(f->q, &j, &running, &of_owner), 0);
		assert_string_equal(j.id, order[i]);
		assert_int_equal(running, had[i]);
		assert_int_equal(of_owner, owned[i]);
		assert_int_equal(queue_set_job_state(f->q, &j, JOB_EV_START, NULL, NULL), 0);
		job_release(&j);
	}
	/* An urgent one of the batch has nothing before it that is as urgent. */
	char urgent[ID_LEN + 1];
	add_shared(f->q, "urgent", "ann", 7, urgent);
	assert_int_equal(queue_job_get(f->q, urgent, &j), 0);
	j.priority = 5;
	assert_int_equal(queue_job_set_options(f->q, &j), 0);
	job_release(&j);
	assert_int_equal(queue_job_next(f->q, &j, &running, &of_owner), 0);
	assert_string_equal(j.id, urgent);
	assert_int_equal(running, 0);
	assert_int_equal(of_owner, 0);
	job_release(&j);
}

/* On a share where all are one user: what came together shares the machine with what came
 * a while later. */
static void files_that_came_together_share(void **state)
{
	struct fixture *f = *state;
	char many[5][ID_LEN + 1], late[2][ID_LEN + 1];
	struct job j;
	int running, of_owner;
	for (int i = 0; i < 5; i++) {
		_cleanup_free_ char *name = xasprintf("many%d", i);
		add_shared_at(f->q, name, "door", 0, 1000 + 50 * i, many[i]);
	}
	add_shared_at(f->q, "late0", "door", 0, 1500, late[0]);
	add_shared_at(f->q, "late1", "door", 0, 1510, late[1]);
	const char *order[] = { many[0], late[0], many[1], late[1], many[2], many[3], many[4] };
	static const int had[] = { 0, 0, 1, 1, 2, 3, 4 };
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		assert_int_equal(queue_job_next(f->q, &j, &running, &of_owner), 0);
		assert_string_equal(j.id, order[i]);
		assert_int_equal(running, had[i]);
		assert_int_equal(queue_set_job_state(f->q, &j, JOB_EV_START, NULL, NULL), 0);
		job_release(&j);
	}
}

/* Of whom nothing runs comes first, also when somebody with less in all has more waiting. */
static void new_ones_are_not_hidden(void **state)
{
	struct fixture *f = *state;
	char ann[6][ID_LEN + 1], bob[5][ID_LEN + 1], single[ID_LEN + 1];
	struct job j;
	int running, of_owner;
	for (int i = 0; i < 6; i++) {
		_cleanup_free_ char *a = xasprintf("ann%d", i), *b = xasprintf("bob%d", i);
		add_shared(f->q, a, "ann", 7, ann[i]);
		if (i < 5)
			add_shared(f->q, b, "bob", 8, bob[i]);
	}
	/* Five of ann's and three of bob's run. */
	for (int i = 0; i < 8; i++) {
		assert_int_equal(queue_job_get(f->q, i < 5 ? ann[i] : bob[i - 5], &j), 0);
		assert_int_equal(queue_set_job_state(f->q, &j, JOB_EV_START, NULL, NULL), 0);
		job_release(&j);
	}
	add_shared(f->q, "single", "ann", 0, single);
	assert_int_equal(queue_job_next(f->q, &j, &running, &of_owner), 0);
	assert_string_equal(j.id, single);
	assert_int_equal(running, 0);
	job_release(&j);
}

static void find_takes_prefix_and_name(void **state)
{
	struct fixture *f = *state;
	char id[ID_LEN + 1], prefix[6] = "";
	struct job j;
	add_job(f->q, "benzene", 0, id);
	memcpy(prefix, id, 5);
	assert_int_equal(queue_job_find(f->q, prefix, &j), 0);
	assert_string_equal(j.id, id);
	job_release(&j);
	assert_int_equal(queue_job_find(f->q, "BENZENE", &j), 0);
	job_release(&j);
	assert_int_equal(queue_job_find(f->q, "toluene", &j), -ENOENT);
}

static void claims_are_found_until_removed(void **state)
{
	struct fixture *f = *state;
	char id[ID_LEN + 1] = "";
	assert_int_equal(queue_claim_find(f->q, "k", id), -ENOENT);
	assert_int_equal(queue_claim_add(f->q, "k", "0123456789ab", ""), 0);
	assert_int_equal(queue_claim_add(f->q, "k", "0123456789ab", ""), -EEXIST);
	assert_int_equal(queue_claim_find(f->q, "k", id), 0);
	assert_string_equal(id, "0123456789ab");
	assert_int_equal(queue_claim_remove(f->q, "k"), 0);
	assert_int_equal(queue_claim_find(f->q, "k", id), -ENOENT);
}

static void need(struct queue *q, const char *key, long long row, int ord)
{
	struct step s;
	step_init(&s);
	snprintf(s.key, sizeof(s.key), "%s", key);
	s.kind = xstrdup("xtb");
	s.label = xstrdup("label");
	assert_int_equal(queue_step_need(q, &s, row, "rank", ord), 0);
	step_release(&s);
}

static int count_step(const struct step *s, const char *stage, void *arg)
{
	assert_string_equal(s->kind, "xtb");
	assert_non_null(stage);
	++*(int *)arg;
	return 0;
}

static int sum_row(long long row, void *arg)
{
	*(long long *)arg += row;
	return 0;
}

static int attempts_of(struct queue *q, const char *key)
{
	struct step s;
	assert_int_equal(queue_step_get(q, key, &s), 0);
	int n = s.attempts;
	step_release(&s);
	return n;
}

static int count_gave_up(const char *key, const char *cause, const char *detail, void *arg)
{
	assert_string_equal(key, "key1");
	assert_string_equal(cause, "timeout");
	assert_string_equal(detail, "words");
	++*(int *)arg;
	return 0;
}

/* A job that went on without a step stays so when another one has it run again. */
static void a_failure_is_a_jobs_own(void **state)
{
	struct fixture *f = *state;
	struct job a, b;
	struct step s;
	int n = 0;
	fill_job(&a, "one", 0);
	fill_job(&b, "two", 0);
	assert_int_equal(queue_job_add(f->q, &a), 0);
	assert_int_equal(queue_job_add(f->q, &b), 0);
	step_init(&s);
	snprintf(s.key, sizeof(s.key), "key1");
	s.kind = xstrdup("crest");
	s.label = xstrdup("search");
	assert_int_equal(queue_step_need(f->q, &s, a.row, "conformers", 0), 0);
	assert_true(queue_step_is_of_job(f->q, "key1", a.row) && !queue_step_is_of_job(f->q, "key1", b.row));
	assert_int_equal(queue_step_gave_up(f->q, "key1", a.row), 0);
	assert_int_equal(queue_step_each_gave_up(f->q, a.row, count_gave_up, &n), 0);
	assert_int_equal(n, 0);          /* it has not failed */
	assert_int_equal(queue_step_start(f->q, "key1", 1), 0);
	assert_int_equal(queue_step_finish(f->q, "key1", STEP_FAILED, "timeout", "words", 1, 1), 0);
	assert_int_equal(queue_step_gave_up(f->q, "key1", a.row), 0);
	assert_int_equal(queue_step_need(f->q, &s, b.row, "conformers", 0), 0);
	assert_int_equal(queue_step_reopen(f->q, "key1"), 0);
	step_release(&s);
	step_init(&s);
	assert_int_equal(queue_step_get(f->q, "key1", &s), 0);
	assert_int_equal(s.state, STEP_READY);
	assert_int_equal(s.attempts, 0);
	assert_int_equal(queue_step_finish(f->q, "key1", STEP_DONE, NULL, NULL, 1, 1), 0);
	assert_int_equal(queue_step_gave_up(f->q, "key1", b.row), 0);
	assert_int_equal(queue_step_each_gave_up(f->q, b.row, count_gave_up, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(queue_step_each_gave_up(f->q, a.row, count_gave_up, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(queue_job_hope_again(f->q, a.row), 0);
	assert_int_equal(queue_step_each_gave_up(f->q, a.row, count_gave_up, &n), 0);
	assert_int_equal(n, 1);
	step_release(&s);
	job_release(&a);
	job_release(&b);
}

static void jobs_share_a_step(void **state)
{
	struct fixture *f = *state;
	char a[ID_LEN + 1], b[ID_LEN + 1];
	struct job ja, jb;
	struct step s;
	add_job(f->q, "a", 0, a);
	add_job(f->q, "b", 0, b);
	assert_int_equal(queue_job_get(f->q, a, &ja), 0);
	assert_int_equal(queue_job_get(f->q, b, &jb), 0);
	queue_set_job_state(f->q, &ja, JOB_EV_START, NULL, NULL);
	queue_set_job_state(f->q, &jb, JOB_EV_START, NULL, NULL);
	need(f->q, "key1", ja.row, 0);
	need(f->q, "key1", ja.row, 0);
	need(f->q, "key1", jb.row, 4);
	int n = 0;
	long long rows = 0;
	assert_int_equal(queue_step_each_waiting(f->q, STEP_READY, 0, count_step, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(queue_step_each_job(f->q, "key1", sum_row, &rows), 0);
	assert_int_equal(rows, ja.row + jb.row);
	assert_int_equal(queue_step_start(f->q, "key1", 2), 0);
	assert_int_equal(queue_step_finish(f->q, "key1", STEP_FAILED, "scf", "words", 2.5, 5), 0);
	assert_int_equal(queue_step_get(f->q, "key1", &s), 0);
	assert_int_equal(s.state, STEP_FAILED);
	assert_string_equal(s.cause, "scf");
	assert_int_equal(s.attempts, 1);
	step_release(&s);
	assert_int_equal(queue_step_reset(f->q, "key1"), 0);
	assert_int_equal(queue_step_start(f->q, "key1", 2), 0);
	assert_int_equal(attempts_of(f->q, "key1"), 2);
	assert_int_equal(queue_step_uncount(f->q, "key1"), 0);
	assert_int_equal(attempts_of(f->q, "key1"), 1);
	assert_int_equal(queue_step_start(f->q, "key1", 2), 0);
	assert_int_equal(queue_step_recount(f->q, "key1"), 0);
	assert_int_equal(attempts_of(f->q, "key1"), 1);
	assert_int_equal(queue_step_reset(f->q, "key1"), 0);
	assert_int_equal(queue_step_recount(f->q, "key1"), 0);
	assert_int_equal(queue_step_uncount(f->q, "key1"), 0);
	assert_int_equal(attempts_of(f->q, "key1"), 0);
	/* A cancelled job does not wait any more. */
	queue_set_job_state(f->q, &ja, JOB_EV_CANCEL, NULL, NULL);
	rows = 0;
	queue_step_each_job(f->q, "key1", sum_row, &rows);
	assert_int_equal(rows, jb.row);
	job_release(&ja);
	job_release(&jb);
}

static void input_of(struct queue *q, const char *id, char *ret, size_t n)
{
	_cleanup_(job_release) struct job j;
	job_init(&j);
	assert_int_equal(queue_job_get(q, id, &j), 0);
	snprintf(ret, n, "%s", j.input);
}

/* The record lay in a step that a power cut has spoilt. */
static void a_file_is_read_again(void **state)
{
	struct fixture *f = *state;
	char id[2][ID_LEN + 1], input[200], key[65], record[100];
	memset(key, 'a', 64);
	key[64] = '\0';
	snprintf(record, sizeof(record), "steps/aa/%s/rec-1.sdf", key);
	for (int i = 0; i < 2; i++) {
		struct job j;
		fill_job(&j, i ? "batch/1-x" : "x", 0);
		j.batch_row = i;
		j.input = xstrdup(record);
		assert_int_equal(queue_job_add(f->q, &j), 0);
		memcpy(id[i], j.id, sizeof(j.id));
		need(f->q, key, j.row, 0);
		job_release(&j);
	}
	assert_int_equal(queue_job_reread(f->q, "bbbb"), 0);
	input_of(f->q, id[0], input, sizeof(input));
	assert_string_equal(input, record);
	assert_int_equal(queue_job_reread(f->q, key), 0);
	input_of(f->q, id[0], input, sizeof(input));
	_cleanup_free_ char *own = xasprintf("intake/%s/structure", id[0]);
	assert_string_equal(input, own);
	/* A record of a batch has no file of its own. */
	input_of(f->q, id[1], input, sizeof(input));
	assert_string_equal(input, record);
}

static int count_job(const struct job *j, void *arg)
{
	assert_non_null(j->outname);
	++*(int *)arg;
	return 0;
}

static void listings_filter(void **state)
{
	struct fixture *f = *state;
	char id[ID_LEN + 1];
	int n = 0;
	add_job(f->q, "a%b", 0, id);
	add_job(f->q, "axb", 0, id);
	queue_job_each(f->q, &(struct job_filter){ .text = "a%b" }, count_job, &n);
	assert_int_equal(n, 1);
	n = 0;
	queue_job_each(f->q, &(struct job_filter){ .states = 1u << JOB_QUEUED, .oldest_first = true }, count_job, &n);
	assert_int_equal(n, 2);
	n = 0;
	queue_job_each(f->q, &(struct job_filter){ .oldest_first = true }, count_job, &n);
	assert_int_equal(n, 2);
	n = 0;
	queue_job_each(f->q, &(struct job_filter){ .states = 1u << JOB_DONE }, count_job, &n);
	assert_int_equal(n, 0);
	n = 0;
	queue_job_each(f->q, &(struct job_filter){ .limit = 1 }, count_job, &n);
	assert_int_equal(n, 1);
}

static void batches_count_their_jobs(void **state)
{
	struct fixture *f = *state;
	struct batch b, got;
	struct job j;
	batch_init(&b);
	memcpy(b.id, "0123456789ab", ID_LEN + 1);
	b.name = xstrdup("set");
	b.outname = xstrdup("set");
	b.total = 2;
	assert_int_equal(queue_batch_add(f->q, &b), 0);
	fill_job(&j, "set/1-a", 0);
	j.batch_row = b.row;
	j.record = 1;
	assert_int_equal(queue_job_add(f->q, &j), 0);
	job_release(&j);
	assert_int_equal(queue_batch_find(f->q, "set", &got), 0);
	assert_int_equal(got.count[JOB_QUEUED], 1);
	batch_release(&got);
	batch_release(&b);
}

static int note_sentence(const char *sentence, void *arg)
{
	buf_addf(arg, "%s\n", sentence);
	return 0;
}

/* While a file is split there are the batch and the job of the same id that makes its jobs. */
static void a_batch_knows_what_is_not_made_yet(void **state)
{
	struct fixture *f = *state;
	_cleanup_(buf_release) struct buf words = BUF_INIT;
	struct batch b, got;
	struct job maker, part;
	fill_job(&maker, "set", 0);
	assert_int_equal(queue_job_add(f->q, &maker), 0);
	batch_init(&b);
	memcpy(b.id, maker.id, ID_LEN + 1);
	b.name = xstrdup("set");
	b.outname = xstrdup("set");
	b.total = b.unmade = 3;
	assert_int_equal(queue_batch_add(f->q, &b), 0);
	fill_job(&part, "set/1-a", 0);
	part.batch_row = b.row;
	assert_int_equal(queue_job_add(f->q, &part), 0);
	b.unmade = 2;
	assert_int_equal(queue_batch_set_unmade(f->q, &b), 0);
	assert_int_equal(queue_batch_by_id(f->q, maker.id, &got), 0);
	assert_int_equal(got.total, 3);
	assert_int_equal(got.unmade, 2);
	batch_release(&got);
	assert_int_equal(queue_batch_by_id(f->q, part.id, &got), -ENOENT);
	assert_int_equal(queue_check_rows(f->q, note_sentence, &words), 0);
	assert_string_equal(words.s, "");
	/* Without its maker it gets no more; a loss that nobody decided is told. */
	assert_int_equal(queue_job_delete(f->q, maker.row), 0);
	assert_int_equal(queue_batch_get(f->q, b.row, &got), 0);
	assert_int_equal(got.unmade, 0);
	batch_release(&got);
	assert_int_equal(queue_batch_set_unmade(f->q, &b), 0);
	assert_int_equal(queue_check_rows(f->q, note_sentence, &words), 0);
	assert_non_null(strstr(words.s, "lacks 2 records"));
	assert_int_equal(queue_mend_rows(f->q), 0);
	buf_clear(&words);
	assert_int_equal(queue_check_rows(f->q, note_sentence, &words), 0);
	assert_string_equal(words.s, "");
	job_release(&maker);
	assert_int_equal(queue_job_get(f->q, b.id, &maker), 0);
	assert_null(maker.input);
	assert_non_null(strstr(maker.reason, "the last 2 were lost"));
	job_release(&maker);
	job_release(&part);
	batch_release(&b);
}

/* What an outer transaction did before is gone with an inner part: it must not go on as
 * if it were there. */
static void an_inner_rollback_undoes_all(void **state)
{
	struct fixture *f = *state;
	char id[ID_LEN + 1];
	assert_int_equal(queue_begin(f->q), 0);
	assert_int_equal(queue_claim_add(f->q, "one", "0123456789ab", ""), 0);
	assert_int_equal(queue_begin(f->q), 0);
	queue_rollback(f->q);
	assert_int_equal(queue_claim_add(f->q, "two", "0123456789ab", ""), 0);
	assert_int_equal(queue_commit(f->q), -ECANCELED);
	assert_int_equal(queue_claim_find(f->q, "one", id), -ENOENT);
	assert_int_equal(queue_claim_find(f->q, "two", id), -ENOENT);
	assert_int_equal(queue_begin(f->q), 0);
	assert_int_equal(queue_claim_add(f->q, "two", "0123456789ab", ""), 0);
	assert_int_equal(queue_commit(f->q), 0);
	assert_int_equal(queue_claim_find(f->q, "two", id), 0);
}

static void rollback_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	char id[ID_LEN + 1];
	struct job j;
	assert_int_equal(queue_begin(f->q), 0);
	add_job(f->q, "x", 0, id);
	queue_rollback(f->q);
	assert_int_equal(queue_job_get(f->q, id, &j), -ENOENT);
}

static void readers_see_commits_and_survive_the_writer(void **state)
{
	struct fixture *f = *state;
	struct queue *r;
	char *error = NULL, id[ID_LEN + 1];
	struct job j;
	assert_int_equal(queue_open_readonly(f->path, &r, &error), 0);
	long long before = queue_data_version(r);
	add_job(f->q, "x", 0, id);
	assert_true(queue_data_version(r) != before);
	assert_int_equal(queue_job_get(r, id, &j), 0);
	assert_true(queue_set_job_state(r, &j, JOB_EV_START, NULL, NULL) < 0);
	job_release(&j);
	queue_close(f->q);
	f->q = NULL;
	queue_close(r);
	assert_int_equal(queue_open_readonly(f->path, &r, &error), 0);
	assert_int_equal(queue_job_get(r, id, &j), 0);
	job_release(&j);
	queue_close(r);
}

static void a_newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;
	struct queue *q;
	char *error = NULL;
	sqlite3 *db;
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=999", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(queue_open(f->path, &q, &error), -EPROTO);
	assert_non_null(strstr(error, "newer"));
	free(error);
}

static int note_key(const char *key, void *arg)
{
	strncat(arg, key, 1);
	return 0;
}

static int note_job(const struct job *j, void *arg)
{
	strcat(arg, j->outname);
	strcat(arg, " ");
	return 0;
}

/* A queue of an older version, made by its own SQL; who only reads is told. */
static void make_old(const char *path, const char *file)
{
	_cleanup_(buf_release) struct buf sql = BUF_INIT;
	_cleanup_free_ char *error = NULL;
	struct queue *q;
	sqlite3 *db;
	assert_int_equal(file_read(file, 1 << 20, &sql), 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql.s, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(queue_open_readonly(path, &q, &error), -EPROTO);
	assert_non_null(strstr(error, "older schema"));
}

/* What the first version had is all there. */
static void version_1_is_migrated(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = xasprintf("%s/old.db", f->dir);
	char *error = NULL, found[8] = "";
	struct queue *q;
	struct job j;
	int running, of_owner;
	struct batch b;
	make_old(path, TEST_DIR "/data/queue-1.sql");
	for (int again = 0; again < 2; again++) {
		char last[65] = "x";
		assert_int_equal(queue_open(path, &q, &error), 0);
		assert_int_equal(queue_job_get(q, "000000000001", &j), 0);
		assert_string_equal(j.outname, "old");
		assert_int_equal(j.state, JOB_DONE);
		job_release(&j);
		assert_int_equal(queue_job_next(q, &j, &running, &of_owner), 0);
		assert_string_equal(j.outname, "two/1-one");
		job_release(&j);
		batch_init(&b);
		assert_int_equal(queue_batch_get(q, 1, &b), 0);
		assert_int_equal(b.count[JOB_QUEUED], 2);
		assert_int_equal(b.unmade, 0);
		batch_release(&b);
		/* The step with the records is held by the jobs that need them. */
		found[0] = '\0';
		assert_int_equal(queue_keep_each_step(q, 1e9, "", 10, note_key, found, last), 0);
		assert_string_equal(found, "b");
		assert_string_equal(last, "");
		queue_close(q);
	}
}

/* What there was stays as it was, and there is room for notices. */
static void version_7_is_migrated(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = xasprintf("%s/old.db", f->dir);
	char *error = NULL, id[ID_LEN + 1] = "";
	struct queue *q;
	struct job j;
	int n = -1;
	long long row = 0;
	make_old(path, TEST_DIR "/data/queue-7.sql");
	for (int again = 0; again < 2; again++) {
		int count[JOB_STATE_COUNT];
		struct notice one = { .kind = "mail", .target = "a@b", .event = "job-done", .about = "x", .body = "y" };
		assert_int_equal(queue_open(path, &q, &error), 0);
		assert_int_equal(queue_job_counts(q, count), 0);
		assert_int_equal(count[JOB_DONE], 2);
		assert_int_equal(count[JOB_RUNNING], 1);
		assert_int_equal(queue_claim_find(q, "k", id), 0);
		assert_string_equal(id, "000000000001");
		assert_int_equal(queue_job_get(q, "000000000003", &j), 0);
		assert_string_equal(json_str(json_object_get(j.options, "notify"), "value", ""), "a@example.org");
		assert_int_equal(queue_batch_outermost(q, &j, &row), 0);
		assert_int_equal(row, 1);
		assert_false(queue_batch_has_ended(q, row));
		job_release(&j);
		assert_int_equal(queue_notice_count(q, "mail", &n, NULL, NULL), again > 0);
		assert_int_equal(n, again);
		assert_int_equal(queue_notice_add(q, &one), 0);
		queue_close(q);
	}
}

static void notices_wait_until_they_are_removed(void **state)
{
	struct fixture *f = *state;
	struct notice n, a = { .kind = "mail", .target = "a@b", .event = "job-done", .about = "x", .body = "one" },
			 b = { .kind = "mail", .target = "c@d", .event = "job-done", .about = "x", .body = "two" };
	char *error = NULL;
	double due, now = 0;
	int many, tried;
	assert_int_equal(queue_notice_next(f->q, "mail", 1e12, 1e6, &n), -ENOENT);
	assert_int_equal(queue_notice_due(f->q, "mail", &due), -ENOENT);
	assert_int_equal(queue_notice_add(f->q, &a), 0);
	assert_int_equal(queue_notice_add(f->q, &b), 0);
	assert_int_equal(queue_notice_due(f->q, "mail", &now), 0);
	now += 1;
	assert_int_equal(queue_notice_next(f->q, "hook", now, 1e6, &n), -ENOENT);
	assert_int_equal(queue_notice_next(f->q, "mail", now, 1e6, &n), 0);
	assert_string_equal(n.body, "one");
	assert_string_equal(n.target, "a@b");
	assert_int_equal(queue_notice_later(f->q, n.row, now + 60, "no answer"), 0);
	notice_release(&n);
	assert_int_equal(queue_notice_next(f->q, "mail", now, 1e6, &n), 0);
	assert_string_equal(n.body, "two");
	assert_int_equal(queue_notice_remove(f->q, n.row), 0);
	notice_release(&n);
	assert_int_equal(queue_notice_next(f->q, "mail", now, 1e6, &n), -ENOENT);
	assert_int_equal(queue_notice_due(f->q, "mail", &due), 0);
	assert_true(due > now + 59 && due < now + 61);
	assert_true(queue_notice_count(f->q, "mail", &many, &tried, &error));
	assert_int_equal(many + 10 * tried, 11);
	assert_string_equal(error, "no answer");
	free(error);
	/* The clock was set back: it does not wait for years. */
	assert_int_equal(queue_notice_next(f->q, "mail", now - 1e8, 1e6, &n), 0);
	assert_int_equal(n.tries, 1);
	notice_release(&n);
	assert_int_equal(queue_notice_drop(f->q, "mail", &many), 0);
	assert_int_equal(many, 1);
	assert_false(queue_notice_count(f->q, "mail", &many, &tried, &error));
}

static void end_of_part(struct queue *q, long long batch_row, const char *outname, struct job *j)
{
	fill_job(j, outname, 0);
	j->batch_row = batch_row;
	assert_int_equal(queue_job_add(q, j), 0);
}

/* A batch in a batch, and the job that still makes the outer one. */
static void a_batch_ends_with_its_last_job(void **state)
{
	struct fixture *f = *state;
	struct batch out = { .name = xstrdup("o"), .outname = xstrdup("o"), .total = 2 }, in = out;
	struct job maker, a, b, alone;
	long long row = 0;
	end_of_part(f->q, 0, "o", &maker);
	memcpy(out.id, maker.id, sizeof(out.id));
	assert_int_equal(queue_batch_add(f->q, &out), 0);
	id_new(in.id);
	in.parent_row = out.row;
	assert_int_equal(queue_batch_add(f->q, &in), 0);
	end_of_part(f->q, out.row, "o/1", &a);
	end_of_part(f->q, in.row, "o/2/1", &b);
	end_of_part(f->q, 0, "alone", &alone);
	const struct job *parts[] = { &a, &b, &maker };
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		row = 0;
		assert_int_equal(queue_batch_outermost(f->q, parts[i], &row), 0);
		assert_int_equal(row, out.row);
	}
	assert_int_equal(queue_batch_outermost(f->q, &alone, &row), -ENOENT);
	struct job *order[] = { &a, &maker, &b };
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		assert_false(queue_batch_has_ended(f->q, out.row));
		assert_int_equal(queue_set_job_state(f->q, order[i], JOB_EV_CANCEL, NULL, NULL), 0);
	}
	assert_true(queue_batch_has_ended(f->q, out.row));
	struct job *all[] = { &a, &b, &maker, &alone };
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		job_release(all[i]);
	batch_release(&out);
}

static void set_finished(struct fixture *f, const char *id, double when)
{
	_cleanup_free_ char *sql = xasprintf("UPDATE job SET finished=%f WHERE id='%s'", when, id);
	sqlite3 *db;
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void end_job(struct queue *q, const char *id, enum job_event e)
{
	struct job j;
	assert_int_equal(queue_job_get(q, id, &j), 0);
	assert_int_equal(queue_set_job_state(q, &j, JOB_EV_START, NULL, NULL), 0);
	if (e == JOB_EV_FINISH)
		assert_int_equal(queue_set_job_state(q, &j, JOB_EV_PUBLISH, NULL, NULL), 0);
	assert_int_equal(queue_set_job_state(q, &j, e, NULL, NULL), 0);
	job_release(&j);
}

static void old_jobs_are_found_until_settled(void **state)
{
	struct fixture *f = *state;
	char a[ID_LEN + 1], b[ID_LEN + 1], c[ID_LEN + 1], live[ID_LEN + 1], found[128] = "";
	struct job j;
	add_job(f->q, "newer", 0, a);
	add_job(f->q, "older", 0, b);
	add_job(f->q, "failed", 0, c);
	add_job(f->q, "live", 0, live);
	end_job(f->q, a, JOB_EV_FINISH);
	end_job(f->q, b, JOB_EV_FINISH);
	end_job(f->q, c, JOB_EV_FAIL);
	set_finished(f, a, 2000);
	set_finished(f, b, 1000);
	set_finished(f, c, 500);
	assert_int_equal(queue_keep_each(f->q, JOB_DONE, 3000, 10, note_job, found), 0);
	assert_string_equal(found, "older newer ");
	found[0] = '\0';
	assert_int_equal(queue_keep_each(f->q, JOB_DONE, 1500, 10, note_job, found), 0);
	assert_string_equal(found, "older ");
	found[0] = '\0';
	assert_int_equal(queue_keep_each_row(f->q, 3000, 10, note_job, found), 0);
	assert_string_equal(found, "failed older newer ");
	assert_int_equal(queue_job_get(f->q, b, &j), 0);
	assert_int_equal(queue_job_settle(f->q, j.row), 0);
	found[0] = '\0';
	assert_int_equal(queue_keep_each(f->q, JOB_DONE, 3000, 10, note_job, found), 0);
	assert_string_equal(found, "newer ");
	/* Published again, it counts again. */
	assert_int_equal(queue_set_job_state(f->q, &j, JOB_EV_REPUBLISH, NULL, NULL), 0);
	assert_int_equal(queue_set_job_state(f->q, &j, JOB_EV_FINISH, NULL, NULL), 0);
	set_finished(f, b, 1000);
	found[0] = '\0';
	assert_int_equal(queue_keep_each(f->q, JOB_DONE, 1500, 10, note_job, found), 0);
	assert_string_equal(found, "older ");
	job_release(&j);
}

static void steps_are_kept_while_somebody_rests_on_them(void **state)
{
	struct fixture *f = *state;
	char done[ID_LEN + 1], live[ID_LEN + 1], found[16] = "", last[65];
	struct job j, k;
	add_job(f->q, "done", 0, done);
	add_job(f->q, "live", 0, live);
	assert_int_equal(queue_job_get(f->q, done, &j), 0);
	assert_int_equal(queue_job_get(f->q, live, &k), 0);
	need(f->q, "a", j.row, 0);               /* of the ended job alone */
	need(f->q, "b", j.row, 1);               /* of both */
	need(f->q, "b", k.row, 0);
	need(f->q, "c", k.row, 1);               /* of the other alone */
	need(f->q, "d", j.row, 2);               /* runs */
	assert_int_equal(queue_step_start(f->q, "d", 1), 0);
	end_job(f->q, done, JOB_EV_FINISH);
	set_finished(f, done, 1000);
	assert_int_equal(queue_keep_each_step(f->q, 4e9, "", 10, note_key, found, last), 0);
	assert_string_equal(found, "a");
	/* In slices; and the time of the last use counts. */
	found[0] = '\0';
	assert_int_equal(queue_keep_each_step(f->q, 4e9, "", 2, note_key, found, last), 0);
	assert_string_equal(last, "b");
	assert_int_equal(queue_keep_each_step(f->q, 4e9, last, 2, note_key, found, last), 0);
	assert_string_equal(found, "a");
	set_finished(f, done, 5e9);
	found[0] = '\0';
	assert_int_equal(queue_keep_each_step(f->q, 4e9, "", 10, note_key, found, last), 0);
	assert_string_equal(found, "");
	job_release(&j);
	job_release(&k);
}

static void a_damaged_row_is_named_and_mended(void **state)
{
	struct fixture *f = *state;
	char id[ID_LEN + 1], other[ID_LEN + 1];
	struct job j;
	int n = -1;
	add_job(f->q, "poison", 0, id);
	add_job(f->q, "options", 0, other);
	sqlite3 *db;
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE job SET state=-3 WHERE outname='poison';"
					  "UPDATE job SET options='[1' WHERE outname='options'", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(queue_job_get(f->q, other, &j), 0);
	assert_string_equal(j.damage, "its options cannot be read");
	job_release(&j);
	assert_int_equal(queue_job_get(f->q, id, &j), 0);
	assert_non_null(j.damage);
	assert_non_null(job_state_to_string(j.state));
	job_release(&j);
	assert_int_equal(queue_job_mend_states(f->q, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(queue_job_get(f->q, id, &j), 0);
	assert_null(j.damage);
	assert_null(j.input);
	assert_int_equal(j.state, JOB_QUEUED);
	assert_non_null(strstr(j.reason, "-3"));
	job_release(&j);
}

static void exec_sql(const char *path, const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void foreign_rows_are_found_and_mended(void **state)
{
	struct fixture *f = *state;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	char id[ID_LEN + 1];
	struct job j;
	add_job(f->q, "a", 0, id);
	assert_int_equal(queue_job_get(f->q, id, &j), 0);
	need(f->q, "good", j.row, 0);
	assert_int_equal(queue_claim_add(f->q, "claimed", id, ""), 0);
	assert_int_equal(queue_check_rows(f->q, note_sentence, &b), 0);
	assert_string_equal(b.s, "");
	exec_sql(f->path, "INSERT INTO job_step(job_row,key,stage,ord) VALUES(77,'good','rank',0);INSERT INTO job_step(job_row,key,stage,ord) VALUES(1,'nothing','rank',0);"
			  "INSERT INTO claim(key,job_id,created) VALUES('x','ffffffffffff',0);UPDATE job SET batch_row=5");
	assert_int_equal(queue_check_rows(f->q, note_sentence, &b), 0);
	const char *const words[] = { "no row (77)", "nothing..., which has no row", "ffffffffffff, which has no row", "no row (5)" };
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_non_null(strstr(b.s, words[i]));
	assert_int_equal(queue_mend_rows(f->q), 0);
	buf_clear(&b);
	assert_int_equal(queue_check_rows(f->q, note_sentence, &b), 0);
	assert_string_equal(b.s, "");
	assert_true(queue_step_is_held(f->q, "good"));
	char other[ID_LEN + 1];
	assert_int_equal(queue_claim_find(f->q, "claimed", other), 0);
	job_release(&j);
}

/* Fills some pages, then puts rubbish over one leaf of the table of jobs. */
static int fill_and_damage(struct fixture *f, const char *word)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	int hit = 0;
	for (int i = 0; i < 100; i++) {
		char id[ID_LEN + 1];
		_cleanup_free_ char *name = xasprintf("job%03d", i);
		add_job(f->q, name, 0, id);
	}
	need(f->q, "step", 1, 0);
	queue_close(f->q);
	f->q = NULL;
	exec_sql(f->path, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(file_read(f->path, 1 << 24, &b), 0);
	for (size_t at = 4096; at < b.len && word; at += 4096)
		if (b.s[at] == 13 && memmem(b.s + at, 4096, word, strlen(word)) && memmem(b.s + at, 4096, "a/b.smi", 7)) {
			memset(b.s + at, 0xff, 4096);
			hit++;
		}
	assert_int_equal(file_write(f->path, b.s, b.len, 0644), 0);
	return hit;
}

static void readable_rows_are_saved(void **state)
{
	struct fixture *f = *state;
	struct queue_saved saved[QUEUE_TABLES];
	_cleanup_free_ char *to = xasprintf("%s/new.db", f->dir);
	_cleanup_free_ char *wal = xasprintf("%s-wal", to);
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	char *error = NULL;
	int count[JOB_STATE_COUNT];
	struct queue *q;
	struct job j;
	assert_int_equal(fill_and_damage(f, "job050"), 1);
	assert_int_equal(queue_open_for_check(f->path, &q, &error), 0);
	assert_true(queue_check_file(q, note_sentence, &b) < 0 || b.len > 0);
	queue_close(q);
	assert_int_equal(queue_salvage(f->path, to, saved, &error), 0);
	assert_string_equal(saved[0].table, "job");
	assert_true(saved[0].damaged && saved[0].rows < 100 && saved[0].rows > 50);
	/* Both sides of the damage, and nothing else is missing. */
	assert_true(saved[0].first < 51 && saved[0].last > 51);
	assert_int_equal(saved[0].rows, 100 - (saved[0].last - saved[0].first - 1));
	assert_false(saved[2].damaged);
	assert_false(file_exists(wal));
	assert_int_equal(queue_open(to, &q, &error), 0);
	buf_clear(&b);
	assert_int_equal(queue_check_file(q, note_sentence, &b), 0);
	assert_string_equal(b.s, "");
	assert_int_equal(queue_job_counts(q, count), 0);
	assert_int_equal(count[JOB_QUEUED], saved[0].rows);
	assert_int_equal(queue_job_find(q, "job099", &j), 0);
	assert_int_equal(j.row, 100);
	job_release(&j);
	assert_true(queue_step_is_held(q, "step"));
	queue_close(q);
}

static bool never(_unused_ const char *key, _unused_ void *arg) { return false; }

static void a_backup_is_one_file_of_one_moment(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *to = xasprintf("%s/copy.db", f->dir);
	_cleanup_free_ char *wal = xasprintf("%s-wal", to);
	char id[ID_LEN + 1], later[ID_LEN + 1], *error = NULL;
	struct queue *reader, *q;
	struct job j;
	add_job(f->q, "before", 0, id);
	need(f->q, "s", 1, 0);
	assert_int_equal(queue_step_adopt(f->q, "s"), 1);
	assert_int_equal(queue_open_readonly(f->path, &reader, &error), 0);
	assert_int_equal(queue_begin(f->q), 0);      /* the writer is at work */
	add_job(f->q, "after", 0, later);
	assert_int_equal(queue_backup(reader, to, &error), 0);
	assert_int_equal(queue_commit(f->q), 0);
	queue_close(reader);
	assert_false(file_exists(wal));
	assert_int_equal(queue_open_readonly(to, &q, &error), 0);
	assert_int_equal(queue_job_get(q, id, &j), 0);
	job_release(&j);
	assert_int_equal(queue_job_get(q, later, &j), -ENOENT);
	assert_true(queue_step_is_held(q, "s"));
	queue_close(q);
	assert_int_equal(queue_backup_trim(to, never, NULL, &error), 0);
	assert_int_equal(queue_open_readonly(to, &q, &error), 0);
	assert_false(queue_step_is_held(q, "s"));
	queue_close(q);
}

static void damage_is_told(void **state)
{
	struct fixture *f = *state;
	struct queue *q;
	char *error = NULL;
	_cleanup_free_ char *bad = xasprintf("%s/bad.db", f->dir);
	static const char noise[] = "this is no database, it is a text that is long enough to be read as one page";
	assert_int_equal(file_write(bad, noise, sizeof(noise), 0644), 0);
	assert_true(queue_open(bad, &q, &error) < 0);
	assert_non_null(strstr(error, bad));
	free(error);
}

static void requests_and_facts(void **state)
{
	struct fixture *f = *state;
	bool ok = true;
	char *words = NULL;
	assert_int_equal(queue_request_get(f->q, "u", &ok, &words), -ENOENT);
	assert_int_equal(queue_request_done(f->q, "u", "cancel", "x", false, "no such job"), 0);
	assert_int_equal(queue_request_get(f->q, "u", &ok, &words), 0);
	assert_false(ok);
	assert_string_equal(words, "no such job");
	free(words);
	assert_int_equal(queue_fact_set(f->q, "heartbeat", "1"), 0);
	assert_int_equal(queue_fact_set(f->q, "heartbeat", "2"), 0);
	assert_int_equal(queue_fact_get(f->q, "heartbeat", &words), 0);
	assert_string_equal(words, "2");
	free(words);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(job_comes_back_as_stored), T(names_are_unique_while_a_job_lives), T(states_follow_the_table),
		T(a_stale_copy_cannot_change_a_state), T(next_is_fair), T(next_is_urgent_then_old), T(find_takes_prefix_and_name),
		T(files_that_came_together_share), T(new_ones_are_not_hidden),
		T(claims_are_found_until_removed),
		T(jobs_share_a_step), T(a_failure_is_a_jobs_own),
		T(listings_filter),
		T(batches_count_their_jobs),
		T(a_batch_knows_what_is_not_made_yet),
		T(rollback_leaves_nothing),
		T(an_inner_rollback_undoes_all),
		T(readers_see_commits_and_survive_the_writer),
		T(a_newer_schema_is_refused),
		T(version_1_is_migrated),
		T(version_7_is_migrated),
		T(notices_wait_until_they_are_removed),
		T(a_batch_ends_with_its_last_job),
		T(a_file_is_read_again),
		T(old_jobs_are_found_until_settled), T(steps_are_kept_while_somebody_rests_on_them),
		T(a_damaged_row_is_named_and_mended), T(foreign_rows_are_found_and_mended),
		T(readable_rows_are_saved), T(a_backup_is_one_file_of_one_moment),
		T(damage_is_told), T(requests_and_facts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
