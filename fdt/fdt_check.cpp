// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/fdt_check.h"

#include <libfdt.h>

#include <cassert>
#include <cstdint>

namespace kho {
namespace {

constexpr std::uint32_t oldest_version = 16;

}  // namespace

int check_fdt(std::span<const std::byte> bytes) {
    if (bytes.size() < sizeof(fdt_header))
        return -FDT_ERR_TRUNCATED;
    assert(reinterpret_cast<std::uintptr_t>(bytes.data()) % sizeof(std::uint64_t) == 0);
    if (const int fault = fdt_check_header(bytes.data()); fault != 0)
        return fault;
    if (fdt_version(bytes.data()) < oldest_version)
        return -FDT_ERR_BADVERSION;
    if (fdt_off_dt_struct(bytes.data()) % sizeof(fdt32_t) != 0 ||
        fdt_off_mem_rsvmap(bytes.data()) % sizeof(fdt64_t) != 0)
        return -FDT_ERR_BADOFFSET;
    return fdt_check_full(bytes.data(), bytes.size());
}

}  // namespace kho
