/* Any bytes as an archive. Its members are written into a folder of their own. */
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "mol/ops.hpp"
#include "mol/output.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static std::filesystem::path folder()
{
	std::string name = (std::filesystem::temp_directory_path() / "nmr-fuzz-XXXXXX").string();
	if (!mkdtemp(name.data()))
		abort();
	return name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const std::filesystem::path dir = folder();
	static const bool there = chdir(dir.c_str()) == 0;
	if (!there)
		abort();
	mol::output_write("archive", std::string(reinterpret_cast<const char *>(data), n));
	mol::Options o;
	o.value = {{"in", "archive"}, {"files-max", "4"}, {"total-mb", "1"}};
	try {
		const mol::Json j = mol::op_unpack(o);
		if (!j.get())
			abort();
	} catch (const mol::Refusal &) {
	}
	/* Names of members are never used: there is nothing but these. */
	for (const auto &e : std::filesystem::directory_iterator(".")) {
		const std::string name = e.path().filename().string();
		if (name != "archive" && name.rfind("member-", 0) != 0)
			abort();
		std::filesystem::remove(e.path());
	}
	return 0;
}
