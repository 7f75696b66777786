/* The end of a run: what the supervisor says and what the program left become a result
 * or a cause. A finished step's folder gets its name by one rename after everything in
 * it is written. Never logs. */
#include "job/step-internal.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/statvfs.h>

void step_end_release(struct step_end *e)
{
	free(e->detail);
	*e = (struct step_end){ 0 };
}

static void set_end(struct step_end *e, enum verdict v, enum cause c, char *detail)
{
	step_end_release(e);
	*e = (struct step_end){ .verdict = v, .cause = c, .detail = detail };
}

/* Trouble of the machine, not of the program. */
static bool is_passing(int err)
{
	static const int those[] = { EAGAIN, EINTR, EIO, EMFILE, ENFILE, ENOMEM, ENOSPC, EDQUOT, ETXTBSY };
	for (size_t i = 0; i < ARRAY_SIZE(those); i++)
		if (err == those[i])
			return true;
	return false;
}

/* What the supervisor's record alone decides; false: read the output. */
static bool judge_record(const struct run_record *rec, struct step_end *e)
{
	switch (rec->reason) {
	case RUN_TIMEOUT:
		set_end(e, VERDICT_FAIL, CAUSE_TIMEOUT, NULL);
		return true;
	case RUN_MEMORY:
		set_end(e, VERDICT_FAIL, CAUSE_MEMORY, xasprintf("used %llu MB", (unsigned long long)(rec->max_rss >> 20)));
		return true;
	case RUN_STOPPED:
	case RUN_ORPHANED:
	case RUN_LOST:
		set_end(e, VERDICT_RETRY, CAUSE_TRUNCATED, xstrdup(run_reason_to_string(rec->reason)));
		return true;
	case RUN_NOT_STARTED:
		set_end(e, is_passing(rec->err) ? VERDICT_RETRY : VERDICT_FAIL,
			rec->err == ENOSPC ? CAUSE_DISK_FULL : CAUSE_OTHER,
			xasprintf("the program could not be started: %s", strerror(rec->err)));
		return true;
	default:
		return false;
	}
}

static void read_part(const char *dir, const char *name, struct buf *b)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	file_read(path, (size_t)1 << 28, b);
}

static char *last_words(const char *dir)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	_cleanup_free_ char *path = xasprintf("%s/stderr", dir);
	file_read_tail(path, 400, &b);
	char *s = str_trim(b.s);
	return *s ? xstrdup(s) : NULL;
}

/* "nmr-mol ended with status 1: words". Caller frees. */
static char *say_end(const char *dir, const char *program, const struct run_record *rec)
{
	_cleanup_free_ char *said = last_words(dir);
	return rec->reason == RUN_SIGNALLED ? xasprintf("%s died of signal %d", program, rec->signal)
					    : xasprintf("%s ended with status %d%s%s", program, rec->code, said ? ": " : "",
							said ? said : "");
}

/* Did somebody else end it? A shell and mpirun make 128 + signal of a signal. */
static bool was_ended(const struct run_record *rec)
{
	int signal = rec->reason == RUN_SIGNALLED ? rec->signal : rec->code - 128;
	return signal == SIGKILL || signal == SIGTERM || signal == SIGINT || signal == SIGHUP;
}

/* An output that just stops, of a program that died of a fault of its own: doing the same
 * again for hours helps no more than once. */
static void judge_crash(const char *dir, const char *program, const struct run_record *rec, struct step_end *e)
{
	if (e->verdict == VERDICT_OK || e->cause != CAUSE_TRUNCATED || !run_failed_by_itself(rec) || was_ended(rec))
		return;
	set_end(e, VERDICT_RETRY, CAUSE_OTHER, say_end(dir, program, rec));
	e->crashed = true;
}

static json_t *collect_program(const char *dir, const json_t *plan, const struct run_record *rec,
			       struct step_end *e)
{
	if (rec->reason != RUN_EXITED || rec->code != 0) {
		char *detail = say_end(dir, json_str(plan, "program", "?"), rec);
		/* Killed, or ended with everything else when the machine goes down. */
		bool ended = rec->reason == RUN_SIGNALLED && (rec->signal == SIGKILL || !run_failed_by_itself(rec));
		set_end(e, ended ? VERDICT_RETRY : VERDICT_FAIL, CAUSE_OTHER, detail);
		return NULL;
	}
	if (str_eq(json_str(plan, "kind", ""), "render"))
		return json_pack("{s:b}", "ok", 1);
	_cleanup_free_ char *path = xasprintf("%s/out.json", dir);
	json_t *j = NULL;
	int r = json_read_file(path, &j);
	if (r == -ENOENT || r == -EBADMSG)
		set_end(e, VERDICT_FAIL, CAUSE_OTHER, xstrdup("nmr-mol left no readable out.json"));
	else if (r < 0)
		set_end(e, VERDICT_RETRY, CAUSE_OTHER, xasprintf("out.json could not be read: %s", strerror(-r)));
	return j;
}

/* Of xtb and CREST: standard output and one file more. */
struct left { struct buf out, file; struct geometry g; };

static void left_release(struct left *l)
{
	buf_release(&l->out);
	buf_release(&l->file);
	geometry_release(&l->g);
}

static void left_read(struct left *l, const char *dir, const json_t *plan, const char *file)
{
	step_calc_geometry(json_object_get(plan, "calc"), &l->g);
	read_part(dir, "stdout", &l->out);
	if (file)
		read_part(dir, file, &l->file);
}

static json_t *collect_xtb(const struct lab *lab, const char *dir, const json_t *plan, struct step_end *e)
{
	_cleanup_(left_release) struct left l = { 0 };
	json_t *result = NULL;
	struct xtb_calc c = step_xtb_calc(lab, plan, &l.g);
	left_read(&l, dir, plan, xtb_output_file(c.task));
	e->verdict = xtb_parse(l.out.s, l.out.len, l.file.len ? l.file.s : NULL, l.file.len, &c, &result, &e->cause,
			       &e->detail);
	return result;
}

/* CREST leaves hundreds of files; what is of use later stays. */
static void tidy_crest(const char *dir)
{
	static const char *const kept[] = { "step.json", "in.xyz", "stdout", "stderr", "run.json", "exit.json", CREST_ENSEMBLE };
	_cleanup_closedir_ DIR *d = opendir(dir);
	for (struct dirent *f; d && (f = readdir(d));) {
		bool keep = str_eq(f->d_name, ".") || str_eq(f->d_name, "..");
		for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
			keep = keep || str_eq(f->d_name, kept[i]);
		_cleanup_free_ char *path = xasprintf("%s/%s", dir, f->d_name);
		if (!keep)
			file_rm_rf(path);
	}
}

/* What stopped CREST often stands in the output of its first xtb run alone. */
static void ask_xtb(const char *dir, struct step_end *e)
{
	_cleanup_(buf_release) struct buf out = BUF_INIT;
	read_part(dir, "xtb.out", &out);
	char *line = out.len ? strstr(out.s, "-1- ") : NULL;
	if (!line)
		return;
	line[strcspn(line, "\n")] = '\0';
	char *detail = xasprintf("%s%sxtb: %s", e->detail ? e->detail : "", e->detail ? " " : "", str_trim(line + 4));
	free(e->detail);
	e->detail = detail;
}

static json_t *collect_crest(const struct lab *lab, const char *dir, const json_t *plan, struct step_end *e)
{
	_cleanup_(left_release) struct left l = { 0 };
	json_t *result = NULL;
	struct crest_calc c = step_crest_calc(lab, plan, &l.g);
	left_read(&l, dir, plan, CREST_ENSEMBLE);
	e->verdict = crest_parse(l.out.s, l.out.len, l.file.len ? l.file.s : NULL, l.file.len, &c,
				 (int)json_int(json_object_get(plan, "calc"), "most", 100), &result, &e->cause, &e->detail);
	if (result)
		tidy_crest(dir);
	else if (e->verdict == VERDICT_FAIL)
		ask_xtb(dir, e);
	return result;
}

/* Did it start from another step's orbitals or Hessian? */
static bool has_start(const char *dir)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	read_part(dir, "input.nw", &b);
	return b.len && (strstr(b.s, "vectors input") || strstr(b.s, "inhess"));
}

static json_t *collect_nwchem(const char *dir, const json_t *plan, struct step_end *e)
{
	_cleanup_(buf_release) struct buf out = BUF_INIT;
	json_t *result = NULL;
	enum nwchem_task task = NWCHEM_SHIELD;
	nwchem_task_from_string(json_str(plan, "kind", ""), &task);
	read_part(dir, "stdout", &out);
	e->verdict = nwchem_parse(out.s, out.len, task, (int)json_int(plan, "natoms", 0), &result, &e->cause, &e->detail);
	/* mpirun tells on stderr that it could not start its ranks. */
	if (e->verdict != VERDICT_OK && e->cause == CAUSE_TRUNCATED) {
		buf_clear(&out);
		read_part(dir, "stderr", &out);
		e->verdict = nwchem_parse(out.s, out.len, NWCHEM_SHIELD, 0, &result, &e->cause, &e->detail);
	}
	/* It may be the fault of what it started from; the next attempt does without. */
	if (e->verdict == VERDICT_FAIL && e->cause == CAUSE_OTHER && has_start(dir))
		e->verdict = VERDICT_RETRY;
	return result;
}

/* result.json, then the final name. The keeper sees to it that it reaches the disk. */
static int finish_folder(const struct lab *lab, const char *key, const char *dir, const json_t *result)
{
	_cleanup_free_ char *to = step_dir(lab, key);
	_cleanup_free_ char *path = xasprintf("%s/result.json", dir);
	int r = json_write_file(path, result, false);
	if (r == 0 && file_exists(to))
		r = file_rm_rf(to);
	if (r == 0 && rename(dir, to) < 0)
		r = -errno;
	return r;
}

static bool is_full(const char *path)
{
	struct statvfs fs;
	return statvfs(path, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < (1 << 20);
}

/* The optimisation starts its SCF from them. */
static void keep_orbitals(const struct lab *lab, const char *key, const char *dir)
{
	_cleanup_free_ char *work = step_nwchem_place(lab, key);
	_cleanup_free_ char *from = xasprintf("%s/%s", work, NWCHEM_ORBITALS);
	_cleanup_free_ char *to = xasprintf("%s/%s", dir, NWCHEM_ORBITALS);
	if (str_eq(work, dir))
		return;
	unlink(to);
	file_copy(from, to, 0644);
}

void step_collect(const struct lab *lab, const char *key, const struct run_record *rec, struct step_end *e)
{
	_cleanup_free_ char *dir = step_run_dir(lab, key);
	_cleanup_json_ json_t *plan = NULL;
	_cleanup_json_ json_t *result = NULL;
	_cleanup_free_ char *scratch = step_scratch_dir(lab, key);
	*e = (struct step_end){ 0 };
	/* Another attempt starts from the log, never from the scratch files. */
	if (judge_record(rec, e)) {
		file_rm_rf(scratch);
		return;
	}
	if (step_read_plan(dir, &plan) < 0) {
		file_rm_rf(scratch);
		set_end(e, VERDICT_RETRY, CAUSE_TRUNCATED, xstrdup("the step's folder is damaged"));
		return;
	}
	const char *program = json_str(plan, "program", "");
	result = str_eq(program, "nwchem") ? collect_nwchem(dir, plan, e)
	       : str_eq(program, "xtb")	   ? collect_xtb(lab, dir, plan, e)
	       : str_eq(program, "crest")  ? collect_crest(lab, dir, plan, e)
					   : collect_program(dir, plan, rec, e);
	judge_crash(dir, program, rec, e);
	if (e->verdict == VERDICT_OK && str_eq(json_str(plan, "kind", ""), "screen"))
		keep_orbitals(lab, key, dir);
	file_rm_rf(scratch);
	/* Programs say many things on a full disk. */
	if (e->verdict != VERDICT_OK && (is_full(dir) || is_full(lab->conf->scratch)))
		set_end(e, VERDICT_RETRY, CAUSE_DISK_FULL, NULL);
	if (e->verdict != VERDICT_OK)
		return;
	int r = finish_folder(lab, key, dir, result);
	if (r < 0)
		set_end(e, VERDICT_RETRY, r == -ENOSPC ? CAUSE_DISK_FULL : CAUSE_OTHER,
			xasprintf("the result could not be kept: %s", strerror(-r)));
}

void step_progress(const struct lab *lab, const char *key, struct buf *b, int *ret_opt_step)
{
	_cleanup_free_ char *dir = step_run_dir(lab, key);
	_cleanup_free_ char *log = xasprintf("%s/stdout", dir);
	_cleanup_(buf_release) struct buf out = BUF_INIT;
	struct nwchem_progress p;
	*ret_opt_step = -1;
	if (file_read_tail(log, 1 << 18, &out) < 0)
		return;
	nwchem_progress(out.s, out.len, &p);
	*ret_opt_step = p.opt_step;
	if (p.opt_step >= 0)
		buf_addf(b, "step %d, gradient %.5f", p.opt_step, p.gmax);
	else if (p.cphf_iter >= 0)
		buf_addf(b, "response iteration %d", p.cphf_iter);
	else if (p.scf_iter >= 0)
		buf_addf(b, "SCF iteration %d", p.scf_iter);
	else {
		struct crest_progress c;
		crest_progress(out.s, out.len, &c);
		if (c.iteration)
			buf_addf(b, "iteration %d, %d metadynamics done", c.iteration, c.done);
	}
}
