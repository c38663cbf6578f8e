// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/fdt_check.h"

#include <libfdt.h>

#include <cassert>
#include <cstdint>

#include "fdt/abi/flat_tree.h"

namespace kho {

int check_fdt(std::span<const std::byte> bytes) {
    if (bytes.size() < sizeof(fdt_header))
        return -FDT_ERR_TRUNCATED;
    assert(reinterpret_cast<std::uintptr_t>(bytes.data()) % sizeof(std::uint64_t) == 0);
    if (const int fault = fdt_check_header(bytes.data()); fault != 0)
        return fault;
    if (fdt_version(bytes.data()) < abi::flat_tree::oldest_version)
        return -FDT_ERR_BADVERSION;
    if (fdt_off_dt_struct(bytes.data()) % sizeof(fdt32_t) != 0 ||
        fdt_off_mem_rsvmap(bytes.data()) % sizeof(fdt64_t) != 0)
        return -FDT_ERR_BADOFFSET;
    if (fdt_totalsize(bytes.data()) > bytes.size())
        return -FDT_ERR_TRUNCATED;
    if (!abi::is_sound_for_libfdt(bytes.data(), bytes.size()))
        return -FDT_ERR_BADSTRUCTURE;
    return fdt_check_full(bytes.data(), bytes.size());
}

}  // namespace kho
