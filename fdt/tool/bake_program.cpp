// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/bake_program.h"

namespace kho::tool {

#if KHO_HAS_BAKE_PROGRAM
std::span<const std::byte> bake_program() {
    static constexpr unsigned char bytes[] = {
#include "bake_program.inc"
    };
    return std::as_bytes(std::span(bytes));
}
#else
std::span<const std::byte> bake_program() { return {}; }
#endif

}  // namespace kho::tool
