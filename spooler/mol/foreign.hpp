/* Files that are no molecule files: what they are, and what to click. */
#ifndef NMR_MOL_FOREIGN_HPP
#define NMR_MOL_FOREIGN_HPP

#include <string>
#include <string_view>
#include <vector>

namespace mol {

void foreign_open();
/* Each throws Refusal when it recognises the file (binary: always). */
void foreign_refuse_bytes(std::string_view bytes, const std::string &name);
[[noreturn]] void foreign_refuse_binary(std::string_view bytes, const std::string &name);
void foreign_refuse_text(const std::string &text, const std::vector<std::string> &lines, const std::string &name);

} // namespace mol

#endif
