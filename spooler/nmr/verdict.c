/* Causes of failure and what is said about them: a code that goes into the queue and
 * never changes, a sentence for FAILED.txt, and what the reader can do. One row for
 * each value of the enum, in its order. People who see these have a shared folder
 * and perhaps nothing else, so a remedy names what can be done there first. Pure;
 * never logs. */
#include "nmr/verdict.h"

#include "base/util.h"

static const struct { const char *name, *sentence, *remedy; } causes[] = {
	[CAUSE_NONE] = { "none", "Nothing went wrong.", "" },
	[CAUSE_TRUNCATED] = { "truncated", "The program was stopped before it had finished.",
		"Put a file called \"retry\" into its .failed folder in the outbox: the work goes on from where it was." },
	[CAUSE_DISK_FULL] = { "disk-full", "The disk is full.",
		"Free space on the disk of the scratch and spool folders, then put a file called \"retry\" into its "
		".failed folder in the outbox." },
	[CAUSE_MEMORY] = { "memory", "The calculation needs more memory than it may use.",
		"Raise memory_mb or step_memory_mb in nmr.conf, or use a smaller molecule." },
	[CAUSE_AUTOZ] = { "autoz", "NWChem could not set up internal coordinates for the molecule.",
		"Check the structure; Cartesian coordinates were tried as well." },
	[CAUSE_SCF] = { "scf", "The electronic structure did not converge.",
		"Check charge and structure. Unusual bonding or a missing counter-ion is the most common reason." },
	[CAUSE_CPHF] = { "cphf", "The response equations of the shieldings did not converge.",
		"Try another preset; if it stays, report the molecule." },
	[CAUSE_OPT_STEPS] = { "opt-steps", "The geometry did not converge within the allowed steps.",
		"Put a file called \"retry\" into its .failed folder in the outbox to go on from the last geometry, or use the preset \"draft\"." },
	[CAUSE_BASIS] = { "basis", "The basis set of the level has no functions for one of the elements.",
		"Use a preset that covers the element." },
	[CAUSE_INPUT] = { "input", "The program refused its input.",
		"This is a fault of nmr-spool or of an engine's version: please report it with the raw folder." },
	[CAUSE_MPI] = { "mpi", "The parallel run could not be started.",
		"Run \"nmr doctor\"; check that mpirun works and that /dev/shm has room." },
	[CAUSE_TIMEOUT] = { "timeout", "The calculation took longer than the limit for one run.",
		"Raise step_timeout_h in nmr.conf and put a file called \"retry\" into its .failed folder in the outbox, or use the preset "
		"\"draft\"." },
	[CAUSE_OTHER] = { "other", "The program ended with an error.",
		"Put a file called \"retry\" into its .failed folder in the outbox to try once more; if it stays, look at the log of the spooler." },
};

const char *cause_to_string(enum cause c) { return causes[c].name; }
const char *cause_sentence(enum cause c) { return causes[c].sentence; }
const char *cause_remedy(enum cause c) { return causes[c].remedy; }

bool cause_may_pass(enum cause c)
{
	static const enum cause those[] = { CAUSE_TRUNCATED, CAUSE_DISK_FULL, CAUSE_MEMORY, CAUSE_MPI, CAUSE_TIMEOUT, CAUSE_OTHER };
	for (size_t i = 0; i < ARRAY_SIZE(those); i++)
		if (c == those[i])
			return true;
	return false;
}

enum cause cause_from_string(const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
		if (str_eq(s, causes[i].name))
			return (enum cause)i;
	return CAUSE_OTHER;
}
