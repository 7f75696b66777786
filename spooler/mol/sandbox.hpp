/* Fences around the parsing of what strangers sent. */
#ifndef NMR_MOL_SANDBOX_HPP
#define NMR_MOL_SANDBOX_HPP

namespace mol {

/* From here on: no network, no new programs or processes, no tracing, files
 * written below the current folder only, bounded memory and file size. */
void sandbox_enter();

} // namespace mol

#endif
