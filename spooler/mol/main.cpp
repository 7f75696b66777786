/* nmr-mol: the structure helper of nmr-spool, on RDKit.
 *
 *   nmr-mol read|prepare|conformers|cluster|draw|unpack [--option value ...]
 *   nmr-mol --version
 *
 * A run reads files of the current folder and writes out.json there.  Exit 0
 * for results and refusals alike, 1 with a line on stderr when something broke,
 * 2 for a wrong command line.  Only this file writes to stderr.
 */
#include <RDGeneral/RDLog.h>
#include <RDGeneral/versions.h>

#include <cstdio>
#include <cstring>
#include <set>
#include <stdexcept>

#include "mol/detect.hpp"
#include "mol/ops.hpp"
#include "mol/output.hpp"
#include "mol/sandbox.hpp"
#include "mol/text.hpp"

namespace mol {

namespace {

struct Operation {
	const char *name;
	Json (*run)(const Options &);
	std::set<std::string> required, optional, flags;
};

const Operation operations[] = {
	{"read", op_read, {"in"}, {"name", "records-max", "charge"}, {}},
	{"prepare", op_prepare, {"in", "out-mol"}, {"charge", "component", "atoms-max"}, {"keep-geometry"}},
	{"conformers", op_conformers, {"in"}, {"max", "seed", "window"}, {}},
	{"cluster", op_cluster, {"in", "conformers"}, {"rmsd", "energy", "numbers"}, {}},
	{"draw", op_draw, {"in"}, {"numbers", "shifts"}, {}},
	{"unpack", op_unpack, {"in"}, {"files-max", "total-mb"}, {}},
};

void usage(FILE *f)
{
	fputs("nmr-mol read --in FILE [--name HINT] [--records-max N] [--charge Q]\n"
	      "nmr-mol prepare --in rec-1.sdf --out-mol mol.sdf [--charge Q] [--component all|largest]\n"
	      "                [--atoms-max N] [--keep-geometry]\n"
	      "nmr-mol conformers --in mol.sdf [--max N] [--seed S] [--window KCAL]\n"
	      "nmr-mol cluster --in mol.sdf --conformers list.json [--rmsd A] [--energy KCAL] [--numbers numbers.json]\n"
	      "nmr-mol draw --in mol.sdf [--numbers numbers.json] [--shifts labels.json]\n"
	      "nmr-mol unpack --in ARCHIVE [--files-max N] [--total-mb MIB]\n"
	      "nmr-mol --version\n", f);
}

const Operation *find_operation(const char *name)
{
	for (const Operation &op : operations)
		if (strcmp(op.name, name) == 0)
			return &op;
	throw std::invalid_argument(std::string("unknown operation \"") + name + "\"");
}

Options parse(const Operation &op, int argc, char **argv)
{
	Options o;
	for (int i = 2; i < argc; i++) {
		const std::string word = argv[i], key = word.substr(std::min<size_t>(2, word.size()));
		if (word.substr(0, 2) != "--")
			throw std::invalid_argument("unexpected argument \"" + word + "\"");
		if (op.flags.count(key)) {
			o.value[key] = "";
		} else if (op.required.count(key) || op.optional.count(key)) {
			if (++i == argc)
				throw std::invalid_argument(word + " needs a value");
			o.value[key] = argv[i];
		} else {
			throw std::invalid_argument("unknown option " + word);
		}
	}
	for (const std::string &key : op.required)
		if (!o.has(key))
			throw std::invalid_argument("--" + key + " is missing");
	return o;
}

Json run(const Operation &op, const Options &o)
{
	try {
		return op.run(o);
	} catch (const Refusal &r) {
		Json j = Json::object();
		j.set("ok", false).set("refusal", json_of(r));
		return j;
	}
}

int start(int argc, char **argv)
{
	const Operation *op = nullptr;
	Options o;
	try {
		op = find_operation(argv[1]);
		o = parse(*op, argc, argv);
	} catch (const std::invalid_argument &e) {
		fprintf(stderr, "nmr-mol: %s\n", e.what());
		usage(stderr);
		return 2;
	}
	if (op->run == op_read)
		detect_open();
	sandbox_enter();
	output_json("out.json", run(*op, o));
	return 0;
}

} // namespace

} // namespace mol

int main(int argc, char **argv)
{
	boost::logging::disable_logs("rdApp.*");
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("nmr-mol %d (RDKit %s)\n", mol::recipe_version, RDKit::rdkitVersion);
		return 0;
	}
	if (argc < 2 || strcmp(argv[1], "--help") == 0) {
		mol::usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	try {
		return mol::start(argc, argv);
	} catch (const std::exception &e) {
		fprintf(stderr, "nmr-mol: %s\n", e.what());
		return 1;
	}
}
