/* cmocka for C++, and what the tests of mol/ share. */
#ifndef NMR_TEST_CMOCKA_HPP
#define NMR_TEST_CMOCKA_HPP

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#include <cmocka.h>
}
#undef fail /* the streams of C++ have a function of that name */

#include <RDGeneral/RDLog.h>

#include <string>

#include "mol/refusal.hpp"

inline void assert_text(const std::string &got, const char *want)
{
	assert_string_equal(got.c_str(), want);
}

/* The code of the refusal that f() throws, "" when it throws none. */
template <typename F> std::string refusal_code(F f)
{
	try {
		f();
	} catch (const mol::Refusal &r) {
		return r.code;
	}
	return "";
}

#endif
