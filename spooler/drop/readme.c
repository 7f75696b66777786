/* The inbox explains itself to whoever opens the share. Written with CRLF line
 * ends, because Notepad on old machines knows no others, and only when the text is
 * another than what lies there, so that no client sees it change at every start. */
#include "base/file.h"
#include "drop/internal.h"
#include "nmr/options.h"

#define README_MAX 65536

static const char head[] =
	"INBOX: drop molecule files here, get predicted NMR spectra back\n"
	"================================================================\n"
	"\n"
	"Copy a structure file into this folder. Within a second or so (on some network\n"
	"drives within a quarter of a minute) it disappears from here: that is right, it\n"
	"has been taken. A folder of the same name with \".running\" appears in the outbox;\n"
	"STATUS.txt in it says how far the calculation is. When it is done the folder\n"
	"\"name\" in the outbox holds report.html (open that one), tables, pictures of the\n"
	"spectra and the text for a paper. QUEUE.html in the outbox shows everything.\n"
	"\n"
	"WHAT TO DROP\n"
	"  .mol .sdf .mol2 .cdxml .xyz .smi .inchi, or .txt and .csv with SMILES.\n"
	"  One file may hold many molecules: each gets a folder of its own.\n"
	"  A flat drawing is fine, wedges are understood. ChemDraw: Save As, \"MDL Molfile\"\n"
	"  or \"ChemDraw XML\". Word, PDF and pictures cannot be read.\n"
	"  Subfolders are kept and appear again in the outbox, except the folders with\n"
	"  options below.\n"
	"\n"
	"OPTIONS\n"
	"  Put a small text file of the same name beside the structure:\n"
	"      ethanol.mol\n"
	"      ethanol.txt        with lines like\n"
	"\n"
	"          solvent = CDCl3\n"
	"          preset = draft\n"
	"\n"
	"  (ethanol.conf does the same; ethanol.mol.conf is for ethanol.mol alone.)\n"
	"  Copy both together, or the text file first.\n"
	"\n";

static const char hot_head[] =
	"\n"
	"FOLDERS WITH OPTIONS\n"
	"  What is copied into one of these folders gets the folder's options (make the\n"
	"  folder if it is not there). The folder does not appear in the outbox; a second\n"
	"  \"ethanol\" from another one becomes \"ethanol-2\".\n";

static const char tail[] =
	"\n"
	"TO STOP A CALCULATION\n"
	"  Put an empty file called \"cancel\" (or cancel.txt) into its .running folder.\n"
	"  \"hold\" makes it wait; \"release\" lets a job go on that is held, also one that\n"
	"  waits because it would take very long.\n"
	"\n"
	"WHEN SOMETHING FAILED\n"
	"  The outbox has a folder \"name.failed\"; FAILED.txt in it says why and what to\n"
	"  do. To run the same once more, put a file called \"retry\" into that folder.\n"
	"\n"
	"This file is not a molecule; it is left alone.\n";

static void add_hot_folders(struct buf *b, const char *const *hot, size_t n)
{
	if (!n)
		return;
	buf_adds(b, hot_head);
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "      %s\n", hot[i]);
}

static void add_options(struct buf *b, const struct share *share)
{
	const struct solvent *s;
	size_t width = 10;
	for (enum option i = 0; i < OPTION_COUNT; i++)
		buf_addf(b, "      %-15s %s\n", option_name(i), option_help(i));
	for (size_t i = 0; (s = share_solvent_at(share, i)); i++) {
		const char *name = s->deuterated ? s->deuterated : s->code;
		bool fold = width + strlen(name) > 60;
		buf_addf(b, "%s%s", !i ? "\n  Solvents: " : fold ? ",\n      " : ", ", name);
		width = (fold ? 0 : width) + strlen(name) + 2;
	}
	buf_adds(b, ".\n");
}

static void with_crlf(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			buf_addc(b, '\r');
		buf_addc(b, *text);
	}
}

int drop_write_readme(const char *inbox, const struct share *share, const char *const *hot_folders, size_t n)
{
	_cleanup_(buf_release) struct buf text = BUF_INIT;
	_cleanup_(buf_release) struct buf wanted = BUF_INIT;
	_cleanup_(buf_release) struct buf there = BUF_INIT;
	_cleanup_free_ char *path = xasprintf("%s/README.txt", inbox);
	buf_adds(&text, head);
	add_options(&text, share);
	add_hot_folders(&text, hot_folders, n);
	buf_adds(&text, tail);
	with_crlf(&wanted, text.s);
	if (file_read(path, README_MAX, &there) == 0 && there.len == wanted.len &&
	    memcmp(there.s, wanted.s, wanted.len) == 0)
		return 0;
	return file_write_atomic(path, wanted.s, wanted.len, 0644, false);
}
