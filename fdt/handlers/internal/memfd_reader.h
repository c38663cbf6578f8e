// SPDX-License-Identifier: GPL-2.0-or-later
// Reading what memfd's handler wrote. Follows mm/memfd_luo.c. Internal to the handler.
#pragma once

#include "fdt/codec/internal/read_context.h"

namespace kho {

// Sets file.body to a Memfd, if the structure can be read. `has_seals`: it is memfd-v2's.
void read_memfd(ReadContext &context, LuoFile &file, bool has_seals, const Scope &scope);

}  // namespace kho
