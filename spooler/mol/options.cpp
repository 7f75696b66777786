/* Values of command-line options.
 *
 * A number that is none throws std::runtime_error with the option's name: the
 * caller is another program, so that is its mistake and no refusal.  Never logs.
 */
#include <stdexcept>

#include "mol/ops.hpp"
#include "mol/text.hpp"

namespace mol {

std::string Options::str(const std::string &key, const std::string &fallback) const
{
	const auto it = value.find(key);
	return it == value.end() ? fallback : it->second;
}

int Options::integer(const std::string &key, int fallback) const
{
	if (!has(key))
		return fallback;
	const auto v = text_int(str(key));
	if (!v)
		throw std::runtime_error("--" + key + " needs a whole number");
	return *v;
}

double Options::number(const std::string &key, double fallback) const
{
	if (!has(key))
		return fallback;
	const auto v = text_double(str(key));
	if (!v)
		throw std::runtime_error("--" + key + " needs a number");
	return *v;
}

} // namespace mol
