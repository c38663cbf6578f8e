// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/internal/fdt_check.h"

#include <libfdt.h>

#include <cassert>
#include <cstdint>

#include "fdt/abi/flat_tree.h"

namespace kho {

int check_fdt(std::span<const std::byte> bytes) {
    using abi::flat_tree::Fault;
    switch (abi::flat_tree::find_fault(bytes.data(), bytes.size())) {
        case Fault::none:
            break;
        case Fault::truncated:
            return -FDT_ERR_TRUNCATED;
        case Fault::bad_magic:
            return -FDT_ERR_BADMAGIC;
        case Fault::bad_version:
            return -FDT_ERR_BADVERSION;
        case Fault::bad_alignment:
            return -FDT_ERR_BADOFFSET;
        case Fault::bad_structure:
            return -FDT_ERR_BADSTRUCTURE;
    }
    assert(reinterpret_cast<std::uintptr_t>(bytes.data()) % sizeof(std::uint64_t) == 0);
    // Nesting and names, for which all versions of libfdt have the same codes.
    return fdt_check_full(bytes.data(), bytes.size());
}

}  // namespace kho
