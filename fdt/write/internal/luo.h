// SPDX-License-Identifier: GPL-2.0-or-later
// Writing the LUO part: root, sessions, files and FLBs. Follows kernel/liveupdate/luo_*.c. Internal to write_handover().
#pragma once

#include "fdt/codec/metadata_pages.h"

namespace kho {

// Fills in the addresses of what it writes: luo.root, .format, .session_header, .flb_header, .flbs; and of
// files with a body: compatible, data and what the handler says of places. The returned size is that
// of the root, for the subtree. Errors: as write_handover().
Result<std::uint64_t> write_luo(Luo &luo, const Release &release, MetadataPages &pages);

}  // namespace kho
