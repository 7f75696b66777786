/* nmr-mol unpack: the structure files of an archive, each as a file of the folder.
 *
 * ZIP, TAR and 7-Zip, compressed as usual. All or nothing: an archive that is damaged, or
 * holds more than the limits allow, is refused as a whole, and is not read further than
 * that. What is no structure file is left out and named. Names of members are told, never
 * used: the files are called member-1, member-2 ...
 */
#include <archive.h>
#include <archive_entry.h>
#include <sys/resource.h>

#include <clocale>
#include <memory>

#include "mol/ops.hpp"
#include "mol/output.hpp"
#include "mol/text.hpp"

extern "C" {
#include "base/ending.h"
}

namespace mol {

namespace {

constexpr int skipped_told = 50;
/* Members looked at for each that may be taken: an archive of empty folders ends, too. */
constexpr int looks = 20;

struct Limits { int files; size_t bytes; };

struct Closer {
	void operator()(struct archive *a) const { archive_read_free(a); }
};
using Archive = std::unique_ptr<struct archive, Closer>;

Refusal damaged(struct archive *a)
{
	const char *said = archive_error_string(a);
	return {"archive-damaged", "The archive cannot be unpacked.", text_sentence(said ? said : "it is not complete"),
		"Make it again, or send the structure files themselves: several can be chosen at once."};
}

Refusal too_large(const Limits &m)
{
	return {"archive-too-large", "The archive holds too much.",
		"All that is in it may be " + std::to_string(m.bytes >> 20) + " MiB and " + std::to_string(m.files) + " structure files.",
		"Split it into smaller ones."};
}

void lower_memory()
{
#if !defined(NMR_SANITIZED)
	const rlim_t memory_max = rlim_t{1} << 30;
	struct rlimit r;
	if (getrlimit(RLIMIT_AS, &r) == 0) {
		r.rlim_cur = std::min(r.rlim_cur, memory_max);
		setrlimit(RLIMIT_AS, &r);
	}
#endif
}

Archive open_archive(const std::string &path)
{
	Archive a(archive_read_new());
	archive_read_support_format_zip(a.get());
	archive_read_support_format_tar(a.get());
	archive_read_support_format_7zip(a.get());
	archive_read_support_filter_gzip(a.get());
	archive_read_support_filter_bzip2(a.get());
	archive_read_support_filter_xz(a.get());
	archive_read_support_filter_zstd(a.get());
	if (archive_read_open_filename(a.get(), path.c_str(), 65536) != ARCHIVE_OK)
		throw damaged(a.get());
	return a;
}

/* Without its folders; what is not UTF-8 keeps its ASCII. */
std::string name_of(struct archive_entry *e)
{
	const char *utf8 = archive_entry_pathname_utf8(e), *raw = utf8 ? utf8 : archive_entry_pathname(e);
	std::string name = raw ? raw : "";
	const size_t slash = name.find_last_of("/\\");
	name = slash == std::string::npos ? name : name.substr(slash + 1);
	for (char &c : name)
		if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || (!utf8 && static_cast<unsigned char>(c) > 0x7f))
			c = '_';
	return name;
}

/* What systems leave behind: not worth a word. */
bool is_junk(struct archive_entry *e, const std::string &name)
{
	const char *path = archive_entry_pathname(e);
	return archive_entry_filetype(e) == AE_IFDIR || name.empty() || name[0] == '.' || (path && text_has_prefix(path, "__MACOSX/")) ||
	       text_lower(name) == "thumbs.db" || text_lower(name) == "desktop.ini";
}

/* Why a member is not taken; empty: it is. */
std::string why_not(struct archive_entry *e, const std::string &name)
{
	if (archive_entry_is_encrypted(e))
		return "it is encrypted; pack it without a password";
	if (archive_entry_hardlink(e) || archive_entry_filetype(e) != AE_IFREG)
		return "it is a link or a device, not a file";
	if (!ending_of_structure(name.c_str()) || text_lower(name.substr(name.size() - std::min<size_t>(4, name.size()))) == ".txt")
		return "its name has no ending of a structure file";
	return "";
}

std::string content(struct archive *a, const Limits &m, size_t &left)
{
	std::string out;
	char chunk[65536];
	for (;;) {
		const la_ssize_t n = archive_read_data(a, chunk, sizeof(chunk));
		if (n < 0)
			throw damaged(a);
		if (n == 0)
			return out;
		if (static_cast<size_t>(n) > left)
			throw too_large(m);
		left -= static_cast<size_t>(n);
		out.append(chunk, static_cast<size_t>(n));
	}
}

/* What is skipped has to be decompressed as well, and counts. */
void pass_over(struct archive *a, const Limits &m, size_t &left) { content(a, m, left); }

struct Unpacked {
	Json members = Json::array(), skipped = Json::array();
	int taken = 0, nskipped = 0;
	size_t left;
};

void skip(Unpacked &u, const std::string &name, const std::string &why)
{
	if (u.nskipped++ >= skipped_told)
		return;
	Json j = Json::object();
	j.set("name", name).set("why", why);
	u.skipped.push(std::move(j));
}

void take(Unpacked &u, struct archive *a, const std::string &name, const Limits &m)
{
	const std::string data = content(a, m, u.left);
	if (data.empty()) {
		skip(u, name, "it is empty");
		return;
	}
	if (++u.taken > m.files)
		throw too_large(m);
	const std::string file = "member-" + std::to_string(u.taken);
	output_write(file, data);
	Json j = Json::object();
	j.set("name", name).set("file", file);
	u.members.push(std::move(j));
}

void look_at(Unpacked &u, struct archive *a, struct archive_entry *e, const Limits &m)
{
	const std::string name = name_of(e), why = is_junk(e, name) ? "" : why_not(e, name);
	if (is_junk(e, name) || !why.empty()) {
		if (!why.empty())
			skip(u, name, why);
		if (!archive_entry_is_encrypted(e))
			pass_over(a, m, u.left);
	} else {
		take(u, a, name, m);
	}
}

} // namespace

Json op_unpack(const Options &o)
{
	const Limits m = {o.integer("files-max", 1000), static_cast<size_t>(o.integer("total-mb", 64)) << 20};
	Unpacked u;
	u.left = m.bytes;
	/* For names in UTF-8. */
	setlocale(LC_CTYPE, "C.UTF-8");
	lower_memory();
	const Archive a = open_archive(o.str("in"));
	struct archive_entry *e = nullptr;
	int r, seen = 0;
	while ((r = archive_read_next_header(a.get(), &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		if (++seen > m.files * looks)
			throw too_large(m);
		look_at(u, a.get(), e, m);
	}
	if (r != ARCHIVE_EOF)
		throw damaged(a.get());
	Json j = Json::object();
	j.set("ok", true).set("members", std::move(u.members)).set("skipped", std::move(u.skipped));
	j.set("nskipped", u.nskipped);
	return j;
}

} // namespace mol
