/* Bytes that strangers sent, as text.
 *
 * A file is text when it decodes without NUL or other control characters.
 * UTF-16 is known by its byte order mark, or by NULs at every second place.
 * Bytes that are not UTF-8 are taken for Windows-1252, because names in old
 * molfiles are.  Never logs, never throws.
 */
#include "mol/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>

namespace mol {

namespace {

void put_utf8(std::string &out, uint32_t c)
{
	auto put = [&out](uint32_t byte) { out += static_cast<char>(byte); };
	if (c < 0x80) {
		put(c);
	} else if (c < 0x800) {
		put(0xC0 | c >> 6);
		put(0x80 | (c & 0x3F));
	} else if (c < 0x10000) {
		put(0xE0 | c >> 12);
		put(0x80 | (c >> 6 & 0x3F));
		put(0x80 | (c & 0x3F));
	} else {
		put(0xF0 | c >> 18);
		put(0x80 | (c >> 12 & 0x3F));
		put(0x80 | (c >> 6 & 0x3F));
		put(0x80 | (c & 0x3F));
	}
}

std::string from_utf16(std::string_view b, bool big)
{
	std::string out;
	uint32_t high = 0;
	for (size_t i = 0; i + 1 < b.size(); i += 2) {
		const auto x = static_cast<uint8_t>(b[i]), y = static_cast<uint8_t>(b[i + 1]);
		uint32_t c = big ? uint32_t{x} << 8 | y : uint32_t{y} << 8 | x;
		if (c >= 0xD800 && c < 0xDC00) {
			high = c;
			continue;
		}
		if (c >= 0xDC00 && c < 0xE000)
			c = high ? 0x10000 + ((high - 0xD800) << 10) + (c - 0xDC00) : 0xFFFD;
		high = 0;
		put_utf8(out, c);
	}
	return out;
}

/* NULs at one parity only: UTF-16 of mostly Latin text. 0: no, 1: little, 2: big. */
int looks_utf16(std::string_view b)
{
	const size_t n = std::min<size_t>(b.size() & ~size_t{1}, 512);
	size_t nul[2] = {0, 0};
	for (size_t i = 0; i < n; i++)
		nul[i & 1] += b[i] == '\0';
	if (n < 8)
		return 0;
	if (nul[0] == 0 && nul[1] * 10 > n / 2 * 9)
		return 1;
	return nul[1] == 0 && nul[0] * 10 > n / 2 * 9 ? 2 : 0;
}

bool is_utf8(std::string_view s)
{
	for (size_t i = 0; i < s.size();) {
		const auto c = static_cast<uint8_t>(s[i]);
		const size_t n = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
		if (n == 0 || i + n > s.size())
			return false;
		for (size_t k = 1; k < n; k++)
			if ((static_cast<uint8_t>(s[i + k]) & 0xC0) != 0x80)
				return false;
		i += n;
	}
	return true;
}

std::string from_cp1252(std::string_view s)
{
	static const uint16_t high[32] = {
		0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
		0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
		0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};
	std::string out;
	for (const char ch : s) {
		const auto c = static_cast<uint8_t>(ch);
		put_utf8(out, c >= 0x80 && c < 0xA0 ? high[c - 0x80] : c);
	}
	return out;
}

std::string unix_lines(const std::string &s)
{
	std::string out;
	out.reserve(s.size());
	for (size_t i = 0; i < s.size(); i++) {
		if (s[i] != '\r')
			out += s[i];
		else if (i + 1 == s.size() || s[i + 1] != '\n')
			out += '\n';
	}
	return out;
}

bool printable(const std::string &s)
{
	for (const char ch : s) {
		const auto c = static_cast<uint8_t>(ch);
		if ((c < 0x20 && c != '\n' && c != '\t' && c != '\f' && c != '\v' && c != 0x1A) || c == 0x7F)
			return false;
	}
	return true;
}

} // namespace

std::optional<std::string> text_decode(std::string_view b)
{
	std::string s;
	const int utf16 = looks_utf16(b);
	if (text_has_prefix(b, "\xFF\xFE"))
		s = from_utf16(b.substr(2), false);
	else if (text_has_prefix(b, "\xFE\xFF"))
		s = from_utf16(b.substr(2), true);
	else if (utf16)
		s = from_utf16(b, utf16 == 2);
	else if (text_has_prefix(b, "\xEF\xBB\xBF"))
		s = std::string(b.substr(3));
	else
		s = std::string(b);
	s = unix_lines(s);
	/* Editors of DOS times end a file with ^Z, some tools with a NUL. */
	while (!s.empty() && (s.back() == '\x1A' || s.back() == '\0'))
		s.pop_back();
	if (!printable(s))
		return std::nullopt;
	if (is_utf8(s))
		return s;
	/* A name with accents is text, a run of bytes above 127 is not. */
	const auto high = std::count_if(s.begin(), s.end(), [](char c) { return static_cast<uint8_t>(c) >= 0x80; });
	if (static_cast<size_t>(high) * 4 > s.size())
		return std::nullopt;
	return from_cp1252(s);
}

std::vector<std::string> text_lines(std::string_view s)
{
	std::vector<std::string> out;
	while (!s.empty()) {
		const size_t n = s.find('\n');
		out.emplace_back(s.substr(0, n));
		if (n == std::string_view::npos)
			break;
		s.remove_prefix(n + 1);
	}
	return out;
}

std::string text_trim(std::string_view s)
{
	const char *blank = " \t\n\r\f\v";
	const size_t a = s.find_first_not_of(blank);
	if (a == std::string_view::npos)
		return "";
	return std::string(s.substr(a, s.find_last_not_of(blank) - a + 1));
}

std::string text_lower(std::string_view s)
{
	std::string out(s);
	for (char &c : out)
		if (c >= 'A' && c <= 'Z')
			c = static_cast<char>(c - 'A' + 'a');
	return out;
}

bool text_has_prefix(std::string_view s, std::string_view prefix)
{
	return s.substr(0, prefix.size()) == prefix;
}

bool text_contains(std::string_view s, std::string_view part)
{
	return s.find(part) != std::string_view::npos;
}

static std::vector<std::string> split_blanks(const std::string &line)
{
	std::vector<std::string> out;
	size_t i = 0;
	while ((i = line.find_first_not_of(" \t", i)) != std::string::npos) {
		const size_t end = std::min(line.find_first_of(" \t", i), line.size());
		out.push_back(line.substr(i, end - i));
		i = end;
	}
	return out;
}

std::vector<std::string> text_split(const std::string &line, char delimiter)
{
	if (delimiter == ' ')
		return split_blanks(line);
	std::vector<std::string> out(1);
	bool quoted = false;
	for (size_t i = 0; i < line.size(); i++) {
		const char c = line[i];
		if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"')
			out.back() += line[++i];
		else if (c == '"' && (quoted || text_trim(out.back()).empty()))
			quoted = !quoted;
		else if (c == delimiter && !quoted)
			out.emplace_back();
		else
			out.back() += c;
	}
	for (std::string &s : out)
		s = text_trim(s);
	return out;
}

std::optional<int> text_int(std::string_view s)
{
	if (!s.empty() && s[0] == '+')
		s.remove_prefix(1);
	int v = 0;
	const auto r = std::from_chars(s.data(), s.data() + s.size(), v);
	if (s.empty() || r.ec != std::errc() || r.ptr != s.data() + s.size())
		return std::nullopt;
	return v;
}

std::optional<double> text_double(std::string_view s)
{
	const std::string z(s);
	char *end = nullptr;
	const double v = strtod(z.c_str(), &end);
	if (z.empty() || *end || !std::isfinite(v))
		return std::nullopt;
	return v;
}

std::string text_list(const std::vector<std::string> &w)
{
	std::string out;
	for (size_t i = 0; i < w.size(); i++)
		out += (i == 0 ? "" : i + 1 == w.size() ? " and " : ", ") + w[i];
	return out;
}

std::string text_sentence(std::string_view s)
{
	std::string out = text_excerpt(s, 160);
	if (!out.empty() && out.back() != '.')
		out += '.';
	return out;
}

std::string text_excerpt(std::string_view s, size_t n)
{
	std::string out = text_trim(s);
	for (char &c : out)
		if (static_cast<uint8_t>(c) < 0x20)
			c = ' ';
	if (out.size() <= n)
		return out;
	size_t cut = n;
	while (cut > 0 && (static_cast<uint8_t>(out[cut]) & 0xC0) == 0x80)
		cut--;
	return out.substr(0, cut) + "...";
}

} // namespace mol
