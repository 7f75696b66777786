/* Files of the run's folder.
 *
 * Every file appears whole, by a temporary name and a rename, so that a run
 * that was killed leaves no half results behind.  Whoever started the run
 * makes the files durable.  Throws std::runtime_error; never logs.
 */
#include "mol/output.hpp"

#include <cstring>
#include <stdexcept>

extern "C" {
#include "base/file.h"
#include "base/json.h"
}

namespace mol {

static void fail(const std::string &path, int r)
{
	throw std::runtime_error(path + ": " + strerror(-r));
}

std::string output_read(const std::string &path)
{
	struct buf b;
	buf_init(&b);
	const int r = file_read(path.c_str(), size_t{1} << 30, &b);
	std::string out(b.s, b.len);
	buf_release(&b);
	if (r < 0)
		fail(path, r);
	return out;
}

void output_write(const std::string &path, const std::string &data)
{
	const int r = file_write_atomic(path.c_str(), data.data(), data.size(), 0644, false);
	if (r < 0)
		fail(path, r);
}

void output_json(const std::string &path, const Json &j)
{
	const int r = json_write_file(path.c_str(), j.get(), false);
	if (r < 0)
		fail(path, r);
}

Json input_json(const std::string &path)
{
	json_t *j = nullptr;
	const int r = json_read_file(path.c_str(), &j);
	if (r < 0)
		fail(path, r);
	return Json(j);
}

} // namespace mol
