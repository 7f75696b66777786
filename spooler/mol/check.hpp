/* What cannot be computed, and what a reader should be warned about. */
#ifndef NMR_MOL_CHECK_HPP
#define NMR_MOL_CHECK_HPP

#include <optional>
#include <string>
#include <vector>

#include "mol/record.hpp"

namespace mol {

struct CheckOptions {
	std::optional<int> charge;
	bool largest = false; /* keep the largest component */
	int atoms_max = 200;
};

/* Throws Refusal.  May reduce the record to its largest component. */
void check_record(Record &r, const CheckOptions &o);
std::vector<Warning> check_warnings(const Record &r);

} // namespace mol

#endif
