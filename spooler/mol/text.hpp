/* Bytes that strangers sent, as text: encodings, line ends, splitting. */
#ifndef NMR_MOL_TEXT_HPP
#define NMR_MOL_TEXT_HPP

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mol {

/* UTF-8 with '\n' line ends from UTF-8, UTF-16 (with or without a byte order
 * mark) or Windows-1252; nothing when the bytes are not text. */
std::optional<std::string> text_decode(std::string_view bytes);

std::vector<std::string> text_lines(std::string_view s);
std::string text_trim(std::string_view s);
std::string text_lower(std::string_view s);
bool text_has_prefix(std::string_view s, std::string_view prefix);
bool text_contains(std::string_view s, std::string_view part);
/* Splits at a delimiter, honouring "double quotes" (CSV); ' ' splits at runs
 * of blanks. */
std::vector<std::string> text_split(const std::string &line, char delimiter);
std::optional<int> text_int(std::string_view s);
std::optional<double> text_double(std::string_view s);
/* "a, b and c" */
std::string text_list(const std::vector<std::string> &words);
/* At most n bytes for a message, cut with "..." and without control characters. */
std::string text_excerpt(std::string_view s, size_t n = 60);

/* What a library said, as a sentence. */
std::string text_sentence(std::string_view s);

} // namespace mol

#endif
