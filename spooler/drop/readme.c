/* The text that explains the inbox to whoever opens the share. Never logs. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "drop/drop.h"

static const char head[] =
	"nmr-spool: drop molecule files here, get NMR spectra back\n"
	"==========================================================\n"
	"\n"
	"Copy a molecule file into this folder. As soon as it is complete it is taken\n"
	"away (so it DISAPPEARS from here; a copy is kept with the result) and its 1H\n"
	"and 13C shifts are computed. The results appear in the folder \"outbox\":\n"
	"\n"
	"  outbox/NAME.running/  while it is computed; STATUS.txt tells how far it is.\n"
	"                        Put a file called \"cancel\" into it to stop the job.\n"
	"  outbox/NAME/          the result; open report.html\n"
	"  outbox/NAME.failed/   it could not be done; FAILED.txt says why and what to\n"
	"                        do. Put a file called \"retry\" into it to try again.\n"
	"  outbox/QUEUE.html     everything at a glance\n"
	"\n"
	"Files: SMILES (.smi, .csv, .txt), MOL and SDF, XYZ, InChI, MOL2, ChemDraw XML\n"
	"(.cdxml). From ChemDraw: File > Save As > MDL Molfile. A file with several\n"
	"molecules gives one result each.\n"
	"\n"
	"Options: a text file of the same name beside the structure, for example\n"
	"ethanol.mol and ethanol.txt, with lines such as\n"
	"\n"
	"  solvent = DMSO-d6\n"
	"  preset = draft\n"
	"\n"
	"Put the text file in first. Without options the solvent is CDCl3.\n";

int drop_write_readme(const char *inbox, const char *const *hot, size_t n)
{
	_cleanup_(buf_release) struct buf text = BUF_INIT;
	_cleanup_(buf_release) struct buf crlf = BUF_INIT;
	_cleanup_(buf_release) struct buf old = BUF_INIT;
	_cleanup_free_ char *path = xasprintf("%s/README.txt", inbox);
	buf_adds(&text, head);
	if (n) {
		buf_adds(&text, "\nFolders with options of their own (make one of this name and drop into it):\n\n");
		for (size_t i = 0; i < n; i++)
			buf_addf(&text, "  %s\n", hot[i]);
		buf_adds(&text, "\nOther folders you make here are just folders: results are grouped in the same way.\n");
	}
	for (const char *p = text.s; *p; p++) {
		if (*p == '\n')
			buf_addc(&crlf, '\r');
		buf_addc(&crlf, *p);
	}
	if (file_read(path, 1 << 20, &old) == 0 && str_eq(old.s, crlf.s))
		return 0;
	return file_write_atomic(path, crlf.s, crlf.len, 0644, false);
}
