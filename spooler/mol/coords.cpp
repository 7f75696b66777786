/* Coordinates as documents.
 *
 * Five decimals: what is hashed into the keys of later steps must not depend
 * on the last bits of a processor's arithmetic.  Never logs.
 */
#include "mol/coords.hpp"

#include <cmath>
#include <stdexcept>

namespace mol {

static double rounded(double v)
{
	const double r = std::round(v * 1e5) / 1e5;
	return r == 0 ? 0 : r; /* no minus zero */
}

Json coords_json(const Coords &x)
{
	Json list = Json::array();
	for (const auto &p : x) {
		Json row = Json::array();
		row.push(rounded(p.x));
		row.push(rounded(p.y));
		row.push(rounded(p.z));
		list.push(std::move(row));
	}
	return list;
}

Coords coords_from_json(const json_t *a, int n)
{
	if (json_array_size(a) != static_cast<size_t>(n))
		throw std::runtime_error("a geometry has another number of atoms than the molecule");
	Coords out;
	for (size_t i = 0; i < json_array_size(a); i++) {
		const json_t *row = json_array_get(a, i);
		for (size_t k = 0; k < 3; k++)
			if (!json_is_number(json_array_get(row, k)))
				throw std::runtime_error("a geometry has a row that is not three numbers");
		out.emplace_back(json_number_value(json_array_get(row, 0)), json_number_value(json_array_get(row, 1)),
				 json_number_value(json_array_get(row, 2)));
	}
	return out;
}

} // namespace mol
