/* What people drop by mistake: recognised, named, and answered with the menu
 * entry that makes a usable file of it.
 *
 * Binary files go through libmagic with the system's entries and our own
 * (share/magic: it knows no chemistry).  Our entries name the file in square
 * brackets, "[chemdraw-cdx]", which is the key into the table below; the
 * system's answers are mapped by MIME type.  Text formats of other programs
 * are known by marks in their first lines.  Never logs; throws Refusal.
 */
#include "mol/foreign.hpp"

#include <limits.h>
#include <magic.h>
#include <unistd.h>

#include <cstdlib>
#include <regex>

#include "mol/refusal.hpp"
#include "mol/text.hpp"

namespace mol {

namespace {

magic_t own, mime;

struct Kind {
	const char *key; /* tag of share/magic, or a MIME type's beginning */
	const char *code, *what, *why, *remedy;
};

#define NO_STRUCTURE "A structure cannot be read from it."
#define PICTURE_REMEDY \
	"Draw the molecule in ChemDraw, Ketcher, MarvinSketch or a similar program and save it as MDL " \
	"Molfile (.mol), or write its SMILES into a text file with the ending .smi."

const Kind kinds[] = {
	{"[chemdraw-cdx]", "chemdraw-binary", "This is a binary ChemDraw drawing (.cdx).",
	 "The binary format is private to ChemDraw.",
	 "In ChemDraw choose File > Save As and the type \"MDL Molfile (.mol)\" or \"ChemDraw XML (.cdxml)\"."},
	{"[isis-sketch]", "isis-sketch", "This is an ISIS/Draw or Symyx sketch (.skc).",
	 "The binary format is private to that program.",
	 "In ISIS/Draw or BIOVIA Draw choose File > Save As and the type \"Molfile (.mol)\"."},
	{"[mestrenova]", "mestrenova", "This is a MestReNova document (.mnova).",
	 "It holds spectra in a private format, and the structure only inside of it.",
	 "In MestReNova select the molecule and choose File > Save As > \"MDL Molfile (.mol)\", or copy it as SMILES."},
	{"[gaussian-chk]", "gaussian-checkpoint", "This is a Gaussian checkpoint file (.chk).", NO_STRUCTURE,
	 "Open it in GaussView and choose File > Save > \"MDL Mol File (.mol)\", or drop an .xyz file."},
	{"[chem3d]", "chem3d", "This is a Chem3D document.", "The binary format is private to Chem3D.",
	 "In Chem3D choose File > Save As and the type \"MDL MolFile (.mol)\"."},
	{"[topspin]", "spectrum", "This is raw NMR data.", "It is a measured spectrum, not a molecule.",
	 "Drop the molecule whose spectrum is to be predicted, for example as .mol or .smi."},
	{"application/pdf", "pdf", "This is a PDF document.", NO_STRUCTURE " PDF holds lines and letters, not atoms.",
	 PICTURE_REMEDY},
	{"application/vnd.openxmlformats-officedocument.wordprocessingml", "word", "This is a Word document.",
	 "Structures in it are pictures or embedded ChemDraw objects.",
	 "Open the structure in ChemDraw (double-click it in Word), then choose File > Save As > \"MDL Molfile (.mol)\"."},
	{"application/msword", "word", "This is a Word document.",
	 "Structures in it are pictures or embedded ChemDraw objects.",
	 "Open the structure in ChemDraw (double-click it in Word), then choose File > Save As > \"MDL Molfile (.mol)\"."},
	{"application/vnd.openxmlformats-officedocument.spreadsheetml", "excel", "This is an Excel workbook.",
	 "A workbook is not read, only plain tables are.",
	 "In Excel choose File > Save As > \"CSV UTF-8\"; one column with the heading \"smiles\"."},
	{"application/vnd.ms-excel", "excel", "This is an Excel workbook.", "A workbook is not read, only plain tables are.",
	 "In Excel choose File > Save As > \"CSV UTF-8\"; one column with the heading \"smiles\"."},
	{"application/vnd.openxmlformats-officedocument.presentationml", "powerpoint", "This is a PowerPoint file.",
	 "Structures in it are pictures or embedded ChemDraw objects.",
	 "Open the structure in ChemDraw (double-click it), then choose File > Save As > \"MDL Molfile (.mol)\"."},
	{"application/vnd.ms-powerpoint", "powerpoint", "This is a PowerPoint file.",
	 "Structures in it are pictures or embedded ChemDraw objects.",
	 "Open the structure in ChemDraw (double-click it), then choose File > Save As > \"MDL Molfile (.mol)\"."},
	{"application/vnd.oasis.opendocument.spreadsheet", "spreadsheet", "This is a LibreOffice spreadsheet.",
	 "A spreadsheet is not read, only plain tables are.",
	 "In LibreOffice choose File > Save As > \"Text CSV (.csv)\"; one column with the heading \"smiles\"."},
	{"application/vnd.oasis.opendocument", "opendocument", "This is a LibreOffice document.", NO_STRUCTURE,
	 PICTURE_REMEDY},
	{"application/CDFV2", "office", "This is a Microsoft Office or similar compound document.", NO_STRUCTURE,
	 "Open it in the program that made it and save the structure as MDL Molfile (.mol), or a table as CSV."},
	{"application/x-ole-storage", "office", "This is a Microsoft Office or similar compound document.", NO_STRUCTURE,
	 "Open it in the program that made it and save the structure as MDL Molfile (.mol), or a table as CSV."},
	{"image/svg", "picture", "This is a picture (SVG).", NO_STRUCTURE " A picture holds lines, not atoms.", PICTURE_REMEDY},
	{"image/", "picture", "This is a picture.", NO_STRUCTURE " A picture holds dots, not atoms.", PICTURE_REMEDY},
	{"application/zip", "archive", "This is a ZIP archive.", "Archives are not unpacked.",
	 "Unpack it and drop the molecule files that are in it; a folder with many files is fine."},
	{"application/gzip", "archive", "This is a gzip-compressed file.", "Compressed files are not unpacked.",
	 "Unpack it (gunzip, 7-Zip) and drop the file that comes out."},
	{"application/x-gzip", "archive", "This is a gzip-compressed file.", "Compressed files are not unpacked.",
	 "Unpack it (gunzip, 7-Zip) and drop the file that comes out."},
	{"application/x-7z", "archive", "This is a 7-Zip archive.", "Archives are not unpacked.",
	 "Unpack it and drop the molecule files that are in it."},
	{"application/x-rar", "archive", "This is a RAR archive.", "Archives are not unpacked.",
	 "Unpack it and drop the molecule files that are in it."},
	{"application/x-tar", "archive", "This is a TAR archive.", "Archives are not unpacked.",
	 "Unpack it and drop the molecule files that are in it."},
	{"application/x-xz", "archive", "This is an xz-compressed file.", "Compressed files are not unpacked.",
	 "Unpack it and drop the file that comes out."},
	{"application/x-bzip2", "archive", "This is a bzip2-compressed file.", "Compressed files are not unpacked.",
	 "Unpack it and drop the file that comes out."},
	{"text/rtf", "rtf", "This is a Rich Text (RTF) document.", NO_STRUCTURE,
	 "Save it as plain text (.txt) with one SMILES a line, or save the structure from the drawing program as .mol."},
	{"text/html", "html", "This is a web page (HTML).", "It is a page about something, not a molecule file.",
	 "Use the page's own download for the structure (often called SDF, MOL or SMILES) and drop that file."},
	{"application/x-executable", "program", "This is a program.", "It is not a molecule.", "Drop a molecule file, for example .mol or .smi."},
	{"application/x-pie-executable", "program", "This is a program.", "It is not a molecule.",
	 "Drop a molecule file, for example .mol or .smi."},
	{"application/x-sharedlib", "program", "This is a program.", "It is not a molecule.",
	 "Drop a molecule file, for example .mol or .smi."},
	{"application/x-dosexec", "program", "This is a Windows program.", "It is not a molecule.",
	 "Drop a molecule file, for example .mol or .smi."},
	{"audio/", "media", "This is a sound file.", "It is not a molecule.", "Drop a molecule file, for example .mol or .smi."},
	{"video/", "media", "This is a video.", "It is not a molecule.", "Drop a molecule file, for example .mol or .smi."},
};

/* Text formats of other programs, by a mark in the text. */
struct TextKind {
	const char *pattern; /* case-insensitive regular expression on the first 4000 bytes */
	const char *code, *what, *why, *remedy;
	const char *also = nullptr; /* a second mark, in lower case */
};

const TextKind text_kinds[] = {
	{"^\\s*\\{\\\\rtf", "rtf", "This is a Rich Text (RTF) document.", NO_STRUCTURE,
	 "Save it as plain text (.txt) with one SMILES a line, or save the structure from the drawing program as .mol."},
	{"^\\s*(<!doctype html|<html|<head|<body)", "html", "This is a web page (HTML).",
	 "It is a page about something, not a molecule file.",
	 "Use the page's own download for the structure (often called SDF, MOL or SMILES) and drop that file."},
	{"<svg", "picture", "This is a picture (SVG).", NO_STRUCTURE " A picture holds lines, not atoms.", PICTURE_REMEDY},
	{"<(cml|MDocument|molecule)[\\s>]", "cml", "This is a Chemical Markup or Marvin file (.cml, .mrv).",
	 "This format is not read.", "In MarvinSketch choose File > Save As and the type \"MDL Molfile (.mol)\"."},
	{"^\\s*<", "xml", "This is an XML document.", "It is not a format of molecules that is read here.",
	 "Save the structure as MDL Molfile (.mol) or as ChemDraw XML (.cdxml)."},
	{"^\\$RXN|M  V30 BEGIN REACTANT|^\\$RDFILE", "reaction", "This is a reaction (.rxn or .rdf).",
	 "A spectrum belongs to one compound, not to a reaction.",
	 "Save the reactant or the product alone as MDL Molfile (.mol) and drop that."},
	{"^\\$MDL", "query", "This is an R-group query file (.rgf).", "It describes many compounds, not one.",
	 "Draw the one compound and save it as MDL Molfile (.mol)."},
	{"^##TITLE=", "spectrum", "This is a measured spectrum (JCAMP-DX).", "A spectrum is not a molecule.",
	 "Drop the molecule whose spectrum is to be predicted, for example as .mol or .smi."},
	{"Entering Gaussian System|Gaussian, Inc", "gaussian-output", "This is the output of a Gaussian calculation.",
	 "Outputs of other programs are not read.",
	 "In GaussView choose File > Save As > \"MDL Mol File (.mol)\", or drop the geometry as an .xyz file."},
	{"(^|\\n)\\s*%(chk|mem|nproc|nprocshared|lindaworkers|oldchk)\\s*=", "gaussian-input",
	 "This is a Gaussian input file (.gjf or .com).", "It is made for another program.",
	 "In GaussView choose File > Save As > \"MDL Mol File (.mol)\"; or drop the coordinates as an .xyz file."},
	{"^\\s*#[pnt]?\\s+[^\\n]*(/|opt|freq|nmr|hf|b3lyp)", "gaussian-input",
	 "This is a Gaussian input file (.gjf or .com).", "It is made for another program.",
	 "In GaussView choose File > Save As > \"MDL Mol File (.mol)\"; or drop the coordinates as an .xyz file."},
	{"(^|\\n)\\s*\\*\\s*(xyz|int|gzmt)(file)?\\s+-?\\d+\\s+\\d+", "orca-input", "This is an ORCA input file.",
	 "It is made for another program.", "Drop the geometry as an .xyz file (ORCA writes one beside its output)."},
	{"\\* O   R   C   A \\*", "orca-output", "This is the output of an ORCA calculation.",
	 "Outputs of other programs are not read.", "Drop the .xyz file that ORCA wrote beside it."},
	{"(^|\\n)\\s*geometry\\b[^\\n]*\\n", "nwchem-file", "This is an input file of NWChem.",
	 "It is made for another program.", "Drop the geometry as an .xyz file or the structure as .mol.", "\ntask "},
	{"Northwest Computational Chemistry", "nwchem-file", "This is the output of an NWChem calculation.",
	 "Outputs of other programs are not read.", "Drop the geometry as an .xyz file or the structure as .mol."},
	{"^\\$coord", "turbomole", "This is a TURBOMOLE coordinate file.", "It is made for another program.",
	 "Convert it with \"t2x coord > molecule.xyz\" and drop the .xyz file."},
	{"(^|\\n)_(cell_length_a|atom_site_label)", "cif", "This is a crystal structure (CIF).",
	 "It describes a crystal, with symmetry and disorder, not one molecule.",
	 "Open it in Mercury and choose File > Save As > \"Mol2\" or \"MDL SD file\" for one molecule."},
	{"(^|\\n)(HEADER |COMPND|CRYST1|HETATM|ATOM  )", "pdb", "This is a PDB file.",
	 "PDB files carry no bond orders and no charges.",
	 "Open it in Avogadro, PyMOL or Chimera and save it as MDL SDF (.sdf) or .mol2."},
	{"^\\s*>[^\\n<]*\\n[A-Z*]{10}", "sequence", "This is a sequence (FASTA).", "Sequences of biopolymers are not read.",
	 "For a short peptide draw the structure or write its SMILES."},
	{"^\\s*\\{\\s*\"", "json", "This is a JSON file (for example of Ketcher, .ket).", "This format is not read.",
	 "In Ketcher choose Save As > \"MDL Molfile V2000\"."},
	{"^\\s*[A-Z]{14}-[A-Z]{10}-[A-Z]\\s*$", "inchikey", "This is an InChIKey.",
	 "A key is a fingerprint: the structure cannot be computed back from it.",
	 "Drop the InChI (it begins with InChI=), the SMILES or a .mol file."},
	{"^\\s*(RInChI=)", "reaction", "This is a reaction (RInChI).", "A spectrum belongs to one compound.",
	 "Drop the InChI of one compound."},
	{"^\\s*\\d{2,7}-\\d{2}-\\d\\s*$", "cas", "This is a CAS registry number.", "Numbers and names are not looked up.",
	 "Drop the structure: a .mol file, or its SMILES in a file with the ending .smi."},
};

[[noreturn]] void refuse(const char *code, const char *what, const char *why, const char *remedy)
{
	throw Refusal{code, what, why, remedy};
}

std::string magic_path()
{
	const char *env = getenv("NMR_SHARE");
	if (env && *env)
		return std::string(env) + "/magic";
	char exe[PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	std::string dir(exe, n > 0 ? static_cast<size_t>(n) : 0);
	dir.erase(std::min(dir.rfind('/'), dir.size()));
	/* installed; run from the build tree; a prefix fixed at build time */
	for (const std::string &p : {dir + "/../share/nmr-spool/magic", dir + "/../../spooler/share/magic",
				     std::string(NMR_SHAREDIR "/magic")})
		if (access(p.c_str(), R_OK) == 0)
			return p;
	return "";
}

const Kind *lookup(magic_t m, std::string_view bytes)
{
	const char *said = m ? magic_buffer(m, bytes.data(), bytes.size()) : nullptr;
	if (!said)
		return nullptr;
	for (const Kind &k : kinds)
		if (k.key[0] == '[' ? text_contains(said, k.key) : text_has_prefix(said, k.key))
			return &k;
	return nullptr;
}

/* Word, Excel and PowerPoint are ZIP files that an old libmagic does not tell apart. */
const char *office_key(std::string_view bytes)
{
	if (!text_has_prefix(bytes, "PK\x03\x04"))
		return nullptr;
	if (text_contains(bytes, "word/document.xml"))
		return "application/vnd.openxmlformats-officedocument.wordprocessingml";
	if (text_contains(bytes, "xl/workbook.xml"))
		return "application/vnd.openxmlformats-officedocument.spreadsheetml";
	if (text_contains(bytes, "ppt/presentation.xml"))
		return "application/vnd.openxmlformats-officedocument.presentationml";
	return nullptr;
}

void refuse_known(const char *key)
{
	for (const Kind &k : kinds)
		if (std::string_view(k.key) == key)
			refuse(k.code, k.what, k.why, k.remedy);
}

} // namespace

void foreign_open()
{
	/* Ours first and alone, for the words; the system's for MIME types. */
	const std::string path = magic_path();
	own = magic_open(MAGIC_NONE);
	if (own && (path.empty() || magic_load(own, path.c_str()) != 0)) {
		magic_close(own);
		own = nullptr;
	}
	mime = magic_open(MAGIC_MIME_TYPE);
	if (mime && magic_load(mime, nullptr) != 0) {
		magic_close(mime);
		mime = nullptr;
	}
}

void foreign_refuse_bytes(std::string_view bytes, const std::string &name)
{
	if (bytes.empty())
		refuse("empty", "The file is empty.", "It has no bytes at all; perhaps the copy was interrupted.",
		       "Save it again and drop it once more.");
	if (bytes.find_first_not_of(std::string_view(" \t\r\n\0", 5)) == std::string_view::npos)
		refuse("empty", "The file is empty.", "It holds only blanks, empty lines or zero bytes.",
		       "Save it again and drop it once more.");
	if (const Kind *k = lookup(own, bytes))
		refuse(k->code, k->what, k->why, k->remedy);
	if (text_has_prefix(bytes, "%PDF"))
		refuse_known("application/pdf");
	if (const char *key = office_key(bytes))
		refuse_known(key);
	(void)name;
}

void foreign_refuse_binary(std::string_view bytes, const std::string &name)
{
	if (const Kind *k = lookup(mime, bytes))
		refuse(k->code, k->what, k->why, k->remedy);
	if (text_has_prefix(bytes, "PK\x03\x04")) /* what kind of ZIP, libmagic's versions disagree on */
		refuse_known("application/zip");
	throw Refusal{"binary", "This is a binary file of an unknown kind.",
		      "It is no text" + (name.empty() ? "" : ", whatever the name \"" + text_excerpt(name, 80) + "\" says") +
			      ", and molecule files are text.",
		      "Save the structure as MDL Molfile (.mol) in the program that made it and drop that."};
}

void foreign_refuse_text(const std::string &text, const std::vector<std::string> &lines, const std::string &name)
{
	(void)lines;
	(void)name;
	const std::string head = text.substr(0, 4000);
	const std::string lower = text_lower(head);
	for (const TextKind &k : text_kinds)
		if ((!k.also || text_contains(lower, k.also)) &&
		    std::regex_search(head, std::regex(k.pattern, std::regex::icase)))
			refuse(k.code, k.what, k.why, k.remedy);
}

} // namespace mol
